"""Reports as pages of HTML that print: no script, nothing from elsewhere, always the same bytes."""

from functools import cache
from typing import Any, Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from altyn.reports.report import Report, Section, row_texts

WIDE_COLUMNS: Final = 8
"""A page with a table of more columns is printed across."""


class Link(NamedTuple):
    """A report in the index: its title, and its file from the index's folder."""

    title: str
    path: str


class IndexGroup(NamedTuple):
    """The reports of one participant, or of the scheme."""

    title: str
    links: tuple[Link, ...]


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("altyn.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def report_page(report: Report, scheme: str) -> str:
    """A report as a page; `scheme` is the name at its head."""
    wide = any(len(section.columns) > WIDE_COLUMNS for section in report.sections)
    return (
        _environment()
        .get_template("report.html")
        .render(
            scheme=scheme,
            report=report,
            wide=wide,
            sections=[_texts(section) for section in report.sections],
        )
    )


def index_page(scheme: str, period: str, groups: tuple[IndexGroup, ...]) -> str:
    """The list of a folder's reports."""
    return (
        _environment()
        .get_template("index.html")
        .render(scheme=scheme, period=period, groups=groups, wide=False)
    )


def _texts(section: Section) -> dict[str, Any]:
    """What the template shows: every cell as a text, and whether it is read from the right."""
    numeric = [column.numeric for column in section.columns]

    def cells(rows: tuple[Any, ...]) -> list[list[tuple[str, bool, bool]]]:
        return [
            [
                (text, right, right and text.startswith("-"))
                for text, right in zip(row_texts(section, row), numeric, strict=True)
            ]
            for row in rows
        ]

    return {
        "name": section.name,
        "title": section.title,
        "headings": list(zip((each.heading for each in section.columns), numeric, strict=True)),
        "rows": cells(section.rows),
        "totals": cells(section.totals),
        "note": section.note,
    }
