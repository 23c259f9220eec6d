"""Reports as files: pages for people, CSV and Parquet for programs, each whole or not there."""

import sys
from pathlib import Path
from typing import BinaryIO, Final, Literal, NamedTuple

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from altyn.reports import Lines, arrow_schema
from altyn.runtime.journal.export import new_file, safe_cells
from altyn.runtime.output import STANDARD_OUTPUT, UserError

__all__ = [
    "FILE_FORMATS",
    "FORMATS",
    "FileFormat",
    "Place",
    "place_of",
    "write_lines",
    "write_page",
]

FileFormat = Literal["csv", "parquet", "html"]
FILE_FORMATS: Final[tuple[FileFormat, ...]] = ("html", "csv", "parquet")
FORMATS: Final = ("table", *FILE_FORMATS)
SCHEME_FOLDER: Final = "scheme"


class Place(NamedTuple):
    """Where a report goes: a file under a folder, `path` from it; or standard output (None)."""

    folder: Path | None
    path: str


def place_of(folder: Path | None, period: str, subject: str, name: str, form: str) -> Place:
    """2026-11-23-1/STEPKZ/invoice.csv: a folder for the period and one for the participant."""
    return Place(folder, f"{period}/{subject or SCHEME_FOLDER}/{name}.{form}")


def write_page(page: str, place: Place) -> None:
    """A page of HTML. Raises UserError when it cannot be written."""
    if place.folder is None:
        sys.stdout.write(page)
        return
    with new_file(_made(place.folder / place.path), replace=True) as stream:
        stream.write(page.encode())


def write_lines(lines: Lines, form: FileFormat, place: Place) -> int:
    """Rows as CSV or Parquet, as they come; gives how many. Raises UserError as above."""
    if place.folder is not None:
        with new_file(_made(place.folder / place.path), replace=True) as stream:
            return _written(lines, form, stream)
    if form == "parquet":
        raise UserError(
            "Parquet is written to a file", where=f"--out {STANDARD_OUTPUT}", do="name a folder"
        )
    return _written(lines, form, sys.stdout.buffer)


def _written(lines: Lines, form: FileFormat, stream: BinaryIO) -> int:
    schema = arrow_schema(lines.columns)
    rows = 0
    writer = (
        pa.parquet.ParquetWriter(stream, schema, compression="zstd", compression_level=1)
        if form == "parquet"
        else pa.csv.CSVWriter(stream, schema)
    )
    with writer:
        for batch in lines.batches:
            rows += len(batch)
            writer.write_batch(_as_a_spreadsheet_may_open_it(batch) if form == "csv" else batch)
    return rows


def _as_a_spreadsheet_may_open_it(batch: pa.RecordBatch) -> pa.RecordBatch:
    arrays = [safe_cells(array) for array in batch.columns]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def _made(target: Path) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot make this folder ({error.strerror})",
            where=str(target.parent),
            do="name one that may be written to",
        ) from error
    return target
