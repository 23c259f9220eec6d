"""Result tables as Parquet files, written in pieces and the same to the byte each time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from altyn.clearing import Table, schema_of
from altyn.runtime.clearing.engine import ClearingRefusedError

ROWS_OF_A_GROUP: Final = 1 << 17
GROUPS_BEHIND: Final = 6
"""So many groups may wait to be written: rows of the next steps are made meanwhile."""

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


class ResultFiles:
    """The files of a cycle's results, and the thread that writes their groups.

    It writes while the engine makes the next rows, GROUPS_BEHIND groups at most behind it. What
    stops it is raised by `add` or `close`. Left by an error, nothing more is written.
    """

    def __init__(self, folder: Path, tables: Sequence[Table]) -> None:
        """Open a new file for each table."""
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._under_way: deque[Future[None]] = deque()
        self._files = {
            table.name: _ResultFile(folder / f"{table.name}.parquet", table) for table in tables
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the thread and of the files that no `close` has ended."""
        self._thread.shutdown(cancel_futures=True)
        for file in self._files.values():
            file.let_go()

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each table was given."""
        return {name: file.rows for name, file in self._files.items()}

    def add(self, table: Table, batches: Iterable[pa.RecordBatch]) -> None:
        """Add rows to a table, in order. Raises ClearingRefusedError for a null that may not be."""
        for write in self._files[table.name].groups(batches):
            self._wait(GROUPS_BEHIND - 1)
            self._under_way.append(self._thread.submit(write))

    def close(self) -> None:
        """Write what waits and end the files."""
        for file in self._files.values():
            self._under_way.append(self._thread.submit(file.end))
        self._wait(0)

    def _wait(self, behind: int) -> None:
        """Until no more than so many groups wait."""
        while len(self._under_way) > behind:
            self._under_way.popleft().result()


class _ResultFile:
    """The file of one result table. Groups of rows are cut by number, never by how rows came."""

    def __init__(self, path: Path, table: Table) -> None:
        self._schema = schema_of(table)
        self._name = table.name
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
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

    def groups(self, batches: Iterable[pa.RecordBatch]) -> Iterator[Callable[[], None]]:
        """The writing of every group that the rows fill, to be called in their order."""
        for batch in batches:
            self._check(batch)
            self._waiting.append(batch)
            self._waiting_rows += len(batch)
            self.rows += len(batch)
            while self._waiting_rows >= ROWS_OF_A_GROUP:
                yield partial(self._write, self._cut())

    def end(self) -> None:
        """Write the rows that fill no group, and end the file."""
        if self._waiting_rows:
            self._write(self._cut())
        self._writer.close()

    def let_go(self) -> None:
        """End the file as it is, whatever it says to that."""
        with suppress(OSError, pa.ArrowException):
            self._writer.close()

    def _cut(self) -> pa.Table:
        waiting = pa.Table.from_batches(self._waiting)
        group, rest = waiting.slice(0, ROWS_OF_A_GROUP), waiting.slice(ROWS_OF_A_GROUP)
        self._waiting = rest.to_batches()
        self._waiting_rows = len(rest)
        return group

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
