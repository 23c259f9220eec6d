"""`altyn report`: what participants and the operator read."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from altyn.money import currency_of, format_amount
from altyn.runtime.commands.cycle_reports import cycle_reports
from altyn.runtime.commands.report_stress import stress_command
from altyn.runtime.output import UserError, open_console, write_json

if TYPE_CHECKING:
    from altyn.switch import Regret

__all__ = ["command"]

TABLE_WIDTH_COLUMNS: Final = 100


@click.group()
def command() -> None:
    """Report from cleared cycles and journals. Everything here only reads, also beside a switch."""


for _each in cycle_reports():
    command.add_command(_each)
command.add_command(stress_command)


@command.command("stand-in")
@click.argument("path", metavar="JOURNAL")
@click.option("--issuer", metavar="ID", help="Only this participant.")
@click.option("--business-day", type=int, help="Only what was decided in this day, YYYYMMDD.")
@click.option(
    "--json",
    "json_path",
    metavar="FILE",
    is_flag=False,
    flag_value="-",
    help="Also write the figures to FILE as JSON; - for standard output.",
)
def stand_in(
    path: str, issuer: str | None, business_day: int | None, json_path: str | None
) -> None:
    """Show what stand-in decided in the issuers' place, and what it cost them.

    An advice tells an issuer of each approval; what it answers is compared. The cost is what it
    would have refused; its codes (DE39), and what stand-in refused, are listed below the table.

    \b
    altyn report stand-in bank/
    altyn report stand-in bank/data/journal.db --business-day 20260705 --json -
    """
    from altyn.journal import JournalDamagedError, checked_batches  # noqa: PLC0415 heavy when used
    from altyn.runtime.journal.opening import open_journal  # noqa: PLC0415
    from altyn.switch import Regret  # noqa: PLC0415

    regret = Regret(business_day or 0)
    with open_journal(path) as storage:
        try:
            for batch in checked_batches(storage):
                for entry in batch.entries(storage.record_bytes):
                    regret.take(entry)
        except JournalDamagedError as error:
            raise UserError(
                str(error), where=path, do="`altyn journal verify` says what is sound"
            ) from error
    figures = _figures(regret, issuer)
    if json_path:
        write_json(json_path, figures)
    if json_path != "-":
        _show(figures)


def _figures(regret: "Regret", issuer: str | None) -> dict[str, Any]:
    from altyn.transaction import STOOD_IN_FOR  # noqa: PLC0415 heavy parts when used

    approvals = frozenset(STOOD_IN_FOR.values())
    figures: dict[str, Any] = {"stood_in": [], "refused": []}
    for key, line in sorted(regret.lines.items()):
        if issuer not in (None, key.issuer):
            continue
        head = {"issuer": key.issuer, "currency": key.currency, "outcome": key.outcome.name}
        if key.outcome in approvals:
            figures["stood_in"].append({**head, **line.as_json()})
        else:
            figures["refused"].append({**head, "count": line.count, "amount": line.amount})
    return figures


def _show(figures: dict[str, Any]) -> None:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 heavy parts when used
    from rich.table import Table  # noqa: PLC0415

    console = open_console()
    if not figures["stood_in"] and not figures["refused"]:
        console.print("Stand-in has decided nothing.")
        return
    table = Table(
        title="Stood in for",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name in ("issuer", "because"):
        table.add_column(name, no_wrap=True)
    for name in ("count", "amount", "told", "owed", "dead", "agreed", "regretted", "cost"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in figures["stood_in"]:
        table.add_row(
            row["issuer"],
            _words(row["outcome"], "STOOD_IN_"),
            str(row["count"]),
            format_amount(row["amount"], row["currency"]),
            str(row["delivered"]),
            str(row["outstanding"]),
            str(row["dead"]),
            str(row["agreed"]),
            str(sum(row["regretted"].values())),
            format_amount(row["cost"], row["currency"]),
        )
    console.print(table, width=min(console.width, TABLE_WIDTH_COLUMNS))
    for line in _remarks(figures):
        console.print(line)


def _remarks(figures: dict[str, Any]) -> Iterator[str]:
    """What would make the table too wide: codes of regret, and what stand-in refused."""
    for row in figures["stood_in"]:
        regretted = sorted(row["regretted"].items())
        if regretted:
            codes = ", ".join(f"{count} with {code}" for code, count in regretted)
            alpha = currency_of(row["currency"]).alpha
            yield f"{row['issuer']} would have refused, in {alpha}: {codes}"
        if row["closed"]:
            reason = _words(row["outcome"], "STOOD_IN_")
            yield f"{row['issuer']}: an operator closed {row['closed']} of its advices, {reason}"
    for row in figures["refused"]:
        amount = format_amount(row["amount"], row["currency"])
        reason = _words(row["outcome"], "STAND_IN_")
        yield f"{row['issuer']}: stand-in refused {row['count']}, {reason}: {amount}"


def _words(outcome: str, prefix: str) -> str:
    return outcome.removeprefix(prefix).replace("_", " ").lower()
