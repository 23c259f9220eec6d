"""Result tables as Parquet files, written by a thread of its own."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from altyn.clearing import RESULT_TABLES, schema_of
from altyn.runtime.clearing import ClearingRefusedError
from altyn.runtime.clearing.result_file import GROUPS_BEHIND, ROWS_OF_A_GROUP, ResultFiles

TOTALS = next(table for table in RESULT_TABLES if table.name == "totals")
ROWS = 2 * ROWS_OF_A_GROUP + 5


def _batches(size: int) -> Iterator[pa.RecordBatch]:
    """Rows whose `records` count up, as words and in pieces of a size."""
    schema = schema_of(TOTALS)
    for start in range(0, ROWS, size):
        count = min(size, ROWS - start)
        columns = {
            "source": pa.array(["file"] * count).dictionary_encode(),
            "what": pa.array(["read"] * count),
            "currency": pa.array(["398"] * count).dictionary_encode(),
            "records": pa.array(range(start, start + count), pa.int64()),
            "amount": pa.array([start] * count).cast(schema.field("amount").type),
        }
        yield pa.RecordBatch.from_pydict(columns)


def _of_totals(folder: Path) -> ResultFiles:
    return ResultFiles(folder, [TOTALS])


def test_groups_are_cut_by_number_and_come_back_in_order(tmp_path: Path) -> None:
    """However large the pieces were."""
    with _of_totals(tmp_path) as files:
        files.add(TOTALS, _batches(50_000))
        files.add(TOTALS, ())
        files.close()
    read = pq.ParquetFile(tmp_path / "totals.parquet")
    groups = [read.metadata.row_group(number).num_rows for number in range(3)]
    assert (files.rows, groups) == ({"totals": ROWS}, [ROWS_OF_A_GROUP, ROWS_OF_A_GROUP, 5])
    assert read.schema_arrow.equals(schema_of(TOTALS))
    assert read.read(["records"]).column(0).to_pylist() == list(range(ROWS))


def test_an_absent_value_is_refused(tmp_path: Path) -> None:
    """Before any thread sees it."""
    columns = {name: pa.nulls(1) for name in schema_of(TOTALS).names}
    absent = [pa.RecordBatch.from_pydict(columns)]
    refused = pytest.raises(ClearingRefusedError, match="source of 1 rows is absent")
    with refused, _of_totals(tmp_path) as files:
        files.add(TOTALS, absent)


def _wrong(rows: int) -> pa.RecordBatch:
    """Rows whose `records` are no numbers."""
    columns = [pa.array([word] * rows) for word in ("file", "read", "398", "many", "0")]
    return pa.RecordBatch.from_arrays(columns, schema_of(TOTALS).names)


def test_what_stops_the_thread_is_heard(tmp_path: Path) -> None:
    """A group that cannot be written ends the run, at the latest when the files are closed."""
    with pytest.raises(pa.ArrowInvalid), _of_totals(tmp_path) as files:
        files.add(TOTALS, [_wrong(1)])
        files.close()


def test_what_stops_the_thread_is_heard_by_whoever_goes_on(tmp_path: Path) -> None:
    """The engine does not make a day's rows for a disk that is full: it is some groups ahead."""
    made = 0

    def endless() -> Iterator[pa.RecordBatch]:
        nonlocal made
        while True:
            made += 1
            yield _wrong(ROWS_OF_A_GROUP)

    with pytest.raises(pa.ArrowInvalid), _of_totals(tmp_path) as files:
        files.add(TOTALS, endless())
    assert made == GROUPS_BEHIND + 1


def test_a_run_that_fails_leaves_no_thread_and_no_open_file(tmp_path: Path) -> None:
    """Whatever was still to be written is not."""
    before = threading.active_count()
    with pytest.raises(KeyError), _of_totals(tmp_path) as files:
        files.add(TOTALS, _batches(50_000))
        raise KeyError
    assert threading.active_count() == before
    opened = {str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.exists()}
    assert str(tmp_path / "totals.parquet") not in opened
