"""The tables and the story that `altyn simulate` shows."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from altyn.runtime.simulation.swarm import SwarmFigures
from altyn.testing import Trial, WorldFigures, command_of

__all__ = ["figures_table", "finding_page", "swarm_table"]


def figures_table(figures: WorldFigures, elapsed_s: float) -> Table:
    """What one world did."""
    table = _table("simulated world")
    hours = figures.virtual_us / 3_600_000_000
    _rows(
        table,
        ("days", f"{figures.days} ({hours:,.1f} virtual hours)"),
        ("transactions", f"{figures.transactions:,}"),
        ("messages at the switch", f"{figures.messages:,}"),
        ("journal entries", f"{figures.entries:,}"),
        ("crashes and restarts", f"{figures.crashes:,}"),
        ("faults", _faults(figures.faults)),
        ("speed", f"{figures.transactions / elapsed_s:,.0f} transactions/s on one core"),
        ("trace", figures.digest[:32]),
    )
    return table


def swarm_table(figures: SwarmFigures) -> Table:
    """What a swarm did."""
    table = _table("swarm")
    per_core = f"{figures.transactions_per_core_s:,.0f} transactions/s a core"
    longest = (
        f"{figures.longest_clean_days} days, {figures.longest_clean_transactions:,} transactions"
    )
    _rows(
        table,
        ("seeds", f"{figures.seeds:,}"),
        ("simulated days", f"{figures.days:,} ({figures.days_per_s:.2f} a second)"),
        (
            "transactions",
            f"{figures.transactions:,} ({figures.transactions_per_s:,.0f} a second)",
        ),
        ("speed", f"{per_core}, {figures.cores} at work"),
        ("messages at the switch", f"{figures.messages:,}"),
        ("crashes and restarts", f"{figures.crashes:,}"),
        ("faults", _faults(figures.faults)),
        ("longest clean world", longest),
    )
    return table


def finding_page(trial: Trial, story: Sequence[str]) -> Text:
    """What was found, the story of the transaction, and how to see it again."""
    finding = trial.finding
    assert finding is not None, "a page is made of what was found"
    whose = f"transaction {'/'.join(finding.key)}: " if finding.key[1] else ""
    page = Text()
    page.append(f"\n{finding.invariant} does not hold ", style="bold red")
    page.append(f"at {finding.at / 1_000_000:.6f} s: {whose}{finding.what}\n\n")
    for line in story:
        page.append(line + "\n")
    page.append(f"\nReplay it: {command_of(trial.plan)}\n")
    return page


def _faults(faults: dict[str, int]) -> str:
    # A name and its count stand on one line: U+00A0 is no place to break.
    return ", ".join(f"{name}\u00a0{strikes:,}" for name, strikes in faults.items()) or "none"


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    return table


def _rows(table: Table, *rows: tuple[str, str]) -> None:
    for row in rows:
        table.add_row(*row)
