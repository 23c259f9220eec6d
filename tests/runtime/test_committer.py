"""Group commits off the loop: in order, reported, and final when they fail."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from altyn.gateway import CommitOrder
from altyn.journal import Batch, BatchBuilder, Snapshot, StorageFullError, verify
from altyn.runtime.online.committer import Committer
from altyn.runtime.sqlite_storage import SqliteStorage

RECORD_BYTES = 16


class FaultyStorage(SqliteStorage):
    """A real store whose disk fails once it has taken some batches, or refuses snapshots."""

    fails_after = 1 << 30
    failure: BaseException = OSError(5, "Input/output error")
    tried = 0
    keeps_snapshots = True

    def append(self, batch: Batch) -> None:
        """Keep a batch, or fail as told."""
        self.tried += 1
        if self.tried > self.fails_after:
            raise self.failure
        super().append(batch)

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot, or fail as told."""
        if not self.keeps_snapshots:
            raise OSError(28, "No space left on device")
        super().save_snapshot(snapshot)


class Reports:
    """What a committer tells the loop."""

    def __init__(self, storage: SqliteStorage) -> None:
        """Start a committer that reports here."""
        self.told: asyncio.Queue[str] = asyncio.Queue()
        self.threads: set[int] = set()
        self.committer = Committer(
            storage,
            asyncio.get_running_loop(),
            self._note("committed"),
            lambda error: self._note(f"failed: {type(error).__name__}")(),
            lambda error: self._note(f"no snapshot: {type(error).__name__}")(),
        )

    def _note(self, words: str) -> Callable[[], None]:
        def note() -> None:
            self.threads.add(threading.get_ident())
            self.told.put_nowait(words)

        return note

    def order(self, first: int, count: int = 3, *, snapshot: bool = False) -> None:
        """Order a batch of facts."""
        builder = BatchBuilder(first)
        for _ in range(count):
            builder.append(2, b"fact")
        last = first + count - 1
        seal = (lambda digest: Snapshot(last, digest, b"state")) if snapshot else None
        self.committer.commit(CommitOrder(builder, seal))


def ran(path: Path, story: Callable[[FaultyStorage], Coroutine[Any, Any, None]]) -> FaultyStorage:
    """Run a story on a new store; gives the store, still open."""
    storage = FaultyStorage(path / "journal.db", "TEST", RECORD_BYTES)
    asyncio.run(story(storage))
    return storage


def test_batches_are_chained_and_reported_on_the_loop(tmp_path: Path) -> None:
    """Each is durable when it is reported, and the chain goes on from what was there."""

    async def story(storage: FaultyStorage) -> None:
        reports = Reports(storage)
        for first in (1, 4, 7):
            reports.order(first)
            assert await reports.told.get() == "committed"
            assert storage.end().sequence == first + 2
        assert reports.threads == {threading.get_ident()}
        reports.committer.stop()

    storage = ran(tmp_path, story)
    assert verify(storage)[:2] == (3, 9)
    asyncio.run(_goes_on(storage))
    assert verify(storage).damages == ()
    storage.close()


async def _goes_on(storage: SqliteStorage) -> None:
    """A later committer chains to the journal's end."""
    reports = Reports(storage)
    reports.order(10)
    assert await reports.told.get() == "committed"
    reports.committer.stop()


def test_d02_failed_commit_is_reported_once_and_nothing_more_is_written(tmp_path: Path) -> None:
    """The committer does not try again and takes no later batch: a restart reads the truth."""

    async def story(storage: FaultyStorage) -> None:
        storage.fails_after = 1
        reports = Reports(storage)
        reports.order(1)
        assert await reports.told.get() == "committed"
        reports.order(4, snapshot=True)
        assert await reports.told.get() == "failed: OSError"
        reports.order(4)
        reports.committer.stop()
        assert reports.told.empty()

    storage = ran(tmp_path, story)
    assert (storage.tried, storage.end().sequence) == (2, 3)
    assert storage.snapshots() == []
    storage.close()


def test_d01_full_disk_is_reported_as_such(tmp_path: Path) -> None:
    """The node is told which error it was, so that it can say so."""

    async def story(storage: FaultyStorage) -> None:
        storage.fails_after, storage.failure = 0, StorageFullError("full")
        reports = Reports(storage)
        reports.order(1)
        assert await reports.told.get() == "failed: StorageFullError"
        reports.committer.stop()

    storage = ran(tmp_path, story)
    assert storage.end().sequence == 0
    storage.close()


def test_snapshot_is_of_the_batch_it_was_ordered_with(tmp_path: Path) -> None:
    """Its hash is the hash of that batch, known only when the batch is sealed."""

    async def story(storage: FaultyStorage) -> None:
        reports = Reports(storage)
        reports.order(1, snapshot=True)
        assert await reports.told.get() == "committed"
        reports.committer.stop()

    storage = ran(tmp_path, story)
    (snapshot,) = storage.snapshots()
    assert (snapshot.sequence, snapshot.hash) == storage.end()
    storage.close()


def test_snapshot_that_cannot_be_kept_stops_nothing(tmp_path: Path) -> None:
    """It costs time at the next start; commits go on."""

    async def story(storage: FaultyStorage) -> None:
        storage.keeps_snapshots = False
        reports = Reports(storage)
        reports.order(1, snapshot=True)
        assert await reports.told.get() == "committed"
        assert await reports.told.get() == "no snapshot: OSError"
        reports.order(4)
        assert await reports.told.get() == "committed"
        reports.committer.stop()

    storage = ran(tmp_path, story)
    assert storage.end().sequence == 6
    storage.close()


def test_loop_that_is_closed_meanwhile_is_told_nothing(tmp_path: Path) -> None:
    """A node that ends at once, its port being taken, say: the batch is durable, no trace."""

    left: list[Reports] = []

    async def story(storage: FaultyStorage) -> None:
        left.append(Reports(storage))

    storage = ran(tmp_path, story)
    (reports,) = left
    reports.order(1)
    reports.committer.stop()
    assert storage.end().sequence == 3
    storage.close()
