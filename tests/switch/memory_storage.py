"""A journal in memory that keeps every promise of a store but the one about power cuts."""

from collections.abc import Iterator

from altyn.journal import Batch, BatchBuilder, Position, Snapshot, genesis_hash
from altyn.switch import Record
from altyn.transaction import entries


class MemoryStorage:
    """Batches in a list."""

    def __init__(self) -> None:
        self.record_bytes = entries.RECORD_BYTES
        self.genesis = genesis_hash("TEST", self.record_bytes)
        self._batches: list[Batch] = []
        self._references: dict[int, list[int]] = {}
        self._snapshots: list[Snapshot] = []

    def write(self, records: list[Record]) -> None:
        """Keep the records of one step as one group commit."""
        if not records:
            return
        builder = BatchBuilder(self.end().sequence + 1)
        for record in records:
            builder.append(*record)
        self.append(builder.seal(self.end().hash, 0))

    def end(self) -> Position:
        """Where it ends."""
        if not self._batches:
            return Position(0, self.genesis)
        return Position(self._batches[-1].last_sequence, self._batches[-1].hash)

    def append(self, batch: Batch) -> None:
        """Keep a batch."""
        assert batch.first_sequence == self.end().sequence + 1
        self._batches.append(batch)
        for refers_to, sequence in batch.references:
            self._references.setdefault(refers_to, []).append(sequence)

    def batches(self, from_sequence: int = 1) -> Iterator[Batch]:
        """Batches from the one with an entry on."""
        return (batch for batch in self._batches if batch.last_sequence >= from_sequence)

    def batches_spanning(self, value: int) -> Iterator[Batch]:
        """Batches whose span includes a value, newest first."""
        return (
            batch for batch in reversed(self._batches) if batch.span_low <= value <= batch.span_high
        )

    def references_to(self, sequence: int) -> list[int]:
        """Entries that refer to one."""
        return self._references.get(sequence, [])

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot."""
        self._snapshots.append(snapshot)

    def latest_snapshot(self) -> Snapshot | None:
        """The newest snapshot."""
        return self._snapshots[-1] if self._snapshots else None

    def snapshots(self) -> list[Snapshot]:
        """Every snapshot, newest first."""
        return self._snapshots[::-1]

    def close(self) -> None:
        """Nothing to let go of."""
