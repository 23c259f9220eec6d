"""What one item costs, and why each other rule does not hold."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.clearing import (
    AMOUNT_FAR,
    CycleMoment,
    Dimensions,
    FeeRule,
    Share,
    price,
    price_item,
    pricing_lines,
    rule_findings,
    rule_tables,
)
from altyn.money import Rounding
from tests.clearing.reference_pricing import fees_of
from tests.clearing.scheme import ALMA, BORI, CYCLES, REST, TIER, clearing_rules, fee, registry

GROCERIES = Dimensions(20261123, "", "GOLD", "00", "5411", "05", "domestic", "KZT", False)


@pytest.mark.parametrize(
    ("dimension", "stated"),
    [
        ("days", {"effective": 20261124}),
        ("days", {"until": 20261123}),
        ("tier", {"tier": "BIG"}),
        ("product", {"product": "CLASSIC"}),
        ("processing", {"processing": "01"}),
        ("categories", {"categories": ("5412", "5999")}),
        ("entry_mode", {"entry_mode": "81"}),
        ("leg", {"leg": "partner"}),
        ("currency", {"currency": "USD"}),
        ("converted", {"converted": True}),
        ("amount", {"currency": "KZT", "amount_from": 10_001}),
        ("amount", {"currency": "KZT", "amount_until": 10_000}),
    ],
)
def test_a_rule_that_is_not_for_an_item_says_why(dimension: str, stated: dict[str, Any]) -> None:
    """The first dimension that differs; the rule for all holds."""
    (found,) = price((fee("all"), fee("other", **stated)), GROCERIES, 10_000)
    assert found.rule is not None
    assert found.rule.rule_id == "all"
    assert [(each.rule.rule_id, each.dimension) for each in found.passed] == [("other", dimension)]


LADDER: tuple[tuple[str, Any], ...] = (
    ("tier", "BIG"),
    ("product", "GOLD"),
    ("processing", "00"),
    ("categories", ("5411", "5411")),
    ("entry_mode", "05"),
    ("leg", "domestic"),
    ("currency", "KZT"),
    ("converted", False),
)


@pytest.mark.parametrize("place", range(len(LADDER)))
def test_each_dimension_goes_before_all_that_follow(place: int) -> None:
    """A rule that names one alone holds against one that names all the later ones together."""
    rules = (
        fee("one", **dict(LADDER[place : place + 1])),
        fee("many", **dict(LADDER[place + 1 :])),
    )
    (found,) = price(rules, GROCERIES._replace(tier="BIG"), 10_000)
    assert found.rule is not None
    assert found.rule.rule_id == "one"


def test_a_single_category_goes_before_a_range() -> None:
    """And a range before a later dimension."""
    single, ranged = ({"categories": ("5411", code)} for code in ("5411", "5999"))
    rules = (fee("single", **single), fee("range", **ranged, leg="domestic"), fee(leg="domestic"))
    (found,) = price(rules, GROCERIES, 10_000)
    order = [found.rule, *(each.rule for each in found.passed)]
    assert [each.rule_id for each in order if each is not None] == ["single", "range", "base"]


def test_no_rule_no_fee() -> None:
    """And it is told which rules there would be."""
    (found,) = price((fee(leg="partner"),), GROCERIES, 10_000)
    assert (found.rule, found.amount, found.parts) == (None, 0, ())
    assert found.passed[0].dimension == "leg"


def test_floor_and_cap_hold_after_percentage_and_fixed_part() -> None:
    """1 % and 30, at least 100, at most 150."""
    rule = fee(fixed=30, floor=100, cap=150, currency="KZT")
    amounts = [price((rule,), GROCERIES, base)[0].amount for base in (1, 7_000, 8_000, 99_999)]
    assert amounts == [100, 100, 110, 150]


def test_m02_rounding_leaves_a_named_residue() -> None:
    """A fee of 100 in thirds: 33, 33, 33, and one for the scheme's residue; given back likewise."""
    thirds = (Share("issuer", 333_333), Share("scheme", 333_333), Share("acquirer-agent", 333_334))
    for sign in (1, -1):
        (found,) = price((fee(shares=thirds),), GROCERIES, 10_000, sign)
        assert [(part.number, part.receiver, part.amount) for part in found.parts] == [
            (0, "residue", sign),
            (1, "issuer", 33 * sign),
            (2, "scheme", 33 * sign),
            (3, "acquirer-agent", 33 * sign),
        ]


def test_f39_the_items_own_day_prices_it() -> None:
    """Cleared on the 24th under a new table, an item of the 23rd keeps the old price."""
    rules = (
        fee("old", until=20261124),
        fee("new", effective=20261124, ppm=20_000),
    )
    prices = [
        price(rules, GROCERIES._replace(priced_on=day), 10_000)[0].amount
        for day in (20261123, 20261124)
    ]
    assert prices == [100, 200]


ITEM: dict[str, Any] = {
    "item_id": "J1",
    "priced_on": date(2026, 11, 23),
    "tier": None,
    "product": "GOLD",
    "processing_code": "000000",
    "category": None,
    "entry_mode": None,
    "leg": "domestic",
    "currency": "398",
    "settlement_currency": "398",
    "base_before": 0,
    "base_after": 10_000,
    "issuer_participant": BORI,
    "acquirer_participant": ALMA,
}


def test_a_reversal_gives_back_what_stood_and_charges_what_stands() -> None:
    """Two lines; one when nothing stands."""
    assert pricing_lines(ITEM) == ((1, 10_000),)
    part = {**ITEM, "base_before": 10_000, "base_after": 4_000}
    assert pricing_lines(part) == ((-1, 10_000), (1, 4_000))
    assert [each.amount for each in price_item((fee(),), part)] == [-100, 40]
    assert pricing_lines({**part, "base_after": 0}) == ((-1, 10_000),)


SHARES = st.sampled_from(
    [
        (Share("issuer", 1_000_000),),
        (Share("scheme", 600_001), Share("issuer-agent", 399_999)),
        (Share("issuer", 333_333), Share("scheme", 333_333), Share("acquirer", 333_334)),
    ]
)
RULES = st.builds(
    lambda **values: values,
    fee=st.sampled_from(["interchange", "scheme"]),
    effective=st.sampled_from([20260101, 20261123]),
    payer=st.sampled_from(["issuer", "acquirer"]),
    shares=SHARES,
    ppm=st.integers(0, 1_000_000),
    fixed=st.sampled_from([0, 7]),
    floor=st.sampled_from([None, 30]),
    cap=st.sampled_from([None, 500]),
    rounding=st.sampled_from(Rounding),
    tier=st.sampled_from(["", "", "BIG"]),
    product=st.sampled_from(["", "GOLD"]),
    processing=st.sampled_from(["", "00", "01"]),
    categories=st.sampled_from([("0000", "9999"), ("5000", "5999"), ("5411", "5411")]),
    entry_mode=st.sampled_from(["", "05"]),
    leg=st.sampled_from(["", "domestic", "cross-border"]),
    currency=st.just("KZT"),
    converted=st.sampled_from([None, True, False]),
    amount_from=st.sampled_from([0, 100]),
    amount_until=st.sampled_from([AMOUNT_FAR, 5_000]),
)
ITEMS = st.builds(
    lambda **values: {**ITEM, **values},
    tier=st.sampled_from([None, "BIG"]),
    processing_code=st.sampled_from(["000000", "010000"]),
    category=st.sampled_from([None, "5411", "5999"]),
    entry_mode=st.sampled_from([None, "051", "810"]),
    leg=st.sampled_from(["domestic", "cross-border"]),
    currency=st.sampled_from(["398", "840"]),
    base_before=st.integers(0, 20_000),
    base_after=st.integers(0, 20_000),
)


def _sound(drawn: list[dict[str, Any]]) -> list[FeeRule]:
    """Those rules that a fee table may have together."""
    rules: list[FeeRule] = []
    for number, values in enumerate(drawn):
        rule = fee(f"R{number}", **values)
        if not rule_findings((CYCLES, REST, TIER, *rules, rule), None):
            rules.append(rule)
    return rules


@given(st.lists(RULES, min_size=1, max_size=6).map(_sound), ITEMS)
def test_prices_are_those_of_the_reference_model(
    rules: list[FeeRule], item: dict[str, Any]
) -> None:
    """The same rules, amounts and shares, from rules here and from their tables there."""
    known = registry()
    made = rule_tables(clearing_rules(*rules), known, CycleMoment("2026-11-23/1", 20261123, 10**15))
    expected = {
        (row["fee"], row["rule_id"], row["base"], row["part"]): row["amount"]
        for row in fees_of(item, {name: table.to_pylist() for name, table in made.items()})
    }
    found = {
        (each.fee, each.rule.rule_id, each.base, part.number): part.amount
        for each in price_item(rules, item)
        if each.rule is not None
        for part in each.parts
    }
    if item["base_before"] != item["base_after"]:
        assert found == expected
