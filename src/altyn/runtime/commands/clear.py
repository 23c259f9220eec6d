"""`altyn clear`: a cycle is closed, cleared and shown."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from altyn.runtime.commands.office_options import CONFIG, JSON, office_of, progress_bar
from altyn.runtime.output import open_console, write_json

if TYPE_CHECKING:
    from rich.console import Console

    from altyn.runtime.backoffice.cycle import ClosedCycle
    from altyn.runtime.backoffice.cycle_clearing import ClearedCycle

__all__ = ["command"]

NETS_SHOWN_MAX: Final = 200


@click.command()
@click.option("--cycle", required=True, metavar="CYCLE", help="Day and number: 2026-11-23/1.")
@click.option(
    "--early",
    metavar="REASON",
    default="",
    help="End the cycle now, before its cut-off; the reason is recorded.",
)
@CONFIG
@JSON
def command(cycle: str, early: str, settings_path: Path, json_path: str | None) -> None:
    """Close a cycle and clear it: match, price, convert and net.

    Reads the switch's journal beside the running switch, and the files that were taken for the
    cycle. A cycle is closed once, in order, when its cut-off has passed. Given again, the command
    shows the recorded result and compares it with what lies on the disk; after a crash it begins
    anew and comes to the same bytes.

    \b
    altyn clear --cycle 2026-11-23/1 -c bank/altyn.toml

    Exit code: 0 cleared, 1 it cannot be cleared, 2 the command was not understood.
    """
    from altyn.runtime.backoffice.cycle_clearing import clear_cycle  # noqa: PLC0415
    from altyn.runtime.backoffice.cycle_closing import close_cycle  # noqa: PLC0415 heavy when used
    from altyn.runtime.backoffice.cycle_figures import cycle_figures  # noqa: PLC0415

    office = office_of(settings_path)
    closed = close_cycle(office, cycle, early)
    with progress_bar() as progress:
        cleared = clear_cycle(office, closed, progress)
    figures = cycle_figures(office.folders.cycle(cycle), closed.business_day)
    if json_path:
        write_json(json_path, {**_as_json(closed, cleared), **figures})
    if json_path != "-":
        _show(open_console(), closed, cleared, figures)


def _as_json(closed: "ClosedCycle", cleared: "ClearedCycle") -> dict[str, Any]:
    return {
        "cycle": closed.cycle,
        "after_sequence": closed.after_sequence,
        "last_sequence": closed.last_sequence,
        "closed_early": closed.closed_early or None,
        "registry_version": closed.registry_version,
        "rules_version": closed.rules_version,
        "files": list(closed.files),
        "inputs": cleared.inputs,
        "results": cleared.results,
        "rows": cleared.rows,
    }


def _show(
    console: "Console", closed: "ClosedCycle", cleared: "ClearedCycle", figures: dict[str, Any]
) -> None:
    early = f", closed early: {closed.closed_early}" if closed.closed_early else ""
    console.print(f"Cycle {closed.cycle}{early}", markup=False)
    lines = (
        ("journal", f"entries behind {closed.after_sequence:,} up to {closed.last_sequence:,}"),
        ("files", f"{len(closed.files):,}"),
        ("versions", f"registry {closed.registry_version}, rules {closed.rules_version}"),
        ("items", f"{cleared.rows['items']:,}; {figures['late_days']:,} of another business day"),
        ("fees", f"{cleared.rows['fees']:,}"),
        ("rejected", f"{cleared.rows['rejected']:,}"),
    )
    for name, value in lines:
        console.print(f"{name:<10} {value}", markup=False, highlight=False)
    _table(console, ("outcome", "items"), figures["outcomes"])
    _table(console, ("rejected for", "records"), figures["rejections"])
    _nets(console, figures["nets"])


def _table(console: "Console", heads: tuple[str, str], rows: Sequence[dict[str, Any]]) -> None:
    from rich.table import Table  # noqa: PLC0415 heavy parts when used

    if not rows:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column(heads[0])
    table.add_column(heads[1], justify="right")
    for row in rows:
        table.add_row(row["word"], f"{row['count']:,}")
    console.print()
    console.print(table)


def _nets(console: "Console", rows: Sequence[dict[str, Any]]) -> None:
    from rich.table import Table  # noqa: PLC0415 as above

    from altyn.money import currency_of, format_amount  # noqa: PLC0415 as above

    columns = ("principal", "fees", "minor_units")
    table = Table(box=None, pad_edge=False)
    for name in ("currency", "participant", "agent", "account", "principal", "fees", "net"):
        right = name in ("principal", "fees", "net")
        table.add_column(name, justify="right" if right else "left")
    currencies = sorted({row["settlement_currency"] for row in rows})
    for code in currencies:
        alpha = currency_of(code).alpha
        of_it = [row for row in rows if row["settlement_currency"] == code]
        for row in of_it[:NETS_SHOWN_MAX]:
            amounts = (format_amount(row[name], alpha) for name in columns)
            who = row["participant"], row["agent"], row["account"]
            table.add_row(alpha, *who, *amounts)
        if len(of_it) > NETS_SHOWN_MAX:
            table.add_row("...", f"{len(of_it) - NETS_SHOWN_MAX} more")
        sums = (format_amount(sum(row[name] for row in of_it), alpha) for name in columns)
        table.add_row(alpha, "sum", "", "", *sums, style="bold", end_section=True)
    console.print()
    console.print(table if rows else "No money moved in this cycle.")
