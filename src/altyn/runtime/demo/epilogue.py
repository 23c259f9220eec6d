"""The last page: outcomes, positions, checks, where everything is, how to talk to the scheme."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from altyn.money import format_amount
from altyn.runtime.demo.results import DayFiles, sums_by_currency
from altyn.runtime.demo.scheme_files import HOST, DemoScheme
from altyn.runtime.demo.tally import code_words
from altyn.simulators import bank_of

__all__ = ["show_day", "show_open_scheme"]

TABLE_WIDTH_COLUMNS: Final = 96


def show_day(console: Console, summary: Mapping[str, Any], files: DayFiles, folder: Path) -> None:
    """The day in tables."""
    console.print(_outcome_table(summary))
    console.print(_position_table(summary["positions"]))
    console.print(_checks(summary))
    console.print(_file_list(files, folder))


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", width=TABLE_WIDTH_COLUMNS)


def _outcome_table(summary: Mapping[str, Any]) -> Table:
    table = _table("Outcomes of requests")
    for name, justify in (("DE39", "left"), ("", "left"), ("count", "right"), ("kinds", "left")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for code, count in summary["requests_by_code"].items():
        kinds = _kinds(summary["outcomes"], code)
        style = "green" if code == "00" else ""
        table.add_row(code, Text(code_words(code), style=style), f"{count:,}", kinds)
    return table


def _kinds(outcomes: Mapping[str, int], code: str) -> str:
    found = [
        (count, outcome.split("/")[0].replace("-", " "))
        for outcome, count in outcomes.items()
        if outcome.endswith(f"/request/{code}")
    ]
    return ", ".join(f"{kind} {count:,}" for count, kind in sorted(found, reverse=True))


def _position_table(rows: list[dict[str, Any]]) -> Table:
    table = _table("Net positions of the closed day")
    for name, justify in (
        ("currency", "left"),
        ("participant", "left"),
        ("net: + is owed to it", "right"),
        ("held", "right"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for currency, total in sums_by_currency(rows).items():
        for row in (row for row in rows if row["currency"] == currency):
            net = Text(format_amount(row["net"], currency), style="red" if row["net"] < 0 else "")
            name = bank_of(row["participant"]).name
            table.add_row(currency, name, net, format_amount(row["held"], currency))
        sign = Text(
            format_amount(total, currency), style="bold green" if total == 0 else "bold red"
        )
        table.add_row("", Text("sum", style="bold"), sign, "", end_section=True)
    return table


def _checks(summary: Mapping[str, Any]) -> Table:
    latency = summary["latency_ms"]
    checks = Table.grid(padding=(0, 2))
    as_scripted = not summary["surprises"]
    for good, words in (
        (as_scripted, "every answer is the one the script expects"),
        (summary["books_agree"], "the books of acquirers and issuers agree"),
        (summary["zero_sum"], "positions add up to zero in every currency"),
        (summary["journal_verified"], "the journal's chain of hashes is verified"),
    ):
        mark = Text("✓", style="bold green") if good else Text("✗ not so:", style="bold red")
        checks.add_row(mark, words)
    checks.add_row(
        "",
        f"{summary['transactions']:,} transactions in {summary['seconds_traded']:.1f} s of trade: "
        f"{summary['transactions_per_second']:,.0f} transactions/s, "
        f"{summary['messages_per_second']:,.0f} messages/s",
    )
    checks.add_row(
        "",
        f"latency at the acquirers: p50 {latency['p50']:.1f} ms, p99 {latency['p99']:.1f} ms, "
        f"max {latency['max']:.1f} ms",
    )
    checks.add_row("", Text(summary["hardware"], style="dim"))
    return checks


def _file_list(files: DayFiles, folder: Path) -> Table:
    listing = Table.grid(padding=(0, 2))
    listing.add_row("")
    listing.add_row(Text("Everything is in", style="bold"), str(folder))
    for path, words in (
        ("data/journal.db", "the journal"),
        (" ".join(path.name for path in files.transactions), "the day's transactions"),
        (files.positions.name, "net positions"),
        (files.summary.name, "this page as data"),
        ("altyn.toml scheme.toml", "settings and scheme: altyn serve -c altyn.toml"),
        ("logs/ banks/", "what each bank sent and got, and its books"),
    ):
        listing.add_row(f"  {path}", Text(words, style="dim"))
    return listing


def show_open_scheme(console: Console, scheme: DemoScheme) -> None:
    """How to talk to the scheme that stays up."""
    link = next(link for link in scheme.links if link.role == "acquirer")
    console.print()
    console.print(Text("The scheme is up. Ctrl-C stops it.", style="bold"))
    listing = Table.grid(padding=(0, 2))
    listing.add_row("  Acquirer line", f"{HOST}:{link.port}, dialect altyn87, framing binary2")
    listing.add_row("  DE32 on it", link.bank.institution_id)
    listing.add_row("  Control socket", str(scheme.control_socket))
    console.print(listing)
    console.print(Text("\nAsk the switch how it is:", style="dim"))
    console.print(_status_command(scheme), soft_wrap=True, markup=False)
    console.print(Text("\nSign on as an acquirer and send an echo:", style="dim"))
    console.print(_echo_command(link.port, link.bank.institution_id), soft_wrap=True, markup=False)


def _status_command(scheme: DemoScheme) -> str:
    return (
        "  python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); "
        f's.connect("{scheme.control_socket}"); '
        's.sendall(b"{\\"order\\": \\"status\\"}\\n"); print(s.recv(65536).decode())\''
    )


def _echo_command(port: int, institution_id: str) -> str:
    return f"  port {port}, DE32 {institution_id}"
