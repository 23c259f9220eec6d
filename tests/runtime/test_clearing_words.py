"""Texts of which a day has few, as DuckDB knows them."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from altyn.clearing import RULE_TABLES, schema_of
from altyn.runtime.clearing.words import WORD, known_as_words

PARTICIPANTS = next(table for table in RULE_TABLES if table.name == "participants")


def _participants(folder: Path) -> dict[str, list[Path]]:
    rows = [
        {"participant": name, "country": "KZ", "currency": "398", "agent": name, "partner": False}
        for name in ("HILL", "ALTAY", "STEPPE")
    ]
    path = folder / "participants.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema_of(PARTICIPANTS)), path)
    return {"participants": [path]}


def test_words_are_numbered_in_the_order_of_texts(tmp_path: Path) -> None:
    """So that whatever is sorted by a word is sorted as its text is."""
    with duckdb.connect() as connection:
        found = known_as_words(connection, _participants(tmp_path))
        assert {"participant", "agent", "currency"} <= found
        row = connection.execute(f"SELECT enum_range(NULL::{WORD})").fetchone()
    assert row == (["398", "ALTAY", "HILL", "KZ", "STEPPE"],)


def test_more_words_than_fit_stay_texts(tmp_path: Path) -> None:
    """Nothing is a word then, and nothing is left of the attempt."""
    with duckdb.connect() as connection:
        assert known_as_words(connection, _participants(tmp_path), at_most=4) == frozenset()
        assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == []


def test_a_day_without_inputs_has_no_words() -> None:
    """There is no type without a value."""
    with duckdb.connect() as connection:
        assert known_as_words(connection, {}) == frozenset()
