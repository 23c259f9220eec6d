"""An acquirer claims what stands of its authorizations, once."""

from collections import Counter
from datetime import datetime

from altyn.simulators import Claim, ClaimBook, Play, SimulatedAcquirer, Step
from tests.simulators.test_acquirer import answered, at, play_of, signed_on

NOW = datetime(2026, 11, 23, 14, 30)  # noqa: DTZ001 - the acquirer's local time


def played(*plays: Play, code: str = "00") -> SimulatedAcquirer:
    """An acquirer that has played these plays, every answer the same."""
    acquirer = signed_on()
    acquirer.begin(plays, window=1)
    messages = acquirer.due(at(10))
    while messages:
        messages = [
            after for each in messages for after in acquirer.receive(answered(each, code), at(11))
        ] or acquirer.due(at(12))
    return acquirer


def claims_of(*steps: Step, code: str = "00") -> list[Claim]:
    """What is claimed for one play of these steps."""
    return ClaimBook(played(play_of(*steps), code=code)).claim(NOW)


def test_an_authorization_that_stands_is_claimed_by_its_keys() -> None:
    """Amount, keys and day are those of the request, the code that of the answer."""
    acquirer = played(play_of(Step("request", "0100", 1_500)))
    (claim,) = ClaimBook(acquirer).claim(NOW)
    request = acquirer.exchanges[0].request.fields
    assert claim.mistake == ""
    row = claim.row
    assert (row["amount"], row["direction"], row["function"]) == (1_500, "D", "200")
    assert (row["stan"], row["transmission"], row["rrn"]) == (request[11], request[7], request[37])
    assert (row["authorization_code"], row["local_date"]) == ("000001", "20261123")
    assert len(str(row["acquirer_reference"])) == 23


def test_what_does_not_stand_is_not_claimed() -> None:
    """Refused, reversed, completed, or financial at once: there is nothing to claim."""
    assert claims_of(Step("request", "0100", 500), code="51") == []
    assert claims_of(Step("request", "0100", 500), Step("reversal")) == []
    assert claims_of(Step("request", "0100", 500), Step("completion", "0220", 400)) == []
    assert claims_of(Step("request", "0200", 500)) == []


def test_part_of_an_authorization_is_claimed_after_a_partial_reversal() -> None:
    """What the reversal lets stand."""
    (claim,) = claims_of(Step("request", "0100", 500), Step("reversal", amount=120))
    assert claim.row["amount"] == 120


def test_nothing_is_claimed_twice() -> None:
    """A second file holds what came after the first."""
    acquirer = played(play_of(Step("request", "0100", 500)))
    book = ClaimBook(acquirer)
    assert len(book.claim(NOW)) == 1
    assert book.claim(NOW) == []


def test_mistakes_come_each_in_their_turn_and_are_known() -> None:
    """A hundred claims have each mistake once; the right ones keep the amount."""
    plays = [
        play_of(Step("request", "0100", 1_000))._replace(play_id=f"play-{number}")
        for number in range(100)
    ]
    claims = ClaimBook(played(*plays)).claim(NOW)
    found = Counter(claim.mistake for claim in claims)
    # The merchant of these plays is no place for a tip.
    del found[""]
    assert found == {
        "parts": 2,
        "too-much": 1,
        "twice": 1,
        "never-authorized": 1,
        "check-digit": 1,
    }
    by_mistake = {claim.mistake: claim.row for claim in claims}
    assert by_mistake["too-much"]["amount"] == 2_001
    assert by_mistake["never-authorized"]["authorization_code"] is None
    parts = [claim.row for claim in claims if claim.mistake == "parts"]
    assert [(row["part_number"], row["part_count"]) for row in parts] == [(1, 2), (2, 2)]
    references = Counter(claim.row["acquirer_reference"] for claim in claims)
    twice = by_mistake["twice"]["acquirer_reference"]
    assert {reference for reference, count in references.items() if count > 1} == {twice}
