"""Readers of a journal that are kept and lent out: a look-up must not pay for a new connection."""

import threading
from collections.abc import Callable
from typing import Final

from altyn.runtime.postgres.reading import PostgresReader

__all__ = ["READERS_MAX", "Readers"]

READERS_MAX: Final = 4
"""Connections that look-ups of one node may hold; more look-ups wait for one (I12)."""


class Readers:
    """A bounded pool of readers; `lend` gives one, and its `close` brings it back."""

    def __init__(self, make: Callable[[Callable[[PostgresReader], None]], PostgresReader]) -> None:
        """`make` opens a reader that calls what it is given instead of closing."""
        self._make = make
        self._free = threading.BoundedSemaphore(READERS_MAX)
        self._lock = threading.Lock()
        self._idle: list[PostgresReader] = []
        self._closed = False

    def lend(self) -> PostgresReader:
        """A reader for one thread; waits for one when all are lent."""
        self._free.acquire()
        with self._lock:
            reader = self._idle.pop() if self._idle else None
        try:
            return reader if reader is not None else self._make(self._take_back)
        except BaseException:
            self._free.release()
            raise

    def _take_back(self, reader: PostgresReader) -> None:
        with self._lock:
            keep = reader.sound and not self._closed
            if keep:
                self._idle.append(reader)
        if not keep:
            reader.end_session()
        self._free.release()

    def close(self) -> None:
        """Close what is not lent; what is lent closes when it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for reader in idle:
            reader.end_session()
