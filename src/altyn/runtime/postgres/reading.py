"""Reading a journal in PostgreSQL: pages of rows, search, snapshots."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import asyncpg

from altyn.journal import (
    Batch,
    Damage,
    JournalDamagedError,
    Position,
    Snapshot,
    StorageLostError,
    WrongJournalError,
    genesis_hash,
)
from altyn.runtime.journal.identity import identity_of
from altyn.runtime.postgres.schema import read_identity, require_schema
from altyn.runtime.postgres.session import Session, shown_address

__all__ = ["PostgresReader", "scheme_at"]

READ_BYTES: Final = 8 << 20
READ_ROWS: Final = 1024
"""How much one statement brings: whichever comes first, but one row at least."""

_COLUMNS: Final = "first_sequence, written_us, span_low, span_high, kinds, fixed, variable, hash"
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM (
    SELECT {_COLUMNS}, sum(octet_length(fixed) + octet_length(variable))
        OVER (ORDER BY first_sequence ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM (
        SELECT {_COLUMNS} FROM altyn.batch
        WHERE first_sequence >= $1 ORDER BY first_sequence LIMIT $2
    ) AS page
) AS measured
WHERE before IS NULL OR before < $3
ORDER BY first_sequence
"""  # noqa: S608 - made of our own constants
_END: Final = (
    "SELECT first_sequence + octet_length(kinds) - 1, hash FROM altyn.batch "
    "ORDER BY first_sequence DESC LIMIT 1"
)
_UNREADABLE: Final = "they cannot be read from the database"
# What the server says of pages and values that are not what was written.
_DAMAGE: Final = (
    asyncpg.exceptions.DataCorruptedError,
    asyncpg.exceptions.IndexCorruptedError,
    asyncpg.exceptions.InternalServerError,
    asyncpg.exceptions.PostgresIOError,
    asyncpg.exceptions.PostgresSystemError,
)


class PostgresReader:
    """A Storage in a PostgreSQL database, for reading: also while a switch writes it."""

    def __init__(
        self,
        address: str,
        scheme_id: str,
        record_bytes: int,
        *,
        application: str = "altyn reader",
        closed: Callable[["PostgresReader"], None] | None = None,
    ) -> None:
        """Connect to the journal at `address`.

        `closed` takes the reader back instead of closing it. Raises WrongJournalError when there
        is no journal of this scheme and format, StorageLostError when there is no server.
        """
        self.name = shown_address(address)
        self.record_bytes = record_bytes
        self.genesis = genesis_hash(scheme_id, record_bytes)
        self._closed = closed
        self._session = Session(address, application)
        try:
            self._session.connect()
            self._prepare(identity_of(scheme_id, record_bytes))
        except BaseException as error:
            self._session.close()
            if isinstance(error, asyncpg.PostgresError):
                raise WrongJournalError(
                    f"{self.name}: the database refuses us ({error}); see the rights of the role"
                ) from error
            raise

    def _prepare(self, identity: dict[str, str]) -> None:
        require_schema(self._session, self.name, identity)

    @property
    def sound(self) -> bool:
        """Whether the connection has not been seen to break."""
        return self._session.connected

    def _fetch(self, query: str, *values: object) -> list[Any]:
        """The rows of a query; asked again over a new connection when this one broke, for whoever
        only reads may ask twice."""
        try:
            return self._session.fetch(query, *values)
        except StorageLostError:
            self._session.connect()
            return self._session.fetch(query, *values)

    def end(self) -> Position:
        """Where the journal ends now."""
        return self._read_end()

    def _read_end(self) -> Position:
        try:
            rows = self._fetch(_END)
        except _DAMAGE as error:
            raise WrongJournalError(
                f"{self.name}: the journal's end cannot be read ({type(error).__name__}); restore "
                "it from a copy; `altyn journal verify` says what is sound"
            ) from error
        return Position(rows[0][0], rows[0][1]) if rows else Position(0, self.genesis)

    def batches(self, from_sequence: int = 1) -> Iterator[Batch]:
        """Batches in order, beginning with the one that holds `from_sequence`.

        Raises JournalDamagedError where the server cannot read, with the entries concerned.
        """
        due = start = from_sequence
        try:
            query = "SELECT max(first_sequence) FROM altyn.batch WHERE first_sequence <= $1"
            holder = self._fetch(query, from_sequence)[0][0]
            start = from_sequence if holder is None else holder
            while rows := self._page(start):
                for row in rows:
                    batch = _batch(row)
                    due = batch.last_sequence + 1
                    if due > from_sequence:
                        yield batch
                start = rows[-1][0] + 1
        except _DAMAGE as error:
            raise JournalDamagedError(_UNREADABLE, self._unreadable(due)) from error

    def _page(self, start: int) -> list[Any]:
        """Some rows from a first_sequence on. One that cannot be read is met when it is first."""
        try:
            return self._fetch(_PAGE, start, READ_ROWS, READ_BYTES)
        except _DAMAGE:
            return self._fetch(_PAGE, start, 1, READ_BYTES)

    def _unreadable(self, due: int) -> Damage:
        """The entries from `due` to the next batch that can be read again.

        Rows lie in the table in the order in which they came, so what a broken page takes with
        it is one run, and its end is found by halving.
        """
        last = self._last_known()
        low, high = due, max(due, last)
        while low < high:
            middle = (low + high + 1) // 2
            if self._readable(middle):
                high = middle - 1
            else:
                low = middle
        following = self._page(low + 1) if low < last else []
        end = following[0][0] - 1 if following else max(low, last)
        return Damage(due, end, _UNREADABLE)

    def _last_known(self) -> int:
        try:
            return self._read_end().sequence
        except WrongJournalError:
            return 0

    def _readable(self, start: int) -> bool:
        try:
            self._fetch(_PAGE, start, 1, READ_BYTES)
        except _DAMAGE:
            return False
        return True

    def batches_spanning(self, value: int) -> Iterator[Batch]:
        """Batches whose span includes a value, newest first."""
        found = self._fetch(
            "SELECT first_sequence FROM altyn.batch WHERE span_low <= $1 AND span_high >= $1 "
            "ORDER BY first_sequence DESC",
            value,
        )
        for (first_sequence,) in found:
            yield _batch(self._fetch(_PAGE, first_sequence, 1, READ_BYTES)[0])

    def references_to(self, sequence: int) -> list[int]:
        """Sequence numbers of the entries that refer to an entry, in order."""
        query = "SELECT sequence FROM altyn.reference WHERE refers_to = $1 ORDER BY sequence"
        return [row[0] for row in self._fetch(query, sequence)]

    def append(self, batch: Batch) -> None:
        """Never: this store was opened for reading."""
        raise AssertionError("append on a store opened for reading")

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Never: this store was opened for reading."""
        raise AssertionError("a snapshot for a store opened for reading")

    def latest_snapshot(self) -> Snapshot | None:
        """The newest snapshot, or None."""
        found = self.snapshots()
        return found[0] if found else None

    def snapshots(self) -> list[Snapshot]:
        """Every snapshot that is kept, newest first; one that cannot be read has no state.

        Raises JournalDamagedError when not even their list can be read.
        """
        try:
            listed = self._fetch("SELECT sequence FROM altyn.snapshot ORDER BY sequence DESC")
        except _DAMAGE as error:
            place = Damage(self._last_known(), self._last_known(), "")
            raise JournalDamagedError("the snapshots cannot be read", place) from error
        found = [self._snapshot(sequence) for (sequence,) in listed]
        return [snapshot for snapshot in found if snapshot is not None]

    def _snapshot(self, sequence: int) -> Snapshot | None:
        """One snapshot; None when a running switch has dropped it meanwhile."""
        query = "SELECT hash, state FROM altyn.snapshot WHERE sequence = $1"
        try:
            rows = self._fetch(query, sequence)
        except _DAMAGE:
            return Snapshot(sequence, b"", b"")
        return Snapshot(sequence, rows[0][0], rows[0][1]) if rows else None

    def close(self) -> None:
        """Let go of the connection."""
        if self._closed is not None:
            self._closed(self)
        else:
            self._session.close()

    def end_session(self) -> None:
        """Close the connection, wherever the reader came from."""
        self._session.close()


def _batch(row: Any) -> Batch:
    first, written_us, low, high, kinds, fixed, variable, digest = row
    return Batch(first, written_us, low, high, kinds, fixed, variable, (), digest)


def scheme_at(address: str) -> str:
    """The scheme of the journal at an address; raises as PostgresReader does."""
    session = Session(address, "altyn reader")
    try:
        session.connect()
        found = read_identity(session)
    finally:
        session.close()
    if found is None or "scheme" not in found:
        raise WrongJournalError(f"{shown_address(address)}: there is no journal here")
    return found["scheme"]
