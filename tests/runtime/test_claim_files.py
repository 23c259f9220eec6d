"""Files of claims: every acquirer's form is read back strictly, mistakes and all."""

from datetime import datetime
from pathlib import Path

import pytest

from altyn.presentment import Status
from altyn.runtime.demo.claim_files import FORM_OF_BANK, ClaimFile, write_claims
from altyn.runtime.files.checking import check_file
from altyn.simulators import ClaimBook, Step
from tests.simulators.test_acquirer import play_of
from tests.simulators.test_claims import played

NOW = datetime(2026, 11, 23, 14, 30)  # noqa: DTZ001 - the acquirer's local time


@pytest.mark.parametrize("acquirer", FORM_OF_BANK)
def test_the_reader_of_the_scheme_takes_every_form(tmp_path: Path, acquirer: str) -> None:
    """All records but the one whose check digit is wrong are accepted."""
    plays = [
        play_of(Step("request", "0100", 1_000))._replace(play_id=f"play-{number}")
        for number in range(30)
    ]
    claims = ClaimBook(played(*plays)).claim(NOW)
    form, ending = FORM_OF_BANK[acquirer]
    path = tmp_path / f"claims{ending}"
    write_claims(ClaimFile(str(path), form, f"{acquirer}-1", 1, 20261123), acquirer, claims)
    answer = check_file(path, form, acquirer)
    assert answer.status is Status.ACCEPTED_IN_PART
    assert answer.records == len(claims)
    assert [rejection.reason.name for rejection in answer.rejections] == ["CARD_NUMBER"]
