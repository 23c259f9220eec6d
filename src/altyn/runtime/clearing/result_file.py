"""A result table as a Parquet file, written in pieces and the same to the byte each time."""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from altyn.clearing import Table, schema_of
from altyn.runtime.clearing.engine import ClearingRefusedError

ROWS_OF_A_GROUP: Final = 1 << 17
_UNLIKE: Final = frozenset(
    {
        "item_id", "record_number", "acquirer_reference", "pan", "rrn", "stan", "transmission",
        "authorization_code", "authorization", "drawn", "original_item", "amount",
        "settlement_amount",
        "base_before", "base_after", "base", "standing", "presented", "principal", "minor_units",
    }
)  # fmt: skip
"""Columns that differ from row to row: a dictionary of them would be as long as they are.

Nor does a range of them help any reader to pass over a group of rows.
"""


def _encodings(schema: pa.Schema) -> dict[str, str]:
    """Numbers that differ from row to row are written as steps from one to the next."""
    return {
        field.name: "DELTA_BINARY_PACKED"
        for field in schema
        if field.name in _UNLIKE and pa.types.is_integer(field.type)
    }


class ResultFile:
    """The file of one result table. Groups of rows are cut by number, never by how rows came.

    A thread of its own writes a group while the engine makes the next one: one group is written and
    one is gathered at a time, so that no more than two lie in memory.
    """

    def __init__(self, path: Path, table: Table) -> None:
        """Open the file; `path` is new."""
        self._schema = schema_of(table)
        self._name = table.name
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._under_way: Future[None] | None = None
        self.rows = 0
        self._writer = pq.ParquetWriter(
            path,
            self._schema,
            version="2.6",
            compression="zstd",
            compression_level=1,
            use_dictionary=[name for name in self._schema.names if name not in _UNLIKE],
            column_encoding=_encodings(self._schema),
            write_statistics=[name for name in self._schema.names if name not in _UNLIKE],
            store_schema=True,
        )

    def add(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Add rows, in order. Raises ClearingRefusedError for a null that may not be."""
        for batch in batches:
            self._check(batch)
            self._waiting.append(batch)
            self._waiting_rows += len(batch)
            while self._waiting_rows >= ROWS_OF_A_GROUP:
                self._hand_over()

    def close(self) -> None:
        """Write what waits and end the file."""
        if self._waiting_rows:
            self._hand_over()
        self._finish_group()
        self._thread.shutdown()
        self._writer.close()

    def _hand_over(self) -> None:
        """Let the thread write a group, behind the one before it."""
        waiting = pa.Table.from_batches(self._waiting)
        group, rest = waiting.slice(0, ROWS_OF_A_GROUP), waiting.slice(ROWS_OF_A_GROUP)
        self._waiting = rest.to_batches()
        self._waiting_rows = len(rest)
        self.rows += len(group)
        self._finish_group()
        self._under_way = self._thread.submit(self._write, group)

    def _finish_group(self) -> None:
        if self._under_way is not None:
            self._under_way.result()

    def _write(self, group: pa.Table) -> None:
        columns = [
            column if column.type == field.type else column.cast(field.type)
            for field, column in zip(self._schema, group.columns, strict=True)
        ]
        table = pa.Table.from_arrays(columns, schema=self._schema).combine_chunks()
        self._writer.write_table(table, row_group_size=ROWS_OF_A_GROUP)

    def _check(self, batch: pa.RecordBatch) -> None:
        for field, column in zip(self._schema, batch.columns, strict=True):
            if column.null_count and not field.nullable:
                problem = f"{field.name} of {column.null_count} rows is absent and may not be"
                raise ClearingRefusedError(self._name, [problem])
