"""`altyn file`: files of participants, read and answered."""

from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table

from altyn.presentment import FORMS, Acknowledgement, FileRefusal, Status, record_answers
from altyn.runtime.commands.file_desk import list_files, put, show
from altyn.runtime.files.checking import check_file, form_by_name, write_answer
from altyn.runtime.files.reference import presentment_page
from altyn.runtime.output import UserError, open_console, write_json

__all__ = ["command"]

EXIT_REFUSED: Final = 1
EXIT_IN_PART: Final = 3
RUNS_SHOWN_MAX: Final = 200


@click.group("file")
def command() -> None:
    """Files that participants send."""


for _each in (put, list_files, show):
    command.add_command(_each)


@command.command("layout")
def layout() -> None:
    """Print the forms of presentment files, as docs/reference/presentment.md has them."""
    click.echo(presentment_page(), nl=False)


@command.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--acquirer", required=True, help="The participant that sends it.")
@click.option(
    "--form", type=click.Choice(FORMS), help="Else told by the name: .csv, .parquet, .ipm."
)
@click.option(
    "--answer",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the acknowledgement there, in the form of the file.",
)
@click.option("--json", "json_path", metavar="FILE", help="Write the result as JSON; - is stdout.")
@click.pass_context
def check(
    context: click.Context,
    file: Path,
    acquirer: str,
    form: str | None,
    target: Path | None,
    json_path: str | None,
) -> None:
    """Read a presentment file to its end, and show what it would be answered.

    Nothing is booked. A file packed by gzip or as a zip archive of one file is unpacked. What
    depends on other files (repeats, gaps in the sequence, closed days) is not looked at.

    \b
    altyn file check day.csv.gz --acquirer SEA
    altyn file check day.bin --acquirer SEA --form ipm-ebcdic-blocked --answer day.answer

    Exit code: 0 accepted, 1 refused, 2 the command was not understood, 3 accepted in part.
    """
    found = form or form_by_name(file)
    if found is None:
        raise UserError(
            "the name does not tell the form", where=str(file), do=f"add --form {'|'.join(FORMS)}"
        )
    try:
        answer = check_file(file, found, acquirer)
    except FileRefusal as refusal:
        do = "see docs/reference/presentment.md for the forms, or name another with --form"
        raise UserError(str(refusal), where=str(file), do=do) from refusal
    if target is not None:
        write_answer(answer, found, target)
    if json_path:
        write_json(json_path, _as_json(answer))
    if json_path != "-":
        _show(answer)
    codes = {Status.REFUSED: EXIT_REFUSED, Status.ACCEPTED_IN_PART: EXIT_IN_PART}
    context.exit(codes.get(answer.status, 0))


def _as_json(answer: Acknowledgement) -> dict[str, Any]:
    return {
        **answer.manifest._asdict(),
        "status": answer.status.name,
        "reason": answer.reason.name if answer.reason else None,
        "place": answer.place,
        "records": answer.records,
        "rejections": [
            {
                "record_number": each.record_number,
                "reason": each.reason.name,
                "field": each.field or None,
                "byte": each.offset,
            }
            for each in answer.rejections
        ],
    }


def _show(answer: Acknowledgement) -> None:
    console = open_console()
    manifest = answer.manifest
    console.print(
        f"{manifest.file_id}: file {manifest.sequence} of {manifest.acquirer}"
        f" for {manifest.business_day}: {answer.status.name}, {answer.status.value}",
        highlight=False,
    )
    if answer.reason is not None:
        place = "" if answer.place is None else f" (record {answer.place})"
        console.print(f"{answer.reason.name}: {answer.reason.value}{place}", highlight=False)
        return
    table = Table(show_edge=False)
    for name in ("Records", "Status", "Reason", "Field", "Byte"):
        table.add_column(name)
    for shown, (first, last, rejection) in enumerate(record_answers(answer)):
        if shown == RUNS_SHOWN_MAX:
            table.add_row("...", f"{len(answer.rejections):,} rejected", "see --answer or --json")
            break
        records = f"{first:,}" if first == last else f"{first:,} to {last:,}"
        if rejection is None:
            table.add_row(records, "ACCEPTED")
        else:
            offset = "" if rejection.offset is None else str(rejection.offset)
            told = f"{rejection.reason.name}: {rejection.text}"
            table.add_row(records, "REJECTED", told, rejection.field, offset)
    console.print(table)
