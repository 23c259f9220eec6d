"""Copies SQLite's write-ahead log into the database beside the commit path.

A passive checkpoint never blocks the writer, but under steady load it never catches the
last frames either, and the log would grow for ever. So when one has nearly finished, the
writer itself copies the few frames that are left and starts the log anew. It never waits
for a reader to do so: somebody who reads for long makes the log longer, not a commit slower.
"""

import sqlite3
import threading
from collections.abc import Callable
from typing import Final

__all__ = ["BUSY_WAIT_MS", "LOG_BYTES_MAX", "LOG_ROOM_BYTES", "PAGE_BYTES", "Checkpointer"]

PAGE_BYTES: Final = 4096
LOG_BYTES_MAX: Final = 32 << 20
LOG_ROOM_BYTES: Final = LOG_BYTES_MAX + (8 << 20)
RETRY_BYTES: Final = 2 << 20
FRAMES_LEFT_MAX: Final = 2048
"""More than this is not copied on the commit path: 16 MiB."""

PAGES_BESIDE: Final = 3
"""Pages that a commit writes whatever its size: leaves of the table and its index, a rest."""

BUSY_WAIT_MS: Final = 10_000


class Checkpointer:
    """The helper thread, and what the writer asks of it between commits."""

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], log_bytes_max: int = LOG_BYTES_MAX
    ) -> None:
        """Begin when the log has about log_bytes_max; `connect` opens the store for writing."""
        self._connect = connect
        self._log_bytes_max = log_bytes_max
        self._log_bytes = 0
        self._due_bytes = log_bytes_max
        self._wanted = threading.Event()
        self._caught_up = threading.Event()
        self._stopped = False
        self._failure: sqlite3.Error | None = None
        self._thread = threading.Thread(target=self._run, name="journal-checkpoint", daemon=True)
        self._thread.start()

    def raise_failure(self) -> None:
        """Raise what went wrong with a checkpoint: the disk cannot be trusted any more (D02)."""
        if self._failure is not None:
            raise self._failure

    def after_commit(self, connection: sqlite3.Connection, batch_bytes: int) -> None:
        """Called by the writer between commits. Raises nothing: the commit is durable."""
        self._log_bytes += batch_bytes + PAGES_BESIDE * PAGE_BYTES
        if self._log_bytes < self._due_bytes:
            return
        self._due_bytes = self._log_bytes + min(RETRY_BYTES, self._log_bytes_max)
        if self._caught_up.is_set():
            self._caught_up.clear()
            self._restart_log(connection)
        elif not self._wanted.is_set():
            self._wanted.set()

    def _restart_log(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("PRAGMA busy_timeout = 0")
            busy = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0]
            connection.execute(f"PRAGMA busy_timeout = {BUSY_WAIT_MS}")
        except sqlite3.Error as error:
            self._note(error)
            return
        if not busy:
            self._log_bytes, self._due_bytes = 0, self._log_bytes_max

    def _run(self) -> None:
        connection = self._connect()
        connection.execute("PRAGMA synchronous = FULL")
        while self._is_wanted():
            try:
                _, frames, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                if frames - copied <= FRAMES_LEFT_MAX:
                    self._caught_up.set()
            except sqlite3.Error as error:
                self._note(error)
            self._wanted.clear()
        connection.close()

    def _is_wanted(self) -> bool:
        """Wait until there is work: False for an order to stop, also one given meanwhile."""
        if not self._stopped:
            self._wanted.wait()
        return not self._stopped

    def _note(self, error: sqlite3.Error) -> None:
        """No room to copy is no harm: the log keeps everything, and it is tried again."""
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            self._failure = error

    def stop(self) -> None:
        """End the helper thread."""
        self._stopped = True
        self._wanted.set()
        self._thread.join()
