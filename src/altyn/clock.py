"""Time as the switch is told it: it never asks.

Business stamps are UTC; deadlines run on the monotonic clock, so that a clock step
moves no timer (scenario T01).
"""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

MICROSECONDS_PER_SECOND = 1_000_000

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
        """Seconds since 1970 of a DE7 of ten ASCII digits; None when it names no instant."""
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
    """Seconds since 1970 of MMDDhhmmss in the year that lies nearest to now, or None."""
    now = utc_datetime(now_utc_us)
    candidates: list[float] = []
    for year in (now.year - 1, now.year, now.year + 1):
        try:
            moment = datetime(
                year,
                int(text[0:2]),
                int(text[2:4]),
                int(text[4:6]),
                int(text[6:8]),
                int(text[8:10]),
                tzinfo=UTC,
            )
        except ValueError:
            continue
        candidates.append(moment.timestamp())
    if not candidates:
        return None
    seconds = now_utc_us // MICROSECONDS_PER_SECOND
    return int(min(candidates, key=lambda moment: abs(moment - seconds)))


__all__ = [
    "MICROSECONDS_PER_SECOND",
    "BusinessDay",
    "Instant",
    "TransmissionClock",
    "business_day",
    "calendar_date",
    "following_day",
    "nearest_transmission",
    "utc_datetime",
]
