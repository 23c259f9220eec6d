"""The plan of clearing on DuckDB, in this process: exact, within a limit of memory, or to disk."""

import os
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from altyn.clearing import DUCKDB, Plan, Table
from altyn.runtime.clearing.engine import (
    ClearingMemoryError,
    ClearingRefusedError,
    Inputs,
    Progress,
    Resources,
    RunFigures,
)
from altyn.runtime.clearing.plan_run import NO_ROOM_FOR_A_NUMBER, PlanRun
from altyn.runtime.clearing.result_file import ROWS_OF_A_GROUP
from altyn.runtime.clearing.words import WORD, known_as_words
from altyn.runtime.output import FULL_DISK

_TYPES: Final = {
    "text": "VARCHAR",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "wide": "HUGEINT",
    "flag": "BOOLEAN",
    "date": "DATE",
    "bytes": "BLOB",
}


class DuckDBEngine:
    """Clears one cycle at a time; see `Engine`."""

    def __init__(self, resources: Resources) -> None:
        """An engine that may use so much."""
        self._resources = resources

    def run(self, inputs: Inputs, target: Path, progress: Progress | None = None) -> RunFigures:
        """See `Engine.run`."""
        resources = self._resources
        settings: dict[str, str | bool | int | float | list[str]] = {
            "threads": resources.threads,
            "memory_limit": f"{resources.memory_bytes} B",
            "temp_directory": str(resources.folder),
            # Order is stated wherever it matters; to keep it by chance costs memory.
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
        }
        try:
            with duckdb.connect(":memory:", config=settings) as connection:
                connection.execute("SET enable_progress_bar = false")
                relations = _Relations(connection)
                with relations.refusing("words"):
                    relations.words = known_as_words(connection, inputs)
                slice_rows = resources.rows_of_a_slice
                run = PlanRun(Plan(DUCKDB), relations, target, slice_rows, progress)
                return RunFigures(run.clear(inputs), relations.spilled_bytes)
        except duckdb.IOException as error:
            raise as_system_error(error) from error


def as_system_error(error: duckdb.IOException) -> Exception:
    """The system's own error when a disk is full: DuckDB tells its name in the text only."""
    for number in FULL_DISK:
        if os.strerror(number) in str(error):
            return OSError(number, os.strerror(number))
    return error


class _Relations:
    """Views and tables of a connection; see `plan_run.Relations`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._gathered: set[str] = set()
        self.words: Set[str] = frozenset()
        self.spilled_bytes = 0

    def read(self, table: Table, paths: Sequence[Path]) -> None:
        self._connection.execute(input_view(table, paths, self.words))

    def view(self, name: str, text: str) -> None:
        self._connection.execute(f"CREATE OR REPLACE VIEW {name} AS {text}")

    def keep(self, name: str, text: str) -> None:
        self._connection.execute(f"CREATE OR REPLACE TABLE {name} AS {text}")

    def gather(self, name: str, text: str) -> None:
        into = f"INSERT INTO {name}" if name in self._gathered else f"CREATE TABLE {name} AS"
        self._connection.execute(f"{into} {text}")
        self._gathered.add(name)

    def let_go(self, name: str) -> None:
        self._connection.execute(f"DROP TABLE {name}")

    def rows(self, text: str) -> list[tuple[int, ...]]:
        return self._connection.execute(text).fetchall()

    def batches(self, text: str) -> Iterator[pa.RecordBatch]:
        return iter(self._connection.sql(text).to_arrow_reader(ROWS_OF_A_GROUP))

    @contextmanager
    def refusing(self, step: str) -> Iterator[None]:
        try:
            yield
        except duckdb.OutOfMemoryException as error:
            raise ClearingMemoryError(step) from error
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
            raise ClearingRefusedError(step, [NO_ROOM_FOR_A_NUMBER]) from error
        self._watch_disk()

    def _watch_disk(self) -> None:
        ((size,),) = self.rows("SELECT coalesce(sum(size), 0) FROM duckdb_temporary_files()")
        self.spilled_bytes = max(self.spilled_bytes, int(size))


def input_view(table: Table, paths: Sequence[Path], words: Set[str] = frozenset()) -> str:
    """The statement that names the files of an input, with exactly the types it is to have.

    words: names of the columns whose texts the engine knows as words.
    """
    types = {each.name: WORD if each.name in words else _TYPES[each.type] for each in table.columns}
    head = f"CREATE VIEW {table.name} AS SELECT"
    if not paths:
        columns = ", ".join(f'CAST(NULL AS {type_}) AS "{name}"' for name, type_ in types.items())
        return f"{head} {columns} WHERE FALSE"
    columns = ", ".join(f'CAST("{name}" AS {type_}) AS "{name}"' for name, type_ in types.items())
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"{head} {columns} FROM read_parquet([{listed}])"
