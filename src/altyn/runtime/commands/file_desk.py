"""`altyn file put`, `list` and `show`: files that are taken, and what they were answered."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.table import Table

from altyn.clock import utc_datetime
from altyn.presentment import FORMS, Acknowledgement, FileRefusal, Status, record_answers
from altyn.runtime.commands.office_options import CONFIG, JSON, office_of, progress_bar
from altyn.runtime.files.checking import form_by_name
from altyn.runtime.output import UserError, open_console, write_json

if TYPE_CHECKING:
    from altyn.runtime.backoffice.file_fact import FileEntry
    from altyn.runtime.backoffice.file_intake import PutFile
    from altyn.runtime.backoffice.office import Office

__all__ = ["list_files", "put", "show"]

EXIT_REFUSED: Final = 1
EXIT_IN_PART: Final = 3
RUNS_SHOWN_MAX: Final = 200


@click.command("put")
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--acquirer", required=True, metavar="ID", help="The participant that sent them.")
@click.option(
    "--form", type=click.Choice(FORMS), help="Else told by the name: .csv, .parquet, .ipm."
)
@CONFIG
@JSON
@click.pass_context
def put(
    context: click.Context,
    files: tuple[Path, ...],
    acquirer: str,
    form: str | None,
    settings_path: Path,
    json_path: str | None,
) -> None:
    """Take presentment files into the open cycle, and answer each.

    A file is kept as it came, read to its end, and booked as a whole or not at all. The answer is
    a file in the same form; its path is shown. A file whose turn has not come waits for those
    before it, and is taken when they are. The same file again gets its first answer; so an order
    that was cut short may simply be given again.

    \b
    altyn file put day.csv.gz --acquirer SEA -c bank/altyn.toml

    Exit code: 0 all accepted or waiting, 1 one was refused, 2 the command was not understood,
    3 one was accepted in part.
    """
    from altyn.runtime.backoffice.file_intake import FileIntake  # noqa: PLC0415 heavy when used

    forms = [_form(file, form) for file in files]
    results: list[PutFile] = []
    office = office_of(settings_path)
    with progress_bar() as progress:
        for file, known in zip(files, forms, strict=True):
            told = partial(progress, f"{file.name}, bytes")
            intake = FileIntake(office, acquirer, told)
            try:
                results += intake.put(file, known)
            except FileRefusal as refusal:
                do = "see docs/reference/presentment.md for the forms, or name one with --form"
                raise UserError(str(refusal), where=str(file), do=do) from refusal
    if json_path:
        write_json(json_path, {"files": [_put_figures(each) for each in results]})
    if json_path != "-":
        _show_put(results)
    statuses = {each.answer.status for each in results}
    refused = EXIT_REFUSED if Status.REFUSED in statuses else 0
    context.exit(refused or (EXIT_IN_PART if Status.ACCEPTED_IN_PART in statuses else 0))


def _form(file: Path, form: str | None) -> str:
    found = form or form_by_name(file)
    if found is None:
        raise UserError(
            "the name does not tell the form", where=str(file), do=f"add --form {'|'.join(FORMS)}"
        )
    return found


def _figures(answer: Acknowledgement) -> dict[str, Any]:
    return {
        **answer.manifest._asdict(),
        "status": answer.status.name,
        "reason": answer.reason.name if answer.reason else None,
        "place": answer.place,
        "booked_day": answer.booked_day or None,
        "records": answer.records,
        "rejected": len(answer.rejections),
    }


def _put_figures(result: "PutFile") -> dict[str, Any]:
    return {
        **_figures(result.answer),
        "repeat": result.answer.repeat,
        "cycle": result.cycle or None,
        "answer": str(result.answer_path),
        "same_content_as": result.same_as or None,
    }


def _show_put(results: Sequence["PutFile"]) -> None:
    console = open_console()
    for each in results:
        answer = each.answer
        manifest = answer.manifest
        told = f"{manifest.file_id}: {answer.status.name}, {answer.status.value}"
        console.print(told + (" (its first answer)" if answer.repeat else ""), highlight=False)
        if answer.reason is not None:
            place = "" if answer.place is None else f" (record {answer.place})"
            console.print(f"  {answer.reason.name}: {answer.reason.value}{place}", highlight=False)
        if each.cycle:
            taken = answer.records - len(answer.rejections)
            console.print(
                f"  {taken:,} of {answer.records:,} records taken into cycle {each.cycle}",
                highlight=False,
            )
            if answer.booked_day != manifest.business_day:
                console.print(f"  the day it claims is closed: booked to {answer.booked_day}")
        if each.same_as:
            console.print(
                f"  its content is that of {each.same_as}: clearing will find the repeats",
                markup=False,
                style="yellow",
            )
        console.print(f"  answer: {each.answer_path}", markup=False, soft_wrap=True)


def _entries(office: "Office") -> "list[FileEntry]":
    from altyn.runtime.backoffice.file_fact import file_entries  # noqa: PLC0415 heavy when used

    with office.reading() as journal:
        return file_entries(journal)


@click.command("list")
@click.option("--acquirer", metavar="ID", help="Only the files of this participant.")
@click.option("--cycle", metavar="CYCLE", help="Only the files of this cycle: 2026-11-23/1.")
@click.option("--waiting", is_flag=True, help="Only files that wait for one before them.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@CONFIG
@JSON
def list_files(
    acquirer: str | None,
    cycle: str | None,
    waiting: bool,
    limit: int,
    settings_path: Path,
    json_path: str | None,
) -> None:
    """List the files that came, newest first.

    \b
    altyn file list -c bank/altyn.toml --acquirer SEA
    """
    newest: dict[tuple[str, str], FileEntry] = {}
    for entry in _entries(office_of(settings_path)):
        manifest = entry.acknowledgement.manifest
        newest.pop((manifest.acquirer, manifest.file_id), None)
        newest[manifest.acquirer, manifest.file_id] = entry
    wanted = [
        entry
        for entry in reversed(newest.values())
        if (not acquirer or entry.acknowledgement.manifest.acquirer == acquirer)
        and (not cycle or entry.cycle == cycle)
        and (not waiting or entry.acknowledgement.status is Status.WAITING)
    ]
    if json_path:
        write_json(json_path, {"files": [_entry_figures(each) for each in wanted[:limit]]})
    if json_path != "-":
        _show_list(wanted, limit)


def _entry_figures(entry: "FileEntry") -> dict[str, Any]:
    return {
        **_figures(entry.acknowledgement),
        "cycle": entry.cycle or None,
        "form": entry.form,
        "content": entry.content,
        "came_at": utc_datetime(entry.written_us).isoformat().replace("+00:00", "Z"),
    }


def _show_list(wanted: "list[FileEntry]", limit: int) -> None:
    console = open_console()
    table = Table(box=None, pad_edge=False)
    right = ("no.", "records", "rejected")
    for name in ("file", "acquirer", "no.", "day", "status", "cycle", "records", "rejected"):
        table.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    for entry in wanted[:limit]:
        answer = entry.acknowledgement
        manifest = answer.manifest
        table.add_row(
            manifest.file_id,
            manifest.acquirer,
            str(manifest.sequence),
            str(manifest.business_day),
            answer.status.name,
            entry.cycle or (answer.reason.name if answer.reason else ""),
            f"{answer.records:,}" if entry.is_taken else "-",
            f"{len(answer.rejections):,}" if entry.is_taken else "-",
        )
    console.print(table)
    if len(wanted) > limit:
        console.print(f"{len(wanted) - limit:,} more; see --limit")


@click.command("show")
@click.argument("file_id", metavar="ID")
@click.option("--acquirer", metavar="ID", help="Whose, when several have a file of this name.")
@CONFIG
@JSON
def show(file_id: str, acquirer: str | None, settings_path: Path, json_path: str | None) -> None:
    """Show what became of a file: every answer it was given, and the records rejected.

    \b
    altyn file show SEA-20261123-1 -c bank/altyn.toml
    """
    found = [
        entry
        for entry in _entries(office_of(settings_path))
        if entry.acknowledgement.manifest.file_id == file_id
        and (not acquirer or entry.acknowledgement.manifest.acquirer == acquirer)
    ]
    acquirers = {entry.acknowledgement.manifest.acquirer for entry in found}
    if not found:
        raise UserError("no such file came", where="ID", do="see `altyn file list`")
    if len(acquirers) > 1:
        raise UserError(
            "several acquirers have a file of this name",
            where="ID",
            do=f"add --acquirer {'|'.join(sorted(acquirers))}",
        )
    if json_path:
        write_json(json_path, {"answers": [_shown_figures(entry) for entry in found]})
    if json_path != "-":
        _show_file(found)


def _shown_figures(entry: "FileEntry") -> dict[str, Any]:
    rejections = [
        {
            "record_number": each.record_number,
            "reason": each.reason.name,
            "field": each.field or None,
            "byte": each.offset,
        }
        for each in entry.acknowledgement.rejections
    ]
    return {**_entry_figures(entry), "rejections": rejections}


def _show_file(found: "list[FileEntry]") -> None:
    console = open_console()
    for entry in found:
        figures = _entry_figures(entry)
        for name, value in figures.items():
            if value is not None:
                console.print(f"{name:<13} {value}", markup=False, soft_wrap=True)
        table = Table(box=None, pad_edge=False)
        for name in ("records", "status", "reason", "field", "byte"):
            table.add_column(name)
        for shown, (first, last, rejection) in enumerate(record_answers(entry.acknowledgement)):
            if shown == RUNS_SHOWN_MAX:
                table.add_row("...", "see --json")
                break
            records = f"{first:,}" if first == last else f"{first:,} to {last:,}"
            if rejection is None:
                table.add_row(records, "ACCEPTED")
            else:
                byte = "" if rejection.offset is None else str(rejection.offset)
                reason = f"{rejection.reason.name}: {rejection.text}"
                table.add_row(records, "REJECTED", reason, rejection.field, byte)
        if table.row_count:
            console.print(table)
        console.print()
