"""The checks that every form shares, column by column: texts in, typed rows and rejections out.

A record is rejected for the first column that is wrong, in the order of `FILE_COLUMNS`, then for
what contradicts between columns. Nothing loops over records but the making of the rejections.
"""

import re
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from altyn.card import STORED_PAN_BYTES, seal_joined
from altyn.money import find_currency
from altyn.presentment.columns import (
    AMOUNT_DIGITS_MAX,
    CREDIT_CODES,
    FILE_COLUMNS,
    FUNCTIONS,
    MESSAGE_TYPE,
    PRESENTMENT_COLUMNS,
    Column,
)
from altyn.presentment.findings import Reason, Rejection
from altyn.presentment.manifest import Manifest, Tally

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

PARTS_MAX: Final = 99
YEAR_MIN: Final = 2000
_AMOUNT: Final = "^-?[0-9]{1,18}$"
_SMALL: Final = "^[0-9]{1,2}$"
_DIGITS_ONLY: Final = re.compile(r"\[0-9\]\{(\d+)\}")
_ARROW_TYPES: Final = {
    "text": pa.string(),
    "flag": pa.bool_(),
    "date": pa.date32(),
    "integer": pa.int64(),
}
_MONTH_DAYS: Final = np.array((0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31))


class Piece(NamedTuple):
    """Some records of a file: rows in form, by `presentment_schema`, and the others."""

    rows: pa.RecordBatch
    rejections: list[Rejection]


def presentment_schema() -> pa.Schema:
    """`PRESENTMENT_COLUMNS` in Arrow."""
    return pa.schema(
        [pa.field(c.name, _arrow_type(c), nullable=not c.required) for c in PRESENTMENT_COLUMNS]
    )


def _arrow_type(column: Column) -> pa.DataType:
    if column.type == "bytes":
        return pa.binary(column.width)
    return pa.int32() if column.name.startswith("part_") else _ARROW_TYPES[column.type]


def checked(
    texts: dict[str, pa.Array], numbers: Numbers, manifest: Manifest, tally: Tally
) -> Piece:
    """Checks the columns of some records, whose numbers are `numbers`, and counts them.

    `texts` has an array for each of `FILE_COLUMNS`, of strings; integers may come as such.
    """
    faults = _Faults(numbers)
    values: dict[str, Any] = dict(texts)
    for column in FILE_COLUMNS:
        if column.type == "integer":
            values[column.name] = _integers(column, texts[column.name], faults, values, tally)
        else:
            _check_text(column, texts[column.name], faults)
        _CHECKS.get(column.name, _no_more)(values, faults)
    _check_between(values, faults)
    tally.count += len(numbers)
    return Piece(_rows(values, faults, manifest), faults.rejections())


class _Faults:
    """The first fault of each record."""

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers
        self.kind: npt.NDArray[np.int16] = np.zeros(len(numbers), np.int16)
        self.kinds: list[tuple[Reason, str]] = []

    def mark(self, wrong: Flags, reason: Reason, field: str) -> None:
        """Records that are wrong and were not before."""
        if wrong.any():
            self.kinds.append((reason, field))
            self.kind[wrong & (self.kind == 0)] = len(self.kinds)

    @property
    def sound(self) -> Flags:
        """Records without a fault so far."""
        flags: Flags = self.kind == 0
        return flags

    def rejections(self) -> list[Rejection]:
        """One for each record with a fault, in their order."""
        return [
            Rejection(int(self.numbers[at]), *self.kinds[self.kind[at] - 1])
            for at in np.flatnonzero(self.kind)
        ]


def _flags(array: pa.Array) -> Flags:
    flags: Flags = pc.fill_null(array, False).to_numpy(zero_copy_only=False)
    return flags


def _check_text(column: Column, texts: pa.Array, faults: _Faults) -> None:
    absent = _flags(pc.is_null(texts)) if texts.null_count else np.zeros(len(texts), bool)
    if column.required:
        faults.mark(absent, Reason.MISSING, column.name)
    faults.mark(~_flags(_fits(column, texts)) & ~absent, Reason.FORM, column.name)


def _fits(column: Column, texts: pa.Array) -> pa.Array:
    digits = _DIGITS_ONLY.fullmatch(column.pattern)
    if digits is None:
        return pc.match_substring_regex(texts, f"^(?:{column.pattern})$")
    # The same as the pattern, at a tenth of its time.
    long_enough = pc.equal(pc.binary_length(texts), int(digits[1]))
    return pc.and_(pc.ascii_is_decimal(texts), long_enough)


def _integers(
    column: Column, given: pa.Array, faults: _Faults, values: dict[str, Any], tally: Tally
) -> pa.Array:
    """The column as int64, zero where it cannot be read."""
    absent = _flags(pc.is_null(given))
    faults.mark(absent, Reason.MISSING, column.name)
    if pa.types.is_integer(given.type):
        numbers, readable = pc.fill_null(given.cast(pa.int64()), 0), ~absent
    else:
        pattern = _AMOUNT if column.name == "amount" else _SMALL
        readable = _flags(pc.match_substring_regex(given, pattern))
        faults.mark(~readable & ~absent, Reason.FORM, column.name)
        kept = given if readable.all() else pc.if_else(pa.array(readable), given, "0")
        numbers = kept.cast(pa.int64())
    if column.name == "amount":
        _check_amounts(numbers, faults)
        _count(texts_currency=values["currency"], amounts=numbers, readable=readable, tally=tally)
    return numbers


def _check_amounts(amounts: pa.Array, faults: _Faults) -> None:
    value: Numbers = amounts.to_numpy()
    faults.mark(value <= 0, Reason.AMOUNT_NOT_POSITIVE, "amount")
    faults.mark(value >= 10**AMOUNT_DIGITS_MAX, Reason.AMOUNT_TOO_LONG, "amount")


def _count(texts_currency: pa.Array, amounts: pa.Array, readable: Flags, tally: Tally) -> None:
    """Holds for the trailer every amount that can be read, of rejected records, too."""
    value: Numbers = amounts.to_numpy()
    whole = readable & (abs(value) < 10**AMOUNT_DIGITS_MAX) & _flags(_known(texts_currency))
    tally.unreadable += int(len(whole) - whole.sum())
    keep = pa.array(whole)
    tally.add_columns(texts_currency.filter(keep), amounts.filter(keep))


def _known(currency: pa.Array) -> pa.Array:
    codes = [code for code in pc.unique(currency).to_pylist() if code is not None]
    known = [code for code in codes if (found := find_currency(code)) and found.numeric == code]
    return pc.is_in(currency, value_set=pa.array(known, pa.string()))


def _no_more(values: dict[str, Any], faults: _Faults) -> None:
    """The column has no check beyond its form."""


def _check_function(values: dict[str, Any], faults: _Faults) -> None:
    known = pc.is_in(values["function"], value_set=pa.array(FUNCTIONS))
    faults.mark(~_flags(known), Reason.FUNCTION, "function")


def _check_currency(values: dict[str, Any], faults: _Faults) -> None:
    faults.mark(~_flags(_known(values["currency"])), Reason.CURRENCY, "currency")


def _check_pan(values: dict[str, Any], faults: _Faults) -> None:
    """The check digit (ISO/IEC 7812-1, Annex B); zeros alone pass the sum and are no card."""
    texts = pc.if_else(pa.array(faults.sound), values["pan"], "0")
    digits = _matrix(pc.ascii_lpad(texts, 2 * STORED_PAN_BYTES, "0"), 2 * STORED_PAN_BYTES)
    doubled = digits[:, 0::2] * 2
    doubled -= (doubled > 9).astype(np.uint8) * 9
    total = digits[:, 1::2].sum(axis=1) + doubled.sum(axis=1)
    faults.mark((total % 10 != 0) | (total == 0), Reason.CARD_NUMBER, "pan")


def _matrix(texts: pa.Array, width: int) -> npt.NDArray[np.uint8]:
    """Digits of texts of one width, as numbers."""
    rows = len(texts)
    if not rows:
        return np.zeros((0, width), np.uint8)
    start = texts.offset * width
    data = np.frombuffer(texts.buffers()[2], np.uint8)[start : start + rows * width]
    digits: npt.NDArray[np.uint8] = data.reshape(rows, width) - np.uint8(ord("0"))
    return digits


def _as_numbers(texts: pa.Array, faults: _Faults) -> Numbers:
    """Digits as numbers; zero where the record is wrong already or the text absent."""
    keep = pa.array(faults.sound & ~_flags(pc.is_null(texts)))
    numbers: Numbers = pc.if_else(keep, texts, "0").cast(pa.int64()).to_numpy()
    return numbers


def _check_local_date(values: dict[str, Any], faults: _Faults) -> None:
    days, real = _days(_as_numbers(values["local_date"], faults))
    faults.mark(~real, Reason.DATE, "local_date")
    values["local_days"] = days


def _days(numbers: Numbers) -> tuple[Numbers, Flags]:
    """YYYYMMDD as days since 1970, and whether the calendar has the day."""
    year, month, day = numbers // 10_000, numbers // 100 % 100, numbers % 100
    possible = (year >= YEAR_MIN) & (month >= 1) & (month <= 12) & (day >= 1)
    months = (np.where(possible, year, YEAR_MIN) - 1970) * 12 + np.where(possible, month, 1) - 1
    first = months.astype("M8[M]").astype("M8[D]")
    days = first + (np.where(possible, day, 1) - 1)
    real: Flags = possible & (days.astype("M8[M]") == first.astype("M8[M]"))
    return days.astype(np.int64), real


def _check_local_time(values: dict[str, Any], faults: _Faults) -> None:
    real = _is_time(_as_numbers(values["local_time"], faults))
    faults.mark(~real, Reason.TIME, "local_time")


def _is_time(number: Numbers) -> Flags:
    flags: Flags = (number // 10_000 < 24) & (number // 100 % 100 < 60) & (number % 100 < 60)
    return flags


def _check_transmission(values: dict[str, Any], faults: _Faults) -> None:
    texts = values["transmission"]
    if texts.null_count == len(texts):
        return
    there = faults.sound & ~_flags(pc.is_null(texts))
    number = _as_numbers(texts, faults)
    month, day = number // 100_000_000, number // 1_000_000 % 100
    limit = _MONTH_DAYS[np.where(month <= 12, month, 0)]
    real = (day >= 1) & (day <= limit) & _is_time(number % 1_000_000)
    faults.mark(there & ~real, Reason.DATE, "transmission")


_CHECKS: Final = {
    "function": _check_function,
    "currency": _check_currency,
    "pan": _check_pan,
    "local_date": _check_local_date,
    "local_time": _check_local_time,
    "transmission": _check_transmission,
}


def _check_between(values: dict[str, Any], faults: _Faults) -> None:
    """What contradicts between columns."""
    prefixes = pc.utf8_slice_codeunits(values["processing_code"], 0, 2)
    credit = _flags(pc.is_in(prefixes, value_set=pa.array(CREDIT_CODES)))
    reversal = _flags(pc.equal(values["reversal"], "Y"))
    gives = _flags(pc.equal(values["direction"], "C"))
    faults.mark(gives != (credit ^ reversal), Reason.DIRECTION, "direction")
    part: Numbers = values["part_number"].to_numpy()
    parts: Numbers = values["part_count"].to_numpy()
    wrong = (part < 1) | (part > PARTS_MAX) | (parts < 0) | (parts > PARTS_MAX)
    wrong |= (parts > 0) & (part > parts)
    faults.mark(wrong, Reason.PART, "part_number")
    unnamed = _flags(pc.is_null(values["original_reference"]))
    faults.mark(reversal & unnamed, Reason.NO_ORIGINAL, "original_reference")
    values |= {"credit": credit, "reversal": reversal, "final": part == parts}


def _rows(values: dict[str, Any], faults: _Faults, manifest: Manifest) -> pa.RecordBatch:
    """The sound records as columns of `presentment_schema`."""
    sound = faults.sound
    count = int(sound.sum())
    keep = None if count == len(sound) else pa.array(sound)
    day = _days(np.array([manifest.business_day]))[0][0]
    said = {
        "file_id": pa.repeat(manifest.file_id, count),
        "acquirer_participant": pa.repeat(manifest.acquirer, count),
        "business_day": pa.repeat(pa.scalar(int(day), pa.int32()), count),
        "message_type": pa.repeat(MESSAGE_TYPE, count),
    }
    values |= {"record_number": faults.numbers, "local_date": values["local_days"].astype("i4")}
    columns = []
    for field in presentment_schema():
        if field.name in said:
            columns.append(said[field.name].cast(field.type))
            continue
        array = values[field.name]
        array = array if isinstance(array, pa.Array) else pa.array(array)
        array = array if keep is None else array.filter(keep)
        columns.append(_sealed(array) if field.name == "pan" else array.cast(field.type))
    return pa.RecordBatch.from_arrays(columns, schema=presentment_schema())


def _sealed(pans: pa.Array) -> pa.Array:
    """Card numbers, all sound, in their stored form."""
    padded = pc.ascii_rpad(pans, 2 * STORED_PAN_BYTES, "f")
    width = 2 * STORED_PAN_BYTES
    data = padded.buffers()[2].to_pybytes() if len(padded) else b""
    joined = data[padded.offset * width :][: len(padded) * width].decode("ascii")
    buffers = [None, pa.py_buffer(seal_joined(joined))]
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(STORED_PAN_BYTES), len(pans), buffers)
