"""Where every cycle stands, in one word, from the facts of clearing and of settlement.

A cycle is open until it is closed, closed until it is cleared, and then stands where the run stands
that needs an operator most. The words are those of a run (`settlement.State`).
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from altyn.clearing import ClearingRules, CutOff
from altyn.runtime.backoffice.cycle import ClosedCycle, closed_cycles, following, taking_cycle
from altyn.runtime.backoffice.cycle_clearing import ClearedCycle, cleared_cycle
from altyn.runtime.backoffice.office import Office
from altyn.runtime.output import UserError
from altyn.runtime.settling.place import SettlementPlace
from altyn.runtime.settling.settlement_books import cycle_runs
from altyn.settlement import Run, State

__all__ = ["CycleStanding", "open_cycles", "standings"]

_FIRST_TOLD: Final = (
    State.FAILED,
    State.SUSPENDED,
    State.INSTRUCTED,
    State.PRICED,
    State.CLOSED,
    State.OPEN,
    State.SETTLED,
)
"""Of several runs, the cycle stands where the one stands that comes first here."""

OPEN_TOLD_MAX: Final = 1_000
"""So many open cycles are looked for: what was never cleared for a year is told soon enough."""


class CycleStanding(NamedTuple):
    """A closed cycle, its result when there is one, and its runs, oldest first."""

    closed: ClosedCycle
    cleared: ClearedCycle | None
    runs: tuple[Run, ...] = ()

    @property
    def state(self) -> State:
        """The one word. A cycle that is cleared and has no runs yet is priced."""
        if self.cleared is None:
            return State.CLOSED
        states = {run.state for run in self.runs}
        found = next((state for state in _FIRST_TOLD if state in states), State.PRICED)
        return State.PRICED if found in (State.OPEN, State.CLOSED) else found

    @property
    def final_us(self) -> int:
        """Since when all of it is final, UTC microseconds; 0 before."""
        if self.state is not State.SETTLED:
            return 0
        return max(run.final_us for run in self.runs)


def standings(place: SettlementPlace) -> list[CycleStanding]:
    """Every closed cycle, oldest first. Raises UserError where there is no journal."""
    office = Office(place.settings, place.registry, place.rules)
    with office.reading() as journal:
        found = [
            CycleStanding(closed, cleared_cycle(journal, closed.cycle))
            for closed in closed_cycles(journal)
        ]
    with place.read() as books:
        return [
            each._replace(runs=tuple(cycle_runs(books.desk, each.closed.cycle))) for each in found
        ]


def open_cycles(
    rules: ClearingRules, last: ClosedCycle | None, now_us: int, limit: int = OPEN_TOLD_MAX
) -> list[CutOff]:
    """Those that ended and are not closed yet, oldest first, and the one that takes files now; of
    more than `limit` the first ones. Raises UserError when no rule says when cycles end."""
    try:
        return list(islice(_behind(rules, last, now_us), limit))
    except LookupError as error:
        raise UserError(str(error.args[0]), where="the rules of clearing") from error


def _behind(rules: ClearingRules, last: ClosedCycle | None, now_us: int) -> Iterator[CutOff]:
    taking = taking_cycle(rules, last, now_us)
    each = taking if last is None else following(rules, last)
    while each.cycle != taking.cycle:
        yield each
        each = following(rules, each)
    yield taking
