"""Who may write a journal in PostgreSQL: one epoch, one holder, a lease by the server's clock.

The table `fence` has one row. Whoever takes the journal over raises its epoch, and every group
commit names the epoch it was made under in the same statement that writes it, with the row locked
for share: a taking over waits for a commit under way, and a commit that comes after it finds
another epoch and writes nothing. So a node that was cut off, stopped or asleep cannot write, and
because sends follow commits it cannot send what is not recorded either.

Safety rests on the epoch alone. When to take over is a matter of judgement: at once when the
holder has let go; when the holder's connection is gone from the server (its advisory lock is
free) for GONE_S, so that a server that was only restarted finds its node again; and when the
lease was not renewed for its length, for a holder that is asleep or cut off.
"""

from typing import Any, Final, NamedTuple

from altyn.journal import WriterReplacedError
from altyn.runtime.postgres.schema import LOCK_CLASS
from altyn.runtime.postgres.session import Session

__all__ = [
    "GONE_S",
    "REPLACED",
    "FenceState",
    "hold_again",
    "read_fence",
    "release",
    "renew",
    "take_over",
]

REPLACED: Final = "another node has taken over this journal; this one writes and sends nothing more"

GONE_S: Final = 1.5
"""Longer than a beat of the lease, at which a node that is there asks for its lock again."""

_STATE: Final = """
SELECT epoch, holder, released,
    extract(epoch FROM clock_timestamp() - renewed_at)::float8 AS age_s,
    EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND classid = $1 AND objid = fence.epoch::oid AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) AS connected
FROM altyn.fence
"""
_LOCK: Final = "SELECT pg_try_advisory_lock($1, $2)"
_RENEW: Final = (
    "UPDATE altyn.fence SET renewed_at = clock_timestamp(), released = false "
    "WHERE epoch = $1 RETURNING epoch"
)


class FenceState(NamedTuple):
    """What the row says: `age_s` since the lease was renewed, on the server's clock; `connected`:
    whether the holder's connection is there."""

    epoch: int
    holder: str
    released: bool
    age_s: float
    connected: bool


def read_fence(session: Session) -> FenceState:
    """The row as it stands."""
    return FenceState(*session.fetch(_STATE, LOCK_CLASS)[0])


def take_over(session: Session, epoch: int, holder: str) -> int | None:
    """Raise the epoch from a known one and hold it; None when somebody else was first.

    Waits for a group commit that is under way: what it wrote is there to be read afterwards.
    """

    async def work(connection: Any) -> int | None:
        found = await connection.fetchval("SELECT epoch FROM altyn.fence FOR UPDATE")
        if found != epoch or not await connection.fetchval(_LOCK, LOCK_CLASS, epoch + 1):
            return None
        await connection.execute(
            "UPDATE altyn.fence SET epoch = $1, holder = $2, released = false, "
            "renewed_at = clock_timestamp()",
            epoch + 1,
            holder,
        )
        return epoch + 1

    return session.transact(work)


def hold_again(session: Session, epoch: int) -> bool:
    """Hold an epoch over a new connection, after the one before broke.

    Raises WriterReplacedError when it is another's by now. False when the advisory lock is still
    with the broken connection, of whose end the server has not heard: to be asked for again.
    """
    renew(session, epoch)
    return bool(session.fetch(_LOCK, LOCK_CLASS, epoch)[0][0])


def renew(session: Session, epoch: int) -> None:
    """Renew the lease; raises WriterReplacedError when the epoch is another's."""
    if not session.fetch(_RENEW, epoch):
        raise WriterReplacedError(REPLACED)


def release(session: Session, epoch: int) -> None:
    """Let go: another node need not wait."""
    session.fetch("UPDATE altyn.fence SET released = true WHERE epoch = $1", epoch)
