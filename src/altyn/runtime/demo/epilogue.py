"""The last page: outcomes, positions, checks, where everything is, how to talk to the scheme."""

import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import which
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from altyn.ledger import SCHEME
from altyn.money import currency_of, format_amount
from altyn.runtime.demo.results import DayFiles, sums_by_currency
from altyn.runtime.demo.scheme_files import HOST, DemoScheme
from altyn.runtime.demo.tally import code_words
from altyn.simulators import bank_of

__all__ = ["show_day", "show_open_scheme"]

TABLE_WIDTH_COLUMNS: Final = 98
HALF_WIDTH_COLUMNS: Final = 48
SUM_WORDS: Final = {"principal": "items", "fees": "fees", "minor_units": "net"}
KIND_WORDS: Final = {
    "purchase-dual": "purchase, two messages (0100)",
    "purchase-single": "purchase, one message (0200)",
    "pre-authorization": "pre-authorization, completed (0220)",
    "cancelled-purchase": "purchase, then reversed",
    "partly-cancelled-purchase": "purchase, then partly reversed",
    "repeated-request": "purchase, then repeated (0101)",
    "lost-answer": "purchase, answer lost, reversed",
    "net-debit-cap": "purchase just below the cap",
    "stood-in": "purchase, stood in for (0120)",
    "stood-in-regretted": "stood in for, issuer regrets it",
}


def show_day(console: Console, summary: Mapping[str, Any], files: DayFiles, folder: Path) -> None:
    """The day in tables."""
    console.print(_outcome_tables(summary, console.width))
    console.print(_position_table(summary["positions"], console.width))
    console.print(_stand_in_table(summary["stand_in"], console.width))
    for cycle in summary["cycles"]:
        console.print(_cycle_table(cycle, console.width))
    console.print(_checks(summary))
    console.print(_file_list(files, folder))


def _table(title: str, width: int) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", width=width, box=SIMPLE_HEAD
    )


def _outcome_tables(summary: Mapping[str, Any], room: int) -> Table:
    """What was approved by kind, and the requests by response code: beside it, or below where
    the terminal has no room."""
    kinds = _table("Approved", min(HALF_WIDTH_COLUMNS, room))
    kinds.add_column("kind")
    kinds.add_column("count", justify="right")
    for kind, count in _approved_kinds(summary["outcomes"]):
        kinds.add_row(kind, f"{count:,}")
    codes = _table("Requests by response code", min(HALF_WIDTH_COLUMNS, room))
    for name, justify in (("DE39", "left"), ("meaning", "left"), ("count", "right")):
        codes.add_column(name, justify=justify)  # type: ignore[arg-type]
    for code, count in summary["requests_by_code"].items():
        style = "green" if code == "00" else ""
        codes.add_row(code, Text(code_words(code), style=style), f"{count:,}")
    if room < TABLE_WIDTH_COLUMNS:
        one = Table.grid()
        one.add_row(kinds)
        one.add_row(codes)
        return one
    both = Table.grid(padding=(0, 2, 0, 0))
    both.add_row(kinds, codes)
    return both


def _approved_kinds(outcomes: Mapping[str, int]) -> list[tuple[str, int]]:
    """Kinds of approved requests in words, the most frequent first."""
    found = [
        (outcome.split("/")[0], count)
        for outcome, count in outcomes.items()
        if outcome.endswith("/request/00")
    ]
    named = [(KIND_WORDS.get(kind, kind.replace("-", " ")), count) for kind, count in found]
    return sorted(named, key=lambda row: -row[1])


def _position_table(rows: list[dict[str, Any]], room: int) -> Table:
    table = _table("Net positions of the closed day", min(TABLE_WIDTH_COLUMNS, room))
    for name, justify in (
        ("currency", "left"),
        ("participant", "left"),
        ("net (- owes, + is owed)", "right"),
        ("held", "right"),
    ):
        # No figure is ever cut short, however narrow the terminal.
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for currency, total in sums_by_currency(rows).items():
        for row in (row for row in rows if row["currency"] == currency):
            style = "red" if row["net"] < 0 else "dim" if row["net"] == 0 else ""
            net = Text(format_amount(row["net"], currency), style=style)
            name = bank_of(row["participant"]).name
            held = format_amount(row["held"], currency) if row["held"] else ""
            table.add_row(currency, name, net, held)
        sign = Text(
            format_amount(total, currency), style="bold green" if total == 0 else "bold red"
        )
        table.add_row("", Text("sum", style="bold"), sign, "", end_section=True)
    return table


def _stand_in_table(figures: Mapping[str, Any], room: int) -> Table:
    """What was decided for the bank that was away, and what it would have refused."""
    table = _table("Stood in for, and what it cost", min(TABLE_WIDTH_COLUMNS, room))
    table.add_column("issuer", overflow="fold")
    for name in ("count", "amount", "regretted", "cost"):
        table.add_column(name, justify="right", overflow="fold")
    for row in figures["stood_in"]:
        table.add_row(
            bank_of(row["issuer"]).name,
            f"{row['count']:,}",
            format_amount(row["amount"], row["currency"]),
            f"{sum(row['regretted'].values()):,}",
            Text(format_amount(row["cost"], row["currency"]), style="red"),
        )
    return table


def _cycle_table(cycle: Mapping[str, Any], room: int) -> Table:
    """What each pays or receives of a cycle at the settlement bank, and the scheme's own."""
    rejected = sum(cycle["rejections"].values()) + cycle["records_refused"]
    title = (
        f"Cycle {cycle['cycle']}: {cycle['files']} files, {cycle['records']:,} records, "
        f"{rejected} rejected"
    )
    table = _table(title, min(TABLE_WIDTH_COLUMNS, room))
    table.add_column("currency")
    table.add_column("participant", overflow="fold")
    # On a narrow terminal the items are left out: they are the net without the fees.
    shown_sums = list(SUM_WORDS)[room < TABLE_WIDTH_COLUMNS :]
    for key in shown_sums:
        table.add_column(SUM_WORDS[key], justify="right", overflow="fold")
    numerics = {net["settlement_currency"] for net in cycle["nets"]}
    alphas = {numeric: currency_of(numeric).alpha for numeric in numerics}
    for net in sorted(cycle["nets"], key=lambda net: alphas[net["settlement_currency"]]):
        currency = alphas[net["settlement_currency"]]
        own = net["participant"] == net["agent"] == SCHEME
        name = f"the scheme's {net['account']}" if own else _settles_for(net)
        shown = [
            Text(format_amount(net[key], currency), style="red" if net[key] < 0 else "")
            for key in shown_sums
        ]
        table.add_row(currency, name, *shown)
    return table


def _settles_for(net: Mapping[str, Any]) -> str:
    name = bank_of(net["participant"]).name
    if net["agent"] == net["participant"]:
        return name
    return f"{name}, by {bank_of(net['agent']).name}"


def _checks(summary: Mapping[str, Any]) -> Table:
    latency, cycles = summary["latency_ms"], summary["cycles"]
    checks = Table.grid(padding=(0, 2))
    as_scripted = not summary["surprises"]
    for good, words in (
        (as_scripted, "every answer is the one the script expects"),
        (summary["books_agree"], "the books of acquirers and issuers agree"),
        (summary["zero_sum"], "positions add up to zero in every currency"),
        (summary["journal_verified"], "the journal's chain of hashes is verified"),
        (
            all(cycle["as_foretold"] for cycle in cycles),
            "clearing rejected what the acquirers had spoiled, and nothing else",
        ),
        (
            all(cycle["nets_zero_sum"] and cycle["final"] for cycle in cycles),
            f"{len(cycles)} cycles are settled and final, nets add up to zero in every currency",
        ),
        (summary["statement_agrees"], "the settlement bank's statements agree: the books balance"),
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
        (" ".join(path.name for path in files.transactions), "the day, exported from it"),
        (files.positions.name, "net positions"),
        (files.summary.name, "this page as data"),
        ("claims/ clearing/", "files of presentments, and what clearing made of them"),
        ("settlement/ settlement-bank/", "orders, answers and statements; the bank's own books"),
        ("reports/", "what participants and the operator read"),
        ("altyn.toml scheme.toml clearing.toml", "settings and rules: altyn check"),
        ("logs/ banks/", "what each bank sent and got, and its books"),
    ):
        listing.add_row(f"  {path}", Text(words, style="dim"))
    return listing


def show_open_scheme(console: Console, scheme: DemoScheme, example: Path) -> None:
    """How to talk to the scheme that stays up; `example` is a purchase as JSON."""
    link = next(link for link in scheme.links if link.role == "acquirer")
    console.print()
    console.print(Text("The scheme is up and quiet. Ctrl-C stops it.", style="bold"))
    listing = Table.grid(padding=(0, 2))
    listing.add_row("  Acquirer's line", f"{HOST}:{link.port}, dialect altyn87, framing binary2")
    listing.add_row("  DE32 on it", f"{link.bank.institution_id} ({link.bank.name})")
    listing.add_row("  Control socket", str(scheme.control_socket))
    console.print(listing)
    for words, lines in (
        ("Buy something (bash):", _purchase_lines(link.port, example)),
        ("Ask the switch how it is:", _status_lines(scheme)),
    ):
        console.print(Text(f"\n{words}", style="dim"))
        for line in lines:
            console.print(f"  {line}", soft_wrap=True, markup=False)
    console.print()


def _purchase_lines(port: int, example: Path) -> tuple[str, ...]:
    # A fresh clone has the program in its own environment and not on the path.
    program = "altyn" if which("altyn") else str(Path(sys.executable).with_name("altyn"))
    return (
        f"exec 3<>/dev/tcp/{HOST}/{port}",
        f"{program} message encode {example} --framing binary2 --binary - >&3",
        f"timeout 1 cat <&3 | {program} message decode - --framing binary2",
    )


def _status_lines(scheme: DemoScheme) -> tuple[str, ...]:
    order = '{\\"order\\": \\"status\\"}\\n'
    program = (
        "import socket; s = socket.socket(socket.AF_UNIX); "
        f's.connect("{scheme.control_socket}"); '
        f's.sendall(b"{order}"); print(s.makefile().readline())'
    )
    return (f"python3 -c '{program}'",)
