"""The tables of cleared cycles, read by DuckDB from where clearing left them as Parquet."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from altyn.clearing import RESULT_TABLES
from altyn.runtime.output import UserError

__all__ = ["ResultTables", "folder_of", "open_results"]

ROWS_OF_A_BATCH: Final = 1 << 16
MEMORY_BYTES: Final = 2 << 30
THREADS: Final = 2
NETS_FILE: Final = "nets.parquet"


class ResultTables:
    """A connection in which every table is known by its name (see `altyn.reports.Tables`)."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """The connection is the caller's to close."""
        self._connection = connection

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Any]:
        """All rows of a query, as tuples."""
        return self._connection.execute(sql, dict(parameters or {})).fetchall()

    def batches(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The rows of a query as they are made; another query may run in between."""
        with self._connection.cursor() as cursor:
            found = cursor.sql(sql, params=dict(parameters or {}))
            yield from found.to_arrow_reader(ROWS_OF_A_BATCH)


def folder_of(cleared: Path, cycle: str) -> Path:
    """Where clearing leaves the results of a cycle: 2026-11-23/1 in cycles/2026-11-23-1."""
    return cleared / "cycles" / cycle.replace("/", "-")


@contextmanager
def open_results(folders: Mapping[str, Path]) -> Iterator[ResultTables]:
    """The tables of these cycles, each table of all of them as one; `nets_of_cycles` are the nets
    with the cycle beside them. Raises UserError for a cycle whose tables are not there."""
    for cycle, folder in folders.items():
        for table in RESULT_TABLES:
            if not (folder / f"{table.name}.parquet").is_file():
                raise UserError(
                    "this cycle has not been cleared here",
                    where=str(folder),
                    do=f"altyn clear --cycle {cycle}",
                )
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{MEMORY_BYTES >> 20}MiB",
        "threads": THREADS,
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    with duckdb.connect(config=settings) as connection:
        for table in RESULT_TABLES:
            places = _list(folder / f"{table.name}.parquet" for folder in folders.values())
            connection.execute(f"CREATE VIEW {table.name} AS FROM read_parquet({places})")
        nets = " UNION ALL ".join(
            _nets(cycle, folder / NETS_FILE) for cycle, folder in folders.items()
        )
        connection.execute(f"CREATE VIEW nets_of_cycles AS {nets}")
        yield ResultTables(connection)


def _nets(cycle: str, place: Path) -> str:
    # Every value is quoted: a view takes no parameters.
    return f"(SELECT {_text(cycle)} AS cycle, * FROM read_parquet({_list([place])}))"  # noqa: S608


def _list(places: Iterable[Path]) -> str:
    return f"[{', '.join(_text(str(place)) for place in places)}]"


def _text(text: str) -> str:
    """A text as SQL writes it: a view takes no parameters."""
    return "'" + text.replace("'", "''") + "'"
