"""Terms of stand-in: which ones hold, and which can not stand beside each other."""

from dataclasses import replace
from typing import Any

import pytest

from altyn.identifiers import ParticipantId
from altyn.registry import FAR_AWAY_US, StandInTable, StandInTerms

BANK = ParticipantId("BANK")
ALL = StandInTerms("ALL", BANK, "", (), 0, FAR_AWAY_US, "KZT", 1_000, ())
CASH = replace(ALL, terms_id="CASH", processing_codes=("01",))
GOLD = replace(ALL, terms_id="GOLD", product="GOLD")
GOLD_CASH = replace(GOLD, terms_id="GOLD-CASH", processing_codes=("01",))


def found(table: StandInTable, product: str, processing: str, **changes: Any) -> str:
    """The name of the terms in force, empty for none."""
    asked: dict[str, Any] = {"issuer": BANK, "currency": "KZT", "now_us": 5} | changes
    terms = table.find(product=product, processing=processing, **asked)
    return "" if terms is None else terms.terms_id


def test_the_most_specific_terms_in_force_decide_alone() -> None:
    """Product and code before product, product before code, code before all."""
    table = StandInTable([ALL, CASH, GOLD, GOLD_CASH])
    assert found(table, "GOLD", "01") == "GOLD-CASH"
    assert found(table, "GOLD", "00") == "GOLD"
    assert found(table, "CLASSIC", "01") == "CASH"
    assert found(table, "CLASSIC", "00") == "ALL"
    assert found(StandInTable([ALL, CASH, GOLD]), "GOLD", "01") == "GOLD"


def test_terms_are_for_one_issuer_one_currency_and_debits_if_not_said_otherwise() -> None:
    """Nothing is stretched: another bank, another currency, a credit find nothing."""
    table = StandInTable([ALL])
    assert found(table, "", "00", issuer=ParticipantId("OTHER")) == ""
    assert found(table, "", "00", currency="USD") == ""
    assert found(table, "", "20") == ""
    assert not table.has_terms(ParticipantId("OTHER"))
    assert found(StandInTable([replace(ALL, processing_codes=("20",))]), "", "20") == "ALL"


def test_terms_hold_from_an_instant_up_to_another() -> None:
    """The first microsecond belongs to them, the last one does not; then the next ones hold."""
    first = replace(ALL, terms_id="FIRST", effective_us=10, until_us=20)
    second = replace(ALL, terms_id="SECOND", effective_us=20)
    table = StandInTable([second, first])
    names = [found(table, "", "00", now_us=now_us) for now_us in (9, 10, 19, 20)]
    assert names == ["", "FIRST", "FIRST", "SECOND"]


@pytest.mark.parametrize(
    "other",
    [
        replace(ALL, terms_id="OTHER"),
        replace(ALL, terms_id="OTHER", effective_us=5, until_us=6),
    ],
)
def test_equally_specific_terms_at_one_time_are_refused_by_name(other: StandInTerms) -> None:
    """Whichever came first in the file, nobody could say which one holds."""
    with pytest.raises(ValueError, match="ALL and OTHER are equally specific"):
        StandInTable([ALL, other])


def test_terms_that_never_meet_stand_beside_each_other() -> None:
    """Another product, other codes, another currency, another bank, another time."""
    table = StandInTable(
        [
            replace(GOLD, until_us=10),
            replace(GOLD, terms_id="1", product="CLASSIC"),
            replace(CASH, terms_id="2", processing_codes=("00", "09")),
            CASH,
            replace(ALL, terms_id="3", currency="USD"),
            replace(ALL, terms_id="4", participant_id=ParticipantId("OTHER")),
            replace(GOLD, terms_id="5", effective_us=10),
        ]
    )
    assert found(table, "GOLD", "20", now_us=9) == ""
    assert found(table, "GOLD", "01", now_us=10) == "5"


def test_a_name_is_given_once() -> None:
    """Counters are kept under it."""
    with pytest.raises(ValueError, match="ALL are stated twice"):
        StandInTable([replace(ALL, until_us=1), replace(ALL, effective_us=1)])
