"""Which transactions of a journal are wanted, and their records as the journal gives them.

Group commits of a quiet hour hold a few entries each, so many of them are joined into one run
before a column is looked at: what is done for each commit is to read it and to check its hash.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from altyn.journal import FIXED_KIND, Batch, Storage, checked_batches_from
from altyn.transaction import Stage, entries

__all__ = [
    "FINISHED",
    "RECORD_TYPE",
    "Array",
    "CardForm",
    "Records",
    "Run",
    "Selection",
    "picked",
    "read_batches",
    "read_runs",
    "records_of",
]

RUN_ENTRIES: Final = 1 << 14
"""So many entries, and what the last commit has more, make a run: 6 MB."""

_NUMPY_CODES: Final = {"B": "u1", "I": "<u4", "Q": "<i8", "q": "<i8"}
"""Struct codes as NumPy writes them. Unsigned 64-bit columns hold money, instants and sequence
numbers, all far below 2^63; as signed ones every tool can read them."""

RECORD_TYPE: Final = np.dtype(
    {
        "names": [column.name for column in entries.COLUMNS],
        "formats": [
            f"S{column.width}" if column.code == "s" else _NUMPY_CODES[column.code]
            for column in entries.COLUMNS
        ],
        "offsets": [column.offset for column in entries.COLUMNS],
        "itemsize": entries.RECORD_BYTES,
    }
)
"""The layout of a record as a NumPy type."""

Records = npt.NDArray[np.void]
Array = npt.NDArray[Any]


class CardForm(Enum):
    """How much of a card is given."""

    MASKED = "masked"
    """First six and last four digits; no expiry date."""
    CLEAR = "clear"
    """Number and expiry date as they are: what comes out is card data."""
    SEALED = "sealed"
    """The number as `altyn.card.seal` keeps it, 10 bytes, to be compared; no expiry date."""


class Selection(NamedTuple):
    """Which entries, and what of them: by default finished ones, the card masked.

    Of the entries behind `after_sequence`, up to and with `last_sequence` (None: the end), only
    those are read and checked, from the group commit on that holds the first of them.
    columns: the names of those that are wanted, as in `entries.COLUMNS`; none: all.
    """

    business_day: int | None = None
    all_stages: bool = False
    card: CardForm = CardForm.MASKED
    after_sequence: int = 0
    last_sequence: int | None = None
    columns: tuple[str, ...] = ()

    def holds(self, sequence: int) -> bool:
        """Whether an entry is of the range of sequence numbers."""
        return self.after_sequence < sequence and (
            self.last_sequence is None or sequence <= self.last_sequence
        )


FINISHED: Final = Selection()
"""Finished entries of every day, the card masked."""


class Run(NamedTuple):
    """Entries of some group commits in a row: their kinds, and the fixed-layout ones."""

    first_sequence: int
    kinds: bytes
    fixed: bytes


def records_of(batch: Batch | Run) -> Records:
    """The fixed-layout entries of a batch as an array; nothing is copied."""
    return np.frombuffer(batch.fixed, RECORD_TYPE)


def read_batches(
    storage: Storage, selection: Selection, progress: Callable[[int], None] | None = None
) -> Iterator[Batch]:
    """Checked group commits with the entries of the selection's range, and some around them.

    Reads to where the journal ended when the reading began and calls `progress` with each last
    sequence. Raises JournalDamagedError.
    """
    end = storage.end().sequence
    if selection.last_sequence is not None:
        end = min(end, selection.last_sequence)
    if selection.after_sequence >= end:
        return
    for batch in checked_batches_from(storage, selection.after_sequence + 1):
        if batch.first_sequence > end:
            break
        yield batch
        if progress is not None:
            progress(batch.last_sequence)


def read_runs(
    storage: Storage, selection: Selection, progress: Callable[[int], None] | None = None
) -> Iterator[Run]:
    """What `read_batches` reads, joined into runs."""
    first, waiting = 0, 0
    kinds: list[bytes] = []
    fixed: list[bytes] = []
    for batch in read_batches(storage, selection, progress):
        if not waiting:
            first = batch.first_sequence
        kinds.append(batch.kinds)
        fixed.append(batch.fixed)
        waiting += len(batch.kinds)
        if waiting >= RUN_ENTRIES:
            yield Run(first, b"".join(kinds), b"".join(fixed))
            kinds, fixed, waiting = [], [], 0
    if waiting:
        yield Run(first, b"".join(kinds), b"".join(fixed))


def picked(run: Run, selection: Selection) -> tuple[Array, Array]:
    """The sequence numbers of the selected records of a run, and their places in it."""
    records = records_of(run)
    sequences = np.flatnonzero(np.frombuffer(run.kinds, np.uint8) == FIXED_KIND)
    sequences += run.first_sequence
    keep = sequences > selection.after_sequence
    if selection.last_sequence is not None:
        keep &= sequences <= selection.last_sequence
    if not selection.all_stages:
        keep &= records["stage"] == Stage.FINISHED
    if selection.business_day is not None:
        keep &= records["business_day"] == selection.business_day
    places = np.flatnonzero(keep)
    return sequences[places], places
