"""Cycles: which comes next, which one takes what comes now, and the fact that closes one.

A cycle ends at its cut-off, which the rules state. What the switch wrote until then, and was in no
cycle before, is in it; so is every file that was accepted for it. Both are fixed by one fact:

    {"fact": "cycle-closed", "key": "2026-11-23/1", "business_day": 20261123, "number": 1,
     "previous": "2026-11-22/2", "after_sequence": 1200, "last_sequence": 5400,
     "chain_hash": "9f..", "end_us": 1795467600000000, "closed_early": "",
     "registry_version": "5d..", "rules_version": "77..", "files": ["SEA/SEA-20261123-1/1"]}
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from altyn.clearing import ClearingRules, CutOff, CycleMoment
from altyn.clock import MICROSECONDS_PER_SECOND, BusinessDay, business_day, calendar_date
from altyn.runtime.backoffice.journal import BackOfficeJournal

__all__ = [
    "CYCLE_CLOSED",
    "ClosedCycle",
    "closed_cycles",
    "cut_off_of",
    "following",
    "taking_cycle",
]

CYCLE_CLOSED: Final = "cycle-closed"
_DAYS_AHEAD: Final = 3


@dataclass(frozen=True, slots=True)
class ClosedCycle:
    """A cycle whose input is fixed.

    The switch's entries behind after_sequence up to last_sequence, where its chain of hashes stood
    at chain_hash; files: the keys of their facts. end_us: the cut-off, or the instant at which it
    was closed before that; closed_early: why, empty when it ended at its cut-off.
    """

    cycle: str
    business_day: BusinessDay
    number: int
    previous: str
    after_sequence: int
    last_sequence: int
    chain_hash: str
    end_us: int
    closed_early: str
    registry_version: str
    rules_version: str
    files: tuple[str, ...]

    def content(self) -> dict[str, Any]:
        """The fact that closes it."""
        values = asdict(self)
        del values["cycle"]
        return {"fact": CYCLE_CLOSED, "key": self.cycle, **values, "files": list(self.files)}

    @property
    def moment(self) -> CycleMoment:
        """As the rules want to know it."""
        return CycleMoment(self.cycle, self.business_day, self.end_us)


def closed_cycles(journal: BackOfficeJournal) -> list[ClosedCycle]:
    """Every closed cycle, oldest first."""
    return [_read(each.content) for each in journal.of_kind(CYCLE_CLOSED)]


def _read(content: dict[str, Any]) -> ClosedCycle:
    values = {name: value for name, value in content.items() if name not in ("fact", "key")}
    values["files"] = tuple(values["files"])
    return ClosedCycle(cycle=content["key"], **values)


def cut_off_of(rules: ClearingRules, cycle: str) -> CutOff | None:
    """The cycle of this name; None when its day has none of that number, or it is no name."""
    day, separator, number = cycle.partition("/")
    try:
        date = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).date()
        found = {each.cycle: each for each in rules.cut_offs(business_day(date))}
    except (ValueError, LookupError):
        return None
    return found.get(f"{date.isoformat()}{separator}{number}")


def following(rules: ClearingRules, closed: ClosedCycle | CutOff) -> CutOff:
    """The cycle behind another; raises LookupError when no rule says when it ends."""
    return next(
        each
        for each in _from_day(rules, closed.business_day)
        if (each.business_day, each.number) > (closed.business_day, closed.number)
    )


def taking_cycle(rules: ClearingRules, last: ClosedCycle | None, now_us: int) -> CutOff:
    """The cycle that takes a file that comes now: the first one that has not ended by its cut-off
    and was not closed before it (C17). Raises LookupError when no rule says when cycles end."""
    today = datetime.fromtimestamp(now_us // MICROSECONDS_PER_SECOND, UTC).date()
    open_now = next(
        each
        for each in _from_day(rules, business_day(today - timedelta(days=1)))
        if each.at_us > now_us
    )
    if last is not None and _place(open_now) <= (last.business_day, last.number):
        return following(rules, last)
    return open_now


def _place(cut_off: CutOff) -> tuple[BusinessDay, int]:
    return cut_off.business_day, cut_off.number


def _from_day(rules: ClearingRules, day: BusinessDay) -> Iterator[CutOff]:
    """The cycles of a day and of some behind it, in order.

    A day before the first rule has none; that the days behind it have none either is an error.
    """
    date = calendar_date(day)
    found = False
    for ahead in range(_DAYS_AHEAD + 1):
        each_day = business_day(date + timedelta(days=ahead))
        try:
            cut_offs = rules.cut_offs(each_day)
        except LookupError:
            if found or ahead == _DAYS_AHEAD:
                raise
            continue
        found = True
        yield from cut_offs
