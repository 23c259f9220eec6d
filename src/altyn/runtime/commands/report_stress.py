"""`altyn report stress`: what if the largest net debtors failed."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from altyn.runtime.commands.office_options import CONFIG, JSON
from altyn.runtime.commands.settlement_options import place_of
from altyn.runtime.output import UserError, open_console, write_json

if TYPE_CHECKING:
    from altyn.runtime.settling.place import SettlementPlace

__all__ = ["stress_command"]

FAILING_MAX: Final = 2


@click.command("stress")
@click.option("--cycle", required=True, metavar="DAY/N", help="A cycle whose runs are priced.")
@CONFIG
@JSON
def stress_command(cycle: str, settings_path: Path, json_path: str | None) -> None:
    """Show whether collateral, fund and loss sharing cover the largest net debtor of a cycle, and
    the two largest (PFMI principle 4: cover 1 and cover 2). Nothing is changed."""
    rows = _rows(place_of(settings_path), cycle)
    if json_path:
        write_json(json_path, {"cycle": cycle, "cases": rows})
    if json_path != "-":
        _show(rows)


def _rows(place: "SettlementPlace", cycle: str) -> list[dict[str, Any]]:
    from altyn.ledger import AccountKind  # noqa: PLC0415 heavy when used
    from altyn.runtime.settling.placements import placement_of  # noqa: PLC0415
    from altyn.runtime.settling.settlement_books import cycle_runs  # noqa: PLC0415
    from altyn.settlement import resources_in, stress  # noqa: PLC0415

    today = place.rules_now().today
    rows: list[dict[str, Any]] = []
    with place.read() as books:
        runs = [run for run in cycle_runs(books.desk, cycle) if run.priced is not None]
        for run in runs:
            stated = place.rules.resources(run.currency, today)
            placement = placement_of(books.book, run.currency, stated, today)
            if placement is not None:
                books.book.post(placement)  # in memory: the journal is open for reading
            resources = resources_in(books.book, run.currency, stated.weights, stated.limits)
            nets = {
                account.holder: units
                for account, units in run.positions.items()
                if account.kind is AccountKind.SETTLEMENT
            }
            for count in range(1, FAILING_MAX + 1):
                found = stress(nets, resources, count)
                rows.append(
                    {
                        "run": run.name,
                        "currency": run.currency,
                        "cover": count,
                        "failing": list(found.failing),
                        "exposure": found.exposure,
                        "uncovered": found.cover.uncovered,
                        "shares": [share._asdict() for share in found.cover.shares],
                    }
                )
    if not rows:
        raise UserError(
            "no run of this cycle is priced", where=cycle, do="settle it once, with --wait 0"
        )
    return rows


def _show(rows: list[dict[str, Any]]) -> None:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 heavy when used
    from rich.table import Table  # noqa: PLC0415

    from altyn.money import format_amount  # noqa: PLC0415

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("Run", "Cover", "If these fail", "They owe", "Not covered"):
        table.add_column(heading, overflow="fold")
    for column in table.columns[3:]:
        column.justify = "right"
    for row in rows:
        amounts = (format_amount(row[name], row["currency"]) for name in ("exposure", "uncovered"))
        failing = ", ".join(row["failing"]) or "nobody owes anything"
        table.add_row(row["run"], str(row["cover"]), failing, *amounts)
    console = open_console()
    console.print(table, width=min(console.width, 100))
