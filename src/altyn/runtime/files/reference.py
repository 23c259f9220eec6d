"""docs/reference/presentment.md, made from the tables that read and write the files."""

from collections.abc import Iterable
from typing import Final

from altyn.presentment import (
    FILE_COLUMNS,
    PRESENTMENT_COLUMNS,
    Column,
    Reason,
    field_of_column,
)

__all__ = ["presentment_page"]

_OPENING: Final = """\
# Presentment files

Made by `altyn file layout` from the tables that read and write the files; a test compares.

An acquirer sends its presentments in one of three forms. The values are the same in each.

| Form | What it is |
|---|---|
| `csv` | RFC 4180, UTF-8 without byte order mark, all lines ended alike (LF or CR LF) |
| `parquet` | the same columns; texts as strings, integers as int64 |
| `ipm`, `ipm-ebcdic` | ISO 8583:1993 records, each behind its length in 4 bytes, then a zero |
| `ipm-blocked`, `ipm-ebcdic-blocked` | the same in blocks of 1014 bytes: 1012 and two of hex 40 |

A file may come packed by gzip or as a zip archive of one file. It may unpack to a hundred times its
size; names inside an archive are never used.

## Control data

Every file names itself, its acquirer, its place in the acquirer's sequence (1, 2, 3 ... without
gaps) and its business day. At its end it tells how many records it has and the sum of their
amounts for each currency.

CSV: the first line, the names of the columns, the records, the last line:

    altyn-presentment,1,SEA-20261123-1,SEA,1,20261123
    function,reversal,direction,pan,...
    totals,2,398=150000,840=2500

Parquet: JSON under the metadata key `altyn-presentment`, with `version` 1, `file_id`, `acquirer`,
`sequence`, `business_day`, `count` and `sums`, an object of currency and integer.

ISO 8583: the header is 1644 with DE24 697, the trailer 1644 with DE24 695. DE71 counts the messages
from 1, the header's own. Private data (PDS: tag of four digits, length of three, value, in DE48 and
then DE62, DE123, DE124, DE125) holds the rest:

| PDS | Where | What |
|---|---|---|
| 0105 | header, trailer | file identifier |
| 1301, 1302, 1303 | header | acquirer, sequence, business day |
| 0306 | trailer | number of messages, header and trailer counted, 8 digits |
| 0301 | trailer | sum of all amounts whatever their currency, 16 digits |
| 1304 | trailer | sums: currency and 18 digits, repeated |
| 0025 | presentment | begins with R: takes back the presentment named |

Messages 1442 and 1740 are reserved for disputes and fees; until they are taken each is rejected.
"""

_RULES: Final = """
## What becomes of a file

| What comes | What happens |
|---|---|
| the same identifier again | the first answer, marked as a repeat; nothing is taken twice |
| the same identifier, after a refusal, with other content | a correction: looked at anew |
| the same content under a new identifier | taken; clearing rejects its records singly as repeats |
| a sequence number too early | the file waits, the operator is told; 16 may wait |
| a sequence number that was used | refused |
| a closed business day | by the scheme's rule refused, or booked into the open day, as is told |
| a record that is not in form | rejected singly with its reason; the rest is taken |
| totals that do not agree | the file is refused, nothing of it is taken |

A record whose amount cannot be read is missing from the sums; while there is one, the trailer may
tell more than what was read, never less. With more than 100,000 rejected records a file is refused.

## The answer

Each file is answered by a file of the same form: status of the file, then runs of records, each
`ACCEPTED` or `REJECTED` with a code from the list below, the field, the byte of the record where
it is known, and words. No answer holds a value of a record.

In ISO 8583 the header tells the status of the file (PDS 1320), whether it answers a repeat (1325)
and the day booked (1326). 1644 with DE24 699 tells why a file is not taken, 1644 with DE24 691 what
became of a run of records: first and last message number (PDS 0138, 1324), status (1320), code
(1321), field (1322), words (1323).
"""


def presentment_page() -> str:
    """The text of docs/reference/presentment.md."""
    parts = (_OPENING, _file_columns(), _RULES, _reasons(), _row_columns())
    return "\n".join(parts)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _file_columns() -> str:
    rows = (
        (f"`{c.name}`", _form(c), "yes" if c.required else "", field_of_column(c.name), c.meaning)
        for c in FILE_COLUMNS
    )
    head = ("Column", "Form", "Required", "ISO 8583", "Meaning")
    return "## Columns of a file, in this order\n\n" + _table(head, rows)


def _form(column: Column) -> str:
    if column.type == "integer":
        return f"integer, {column.width} digits"
    return f"`{column.pattern}`"


def _reasons() -> str:
    rows = ((f"`{reason.name}`", reason.value) for reason in Reason)
    return "## Codes of reasons\n\n" + _table(("Code", "Words"), rows)


def _row_columns() -> str:
    rows = (
        (f"`{c.name}`", c.type, str(c.width), "" if c.required else "yes", c.meaning)
        for c in PRESENTMENT_COLUMNS
    )
    head = ("Column", "Type", "Width", "Null", "Meaning")
    return "## Columns that clearing reads\n\n" + _table(head, rows)
