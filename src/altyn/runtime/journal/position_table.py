"""What `altyn journal replay` shows: positions by currency, and whether all ways agree."""

from itertools import groupby
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from altyn.money import currency_of, format_amount
from altyn.runtime.journal.proof import Proof

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["figures_of", "show_positions"]


def figures_of(proof: Proof, seconds: float) -> dict[str, object]:
    """The same for a program: amounts in minor units, currencies by their letters."""
    return {
        "agrees": not proof.differences,
        "differences": proof.differences,
        "entries": proof.entries,
        "business_day": proof.business_day,
        "snapshots_compared": proof.snapshots,
        "in_flight": proof.in_flight,
        "advices_owed": proof.advices_owed,
        "zero_sum": not any(proof.sums.values()),
        "positions": [
            {
                "participant": participant,
                "currency": currency_of(currency).alpha,
                "net": net,
                "held": held,
                "net_by_business_day": {str(day): amount for day, amount in days.items()},
            }
            for (participant, currency), (net, held, days) in proof.totals.items()
        ],
        "seconds": round(seconds, 3),
        "entries_per_second": round(proof.entries / max(seconds, 1e-9)),
    }


def show_positions(console: "Console", proof: Proof, seconds: float) -> None:
    """Positions with their sums, then the verdict."""
    table = Table(box=SIMPLE_HEAD, title="Positions from entries alone", title_justify="left")
    table.add_column("currency")
    table.add_column("participant")
    table.add_column("net (- owes, + is owed)", justify="right")
    table.add_column("held", justify="right")
    accounts = sorted(proof.totals.items(), key=lambda item: (item[0][1], item[0][0]))
    for currency, lines in groupby(accounts, key=lambda item: item[0][1]):
        for (participant, _), (net, held, _) in lines:
            amounts = (format_amount(net, currency), format_amount(held, currency))
            table.add_row(currency_of(currency).alpha, participant, *amounts)
        total = proof.sums[currency]
        style = "red" if total else "green"
        table.add_row("", "sum", Text(format_amount(total, currency), style=style), "")
        table.add_section()
    console.print(table)
    rate = round(proof.entries / max(seconds, 1e-9))
    console.print(
        f"{proof.entries:,} entries to business day {proof.business_day} in {seconds:.1f} s, "
        f"{rate:,} entries/s; {proof.in_flight:,} requests in flight, "
        f"{proof.advices_owed:,} advices owed."
    )
    if proof.differences:
        for difference in proof.differences:
            console.print(Text(f"differs: {difference}", style="red"))
    else:
        ways = f"{proof.snapshots} snapshots" if proof.snapshots != 1 else "1 snapshot"
        console.print(Text(f"Replay, columns and {ways} agree.", style="green"))
