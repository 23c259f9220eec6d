"""Time as the switch is told it: it never asks.

Business stamps are UTC; deadlines run on the monotonic clock, so that a clock step
moves no timer (scenario T01).
"""

from calendar import isleap
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

MICROSECONDS_PER_SECOND = 1_000_000
SECONDS_PER_DAY = 86_400

BusinessDay = int
"""A business day of the scheme as the number YYYYMMDD."""


class Instant(NamedTuple):
    """One reading of both clocks, in whole microseconds."""

    utc_us: int
    monotonic_us: int


def business_day(day: date) -> BusinessDay:
    """The number YYYYMMDD of a calendar date."""
    return day.year * 10_000 + day.month * 100 + day.day


def calendar_date(day: BusinessDay) -> date:
    """The calendar date of a business day; raises ValueError for a number that is none."""
    return date(day // 10_000, day // 100 % 100, day % 100)


def following_day(day: BusinessDay) -> BusinessDay:
    """The next calendar day. Holidays belong to settlement calendars, not to the switch."""
    return business_day(calendar_date(day) + timedelta(days=1))


def utc_datetime(utc_us: int) -> datetime:
    """A UTC datetime of an instant in microseconds since 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=utc_us)


class TransmissionClock:
    """Writes and reads DE7 (MMDDhhmmss, UTC, without a year) against a current instant.

    The year of a DE7 is the one that puts it nearest to now (scenario T06). Results for one
    second are kept: under load, thousands of messages carry the same second.
    """

    __slots__ = ("_read_for", "_second", "_seen", "_text")

    def __init__(self) -> None:
        """Start with nothing remembered."""
        self._second = -1
        self._text = ""
        self._read_for = -1
        self._seen: dict[str, int | None] = {}

    def write(self, utc_us: int) -> str:
        """DE7 text of an instant."""
        second = utc_us // MICROSECONDS_PER_SECOND
        if second != self._second:
            self._second = second
            self._text = utc_datetime(second * MICROSECONDS_PER_SECOND).strftime("%m%d%H%M%S")
        return self._text

    def read(self, text: str, now_utc_us: int) -> int | None:
        """Seconds since 1970 of a DE7 of ten characters; None when it names no instant."""
        minute = now_utc_us // 60_000_000
        if minute != self._read_for or len(self._seen) > 4096:
            self._read_for = minute
            self._seen.clear()
        try:
            return self._seen[text]
        except KeyError:
            result = self._seen[text] = nearest_transmission(text, now_utc_us)
            return result


def nearest_transmission(text: str, now_utc_us: int) -> int | None:
    """Seconds since 1970 of MMDDhhmmss in the year that lies nearest to now, or None.

    The year is decided first: 29 February in a year without one names no instant, however
    near the next leap year may be (scenario T06).
    """
    now = utc_datetime(now_utc_us)
    if not (text.isascii() and text.isdigit()):
        return None  # blank: the message had none
    month, day, hour, minute, second = (int(text[place : place + 2]) for place in range(0, 10, 2))
    leap_day = (month, day) == (2, 29)
    candidates: list[tuple[int, bool]] = []
    for year in (now.year - 1, now.year, now.year + 1):
        exists = not leap_day or isleap(year)
        try:
            # A leap day that does not exist stands where it would have been: before 1 March.
            shown_day = day if exists else 28
            moment = datetime(year, month, shown_day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return None
        seconds = int(moment.timestamp()) + (0 if exists else SECONDS_PER_DAY)
        candidates.append((seconds, exists))
    present = now_utc_us // MICROSECONDS_PER_SECOND
    nearest, exists = min(candidates, key=lambda candidate: abs(candidate[0] - present))
    return nearest if exists else None


__all__ = [
    "MICROSECONDS_PER_SECOND",
    "SECONDS_PER_DAY",
    "BusinessDay",
    "Instant",
    "TransmissionClock",
    "business_day",
    "calendar_date",
    "following_day",
    "nearest_transmission",
    "utc_datetime",
]
