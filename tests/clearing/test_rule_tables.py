"""The rules as the tables that SQL reads: every rate that was ever in force, reduced and exact."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.clearing import (
    RULE_TABLES,
    ClearingRules,
    CycleMoment,
    Partner,
    RateGap,
    SettlementAgent,
    rate_gaps,
    rule_fact,
    rule_tables,
    schema_of,
)
from altyn.money import Rate, find_currency
from altyn.registry import Registry
from tests.clearing.scheme import (
    ALMA,
    BORI,
    CYCLES,
    GATE,
    REST,
    SOM,
    TENGE,
    clearing_rules,
    fee,
    registry,
)

NOON_US = 1_795_435_200_000_000
DAY_US = 86_400_000_000
MOMENT = CycleMoment("2026-11-23/1", 20261123, NOON_US)


def conversions(known: Registry, *earlier: Rate) -> list[dict[str, Any]]:
    """The rows of the conversions of a registry."""
    rules = clearing_rules(known=known)
    rows: list[dict[str, Any]]
    rows = rule_tables(rules, known, MOMENT, earlier)["conversions"].to_pylist()
    return rows


def test_every_table_has_the_columns_of_the_contract() -> None:
    """In order, with their types; what is required is never null."""
    rules = clearing_rules(
        fee(floor=1, currency="KZT"), SettlementAgent(BORI, ALMA, 20260101), Partner(GATE, 20260101)
    )
    tables = rule_tables(rules, registry(), MOMENT)
    assert list(tables) == [table.name for table in RULE_TABLES]
    for table in RULE_TABLES:
        made = tables[table.name]
        assert made.schema == schema_of(table)
        for column in table.columns:
            assert not column.required or made.column(column.name).null_count == 0
        rows = made.to_pylist()
        assert rows == sorted(rows, key=lambda row: tuple(row[name] for name in table.key))
    agents = {row["participant"]: row["agent"] for row in tables["participants"].to_pylist()}
    assert agents == {"ALMA": "ALMA", "BORI": "ALMA", "CHUY": "CHUY", "GATE": "GATE"}
    (row,) = tables["fee_rules"].to_pylist()
    assert (row["currency"], row["category_from"], row["floor"], row["cap"]) == (
        "398", None, 1, None,
    )  # fmt: skip


def test_m09_every_rate_that_an_authorization_may_name_is_there() -> None:
    """Those of the past beside the one in force, direct, inverse and through the middle."""
    later = Rate("KZT-2", "USD", "KZT", 51000, 2, NOON_US - 5)
    known = registry(TENGE, later, SOM)
    found = {(row["rate_id"], row["source"], row["target"]): row for row in conversions(known)}
    assert {key[0] for key in found} == {"KZT-1", "KZT-2", "KGS-1"} | {
        f"{one}*{other}" for one, other in (("KZT-1", "KGS-1"), ("KZT-2", "KGS-1"))
    } | {f"KGS-1*{other}" for other in ("KZT-1", "KZT-2")}
    row = found["KZT-1", "840", "398"]
    assert (row["numerator"], row["denominator"], row["in_force"]) == (500, 1, False)
    assert found["KZT-2", "398", "840"]["in_force"]
    crossed = found["KZT-2*KGS-1", "398", "417"]
    assert Fraction(int(crossed["numerator"]), int(crossed["denominator"])) == Fraction(80, 510)


def test_m10_a_rate_to_come_is_not_in_force() -> None:
    """Nor is it in the table: nothing can have named it."""
    known = registry(TENGE, SOM, Rate("KZT-9", "USD", "KZT", 9, 0, NOON_US + 1))
    assert "KZT-9" not in {row["rate_id"] for row in conversions(known)}


def test_m10_a_missing_or_stale_rate_converts_nothing_and_is_told() -> None:
    """It is never put in the place of today's; who clears sees it before."""
    fresh = Rate("KGS-2", "USD", "KGS", 8100, 2, NOON_US - DAY_US)
    known = registry(TENGE, fresh)
    rules = ClearingRules(
        [rule_fact(rule) for rule in (replace(CYCLES, rate_days_max=3), REST)], known
    )
    assert rate_gaps(rules, known, MOMENT) == [RateGap("KZT", "USD", "stale")]
    rows = rule_tables(rules, known, MOMENT)["conversions"].to_pylist()
    in_force = {row["rate_id"]: row["in_force"] for row in rows}
    assert in_force == {
        "KZT-1": False, "KGS-2": True, "KZT-1*KGS-2": False, "KGS-2*KZT-1": False,
    }  # fmt: skip
    only = registry(TENGE)
    assert rate_gaps(clearing_rules(known=only), only, MOMENT) == [RateGap("KGS", "USD", "missing")]


def test_m11_direction_is_part_of_the_rate() -> None:
    """A rate per unit of ours and one per unit of theirs give the same conversion."""
    direct = registry(Rate("R", "KZT", "USD", 2, 3, 1), SOM)
    inverse = registry(Rate("R", "USD", "KZT", 500, 0, 1), SOM)
    assert conversions(direct) == conversions(inverse)


def test_a_fraction_too_long_for_the_engines_is_refused() -> None:
    """More than 24 digits, after it was reduced."""
    long = registry(
        Rate("A", "KZT", "USD", 1234567890123, 12, 1),
        Rate("B", "USD", "KGS", 1000000000003, 12, 1),
    )
    with pytest.raises(ValueError, match="24 digits"):
        conversions(long)


def test_a_rate_of_an_earlier_version_stays_known() -> None:
    """And one identifier never has two values."""
    gone = Rate("KZT-0", "USD", "KZT", 40000, 2, 5)
    assert "KZT-0" in {row["rate_id"] for row in conversions(registry(), gone)}
    with pytest.raises(ValueError, match="KZT-1 has two values"):
        conversions(registry(), TENGE._replace(mantissa=1, effective_us=5))


RATES = st.lists(
    st.tuples(
        st.sampled_from(["USD", "KZT", "KGS"]),
        st.sampled_from(["USD", "KZT", "KGS"]),
        st.integers(1, 10**6),
        st.integers(0, 4),
        st.integers(1, 30),
    ).filter(lambda rate: rate[0] != rate[1]),
    min_size=1,
    max_size=8,
)


@given(RATES)
def test_the_table_has_what_the_switch_would_have_used(
    stated: list[tuple[str, str, int, int, int]],
) -> None:
    """At every instant, for every pair: the same conversion under the same name."""
    known = registry(*(Rate(f"R{place}", *values) for place, values in enumerate(stated)))
    moment = MOMENT._replace(end_us=20)
    rules = clearing_rules(known=known)
    rows = rule_tables(rules, known, moment)["conversions"].to_pylist()
    found = {(row["rate_id"], row["source"], row["target"]): row for row in rows}
    for instant in range(1, 21):
        for source in ("USD", "KZT", "KGS"):
            for target in {"USD", "KZT", "KGS"} - {source}:
                way = known.conversion(source, target, instant)
                ends = [find_currency(code) for code in (source, target)]
                assert ends[0] is not None
                assert ends[1] is not None
                if way is None:
                    continue
                row = found[way.rate_id, ends[0].numeric, ends[1].numeric]
                exact = Fraction(int(row["numerator"]), int(row["denominator"]))
                assert exact == Fraction(way.numerator, way.denominator)
                assert row["in_force"] or instant < 20
