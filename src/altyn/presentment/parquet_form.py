"""Presentments as Parquet: `FILE_COLUMNS`, texts as strings, integers as int64.

The metadata key `altyn-presentment` holds the header and the totals as JSON:

    {"version": 1, "file_id": "SEA-20261123-1", "acquirer": "SEA", "sequence": 1,
     "business_day": 20261123, "count": 1, "sums": {"398": 150000}}

The footer stands last in such a file, so one that was cut off cannot be opened at all (C03).
"""

import json
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from altyn.presentment.columns import FILE_COLUMNS
from altyn.presentment.findings import FileRefusal, Reason
from altyn.presentment.manifest import (
    RECORDS_MAX,
    Manifest,
    Totals,
    parse_manifest,
    parse_totals,
)
from altyn.presentment.raw_piece import NAMES, RawPiece, RawPieces

KEY: Final = b"altyn-presentment"
ROWS_OF_A_PIECE: Final = 1 << 16
ROW_GROUP_BYTES_MAX: Final = 512 << 20
"""Unpacked; a row group is unpacked as a whole."""
GROUP_RATIO_MAX: Final = 1000
FOOTER_BYTES_MAX: Final = 16 << 20
FOOTER_ENTRIES_MAX: Final = 1_000_000
TEXT_BYTES_MAX: Final = 400
"""Of one text: 99 characters of UTF-8 have no more."""

_VERSION: Final = 1
_DAMAGE: Final = (pa.ArrowException, OSError, ValueError)
"""What the library raises for bytes that are no such file; names in another character set, too."""


def file_schema() -> pa.Schema:
    """The columns of a file, without its metadata."""
    types = {"integer": pa.int64()}
    return pa.schema([pa.field(c.name, types.get(c.type, pa.string())) for c in FILE_COLUMNS])


def open_parquet(source: Any) -> tuple[Manifest, RawPieces]:
    """The header, and the records piece by piece.

    source: a file open for reading that can seek, or bytes in a `pyarrow.BufferReader`. Raises
    FileRefusal, here or while the pieces are taken.
    """
    try:
        # Footers are small; a hostile one may not make us build large tables of text.
        file = pq.ParquetFile(
            source,
            thrift_string_size_limit=FOOTER_BYTES_MAX,
            thrift_container_size_limit=FOOTER_ENTRIES_MAX,
        )
    except _DAMAGE as error:
        raise FileRefusal(Reason.TRUNCATED) from error
    manifest, totals = _control(file.schema_arrow.metadata)
    if not file.schema_arrow.remove_metadata().equals(file_schema()):
        raise FileRefusal(Reason.SCHEMA)
    if file.metadata.num_rows > RECORDS_MAX:
        raise FileRefusal(Reason.FILE_TOO_LARGE)
    _check_groups(file.metadata)
    # The texts stay dictionaries until they were measured: one long text may be meant by every row.
    texts = [column.name for column in FILE_COLUMNS if column.type == "text"]
    rows = pq.ParquetFile(source, metadata=file.metadata, read_dictionary=texts)
    return manifest, _pieces(rows, totals)


def _check_groups(metadata: pq.FileMetaData) -> None:
    """Row groups that unpack to too much are not unpacked (C16)."""
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        packed = sum(group.column(n).total_compressed_size for n in range(group.num_columns))
        size = group.total_byte_size
        if size > ROW_GROUP_BYTES_MAX or size > GROUP_RATIO_MAX * max(packed, 1):
            raise FileRefusal(Reason.BOMB)


def _control(metadata: dict[bytes, bytes] | None) -> tuple[Manifest, Totals]:
    try:
        found = json.loads((metadata or {})[KEY])
        header = [found[name] for name in ("version", *Manifest._fields, "count", "sums")]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise FileRefusal(Reason.HEADER, 0) from error
    version, file_id, acquirer, sequence, day, count, sums = header
    texts = isinstance(file_id, str) and isinstance(acquirer, str) and isinstance(sums, dict)
    numbers = all(type(number) is int for number in (version, sequence, day, count))
    if len(found) != len(header) or not texts or not numbers or version != _VERSION:
        raise FileRefusal(Reason.HEADER, 0)
    if not all(type(total) is int for total in sums.values()):
        raise FileRefusal(Reason.TRAILER)
    manifest = parse_manifest(file_id, acquirer, str(sequence), str(day))
    return manifest, parse_totals(str(count), [(key, str(sum_)) for key, sum_ in sums.items()])


def _pieces(file: pq.ParquetFile, totals: Totals) -> RawPieces:
    number = 1
    try:
        for batch in file.iter_batches(ROWS_OF_A_PIECE, use_threads=False):
            columns = {name: _plain(batch.column(name), number) for name in NAMES}
            numbers = np.arange(number, number + len(batch))
            number += len(batch)
            yield RawPiece(columns, numbers, [], 0, {})
    except _DAMAGE as error:
        raise FileRefusal(Reason.STRUCTURE, number) from error
    return totals


def _plain(column: pa.Array, number: int) -> pa.Array:
    """A column as its values, valid and none of them long; `number` is that of its first record."""
    column.validate(full=True)
    if not pa.types.is_dictionary(column.type):
        return column
    if (pc.max(pc.binary_length(column.dictionary)).as_py() or 0) > TEXT_BYTES_MAX:
        raise FileRefusal(Reason.RECORD_TOO_LONG, number)
    return column.dictionary_decode()


def write_parquet(
    sink: Any, manifest: Manifest, batches: Iterable[pa.RecordBatch], totals: Totals
) -> None:
    """Writes a file of these records, batches of `file_schema`, into an open file."""
    said = {"version": _VERSION, **manifest._asdict(), "count": totals.records}
    text = json.dumps({**said, "sums": dict(sorted(totals.sums.items()))})
    schema = file_schema().with_metadata({KEY: text})
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(pa.Table.from_batches([batch]).cast(schema))
