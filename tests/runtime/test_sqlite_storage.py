"""The journal's store in a file: durable on a real disk, and what damage does to it.

What every store must promise is tested in tests/journal/test_storage.py.
"""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from altyn.journal import (
    Batch,
    BatchBuilder,
    JournalDamagedError,
    Snapshot,
    StorageFullError,
    WrongJournalError,
    checked_batches,
    verify,
)
from altyn.runtime import sqlite_storage
from altyn.runtime.journal.checkpointer import LOG_ROOM_BYTES, Checkpointer
from altyn.runtime.sqlite_storage import SqliteStorage, read_identity
from tests.journal.writer_process import RECORD_BYTES, SCHEME_ID, batch_builder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a journal may be made."""
    return tmp_path / "journal.db"


def opened(path: Path, *, read_only: bool = False) -> SqliteStorage:
    """The store of the tests' scheme."""
    return SqliteStorage(path, SCHEME_ID, RECORD_BYTES, read_only=read_only)


def appended(storage: SqliteStorage, count: int, seed: int = 1) -> list[Batch]:
    """Append so many batches; gives them as they should be read again."""
    random = Random(seed)
    batches = []
    for _ in range(count):
        end = storage.end()
        batch = batch_builder(end.sequence + 1, random).seal(end.hash, 1_000 + end.sequence)
        storage.append(batch)
        batches.append(batch._replace(references=()))
    return batches


def written(path: Path, count: int, seed: int = 1) -> list[Batch]:
    """A closed journal of so many batches."""
    storage = opened(path)
    batches = appended(storage, count, seed)
    storage.close()
    return batches


def small(storage: SqliteStorage, size_bytes: int = 10) -> Batch:
    """The next batch, of one entry."""
    builder = BatchBuilder(storage.end().sequence + 1)
    builder.append(2, bytes(size_bytes))
    return builder.seal(storage.end().hash, 1)


def check_sound(path: Path) -> int:
    """The journal opens for writing and its chain holds; gives the last sequence number."""
    storage = opened(path)
    try:
        result = verify(storage)
        assert result.damages == () or all("snapshot" in each.reason for each in result.damages)
        assert [each for each in result.damages if "snapshot" not in each.reason] == []
        storage.append(small(storage))
        return result.last_sequence
    finally:
        storage.close()


def test_d01_snapshot_without_room_leaves_no_commit_open(path: Path) -> None:
    """What is committed after it is durable: another reader sees it at once."""
    storage = opened(path)
    appended(storage, 2)
    connection = storage._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        storage.save_snapshot(Snapshot(1, bytes(32), bytes(200_000)))
    connection.execute("PRAGMA max_page_count = 1000000")
    connection.execute(
        "CREATE TRIGGER refusal BEFORE INSERT ON snapshot BEGIN SELECT RAISE(ABORT, 'not now'); END"
    )
    with pytest.raises(sqlite3.IntegrityError, match="not now"):
        storage.save_snapshot(Snapshot(1, bytes(32), b"state"))
    storage.append(small(storage))
    reader = opened(path, read_only=True)
    assert reader.end() == storage.end()
    reader.close()
    storage.close()


@pytest.mark.parametrize("refers", [0, 1], ids=["alone", "with references"])
def test_d01_full_disk_refuses_the_batch_whole_and_goes_on_when_there_is_room(
    path: Path, refers: int
) -> None:
    """Nothing of the batch stays; the same batch is taken later, and nobody edits a file."""
    storage = opened(path)
    before = appended(storage, 5)
    end, references = storage.end(), storage.references_to(1)
    builder = BatchBuilder(end.sequence + 1)
    builder.append(1, bytes(RECORD_BYTES), refers_to=refers)
    builder.append(2, bytes(200_000))
    batch = builder.seal(end.hash, 1)
    connection = storage._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    for _ in range(2):
        with pytest.raises(StorageFullError):
            storage.append(batch)
        assert storage.end() == end
        assert list(storage.batches()) == before
        assert storage.references_to(1) == references
    storage.append(small(storage))
    connection.execute("PRAGMA max_page_count = 1000000")
    end = storage.end()
    builder = BatchBuilder(end.sequence + 1)
    builder.append(2, bytes(200_000))
    storage.append(builder.seal(end.hash, 1))
    assert verify(storage).damages == ()
    storage.close()
    assert check_sound(path) == end.sequence + 1


@pytest.mark.process
def test_d01_room_for_the_log_that_cannot_be_had_is_done_without(path: Path) -> None:
    """A disk too full for it stops no start, then or later, and loses no batch."""
    storage = opened(path)
    appended(storage, 3, 1)
    connection = storage._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    storage.make_room()
    storage.make_room()
    connection.execute("PRAGMA max_page_count = 1000000")
    storage.make_room()
    assert path.with_name(path.name + "-wal").stat().st_size >= LOG_ROOM_BYTES
    end = storage.end()
    storage.close()
    assert check_sound(path) == end.sequence


def test_d02_error_of_the_disk_is_final_for_the_process(path: Path) -> None:
    """A write that fails is not tried again; what was promised is there after a restart."""
    command = [sys.executable, "-m", "tests.journal.writer_process", str(path), "1", "600000"]
    result = subprocess.run(
        command, cwd=ROOT, env=_environment(), capture_output=True, text=True, check=False
    )
    lines = result.stdout.splitlines()
    assert lines[-2:] == ["refused", "refused again"], result.stderr
    promised = int(lines[-3].split()[0])
    assert check_sound(path) >= promised


def test_d02_failed_checkpoint_stops_the_next_append(path: Path) -> None:
    """A checkpoint whose flush failed says that the disk cannot be trusted; the batch that was
    committed before it is durable all the same."""
    storage = opened(path)
    appended(storage, 3)
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    assert storage._checkpointer is not None
    storage._checkpointer._note(error)
    end = storage.end()
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match="disk I/O"):
            storage.append(small(storage))
    assert storage.end() == end
    storage.close()


def test_d01_checkpoint_without_room_harms_nothing(path: Path) -> None:
    """The log keeps what could not be copied; commits go on while they fit."""
    storage = opened(path)
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    assert storage._checkpointer is not None
    storage._checkpointer._note(error)
    appended(storage, 2)
    storage.close()
    assert check_sound(path) > 0


def _crashed(path: Path, target: Path) -> Path:
    """What a power cut leaves of an open store: database and log, without the shared memory."""
    target.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(path.with_name(path.name + suffix), target / (path.name + suffix))
    return target / path.name


@pytest.mark.parametrize("lost_bytes", [1, 23, 24, 25, 4000, 8191, 8192, 8216, 9000])
def test_d03_torn_end_of_the_log_loses_only_that_end(
    path: Path, tmp_path: Path, lost_bytes: int
) -> None:
    """A commit that was not whole on the disk is not there; all before it are."""
    storage = opened(path)
    batches = appended(storage, 8)
    copy = _crashed(path, tmp_path / "crashed")
    storage.close()
    log = copy.with_name(copy.name + "-wal")
    os.truncate(log, log.stat().st_size - lost_bytes)
    recovered = opened(copy)
    found = list(checked_batches(recovered))
    assert found == batches[: len(found)]
    assert 6 <= len(found) < len(batches)
    appended(recovered, 2, seed=7)
    assert verify(recovered).damages == ()
    recovered.close()


@pytest.mark.parametrize("back_bytes", [1, 100, 8000, 8195])
def test_d03_garbled_last_frame_loses_only_the_last_batch(
    path: Path, tmp_path: Path, back_bytes: int
) -> None:
    """A frame whose checksum does not fit ends the log, length or not."""
    storage = opened(path)
    batches = appended(storage, 8)
    copy = _crashed(path, tmp_path / "crashed")
    storage.close()
    log = copy.with_name(copy.name + "-wal")
    content = bytearray(log.read_bytes())
    content[-back_bytes] ^= 0x40
    log.write_bytes(content)
    recovered = opened(copy)
    assert list(checked_batches(recovered)) == batches[:-1]
    recovered.close()


def test_d04_flipped_bit_is_found_in_exactly_its_batch(path: Path) -> None:
    """In the body of an entry in the middle of the file: that batch and no other."""
    batches = written(path, 40)
    victim = batches[17]
    content = bytearray(path.read_bytes())
    at = content.find(victim.fixed[:60])
    assert at > 0
    content[at + 30] ^= 1
    path.write_bytes(content)
    storage = opened(path, read_only=True)
    (damage,) = verify(storage).damages
    assert (damage.first_sequence, damage.last_sequence) == (
        victim.first_sequence,
        victim.last_sequence,
    )
    with pytest.raises(JournalDamagedError):
        list(checked_batches(storage))
    storage.close()


def test_d04_any_flipped_bit_is_found_or_harmless(path: Path, tmp_path: Path) -> None:
    """Wherever a bit flips, either it is told, or every batch is read as it was written."""
    batches = written(path, 25)
    clean = path.read_bytes()
    random = Random(11)
    copy = tmp_path / "copy.db"
    outcomes = {"refused": 0, "found": 0, "harmless": 0}
    for _ in range(150):
        content = bytearray(clean)
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
        copy.write_bytes(content)
        outcomes[_outcome(copy, batches)] += 1
    assert outcomes["found"] > 50, outcomes


def _outcome(path: Path, batches: list[Batch]) -> str:
    try:
        storage = opened(path, read_only=True)
    except WrongJournalError:
        return "refused"
    try:
        damages = verify(storage).damages
        if damages:
            last = batches[-1].last_sequence
            assert all(0 <= each.first_sequence <= each.last_sequence for each in damages)
            assert all(each.first_sequence <= last for each in damages)
            return "found"
        assert list(storage.batches()) == batches
        return "harmless"
    finally:
        storage.close()


def test_d04_unreadable_pages_are_told_with_the_entries_behind_them(path: Path) -> None:
    """Where the file cannot be read at all, the range is known, and the rest is still checked."""
    batches = written(path, 60)
    content = bytearray(path.read_bytes())
    page = 8192
    large = max(batches[5:55], key=lambda batch: len(batch.fixed))
    at = content.find(large.fixed[:60]) // page * page
    content[at : at + page] = bytes(page)
    path.write_bytes(content)
    storage = opened(path, read_only=True)
    result = verify(storage)
    storage.close()
    assert result.damages
    covered = [each for each in result.damages if each.first_sequence <= large.last_sequence]
    assert any(each.last_sequence >= large.first_sequence for each in covered)
    assert result.last_sequence == batches[-1].last_sequence


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}


def _killed_after(path: Path, seed: int, lines: int) -> tuple[int, str]:
    """Run the writer, kill it with no warning behind so many promises; gives the last one read."""
    command = [sys.executable, "-m", "tests.journal.writer_process", str(path), str(seed)]
    with subprocess.Popen(
        command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        promises = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        promises += process.stdout.read().splitlines()
    sequence, digest = promises[-1].split()
    return int(sequence), digest


@pytest.mark.process
@pytest.mark.slow
def test_d05_killed_writer_leaves_every_batch_it_was_promised(path: Path) -> None:
    """Killed over and over at many moments, on one and the same journal: what was promised is
    there, the chain holds, and the next process goes on from it."""
    random = Random(5)
    promised = 0
    for round_number in range(12):
        sequence, digest = _killed_after(path, round_number, random.randrange(1, 60))
        storage = opened(path)
        promised = max(promised, sequence)
        assert storage.end().sequence >= promised
        hashes = {batch.last_sequence: batch.hash.hex() for batch in checked_batches(storage)}
        assert hashes[sequence] == digest
        storage.close()
    assert check_sound(path) >= promised > 0


def test_d06_names_of_new_folders_and_of_the_file_are_made_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file whose name was not flushed may be gone after a power cut, however well it was."""
    synced: list[str] = []
    flush = os.fsync

    def noting(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    storage = opened(tmp_path / "new" / "deep" / "journal.db")
    storage.close()
    assert synced[:2] == [str(tmp_path), str(tmp_path / "new")]
    assert synced[-1] == str(tmp_path / "new" / "deep")


class Hasty(sqlite3.Connection):
    """A connection that does not do as it is told: a build, or a hook, that prefers speed."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Run a statement; ask for less durability than was asked for."""
        hasty = sql.replace("synchronous = FULL", "synchronous = NORMAL")
        return super().execute(hasty, parameters)


def test_d16_every_commit_is_flushed_and_the_setting_read_back(path: Path) -> None:
    """WAL and FULL are what the open store says of itself."""
    storage = opened(path)
    connection = storage._connection
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert connection.execute("PRAGMA wal_autocheckpoint").fetchone()[0] == 0
    storage.close()


def test_d16_store_that_would_not_flush_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut would lose the last commits though the file stays sound: no switch runs so."""
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Hasty))
    with pytest.raises(WrongJournalError, match="does not flush"):
        opened(path)


def test_store_of_another_scheme_or_layout_is_refused(path: Path) -> None:
    """With what it is and what it should be; and it can still be opened as what it is."""
    written(path, 1)
    for scheme_id, record_bytes in (("OTHER", RECORD_BYTES), (SCHEME_ID, RECORD_BYTES + 1)):
        for read_only in (False, True):
            with pytest.raises(WrongJournalError, match="the journal's"):
                SqliteStorage(path, scheme_id, record_bytes, read_only=read_only)
    assert read_identity(path) == (SCHEME_ID, RECORD_BYTES)
    assert check_sound(path) > 0


def test_what_is_no_journal_is_refused_and_left_alone(path: Path) -> None:
    """A text, another program's database, a missing file: nothing is written into any."""
    path.write_text("not a database at all, but long enough to be looked at" * 100)
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(WrongJournalError, match="not a journal"):
            opened(path, read_only=read_only)
    assert path.read_bytes() == before
    foreign = path.with_name("foreign.db")
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE customer (name TEXT)")
    connection.close()
    before = foreign.read_bytes()
    with pytest.raises(WrongJournalError, match="another program"):
        opened(foreign)
    assert foreign.read_bytes() == before
    with pytest.raises(WrongJournalError, match="no journal here"):
        opened(path.with_name("absent.db"), read_only=True)
    for each in (path, foreign, path.with_name("absent.db")):
        with pytest.raises(WrongJournalError):
            read_identity(each)


def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    """A journal holds card numbers: nobody else reads it, its log, or its folder."""
    path = tmp_path / "data" / "journal.db"
    storage = opened(path)
    appended(storage, 1)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert {"journal.db", "journal.db-wal"} <= modes.keys()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    storage.close()


@pytest.fixture
def small_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Checkpoints that begin at half a megabyte."""
    limit = 1 << 19
    monkeypatch.setattr(sqlite_storage, "Checkpointer", partial(Checkpointer, log_bytes_max=limit))
    return iter([limit])


def _log_bytes(path: Path) -> int:
    return path.with_name(path.name + "-wal").stat().st_size


@pytest.mark.usefixtures("small_log")
def test_log_stays_bounded_under_load(path: Path) -> None:
    """Forty times the limit goes through a log that stays a fraction of it."""
    storage = opened(path)
    longest = 0
    for _ in range(400):
        storage.append(small(storage, 50_000))
        longest = max(longest, _log_bytes(path))
    assert longest < 10 << 20
    assert verify(storage).damages == ()
    storage.close()
    assert not path.with_name(path.name + "-wal").exists()


@pytest.mark.usefixtures("small_log")
def test_reader_that_stays_does_not_hold_up_commits(path: Path) -> None:
    """The log grows while somebody reads for long, and starts anew when he has gone."""
    storage = opened(path)
    storage.append(small(storage))
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM batch").fetchall()
    for _ in range(100):
        storage.append(small(storage, 50_000))
    held = _log_bytes(path)
    reader.close()
    assert held > 4 << 20
    for _ in range(300):
        storage.append(small(storage, 50_000))
    assert _log_bytes(path) < held + (8 << 20)
    storage.close()


def test_reading_lets_go_of_the_file_in_between(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that has stopped halfway does not keep the log from starting anew."""
    monkeypatch.setattr(sqlite_storage, "READ_ROWS", 3)
    storage = opened(path)
    batches = appended(storage, 10)
    reader = opened(path, read_only=True)
    reading = reader.batches()
    found = [next(reading) for _ in range(4)]
    busy, _, _ = storage._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    assert busy == 0
    assert [*found, *reading] == batches
    reader.close()
    storage.close()


def test_d11_copy_made_beside_the_writer_is_a_journal(path: Path, tmp_path: Path) -> None:
    """The copy of the guide: whole to a moment, verified, and a switch can go on from it."""
    storage = opened(path)
    batches = appended(storage, 20)
    copy = tmp_path / "copy.db"
    connection = sqlite3.connect(path)
    connection.execute("VACUUM INTO ?", (str(copy),))
    connection.close()
    appended(storage, 3, seed=4)
    storage.close()
    reader = opened(copy, read_only=True)
    assert list(checked_batches(reader)) == batches
    reader.close()
    assert check_sound(copy) == batches[-1].last_sequence
