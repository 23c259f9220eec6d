"""Generators and a store in memory for tests of the journal."""

from collections.abc import Iterator, Sequence

from hypothesis import strategies as st

from altyn.journal import (
    FIXED_KIND,
    Batch,
    BatchBuilder,
    Position,
    Snapshot,
    genesis_hash,
)

RECORD_BYTES = 12
GENESIS = genesis_hash("MEMORY", RECORD_BYTES)

_fixed = st.tuples(st.just(FIXED_KIND), st.binary(min_size=RECORD_BYTES, max_size=RECORD_BYTES))
_variable = st.tuples(st.sampled_from((2, 3, 200)), st.binary(max_size=40))
entry_lists: st.SearchStrategy[list[tuple[int, bytes]]] = st.lists(
    st.one_of(_fixed, _variable), min_size=1, max_size=12
)


def built(entries: Sequence[tuple[int, bytes]], first: int = 1, previous: bytes = GENESIS) -> Batch:
    """A batch of these entries, chained to a hash."""
    builder = BatchBuilder(first)
    for kind, body in entries:
        builder.append(kind, body, span=len(body))
    return builder.seal(previous, 1_000_000 + first)


def chained(lists: Sequence[Sequence[tuple[int, bytes]]]) -> list[Batch]:
    """Batches of these entries, each chained to the one before."""
    batches: list[Batch] = []
    first, previous = 1, GENESIS
    for entries in lists:
        batches.append(built(entries, first, previous))
        first, previous = batches[-1].last_sequence + 1, batches[-1].hash
    return batches


class ListStorage:
    """Batches that can be put there in any condition: what a damaged store gives out."""

    record_bytes = RECORD_BYTES
    genesis = GENESIS

    def __init__(self, batches: Sequence[Batch], snapshots: Sequence[Snapshot] = ()) -> None:
        """Hold these."""
        self._batches = list(batches)
        self._snapshots = list(snapshots)

    def end(self) -> Position:
        """Where the last batch ends."""
        if not self._batches:
            return Position(0, GENESIS)
        return Position(self._batches[-1].last_sequence, self._batches[-1].hash)

    def batches(self, from_sequence: int = 1) -> Iterator[Batch]:
        """The batches from the one on that holds an entry."""
        return (batch for batch in self._batches if batch.last_sequence >= from_sequence)

    def snapshots(self) -> list[Snapshot]:
        """The snapshots, as given."""
        return self._snapshots

    def latest_snapshot(self) -> Snapshot | None:
        """The first of them."""
        return self._snapshots[0] if self._snapshots else None

    def append(self, batch: Batch) -> None:
        """Keep one more."""
        self._batches.append(batch)

    def batches_spanning(self, value: int) -> Iterator[Batch]:
        """Batches whose span holds a value, newest first."""
        found = [each for each in self._batches if each.span_low <= value <= each.span_high]
        return reversed(found)

    def references_to(self, sequence: int) -> list[int]:
        """What refers to an entry."""
        pairs = (pair for batch in self._batches for pair in batch.references)
        return [later for earlier, later in pairs if earlier == sequence]

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep one more, in front."""
        self._snapshots.insert(0, snapshot)

    def close(self) -> None:
        """Nothing to let go of."""
