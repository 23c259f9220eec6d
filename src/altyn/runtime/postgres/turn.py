"""Waiting until a journal in PostgreSQL may be taken over: by a node that starts, by a standby."""

import time
from collections.abc import Callable
from typing import Final

from altyn.journal import JournalHeldError, StorageLostError
from altyn.runtime.postgres.fence import GONE_S, FenceState, read_fence, take_over
from altyn.runtime.postgres.session import Session

__all__ = ["Notice", "await_turn", "claim_turn"]

POLL_S: Final = 0.1
RECONNECT_S: Final = 0.5

Notice = Callable[[str], None]
"""Told, in words, each time that what a standby waits for has changed."""


class _Watch:
    """Looks at the fence again and again, and says when the journal is free."""

    def __init__(self, lease_s: float, gone_s: float) -> None:
        self._lease_s = lease_s
        self._gone_s = gone_s
        self._gone: tuple[int, float] | None = None

    def is_free(self, state: FenceState) -> bool:
        """Whether the holder let go, is gone long enough, or has not renewed its lease."""
        if state.connected:
            self._gone = None
        elif self._gone is None or self._gone[0] != state.epoch:
            self._gone = state.epoch, time.monotonic()
        gone = self._gone is not None and time.monotonic() - self._gone[1] >= self._gone_s
        return state.released or gone or state.age_s > self._lease_s


def claim_turn(session: Session, name: str, holder: str, lease_s: float) -> int:
    """Take the journal over for a node that starts; gives the epoch.

    Waits for the lease of a holder that shows no life, and raises JournalHeldError as soon as
    the holder renews it: there is another node, and this one was not started as its standby.
    """
    watch, began = _Watch(lease_s, gone_s=0), time.monotonic()
    while True:
        state = read_fence(session)
        if watch.is_free(state):
            epoch = take_over(session, state.epoch, holder)
            if epoch is not None:
                return epoch
        elif state.age_s < time.monotonic() - began:
            raise JournalHeldError(
                f"{name}: another switch ({state.holder}) is writing this journal; stop it first, "
                "or start this one with --standby"
            )
        time.sleep(POLL_S)


def await_turn(session: Session, holder: str, lease_s: float, notice: Notice) -> int:
    """Wait as a standby for as long as it takes, then take the journal over; gives the epoch.

    A database that cannot be reached is waited for too.
    """
    watch, said = _Watch(lease_s, GONE_S), ""
    while True:
        try:
            if not session.connected:
                session.connect()
            state = read_fence(session)
            words = f"node {state.holder} has the journal, epoch {state.epoch}"
            epoch = take_over(session, state.epoch, holder) if watch.is_free(state) else None
        except StorageLostError as error:
            watch, epoch, words = _Watch(lease_s, GONE_S), None, str(error)
            time.sleep(RECONNECT_S)
        if epoch is not None:
            return epoch
        if words != said:
            said = words
            notice(words)
        time.sleep(POLL_S)
