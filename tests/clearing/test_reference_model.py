"""The reference model by itself: cases small enough to know the answer of."""

import random

import pytest

from tests.clearing.cycle import (
    KGS,
    KZT,
    USD,
    Row,
    authorization,
    day,
    entry,
    fee_rule,
    fee_share,
    only,
    presentment,
    record,
)
from tests.clearing.reference_model import clear
from tests.clearing.reference_pricing import rounded


@pytest.mark.parametrize(
    ("numerator", "rounding", "quotient"),
    [(5, "half-up", 3), (5, "half-even", 2), (-5, "half-up", -3), (7, "half-even", 4), (4, "", 2)],
)
def test_half_a_unit_is_rounded_by_name(numerator: int, rounding: str, quotient: int) -> None:
    """Of two: away from zero, or to the even one."""
    assert rounded(numerator, 2, rounding) == quotient


def test_one_presentment_from_authorization_to_net() -> None:
    """Matched, one percent of interchange to the issuer, nets that sum to zero."""
    cleared = clear(day(transactions=[authorization()], presentments=[presentment(1)]))
    item = only(cleared["items"])
    assert (item["item_id"], item["outcome"], item["authorization"]) == (
        "PALMA-F1-1", "MATCHED", 10,
    )  # fmt: skip
    assert [fee["amount"] for fee in cleared["fees"]] == [100]
    nets = {row["participant"]: (row["agent"], row["minor_units"]) for row in cleared["nets"]}
    assert nets == {"ALMA": ("ALMA", 9_900), "BORI": ("GATE", -9_900)}
    assert only(cleared["authorizations"])["state"] == "cleared"


def test_parts_of_a_purchase_take_what_is_left() -> None:
    """Two parts fit, the third does not, and makes no room for the fourth."""
    parts = [
        presentment(number, amount=4_000, part_number=number, final=False) for number in range(1, 4)
    ]
    last = presentment(4, amount=2_000, part_number=4)
    cleared = clear(day(transactions=[authorization()], presentments=[*parts, last]))
    assert [item["outcome"] for item in cleared["items"]] == ["MATCHED_IN_PART"] * 2
    assert [row["reason"] for row in cleared["rejected"]] == ["ABOVE_AUTHORIZED"] * 2
    assert only(cleared["authorizations"])["presented"] == 8_000


def test_a_reversal_in_parts_gives_back_the_whole_fee() -> None:
    """However it is cut, what was charged and what was given back are equal."""
    taken = {"kind": "reversal", "outcome": "accepted", "refers_to": 10}
    entries = [
        entry(posted_change=10_000),
        entry(sequence=11, posted_change=-3_333, remaining=6_667, **taken),
        entry(sequence=12, posted_change=-6_667, remaining=0, **taken),
    ]
    rule = fee_rule(ppm=16_525, fixed=7, cap=150, currency=KZT)
    cleared = clear(day(transactions=entries, fee_rules=[rule]))
    assert sum(fee["amount"] for fee in cleared["fees"]) == 0
    assert {row["minor_units"] for row in cleared["nets"]} == {0}


def test_what_rounding_leaves_is_the_schemes_residue() -> None:
    """A fee of 100 in three thirds: 33 each, and one over (M02)."""
    shares = [
        fee_share(part=part, receiver=receiver, ppm=ppm)
        for part, (receiver, ppm) in enumerate(
            [("issuer", 333_333), ("scheme", 333_333), ("acquirer-agent", 333_334)], start=1
        )
    ]
    cleared = clear(day(transactions=[entry()], fee_shares=shares))
    rows = {
        (fee["part"], fee["receiver"], fee["account"]): fee["amount"] for fee in cleared["fees"]
    }
    assert rows == {
        (0, "SCHEME", "residue"): 1,
        (1, "BORI", "settlement"): 33,
        (2, "SCHEME", "fees"): 33,
        (3, "ALMA", "settlement"): 33,
    }


def test_other_currencies_settle_in_the_schemes() -> None:
    """Tenge of a Kyrgyz card: 10,000 minor units at 500 for a dollar are 20 cents."""
    foreign = record(issuer_participant="CHUY", currency=KZT)
    item = only(clear(day(presentments=[foreign]))["items"])
    assert (item["settlement_currency"], item["settlement_amount"]) == (USD, 20)
    assert (item["rate_id"], item["rate_rule"], item["leg"]) == (
        "KZT-1", "clearing", "cross-border",
    )  # fmt: skip
    unknown = record(issuer_participant="CHUY", currency=KGS)
    without = {**day(presentments=[unknown]), "conversions": []}
    assert only(clear(without)["rejected"])["reason"] == "NO_RATE"


def test_the_order_of_rows_says_nothing() -> None:
    """Shuffled inputs, the same results."""
    entries: list[Row] = [authorization(sequence=number) for number in range(10, 16)]
    records = [presentment(number, amount=3_000) for number in range(1, 9)]
    expected = clear(day(transactions=entries, presentments=records))
    mixer = random.Random(1)
    for rows in (entries, records):
        mixer.shuffle(rows)
    assert clear(day(transactions=entries, presentments=records)) == expected
