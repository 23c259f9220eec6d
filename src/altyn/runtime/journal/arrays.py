"""Arrays of Arrow from the bytes of a column, without a step per row.

Texts lie in the journal at fixed widths with blanks behind. Columns with few different values
become dictionaries first, so that blanks are cut and words are made once for each value.
"""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from altyn.card import PAN_DIGITS_MIN, STORED_PAN_BYTES
from altyn.runtime.journal.selection import Array

__all__ = ["dates", "dictionary", "fixed_size", "instants", "one_for_all", "pans", "strings"]

EARLIEST_DAY: Final = 19000101
ASCII_END: Final = 128
_BLANK: Final = ord(" ")
_FILLER: Final = 15


def _is_one_value(values: Array) -> bool:
    """Whether all are the same: each compared with the one before it, in one comparison."""
    if len(values) < 2:
        return True
    buffer = pa.py_buffer(values)
    width = values.itemsize if values.ndim == 1 else values.shape[1]
    rest = buffer.size - width
    return bool(buffer.slice(width, rest).equals(buffer.slice(0, rest)))


def one_for_all(text: str, rows: int) -> pa.DictionaryArray:
    """A column with one text in every row."""
    return pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), pa.array([text]))


def fixed_size(texts: Array) -> pa.Array:
    """A matrix of characters, a row for each text, as Arrow's fixed-size bytes."""
    rows, width = texts.shape
    buffer = pa.py_buffer(np.ascontiguousarray(texts))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), rows, [None, buffer])


def strings(texts: Array) -> pa.Array:
    """A matrix of characters as Arrow's strings, without the blanks behind them."""
    rows, width = texts.shape
    if rows > 1 and _is_one_value(texts):
        return pa.repeat(strings(texts[:1])[0], rows)
    assert not rows or texts.max() < ASCII_END, "the switch writes ASCII only"
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    buffers = pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(texts))
    found = pa.StringArray.from_buffers(rows, *buffers)
    if (texts[:, -1] != _BLANK).all():
        return found
    return pc.ascii_rtrim(found, characters=" ")


def dictionary(texts: Array) -> pa.DictionaryArray:
    """A matrix of characters as a dictionary of strings, without the blanks behind them."""
    # Many a column is the same text throughout; to see that costs less than to look each one up.
    if len(texts) and _is_one_value(texts):
        return pa.DictionaryArray.from_arrays(np.zeros(len(texts), np.int32), strings(texts[:1]))
    encoded = fixed_size(texts).dictionary_encode()
    # A fixed-size array of its own has no offset, and one buffer behind its validity.
    values = np.frombuffer(encoded.dictionary.buffers()[1], np.uint8)
    width = texts.shape[1]
    return pa.DictionaryArray.from_arrays(
        encoded.indices,
        strings(values[: len(encoded.dictionary) * width].reshape(-1, width)),
    )


def instants(values: Array, unit: str) -> pa.Array:
    """Counts of a unit since 1970, UTC; 0 is none."""
    missing = values == 0
    counts = pa.array(values.astype(np.int64, copy=False), mask=missing if missing.any() else None)
    return counts.view(pa.timestamp(unit, tz="UTC"))


def dates(days: Array) -> pa.Array:
    """YYYYMMDD as dates; a number before the year 1900 is none."""
    if len(days) > 1 and _is_one_value(days):
        return pa.repeat(dates(days[:1])[0], len(days))
    numbers = days.astype(np.int64)
    years = (numbers // 10_000 - 1970).astype("M8[Y]")
    months = years.astype("M8[M]") + (numbers // 100 % 100 - 1)
    found = months.astype("M8[D]") + (numbers % 100 - 1)
    return pa.array(found.astype(np.int64).astype(np.int32), pa.date32(), mask=days < EARLIEST_DAY)


_HALVES: Final = np.array(
    [
        (_BLANK if high == _FILLER else high + ord("0"))
        | (_BLANK if low == _FILLER else low + ord("0")) << 8
        for high in range(16)
        for low in range(16)
    ],
    dtype="<u2",
)
"""The two characters of each byte of a stored number: digits, and blanks for what fills it."""


def pans(sealed: Array, *, show: bool) -> pa.Array:
    """Stored card numbers as texts, masked unless `show`: the form of `altyn.card.mask`.

    A stored number is 20 half-bytes, digits and then F (`altyn.card.seal`).
    """
    stored = sealed.view(np.uint8).reshape(len(sealed), STORED_PAN_BYTES)
    texts = _HALVES[stored].view(np.uint8).reshape(len(stored), 2 * STORED_PAN_BYTES)
    if not show:
        _mask(texts)
    return strings(texts)


def _mask(texts: Array) -> None:
    """Put stars over all but the first six and last four of each number."""
    usual = int((texts[0] != _BLANK).sum()) if len(texts) else 0
    if (texts[:, usual:] == _BLANK).all() and (texts[:, :usual][:, -1:] != _BLANK).all():
        _mask_length(texts, slice(None), usual)
        return
    lengths = (texts != _BLANK).sum(axis=1, dtype=np.uint8)
    for length in np.unique(lengths):
        _mask_length(texts, lengths == length, int(length))


def _mask_length(texts: Array, rows: Array | slice, length: int) -> None:
    shown = 4 if length >= PAN_DIGITS_MIN else 0
    texts[rows, 6 if shown else 0 : length - shown] = ord("*")
