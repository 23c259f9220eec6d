"""Settling a cycle until it is final or time is up, without holding the journal in between."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from altyn.runtime.settling.place import Desk, SettlementPlace
from altyn.runtime.settling.settlement_books import cycle_runs
from altyn.runtime.settling.settlement_turn import SettlementTurn
from altyn.settlement import Run, State

__all__ = ["CycleState", "settle_cycle"]

_POLL_S: Final = 0.1
_LOCK_WAIT_S: Final = 10.0


class CycleState(NamedTuple):
    """The runs of a cycle, or the one of a currency, and by name why some do not go on."""

    runs: tuple[Run, ...]
    held: dict[str, str]

    @property
    def is_final(self) -> bool:
        """Whether all of them are settled."""
        return all(run.state is State.SETTLED for run in self.runs)

    @property
    def waits_for_bank(self) -> bool:
        """Whether only the bank's answer can take one further."""
        return any(run.state is State.INSTRUCTED for run in self.runs)


def settle_cycle(
    place: SettlementPlace,
    cycle: str,
    currency: str,
    wait_s: float,
    told: Callable[[str], None],
) -> CycleState:
    """Take turns until every run is final, cannot go on, or `wait_s` are over.

    The journal is held for a turn only: what the bank needs to answer, others can use. `told` gets
    a line when it waits. Raises UserError, SettlementError.
    """
    until_s = time.monotonic() + wait_s
    timeout_s = float(place.rules_now().terms.answer_timeout_s)
    resume = True
    while True:
        with place.held(max(_LOCK_WAIT_S, until_s - time.monotonic())) as desk:
            state = _turn(place, desk, cycle, currency, resume=resume)
            left = _names(place.settings.settlement.inbox)
        if not state.waits_for_bank or time.monotonic() >= until_s:
            return state
        if resume:
            told("waiting for the settlement bank")
        resume = False
        turn_until_s = min(until_s, time.monotonic() + timeout_s)
        _wait_for_files(place.settings.settlement.inbox, left, turn_until_s)


def _turn(
    place: SettlementPlace, desk: Desk, cycle: str, currency: str, *, resume: bool
) -> CycleState:
    cleared = place.cleared(desk.journal, cycle)
    turn = SettlementTurn(desk.books, desk.line, desk.rules)
    turn.listen(resume=resume)
    turn.settle(cleared, currency)
    runs = tuple(
        run for run in cycle_runs(desk.books.desk, cycle) if currency in ("", run.currency)
    )
    return CycleState(runs, turn.held)


def _wait_for_files(inbox: Path, left: frozenset[str], until_s: float) -> None:
    """Wait until there are other files than those that a turn has left there."""
    while time.monotonic() < until_s and not _names(inbox) - left:
        time.sleep(_POLL_S)


def _names(inbox: Path) -> frozenset[str]:
    return frozenset(file.name for file in inbox.iterdir() if not file.name.startswith("."))
