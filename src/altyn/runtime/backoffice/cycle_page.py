"""A cleared cycle as people and programs see it."""

from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from altyn.money import currency_of, format_amount
from altyn.runtime.backoffice.cycle import ClosedCycle
from altyn.runtime.backoffice.cycle_clearing import ClearedCycle

__all__ = ["cycle_object", "show_cycle"]

NETS_SHOWN_MAX: Final = 200


def cycle_object(closed: ClosedCycle, cleared: ClearedCycle) -> dict[str, Any]:
    """A cleared cycle as JSON."""
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


def show_cycle(
    console: Console, closed: ClosedCycle, cleared: ClearedCycle, figures: dict[str, Any]
) -> None:
    """What a cycle took in and what came of it; figures: of `cycle_figures`."""
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


def _table(console: Console, heads: tuple[str, str], rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column(heads[0])
    table.add_column(heads[1], justify="right")
    for row in rows:
        table.add_row(row["word"], f"{row['count']:,}")
    console.print()
    console.print(table)


def _nets(console: Console, rows: Sequence[dict[str, Any]]) -> None:
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
