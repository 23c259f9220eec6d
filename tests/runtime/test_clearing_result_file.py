"""A result table as a Parquet file, written by a thread of its own."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from altyn.clearing import RESULT_TABLES, schema_of
from altyn.runtime.clearing import ClearingRefusedError
from altyn.runtime.clearing.result_file import ROWS_OF_A_GROUP, ResultFile

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


def test_groups_are_cut_by_number_and_come_back_in_order(tmp_path: Path) -> None:
    """However large the pieces were."""
    path = tmp_path / "totals.parquet"
    file = ResultFile(path, TOTALS)
    file.add(_batches(50_000))
    file.add(())
    file.close()
    read = pq.ParquetFile(path)
    groups = [read.metadata.row_group(number).num_rows for number in range(3)]
    assert (file.rows, groups) == (ROWS, [ROWS_OF_A_GROUP, ROWS_OF_A_GROUP, 5])
    assert read.schema_arrow.equals(schema_of(TOTALS))
    assert read.read(["records"]).column(0).to_pylist() == list(range(ROWS))


def test_an_absent_value_is_refused(tmp_path: Path) -> None:
    """Before any thread sees it."""
    columns = {name: pa.nulls(1) for name in schema_of(TOTALS).names}
    with pytest.raises(ClearingRefusedError, match="source of 1 rows is absent"):
        ResultFile(tmp_path / "totals.parquet", TOTALS).add([pa.RecordBatch.from_pydict(columns)])


def test_what_stops_the_thread_is_heard(tmp_path: Path) -> None:
    """A group that cannot be written ends the run, at the latest when the file is closed."""
    file = ResultFile(tmp_path / "totals.parquet", TOTALS)
    wrong = [pa.array([word]) for word in ("file", "read", "398", "many", "0")]
    file.add([pa.RecordBatch.from_arrays(wrong, schema_of(TOTALS).names)])
    with pytest.raises(pa.ArrowInvalid):
        file.close()
