"""The settlement day of a business day, and what a calendar does not know."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.clock import business_day
from altyn.settlement import Calendar, SettlementError

WEEKEND = frozenset({5, 6})
KZT = Calendar(
    "KZT",
    WEEKEND,
    {2026: frozenset({20261216}), 2027: frozenset({20270101, 20270104})},
    frozenset({20261219}),
)


@pytest.mark.parametrize(
    ("day", "settles"),
    [
        (20261123, 20261123),
        (20261128, 20261130),
        (20261216, 20261217),
        (20261219, 20261219),
        (20261220, 20261221),
        (20270101, 20270105),
    ],
)
def test_t09_a_day_without_business_settles_on_the_next_with(day: int, settles: int) -> None:
    """Weekends, holidays and a Saturday that is worked."""
    assert KZT.settlement_day(day) == settles


@pytest.mark.parametrize("day", [20251231, 20280101])
def test_t09_a_year_that_is_not_in_the_calendar_blocks(day: int) -> None:
    """A missing table is no table without holidays."""
    with pytest.raises(SettlementError, match="has no year"):
        KZT.settlement_day(day)


def test_t09_the_end_of_the_calendar_is_not_stepped_over() -> None:
    """The last days of a year may need the next one."""
    short = Calendar("KZT", WEEKEND, {2026: frozenset({20261231})})
    with pytest.raises(SettlementError, match="no year 2027"):
        short.settlement_day(20261231)


def test_a_calendar_that_is_always_closed_is_wrong() -> None:
    """The search for an open day has an end."""
    never = Calendar("KZT", frozenset(range(7)), {2026: frozenset()})
    with pytest.raises(SettlementError, match="closed for 30 days"):
        never.settlement_day(20260105)


@given(st.dates(date(2026, 1, 1), date(2027, 12, 20)))
def test_a_settlement_day_is_open_and_settles_on_itself(drawn: date) -> None:
    """Asked twice, the answer is the same."""
    day = KZT.settlement_day(business_day(drawn))
    assert day >= business_day(drawn)
    assert KZT.settlement_day(day) == day
    assert KZT.is_open(day)
