"""What every store must promise, held against each: SQLite and a real PostgreSQL."""

from pathlib import Path
from random import Random

import pytest

from altyn.journal import (
    Batch,
    BatchBuilder,
    Damage,
    JournalDamagedError,
    Snapshot,
    Storage,
    WrongJournalError,
    checked_batches,
    verify,
)
from altyn.runtime.journal.checking import content_defect
from altyn.runtime.journal.proof import prove
from altyn.switch import recover, replay
from altyn.transaction import entries
from tests.journal import traffic
from tests.journal.stores import Place, PostgresPlace, SqlitePlace
from tests.journal.writer_process import RECORD_BYTES, SCHEME_ID, batch_builder


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where a journal may be made, in each kind of store."""
    if request.param == "sqlite":
        return SqlitePlace(tmp_path / "journal.db")
    address: str = request.getfixturevalue("database")
    return PostgresPlace(address)


def appended(storage: Storage, count: int, seed: int = 1) -> list[Batch]:
    """Append so many batches; gives them as they should be read again."""
    random = Random(seed)
    batches = []
    for _ in range(count):
        end = storage.end()
        batch = batch_builder(end.sequence + 1, random).seal(end.hash, 1_000 + end.sequence)
        storage.append(batch)
        batches.append(batch._replace(references=()))
    return batches


def written(place: Place, count: int, seed: int = 1) -> list[Batch]:
    """A closed journal of so many batches."""
    storage = place.open()
    batches = appended(storage, count, seed)
    storage.close()
    return batches


def test_batches_are_read_as_they_were_appended(place: Place) -> None:
    """By the writer, by a reader beside it, and after it was closed and opened again."""
    storage = place.open()
    batches = appended(storage, 30)
    reader = place.open(read_only=True)
    assert list(storage.batches()) == list(reader.batches()) == batches
    assert reader.end() == storage.end()
    more = appended(storage, 1, seed=2)
    assert reader.end().sequence == more[0].last_sequence
    reader.close()
    storage.close()
    again = place.open()
    assert list(checked_batches(again)) == batches + more
    again.close()


def test_new_journal_is_empty(place: Place) -> None:
    """Its end is before the first entry, at the hash that binds it to its scheme."""
    storage = place.open()
    assert storage.end() == (0, storage.genesis)
    assert list(storage.batches()) == []
    assert storage.snapshots() == []
    assert verify(storage).damages == ()
    storage.close()


def test_reading_begins_with_the_batch_that_holds_an_entry(place: Place) -> None:
    """In the middle of a batch, at its ends, and behind the last one."""
    batches = written(place, 12)
    storage = place.open(read_only=True)
    for number, batch in enumerate(batches):
        for sequence in (batch.first_sequence, batch.last_sequence):
            assert list(storage.batches(sequence)) == batches[number:]
    assert list(storage.batches(batches[-1].last_sequence + 1)) == []
    storage.close()


def test_search_by_span_and_by_reference(place: Place) -> None:
    """What recall needs: batches newest first, entries that refer to an entry in order."""
    storage = place.open()
    random = Random(3)
    batches = []
    for _ in range(20):
        builder = batch_builder(storage.end().sequence + 1, random)
        batches.append(builder.seal(storage.end().hash, 1))
        storage.append(batches[-1])
    for value in range(10):
        expected = [each for each in batches if each.span_low <= value <= each.span_high]
        found = [each.first_sequence for each in storage.batches_spanning(value)]
        assert found == [each.first_sequence for each in reversed(expected)]
    references = sorted(pair for batch in batches for pair in batch.references)
    assert references
    for sequence in {earlier for earlier, _ in references}:
        expected_later = [later for earlier, later in references if earlier == sequence]
        assert storage.references_to(sequence) == expected_later
    storage.close()


def test_two_snapshots_are_kept_newest_first(place: Place) -> None:
    """The one before the newest stays in case that one is damaged."""
    storage = place.open()
    assert storage.latest_snapshot() is None
    snapshots = [Snapshot(number, bytes(32), b"state") for number in (1, 5, 9)]
    for snapshot in snapshots:
        storage.save_snapshot(snapshot)
    assert storage.snapshots() == [snapshots[2], snapshots[1]]
    assert storage.latest_snapshot() == snapshots[2]
    storage.close()


def test_batch_out_of_order_is_refused(place: Place) -> None:
    """A store is ordered; a batch that does not follow is a fault of ours."""
    storage = place.open()
    builder = BatchBuilder(1)
    builder.append(2, b"small")
    batch = builder.seal(storage.end().hash, 1)
    storage.append(batch)
    with pytest.raises(AssertionError, match="must follow"):
        storage.append(batch)
    storage.close()


def test_d09_second_writer_is_refused_until_the_first_lets_go(place: Place) -> None:
    """One node writes; a reader is welcome."""
    storage = place.open()
    with pytest.raises(WrongJournalError, match="another switch"):
        place.open()
    place.open(read_only=True).close()
    appended(storage, 1)
    storage.close()
    again = place.open()
    appended(again, 1)
    assert verify(again).damages == ()
    again.close()


def test_store_of_another_scheme_or_layout_is_refused(place: Place) -> None:
    """With what it is and what it should be; and it can still be opened as what it is."""
    batches = written(place, 1)
    for scheme_id, record_bytes in (("OTHER", RECORD_BYTES), (SCHEME_ID, RECORD_BYTES + 1)):
        for read_only in (False, True):
            with pytest.raises(WrongJournalError, match="the journal's"):
                place.open(scheme_id=scheme_id, record_bytes=record_bytes, read_only=read_only)
    storage = place.open()
    assert list(storage.batches()) == batches
    storage.close()


def test_reader_finds_no_journal_where_none_was_made(place: Place) -> None:
    """A reader makes nothing."""
    for _ in range(2):
        with pytest.raises(WrongJournalError, match="there is no journal here"):
            place.open(read_only=True)


def test_d12_journal_of_a_later_format_is_refused_with_what_to_do(place: Place) -> None:
    """An older program must not write into what it does not understand, nor read it wrongly; and
    when the program is the right one again, everything is as it was."""
    batches = written(place, 3)
    place.write("UPDATE meta SET value = '2' WHERE key = 'format'")
    for read_only in (False, True):
        with pytest.raises(WrongJournalError, match=r"is of format 2.*run the version of Altyn"):
            place.open(read_only=read_only)
    place.write("UPDATE meta SET value = '1' WHERE key = 'format'")
    storage = place.open()
    assert list(storage.batches()) == batches
    storage.close()


def test_d04_changed_batch_is_found_and_told(place: Place) -> None:
    """One byte of one batch in the middle: that batch, and nothing else."""
    batches = written(place, 20)
    victim = next(each for each in batches[7:] if len(each.fixed) > RECORD_BYTES)
    changed = bytes([victim.fixed[0] ^ 1]) + victim.fixed[1:]
    literal = f"x'{changed.hex()}'" if isinstance(place, SqlitePlace) else f"'\\x{changed.hex()}'"
    place.write(
        f"UPDATE batch SET fixed = {literal} WHERE first_sequence = {victim.first_sequence}"
    )
    reader = place.open(read_only=True)
    (damage,) = verify(reader).damages
    assert damage[:2] == (victim.first_sequence, victim.last_sequence)
    with pytest.raises(JournalDamagedError):
        list(checked_batches(reader))
    reader.close()


def test_d04_missing_batch_is_found_and_told(place: Place) -> None:
    """A row that is gone, and what stands behind it."""
    batches = written(place, 20)
    victim = batches[9]
    place.write(f"DELETE FROM batch WHERE first_sequence = {victim.first_sequence}")
    reader = place.open(read_only=True)
    damages = verify(reader).damages
    missing = Damage(victim.first_sequence, victim.last_sequence, "these entries are missing")
    assert missing in damages
    reader.close()


def test_day_of_traffic_is_the_same_from_every_store(place: Place) -> None:
    """Live state, replay from the first entry, recovery by snapshot and columns: all agree."""
    storage = place.open(scheme_id=traffic.SCHEME_ID, record_bytes=entries.RECORD_BYTES)
    live = traffic.Traffic(storage, seed=7)
    live.run(1_500)
    storage.close()
    reader = place.open(
        scheme_id=traffic.SCHEME_ID, record_bytes=entries.RECORD_BYTES, read_only=True
    )
    assert verify(reader, None, content_defect).damages == ()
    proof = prove(reader)
    assert proof is not None
    assert proof.differences == []
    assert proof.snapshots == 2
    for state in (replay(reader), recover(reader)):
        assert state is not None
        assert state.positions.dump() == live.state.positions.dump()
        assert state.sequence == live.state.sequence
    reader.close()


@pytest.mark.parametrize("damaged", [1, 2], ids=["the newest", "both"])
def test_d04_damaged_snapshot_costs_a_longer_start_and_nothing_else(
    place: Place, damaged: int
) -> None:
    """The one before it serves, or every entry from the first on; and it is told."""
    storage = place.open(scheme_id=traffic.SCHEME_ID, record_bytes=entries.RECORD_BYTES)
    live = traffic.Traffic(storage, seed=9)
    live.run(900, snapshot_share=0.1)
    snapshots = storage.snapshots()
    assert len(snapshots) == 2
    for snapshot in snapshots[:damaged]:
        torn = snapshot.state[:-1] + bytes([snapshot.state[-1] ^ 1])
        storage.save_snapshot(snapshot._replace(state=torn))
    told: list[str] = []
    state = recover(storage, told.append)
    assert state is not None
    assert state.positions.dump() == live.state.positions.dump()
    assert state.sequence == live.state.sequence
    assert told == [
        f"the snapshot at entry {each.sequence} is damaged; older ones serve"
        for each in snapshots[:damaged]
    ]
    assert verify(storage, None, content_defect).last_hash == storage.end().hash
    storage.close()
