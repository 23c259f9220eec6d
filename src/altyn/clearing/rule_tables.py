"""The rules as Arrow tables, as the SQL of a cycle reads them (RULE_TABLES).

A rate that is missing or too old is not put in its place by another: the pair has no conversion in
force, what needs it is rejected with NO_RATE, and `rate_gaps` says beforehand which (M10).
"""

from collections.abc import Iterable, Iterator, Mapping
from math import gcd
from typing import Any, Final, Literal, NamedTuple

import pyarrow as pa

from altyn.card import STORED_PAN_BYTES
from altyn.clearing.clearing_rules import ClearingRules
from altyn.clearing.dated_rules import Dated
from altyn.clearing.fee_rule import ANY_CATEGORY, FeeRule
from altyn.clearing.tables import RULE_TABLES, Table
from altyn.clock import MICROSECONDS_PER_SECOND, SECONDS_PER_DAY, BusinessDay, calendar_date
from altyn.money import Conversion, Rate, conversion, currency_of
from altyn.registry import BinRange, Registry, value_of

FRACTION_DIGITS_MAX: Final = 24
"""An amount of 12 digits times this stays within the 38 digits that every engine has."""

_ARROW_TYPES: Final[Mapping[str, pa.DataType]] = {
    "text": pa.string(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "wide": pa.decimal128(38, 0),
    "flag": pa.bool_(),
    "date": pa.date32(),
    "bytes": pa.binary(STORED_PAN_BYTES),
}
_DAY_US: Final = SECONDS_PER_DAY * MICROSECONDS_PER_SECOND

Row = dict[str, Any]


class CycleMoment(NamedTuple):
    """A cycle: its name, its business day, and the instant of its end, UTC microseconds."""

    cycle: str
    business_day: BusinessDay
    end_us: int


class RateGap(NamedTuple):
    """A pair of currencies (alphabetic) that nothing converts at a cycle's end, and why."""

    source: str
    target: str
    reason: Literal["missing", "stale"]


def schema_of(table: Table) -> pa.Schema:
    """The Arrow schema of a table: a column that is required takes no null."""
    return pa.schema(
        [
            pa.field(column.name, _ARROW_TYPES[column.type], nullable=not column.required)
            for column in table.columns
        ]
    )


def rule_tables(
    rules: ClearingRules,
    registry: Registry,
    moment: CycleMoment,
    earlier_rates: Iterable[Rate] = (),
) -> dict[str, pa.Table]:
    """RULE_TABLES by name, for a cycle; `registry` is the version of the cycle's end.

    earlier_rates: those of earlier versions that authorizations may name and that the registry has
    no more. Raises ValueError for one identifier with two meanings, and for a fraction of more than
    FRACTION_DIGITS_MAX digits.
    """
    day = moment.business_day
    rows: dict[str, list[Row]] = {
        "participants": _participants(rules, registry, day),
        "conversions": _conversions(rules, registry, moment, earlier_rates),
        "matching_terms": _matching_terms(rules),
        "merchant_tiers": _merchant_tiers(rules),
        "fee_rules": [_fee_rule(rule) for rule in rules.fee_rules],
        "fee_shares": _fee_shares(rules),
        "terms": [_terms(registry, moment)],
        "unlinked_refund_limits": [
            {"currency": _numeric(code), "limit": limit}
            for code, limit in registry.scheme.unlinked_refund_limits.items()
        ],
    }
    return {table.name: _arrow(table, rows[table.name]) for table in RULE_TABLES}


def _arrow(table: Table, rows: list[Row]) -> pa.Table:
    ordered = sorted(rows, key=lambda row: tuple(row[name] for name in table.key))
    return pa.Table.from_pylist(ordered, schema=schema_of(table))


def _numeric(alpha: str) -> str:
    return currency_of(alpha).numeric


def _participants(rules: ClearingRules, registry: Registry, day: BusinessDay) -> list[Row]:
    return [
        {
            "participant": each.participant_id,
            "country": each.country,
            "currency": _numeric(each.currency),
            "agent": rules.agent(each.participant_id, day),
            "partner": rules.is_partner(each.participant_id, day),
        }
        for each in registry.participants.values()
    ]


def _dates(rule: Dated) -> Row:
    return {
        "effective_from": calendar_date(rule.effective),
        "effective_until": calendar_date(rule.until),
    }


def _matching_terms(rules: ClearingRules) -> list[Row]:
    return [
        {
            "terms_id": rule.terms_id,
            "category_from": rule.categories[0],
            "category_to": rule.categories[1],
            **_dates(rule),
            "rank": rule.rank,
            "tolerance_ppm": rule.tolerance_ppm,
            "currency_tolerance_ppm": rule.currency_tolerance_ppm,
            "open_days": rule.open_days,
            "late_days": rule.late_days,
            "refuse_days": rule.refuse_days,
            "fallback_days": rule.fallback_days,
            "accepts_unauthorized": rule.accepts_unauthorized,
            "rate_rule": rule.rate_rule,
        }
        for rule in rules.matching_terms
    ]


def _merchant_tiers(rules: ClearingRules) -> list[Row]:
    return [
        {
            "acquirer_participant": rule.acquirer,
            "merchant": rule.merchant,
            "tier": rule.tier,
            **_dates(rule),
        }
        for rule in rules.merchant_tiers
    ]


def _fee_rule(rule: FeeRule) -> Row:
    any_category = rule.categories == ANY_CATEGORY
    return {
        "rule_id": rule.rule_id,
        "fee": rule.fee,
        "rank": rule.rank,
        **_dates(rule),
        "tier": rule.tier or None,
        "product": rule.product or None,
        "processing": rule.processing or None,
        "category_from": None if any_category else rule.categories[0],
        "category_to": None if any_category else rule.categories[1],
        "entry_mode": rule.entry_mode or None,
        "leg": rule.leg or None,
        "currency": _numeric(rule.currency) if rule.currency else None,
        "converted": rule.converted,
        "amount_from": rule.amount_from,
        "amount_until": rule.amount_until,
        "ppm": rule.ppm,
        "fixed": rule.fixed,
        "floor": rule.floor,
        "cap": rule.cap,
        "rounding": rule.rounding.value,
        "payer": rule.payer,
    }


def _fee_shares(rules: ClearingRules) -> list[Row]:
    return [
        {"rule_id": rule.rule_id, "part": part, "receiver": share.receiver, "ppm": share.ppm}
        for rule in rules.fee_rules
        for part, share in enumerate(rule.shares, start=1)
    ]


def _terms(registry: Registry, moment: CycleMoment) -> Row:
    scheme = registry.scheme
    return {
        "cycle": moment.cycle,
        "business_day": calendar_date(moment.business_day),
        "rounding": scheme.rounding.value,
        "cross_border_currency": _numeric(scheme.cross_border_currency),
        "limits_unlinked_refunds": bool(scheme.unlinked_refund_limits),
    }


def _conversions(
    rules: ClearingRules,
    registry: Registry,
    moment: CycleMoment,
    earlier_rates: Iterable[Rate],
) -> list[Row]:
    sheet = _Sheet(registry, earlier_rates, moment.end_us)
    oldest_us = _oldest(rules, moment)
    found: dict[tuple[str, str, str], Row] = {}
    for source, target in sheet.pairs():
        held = sheet.held_until(source, target)
        for way in held:
            row = _conversion_row(way.conversion, in_force=False)
            known = found.setdefault((row["rate_id"], source, target), row)
            if known != row:
                raise ValueError(f"rate {row['rate_id']} has two values; rename the later one")
        if held and held[-1].oldest_us >= oldest_us:
            found[held[-1].conversion.rate_id, source, target]["in_force"] = True
    return list(found.values())


def _oldest(rules: ClearingRules, moment: CycleMoment) -> int:
    """The earliest instant from which on a rate may be effective and still be used."""
    days = rules.cycle_terms(moment.business_day).rate_days_max
    return moment.end_us - days * _DAY_US if days else 0


def _conversion_row(way: Conversion, *, in_force: bool) -> Row:
    common = gcd(way.numerator, way.denominator)
    numerator, denominator = way.numerator // common, way.denominator // common
    if max(numerator, denominator) >= 10**FRACTION_DIGITS_MAX:
        raise ValueError(
            f"rate {way.rate_id} is a fraction of more than {FRACTION_DIGITS_MAX} digits; "
            "write it with fewer digits"
        )
    return {
        "rate_id": way.rate_id,
        "source": _numeric(way.source),
        "target": _numeric(way.target),
        "numerator": numerator,
        "denominator": denominator,
        "in_force": in_force,
    }


def rate_gaps(rules: ClearingRules, registry: Registry, moment: CycleMoment) -> list[RateGap]:
    """The currencies of cards and participants that the cycle cannot convert, into what they
    settle in: for a person to look at before the cycle is cleared (M10)."""
    sheet = _Sheet(registry, (), moment.end_us)
    oldest_us = _oldest(rules, moment)
    values = [value_of(fact) for fact in registry.facts]
    sources = {each.currency for each in values if isinstance(each, BinRange)}
    settled = {each.currency for each in registry.participants.values()}
    target = registry.scheme.cross_border_currency
    gaps = []
    for source in sorted({*sources, *settled} - {target}):
        held = sheet.held_until(source, target)
        if not held:
            gaps.append(RateGap(source, target, "missing"))
        elif held[-1].oldest_us < oldest_us:
            gaps.append(RateGap(source, target, "stale"))
    return gaps


class _Way(NamedTuple):
    """A conversion that was in force from an instant on; `oldest_us` of its older rate."""

    from_us: int
    oldest_us: int
    conversion: Conversion


class _Sheet:
    """Every rate that was in force up to an instant, by pair.

    The rule is that of `Registry.conversion`: directly or inversely where any rate of the pair is
    in force, else through the cross-border currency.
    """

    def __init__(self, registry: Registry, earlier: Iterable[Rate], end_us: int) -> None:
        own = [value for value in map(value_of, registry.facts) if isinstance(value, Rate)]
        rates = dict.fromkeys([*own, *earlier])
        self._middle = registry.scheme.cross_border_currency
        self._rounding = registry.scheme.rounding
        self._pairs: dict[frozenset[str], list[Rate]] = {}
        for rate in sorted(rates, key=lambda rate: rate.effective_us):
            held = self._pairs.setdefault(frozenset((rate.base, rate.quote)), [])
            # Of two from one instant the registry takes the first that is stated.
            if rate.effective_us <= end_us and (
                not held or held[-1].effective_us < rate.effective_us
            ):
                held.append(rate)
        self._currencies = sorted(
            {code for pair, held in self._pairs.items() if held for code in pair}
        )

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Every ordered pair of two of the currencies."""
        for source in self._currencies:
            for target in self._currencies:
                if source != target:
                    yield source, target

    def held_until(self, source: str, target: str) -> list[_Way]:
        """The conversions of a pair, each from when on, in order; the last is in force."""
        direct = self._direct(source, target)
        if self._middle in (source, target):
            return direct
        first = self._direct(source, self._middle)
        second = self._direct(self._middle, target)
        begins = direct[0].from_us if direct else None
        instants = sorted({way.from_us for way in (*first, *second)})
        crossed = [
            way
            for instant in instants
            if (begins is None or instant < begins)
            and (way := self._crossed(first, second, instant)) is not None
        ]
        return crossed + direct

    def _direct(self, source: str, target: str) -> list[_Way]:
        return [
            _Way(
                rate.effective_us,
                rate.effective_us,
                conversion(rate, source, target, self._rounding),
            )
            for rate in self._pairs.get(frozenset((source, target)), ())
        ]

    def _crossed(self, first: list[_Way], second: list[_Way], instant: int) -> _Way | None:
        ways = [_last(held, instant) for held in (first, second)]
        if ways[0] is None or ways[1] is None:
            return None
        one, other = ways[0].conversion, ways[1].conversion
        joined = Conversion(
            one.source,
            other.target,
            one.numerator * other.numerator,
            one.denominator * other.denominator,
            f"{one.rate_id}*{other.rate_id}",
            self._rounding,
        )
        return _Way(instant, min(ways[0].oldest_us, ways[1].oldest_us), joined)


def _last(held: list[_Way], instant: int) -> _Way | None:
    """The one in force at an instant."""
    found = None
    for way in held:
        if way.from_us > instant:
            break
        found = way
    return found
