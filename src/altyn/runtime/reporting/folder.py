"""All reports of a period in one folder, with an index page for each period."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from altyn.reports import IndexGroup, Link, index_page, report_page
from altyn.runtime.reporting.books import slug_of
from altyn.runtime.reporting.making import KINDS, Desk, Kind
from altyn.runtime.reporting.writing import FileFormat, place_of, write_lines, write_page

__all__ = ["participants_of", "write_all", "write_report"]

INDEX: Final = "index.html"
_PARTICIPANTS: Final = """
SELECT DISTINCT participant FROM nets WHERE account = 'settlement'
UNION SELECT DISTINCT acquirer_participant FROM rejected ORDER BY 1
"""


def participants_of(desk: Desk) -> list[str]:
    """Who has a net in the period, or a rejected record."""
    return [str(row[0]) for row in desk.tables.rows(_PARTICIPANTS)]


def write_report(
    desk: Desk, kind: Kind, subject: str | None, form: FileFormat, folder: Path | None
) -> tuple[str, int]:
    """One report in one form; gives its path from the folder, and its rows (0 for a page)."""
    place = place_of(folder, slug_of(desk.period), subject or "", kind.name, form)
    if form == "html":
        write_page(report_page(kind.page(desk, subject), _scheme(desk)), place)
        return place.path, 0
    return place.path, write_lines(kind.lines_for(desk, subject), form, place)


def write_all(desk: Desk, forms: Iterable[FileFormat], folder: Path) -> list[str]:
    """Every report of every participant and of the scheme, then the index; gives the paths."""
    chosen = tuple(forms)
    groups = []
    paths = []
    for subject in (None, *participants_of(desk)):
        links = []
        for kind in KINDS.values():
            if not (kind.for_all if subject is None else kind.for_one):
                continue
            for form in chosen:
                path, _rows = write_report(desk, kind, subject, form, folder)
                paths.append(path)
                title = f"{kind.name.replace('-', ' ').capitalize()} ({form.upper()})"
                links.append(Link(title, path.partition("/")[2]))
        groups.append(IndexGroup(subject or "The scheme", tuple(links)))
    path = f"{slug_of(desk.period)}/{INDEX}"
    page = index_page(_scheme(desk), desk.period.words, tuple(groups))
    write_page(page, place_of(folder, "", "", "", "")._replace(path=path))
    return [*paths, path]


def _scheme(desk: Desk) -> str:
    return desk.books.office.registry.scheme.name
