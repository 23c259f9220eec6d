"""Transaction entries as columns: from the journal's bytes to Arrow without a step per row.

The fixed run of a batch is an array of records, so NumPy reads it where it lies; texts go to
Arrow as fixed-size bytes. Columns with few different values become dictionaries first, so
that blanks are cut and words are made once for each value and not once for each row.

The columns are those of `altyn.transaction.entries`, in their order, with `sequence` in
front; what differs is told in the table of docs/reference/entries.md.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from altyn.card import PAN_DIGITS_MIN, STORED_PAN_BYTES
from altyn.journal import FIXED_KIND, Batch, Storage, checked_batches
from altyn.runtime.journal.ahead import read_ahead
from altyn.transaction import Flag, Kind, Outcome, Stage, entries

__all__ = [
    "FINISHED",
    "RECORD_TYPE",
    "ROWS_OF_A_BATCH",
    "Selection",
    "fixed_size",
    "read_transactions",
    "records_of",
    "schema",
    "word_of",
]

ROWS_OF_A_BATCH: Final = 1 << 16
"""So many rows make an Arrow batch and a Parquet row group: some 50 MB while it is made."""

BLOCK_ROWS: Final = 4096
"""Records are turned into columns in blocks that stay in the processor's cache."""

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
EARLIEST_DAY: Final = 19000101
_WORD_TYPE: Final = pa.dictionary(pa.int16(), pa.string())
_TEXT_TYPE: Final = pa.dictionary(pa.int32(), pa.string())
_DATE_TYPE: Final = pa.date32()
_BLANK: Final = ord(" ")
ASCII_END: Final = 128

Records = npt.NDArray[np.void]
Array = npt.NDArray[Any]


class Selection(NamedTuple):
    """Which entries, and how much of the card: by default finished ones, the card masked."""

    business_day: int | None = None
    all_stages: bool = False
    show_card_data: bool = False


FINISHED: Final = Selection()
"""Finished entries of every day, the card masked."""


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


def schema() -> pa.Schema:
    """The Arrow schema of `read_transactions`: a type for every column, money as integers."""
    return pa.schema(
        [pa.field("sequence", pa.int64())] + [_field(column) for column in entries.COLUMNS],
        metadata={"layout": "altyn transaction entries, format 1"},
    )


def _field(column: entries.Column) -> pa.Field:
    name, code = column.name, column.code
    if name in WORDS:
        return pa.field(name, _WORD_TYPE)
    if name in DATES:
        return pa.field(name, _DATE_TYPE)
    if name in INSTANTS:
        renamed, unit = INSTANTS[name]
        return pa.field(renamed, pa.timestamp(unit, tz="UTC"))
    if code == "s":
        return pa.field(name, pa.string() if name in UNLIKE or name == "pan" else _TEXT_TYPE)
    return pa.field(name, pa.int64() if code in "Qq" else pa.int32())


def records_of(batch: Batch) -> Records:
    """The fixed-layout entries of a batch as an array; nothing is copied."""
    return np.frombuffer(batch.fixed, RECORD_TYPE)


def read_transactions(
    storage: Storage,
    selection: Selection = FINISHED,
    progress: Callable[[int], None] | None = None,
    rows_max: int = ROWS_OF_A_BATCH,
) -> Iterator[pa.RecordBatch]:
    """The selected transactions in order, rows_max rows at a time, by `schema()`.

    Every batch of the journal is checked against its chain before a row of it is given out;
    raises JournalDamagedError when it does not hold. Reads to where the journal ended when
    the reading began and calls `progress` with each last sequence.
    """
    with closing(read_ahead(_blocks(storage, selection, progress, rows_max), 1)) as blocks:
        for sequences, records in blocks:
            yield _columns(sequences, records, selection)


def _blocks(
    storage: Storage,
    selection: Selection,
    progress: Callable[[int], None] | None,
    rows_max: int,
) -> Iterator[tuple[Array, Records]]:
    """The selected records and their sequence numbers, rows_max at a time."""
    end = storage.end().sequence
    pieces: list[tuple[Array, Records]] = []
    waiting = 0
    for batch in checked_batches(storage):
        if batch.first_sequence > end:
            break
        pieces.append(_selected(batch, selection))
        waiting += len(pieces[-1][1])
        if waiting >= rows_max:
            sequences, records = _joined(pieces)
            while waiting >= rows_max:
                yield sequences[:rows_max], records[:rows_max]
                sequences, records = sequences[rows_max:], records[rows_max:]
                waiting = len(records)
            pieces = [(sequences, records)]
        if progress is not None:
            progress(batch.last_sequence)
    if waiting:
        yield _joined(pieces)


def _joined(pieces: Iterable[tuple[Array, Records]]) -> tuple[Array, Records]:
    sequences, records = zip(*pieces, strict=True)
    joined = np.concatenate([each.view(_RAW) for each in records]).view(RECORD_TYPE)
    return np.concatenate(sequences), joined


_RAW: Final = np.dtype(f"V{entries.RECORD_BYTES}")


def _selected(batch: Batch, selection: Selection) -> tuple[Array, Records]:
    records = records_of(batch)
    kinds = np.frombuffer(batch.kinds, np.uint8)
    sequences = np.flatnonzero(kinds == FIXED_KIND) + batch.first_sequence
    if not selection.all_stages:
        keep = records["stage"] == Stage.FINISHED
        if selection.business_day is not None:
            keep &= records["business_day"] == selection.business_day
    elif selection.business_day is not None:
        keep = records["business_day"] == selection.business_day
    else:
        return sequences, records
    # As raw bytes a record is copied at once, as a structure field by field.
    return sequences[keep], records.view(_RAW)[keep].view(RECORD_TYPE)


def _columns(sequences: Array, records: Records, selection: Selection) -> pa.RecordBatch:
    values = _transposed(records)
    arrays = [pa.array(sequences, pa.int64())]
    for column in entries.COLUMNS:
        arrays.append(_arrow(column, values[column.name], selection))
    return pa.RecordBatch.from_arrays(arrays, schema=schema())


def _transposed(records: Records) -> dict[str, Array]:
    """One array for each column, filled block by block."""
    count = len(records)
    columns = {name: np.empty(count, RECORD_TYPE[name]) for name in RECORD_TYPE.names or ()}
    for start in range(0, count, BLOCK_ROWS):
        block = records[start : start + BLOCK_ROWS]
        for name, target in columns.items():
            target[start : start + BLOCK_ROWS] = block[name]
    return columns


def _arrow(column: entries.Column, values: Array, selection: Selection) -> pa.Array:
    name = column.name
    if name in WORDS:
        return pa.DictionaryArray.from_arrays(values.astype(np.int16), _DICTIONARIES[name])
    if name in DATES:
        return _dates(values)
    if name in INSTANTS:
        unit = INSTANTS[name][1]
        instants = pa.array(values.astype(np.int64), mask=values == 0)
        return instants.cast(pa.timestamp(unit, tz="UTC"))
    if name == entries.PAN_COLUMN:
        return _pans(values, selection.show_card_data)
    if name == "expiry" and not selection.show_card_data:
        indices = np.zeros(len(values), np.int32)
        return pa.DictionaryArray.from_arrays(indices, pa.array([MASKED_EXPIRY]))
    if column.code == "s":
        texts = values.view(np.uint8).reshape(len(values), column.width)
        return _strings(texts) if name in UNLIKE else _dictionary(texts)
    return pa.array(values.astype(np.int64 if column.code in "Qq" else np.int32, copy=False))


def fixed_size(texts: Array) -> pa.Array:
    """A matrix of characters, a row for each text, as Arrow's fixed-size bytes."""
    rows, width = texts.shape
    buffer = pa.py_buffer(np.ascontiguousarray(texts))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), rows, [None, buffer])


def _strings(texts: Array) -> pa.Array:
    """A matrix of characters as Arrow's strings, without the blanks behind them."""
    rows, width = texts.shape
    assert not rows or texts.max() < ASCII_END, "the switch writes ASCII only"
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    buffers = pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(texts))
    strings = pa.StringArray.from_buffers(rows, *buffers)
    if (texts[:, -1] != _BLANK).all():
        return strings
    return pc.ascii_rtrim(strings, characters=" ")


def _dictionary(texts: Array) -> pa.Array:
    # Many a column is the same text throughout; to see that costs less than to look each one up.
    if len(texts) and np.array_equal(texts[0], texts[-1]) and (texts == texts[0]).all():
        only = _strings(texts[:1])
        return pa.DictionaryArray.from_arrays(np.zeros(len(texts), np.int32), only)
    encoded = fixed_size(texts).dictionary_encode()
    values = np.frombuffer(b"".join(encoded.dictionary.to_pylist()), np.uint8)
    return pa.DictionaryArray.from_arrays(
        encoded.indices, _strings(values.reshape(-1, texts.shape[1]))
    )


def _dates(days: Array) -> pa.Array:
    """YYYYMMDD as dates; a number before the year 1900 is none."""
    numbers = days.astype(np.int64)
    years = (numbers // 10_000 - 1970).astype("M8[Y]")
    months = years.astype("M8[M]") + (numbers // 100 % 100 - 1)
    dates = months.astype("M8[D]") + (numbers % 100 - 1)
    return pa.array(dates.astype(np.int64).astype(np.int32), _DATE_TYPE, mask=days < EARLIEST_DAY)


def _pans(sealed: Array, show: bool) -> pa.Array:
    """Card numbers as texts, masked unless `show`: the form of `altyn.card.mask`.

    A stored number is 20 half-bytes, digits and then F (`altyn.card.seal`).
    """
    stored = sealed.view(np.uint8).reshape(len(sealed), STORED_PAN_BYTES)
    halves = np.empty((len(stored), 2 * STORED_PAN_BYTES), np.uint8)
    halves[:, 0::2] = stored >> 4
    halves[:, 1::2] = stored & 15
    lengths = (halves < 15).sum(axis=1, dtype=np.uint8)
    texts = halves + ord("0")
    for length in np.unique(lengths):
        every = np.all(lengths == length)
        rows = slice(None) if every else lengths == length
        texts[rows, length:] = _BLANK
        if not show:
            shown = 4 if length >= PAN_DIGITS_MIN else 0
            texts[rows, 6 if shown else 0 : length - shown] = ord("*")
    return _strings(texts)
