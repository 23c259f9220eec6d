"""The plan of clearing on DuckDB, in this process: exact, within a limit of memory, or to disk."""

import os
import time
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from altyn.clearing import (
    BLOCK,
    DUCKDB,
    INPUT_TABLES,
    RESULT_TABLES,
    Form,
    Plan,
    Slice,
    Span,
    Statement,
    SwitchRange,
    Table,
    cut,
    spans,
)
from altyn.runtime.clearing.engine import (
    ClearingMemoryError,
    ClearingRefusedError,
    Inputs,
    Progress,
    Resources,
    RunFigures,
    StepDone,
)
from altyn.runtime.clearing.result_file import ROWS_OF_A_GROUP, ResultFile
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
_PROBLEMS_SHOWN: Final = 5


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
                run = _Run(connection, target, resources.rows_of_a_slice, progress)
                run.read(inputs)
                return run.clear()
        except duckdb.IOException as error:
            raise as_system_error(error) from error


def as_system_error(error: duckdb.IOException) -> Exception:
    """The system's own error when a disk is full: DuckDB tells its name in the text only."""
    for number in FULL_DISK:
        if os.strerror(number) in str(error):
            return OSError(number, os.strerror(number))
    return error


class _Run:
    """One cycle under way."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        target: Path,
        rows_of_a_slice: int,
        progress: Progress | None,
    ) -> None:
        self._connection = connection
        self._rows_of_a_slice = rows_of_a_slice
        self._progress = progress
        self._plan = Plan(DUCKDB)
        self._files = {
            table.name: ResultFile(target / f"{table.name}.parquet", table)
            for table in RESULT_TABLES
        }
        self._gathered: set[str] = set()
        self._spilled_bytes = 0
        self._part = (0, 0)

    def read(self, inputs: Inputs) -> None:
        """Name the inputs, each with exactly the columns and types that it is to have."""
        unknown = set(inputs) - {table.name for table in INPUT_TABLES}
        assert not unknown, f"no inputs called {sorted(unknown)}"
        try:
            words = known_as_words(self._connection, inputs)
        except duckdb.OutOfMemoryException as error:
            raise ClearingMemoryError("words") from error
        for table in INPUT_TABLES:
            self._connection.execute(input_view(table, inputs.get(table.name, ()), words))

    def clear(self) -> RunFigures:
        """Run every step."""
        for statement in self._plan.deciding():
            self._run(statement)
        slices = self._slices()
        for number, part in enumerate(slices, start=1):
            self._part = (number, len(slices))
            for statement in self._plan.sliced(part, last=number == len(slices)):
                self._run(statement)
        self._part = (0, 0)
        for statement in self._plan.closing():
            self._run(statement)
        carried = self._spans()
        for number, span in enumerate(carried, start=1):
            self._part = (number, len(carried))
            for statement in self._plan.carrying(span, last=number == len(carried)):
                self._run(statement)
        for file in self._files.values():
            file.close()
        rows = {name: file.rows for name, file in self._files.items()}
        return RunFigures(rows, self._spilled_bytes)

    def _slices(self) -> list[Slice]:
        counted = self._rows("SELECT file_number, records FROM files ORDER BY file_number")
        files = [(number, records) for number, records in counted]
        ((first, last, items),) = self._rows(
            "SELECT min(sequence), max(sequence), count(*) FROM switch_entries"
            " WHERE posted_change <> 0"
        )
        switch = SwitchRange(first, last, items) if items else None
        return cut(files, switch, self._rows_of_a_slice)

    def _spans(self) -> list[Span]:
        blocks = self._rows(
            'SELECT "authorization" // ? AS block, count(*) FROM "authorizations"'
            " GROUP BY block ORDER BY block",
            BLOCK,
        )
        return spans(((block, count) for block, count in blocks), self._rows_of_a_slice)

    def _run(self, statement: Statement) -> None:
        began = time.perf_counter()
        try:
            self._take(statement)
        except duckdb.OutOfMemoryException as error:
            raise ClearingMemoryError(statement.step.name) from error
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
            problem = "a number does not fit into 64 bits, or a value into its column"
            raise ClearingRefusedError(statement.step.name, [problem]) from error
        self._watch_disk()
        for name in statement.unread:
            self._connection.execute(f"DROP TABLE {name}")
        if self._progress is not None:
            seconds = time.perf_counter() - began
            step = statement.step
            name = step.name if step.table is None else f"write {step.table.name}"
            self._progress(StepDone(name, seconds, *self._part))

    def _take(self, statement: Statement) -> None:
        step, text = statement.step, statement.text
        if step.form is Form.VIEW:
            self._connection.execute(f"CREATE OR REPLACE VIEW {step.name} AS {text}")
        elif step.form is Form.TABLE:
            self._connection.execute(f"CREATE OR REPLACE TABLE {step.name} AS {text}")
        elif step.form is Form.GATHERED:
            into = f"INSERT INTO {step.name}" if step.name in self._gathered else ""
            self._connection.execute(f"{into or f'CREATE TABLE {step.name} AS'} {text}")
            self._gathered.add(step.name)
        elif step.form is Form.CHECK:
            problems = [str(row[0]) for row in self._rows(f"{text} LIMIT {_PROBLEMS_SHOWN}")]
            if problems:
                raise ClearingRefusedError(step.name, problems)
        else:
            assert step.table is not None, "a result without its table"
            self._files[step.table.name].add(self._batches(text))

    def _batches(self, text: str) -> Iterator[pa.RecordBatch]:
        return iter(self._connection.sql(text).to_arrow_reader(ROWS_OF_A_GROUP))

    def _rows(self, text: str, *values: int) -> list[tuple[int, ...]]:
        return self._connection.execute(text, values).fetchall()

    def _watch_disk(self) -> None:
        found = self._rows("SELECT coalesce(sum(size), 0) FROM duckdb_temporary_files()")
        self._spilled_bytes = max(self._spilled_bytes, int(found[0][0]))


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
