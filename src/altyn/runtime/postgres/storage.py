"""The journal's production store: PostgreSQL, one row a group commit, one round trip each.

A commit is one INSERT that also checks the fence, so it costs one round trip and one flush of the
server's log; COPY would need a transaction of four. When the connection breaks under a commit, its
outcome is unknown, and neither outcome is assumed (D08): over a new connection the batch is looked
for by its key, and written again only when it is not there. The primary key makes that safe even
while the server still works on the first attempt.
"""

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import asyncpg

from altyn.journal import (
    Batch,
    Position,
    Snapshot,
    StorageFullError,
    StorageLostError,
    WriterReplacedError,
    WrongJournalError,
)
from altyn.runtime.postgres import fence
from altyn.runtime.postgres.reading import PostgresReader
from altyn.runtime.postgres.schema import create_schema
from altyn.runtime.postgres.session import require_durability
from altyn.runtime.postgres.turn import Notice, await_turn, claim_turn

__all__ = ["LEASE_S", "OUTAGE_S_MAX", "SNAPSHOTS_KEPT", "PostgresStorage"]

SNAPSHOTS_KEPT: Final = 2
LEASE_S: Final = 10.0
OUTAGE_S_MAX: Final = 30.0
RETRY_S: Final = 0.1
BEAT_S_MAX: Final = 1.0

_INSERT: Final = """
INSERT INTO altyn.batch
    (first_sequence, written_us, span_low, span_high, kinds, fixed, variable, hash)
SELECT $1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bytea, $6::bytea, $7::bytea, $8::bytea
FROM altyn.fence WHERE epoch = $9 FOR SHARE
RETURNING first_sequence
"""
_INSERT_WITH_REFERENCES: Final = f"""
WITH kept AS ({_INSERT}), referring AS (
    INSERT INTO altyn.reference (refers_to, sequence)
    SELECT pair.* FROM unnest($10::bigint[], $11::bigint[]) AS pair, kept
)
SELECT first_sequence FROM kept
"""  # noqa: S608 - made of our own constant
_HASH_AT: Final = "SELECT hash FROM altyn.batch WHERE first_sequence = $1"


class PostgresStorage(PostgresReader):
    """A Storage in a PostgreSQL database, held by one node at a time."""

    def __init__(
        self,
        address: str,
        scheme_id: str,
        record_bytes: int,
        *,
        standby: Notice | None = None,
        lease_s: float = LEASE_S,
        outage_s_max: float = OUTAGE_S_MAX,
        extra_flush_ms: int = 0,
    ) -> None:
        """Open or create the journal at `address` and take it over.

        With `standby` wait for that as long as it takes, and tell what is waited for. lease_s:
        after so long without a sign of life another node may take over. outage_s_max: how long
        a group commit may wait for a database that is gone. Raises WrongJournalError when the
        journal is of another scheme or format, is held by a node that lives, or when the server
        does not flush each commit; StorageLostError when the server cannot be reached.
        """
        self._standby = standby
        self._lease_s = lease_s
        self._outage_s_max = outage_s_max
        self._extra_flush_s = extra_flush_ms / 1000
        self._failure: BaseException | None = None
        self._locked = True
        self._told: Callable[[BaseException], None] | None = None
        self._turn = threading.RLock()
        self._stopped = threading.Event()
        super().__init__(address, scheme_id, record_bytes, application="altyn switch")
        self._beating = threading.Thread(target=self._beat, name="journal-lease", daemon=True)
        self._beating.start()

    def _prepare(self, identity: dict[str, str]) -> None:
        session, holder = self._session, f"{socket.gethostname()}/{os.getpid()}"
        create_schema(session, self.name, identity)
        if self._standby is None:
            self.epoch = claim_turn(session, self.name, holder, self._lease_s)
        else:
            self.epoch = await_turn(session, holder, self._lease_s, self._standby)
        self._end = self._read_end()

    def watch(self, told: Callable[[BaseException], None]) -> None:
        """Tell, on a thread of our own, when this node has lost the journal between commits."""
        with self._turn:
            self._told = told
            failure = self._failure
        if failure is not None:
            told(failure)

    def _fetch(self, query: str, *values: object) -> list[Any]:
        # A connection that broke is made anew by what holds the journal again, and not in passing.
        return self._session.fetch(query, *values)

    def end(self) -> Position:
        """Where the journal ends now."""
        return self._end

    def append(self, batch: Batch) -> None:
        """Keep a batch durably; see Storage.

        Raises WriterReplacedError when another node has taken over, and StorageLostError when
        the database was gone for too long. After any error but a full disk nothing more is taken.
        """
        assert batch.first_sequence == self._end.sequence + 1, "a batch must follow the last one"
        with self._turn:
            if self._failure is not None:
                raise self._failure
            try:
                self._keep(batch)
            except asyncpg.exceptions.DiskFullError as error:
                raise StorageFullError(f"{self.name}: the disk is full") from error
            except BaseException as error:
                self._failure = error
                raise
            self._end = Position(batch.last_sequence, batch.hash)
        if self._extra_flush_s:
            time.sleep(self._extra_flush_s)

    def _keep(self, batch: Batch) -> None:
        """Write a batch, within the bound and exactly once; see `append`."""
        until = time.monotonic() + self._outage_s_max
        try:
            self._session.patience_s = self._outage_s_max / 2
            return self._write(batch)
        except (StorageLostError, asyncpg.UniqueViolationError) as error:
            lost: BaseException = error
        while time.monotonic() < until:
            try:
                self._session.patience_s = max((until - time.monotonic()) / 2, RETRY_S)
                return self._resolve(batch)
            except (StorageLostError, asyncpg.UniqueViolationError) as error:
                # A key that is there by now: the server has ended our first attempt meanwhile.
                lost = error
                time.sleep(RETRY_S)
        raise StorageLostError(
            f"{self.name}: the database did not come back within {self._outage_s_max:g} s; whether "
            f"the entries from {batch.first_sequence} on were kept is not known ({lost})"
        ) from lost

    def _write(self, batch: Batch) -> None:
        values: tuple[object, ...] = (*batch[:7], batch.hash, self.epoch)
        query = _INSERT
        if batch.references:
            query, pairs = _INSERT_WITH_REFERENCES, tuple(zip(*batch.references, strict=True))
            values = (*values, *pairs)
        if not self._session.fetch(query, *values):
            raise WriterReplacedError(fence.REPLACED)

    def _resolve(self, batch: Batch) -> None:
        """Find out over a new connection what became of a batch; write it if it is not there."""
        self._hold_again()
        rows = self._session.fetch(_HASH_AT, batch.first_sequence)
        if rows and rows[0][0] == batch.hash:
            # To be seen is not yet to be on a synchronous standby: a commit of ours waits for
            # everything before it.
            fence.renew(self._session, self.epoch)
            return
        if self._read_end() != self._end:
            raise WrongJournalError(
                f"{self.name}: the database came back without entries that it had kept, up to "
                f"{self._end.sequence}; it was put back, or failed over to a standby that lagged: "
                "find the server that has them, or settle them with the participants"
            )
        self._write(batch)

    def _hold_again(self) -> None:
        if not self._session.connected:
            self._session.connect()
            self._locked = False
        if not self._locked:
            self._locked = fence.hold_again(self._session, self.epoch)

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; the one before it stays in case this one is damaged."""

        async def work(connection: Any) -> None:
            held = "SELECT epoch FROM altyn.fence WHERE epoch = $1 FOR SHARE"
            if await connection.fetchval(held, self.epoch) is None:
                raise WriterReplacedError(fence.REPLACED)
            await connection.execute(
                "INSERT INTO altyn.snapshot VALUES ($1, $2, $3) ON CONFLICT (sequence) "
                "DO UPDATE SET hash = excluded.hash, state = excluded.state",
                *snapshot,
            )
            await connection.execute(
                "DELETE FROM altyn.snapshot WHERE sequence NOT IN "
                "(SELECT sequence FROM altyn.snapshot ORDER BY sequence DESC LIMIT $1)",
                SNAPSHOTS_KEPT,
            )

        with self._turn:
            self._session.transact(work)

    def make_room(self) -> None:
        """Nothing: the server keeps its log's files at their length by itself."""

    def _beat(self) -> None:
        """Renew the lease while nothing else goes on, and learn in time that it is lost."""
        while not self._stopped.wait(min(BEAT_S_MAX, self._lease_s / 5)):
            with self._turn:
                if self._failure is not None or self._stopped.is_set():
                    return
                try:
                    self._hold_again()
                    fence.renew(self._session, self.epoch)
                    require_durability(self._session, self.name)
                except StorageLostError:
                    continue  # no commit waits; one that comes has its own bound
                except BaseException as error:  # noqa: BLE001 - told to the node, which ends
                    self._failure = error
                    told = self._told
                else:
                    continue
            if told is not None:
                told(self._failure)
            return

    def close(self) -> None:
        """Let another node have the journal at once, and close the connection."""
        self._stopped.set()
        if hasattr(self, "_beating"):
            self._beating.join()
        if self._failure is None and self._session.connected:
            with suppress(StorageLostError):  # then another node waits a second or a lease
                fence.release(self._session, self.epoch)
        self._session.close()
