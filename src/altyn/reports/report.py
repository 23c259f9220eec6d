"""What a report is: sections for people, and one table of lines for programs.

A line's amounts are integers of minor units; the column that holds their currency is named by the
column, so that each is written with the digits of its own currency (ISO 4217).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias

import pyarrow as pa

from altyn.clock import utc_datetime
from altyn.money import currency_of

ColumnType: TypeAlias = Literal[
    "text", "figure", "count", "amount", "share", "day", "instant", "flag"
]
"""`amount`: minor units. `share`: millionths, shown in percent. `instant`: UTC microseconds.
`figure`: a text of any of these, read from the right."""

Cell: TypeAlias = str | int | bool | date | None
Row: TypeAlias = tuple[Cell, ...]

NUMERIC: Final = frozenset({"figure", "count", "amount", "share"})
PPM: Final = 1_000_000
PPM_OF_A_PERCENT_HUNDREDTH: Final = 100

_ARROW: Final = {
    "text": pa.string(),
    "figure": pa.string(),
    "count": pa.int64(),
    "amount": pa.int64(),
    "share": pa.int64(),
    "day": pa.date32(),
    "instant": pa.timestamp("us", tz="UTC"),
    "flag": pa.bool_(),
}


class ReportError(ValueError):
    """A report that would not be true: the text says why and what to do, never an amount."""


class Tables(Protocol):
    """Reads the tables of cleared cycles, each under its name, by SQL. Parameters are named $x."""

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Any]:
        """All rows of a query, as tuples: for what is known to be few."""

    def batches(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The rows of a query piece by piece: for what may be many."""


class Column(NamedTuple):
    """A column: its name for programs, its heading for people.

    currency: the name of the column that says in which currency an amount is, alphabetic.
    """

    name: str
    heading: str
    type: ColumnType = "text"
    currency: str = ""

    @property
    def numeric(self) -> bool:
        """Whether it is read from the right."""
        return self.type in NUMERIC


class Section(NamedTuple):
    """A table under a title. `totals` are rows below a line; `note` stands under the table."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: tuple[Row, ...] = ()
    note: str = ""


class Period(NamedTuple):
    """What a report is about: the cycles, in order, and how people call that."""

    cycles: tuple[str, ...]
    words: str


class Lines(NamedTuple):
    """The table for programs: columns, and the rows in pieces of whole batches."""

    columns: tuple[Column, ...]
    batches: Iterator[pa.RecordBatch]


class Report(NamedTuple):
    """One report: `sections` for people and `lines` for programs, which hold the same.

    subject: the participant, empty for all; remarks: sentences at the end of the page.
    """

    name: str
    title: str
    subject: str
    period: Period
    sections: tuple[Section, ...]
    lines: Section
    remarks: tuple[str, ...] = ()

    def section(self, name: str) -> Section:
        """A section by its name; LookupError when there is none."""
        for found in self.sections:
            if found.name == name:
                return found
        raise LookupError("the report has no such section")


def without(section: Section, *names: str) -> Section:
    """The section without some columns: those that say the same in every row."""
    kept = [place for place, column in enumerate(section.columns) if column.name not in names]

    def shorter(rows: tuple[Row, ...]) -> tuple[Row, ...]:
        return tuple(tuple(row[place] for place in kept) for row in rows)

    return section._replace(
        columns=tuple(section.columns[place] for place in kept),
        rows=shorter(section.rows),
        totals=shorter(section.totals),
    )


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """The types that programs get: integers of minor units, days, instants in UTC."""
    return pa.schema([pa.field(column.name, _ARROW[column.type]) for column in columns])


def lines_of(section: Section) -> Lines:
    """A section for programs, as one batch. Raises ReportError for what 64 bits do not hold."""
    schema = arrow_schema(section.columns)
    cells: list[Any] = [list(each) for each in zip(*section.rows, strict=True)]
    try:
        arrays = [
            pa.array(values, field.type)
            for values, field in zip(cells or [[] for _ in schema], schema, strict=True)
        ]
    except (OverflowError, pa.ArrowInvalid) as error:
        raise ReportError("a sum is beyond 64 bits; report fewer cycles at once") from error
    return Lines(section.columns, iter([pa.RecordBatch.from_arrays(arrays, schema=schema)]))


def cell_text(column: Column, value: Cell, row: Mapping[str, Cell]) -> str:
    """A cell as people read it; `row` gives the currency of an amount. Absent is empty."""
    if value is None:
        return ""
    if column.type == "amount":
        assert isinstance(value, int), "an amount is an integer of minor units"
        return amount_text(value, str(row[column.currency]))
    if column.type == "count":
        return f"{value:,}"
    if column.type == "share":
        assert isinstance(value, int), "a share is an integer of millionths"
        return share_text(value)
    if column.type == "instant":
        assert isinstance(value, int), "an instant is an integer of microseconds"
        return f"{utc_datetime(value):%Y-%m-%d %H:%M:%S} UTC"
    if column.type == "flag":
        return "yes" if value else ""
    return str(value)


def row_texts(section: Section, row: Row) -> list[str]:
    """The cells of a row as people read them."""
    named = {column.name: value for column, value in zip(section.columns, row, strict=True)}
    return [
        cell_text(column, value, named) for column, value in zip(section.columns, row, strict=True)
    ]


def amount_text(minor_units: int, currency: str) -> str:
    """123456 minor units of KZT are '1,234.56': thousands separated, a minus when below zero."""
    exponent = currency_of(currency).exponent
    sign = "-" if minor_units < 0 else ""
    whole, part = divmod(abs(minor_units), 10**exponent)
    return f"{sign}{whole:,}.{part:0{exponent}d}" if exponent else f"{sign}{whole:,}"


def share_text(ppm: int) -> str:
    """123456 millionths are '12.34 %': what is beyond the second digit is cut, not rounded."""
    sign = "-" if ppm < 0 else ""
    whole, part = divmod(abs(ppm) // PPM_OF_A_PERCENT_HUNDREDTH, 100)
    return f"{sign}{whole:,}.{part:02d} %"
