"""What clearing reads beside the rules: the switch's entries, presentments, and earlier cycles.

Inputs have the forms of the tables that clearing itself makes, so that one cycle's result is the
next one's input. `transactions` are columns of the journal's export, with the card number sealed.
"""

from collections.abc import Mapping
from typing import Final

from altyn.clearing.tables import AUTHORIZATIONS, ITEMS, RULE_TABLES, Column, ColumnType, Table
from altyn.presentment import PRESENTMENT_COLUMNS
from altyn.transaction import entries

_TEXTS_OF_ENTRIES: Final = (
    "processing_code", "stan", "transmission", "rrn", "terminal", "merchant", "category",
    "entry_mode", "currency", "acquirer_participant", "issuer_participant", "product",
    "settlement_currency", "settlement_rate_id", "authorization_code",
)  # fmt: skip
_NUMBERS_OF_ENTRIES: Final = (
    "amount", "settlement_amount", "refers_to", "posted_change", "remaining",
)  # fmt: skip
_WORDS_OF_ENTRIES: Final = ("kind", "flags", "stage", "outcome")
_TYPES: Final[Mapping[str, ColumnType]] = {
    "text": "text",
    "integer": "int64",
    "flag": "flag",
    "date": "date",
    "bytes": "bytes",
}
_SHORT: Final = ("part_number", "part_count")


def _transactions() -> Table:
    columns = [Column("sequence", "int64", 0, True, "its place in the journal")]
    for column in entries.COLUMNS:
        name, meaning = column.name, column.meaning
        if name == entries.PAN_COLUMN:
            columns.append(Column(name, "bytes", column.width, True, meaning))
        elif name == "business_day":
            columns.append(Column(name, "date", 0, True, meaning))
        elif name in _NUMBERS_OF_ENTRIES:
            columns.append(Column(name, "int64", 0, True, meaning))
        elif name in _TEXTS_OF_ENTRIES or name in _WORDS_OF_ENTRIES:
            columns.append(Column(name, "text", column.width, False, meaning))
    return Table(
        "transactions", tuple(columns), ("sequence",), "finished entries of the cycle's range"
    )


def _presentments() -> Table:
    columns = [
        Column(
            column.name,
            "int32" if column.name in _SHORT else _TYPES[column.type],
            column.width,
            column.required,
            column.meaning,
        )
        for column in PRESENTMENT_COLUMNS
    ]
    columns += (
        Column("file_sequence", "int32", 0, True, "number of the file among its acquirer's"),
        Column("issuer_participant", "text", 8, False, "whose card it is, null for nobody's"),
        Column("product", "text", 8, False, "product of the card, null for nobody's"),
        Column("booked_day", "date", 0, True, "business day to which its file was booked"),
    )
    key = ("acquirer_participant", "file_sequence", "record_number")
    return Table("presentments", tuple(columns), key, "records of the cycle's files")


TRANSACTIONS: Final = _transactions()
PRESENTMENTS: Final = _presentments()
AUTHORIZATIONS_BEFORE: Final = AUTHORIZATIONS._replace(
    name="authorizations_before", meaning="`authorizations` of the cycle before"
)
ITEMS_BEFORE: Final = ITEMS._replace(
    name="items_before", meaning="`items` of the cycles that may still be named"
)
INPUT_TABLES: Final = (
    TRANSACTIONS,
    PRESENTMENTS,
    AUTHORIZATIONS_BEFORE,
    ITEMS_BEFORE,
    *RULE_TABLES,
)
"""Every input by its name in the SQL. One that is absent is an empty table."""
