"""The journal's default store: one SQLite file in WAL mode with synchronous=FULL.

Each group commit is one row, so a commit costs one statement whatever its size. SQLite's
own checkpoints would stop the commit path for hundreds of milliseconds under load; here
they are off, and a helper connection copies pages in the background. The writer only
restarts the log when little is left to copy.
"""

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from altyn.journal import (
    Batch,
    Position,
    Snapshot,
    StorageFullError,
    WrongJournalError,
    genesis_hash,
)

FORMAT: Final = "1"
PAGE_BYTES: Final = 8192
CHECKPOINT_LOG_BYTES: Final = 32 << 20
SNAPSHOTS_KEPT: Final = 2

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
        self._extra_flush_s = extra_flush_ms / 1000
        self._lock_file: int | None = None
        if read_only:
            if not path.exists():
                raise WrongJournalError(f"{path}: there is no journal here")
            self._connection = _connect(path, read_only=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock_file = _lock(path)
            self._connection = _connect(path)
            _make_durable(self._connection, path)
            self._connection.executescript(_SCHEMA)
            _sync_folder(path.parent)
        self._check_identity(scheme_id, record_bytes, read_only=read_only)
        self._end = self._read_end()
        self._checkpointer: _Checkpointer | None = None if read_only else _Checkpointer(path)

    def _check_identity(self, scheme_id: str, record_bytes: int, *, read_only: bool) -> None:
        wanted = {"format": FORMAT, "scheme": scheme_id, "record_bytes": str(record_bytes)}
        try:
            found = dict(self._connection.execute("SELECT key, value FROM meta").fetchall())
        except sqlite3.DatabaseError as error:
            raise WrongJournalError(f"{self.path}: not a journal of Altyn ({error})") from error
        if not found and not read_only:
            self._connection.executemany("INSERT INTO meta VALUES (?, ?)", wanted.items())
            return
        for key, value in wanted.items():
            if found.get(key) != value:
                raise WrongJournalError(
                    f"{self.path}: the journal's {key} is {found.get(key)}, not {value}; "
                    "name the right journal or move this one away"
                )

    def _read_end(self) -> Position:
        row = self._connection.execute(
            "SELECT first_sequence + length(kinds) - 1, hash FROM batch "
            "ORDER BY first_sequence DESC LIMIT 1"
        ).fetchone()
        return Position(0, self.genesis) if row is None else Position(row[0], row[1])

    def end(self) -> Position:
        """Where the journal ends now."""
        return self._end

    def append(self, batch: Batch) -> None:
        """Keep a batch durably; see Storage."""
        if batch.first_sequence != self._end.sequence + 1:
            raise AssertionError("a batch does not follow the last one")
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
        except sqlite3.OperationalError as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise StorageFullError(f"{self.path}: the disk is full") from error
            raise
        self._end = Position(batch.last_sequence, batch.hash)
        if self._extra_flush_s:
            time.sleep(self._extra_flush_s)
        assert self._checkpointer is not None, "append on a store opened for reading"
        self._checkpointer.after_commit(connection, len(batch.fixed) + len(batch.variable))

    def batches(self, from_sequence: int = 1) -> Iterator[Batch]:
        """Batches in order, beginning with the one that holds `from_sequence`."""
        first = self._connection.execute(
            "SELECT max(first_sequence) FROM batch WHERE first_sequence <= ?", (from_sequence,)
        ).fetchone()[0]
        start = from_sequence if first is None else first
        rows = self._connection.execute(
            _SELECT + "WHERE first_sequence >= ? ORDER BY first_sequence", (start,)
        )
        for row in rows:
            batch = _batch(row)
            if batch.last_sequence >= from_sequence:
                yield batch

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
        """Keep a snapshot; the one before it stays in case this one is damaged."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?)", snapshot)
        connection.execute(
            "DELETE FROM snapshot WHERE sequence NOT IN "
            "(SELECT sequence FROM snapshot ORDER BY sequence DESC LIMIT ?)",
            (SNAPSHOTS_KEPT,),
        )
        connection.execute("COMMIT")

    def latest_snapshot(self) -> Snapshot | None:
        """The newest snapshot, or None."""
        row = self._connection.execute(
            "SELECT sequence, hash, state FROM snapshot ORDER BY sequence DESC LIMIT 1"
        ).fetchone()
        return None if row is None else Snapshot(*row)

    def close(self) -> None:
        """Copy the log back, close the file and let the next writer in."""
        if self._checkpointer is not None:
            self._checkpointer.stop()
        self._connection.close()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None


def _batch(row: tuple[int, int, int, int, bytes, bytes, bytes, bytes]) -> Batch:
    first, written_us, low, high, kinds, fixed, variable, digest = row
    return Batch(first, written_us, low, high, kinds, fixed, variable, (), digest)


def read_identity(path: Path) -> tuple[str, int]:
    """The scheme and the record size of a journal; raises WrongJournalError if it is none."""
    if not path.is_file():
        raise WrongJournalError(f"{path}: there is no journal here")
    try:
        connection = _connect(path, read_only=True)
        found = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        connection.close()
        return found["scheme"], int(found["record_bytes"])
    except (sqlite3.DatabaseError, KeyError) as error:
        raise WrongJournalError(f"{path}: not a journal of Altyn") from error


def _connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    mode = "ro" if read_only else "rwc"
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=10,
    )


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
        raise WrongJournalError(
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


class _Checkpointer:
    """Copies the write-ahead log into the database beside the commit path.

    A passive checkpoint never blocks the writer, but under steady load it never catches the
    last frames either, and the log would grow for ever. So when one has finished, the writer
    itself copies the few frames that are left and starts the log anew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wanted = threading.Event()
        self._caught_up = threading.Event()
        self._stopped = False
        self._log_bytes = 0
        self._thread = threading.Thread(target=self._run, name="journal-checkpoint", daemon=True)
        self._thread.start()

    def after_commit(self, connection: sqlite3.Connection, batch_bytes: int) -> None:
        """Called by the writer between commits."""
        if self._caught_up.is_set():
            connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
            self._caught_up.clear()
            self._log_bytes = 0
            return
        self._log_bytes += max(batch_bytes, PAGE_BYTES)
        if self._log_bytes > CHECKPOINT_LOG_BYTES and not self._wanted.is_set():
            self._wanted.set()

    def _run(self) -> None:
        connection = _connect(self._path)
        connection.execute("PRAGMA synchronous = FULL")
        while True:
            self._wanted.wait()
            if self._stopped:
                break
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            self._wanted.clear()
            self._caught_up.set()
        connection.close()

    def stop(self) -> None:
        """End the helper thread."""
        self._stopped = True
        self._wanted.set()
        self._thread.join()
