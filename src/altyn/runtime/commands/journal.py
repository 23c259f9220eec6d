"""`altyn journal`: verify a journal, take its transactions out, prove its positions."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from altyn.clock import calendar_date
from altyn.runtime.output import UserError, open_console, write_json

if TYPE_CHECKING:
    from altyn.journal import Damage, JournalDamagedError, Verified
    from altyn.runtime.journal.export import Format

__all__ = ["command"]

PROGRESS_ENTRIES: Final = 20_000
FORMATS: Final = ("parquet", "csv", "jsonl")
DAMAGES_SHOWN: Final = 20
RESTORE: Final = "keep this file for examination and restore the journal from a copy"

_PATH = click.argument("path", metavar="JOURNAL")
_JSON = click.option(
    "--json",
    "json_path",
    metavar="FILE",
    is_flag=False,
    flag_value="-",
    help="Also write the figures to FILE as JSON; - for standard output.",
)


@click.group()
def command() -> None:
    """Read and verify a journal.

    JOURNAL is the journal's file, its address (postgresql://...), or the settings file or folder
    of a configuration. Everything here only reads, and may be used beside the running switch.
    """


@command.command()
@_PATH
@_JSON
def verify(path: str, json_path: str | None) -> None:
    """Check every entry of a journal against the chain of hashes.

    Checks the chain from the first group commit to the last, that no sequence number is
    missing, that every entry is whole, and that the snapshots are of this journal. On damage
    every range of entries concerned is told.

    \b
    altyn journal verify bank/
    altyn journal verify bank/data/journal.db --json -

    Exit code: 0 the journal is sound, 1 it is not, or cannot be read.
    """
    from altyn.journal import verify as verify_chain  # noqa: PLC0415 heavy parts when used
    from altyn.runtime.journal.checking import content_defect  # noqa: PLC0415
    from altyn.runtime.journal.opening import open_journal  # noqa: PLC0415

    with open_journal(path) as storage:
        began = time.perf_counter()
        with _progress("verifying", storage.end().sequence) as progress:
            verified = verify_chain(storage, progress, content_defect)
        seconds = time.perf_counter() - began
        journal = str(storage.name)
    _show_verified(journal, verified, seconds, errors=json_path == "-")
    if json_path:
        write_json(json_path, _verified_figures(journal, verified, seconds))
    if verified.damages:
        raise UserError(_damage_line(verified.damages), where=journal, do=RESTORE)


def _verified_figures(journal: str, verified: "Verified", seconds: float) -> dict[str, object]:
    from altyn.runtime.journal.export import instant_text  # noqa: PLC0415

    return {
        "journal": journal,
        "verified": not verified.damages,
        "entries": verified.entries,
        "batches": verified.batches,
        "last_sequence": verified.last_sequence,
        "last_hash": verified.last_hash.hex(),
        "first_written_at": instant_text(verified.first_us) if verified.entries else None,
        "last_written_at": instant_text(verified.last_us) if verified.entries else None,
        "snapshots": verified.snapshots,
        "damages": [damage._asdict() for damage in verified.damages],
        "seconds": round(seconds, 3),
        "entries_per_second": round(verified.entries / max(seconds, 1e-9)),
    }


def _show_verified(journal: str, verified: "Verified", seconds: float, *, errors: bool) -> None:
    console = open_console(errors=errors)
    figures = _verified_figures(journal, verified, seconds)
    rows = [
        ("journal", journal),
        ("entries", f"{verified.entries:,} in {verified.batches:,} group commits"),
        ("written", f"{figures['first_written_at'] or '-'} to {figures['last_written_at'] or '-'}"),
        ("last hash", verified.last_hash.hex()),
        ("snapshots", f"{verified.snapshots}"),
        ("checked in", f"{seconds:.1f} s, {figures['entries_per_second']:,} entries/s"),
    ]
    for name, value in rows:
        console.print(f"{name:<11} {value}", markup=False, soft_wrap=True)
    for damage in verified.damages[:DAMAGES_SHOWN]:
        place = f"{damage.first_sequence} to {damage.last_sequence}"
        console.print(f"damaged     entries {place}: {damage.reason}", markup=False, style="red")
    if not verified.damages:
        console.print("The journal is sound: the chain holds to its last entry.", style="green")


def _damage_line(damages: "tuple[Damage, ...]") -> str:
    first = damages[0]
    more = f", and {len(damages) - 1} more ranges" if len(damages) > 1 else ""
    return (
        f"the journal is damaged: entries {first.first_sequence} to {first.last_sequence}: "
        f"{first.reason}{more}; what stands before entry {first.first_sequence} is sound"
    )


def _business_day(_context: click.Context, _option: click.Parameter, value: str | None) -> int:
    """The day as a number, 0 for none."""
    if value is None:
        return 0
    day = int(value) if len(value) == 8 and value.isascii() and value.isdigit() else 0
    try:
        calendar_date(day)
    except ValueError as error:
        raise click.BadParameter("name a day as YYYYMMDD, such as 20260131") from error
    return day


@command.command()
@_PATH
@click.option("--format", "form", type=click.Choice(FORMATS), required=True)
@click.option(
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="The file to write; it appears when it is whole.",
)
@click.option(
    "--business-day", callback=_business_day, metavar="YYYYMMDD", help="Only this business day."
)
@click.option(
    "--finished-only/--all-stages",
    "finished_only",
    default=None,
    help="Whether the entry written before an issuer is asked is left out.  "
    "[default: left out, but not from jsonl]",
)
@click.option("--show-card-data", is_flag=True, help="Card numbers and expiry dates in clear.")
@click.option("--force", is_flag=True, help="Replace FILE when it is there.")
@_JSON
def export(
    path: str,
    form: "Format",
    target: Path,
    business_day: int,
    finished_only: bool | None,
    show_card_data: bool,
    force: bool,
    json_path: str | None,
) -> None:
    """Write a journal's transactions to a file.

    Parquet and CSV hold one row for each transaction entry and one column for each of its
    values: amounts are integers of minor units, instants are UTC, codes of our own are words.
    JSON lines hold every entry in order, facts too. Card numbers are masked (first six, last
    four) unless --show-card-data is given. The chain is checked on the way.

    \b
    altyn journal export bank/ --format parquet --output day.parquet
    altyn journal export bank/ --format csv --output day.csv --business-day 20260131

    Exit code: 0 written, 1 the journal does not hold or the file cannot be written, 2 the command
    was not understood.
    """
    from altyn.journal import JournalDamagedError  # noqa: PLC0415 heavy parts when used
    from altyn.runtime.journal.export import export as export_file  # noqa: PLC0415
    from altyn.runtime.journal.opening import open_journal  # noqa: PLC0415
    from altyn.runtime.journal.selection import CardForm, Selection  # noqa: PLC0415

    all_stages = form == "jsonl" if finished_only is None else not finished_only
    card = CardForm.CLEAR if show_card_data else CardForm.MASKED
    selection = Selection(business_day or None, all_stages, card)
    with open_journal(path) as storage:
        began = time.perf_counter()
        try:
            with _progress("exporting", storage.end().sequence) as progress:
                exported = export_file(storage, form, target, selection, progress, replace=force)
        except JournalDamagedError as error:
            raise _damaged(error, str(storage.name)) from error
        seconds = time.perf_counter() - began
    rate = round(exported.rows / max(seconds, 1e-9))
    console = open_console(errors=json_path == "-")
    console.print(
        f"Wrote {exported.rows:,} rows to {target} ({exported.size_bytes:,} bytes) in "
        f"{seconds:.1f} s, {rate:,} rows/s.",
        markup=False,
        soft_wrap=True,
    )
    if json_path:
        figures = {
            "output": str(target),
            "format": form,
            "rows": exported.rows,
            "bytes": exported.size_bytes,
            "seconds": round(seconds, 3),
            "rows_per_second": rate,
        }
        write_json(json_path, figures)


@command.command()
@_PATH
@_JSON
def replay(path: str, json_path: str | None) -> None:
    """Compute the positions again, from entries alone, in several ways.

    Once through the switch's own changes from the first entry on, once as plain sums of
    columns, and once from each snapshot. All must agree, and every currency sums to zero.

    \b
    altyn journal replay bank/

    Exit code: 0 all agree, 1 they do not, or the journal cannot be read.
    """
    from altyn.journal import JournalDamagedError  # noqa: PLC0415 heavy parts when used
    from altyn.runtime.journal.opening import open_journal  # noqa: PLC0415
    from altyn.runtime.journal.position_table import figures_of, show_positions  # noqa: PLC0415
    from altyn.runtime.journal.proof import prove  # noqa: PLC0415

    with open_journal(path) as storage:
        journal = str(storage.name)
        began = time.perf_counter()
        try:
            with _uncollected(), _progress("replaying", storage.end().sequence) as progress:
                proof = prove(storage, progress)
        except JournalDamagedError as error:
            raise _damaged(error, journal) from error
        except ValueError as error:
            raise UserError(str(error), where=journal, do=RESTORE) from error
        seconds = time.perf_counter() - began
    if proof is None:
        raise UserError("the journal is empty", where=journal, do="run the switch first")
    show_positions(open_console(errors=json_path == "-"), proof, seconds)
    if json_path:
        write_json(json_path, {"journal": journal, **figures_of(proof, seconds)})
    if proof.differences:
        raise UserError(
            f"{len(proof.differences)} figures differ, the first: {proof.differences[0]}",
            where=journal,
            do="the entries are what counts; report this with the journal's version",
        )


def _damaged(error: "JournalDamagedError", journal: str) -> UserError:
    return UserError(
        f"the journal is damaged: {error}",
        where=journal,
        do=f"`altyn journal verify` shows all of it; {RESTORE}",
    )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector: it would walk the switch's whole memory again and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _progress(words: str, entries: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while it is a terminal; told the last sequence number done."""
    console = open_console(errors=True)
    if not console.is_terminal:
        yield lambda _sequence: None
        return
    from rich.progress import (  # noqa: PLC0415 only for people
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    rate = TextColumn("entries, {task.fields[rate]:,} /s")
    with Progress(*columns, rate, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task(words, total=entries, rate=0)
        began, due = time.perf_counter(), 0

        def update(sequence: int) -> None:
            nonlocal due
            if sequence >= due:
                due = sequence + PROGRESS_ENTRIES
                elapsed = max(time.perf_counter() - began, 1e-6)
                bar.update(task, completed=sequence, rate=round(sequence / elapsed))

        yield update


@command.command()
def layout() -> None:
    """Show what entries hold and how they are laid out, as a page of Markdown."""
    from altyn.runtime.journal.reference import entries_page  # noqa: PLC0415 heavy parts when used

    click.echo(entries_page(), nl=False)
