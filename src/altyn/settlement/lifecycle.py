"""The states of a settlement run and the only ways between them.

    OPEN --close--> CLOSED --price--> PRICED --instruct--> INSTRUCTED --settle--> SETTLED
                                      |  ^  \\                   |
                                      |  |   +--nothing due--> SETTLED
                                      |  |                     +--fail--> FAILED
                                      |  +--cover, release---------------/   |
                                      |  +--cover, release-- SUSPENDED <-----+ suspend
                                      +--suspend--> SUSPENDED

A run is one cycle in one currency. Nothing leaves SETTLED: it is final. An instruction is with the
bank from INSTRUCTED on and cannot be stopped; only the bank's answer ends it. No run is deleted.
"""

from enum import Enum
from typing import Final


class State(Enum):
    """Where a run stands."""

    OPEN = "open"
    CLOSED = "closed"
    PRICED = "priced"
    INSTRUCTED = "instructed"
    SETTLED = "settled"
    FAILED = "failed"
    SUSPENDED = "suspended"


class Move(Enum):
    """What can happen to a run."""

    CLOSE = "close"
    PRICE = "price"
    INSTRUCT = "instruct"
    NOTHING_DUE = "nothing due"
    SETTLE = "settle"
    FAIL = "fail"
    SUSPEND = "suspend"
    RELEASE = "release"
    COVER = "cover"


TRANSITIONS: Final = {
    (State.OPEN, Move.CLOSE): State.CLOSED,
    (State.CLOSED, Move.PRICE): State.PRICED,
    (State.PRICED, Move.INSTRUCT): State.INSTRUCTED,
    (State.PRICED, Move.NOTHING_DUE): State.SETTLED,
    (State.PRICED, Move.SUSPEND): State.SUSPENDED,
    (State.INSTRUCTED, Move.SETTLE): State.SETTLED,
    (State.INSTRUCTED, Move.FAIL): State.FAILED,
    (State.FAILED, Move.COVER): State.PRICED,
    (State.FAILED, Move.RELEASE): State.PRICED,
    (State.FAILED, Move.SUSPEND): State.SUSPENDED,
    (State.SUSPENDED, Move.COVER): State.PRICED,
    (State.SUSPENDED, Move.RELEASE): State.PRICED,
}


class SettlementError(ValueError):
    """What was asked cannot be done now: the text says why and what to do."""


def next_state(state: State, move: Move) -> State:
    """Where a move leads; raises SettlementError where the table has none."""
    found = TRANSITIONS.get((state, move))
    if found is None:
        possible = [each.value for (place, each) in TRANSITIONS if place is state]
        raise SettlementError(
            f"the run is {state.value}, which does not allow: {move.value}; "
            f"possible now: {', '.join(possible) or 'nothing, it is final'}"
        )
    return found
