"""What a person sees of a drill: a table of kills and faults, and the verdict with a story."""

from collections.abc import Mapping
from statistics import median
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from altyn.runtime.drill.audit import tell_story
from altyn.runtime.drill.drill import RANDOM, Drill, DrillReport
from altyn.runtime.drill.fault_proxy import FAULTS
from altyn.runtime.drill.write_points import WRITE_POINTS

__all__ = ["show_drill"]

DIFFERENCES_SHOWN: Final = 10


def show_drill(console: Console, drill: Drill) -> None:
    """The whole page."""
    report = drill.report
    console.print(_kills(report))
    if any(report.faults.get(name) for name in FAULTS):
        console.print(_faults(report.faults))
    console.print(_figures(report))
    for difference in report.differences[:DIFFERENCES_SHOWN]:
        console.print(Text("✗ ", style="bold red") + Text(difference.what))
    _show_story(console, drill)


def _kills(report: DrillReport) -> Table:
    table = Table(title="Kills", title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column("write point")
    table.add_column("what is lost there")
    table.add_column("kills", justify="right")
    rows = [(point.name, point.meaning) for point in WRITE_POINTS]
    for name, meaning in [*rows, (RANDOM, "whatever it was")]:
        if report.kills.get(name):
            table.add_row(name, meaning, str(report.kills[name]))
    return table


def _faults(faults: Mapping[str, int]) -> Table:
    table = Table(
        title="Faults on lines", title_justify="left", title_style="bold", box=SIMPLE_HEAD
    )
    for name, justify in (("fault", "left"), ("what happens", "left"), ("times", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for name, meaning in FAULTS.items():
        if faults.get(name):
            table.add_row(name, meaning, str(faults[name]))
    return table


def _figures(report: DrillReport) -> Table:
    figures = Table.grid(padding=(0, 2))
    audited = report.audit
    if report.ready_ms:
        middle, longest = median(report.ready_ms), max(report.ready_ms)
        figures.add_row("Restart", f"median {middle:,.0f} ms, longest {longest:,.0f} ms")
    if report.server_kills or report.stalls:
        figures.add_row(
            "Database",
            f"kills of the server: {report.server_kills}; stalled nodes replaced: {report.stalls}",
        )
    if audited is not None:
        figures.add_row(
            "Audited",
            f"{audited.messages:,} messages in the banks' logs, {audited.transactions:,} "
            f"transactions and {audited.entries:,} entries in the journal",
        )
    verdict = (
        Text(f"✗ {len(report.differences)} differences", style="bold red")
        if report.differences
        else Text("✓ nothing was lost, doubled or changed", style="bold green")
    )
    figures.add_row("Verdict", verdict)
    figures.add_row("Drill", f"seed {report.seed}, {report.killed} kills, {report.seconds:,.0f} s")
    return figures


def _show_story(console: Console, drill: Drill) -> None:
    """The first transaction that went wrong, message by message."""
    wrong = [each.transaction for each in drill.report.differences if each.transaction]
    if not wrong:
        return
    logs = [*drill.files.acquirer_logs, *drill.files.issuer_logs]
    console.print(Text(f"\nTransaction {wrong[0].reference} of {wrong[0].acquirer}:", style="bold"))
    for line in tell_story(wrong[0], logs):
        console.print(f"  {line}", soft_wrap=True, markup=False)
