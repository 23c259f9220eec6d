"""On which day a currency settles: the calendar of its settlement bank (T09).

A year that is not in the calendar has no answer: a run is blocked rather than settled on a holiday
that nobody entered.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from altyn.clock import BusinessDay, calendar_date, following_day
from altyn.settlement.lifecycle import SettlementError

CLOSED_DAYS_MAX: Final = 30
"""No settlement bank is closed for longer at a stretch: a calendar that says so is wrong."""


class Calendar(NamedTuple):
    """Days on which a currency does not settle.

    rest_days: of the week, Monday is 0; holidays: by year, days of that year that are closed, an
    empty set for a year that is known to have none; working: rest days that are worked.
    """

    currency: str
    rest_days: frozenset[int]
    holidays: Mapping[int, frozenset[BusinessDay]]
    working: frozenset[BusinessDay] = frozenset()

    def is_open(self, day: BusinessDay) -> bool:
        """Whether the currency settles on a day; SettlementError for a year without a table."""
        date = calendar_date(day)
        closed = self.holidays.get(date.year)
        if closed is None:
            raise SettlementError(
                f"the calendar of {self.currency} has no year {date.year}; enter its holidays"
            )
        if day in self.working:
            return True
        return date.weekday() not in self.rest_days and day not in closed

    def settlement_day(self, day: BusinessDay) -> BusinessDay:
        """The day itself when it is open, else the next one that is.

        Raises SettlementError when the table ends before, or names no open day for a month.
        """
        for _each in range(CLOSED_DAYS_MAX):
            if self.is_open(day):
                return day
            day = following_day(day)
        raise SettlementError(
            f"the calendar of {self.currency} is closed for {CLOSED_DAYS_MAX} days; correct it"
        )
