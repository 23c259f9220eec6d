"""A presentment file on disk: read to its end without booking anything, and answered."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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

__all__ = ["answer_bytes", "check_file", "form_by_name", "open_file", "write_answer"]

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
    with open_file(path, form, acquirer) as reading:
        try:
            return _answer(reading)
        except FileRefusal as refusal:
            return refuse(reading.manifest, refusal)


@contextmanager
def open_file(
    path: Path, form: str, acquirer: str, progress: Callable[[int], None] | None = None
) -> Iterator[FileReading]:
    """A file that is read, unpacked where it is packed; `progress` is told the bytes read of it.

    Raises FileRefusal when the header cannot be read.
    """
    with ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))
        chunks = unpacked(_chunks(file, progress))
        source: Any = chunks
        if form == _PARQUET:
            # Its footer comes last, so what comes packed has to lie somewhere first.
            source = stack.enter_context(TemporaryFile())
            for chunk in chunks:
                source.write(chunk)
            source.seek(0)
        yield read_file(form, source, acquirer)


def _answer(reading: FileReading) -> Acknowledgement:
    rejections: list[Rejection] = []
    for piece in reading:
        rejections += piece.rejections
    assert reading.totals is not None, "a file that was read to its end has totals"
    day = reading.manifest.business_day
    return acknowledge(reading.manifest, reading.totals, rejections, day)


def _chunks(file: IO[bytes], progress: Callable[[int], None] | None) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
        if progress is not None:
            progress(file.tell())


def write_answer(answer: Acknowledgement, form: str, target: Path) -> None:
    """Writes the answer in the form of the file."""
    target.write_bytes(answer_bytes(answer, form))


def answer_bytes(answer: Acknowledgement, form: str) -> bytes:
    """The answer as a file in the form of the file that it answers."""
    if form == _PARQUET:
        sink = pa.BufferOutputStream()
        write_parquet_answer(sink, answer)
        content: bytes = sink.getvalue().to_pybytes()
        return content
    if form in IPM_FORMS:
        return b"".join(write_ipm_answer(answer, *IPM_FORMS[form]))
    return b"".join(write_csv_answer(answer))
