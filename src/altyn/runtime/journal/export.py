"""A journal's transactions as a file: Parquet and CSV by columns, JSON lines entry by entry.

A file appears whole or not at all: it is written beside its name, flushed, and renamed.
"""

import json
import os
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from altyn.card import mask, unseal
from altyn.clock import calendar_date, utc_datetime
from altyn.journal import Batch, Entry, Storage
from altyn.runtime.journal.ahead import read_ahead
from altyn.runtime.journal.columns import (
    DATES,
    INSTANTS,
    MASKED_EXPIRY,
    WORDS,
    read_transactions,
    schema,
    word_of,
)
from altyn.runtime.journal.selection import CardForm, Selection, read_batches
from altyn.runtime.output import STANDARD_OUTPUT, UserError, refuse_to_replace
from altyn.switch import ADDITIONAL_ENTRY, FACT_ENTRY, STOP_LIST_ENTRY, read_update
from altyn.transaction import TRANSACTION_ENTRY, Stage, entries

__all__ = ["FORMATS", "Exported", "Format", "export", "new_file", "safe_cells"]

Format = Literal["parquet", "csv", "jsonl"]
FORMATS: Final[tuple[Format, ...]] = ("parquet", "csv", "jsonl")
BATCHES_AHEAD: Final = 2
UNSAFE_START: Final = r"^[=+\-@\t\r]"
"""What a spreadsheet takes for a formula when a cell begins with it (S16)."""

Progress = Callable[[int], None]


class Exported(NamedTuple):
    """What an export wrote: rows (of JSON lines: entries), and the file's size."""

    rows: int
    size_bytes: int


def export(
    storage: Storage,
    form: Format,
    target: Path,
    selection: Selection,
    progress: Progress | None = None,
    *,
    replace: bool = False,
) -> Exported:
    """Write the selected entries to `target`.

    Sealed card numbers and a choice of columns are for Parquet alone. Raises UserError when the
    file is there already (unless `replace`; a journal or a device is never replaced), when it
    cannot be written or is called "-", and JournalDamagedError when the chain does not hold;
    nothing is left behind then.
    """
    plain = selection.card is not CardForm.SEALED and not selection.columns
    assert plain or form == "parquet", "only Parquet holds these"
    write = {"parquet": _write_parquet, "csv": _write_csv, "jsonl": _write_lines}[form]
    with new_file(target, replace=replace) as stream:
        rows = write(storage, stream, selection, progress)
        stream.flush()
        size_bytes = stream.tell()
    return Exported(rows, size_bytes)


@contextmanager
def new_file(target: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """A file that takes its name when it is whole. It may hold card data: its owner's alone."""
    if str(target) == STANDARD_OUTPUT:
        raise UserError("an export is a file", where="--output", do="name one")
    neighbour: Path | None = None
    try:
        refuse_to_replace(target)
        if target.exists() and not replace:
            raise UserError(
                "this file is there already",
                where=str(target),
                do="name another, or let --force replace it",
            )
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        neighbour = Path(name)
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        neighbour.replace(target)
    except OSError as error:
        raise UserError(
            f"cannot write this file ({error.strerror})",
            where=str(target),
            do="name a path in a folder that exists, may be written to and has room",
        ) from error
    finally:
        if neighbour is not None:
            neighbour.unlink(missing_ok=True)


def _write_parquet(
    storage: Storage, stream: BinaryIO, selection: Selection, progress: Progress | None
) -> int:
    form = schema(selection)
    dictionaries = [field.name for field in form if pa.types.is_dictionary(field.type)]
    # Numbers as differences and LZ4: 13 % larger than ZSTD over plain numbers, but a million rows
    # take 0.48 s of processor time to write instead of 0.87.
    ordered = [field.name for field in form if _is_ordered(field)]
    rows = 0
    with (
        pa.parquet.ParquetWriter(
            stream,
            form,
            compression="lz4",
            use_dictionary=dictionaries,
            column_encoding=dict.fromkeys(ordered, "DELTA_BINARY_PACKED"),
            write_statistics=ordered,
        ) as writer,
        closing(
            read_ahead(read_transactions(storage, selection, progress), BATCHES_AHEAD)
        ) as batches,
    ):
        for batch in batches:
            writer.write_batch(batch)
            rows += len(batch)
    return rows


def _is_ordered(field: pa.Field) -> bool:
    """Whether a reader may want to skip rows by the least and the largest value of a group.

    Of texts nobody does, and to find them takes as long as everything else together.
    """
    return bool(pa.types.is_integer(field.type) or pa.types.is_temporal(field.type))


def _write_csv(
    storage: Storage, stream: BinaryIO, selection: Selection, progress: Progress | None
) -> int:
    plain = pa.schema([_plain_field(field) for field in schema()])
    rows = 0
    with (
        pa.csv.CSVWriter(stream, plain) as writer,
        closing(
            read_ahead(read_transactions(storage, selection, progress), BATCHES_AHEAD)
        ) as batches,
    ):
        for batch in batches:
            arrays = [safe_cells(array) for array in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=plain))
            rows += len(batch)
    return rows


def _plain_field(field: pa.Field) -> pa.Field:
    return field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field


def safe_cells(array: pa.Array) -> pa.Array:
    """A column as a spreadsheet may open it: no text of a merchant's becomes a formula (S16)."""
    if pa.types.is_dictionary(array.type):
        return safe_cells(array.dictionary).take(array.indices)
    if not pa.types.is_string(array.type):
        return array
    unsafe = pc.match_substring_regex(array, UNSAFE_START)
    if not pc.any(unsafe).as_py():
        return array
    return pc.if_else(unsafe, pc.binary_join_element_wise("'", array, ""), array)


def _write_lines(
    storage: Storage, stream: BinaryIO, selection: Selection, progress: Progress | None
) -> int:
    rows = 0
    for batch in read_batches(storage, selection, progress):
        lines = _lines(batch, storage.record_bytes, selection)
        stream.write(b"".join(lines))
        rows += len(lines)
    return rows


_OF_NO_DAY: Final = (FACT_ENTRY, STOP_LIST_ENTRY)


def _lines(batch: Batch, record_bytes: int, selection: Selection) -> list[bytes]:
    """The selected entries of a batch. Facts belong to no business day; what an issuer added
    goes with the entry before it."""
    written_at = instant_text(batch.written_us)
    lines = []
    wanted = False
    clear = selection.card is CardForm.CLEAR
    for entry in batch.entries(record_bytes):
        if entry.kind == TRANSACTION_ENTRY:
            wanted = _is_selected(entry.body, selection)
        elif entry.kind in _OF_NO_DAY and selection.business_day is not None:
            continue
        if selection.holds(entry.sequence) and (wanted or entry.kind in _OF_NO_DAY):
            head = {"sequence": entry.sequence, "written_at": written_at}
            line = json.dumps({**head, **_content(entry, clear)})
            lines.append(line.encode() + b"\n")
    return lines


def _is_selected(record: bytes, selection: Selection) -> bool:
    if not selection.all_stages and entries.read_number(record, "stage") != Stage.FINISHED:
        return False
    day = selection.business_day
    return day is None or entries.read_number(record, "business_day") == day


def _content(entry: Entry, show_card_data: bool) -> dict[str, object]:
    if entry.kind == TRANSACTION_ENTRY:
        return {"entry": "transaction", **_values(entry.body, show_card_data)}
    if entry.kind == FACT_ENTRY:
        return {"entry": "fact", **json.loads(entry.body)}
    if entry.kind == ADDITIONAL_ENTRY:
        # Chip data and what else an issuer sends: nobody can say that no card is in it.
        shown = {"body": entry.body.hex()} if show_card_data else {"bytes": len(entry.body)}
        return {"entry": "additional", **shown}
    if entry.kind == STOP_LIST_ENTRY:
        return {"entry": "stop-list", **_stop_list_change(entry.body, show_card_data)}
    return {"entry": f"kind-{entry.kind}", "bytes": len(entry.body)}


def _stop_list_change(body: bytes, show_card_data: bool) -> dict[str, object]:
    update = read_update(body)
    shown = _shown_pan if show_card_data else _masked_pan
    return {
        "issuer": update.issuer,
        "source": "message" if update.stan.strip() else "file",
        "response_code": update.response_code,
        "cards": [
            {
                "action": each.action,
                "pan": shown(each.card),
                "code": each.code,
                "until": calendar_date(each.until).isoformat() if each.until else None,
            }
            for each in update.listings
        ],
    }


_RECORD: Final = struct.Struct(
    "<"
    + "".join(
        f"{column.width}s" if column.code == "s" else column.code for column in entries.COLUMNS
    )
)


_Convert = Callable[[Any], object]


def _converter(column: entries.Column, show_card_data: bool) -> tuple[str, _Convert]:
    """How a column is called in the other formats, and what makes its value."""
    name = column.name
    if name in INSTANTS:
        renamed, unit = INSTANTS[name]
        factor = 1 if unit == "us" else 1_000_000
        return renamed, lambda value: instant_text(value * factor) if value else None
    if name in DATES:
        return name, lambda value: calendar_date(value).isoformat() if value else None
    if name in WORDS:
        words = [word_of(name, number) for number in range(256)]
        return name, words.__getitem__
    if name == entries.PAN_COLUMN:
        return name, _shown_pan if show_card_data else _masked_pan
    if name == "expiry" and not show_card_data:
        return name, lambda _: MASKED_EXPIRY
    if column.code == "s":
        return name, lambda value: value.decode("ascii").rstrip(" ")
    return name, int


def _shown_pan(sealed: bytes) -> str:
    return "".join(unseal(sealed))


def _masked_pan(sealed: bytes) -> str:
    return mask(unseal(sealed))


_CONVERTERS: Final = {
    show: [_converter(column, show) for column in entries.COLUMNS] for show in (False, True)
}


def _values(record: bytes, show_card_data: bool) -> dict[str, object]:
    """The columns of one record, each as it stands in the other formats."""
    converters = _CONVERTERS[show_card_data]
    return {
        name: convert(value)
        for (name, convert), value in zip(converters, _RECORD.unpack(record), strict=True)
    }


@lru_cache(maxsize=4096)
def instant_text(utc_us: int) -> str:
    """An instant as RFC 3339 writes it, in UTC: to the microsecond, or to the second."""
    return utc_datetime(utc_us).isoformat().replace("+00:00", "Z")
