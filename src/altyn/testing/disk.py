"""A journal on a virtual disk: what is written, what is flushed, and what a crash leaves.

The disk outlives the process; a VirtualStorage is one process's view of it. What was written
and not flushed may survive a crash whole, torn, or not at all; a torn batch is found by its
hash when the disk is opened again, and dropped (D03, D06).
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from random import Random

from altyn.journal import Batch, Position, Snapshot, WrongJournalError, batch_hash, genesis_hash
from altyn.transaction import entries

__all__ = ["VirtualDisk", "VirtualStorage"]

SNAPSHOTS_KEPT = 2
PERIOD_BITS = 4
"""Batches are found by periods of 16 seconds; the longest span that was seen has some thousand."""


class VirtualDisk:
    """Batches and snapshots as they lie on the disk."""

    def __init__(self, scheme_id: str) -> None:
        """An empty disk."""
        self.record_bytes = entries.RECORD_BYTES
        self.genesis = genesis_hash(scheme_id, self.record_bytes)
        self.batches: list[Batch] = []
        self.first_sequences: list[int] = []
        self.spanning: dict[int, list[Batch]] = {}
        self.references: dict[int, list[int]] = {}
        self.snapshots: list[Snapshot] = []
        self.unflushed: Batch | None = None
        self.end = Position(0, self.genesis)
        """The end of what is flushed."""

    def write(self, batch: Batch) -> None:
        """Write a batch behind the last one; it is not safe yet."""
        assert self.unflushed is None, "one batch at a time"
        if batch.first_sequence != self.end.sequence + 1:
            raise WrongJournalError("the batch does not follow the last one")
        self.unflushed = batch

    def flush(self) -> Batch | None:
        """What was written is safe now."""
        batch, self.unflushed = self.unflushed, None
        if batch is not None:
            self.batches.append(batch)
            self.end = Position(batch.last_sequence, batch.hash)
            self.first_sequences.append(batch.first_sequence)
            for period in range(
                batch.span_low >> PERIOD_BITS, (batch.span_high >> PERIOD_BITS) + 1
            ):
                self.spanning.setdefault(period, []).append(batch)
            for refers_to, sequence in batch.references:
                self.references.setdefault(refers_to, []).append(sequence)
        return batch

    def crash(self, dice: Random, torn: bool) -> Batch | None:
        """Power is gone: what was not flushed survives or not. Gives a batch that did."""
        batch = self.unflushed
        if batch is None:
            return None
        if torn:
            self.unflushed = _torn(batch, dice)
        elif dice.random() < 0.5:
            self.unflushed = None
        return self._check_tail()

    def _check_tail(self) -> Batch | None:
        """Opening a disk: the last batch counts only if its hash fits what is there (D03)."""
        batch = self.unflushed
        if batch is None:
            return None
        if batch_hash(self.end.hash, batch) != batch.hash:
            self.unflushed = None
            return None
        return self.flush()


def _torn(batch: Batch, dice: Random) -> Batch:
    """A batch of which only the first bytes reached the disk; the rest are zeros."""
    if batch.fixed:
        kept = dice.randrange(len(batch.fixed))
        fixed = batch.fixed[:kept].ljust(len(batch.fixed), b"\0")
        if fixed != batch.fixed:
            return batch._replace(fixed=fixed)
    kept = dice.randrange(len(batch.kinds))
    return batch._replace(kinds=batch.kinds[:kept].ljust(len(batch.kinds), b"\0"))


class VirtualStorage:
    """The Storage of one process over a disk; see `altyn.journal.Storage` for what it promises."""

    def __init__(self, disk: VirtualDisk, read: Callable[[], None] | None = None) -> None:
        """Open the disk; `read` is called once for every batch that is read."""
        self._disk = disk
        self._read = read
        self.record_bytes = disk.record_bytes
        self.genesis = disk.genesis

    def end(self) -> Position:
        """Where it ends."""
        return self._disk.end

    def append(self, batch: Batch) -> None:
        """Write and flush at once."""
        self._disk.write(batch)
        self._disk.flush()

    def batches(self, from_sequence: int = 1) -> Iterator[Batch]:
        """Batches from the one with an entry on."""
        disk = self._disk
        place = max(0, bisect_right(disk.first_sequences, from_sequence) - 1)
        while place < len(disk.batches):
            batch = disk.batches[place]
            place += 1
            if batch.last_sequence >= from_sequence:
                if self._read is not None:
                    self._read()
                yield batch

    def batches_spanning(self, value: int) -> Iterator[Batch]:
        """Batches whose span includes a value, newest first."""
        near = self._disk.spanning.get(value >> PERIOD_BITS, ())
        return (batch for batch in reversed(near) if batch.span_low <= value <= batch.span_high)

    def references_to(self, sequence: int) -> list[int]:
        """Entries that refer to one."""
        return self._disk.references.get(sequence, [])

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot and the one before it."""
        self._disk.snapshots = [*self._disk.snapshots, snapshot][-SNAPSHOTS_KEPT:]

    def latest_snapshot(self) -> Snapshot | None:
        """The newest snapshot."""
        return self._disk.snapshots[-1] if self._disk.snapshots else None

    def snapshots(self) -> list[Snapshot]:
        """Every snapshot, newest first."""
        return self._disk.snapshots[::-1]

    def close(self) -> None:
        """Nothing to let go of."""
