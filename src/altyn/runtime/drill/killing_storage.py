"""A store that is a real one but for the moments at which its process is killed, or its disk fails.

It stands between the switch and its store, so the points are passed by the very calls that the
switch makes. Inside a call the system calls tell (`write_calls`), or, for a store that makes none
here, a moment of chance does.
"""

import errno
import os
import random
import threading
from collections.abc import Iterator
from typing import Any, Final

from altyn.journal import Batch, Snapshot, Storage
from altyn.runtime.drill.write_calls import watch_writes
from altyn.runtime.drill.write_points import Killer
from altyn.runtime.sqlite_storage import SqliteStorage

__all__ = ["FlushFailure", "KillingStorage"]

WITHIN_APPEND_S: Final = 0.002
"""About as long as the append of a small batch takes."""


class FlushFailure:
    """The flush of the `at`-th append fails as a bad disk's would; every later use is told on.

    What was written may be on the disk or not: here it is, the harder case for whoever would take
    a failed flush for nothing written (D02).
    """

    def __init__(self, at: int) -> None:
        """at: 1 for the first append; 0 never fails."""
        self._at = at
        self._appended = 0

    def after_write(self) -> None:
        """Called between the write of an append and its report."""
        self._appended += 1
        if self._at and self._appended >= self._at:
            # Told once for each try: a second one would be the retry that D02 forbids.
            os.write(2, b"drill: a flush failed\n")
            raise OSError(errno.EIO, os.strerror(errno.EIO))


class KillingStorage:
    """Wraps a store; what is not named here goes straight to it."""

    def __init__(self, storage: Storage, killer: Killer, failure: FlushFailure) -> None:
        """Watch the store's writes where that is possible: `watched` says whether it is."""
        self._storage = storage
        self._killer = killer
        self._failure = failure
        self._section = ""
        self._section_thread = 0
        in_file = isinstance(storage, SqliteStorage)
        self.watched = in_file and watch_writes(self._point_of_this_write, killer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def append(self, batch: Batch) -> None:
        """See Storage; three points lie around and within it."""
        self._killer.passes("before-append")
        if not self.watched and self._killer.is_last("within-append"):
            delay_s = random.uniform(0, WITHIN_APPEND_S)  # noqa: S311 any moment will do
            threading.Timer(delay_s, self._killer.passes, ("within-append",)).start()
        elif not self.watched:
            self._killer.passes("within-append")
        self._enter("within-append")
        self._storage.append(batch)
        self._leave()
        self._failure.after_write()
        self._killer.passes("after-append")

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """See Storage."""
        self._killer.passes("before-snapshot")
        self._enter("within-snapshot")
        self._storage.save_snapshot(snapshot)
        self._leave()
        self._killer.passes("after-snapshot")

    def batches(self, from_sequence: int = 1) -> Iterator[Batch]:
        """See Storage; whoever reads here is recovering."""
        for batch in self._storage.batches(from_sequence):
            self._killer.passes("during-recovery")
            yield batch

    def close(self) -> None:
        """See Storage."""
        self._enter("within-close")
        self._storage.close()
        self._leave()

    def _enter(self, section: str) -> None:
        if not self.watched and section != "within-append":
            self._killer.passes(section)  # as near as it can be had
        self._section, self._section_thread = section, threading.get_ident()

    def _leave(self) -> None:
        self._section = ""

    def _point_of_this_write(self) -> str:
        """The point that a write passes; the thread that copies the log back passes none."""
        return self._section if threading.get_ident() == self._section_thread else ""
