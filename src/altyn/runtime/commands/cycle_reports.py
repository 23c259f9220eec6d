"""`altyn report invoice` and the others: what is read about cleared cycles."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from altyn.clock import BusinessDay, business_day
from altyn.runtime.backoffice.office import load_office
from altyn.runtime.commands.office_options import CONFIG
from altyn.runtime.output import STANDARD_OUTPUT, UserError, open_console
from altyn.runtime.reporting.books import Books, period_of, read_books
from altyn.runtime.reporting.folder import participants_of, write_all, write_report
from altyn.runtime.reporting.making import KINDS, Desk, Kind, true_statements
from altyn.runtime.reporting.screen import show_report
from altyn.runtime.reporting.writing import FILE_FORMATS, FORMATS, FileFormat

__all__ = ["cycle_reports"]

_DAY: Final = click.DateTime(["%Y-%m-%d"])
_PERIOD: Final = (
    click.option("--cycle", metavar="ID", help="One cycle, such as 2026-11-23/1."),
    click.option("--day", type=_DAY, help="All closed cycles of a business day."),
    click.option("--from", "first", type=_DAY, help="All closed cycles from this day on,"),
    click.option("--until", "last", type=_DAY, help="up to and with this day."),
)


def cycle_reports() -> list[click.Command]:
    """The commands for the group `report`."""
    return [*(_command(kind) for kind in KINDS.values()), _all_reports]


def _with_period(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_PERIOD):
        command = option(command)
    return CONFIG(command)


def _command(kind: Kind) -> click.Command:
    def run(
        settings_path: Path,
        form: str,
        out: str,
        participant: str | None = None,
        **period: Any,
    ) -> None:
        folder = None if out == STANDARD_OUTPUT else Path(out)
        with true_statements(), _desk(settings_path, **period) as desk:
            _check_participant(desk.books, participant)
            _make(desk, kind, participant, form, folder)

    made = click.option(
        "--out", default=STANDARD_OUTPUT, metavar="FOLDER", help="A folder; - is stdout."
    )(run)
    made = click.option(
        "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True
    )(made)
    if kind.for_one:
        made = click.option("--participant", metavar="ID", help="Only this participant.")(made)
    about = (
        f"{kind.summary}\n\nThe last closed cycle, unless another period is named. CSV and Parquet "
        "have amounts as integers of minor units with the currency beside them.\n\n\b\n"
        f"altyn report {kind.name} -c altyn.toml --cycle 2026-11-23/1\n"
        f"altyn report {kind.name} -c altyn.toml --day 2026-11-23 --format csv --out reports"
    )
    return click.command(kind.name, help=about)(_with_period(made))


def _make(desk: Desk, kind: Kind, participant: str | None, form: str, folder: Path | None) -> None:
    subjects: list[str | None] = [participant]
    if participant is None and not kind.for_all:
        if folder is None:
            raise UserError(
                "this report is for one participant at a time",
                where="--participant",
                do="name one, or a folder with --out for a file of each",
            )
        subjects = [*participants_of(desk)]
    for subject in subjects:
        if form == "table":
            _show(desk, kind, subject, folder)
            continue
        chosen: FileFormat = next(each for each in FILE_FORMATS if each == form)
        path, rows = write_report(desk, kind, subject, chosen, folder)
        if folder is not None:
            told = "" if form == "html" else f": {rows:,} rows"
            click.echo(f"{folder / path}{told}")


def _show(desk: Desk, kind: Kind, subject: str | None, folder: Path | None) -> None:
    if folder is not None:
        raise UserError(
            "a table is shown and not written",
            where="--out",
            do=f"add --format {'|'.join(FILE_FORMATS)}",
        )
    show_report(open_console(), kind.page(desk, subject))


@click.command("all")
@_with_period
@click.option(
    "--format",
    "forms",
    type=click.Choice(FILE_FORMATS),
    multiple=True,
    default=("html", "csv"),
    show_default=True,
    help="May be given more than once.",
)
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
def _all_reports(
    settings_path: Path, forms: tuple[FileFormat, ...], out: Path, **period: Any
) -> None:
    """Write every report of every participant and of the scheme, and an index page.

    \b
    altyn report all -c altyn.toml --cycle 2026-11-23/1 --out reports
    """
    with true_statements(), _desk(settings_path, **period) as desk:
        paths = write_all(desk, forms, out)
    click.echo(f"{out / paths[-1]}: {len(paths):,} files")


@contextmanager
def _desk(
    settings_path: Path,
    cycle: str | None,
    day: datetime | None,
    first: datetime | None,
    last: datetime | None,
) -> Iterator[Desk]:
    """Everything that a report is made from. Raises UserError."""
    named = sum(each is not None for each in (cycle, day, first or last))
    if named > 1:
        raise UserError(
            "more than one period is named",
            where="--cycle, --day, --from",
            do="name a cycle, a day, or --from and --until",
        )
    if (first is None) != (last is None):
        raise UserError("a period has two ends", where="--from, --until", do="give both")
    books = read_books(load_office(settings_path))
    days = (_number(day or first), _number(day or last))
    period, cycles = period_of(books, cycle, *days)
    with books.tables(cycles) as tables:
        yield Desk(books, period, cycles, tables)


def _number(day: datetime | None) -> BusinessDay | None:
    return None if day is None else business_day(day.date())


def _check_participant(books: Books, participant: str | None) -> None:
    known = {*map(str, books.office.registry.participants), "SCHEME", None}
    if participant not in known:
        raise UserError(
            "the registry has no such participant",
            where="--participant",
            do="`altyn check` lists them",
        )
