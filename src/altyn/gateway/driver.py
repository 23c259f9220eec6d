"""What the gateway needs of the world around it, and what it asks of that world.

The runtime drives it by an event loop, a thread that commits, and sockets; the simulated
world by virtual time. Whoever drives promises that nothing calls the gateway while it is
being called, and that reports come in the order in which things happened.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from altyn.clock import Instant
from altyn.journal import BatchBuilder, Snapshot
from altyn.switch import Recall

__all__ = ["CommitOrder", "Connection", "Driver"]


class CommitOrder(NamedTuple):
    """A batch to commit; `snapshot` makes one of the state at its end, given its hash."""

    builder: BatchBuilder
    snapshot: Callable[[bytes], Snapshot] | None


class Connection(Protocol):
    """One connection of a link: messages out, and a say over its reading."""

    open: bool
    """Whether what is queued can still leave."""

    def queue(self, payload: bytes) -> None:
        """Put a message among those that `flush` sends."""

    def flush(self) -> None:
        """Send what is queued in one write."""

    def refuse(self, reason: str) -> None:
        """Close at once, and say why."""

    def pause_reading(self) -> None:
        """Read no more until told to."""

    def resume_reading(self) -> None:
        """Read on."""


class Driver(Protocol):
    """Who drives a gateway."""

    def now(self) -> Instant:
        """Both clocks, now."""

    def soon(self, callback: Callable[[], None]) -> None:
        """Call back once the frames at hand have been taken."""

    def commit(self, order: CommitOrder) -> None:
        """Make a batch durable, then report `Gateway.committed` or `Gateway.commit_failed`; keep
        its snapshot, if any, after that. One batch at a time."""

    def look_up(self, wanted: Recall) -> None:
        """Look in the journal, then report `Gateway.recalled` or `Gateway.recall_failed`."""

    def alarm(self, name: str, details: str) -> None:
        """Tell the operator."""

    def journal_failed(self, error: BaseException) -> None:
        """The journal cannot be written: nothing leaves any more, the process is to end (D02)."""

    def switch_failed(self, error: BaseException) -> None:
        """The switch raised what it should not: nothing is even taken any more."""
