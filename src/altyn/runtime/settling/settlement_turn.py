"""One turn of a cycle's settlement: what the bank wrote, then all that can be done now.

A turn begins from the journal and ends with everything recorded. Whoever dies in one is continued
by the next: it asks for what is open and does again only what has no fact (M04, M05).
"""

from collections.abc import Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from altyn.clearing import ClearingRules
from altyn.clock import BusinessDay, business_day, utc_datetime
from altyn.runtime.settling.cleared_cycle import ClearedCycle
from altyn.runtime.settling.placements import placement_of
from altyn.runtime.settling.settlement_books import BankLine, SettlementBooks, cycle_runs
from altyn.settlement import Run, SettlementError, State, Step, Terms, waiting_adjustments

__all__ = ["SettlementTurn", "TurnRules", "local_day"]


class TurnRules(NamedTuple):
    """What the scheme's rules say today: `today` is the day in the scheme's zone."""

    rules: ClearingRules
    terms: Terms
    today: BusinessDay


def local_day(zone: ZoneInfo, at_us: int) -> BusinessDay:
    """The calendar day in a zone at an instant of UTC microseconds."""
    return business_day(utc_datetime(at_us).astimezone(zone).date())


class SettlementTurn:
    """A turn. `held`: by run, why it could not go further than it stands."""

    def __init__(self, books: SettlementBooks, line: BankLine, rules: TurnRules) -> None:
        """Nothing is done yet."""
        self._books = books
        self._line = line
        self._rules = rules
        self.held: dict[str, str] = {}

    def listen(self, *, resume: bool) -> None:
        """Take in what the bank wrote; then ask for what is open: all of it after a restart, else
        what it leaves unanswered for too long."""
        self._line.hear()
        desk, now_us = self._books.desk, self._books.now_us()
        self._line.take(desk.resume(now_us) if resume else desk.due(now_us))

    def settle(self, cleared: ClearedCycle, only: str = "") -> None:
        """Bring the runs of a cycle as far as they get, or the one of a currency.

        Raises SettlementError for a cycle that cannot be begun.
        """
        self._open(cleared)
        for run in self._runs(cleared.cycle, only):
            try:
                self._advance(run, cleared)
            except (SettlementError, OverflowError) as error:
                self.held[run.name] = str(error)

    def _runs(self, cycle: str, only: str) -> Iterator[Run]:
        found = [run for run in cycle_runs(self._books.desk, cycle) if only in ("", run.currency)]
        if not found:
            raise SettlementError("the cycle does not settle in this currency; name another")
        yield from found

    def _open(self, cleared: ClearedCycle) -> None:
        """Open all runs of a cycle together: which they are is known from then on."""
        desk = self._books.desk
        opened = {run.currency for run in cycle_runs(desk, cleared.cycle)}
        clearing = self._rules.terms.correspondence.clearing_accounts
        wanted = opened or {*cleared.nets, *clearing}
        if not wanted:
            raise SettlementError("no currency has a clearing account; add one to the rules")
        if not set(cleared.nets) <= wanted:
            raise SettlementError("the cycle was opened for other currencies than now cleared")
        if opened:
            return
        now_us = self._books.now_us()
        steps = [
            desk.open(cleared.cycle, currency, cleared.business_day, now_us)
            for currency in sorted(wanted)
        ]
        self._line.take(Step(tuple(fact for step in steps for fact in step.facts)))

    def _advance(self, run: Run, cleared: ClearedCycle) -> None:
        desk, books = self._books.desk, self._books
        self._line.take(desk.close(run.name, books.now_us()))
        self._place(run.currency)
        waiting = waiting_adjustments(books.book, desk.adjustments_taken, run.currency)
        nets = cleared.nets.get(run.currency, ())
        step = desk.price(run.name, nets, cleared.source_hash, books.now_us(), waiting)
        self._line.take(step)
        if run.state is not State.PRICED:
            return
        day = self._settlement_day(run)
        if day is not None:
            self._line.take(desk.instruct(run.name, books.now_us(), day))

    def _place(self, currency: str) -> None:
        today = self._rules.today
        resources = self._rules.rules.resources(currency, today)
        posting = placement_of(self._books.book, currency, resources, today)
        if posting is not None:
            self._books.record((), (posting,))

    def _settlement_day(self, run: Run) -> BusinessDay | None:
        """Today when the currency settles today; else it is told when (T09).

        Raises SettlementError where no calendar knows.
        """
        calendar = self._rules.rules.calendar(run.currency)
        if calendar is None:
            raise SettlementError(f"{run.currency} has no calendar; enter one in the rules")
        today = self._rules.today
        day = calendar.settlement_day(max(run.business_day, today))
        if day > today:
            self.held[run.name] = f"it settles on {_written(day)}; settle it again then"
            return None
        return day


def _written(day: BusinessDay) -> str:
    text = str(day)
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"
