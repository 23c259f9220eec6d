"""The chain: whatever is changed, dropped or moved is found, and where."""

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.journal import (
    Batch,
    Damage,
    JournalDamagedError,
    Snapshot,
    batch_hash,
    checked_batches,
    verify,
)
from tests.journal.strategies import GENESIS, ListStorage, chained, entry_lists

LISTS = [[(2, b"first"), (1, b"x" * 12)], [(1, b"y" * 12)], [(3, b"more"), (2, b"")], [(2, b"z")]]
several_batches = st.lists(entry_lists, min_size=1, max_size=5)


def places(storage: ListStorage) -> list[tuple[int, int]]:
    """The ranges that a verification finds damaged."""
    return [(each.first_sequence, each.last_sequence) for each in verify(storage).damages]


def sealed(body: bytes) -> bytes:
    """A snapshot's state with its checksum in front."""
    return sha256(body).digest() + body


@given(several_batches)
def test_what_was_written_is_sound(lists: list[list[tuple[int, bytes]]]) -> None:
    """A chain as it was written holds, and says how much it holds."""
    batches = chained(lists)
    result = verify(ListStorage(batches))
    assert result.damages == ()
    assert (result.batches, result.entries) == (len(lists), sum(map(len, lists)))
    assert (result.last_sequence, result.last_hash) == (
        batches[-1].last_sequence,
        batches[-1].hash,
    )
    assert (result.first_us, result.last_us) == (batches[0].written_us, batches[-1].written_us)
    assert list(checked_batches(ListStorage(batches))) == batches


@given(several_batches, st.data())
def test_any_changed_byte_is_found_in_its_batch(
    lists: list[list[tuple[int, bytes]]], data: st.DataObject
) -> None:
    """One byte of one run of one batch: both checks find it, and `verify` names no other batch."""
    batches = chained(lists)
    number = data.draw(st.integers(0, len(batches) - 1))
    runs = [name for name in ("kinds", "fixed", "variable") if getattr(batches[number], name)]
    run = data.draw(st.sampled_from([*runs, "hash"]))
    content = bytearray(getattr(batches[number], run))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    change: dict[str, Any] = {run: bytes(content)}
    changed = batches[number]._replace(**change)
    batches[number] = changed
    storage = ListStorage(batches)
    assert places(storage) == [(changed.first_sequence, changed.last_sequence)]
    with pytest.raises(JournalDamagedError) as caught:
        list(checked_batches(storage))
    assert caught.value.damage.first_sequence == changed.first_sequence


@pytest.mark.parametrize("name", ["written_us", "span_low", "span_high"])
def test_changed_number_of_a_batch_is_found(name: str) -> None:
    """The time of writing and the search span are under the hash too."""
    batches = chained(LISTS)
    batches[1] = batches[1]._replace(**{name: getattr(batches[1], name) + 1})
    assert places(ListStorage(batches)) == [(3, 3)]


def test_every_damaged_range_is_told() -> None:
    """Two faults far apart are two ranges; what lies between is sound."""
    batches = chained(LISTS)
    batches[0] = batches[0]._replace(fixed=b"q" * 12)
    batches[2] = batches[2]._replace(variable=b"")
    assert places(ListStorage(batches)) == [(1, 2), (4, 5)]


def test_missing_batch_is_told_with_the_one_that_cannot_be_checked() -> None:
    """Behind a gap the next batch has nothing to hang on; from then on the chain is checked."""
    first, _, third, last = chained(LISTS)
    result = verify(ListStorage([first, third, last]))
    assert [each[:2] for each in result.damages] == [(3, 3), (4, 5)]
    assert "missing" in result.damages[0].reason
    assert "cannot be checked" in result.damages[1].reason
    with pytest.raises(JournalDamagedError, match="some are missing"):
        list(checked_batches(ListStorage([first, third, last])))


def test_batch_that_comes_twice_is_told() -> None:
    """Numbers are given once."""
    batches = chained(LISTS)
    found = verify(ListStorage([*batches[:2], batches[1], *batches[2:]])).damages
    assert found[0] == Damage(3, 3, "their hash does not fit what stands there")
    assert "given to other entries" in found[1].reason


def test_batches_that_changed_places_are_told() -> None:
    """Order is part of what was written."""
    first, second, third, last = chained(LISTS)
    with pytest.raises(JournalDamagedError):
        list(checked_batches(ListStorage([first, third, second, last])))
    assert verify(ListStorage([first, third, second, last])).damages


def test_batch_with_a_good_hash_over_runs_that_do_not_fit_is_told() -> None:
    """A hash says what was written, not that it made sense."""
    (batch,) = chained([LISTS[0]])
    odd = batch._replace(fixed=batch.fixed[:-1])
    odd = odd._replace(hash=batch_hash(GENESIS, odd))
    (damage,) = verify(ListStorage([odd])).damages
    assert damage == Damage(
        1, 2, "the run of fixed-layout entries has another length than its entries"
    )


def test_inspection_sees_sound_batches_and_can_refuse_them() -> None:
    """What the journal does not know of its entries, its reader may check on the way."""
    seen: list[int] = []

    def inspect(batch: Batch) -> str | None:
        seen.append(batch.first_sequence)
        return "odd" if batch.first_sequence == 3 else None

    assert verify(ListStorage(chained(LISTS)), inspect=inspect).damages == (Damage(3, 3, "odd"),)
    assert seen == [1, 3, 4, 6]


def test_progress_is_told_to_the_end() -> None:
    """The last number told is the journal's last."""
    told: list[int] = []
    verify(ListStorage(chained(LISTS)), told.append)
    assert told == [2, 3, 5, 6]


def test_d07_snapshots_are_held_against_the_chain() -> None:
    """Sound, damaged, of another journal, and newer than the journal: each is told apart."""
    batches = chained(LISTS)
    good = Snapshot(3, batches[1].hash, sealed(b"state"))
    damaged = good._replace(state=good.state[:-1] + b"?")
    foreign = good._replace(hash=bytes(32))
    newer = Snapshot(60, bytes(32), sealed(b"state"))
    between = good._replace(sequence=4)
    assert verify(ListStorage(batches, [good])).damages == ()
    for snapshot in (damaged, foreign, newer, between):
        (damage,) = verify(ListStorage(batches, [snapshot])).damages
        assert damage.first_sequence == snapshot.sequence
        assert "snapshot" in damage.reason


def test_empty_journal_is_sound() -> None:
    """Nothing is wrong with a journal in which nothing stands yet."""
    result = verify(ListStorage([]))
    assert (result.entries, result.damages, result.last_hash) == (0, (), GENESIS)
