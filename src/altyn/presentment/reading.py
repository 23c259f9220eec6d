"""One way to read a file of any form: header, pieces of checked records, totals that agree.

What a piece gives may be kept only when the whole file was read without a refusal: the trailer, and
with it the proof that nothing is missing, comes last.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import pyarrow as pa

from altyn.presentment.csv_form import open_csv
from altyn.presentment.findings import FileRefusal, Reason, Rejection
from altyn.presentment.ipm_form import open_ipm
from altyn.presentment.manifest import RECORDS_MAX, Manifest, Tally, Totals
from altyn.presentment.parquet_form import open_parquet
from altyn.presentment.raw_piece import RawPieces
from altyn.presentment.validation import Piece, checked

CSV: Final = "csv"
PARQUET: Final = "parquet"
IPM_FORMS: Final = {
    "ipm": ("ascii", False),
    "ipm-blocked": ("ascii", True),
    "ipm-ebcdic": ("ebcdic", False),
    "ipm-ebcdic-blocked": ("ebcdic", True),
}
FORMS: Final = (CSV, PARQUET, *IPM_FORMS)
"""The names of the forms in which presentments come."""

REJECTIONS_MAX: Final = 100_000
"""With more a file is refused: it is of another form, or its maker is broken."""


class FileReading:
    """A file that is being read: `manifest` at once, its pieces by iterating, once.

    `totals` are those of the trailer when all pieces were taken, else None; `rejected` counts the
    records rejected so far. Raises FileRefusal while iterating; then nothing of the file counts.
    """

    def __init__(self, manifest: Manifest, pieces: RawPieces) -> None:
        """Made by `read_file`."""
        self.manifest = manifest
        self.totals: Totals | None = None
        self.rejected = 0
        self._pieces = pieces

    def __iter__(self) -> Iterator[Piece]:
        """Each piece in the order of the file."""
        tally = Tally()
        declared = yield from self._checked(tally)
        tally.check(declared)
        self.totals = declared

    def _checked(self, tally: Tally) -> Any:
        while True:
            try:
                raw = next(self._pieces)
            except StopIteration as end:
                return end.value
            tally.count += len(raw.rejections)
            tally.unreadable += raw.unreadable
            for currency, amount in raw.sums.items():
                tally.add(currency, amount)
            rows, rejections = checked(raw.columns, raw.numbers, self.manifest, tally)
            rejections = sorted([*raw.rejections, *rejections], key=_place)
            self.rejected += len(rejections)
            if self.rejected > REJECTIONS_MAX:
                raise FileRefusal(Reason.TOO_MANY_REJECTED)
            if tally.count > RECORDS_MAX:
                raise FileRefusal(Reason.FILE_TOO_LARGE)
            yield Piece(rows, rejections)


def read_file(form: str, source: Any, acquirer: str) -> FileReading:
    """Begins to read a file that this acquirer sent.

    form: one of `FORMS`. source: chunks of bytes in order; for Parquet an open file that can seek,
    or bytes. Raises LookupError for another form and FileRefusal for a header that will not do.
    """
    if form == PARQUET:
        manifest, pieces = open_parquet(_seekable(source))
    elif form == CSV:
        manifest, pieces = open_csv(_chunks(source))
    else:
        manifest, pieces = open_ipm(_chunks(source), *IPM_FORMS[form])
    if manifest.acquirer != acquirer:
        raise FileRefusal(Reason.OTHER_ACQUIRER, 0)
    return FileReading(manifest, pieces)


def _place(rejection: Rejection) -> int:
    return rejection.record_number


def _chunks(source: Any) -> Iterable[bytes]:
    return [source] if isinstance(source, bytes) else source


def _seekable(source: Any) -> Any:
    return pa.BufferReader(source) if isinstance(source, bytes) else source
