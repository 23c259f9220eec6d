"""What an item costs, rule by rule, in Python integers, and why each other rule does not hold.

The SQL prices millions of items the same way; this prices one and says why. It is what
`altyn fees test` and `altyn explain item` ask, and what the SQL is held against.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from altyn.clearing.fee_rule import MILLION, FeeRule
from altyn.clock import BusinessDay, business_day
from altyn.money import currency_of, divide

UNCLASSIFIED = "0000"
"""The category of what has none."""


class Dimensions(NamedTuple):
    """What fee rules may name of an item. Blank: it has none. currency: of settlement, alphabetic;
    processing and entry_mode: two digits."""

    priced_on: BusinessDay
    tier: str
    product: str
    processing: str
    category: str
    entry_mode: str
    leg: str
    currency: str
    converted: bool


class Passed(NamedTuple):
    """A rule of the same fee that does not hold, and why: the first dimension that differs, `days`
    when it is not in force, `rank` when a more specific rule holds."""

    rule: FeeRule
    dimension: str


class Part(NamedTuple):
    """What a receiver gets: `number` from 1, or 0 with the receiver `residue` (M02)."""

    number: int
    receiver: str
    amount: int


class FeePrice(NamedTuple):
    """A fee of a pricing line: what holds, what it costs, and what was passed over.

    rule: None when none holds, and then there is no fee; amount: below zero where it is given back.
    """

    fee: str
    base: int
    rule: FeeRule | None
    amount: int
    parts: tuple[Part, ...]
    passed: tuple[Passed, ...]


def dimensions_of(item: Mapping[str, Any]) -> Dimensions:
    """The dimensions of a row of ITEMS."""
    priced_on = item["priced_on"]
    assert isinstance(priced_on, date), "a day is a date"
    return Dimensions(
        priced_on=business_day(priced_on),
        tier=item["tier"] or "",
        product=item["product"],
        processing=item["processing_code"][:2],
        category=item["category"] or UNCLASSIFIED,
        entry_mode=(item["entry_mode"] or "")[:2],
        leg=item["leg"],
        currency=currency_of(item["settlement_currency"]).alpha,
        converted=item["currency"] != item["settlement_currency"],
    )


def pricing_lines(item: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    """Sign and base of what is priced: what stood before is given back, what stands is charged."""
    lines = ((-1, item["base_before"]), (1, item["base_after"]))
    return tuple((sign, base) for sign, base in lines if base > 0)


def price_item(rules: Iterable[FeeRule], item: Mapping[str, Any]) -> list[FeePrice]:
    """The fees of a row of ITEMS, line by line, by name of the fee."""
    known, dimensions = tuple(rules), dimensions_of(item)
    return [
        priced
        for sign, base in pricing_lines(item)
        for priced in price(known, dimensions, base, sign)
    ]


def price(
    rules: Iterable[FeeRule], dimensions: Dimensions, base: int, sign: int = 1
) -> list[FeePrice]:
    """Every fee of a settlement amount in minor units, by name; sign -1 gives it back."""
    by_fee: dict[str, list[FeeRule]] = {}
    for rule in rules:
        by_fee.setdefault(rule.fee, []).append(rule)
    return [_priced(fee, by_fee[fee], dimensions, base, sign) for fee in sorted(by_fee)]


def _priced(
    fee: str, rules: list[FeeRule], dimensions: Dimensions, base: int, sign: int
) -> FeePrice:
    passed = []
    held: FeeRule | None = None
    for rule in sorted(rules, key=lambda rule: (-rule.rank, rule.rule_id)):
        reason = next(_misses(rule, dimensions, base), "")
        if not reason and held is None:
            held = rule
            continue
        if not reason and held is not None and held.rank == rule.rank:
            raise AssertionError("two rules contend; ClearingRules refuses such rules")
        passed.append(Passed(rule, reason or "rank"))
    if held is None:
        return FeePrice(fee, base, None, 0, (), tuple(passed))
    amount = sign * amount_of(held, base)
    return FeePrice(fee, base, held, amount, _parts(held, amount), tuple(passed))


def _misses(rule: FeeRule, dimensions: Dimensions, base: int) -> Iterator[str]:
    """Why a rule is not for an item, the most decisive dimension first."""
    if not rule.effective <= dimensions.priced_on < rule.until:
        yield "days"
    for name in ("tier", "product", "processing"):
        if getattr(rule, name) not in ("", getattr(dimensions, name)):
            yield name
    if not rule.categories[0] <= dimensions.category <= rule.categories[1]:
        yield "categories"
    for name in ("entry_mode", "leg", "currency"):
        if getattr(rule, name) not in ("", getattr(dimensions, name)):
            yield name
    if rule.converted not in (None, dimensions.converted):
        yield "converted"
    if not rule.amount_from <= base < rule.amount_until:
        yield "amount"


def amount_of(rule: FeeRule, base: int) -> int:
    """What a rule charges for a settlement amount above zero, minor units."""
    amount = divide(base * rule.ppm, MILLION, rule.rounding) + rule.fixed
    if rule.floor is not None:
        amount = max(amount, rule.floor)
    return amount if rule.cap is None else min(amount, rule.cap)


def _parts(rule: FeeRule, amount: int) -> tuple[Part, ...]:
    parts = [
        Part(number, share.receiver, divide(amount * share.ppm, MILLION, rule.rounding))
        for number, share in enumerate(rule.shares, start=1)
    ]
    residue = amount - sum(part.amount for part in parts)
    return (Part(0, "residue", residue), *parts) if residue else tuple(parts)
