"""Transaction entries as columns: from the journal's bytes to Arrow without a step per row.

The columns are those of `altyn.transaction.entries`, in their order, with `sequence` in
front; what differs is told in the table of docs/reference/entries.md.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Final

import numpy as np
import pyarrow as pa

from altyn.card import STORED_PAN_BYTES
from altyn.journal import Storage
from altyn.runtime.journal import arrays
from altyn.runtime.journal.ahead import read_ahead
from altyn.runtime.journal.selection import (
    FINISHED,
    RECORD_TYPE,
    Array,
    CardForm,
    Run,
    Selection,
    picked,
    read_runs,
    records_of,
)
from altyn.transaction import Flag, Kind, Outcome, Stage, entries

__all__ = [
    "DATES",
    "INSTANTS",
    "MASKED_EXPIRY",
    "ROWS_OF_A_BATCH",
    "WORDS",
    "read_transactions",
    "schema",
    "word_of",
]

ROWS_OF_A_BATCH: Final = 1 << 16
"""So many rows make an Arrow batch and a Parquet row group: some 50 MB while it is made."""

BLOCK_ROWS: Final = 1024
"""Records are turned into columns in blocks that stay in the processor's cache."""

RUNS_AHEAD: Final = 4

INSTANTS: Final = {
    "received_us": ("received_at", "us"),
    "transmitted_s": ("transmitted_at", "s"),
    "finished_us": ("finished_at", "us"),
}
WORDS: Final = ("kind", "flags", "stage", "outcome")
DATES: Final = ("business_day",)
UNLIKE: Final = frozenset(
    {"stan", "transmission", "rrn", "original", "issuer_original", "authorization_code"}
)
"""Texts that differ from row to row: a dictionary of them would be as long as the column."""

MASKED_EXPIRY: Final = "****"
_WORD_TYPE: Final = pa.dictionary(pa.int16(), pa.string())
_TEXT_TYPE: Final = pa.dictionary(pa.int32(), pa.string())
_RAW: Final = np.dtype(f"V{entries.RECORD_BYTES}")


def word_of(name: str, number: int) -> str:
    """The word for a number of one of the columns kind, flags, stage and outcome."""
    if name == "flags":
        bits = [word for word, bit in _FLAG_BITS.items() if number & bit]
        return " ".join(bits)
    if name == "stage":
        return {Stage.STARTED: "started", Stage.FINISHED: "finished"}.get(number, f"stage-{number}")
    if number == 0:
        return ""
    numbers: type[Kind] | type[Outcome] = Kind if name == "kind" else Outcome
    try:
        return numbers(number).name.lower()
    except ValueError:
        return f"{name}-{number}"


_FLAG_BITS: Final = {
    name.lower(): value for name, value in vars(Flag).items() if isinstance(value, int)
}
_DICTIONARIES: Final = {
    name: pa.array([word_of(name, number) for number in range(256)]) for name in WORDS
}


def schema(selection: Selection = FINISHED) -> pa.Schema:
    """The Arrow schema of `read_transactions`: a type for every column, money as integers."""
    return pa.schema(
        [pa.field("sequence", pa.int64(), nullable=False)]
        + [_field(column, selection) for column in _columns_of(selection)],
        metadata={"layout": "altyn transaction entries, format 1"},
    )


def _columns_of(selection: Selection) -> list[entries.Column]:
    wanted = selection.columns
    unknown = set(wanted) - set(RECORD_TYPE.names or ())
    assert not unknown, f"no columns of an entry: {', '.join(sorted(unknown))}"
    return [column for column in entries.COLUMNS if not wanted or column.name in wanted]


def _field(column: entries.Column, selection: Selection) -> pa.Field:
    name, code = column.name, column.code
    if name in DATES:
        return pa.field(name, pa.date32())
    if name in INSTANTS:
        renamed, unit = INSTANTS[name]
        return pa.field(renamed, pa.timestamp(unit, tz="UTC"))
    if name in WORDS:
        kind = _WORD_TYPE
    elif name == entries.PAN_COLUMN:
        sealed = selection.card is CardForm.SEALED
        kind = pa.binary(STORED_PAN_BYTES) if sealed else pa.string()
    elif code == "s":
        kind = pa.string() if name in UNLIKE else _TEXT_TYPE
    else:
        kind = pa.int64() if code in "Qq" else pa.int32()
    return pa.field(name, kind, nullable=False)


def read_transactions(
    storage: Storage,
    selection: Selection = FINISHED,
    progress: Callable[[int], None] | None = None,
    rows_max: int = ROWS_OF_A_BATCH,
) -> Iterator[pa.RecordBatch]:
    """The selected transactions in order, rows_max rows at a time, by `schema(selection)`.

    Every group commit that is read is checked against the one before it before a row of it is
    given out; raises JournalDamagedError when it does not hold. Reads to where the journal
    ended when the reading began and calls `progress` with each last sequence.
    """
    columns = _columns_of(selection)
    form = schema(selection)
    with closing(read_ahead(read_runs(storage, selection, progress), RUNS_AHEAD)) as runs:
        for sequences, values in _filled(
            runs, selection, [each.name for each in columns], rows_max
        ):
            made = [_array(each, values[each.name], selection.card) for each in columns]
            yield pa.RecordBatch.from_arrays([pa.array(sequences), *made], schema=form)


Values = dict[str, Array]


def _filled(
    runs: Iterable[Run], selection: Selection, names: list[str], rows_max: int
) -> Iterator[tuple[Array, Values]]:
    """The selected sequence numbers and the values of each column, rows_max at a time."""

    def empty() -> tuple[Array, Values]:
        values = {name: np.empty(rows_max, RECORD_TYPE[name]) for name in names}
        return np.empty(rows_max, np.int64), values

    sequences, values = empty()
    rows = 0
    for run in runs:
        found, places = picked(run, selection)
        records = records_of(run).view(_RAW)
        at = 0
        while at < len(found):
            count = min(BLOCK_ROWS, rows_max - rows, len(found) - at)
            # As raw bytes a record is copied at once, as a structure field by field.
            block = records[places[at : at + count]].view(RECORD_TYPE)
            sequences[rows : rows + count] = found[at : at + count]
            for name, target in values.items():
                target[rows : rows + count] = block[name]
            at += count
            rows += count
            if rows == rows_max:
                yield sequences, values
                sequences, values = empty()
                rows = 0
    if rows:
        yield sequences[:rows], {name: target[:rows] for name, target in values.items()}


def _array(column: entries.Column, values: Array, card: CardForm) -> pa.Array:
    name = column.name
    if name in WORDS:
        return pa.DictionaryArray.from_arrays(values.astype(np.int16), _DICTIONARIES[name])
    if name in DATES:
        return arrays.dates(values)
    if name in INSTANTS:
        return arrays.instants(values, INSTANTS[name][1])
    if column.code != "s":
        return pa.array(values.astype(np.int64 if column.code in "Qq" else np.int32, copy=False))
    if name == "expiry" and card is not CardForm.CLEAR:
        return arrays.one_for_all(MASKED_EXPIRY, len(values))
    if name == entries.PAN_COLUMN and card is not CardForm.SEALED:
        return arrays.pans(values, show=card is CardForm.CLEAR)
    texts = values.view(np.uint8).reshape(len(values), column.width)
    if name == entries.PAN_COLUMN:
        return arrays.fixed_size(texts)
    return arrays.strings(texts) if name in UNLIKE else arrays.dictionary(texts)
