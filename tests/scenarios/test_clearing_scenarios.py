"""Scenarios of clearing by their identifiers, each by the reference model and by DuckDB."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.clearing.cycle import (
    KZT,
    TODAY,
    USD,
    Day,
    Row,
    authorization,
    conversion,
    day,
    entry,
    matching_terms,
    only,
    presentment,
    read,
    run,
    terms,
)
from tests.clearing.reference_model import clear

Clear = Callable[..., Day]


@pytest.fixture(params=["model", "duckdb"])
def cleared(request: pytest.FixtureRequest, tmp_path: Path) -> Clear:
    """Clears a day of some tables, with the usual rules."""
    if request.param == "model":
        return lambda **tables: clear(day(**tables))
    return lambda **tables: read(run(tmp_path, day(**tables)))


def test_c10_what_exceeds_authorization_and_tolerance_is_rejected(cleared: Clear) -> None:
    """A fifth more where the terms give it, and not one minor unit above."""
    tips = [matching_terms(tolerance_ppm=200_000)]
    for amount, outcome in ((10_000, "MATCHED"), (12_000, "WITHIN_TOLERANCE"), (12_001, "")):
        result = cleared(
            matching_terms=tips,
            transactions=[authorization()],
            presentments=[presentment(1, amount=amount)],
        )
        assert [item["outcome"] for item in result["items"]] == ([outcome] if outcome else [])
        reasons = [row["reason"] for row in result["rejected"]]
        assert reasons == ([] if outcome else ["ABOVE_AUTHORIZED"])


def test_c11_a_presentment_after_a_full_reversal_is_rejected(cleared: Clear) -> None:
    """Also when the reversal is of this very cycle; nothing moves."""
    gone = authorization(
        sequence=11, kind="reversal", outcome="accepted", refers_to=10, remaining=0
    )
    result = cleared(transactions=[authorization(), gone], presentments=[presentment(1)])
    rejected = only(result["rejected"])
    assert (rejected["reason"], rejected["authorization"]) == ("REVERSED", 10)
    assert (result["items"], result["nets"]) == ([], [])


def test_c12_another_currency_is_held_against_the_converted_amount(cleared: Clear) -> None:
    """20.00 USD are 10,000.00 KZT at 500; the amount that was presented stays as it was."""
    for amount, accepted in ((2_040, True), (2_041, False)):
        result = cleared(
            transactions=[authorization(amount=1_000_000, remaining=1_000_000)],
            presentments=[presentment(1, amount=amount, currency=USD)],
        )
        assert bool(result["items"]) is accepted
        for item in result["items"]:
            assert (item["outcome"], item["currency"], item["amount"]) == (
                "OTHER_CURRENCY", USD, amount,
            )  # fmt: skip


def test_c13_a_late_presentment_is_marked_and_then_refused(cleared: Clear) -> None:
    """After five days with a mark, after twenty no more."""
    marks = []
    for days in (5, 6, 20):
        made = TODAY - timedelta(days=days)
        result = cleared(
            transactions=[],
            authorizations_before=_authorized(cleared, made),
            presentments=[presentment(1, local_date=made)],
        )
        marks.append(only(result["items"])["late"])
    assert marks == [False, True, True]
    made = TODAY - timedelta(days=21)
    result = cleared(
        transactions=[authorization(business_day=made)],
        presentments=[presentment(1, local_date=made)],
    )
    assert only(result["rejected"])["reason"] == "TOO_LATE"


def _authorized(cleared: Clear, made: object) -> list[Row]:
    """An authorization of an earlier day, as the cycle of that day carried it."""
    that_day = [terms(business_day=made)]
    result = cleared(terms=that_day, transactions=[authorization(business_day=made)])
    return result["authorizations"]


@pytest.mark.parametrize(
    ("rate_rule", "rate", "settled"), [("authorization", "OLD", 25), ("clearing", "KZT-1", 20)]
)
def test_m09_the_terms_say_whose_rate_converts_and_both_are_kept(
    cleared: Clear, rate_rule: str, rate: str, settled: int
) -> None:
    """400 when it was authorized, 500 when it is cleared; KZT of a Kyrgyz card settles in USD."""
    abroad = {"issuer_participant": "CHUY", "product": "GOLD"}
    result = cleared(
        matching_terms=[matching_terms(rate_rule=rate_rule)],
        conversions=[
            conversion(rate_id="OLD", source=KZT, target=USD, denominator=400, numerator=1,
                       in_force=False),
            conversion(source=KZT, target=USD, denominator=500, numerator=1),
        ],
        transactions=[
            authorization(
                settlement_currency=USD, settlement_amount=25, settlement_rate_id="OLD", **abroad
            )
        ],
        presentments=[presentment(1, **abroad)],
    )  # fmt: skip
    item = only(result["items"])
    assert (item["rate_id"], item["rate_rule"], item["settlement_amount"]) == (
        rate, rate_rule, settled,
    )  # fmt: skip
    assert (item["authorization_rate_id"], item["clearing_rate_id"]) == ("OLD", "KZT-1")


def test_f15_a_reversal_after_clearing_is_an_item_of_its_own(cleared: Clear) -> None:
    """The cleared item stays as it is; the later cycle takes it back, with its fee."""
    first = cleared(transactions=[entry()])
    reversal = entry(
        sequence=11, kind="reversal", outcome="accepted", refers_to=10, posted_change=-10_000,
        remaining=0,
    )  # fmt: skip
    later = [terms(cycle="2026-11-23/2")]
    second = cleared(terms=later, transactions=[reversal], items_before=first["items"])
    item = only(second["items"])
    assert (item["reversal"], item["original_item"], item["cycle"]) == (True, "J10", "2026-11-23/2")
    assert [fee["amount"] for fee in second["fees"]] == [-100]
    nets = [
        {row["participant"]: row["minor_units"] for row in each["nets"]} for each in (first, second)
    ]
    assert nets[0] == {name: -units for name, units in nets[1].items()}


def test_c08_an_authorization_that_nobody_presents_expires_and_is_told(cleared: Clear) -> None:
    """Open for seven days; on the eighth both sides are told what was never claimed, once."""
    made = TODAY - timedelta(days=7)
    open_still = cleared(authorizations_before=_authorized(cleared, made))
    assert only(open_still["authorizations"])["state"] == "open"
    assert open_still["authorization_notices"] == []
    next_day = [terms(business_day=TODAY + timedelta(days=1))]
    expired = cleared(terms=next_day, authorizations_before=open_still["authorizations"])
    notice = only(expired["authorization_notices"])
    assert (notice["notice"], notice["amount"]) == ("EXPIRED", 10_000)
    again = cleared(terms=next_day, authorizations_before=expired["authorizations"])
    assert again["authorization_notices"] == []
