"""A presentment file on disk: read to its end without booking anything, and answered."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

import pyarrow as pa

from altyn.presentment import (
    IPM_FORMS,
    Acknowledgement,
    FileReading,
    FileRefusal,
    Rejection,
    acknowledge,
    read_file,
    refuse,
    unpacked,
    write_csv_answer,
    write_ipm_answer,
    write_parquet_answer,
)

__all__ = ["check_file", "form_by_name", "write_answer"]

CHUNK_BYTES: Final = 1 << 20
_PARQUET: Final = "parquet"
_SUFFIXES: Final = {".csv": "csv", ".parquet": _PARQUET, ".ipm": "ipm"}
_PACKINGS: Final = (".gz", ".zip")


def form_by_name(path: Path) -> str | None:
    """The form that a file's name tells, None when it tells none."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in _PACKINGS:
        suffixes.pop()
    return _SUFFIXES.get(suffixes[-1]) if suffixes else None


def check_file(path: Path, form: str, acquirer: str) -> Acknowledgement:
    """What a file of this form, sent by this acquirer, would be answered.

    Nothing is booked, and what depends on other files (repeats, gaps, closed days) is not looked
    at. Raises FileRefusal when the header cannot be read, so that nobody could be answered.
    """
    with ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))
        chunks = unpacked(_chunks(file))
        source: Any = chunks
        if form == _PARQUET:
            # Its footer comes last, so what comes packed has to lie somewhere first.
            source = stack.enter_context(TemporaryFile())
            for chunk in chunks:
                source.write(chunk)
            source.seek(0)
        reading = read_file(form, source, acquirer)
        try:
            return _answer(reading)
        except FileRefusal as refusal:
            return refuse(reading.manifest, refusal)


def _answer(reading: FileReading) -> Acknowledgement:
    rejections: list[Rejection] = []
    for piece in reading:
        rejections += piece.rejections
    assert reading.totals is not None, "a file that was read to its end has totals"
    day = reading.manifest.business_day
    return acknowledge(reading.manifest, reading.totals, rejections, day)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def write_answer(answer: Acknowledgement, form: str, target: Path) -> None:
    """Writes the answer in the form of the file."""
    if form == _PARQUET:
        sink = pa.BufferOutputStream()
        write_parquet_answer(sink, answer)
        target.write_bytes(sink.getvalue().to_pybytes())
    elif form in IPM_FORMS:
        target.write_bytes(b"".join(write_ipm_answer(answer, *IPM_FORMS[form])))
    else:
        target.write_bytes(b"".join(write_csv_answer(answer)))
