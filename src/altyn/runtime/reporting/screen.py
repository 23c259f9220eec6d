"""Reports on a terminal: a table for each section, numbers to the right."""

from collections.abc import Iterator
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from altyn.reports import Report, Section, row_texts, without

__all__ = ["show_report"]

ROWS_SHOWN_MAX: Final = 200
BORDER_COLUMNS: Final = 2
FOLDED_COLUMNS: Final = 22
"""A text is folded rather than that a column is shown in another piece."""


def show_report(console: Console, report: Report) -> None:
    """All sections with their sums, then the remarks."""
    subject = report.subject or "all participants"
    console.print(Text(f"{report.title}: {subject}, {report.period.words}", style="bold"))
    for section in report.sections:
        if not section.rows:
            console.print(Text(f"\n{section.title}: none."))
            continue
        for piece in _pieces(section, console.width):
            console.print()
            console.print(_table(piece))
        left = len(section.rows) - ROWS_SHOWN_MAX
        if left > 0:
            console.print(f"... and {left:,} more: see --format csv", highlight=False)
        if section.note:
            console.print(Text(section.note, style="dim"))
    console.print()
    for remark in report.remarks:
        console.print(Text(remark))


def _pieces(section: Section, width: int) -> Iterator[Section]:
    """A section that is wider than the screen as several: each begins with the first columns, up to
    the first number, and has as many of the others as there is room for."""
    shown = [row_texts(section, row) for row in (*section.rows[:ROWS_SHOWN_MAX], *section.totals)]
    widths = {
        column.name: 1
        + min(
            max(len(column.heading), *(len(row[place]) for row in shown)),
            width if column.numeric else FOLDED_COLUMNS,
        )
        for place, column in enumerate(section.columns)
    }
    columns = section.columns
    first = next((place for place, each in enumerate(columns) if each.numeric), len(columns))
    names = [column.name for column in columns]
    head = sum(widths[name] for name in names[:first]) + BORDER_COLUMNS
    pieces: list[list[str]] = [[]]
    for name in names[first:]:
        taken = head + sum(widths[each] for each in pieces[-1])
        if pieces[-1] and taken + widths[name] > width:
            pieces.append([])
        pieces[-1].append(name)
    for piece in pieces:
        hidden = set(names[first:]) - set(piece)
        # An amount is written by the currency of its row: texts are made before columns go.
        yield without(_worded(section), *hidden)


def _worded(section: Section) -> Section:
    """The section with every cell as the text that people read."""
    return section._replace(
        columns=tuple(
            column._replace(type="figure" if column.numeric else "text")
            for column in section.columns
        ),
        rows=tuple(tuple(row_texts(section, row)) for row in section.rows[:ROWS_SHOWN_MAX]),
        totals=tuple(tuple(row_texts(section, row)) for row in section.totals),
    )


def _table(section: Section) -> Table:
    table = Table(
        box=SIMPLE_HEAD,
        title=section.title,
        title_justify="left",
        pad_edge=False,
        padding=(0, 1, 0, 0),
        show_footer=False,
    )
    for column in section.columns:
        table.add_column(
            column.heading,
            justify="right" if column.numeric else "left",
            no_wrap=column.numeric,
            overflow="fold",
        )
    for row in section.rows[:ROWS_SHOWN_MAX]:
        table.add_row(*_cells(section, row_texts(section, row)))
    if section.totals:
        table.add_section()
        for row in section.totals:
            table.add_row(*_cells(section, row_texts(section, row)), style="bold")
    return table


def _cells(section: Section, texts: list[str]) -> list[Text]:
    """As texts, so that a merchant's name is never taken for markup."""
    return [
        Text(text, style="red" if column.numeric and text.startswith("-") else "")
        for column, text in zip(section.columns, texts, strict=True)
    ]
