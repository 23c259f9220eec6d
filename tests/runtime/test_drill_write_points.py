"""A writer that kills itself at a write point leaves what it promised, and nothing by halves."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from altyn.journal import checked_batches
from altyn.runtime.drill.write_points import WRITE_POINTS, Killer, KillPoint, parse_kill_point
from altyn.runtime.sqlite_storage import SqliteStorage
from tests.journal.writer_process import RECORD_BYTES, SCHEME_ID

pytestmark = pytest.mark.process


def killed_at(path: Path, seed: int, point: str) -> tuple[int, str, bool]:
    """Run the writer to its end; the last sequence that it was promised, the hash there, and
    whether it died inside a system call (not every build of SQLite lets one in)."""
    command = [sys.executable, "-m", "tests.runtime.killed_writer", str(path), str(seed), point]
    writer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert writer.returncode == -signal.SIGKILL, writer.stderr
    watched, *promises = writer.stdout.splitlines()
    last, digest = promises[-1].split() if promises else ("0", "")
    return int(last), digest, watched == "watched"


def hashes(path: Path) -> dict[int, str]:
    """The hash at the end of each batch; the chain is checked on the way."""
    storage = SqliteStorage(path, SCHEME_ID, RECORD_BYTES)
    found = {batch.last_sequence: batch.hash.hex() for batch in checked_batches(storage)}
    storage.close()
    return found


def test_d03_d05_killed_at_each_write_of_an_append_with_a_torn_page(tmp_path: Path) -> None:
    """Every write of the first appends in turn, each half done: no batch is there by halves."""
    path = tmp_path / "journal.db"
    for seed, passing in enumerate((1, 2, 3, 4, 5, 8, 13, 21), start=1):
        before = max(hashes(path), default=0)
        sequence, digest, torn = killed_at(path, seed, f"within-append:{passing}")
        found = hashes(path)
        assert not sequence or found[sequence] == digest
        # The batch under way has not been promised: torn as it is, it is not there.
        assert not torn or max(found, default=0) == max(before, sequence)


@pytest.mark.parametrize("name", ["before-append", "after-append"])
def test_d05_killed_beside_an_append(tmp_path: Path, name: str) -> None:
    """Three times on one journal: before, the batch is not there; after, it is, unpromised."""
    path = tmp_path / "journal.db"
    for seed in (1, 2, 3):
        before = max(hashes(path), default=0)
        sequence, _, _ = killed_at(path, seed, f"{name}:4")
        ends = [end for end in hashes(path) if end > before]
        assert len(ends) == (4 if name == "after-append" else 3)
        assert sequence == ends[2]


@pytest.mark.parametrize("name", ["before-snapshot", "within-snapshot", "after-snapshot"])
def test_d05_killed_around_a_snapshot(tmp_path: Path, name: str) -> None:
    """Three times on one journal: the snapshots that can be read are whole, the chain holds."""
    path = tmp_path / "journal.db"
    for seed in (1, 2, 3):
        sequence, digest, _ = killed_at(path, seed, f"{name}:2")
        assert hashes(path)[sequence] == digest
        storage = SqliteStorage(path, SCHEME_ID, RECORD_BYTES)
        assert all(len(snapshot.state) == 99 for snapshot in storage.snapshots())
        storage.close()


def test_every_write_point_is_read_back_from_its_name() -> None:
    """The form NAME:N, and nothing else."""
    for point in WRITE_POINTS:
        assert parse_kill_point(str(KillPoint(point.name, 7))) == (point.name, 7)


@pytest.mark.parametrize("text", ["", "nowhere:1", "after-append", "after-append:0", "x:y"])
def test_a_write_point_that_is_none_is_refused(text: str) -> None:
    """The message lists the names there are."""
    with pytest.raises(ValueError, match="after-append"):
        parse_kill_point(text)


def test_a_killer_without_a_point_kills_nobody() -> None:
    """It is passed as often as one likes."""
    killer = Killer(None)
    killer.passes("after-append")
    assert not killer.is_last("after-append")
