"""Group commits off the event loop: one at a time, each as large as what waits for it.

The thread seals and appends a batch and reports back to the loop. While the disk is busy
the loop goes on deciding, and what it records meanwhile is the next batch.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

from altyn.gateway import CommitOrder
from altyn.journal import Snapshot, Storage

__all__ = ["Committer"]


class Committer:
    """The thread that writes the journal."""

    def __init__(
        self,
        storage: Storage,
        loop: asyncio.AbstractEventLoop,
        committed: Callable[[], None],
        failed: Callable[[BaseException], None],
        snapshot_failed: Callable[[BaseException], None],
    ) -> None:
        """Report to `committed` or `failed` on the loop; a failure is final (D02)."""
        self._storage = storage
        self._loop = loop
        self._committed = committed
        self._failed = failed
        self._snapshot_failed = snapshot_failed
        self._orders: SimpleQueue[CommitOrder | None] = SimpleQueue()
        self._hash = storage.end().hash
        self._thread = threading.Thread(target=self._run, name="journal-commit", daemon=True)
        self._thread.start()

    def commit(self, order: CommitOrder) -> None:
        """Take the next batch; call only when the one before is reported."""
        self._orders.put(order)

    def stop(self) -> None:
        """End the thread after what it was given."""
        self._orders.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (order := self._orders.get()) is not None:
            try:
                self._write(order)
            except BaseException as error:  # noqa: BLE001 whatever it is, nothing may leave now
                self._report(self._failed, error)
                return
            self._report(self._committed)
            if order.snapshot is not None:
                self._save(order.snapshot)

    def _report(self, what: Callable[..., None], *told: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: a node that ended at once
            self._loop.call_soon_threadsafe(what, *told)

    def _write(self, order: CommitOrder) -> None:
        batch = order.builder.seal(self._hash, time.time_ns() // 1000)
        self._storage.append(batch)
        self._hash = batch.hash

    def _save(self, snapshot: Callable[[bytes], Snapshot]) -> None:
        """A snapshot that cannot be kept costs time at the next start, nothing else."""
        try:
            self._storage.save_snapshot(snapshot(self._hash))
        except Exception as error:  # noqa: BLE001 the journal itself is not touched by it
            self._report(self._snapshot_failed, error)
