"""`altyn advices`: what issuers have not taken yet, and what an operator does about it."""

import getpass
from pathlib import Path
from typing import Any

import click

from altyn.runtime.output import open_console, write_json

__all__ = ["command"]

_CONFIG = click.option(
    "-c",
    "--config",
    "settings_path",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The settings file of the running switch.",
)
_JSON = click.option(
    "--json",
    "json_path",
    metavar="FILE",
    is_flag=False,
    flag_value="-",
    help="Write the answer to FILE as JSON; - for standard output.",
)
_ENTRY = click.argument("entry", type=click.IntRange(min=1))
_ACTOR = click.option(
    "--by", "actor", metavar="NAME", help="Who gives the order; unless told, who is logged in."
)


@click.group()
def command() -> None:
    """See the advices that issuers have not taken, and deal with dead letters.

    An advice is named by the number of its journal entry. Orders go to the running switch over
    its control socket, and each leaves a fact in the journal with the name of who gave it.
    """


@command.command("list")
@_CONFIG
@click.option("--issuer", metavar="ID", help="Only those owed to this participant.")
@click.option("--dead", is_flag=True, help="Only dead letters.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@_JSON
def list_advices(
    settings_path: Path, issuer: str | None, dead: bool, limit: int, json_path: str | None
) -> None:
    """List advices that are owed, dead letters first.

    \b
    altyn advices list -c bank/altyn.toml --dead
    """
    answer = _give(settings_path, "advices", issuer=issuer, dead=dead, limit=limit)
    if json_path:
        write_json(json_path, answer)
    if json_path == "-":
        return
    from rich.table import Table  # noqa: PLC0415 heavy parts when used

    table = Table(box=None, pad_edge=False)
    for heading in ("entry", "issuer", "type", "stage", "failed", "DE39", "since", "RRN", "amount"):
        table.add_column(heading, justify="right" if heading in ("entry", "amount") else "left")
    for line in answer["advices"]:
        table.add_row(
            str(line["entry"]),
            line["issuer"],
            line["message_type"],
            line["stage"],
            str(line["tries_failed"]),
            line["response_code"],
            line["since"].removesuffix("+00:00"),
            line["rrn"],
            line["amount_text"],
        )
    console = open_console()
    console.print(table)
    shown, owed = len(answer["advices"]), answer["owed"]
    console.print(f"{shown} of {owed} shown, {answer['dead_letters']} dead letters. Times are UTC.")


@command.command()
@_ENTRY
@_CONFIG
@_JSON
def show(entry: int, settings_path: Path, json_path: str | None) -> None:
    """Show one advice; the card number is masked.

    \b
    altyn advices show 4711 -c bank/altyn.toml
    """
    advice = _give(settings_path, "advice", entry=entry)["advice"]
    if json_path:
        write_json(json_path, advice)
    if json_path != "-":
        console = open_console()
        for name, value in advice.items():
            console.print(f"{name.replace('_', ' '):<16}{value}", markup=False)


@command.command()
@_ENTRY
@_CONFIG
@_ACTOR
def retry(entry: int, settings_path: Path, actor: str | None) -> None:
    """Send a dead letter again, in its old place and with all its tries before it.

    \b
    altyn advices retry 4711 -c bank/altyn.toml --by "A. Clerk"
    """
    _give(settings_path, "advice-retry", entry=entry, actor=actor or getpass.getuser())
    click.echo(f"The advice of entry {entry} is sent again.")


@command.command()
@_ENTRY
@_CONFIG
@_ACTOR
@click.option("--reason", required=True, metavar="TEXT", help="Why nobody will take it; kept.")
def close(entry: int, settings_path: Path, actor: str | None, reason: str) -> None:
    """Owe an advice no more. What it told stays as it is; the issuer is not told.

    \b
    altyn advices close 4711 -c bank/altyn.toml --reason "settled by letter of 5 July"
    """
    words = {"entry": entry, "actor": actor or getpass.getuser(), "reason": reason}
    _give(settings_path, "advice-close", **words)
    click.echo(f"The advice of entry {entry} is closed.")


def _give(settings_path: Path, order: str, **words: object) -> dict[str, Any]:
    from altyn.runtime.online.orders import order_node  # noqa: PLC0415 heavy parts when used

    return order_node(settings_path, order, **words)
