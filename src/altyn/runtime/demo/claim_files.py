"""Presentment files as the demonstration's acquirers write them, each in a form of its own."""

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa

from altyn.presentment import (
    IPM_FORMS,
    Manifest,
    Totals,
    file_schema,
    sums_of,
    write_csv,
    write_ipm,
    write_parquet,
)
from altyn.simulators import Claim

__all__ = ["FORM_OF_BANK", "ClaimFile", "write_claims"]

FORM_OF_BANK: Final = {
    "STEPKZ": ("csv", ".csv.gz"),
    "ALATAUKZ": ("ipm", ".ipm"),
    "VOLGARU": ("ipm-ebcdic-blocked", ".bin"),
    "BOSPHTR": ("parquet", ".parquet"),
    "PEARLKW": ("csv", ".csv"),
}
"""Which form each acquirer sends, and how its files' names end."""


class ClaimFile(NamedTuple):
    """A file to be written; `business_day` is YYYYMMDD."""

    path: str
    form: str
    file_id: str
    sequence: int
    business_day: int


def write_claims(file: ClaimFile, acquirer: str, claims: Iterable[Claim]) -> None:
    """Write claims as one file with header and trailer, packed by gzip where its name says so."""
    batch = pa.RecordBatch.from_pylist([claim.row for claim in claims], schema=file_schema())
    manifest = Manifest(file.file_id, acquirer, file.sequence, file.business_day)
    totals = Totals(batch.num_rows, sums_of(batch["currency"], batch["amount"]))
    path = Path(file.path)
    if file.form == "parquet":
        with path.open("wb") as target:
            write_parquet(target, manifest, [batch], totals)
        return
    if file.form == "csv":
        pieces = write_csv(manifest, [batch], totals)
    else:
        pieces = write_ipm(manifest, [batch], totals, *IPM_FORMS[file.form])
    data = b"".join(pieces)
    # A time in the packing would make the same claims another file.
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
