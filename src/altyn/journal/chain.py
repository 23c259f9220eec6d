"""Verification of the chain of hashes, batch by batch.

`checked_batches` stops at the first fault: nothing may be built on what is not sound.
`verify` goes on behind a fault and finds every one. It can, because a batch names neither
more nor less than the hash before it: when the batch after a damaged one fits either the
hash stored there or the hash of what stands there, the damage ends before it.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from altyn.journal.entry import FIXED_KIND, Batch, Damage, JournalDamagedError, batch_hash
from altyn.journal.storage import Storage

_LENGTH: Final = struct.Struct("<I")

Inspection = Callable[[Batch], str | None]
"""Looks into a sound batch for what the journal itself does not know; gives a defect or None."""


class Verified(NamedTuple):
    """What a verification went through, and what it found.

    first_us and last_us: when the first and the last batch were written, UTC microseconds,
    0 for an empty journal; last_hash: at last_sequence; snapshots: how many are kept;
    damages: in order, none when sound.
    """

    batches: int
    entries: int
    snapshots: int
    last_sequence: int
    last_hash: bytes
    first_us: int
    last_us: int
    damages: tuple[Damage, ...]


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


def checked_batches_from(storage: Storage, sequence: int) -> Iterator[Batch]:
    """Checked batches from the one on that holds an entry, trusting the hash before it.

    None when the journal ends before that entry. Raises JournalDamagedError.
    """
    holder = next(storage.batches(sequence), None) if sequence > 1 else None
    if holder is None or holder.first_sequence == 1:
        return checked_batches(storage) if sequence <= 1 or holder else iter(())
    first = min(holder.first_sequence, sequence)
    before = next(storage.batches(first - 1))
    if before.last_sequence != first - 1:
        raise JournalDamagedError(f"entry {first - 1} should come here: some are missing", before)
    return checked_batches(storage, first, before.hash)


def structure_defect(batch: Batch, record_bytes: int) -> str | None:
    """Why the runs of a batch do not make up its entries, or None when they do.

    Says the same as reading every entry, without a step for each fixed-layout one.
    """
    kinds = batch.kinds
    if not kinds:
        return "a batch without entries"
    fixed = kinds.count(FIXED_KIND)
    if len(batch.fixed) != fixed * record_bytes:
        return "the run of fixed-layout entries has another length than its entries"
    variable = batch.variable
    at, size, left = 0, len(variable), len(kinds) - fixed
    while left and at + 4 <= size:
        at += 4 + _LENGTH.unpack_from(variable, at)[0]
        left -= 1
    if left or at > size:
        return "an entry ends early"
    return "bytes are left over behind the last entry" if at != size else None


def verify(
    storage: Storage,
    progress: Callable[[int], None] | None = None,
    inspect: Inspection | None = None,
) -> Verified:
    """Check the whole journal as it stands now: chain, sequence, entries, snapshots.

    Calls `progress` with each last sequence. Goes on behind damage, so that all of it is
    found; raises nothing for it.
    """
    walk = _Walk(storage, inspect)
    try:
        snapshots = storage.snapshots()
    except JournalDamagedError as error:
        snapshots = []
        walk.damages.append(error.damage)
    end = storage.end()
    hashes = {0: storage.genesis}
    wanted = {snapshot.sequence for snapshot in snapshots}
    for batch in walk.batches(end.sequence):
        walk.check(batch)
        if batch.last_sequence in wanted:
            hashes[batch.last_sequence] = batch.hash
        if progress is not None:
            progress(batch.last_sequence)
    for snapshot in snapshots:
        reason = None
        if not snapshot.intact:
            reason = "the snapshot's checksum does not fit (the entries may be sound)"
        elif hashes.get(snapshot.sequence) != snapshot.hash:
            reason = "the snapshot is not of this journal, or newer than its end (D07)"
        if reason is not None:
            walk.damages.append(Damage(snapshot.sequence, snapshot.sequence, reason))
    return walk.verified(len(snapshots))


class _Walk:
    """One way through the journal: what should come next, and what was wrong so far."""

    def __init__(self, storage: Storage, inspect: Inspection | None) -> None:
        self._storage = storage
        self._record_bytes = storage.record_bytes
        self._inspect = inspect
        self._expected = 1
        # What the next batch may be chained to; None when the batch before it is lost.
        self._previous: tuple[bytes, ...] | None = (storage.genesis,)
        self._batches = self._entries = self._first_us = self._last_us = 0
        self._last_hash = storage.genesis
        self.damages: list[Damage] = []

    def batches(self, last_sequence: int) -> Iterator[Batch]:
        """Batches up to an entry; where bytes cannot be read, the ones behind them."""
        start = 1
        while start <= last_sequence:
            try:
                for batch in self._storage.batches(start):
                    if batch.first_sequence > last_sequence:
                        return
                    yield batch
                return
            except JournalDamagedError as error:
                self.damages.append(error.damage)
                start = error.damage.last_sequence + 1
                self._expected = max(start, self._expected)
                self._previous = None

    def check(self, batch: Batch) -> None:
        """Hold a batch against the one before it."""
        first, last = batch.first_sequence, batch.last_sequence
        if first > self._expected:
            self.damages.append(Damage(self._expected, first - 1, "these entries are missing"))
            self._previous = None
        elif first < self._expected:
            overlap = "their numbers were given to other entries too"
            self.damages.append(Damage(first, self._expected - 1, overlap))
        candidates = self._previous or ()
        matching = next(
            (each for each in candidates if batch_hash(each, batch) == batch.hash), None
        )
        if matching is not None:
            self._previous = (batch.hash,)
            reason = structure_defect(batch, self._record_bytes)
            if reason is None and self._inspect is not None:
                reason = self._inspect(batch)
        elif self._previous is None:
            self._previous = (batch.hash,)
            reason = "they cannot be checked: the hash before them is lost"
        else:
            self._previous = (batch.hash, *(batch_hash(each, batch) for each in candidates))
            reason = "their hash does not fit what stands there"
        if reason is not None:
            self.damages.append(Damage(first, max(first, last), reason))
        self._count(batch)

    def _count(self, batch: Batch) -> None:
        self._batches += 1
        self._entries += len(batch.kinds)
        self._first_us = self._first_us or batch.written_us
        self._last_us = batch.written_us
        self._last_hash = batch.hash
        self._expected = max(self._expected, batch.last_sequence + 1)

    def verified(self, snapshots: int) -> Verified:
        """The result so far."""
        return Verified(
            self._batches,
            self._entries,
            snapshots,
            self._expected - 1,
            self._last_hash,
            self._first_us,
            self._last_us,
            tuple(sorted(self.damages)),
        )
