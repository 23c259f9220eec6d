"""docs/reference/clearing.md, made from the tables that clearing reads and writes."""

from collections.abc import Iterable, Sequence
from typing import Final

from altyn.clearing import (
    INPUT_TABLES,
    RESULT_TABLES,
    RULE_TABLES,
    Column,
    MatchOutcome,
    MatchRejection,
    Table,
)
from altyn.reports import REMEDIES

__all__ = ["clearing_page"]

_OPENING: Final = """\
# Tables of clearing

Made by `altyn cycle layout` from the tables that clearing reads and writes; a test compares.

Every table is a Parquet file of these columns in this order, its rows ordered by its key, so that
the same input gives the same bytes. The results of a cycle lie in `cycles/DAY-N` in the folder of
`[clearing]`. A text that is absent is null, never empty. An amount is an integer of minor units of
the currency beside it, a currency its numeric code in ISO 4217, an instant UTC. A `wide` integer
has up to 38 digits (DECIMAL(38,0)). `pan` is the card number as the journal keeps it.
"""


def clearing_page() -> str:
    """The text of docs/reference/clearing.md."""
    rule_names = {table.name for table in RULE_TABLES}
    traffic = [table for table in INPUT_TABLES if table.name not in rule_names]
    parts = (
        _OPENING,
        _outcomes(),
        _rejections(),
        _tables("Results", RESULT_TABLES),
        _tables("What the rules decide, as clearing reads it", RULE_TABLES),
        _tables("What is cleared", traffic),
    )
    return "\n".join(parts)


def _outcomes() -> str:
    rows = ((f"`{word.name}`", word.value) for word in MatchOutcome)
    return "## Outcomes of an item\n\n" + _lines(("Word", "Meaning"), rows)


def _rejections() -> str:
    rows = ((f"`{word.name}`", word.value, REMEDIES[word]) for word in MatchRejection)
    return "## Reasons of a rejection\n\n" + _lines(("Word", "Meaning", "Remedy"), rows)


def _tables(heading: str, tables: Sequence[Table]) -> str:
    return f"## {heading}\n\n" + "\n".join(_table(table) for table in tables)


def _table(table: Table) -> str:
    key = ", ".join(f"`{name}`" for name in table.key)
    rows = (
        (f"`{c.name}`", _form(c), "" if c.required else "yes", c.meaning) for c in table.columns
    )
    head = ("Column", "Form", "Null", "Meaning")
    return f"### {table.name}\n\n{_sentence(table.meaning)} Key: {key}.\n\n" + _lines(head, rows)


def _form(column: Column) -> str:
    return f"{column.type}, {column.width}" if column.width else column.type


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _lines(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
