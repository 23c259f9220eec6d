"""Business days, and DE7: an instant without a year."""

from calendar import isleap
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.clock import (
    MICROSECONDS_PER_SECOND,
    Instant,
    TransmissionClock,
    business_day,
    calendar_date,
    following_day,
    nearest_transmission,
    utc_datetime,
)

MOMENTS = st.integers(63_072_000, 7_258_118_400).map(  # the years 1972 to 2199
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
HALF_A_YEAR = timedelta(days=182)


def seconds(text: str) -> int:
    """Seconds since 1970 of an ISO 8601 text in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def microseconds(text: str) -> int:
    """The same in microseconds."""
    return seconds(text) * MICROSECONDS_PER_SECOND


@given(st.dates())
def test_business_day_is_its_calendar_date(day: date) -> None:
    """A number YYYYMMDD and a date turn into each other, and sort alike."""
    assert calendar_date(business_day(day)) == day
    if day < date.max:
        after = following_day(business_day(day))
        assert calendar_date(after) == day + timedelta(days=1)
        assert after > business_day(day)


@pytest.mark.parametrize(
    ("day", "after"),
    [(20261231, 20270101), (20280228, 20280229), (20270228, 20270301), (20280229, 20280301)],
)
def test_t06_day_after_the_end_of_a_month_and_year(day: int, after: int) -> None:
    """Year ends and leap days are where the calendar has them."""
    assert following_day(day) == after


@pytest.mark.parametrize("day", [20270229, 20261301, 20260100, 0, 20260431])
def test_number_that_is_no_day_is_refused(day: int) -> None:
    """A business day that the calendar does not have is no day at all."""
    with pytest.raises(ValueError, match=r"day|month|year"):
        calendar_date(day)


def test_instant_is_utc_to_the_microsecond() -> None:
    """Microseconds since 1970 become a UTC instant without loss."""
    moment = utc_datetime(1_767_225_600_000_001)
    assert moment == datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert utc_datetime(-1) == datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert Instant(1, 2) == (1, 2)


@given(MOMENTS, st.timedeltas(-HALF_A_YEAR, HALF_A_YEAR))
def test_t06_year_is_the_nearest_one(sent: datetime, distance: timedelta) -> None:
    """A DE7 less than half a year away is read as the very instant that was sent."""
    now_us = (int(sent.timestamp()) + int(distance.total_seconds())) * MICROSECONDS_PER_SECOND
    assert nearest_transmission(sent.strftime("%m%d%H%M%S"), now_us) == int(sent.timestamp())


@pytest.mark.parametrize(
    ("text", "now", "read"),
    [
        ("1231235959", "2027-01-01T00:00:01", "2026-12-31T23:59:59"),
        ("0101000001", "2026-12-31T23:59:59", "2027-01-01T00:00:01"),
        ("0101000000", "2027-01-01T00:00:00", "2027-01-01T00:00:00"),
        ("0229120000", "2028-02-29T12:00:01", "2028-02-29T12:00:00"),
        ("0229120000", "2028-03-01T00:00:00", "2028-02-29T12:00:00"),
        ("0229120000", "2027-12-31T00:00:00", "2028-02-29T12:00:00"),
        ("0301000000", "2027-02-28T23:59:59", "2027-03-01T00:00:00"),
    ],
)
def test_t06_year_end_and_leap_day(text: str, now: str, read: str) -> None:
    """Around midnight of the new year, and on the leap day, the year is the right one."""
    assert nearest_transmission(text, microseconds(now)) == seconds(read)


@pytest.mark.parametrize(
    "now", ["2027-02-28T23:59:59", "2027-03-01T00:00:00", "2026-06-01T00:00:00"]
)
def test_t06_29_february_of_a_year_without_one_is_no_instant(now: str) -> None:
    """The nearest year decides: a leap year far away does not make the date good."""
    assert nearest_transmission("0229120000", microseconds(now)) is None


@given(MOMENTS)
def test_t06_29_february_is_read_into_leap_years_only(now: datetime) -> None:
    """Whenever it is read, the leap day is either nothing or a real day within half a year."""
    now_us = int(now.timestamp()) * MICROSECONDS_PER_SECOND
    read = nearest_transmission("0229000000", now_us)
    if read is None:
        nearest = min((now.year - 1, now.year, now.year + 1), key=lambda year: _away(year, now))
        assert not isleap(nearest)
    else:
        moment = datetime.fromtimestamp(read, UTC)
        assert (moment.month, moment.day) == (2, 29)
        assert abs(moment - now) <= timedelta(days=183)


def _away(year: int, now: datetime) -> timedelta:
    """How far the end of a year's February is."""
    return abs(datetime(year, 2, 28, tzinfo=UTC) + timedelta(days=1) - now)


@pytest.mark.parametrize(
    "text",
    ["0001000000", "1301000000", "0100000000", "0132000000", "0431000000", "0101240000",
     "0101006000", "0101000060", "0230000000", "9999999999", "0000000000"],
)  # fmt: skip
def test_t06_text_that_names_no_instant_is_none(text: str) -> None:
    """Months, days and times beyond the calendar name nothing."""
    assert nearest_transmission(text, microseconds("2026-11-23T16:00:00")) is None


def test_clock_writes_the_second_it_is_told() -> None:
    """DE7 is MMDDhhmmss in UTC; parts of a second are left off."""
    clock = TransmissionClock()
    now = microseconds("2026-11-23T16:07:09")
    assert clock.write(now) == clock.write(now + 999_999) == "1123160709"
    assert clock.write(now + MICROSECONDS_PER_SECOND) == "1123160710"
    assert clock.write(now) == "1123160709"
    assert TransmissionClock().write(0) == "0101000000"


@given(st.lists(st.integers(0, 7 * 10**15), min_size=1, max_size=20))
def test_clock_that_remembers_answers_like_a_new_one(instants: list[int]) -> None:
    """What was asked before, forwards or backwards in time, changes no answer."""
    clock = TransmissionClock()
    for now_us in instants:
        text = clock.write(now_us)
        assert text == TransmissionClock().write(now_us)
        assert clock.read(text, now_us) == now_us // MICROSECONDS_PER_SECOND
        assert clock.read("0229000000", now_us) == nearest_transmission("0229000000", now_us)


def test_t06_clock_forgets_the_year_when_time_moves_on() -> None:
    """The same text is another instant half a year later, and none stays none."""
    clock = TransmissionClock()
    assert clock.read("0101000000", microseconds("2026-11-23T00:00:00")) == seconds("2027-01-01")
    assert clock.read("0101000000", microseconds("2026-03-23T00:00:00")) == seconds("2026-01-01")
    assert clock.read("1301000000", microseconds("2026-03-23T00:00:00")) is None
    assert clock.read("1301000000", microseconds("2026-03-23T00:00:00")) is None


def test_clock_keeps_what_it_has_read_within_bounds() -> None:
    """A peer that sends another second in every message fills no memory."""
    clock = TransmissionClock()
    now_us = microseconds("2026-11-23T12:00:00")
    for number in range(10_000):
        moment = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=number)
        assert clock.read(moment.strftime("%m%d%H%M%S"), now_us) == int(moment.timestamp())
    assert len(clock._seen) <= 4_097
