"""`altyn settlement`: look at runs, hold statements against them, list accounts for the bank."""

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from altyn.runtime.commands.office_options import CONFIG, JSON
from altyn.runtime.commands.settlement_options import place_of
from altyn.runtime.output import open_console, write_json

if TYPE_CHECKING:
    from altyn.settlement import Reconciled

__all__ = ["command"]

EXIT_BREAKS = 1


@click.group("settlement")
def command() -> None:
    """Runs of settlement, the bank's statements, and accounts."""


@command.command("list")
@click.option("--cycle", metavar="DAY/N", help="Only the runs of this cycle.")
@CONFIG
@JSON
def list_runs(cycle: str | None, settings_path: Path, json_path: str | None) -> None:
    """List every run with its state and since when it is final."""
    from altyn.runtime.settling.run_page import (  # noqa: PLC0415 heavy when used
        run_object,
        show_runs,
    )

    place = place_of(settings_path)
    with place.read() as books:
        runs = [run for run in books.desk.runs.values() if cycle in (None, run.cycle)]
    if json_path:
        write_json(json_path, {"runs": [run_object(run) for run in runs]})
    if json_path != "-":
        console = open_console()
        show_runs(console, runs, {})
        for each in place.exchange().aside():
            console.print(f"not readable, laid aside: {each.name}: {each.reason}", markup=False)


@command.command("show")
@click.argument("run")
@CONFIG
@JSON
def show(run: str, settings_path: Path, json_path: str | None) -> None:
    """Show RUN (2026-11-23/1/KZT): positions, orders, the bank's answers, exceptions."""
    from altyn.runtime.settling.run_page import (  # noqa: PLC0415 heavy when used
        run_object,
        show_run,
    )

    with place_of(settings_path).read() as books:
        found = books.desk.run(run)
    if json_path:
        write_json(json_path, run_object(found))
    if json_path != "-":
        show_run(open_console(), found, books.desk)


@command.command()
@CONFIG
@JSON
@click.pass_context
def reconcile(context: click.Context, settings_path: Path, json_path: str | None) -> None:
    """Take in what lies in the inbox, and list where the bank's books differ from ours.

    Exit code: 0 no document differs, 1 one does.
    """
    from altyn.settlement import Reconciled  # noqa: PLC0415 heavy when used

    with place_of(settings_path).held() as desk:
        desk.line.hear()
        facts = [fact for fact in desk.journal.settlement_facts() if isinstance(fact, Reconciled)]
    breaks = [row for fact in facts for row in _breaks(fact)]
    if json_path:
        documents = [
            {"document": fact.document, "account": fact.account, "agreed": len(fact.transfers)}
            for fact in facts
        ]
        write_json(json_path, {"documents": documents, "breaks": breaks})
    if json_path != "-":
        _show_breaks(facts, breaks)
    if breaks:
        context.exit(EXIT_BREAKS)


def _breaks(fact: "Reconciled") -> list[dict[str, Any]]:
    return [
        {
            "document": fact.document,
            "currency": fact.currency,
            "kind": kind,
            "transfer": transfer,
            "ours": ours,
            "theirs": theirs,
        }
        for kind, transfer, ours, theirs in fact.breaks
    ]


def _show_breaks(facts: "list[Reconciled]", breaks: list[dict[str, Any]]) -> None:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 heavy when used
    from rich.table import Table  # noqa: PLC0415

    from altyn.settlement import Break  # noqa: PLC0415

    console = open_console()
    agreed = sum(len(fact.transfers) for fact in facts)
    console.print(f"{len(facts)} documents read, {agreed} entries agree, {len(breaks)} differ.")
    if not breaks:
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("Document", "What", "Transfer", "Ours", "Theirs"):
        table.add_column(heading, overflow="fold")
    for row in breaks:
        words = Break[str(row["kind"]).upper()].value
        table.add_row(
            row["document"], words, row["transfer"], f"{row['ours']:,}", f"{row['theirs']:,}"
        )
    console.print(table, width=min(console.width, 100))
    console.print("Amounts are minor units. Call the bank; nothing is changed by a difference.")


@command.command()
@CONFIG
def accounts(settings_path: Path) -> None:
    """Write the accounts of today's rules as CSV: what to agree with the bank."""
    correspondence = place_of(settings_path).rules_now().terms.correspondence
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("number", "currency", "purpose", "holder", "bic", "name"))
    for currency, each in sorted(correspondence.clearing_accounts.items()):
        writer.writerow((each.number, currency, "clearing", "SCHEME", each.bic, each.name))
    for account, each in sorted(correspondence.accounts.items(), key=lambda row: str(row[0])):
        kind, holder, currency = account
        writer.writerow((each.number, currency, kind.value, holder, each.bic, each.name))
