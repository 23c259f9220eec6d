"""The plan of clearing on Spark, to the same bytes as on DuckDB."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Final

import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from altyn.clearing import SPARK, Plan, Table
from altyn.runtime.clearing.engine import (
    ROWS_OF_A_SLICE,
    ClearingMemoryError,
    ClearingRefusedError,
    Inputs,
    Progress,
    RunFigures,
)
from altyn.runtime.clearing.plan_run import NO_ROOM_FOR_A_NUMBER, PlanRun
from altyn.runtime.output import FULL_DISK

_TYPES: Final = {
    "text": "STRING",
    "int32": "INT",
    "int64": "BIGINT",
    "wide": "DECIMAL(38,0)",
    "flag": "BOOLEAN",
    "date": "DATE",
    "bytes": "BINARY",
}
# Classes of SQLSTATE: data exceptions (overflow, casts), and what the SQL itself raises.
_REFUSALS: Final = ("22", "P0")
# Java's, and those of Spark's own book of memory.
_OUT_OF_MEMORY: Final = ("OutOfMemoryError", "UNABLE_TO_ACQUIRE_MEMORY", "Java heap space")


class SparkEngine:
    """Clears one cycle at a time; see `Engine`. Results pass through this process by slices."""

    def __init__(self, session: SparkSession, rows_of_a_slice: int = ROWS_OF_A_SLICE) -> None:
        """An engine in a session of `spark_session`."""
        self._session = session
        self._rows_of_a_slice = rows_of_a_slice

    def run(self, inputs: Inputs, target: Path, progress: Progress | None = None) -> RunFigures:
        """See `Engine.run`. What Spark lays on disk is not counted."""
        relations = _Relations(self._session)
        try:
            run = PlanRun(Plan(SPARK), relations, target, self._rows_of_a_slice, progress)
            return RunFigures(run.clear(inputs), 0)
        finally:
            relations.forget()


class _Relations:
    """Temporary views of a session; see `plan_run.Relations`."""

    def __init__(self, session: SparkSession) -> None:
        self._session = session
        self._named: set[str] = set()
        self._gathered: dict[str, list[DataFrame]] = {}

    def read(self, table: Table, paths: Sequence[Path]) -> None:
        types = {column.name: _TYPES[column.type] for column in table.columns}
        if paths:
            frame = self._session.read.parquet(*(str(path) for path in paths))
            columns = [f"CAST(`{name}` AS {type_}) AS `{name}`" for name, type_ in types.items()]
        else:
            frame = self._session.range(0)
            columns = [f"CAST(NULL AS {type_}) AS `{name}`" for name, type_ in types.items()]
        self._name(table.name, frame.selectExpr(*columns))

    def view(self, name: str, text: str) -> None:
        self._name(name, self._session.sql(text))

    def keep(self, name: str, text: str) -> None:
        self._name(name, self._computed(text))

    def gather(self, name: str, text: str) -> None:
        frames = self._gathered.setdefault(name, [])
        frames.append(self._computed(text))
        self._name(name, reduce(DataFrame.unionAll, frames))

    def let_go(self, name: str) -> None:
        self._session.catalog.dropTempView(name)
        self._named.discard(name)
        self._gathered.pop(name, None)

    def rows(self, text: str) -> list[tuple[int, ...]]:
        return [tuple(row) for row in self._session.sql(text).collect()]

    def batches(self, text: str) -> Iterable[pa.RecordBatch]:
        found: Iterable[pa.RecordBatch] = self._session.sql(text).toArrow().to_batches()
        return found

    @contextmanager
    def refusing(self, step: str) -> Iterator[None]:
        try:
            yield
        except (PySparkException, Py4JError) as error:
            # Not `from error`: Spark's own words tell the value at fault.
            raise _as_ours(step, error) from None

    def forget(self) -> None:
        """Give back the names that the run took in the session, which outlives it."""
        for name in self._named:
            self._session.catalog.dropTempView(name)

    def _name(self, name: str, frame: DataFrame) -> None:
        # Columns of their own: two names may be joined though one descends from the other.
        frame.toDF(*frame.columns).createOrReplaceTempView(name)
        self._named.add(name)

    def _computed(self, text: str) -> DataFrame:
        """The rows, computed once. A frame that is only cached keeps its whole descent, which grows
        from step to step until no memory holds the plan; rows that nobody names are freed.
        """
        return self._session.sql(text).localCheckpoint(True, StorageLevel.MEMORY_AND_DISK)


def _as_ours(step: str, error: PySparkException | Py4JError) -> Exception:
    """The error that an engine is to raise, or the error itself where there is none for it."""
    told = str(error)
    for number in FULL_DISK:
        if os.strerror(number) in told:
            return OSError(number, os.strerror(number))
    if any(word in told for word in _OUT_OF_MEMORY):
        return ClearingMemoryError(step)
    state = error.getSqlState() if isinstance(error, PySparkException) else None
    if (state or "").startswith(_REFUSALS):
        return ClearingRefusedError(step, [NO_ROOM_FOR_A_NUMBER])
    return error
