"""Presentments to be put into files: what an acquirer's day may look like."""

from collections.abc import Iterable
from typing import Any, Final

import pyarrow as pa

from altyn.card import check_digit
from altyn.presentment import (
    FORMS,
    IPM_FORMS,
    FileReading,
    Manifest,
    Piece,
    Rejection,
    Totals,
    file_schema,
    read_file,
    sums_of,
    write_csv,
    write_ipm,
    write_parquet,
)

ACQUIRER: Final = "SEA"
MANIFEST: Final = Manifest("SEA-20261123-1", ACQUIRER, 1, 20261123)
Row = dict[str, Any]


def card(number: int) -> str:
    """A test card of sixteen digits."""
    body = f"9900{number:011d}"
    return body + check_digit(body)


def sale(number: int = 1, **changes: Any) -> Row:
    """A sale; a value of None leaves a column out."""
    row: Row = {
        "function": "200",
        "reversal": "N",
        "direction": "D",
        "pan": card(number),
        "processing_code": "000000",
        "amount": 100_000 + number,
        "currency": "398" if number % 3 else "840",
        "local_date": "20261122",
        "local_time": "235959",
        "transmission": "1122185959",
        "stan": f"{number % 1_000_000:06d}",
        "rrn": f"{number:012d}",
        "acquirer": "400101",
        "acquirer_reference": f"7400101{number:016d}",
        "terminal": "TERM0001",
        "merchant": "SHOP00000000001",
        "merchant_name": r"SEASIDE COFFEE\LONG STREET 7\ALMATY",
        "category": "5812",
        "country": "398",
        "entry_mode": "071",
        "authorization_code": "A1B2C3",
        "part_number": 1,
        "part_count": 1,
        "original_reference": None,
    }
    return row | changes


def refund(number: int = 2, **changes: Any) -> Row:
    """A refund of a purchase."""
    about = {"processing_code": "200000", "direction": "C", "original_reference": "7" * 23}
    return sale(number, **about) | changes


def table(rows: Iterable[Row]) -> pa.RecordBatch:
    """The rows as a batch of the file's columns."""
    return pa.RecordBatch.from_pylist(list(rows), schema=file_schema())


def written(
    form: str, rows: list[Row], manifest: Manifest = MANIFEST, totals: Totals | None = None
) -> bytes:
    """A file of this form with these rows, and with these totals or with true ones."""
    batch = table(rows)
    found = totals or Totals(len(rows), sums_of(batch.column("currency"), batch.column("amount")))
    if form == "csv":
        return b"".join(write_csv(manifest, [batch], found))
    if form in IPM_FORMS:
        return b"".join(write_ipm(manifest, [batch], found, *IPM_FORMS[form]))
    sink = pa.BufferOutputStream()
    write_parquet(sink, manifest, [batch], found)
    return bytes(sink.getvalue().to_pybytes())


def read(form: str, data: Any, acquirer: str = ACQUIRER) -> tuple[list[Row], list[Rejection]]:
    """All rows and rejections of a file; refusals are raised."""
    pieces = taken(read_file(form, data, acquirer))
    rows = [row for piece in pieces for row in piece.rows.to_pylist()]
    return rows, [rejection for piece in pieces for rejection in piece.rejections]


def taken(reading: FileReading) -> list[Piece]:
    """Every piece of a file."""
    return list(reading)


def cut(data: bytes, size: int) -> list[bytes]:
    """The bytes in chunks of a size."""
    return [data[at : at + size] for at in range(0, len(data), size)]


EVERY_FORM: Final = FORMS
