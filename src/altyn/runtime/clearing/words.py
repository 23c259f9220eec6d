"""Texts of which a day has few, as numbers: DuckDB's ENUM for participants and the like.

A row of clearing is mostly such texts, and to copy, sort and hand over a number of two bytes costs
less than a text. The words are numbered in their order, so that numbers sort as texts do. Where
a word meets another text, DuckDB compares and gives texts again: nothing depends on it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import duckdb

from altyn.clearing import INPUT_TABLES

WORD: Final = "word"
"""The type's name in the engine."""

WORDS_AT_MOST: Final = 50_000
"""So many fit into two bytes, with room to spare; with more all stay texts."""

_COLUMNS: Final = frozenset(
    {
        "acquirer_participant", "agent", "category", "country", "creditor",
        "cross_border_currency", "currency", "debtor", "entry_mode", "fee", "issuer_participant",
        "participant", "processing_code", "product", "rule_id", "settlement_currency", "source",
        "target",
    }
)  # fmt: skip


def known_as_words(
    connection: duckdb.DuckDBPyConnection,
    inputs: Mapping[str, Sequence[Path]],
    at_most: int = WORDS_AT_MOST,
) -> frozenset[str]:
    """Make the type of the day's words; gives the names of the columns that are of it.

    No column is when there are more words than `at_most`, or none.
    """
    found = " UNION ".join(_distinct(inputs))
    if not found:
        return frozenset()
    connection.execute(f"CREATE TEMP TABLE words AS FROM ({found}) WHERE word NOT NULL")
    counted = connection.execute("SELECT count(*) FROM words").fetchone()
    assert counted is not None, "a count is one row"
    few = 0 < counted[0] <= at_most
    if few:
        connection.execute(f"CREATE TYPE {WORD} AS ENUM (FROM words ORDER BY word)")
    connection.execute("DROP TABLE words")
    return _COLUMNS if few else frozenset()


def _distinct(inputs: Mapping[str, Sequence[Path]]) -> Iterator[str]:
    for table in INPUT_TABLES:
        paths = inputs.get(table.name, ())
        if not paths:
            continue
        listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
        for column in table.columns:
            if column.name in _COLUMNS:
                text = f'CAST("{column.name}" AS VARCHAR)'
                yield f"(FROM read_parquet([{listed}]) SELECT DISTINCT {text} AS word)"
