"""Verification of the chain of hashes, batch by batch."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from altyn.journal.entry import Batch, JournalDamagedError, batch_hash
from altyn.journal.storage import Storage


class Verified(NamedTuple):
    """What a verification went through."""

    batches: int
    entries: int
    last_sequence: int
    last_hash: bytes


def checked_batches(
    storage: Storage, from_sequence: int = 1, previous_hash: bytes | None = None
) -> Iterator[Batch]:
    """Batches in order, each checked against the one before it.

    from_sequence must be the first entry of a batch; previous_hash is the hash before it,
    by default the journal's genesis. Raises JournalDamagedError at the first batch that is
    not what was written: out of order, missing, or with other bytes.
    """
    expected = from_sequence
    previous = storage.genesis if previous_hash is None else previous_hash
    for batch in storage.batches(from_sequence):
        if batch.first_sequence != expected:
            raise JournalDamagedError(f"entry {expected} should come here: some are missing", batch)
        if batch_hash(previous, batch) != batch.hash:
            raise JournalDamagedError("their hash does not fit what stands there", batch)
        previous = batch.hash
        expected = batch.last_sequence + 1
        yield batch


def verify(storage: Storage, progress: Callable[[int], None] | None = None) -> Verified:
    """Check the whole journal, entries included; calls `progress` with each last sequence."""
    batches = entries = 0
    last_sequence, last_hash = 0, storage.genesis
    for batch in checked_batches(storage):
        for _ in batch.entries(storage.record_bytes):
            entries += 1
        batches += 1
        last_sequence, last_hash = batch.last_sequence, batch.hash
        if progress is not None:
            progress(last_sequence)
    return Verified(batches, entries, last_sequence, last_hash)
