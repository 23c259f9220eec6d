"""The journal's default store: one SQLite file in WAL mode with synchronous=FULL.

Each group commit is one row, so a commit costs one statement whatever its size. SQLite's
own checkpoints would stop the commit path for hundreds of milliseconds under load; here
they are off, and a helper connection copies pages in the background (`journal.checkpointer`).

Readers take a few rows at a time and let go of the file in between: a reading that stays
open would keep the log from starting anew, and the file beside a running switch would grow.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from altyn.journal import (
    Batch,
    Damage,
    JournalDamagedError,
    JournalHeldError,
    Position,
    Snapshot,
    StorageFullError,
    WrongJournalError,
    genesis_hash,
)
from altyn.runtime.journal.checkpointer import (
    BUSY_WAIT_MS,
    LOG_ROOM_BYTES,
    PAGE_BYTES,
    Checkpointer,
)
from altyn.runtime.journal.identity import identity_of, require_identity

SNAPSHOTS_KEPT: Final = 2
READ_BYTES: Final = 1 << 19
READ_ROWS: Final = 1024
"""How much is read before the file is let go of: whichever comes first. With more at once, what
is read falls out of the processor's cache before it is hashed: reading takes a third longer."""

_DISK_ERRORS: Final = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)
"""Primary result codes; the extended ones are these with more bits above the lowest eight."""

_Row = tuple[int, int, int, int, bytes, bytes, bytes, bytes]
_ROW_TYPES: Final = (int, int, int, int, bytes, bytes, bytes, bytes)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch (
    first_sequence INTEGER PRIMARY KEY,
    written_us INTEGER NOT NULL,
    span_low INTEGER NOT NULL,
    span_high INTEGER NOT NULL,
    hash BLOB NOT NULL,
    kinds BLOB NOT NULL,
    variable BLOB NOT NULL,
    fixed BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS batch_span ON batch (span_low, span_high);
CREATE TABLE IF NOT EXISTS reference (
    refers_to INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (refers_to, sequence)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snapshot (
    sequence INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    state BLOB NOT NULL
);
"""
_INSERT = (
    "INSERT INTO batch (first_sequence, written_us, span_low, span_high, kinds, fixed, variable,"
    " hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_SELECT = (
    "SELECT first_sequence, written_us, span_low, span_high, kinds, fixed, variable, hash"
    " FROM batch "
)


class SqliteStorage:
    """A Storage in one SQLite file. One process writes; any number may read."""

    def __init__(
        self,
        path: Path,
        scheme_id: str,
        record_bytes: int,
        *,
        read_only: bool = False,
        extra_flush_ms: int = 0,
    ) -> None:
        """Open or create the store at `path`.

        extra_flush_ms makes each commit slower, for measuring what a slower disk costs.
        Raises WrongJournalError when the store is of another scheme or record layout, is
        already open for writing elsewhere, or does not flush each commit.
        """
        self.path = path
        self.record_bytes = record_bytes
        self.genesis = genesis_hash(scheme_id, record_bytes)
        self._read_only = read_only
        self._extra_flush_s = extra_flush_ms / 1000
        self._lock_file: int | None = None
        self._failure: BaseException | None = None
        self._checkpointer: Checkpointer | None = None
        self._connection: sqlite3.Connection
        if read_only and not path.is_file():
            raise WrongJournalError(f"{path}: there is no journal here")
        if not read_only:
            _make_folder(path.parent)
            self._lock_file = _lock(path)
            _make_file(path)
        try:
            self._connection = _connect(path, read_only=read_only)
            self._open(scheme_id, record_bytes)
        except BaseException as error:
            self.close()
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DISK_ERRORS:
                raise WrongJournalError(
                    f"{path}: the disk does not let it be opened ({error}); see that it is sound "
                    "and has room, then start again"
                ) from error
            if isinstance(error, sqlite3.DatabaseError):
                raise WrongJournalError(f"{path}: not a journal of Altyn ({error})") from error
            raise
        if not read_only:
            self._checkpointer = Checkpointer(lambda: _connect(path))

    def _open(self, scheme_id: str, record_bytes: int) -> None:
        if not self._read_only:
            _refuse_foreign(self._connection, self.path)
            _make_durable(self._connection, self.path)
            self._connection.executescript(_SCHEMA)
            _sync_folder(self.path.parent)
        self._check_identity(scheme_id, record_bytes)
        self._end = self._read_end()

    def _check_identity(self, scheme_id: str, record_bytes: int) -> None:
        wanted = identity_of(scheme_id, record_bytes)
        connection = self._connection
        found = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        if not found and not self._read_only:
            # At once: a crash in between must not leave half an identity.
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO meta VALUES (?, ?)", wanted.items())
            connection.execute("COMMIT")
            return
        require_identity(str(self.path), found, wanted)

    def _read_end(self) -> Position:
        try:
            row = self._connection.execute(
                "SELECT first_sequence + length(kinds) - 1, hash FROM batch "
                "ORDER BY first_sequence DESC LIMIT 1"
            ).fetchone()
        except sqlite3.DatabaseError as error:
            if not self._read_only:
                raise WrongJournalError(
                    f"{self.path}: the journal's end cannot be read ({error}); restore it from "
                    "a copy; `altyn journal verify` says what is sound"
                ) from error
            starts = self._starts()
            return Position(starts[-1] if starts else 0, b"")
        return Position(0, self.genesis) if row is None else Position(row[0], row[1])

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self.path)

    def watch(self, told: Callable[[BaseException], None]) -> None:
        """Nothing: the lock on the file is held as long as the process lives."""

    def end(self) -> Position:
        """Where the journal ends now; a reader sees what was committed meanwhile."""
        if self._read_only:
            self._end = self._read_end()
        return self._end

    def append(self, batch: Batch) -> None:
        """Keep a batch durably; see Storage.

        After any error but a full disk nothing more is taken: what the disk holds is not
        known until the journal is opened again (D02).
        """
        assert self._checkpointer is not None, "append on a store opened for reading"
        assert batch.first_sequence == self._end.sequence + 1, "a batch must follow the last one"
        assert not self._connection.in_transaction, "a batch must not be part of another commit"
        if self._failure is not None:
            raise self._failure
        self._checkpointer.raise_failure()
        connection = self._connection
        row = (*batch[:7], batch.hash)
        try:
            if batch.references:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(_INSERT, row)
                connection.executemany("INSERT INTO reference VALUES (?, ?)", batch.references)
                connection.execute("COMMIT")
            else:
                connection.execute(_INSERT, row)
        except BaseException as error:
            if connection.in_transaction:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise StorageFullError(f"{self.path}: the disk is full") from error
            self._failure = error
            raise
        self._end = Position(batch.last_sequence, batch.hash)
        if self._extra_flush_s:
            time.sleep(self._extra_flush_s)
        self._checkpointer.after_commit(connection, len(batch.fixed) + len(batch.variable))

    def batches(self, from_sequence: int = 1) -> Iterator[Batch]:
        """Batches in order, beginning with the one that holds `from_sequence`.

        Raises JournalDamagedError where the file cannot be read, with the entries concerned.
        """
        due = start = from_sequence
        try:
            holder = self._connection.execute(
                "SELECT max(first_sequence) FROM batch WHERE first_sequence <= ?",
                (from_sequence,),
            ).fetchone()[0]
            start = from_sequence if holder is None else holder
            while rows := self._read_rows(start):
                for row in rows:
                    batch = _batch(row)
                    due = batch.last_sequence + 1
                    if due > from_sequence:
                        yield batch
                start = rows[-1][0] + 1
        except sqlite3.DatabaseError as error:
            reason = "they cannot be read from the file"
            raise JournalDamagedError(reason, self._unreadable(start, due)) from error

    def _read_rows(self, start: int) -> list[_Row]:
        """Some rows from a first_sequence on. One that cannot be read is met when it is first."""
        rows: list[_Row] = []
        size = 0
        try:
            cursor = self._connection.execute(
                _SELECT + "WHERE first_sequence >= ? ORDER BY first_sequence", (start,)
            )
            for row in cursor:
                if not _well_formed(row):
                    raise sqlite3.DatabaseError("a row holds values of other types")
                rows.append(row)
                size += len(row[5]) + len(row[6])
                if size >= READ_BYTES or len(rows) == READ_ROWS:
                    break
            cursor.close()
        except sqlite3.DatabaseError:
            if not rows:
                raise
        return rows

    def _unreadable(self, start: int, due: int) -> Damage:
        """The entries from `due` to the next batch that can be read again."""
        reason = "they cannot be read from the file"
        try:
            starts = self._starts()
        except WrongJournalError:
            return Damage(due, max(due, self._end.sequence), reason)
        last = due
        for first in starts:
            if first < start:
                continue
            if first > due and self._readable(first):
                return Damage(due, first - 1, reason)
            last = max(last, first)
        return Damage(due, max(last, self._end.sequence), reason)

    def _starts(self) -> list[int]:
        """First sequence numbers of all batches, read from the index and not from the table."""
        try:
            rows = self._connection.execute(
                "SELECT first_sequence FROM batch INDEXED BY batch_span"
            ).fetchall()
        except sqlite3.DatabaseError as error:
            raise WrongJournalError(
                f"{self.path}: too damaged to be read ({error}); restore it from a copy"
            ) from error
        return sorted(row[0] for row in rows)

    def _readable(self, first_sequence: int) -> bool:
        try:
            rows = self._read_rows(first_sequence)
        except sqlite3.DatabaseError:
            return False
        return bool(rows) and rows[0][0] == first_sequence

    def batches_spanning(self, value: int) -> Iterator[Batch]:
        """Batches whose span includes a value, newest first."""
        found = self._connection.execute(
            "SELECT first_sequence FROM batch INDEXED BY batch_span "
            "WHERE span_low <= ? AND span_high >= ?",
            (value, value),
        ).fetchall()
        for (first_sequence,) in sorted(found, reverse=True):
            row = self._connection.execute(
                _SELECT + "WHERE first_sequence = ?", (first_sequence,)
            ).fetchone()
            yield _batch(row)

    def references_to(self, sequence: int) -> list[int]:
        """Sequence numbers of the entries that refer to an entry, in order."""
        rows = self._connection.execute(
            "SELECT sequence FROM reference WHERE refers_to = ? ORDER BY sequence", (sequence,)
        )
        return [row[0] for row in rows]

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; the one before it stays in case this one is damaged.

        One that cannot be kept is taken back whole: left open, its transaction would swallow
        the batches that come after it, and none of them would be durable (I4).
        """
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?)", snapshot)
            connection.execute(
                "DELETE FROM snapshot WHERE sequence NOT IN "
                "(SELECT sequence FROM snapshot ORDER BY sequence DESC LIMIT ?)",
                (SNAPSHOTS_KEPT,),
            )
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def latest_snapshot(self) -> Snapshot | None:
        """The newest snapshot, or None."""
        found = self.snapshots()
        return found[0] if found else None

    def snapshots(self) -> list[Snapshot]:
        """Every snapshot that is kept, newest first; one that cannot be read has no state.

        Raises JournalDamagedError when not even their list can be read.
        """
        try:
            listed = self._connection.execute(
                "SELECT sequence FROM snapshot ORDER BY sequence DESC"
            ).fetchall()
        except sqlite3.DatabaseError as error:
            place = Damage(self._end.sequence, self._end.sequence, "")
            raise JournalDamagedError("the snapshots cannot be read", place) from error
        found = [self._snapshot(sequence) for (sequence,) in listed]
        return [snapshot for snapshot in found if snapshot is not None]

    def _snapshot(self, sequence: int) -> Snapshot | None:
        """One snapshot; None when a running switch has dropped it meanwhile."""
        try:
            row = self._connection.execute(
                "SELECT hash, state FROM snapshot WHERE sequence = ?", (sequence,)
            ).fetchone()
        except sqlite3.DatabaseError:
            row = (b"", b"")
        if row is None:
            return None
        digest, state = (each if isinstance(each, bytes) else b"" for each in row)
        return Snapshot(sequence, digest, state)

    def make_room(self) -> None:
        """Let the write-ahead log have its full length before there is traffic.

        A flush of a file that grows also writes the file system's own journal: a small commit
        takes 0.40 ms while the log grows and 0.17 ms once it is long enough. The pages of the
        dropped table stay in the file and are used by what comes.
        """
        log = self.path.with_name(self.path.name + "-wal")
        if log.exists() and log.stat().st_size >= LOG_ROOM_BYTES:
            return  # left by a process that was killed
        try:
            self._grow_log()
        except sqlite3.OperationalError as error:
            # On a disk that is nearly full the log grows as it goes, and new requests are refused
            # by then (D01). What this left behind is removed by the next start that has room.
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise

    def _grow_log(self) -> None:
        connection = self._connection
        connection.execute("DROP TABLE IF EXISTS room")
        connection.execute("CREATE TABLE room (filling BLOB NOT NULL)")
        connection.execute("INSERT INTO room VALUES (zeroblob(?))", (LOG_ROOM_BYTES,))
        connection.execute("DROP TABLE room")
        connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()

    def close(self) -> None:
        """Copy the log back, close the file and let the next writer in."""
        if self._checkpointer is not None:
            self._checkpointer.stop()
        if hasattr(self, "_connection"):
            self._connection.close()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None


def _well_formed(row: tuple[Any, ...]) -> bool:
    """Whether a row has the types and signs it was written with: damage can change them."""
    return tuple(map(type, row)) == _ROW_TYPES and row[1] >= 0


def _batch(row: _Row) -> Batch:
    first, written_us, low, high, kinds, fixed, variable, digest = row
    return Batch(first, written_us, low, high, kinds, fixed, variable, (), digest)


def read_identity(path: Path) -> tuple[str, int]:
    """The scheme and the record size of a journal; raises WrongJournalError if it is none."""
    if not path.is_file():
        raise WrongJournalError(f"{path}: there is no journal here")
    try:
        with closing(_connect(path, read_only=True)) as connection:
            found = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        return found["scheme"], int(found["record_bytes"])
    except (sqlite3.DatabaseError, KeyError, ValueError) as error:
        raise WrongJournalError(f"{path}: not a journal of Altyn") from error


def _connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    mode = "ro" if read_only else "rwc"
    try:
        return sqlite3.connect(
            f"{path.resolve().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_WAIT_MS / 1000,
        )
    except sqlite3.OperationalError as error:
        raise WrongJournalError(f"{path}: the file cannot be opened ({error})") from error


def _make_folder(folder: Path) -> None:
    """Make a folder for its owner alone, and its name durable in the one above (D06)."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(folder.parent)


def _make_file(path: Path) -> None:
    """Make an empty file that nobody but its owner reads; SQLite's others take after it."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    """Put no tables of ours into another program's database."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    if rows and ("meta",) not in rows:
        raise WrongJournalError(f"{path}: not a journal of Altyn, but another program's database")


def _make_durable(connection: sqlite3.Connection, path: Path) -> None:
    """Set WAL and FULL and read them back (D16): NORMAL would lose commits in a power cut."""
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    level = connection.execute("PRAGMA synchronous").fetchone()[0]
    if mode != "wal" or level != 2:
        raise WrongJournalError(f"{path}: SQLite does not flush each commit here")


def _lock(path: Path) -> int:
    """Hold a lock beside the store as long as the process lives: one writer at a time."""
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise JournalHeldError(
            f"{path}: another switch is writing this journal; stop it first"
        ) from error
    return descriptor


def _sync_folder(folder: Path) -> None:
    """Make the file's name itself durable (D06)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
