"""Runs as people and programs see them: a line each, or one on a page of 100 columns."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from altyn.money import format_amount
from altyn.settlement import (
    ExceptionRaised,
    Notice,
    OrderState,
    Run,
    SettlementDesk,
    write_instant,
)

__all__ = ["notice_object", "run_object", "show_notices", "show_run", "show_runs"]

WIDTH_COLUMNS: Final = 100


def run_object(run: Run, held: str = "") -> dict[str, Any]:
    """A run as JSON. pay_in: what it takes in, minor units; held: why it does not go on."""
    return {
        "run": run.name,
        "currency": run.currency,
        "business_day": run.business_day,
        "state": run.state.value,
        "pay_in": sum(-units for units in run.positions.values() if units < 0),
        "sum": sum(run.positions.values()),
        "attempt": run.attempt,
        "final": write_instant(run.final_us) if run.final_us else None,
        "reason": held or run.reason,
        "failing": list(run.failing),
        "source_hash": run.priced.source_hash if run.priced else None,
        "adjustments": list(run.priced.adjustments) if run.priced else [],
        "positions": [
            {
                "account": str(account),
                "minor_units": units,
                "moved": run.moved.get(account, 0),
            }
            for account, units in sorted(run.positions.items(), key=lambda each: str(each[0]))
        ],
        "orders": [_order_object(each) for each in run.orders.values()],
    }


def _order_object(known: OrderState) -> dict[str, Any]:
    answer = known.answer
    return {
        "message_id": known.order.message_id,
        "definition": known.order.definition,
        "attempt": known.attempt,
        "wave": known.order.wave,
        "transfers": len(known.order.transfers),
        "day": known.day,
        "instructed": write_instant(known.sent_us),
        "queries": known.queries,
        "answer": _answer_words(known),
        "final": write_instant(answer.final_us) if answer and answer.settled else None,
    }


def _answer_words(known: OrderState) -> str:
    if known.answer is None:
        return "none yet"
    return "settled" if known.answer.settled else f"rejected {known.answer.reason}".strip()


def show_runs(console: Console, runs: Iterable[Run], held: Mapping[str, str]) -> None:
    """A line for each run."""
    table = _table("Run", "State", "Pays in", "Final since", "Why not")
    table.columns[2].justify = "right"
    for run in runs:
        found = run_object(run, held.get(run.name, ""))
        reason = found["reason"]
        if run.failing:
            reason = f"{reason} {', '.join(run.failing)}"
        table.add_row(
            run.name,
            run.state.value,
            format_amount(found["pay_in"], run.currency),
            (found["final"] or "")[:19],
            reason,
        )
    console.print(table, width=min(console.width, WIDTH_COLUMNS))


def show_run(console: Console, run: Run, desk: SettlementDesk) -> None:
    """Everything about one run."""
    found = run_object(run)
    console.print(f"{run.name}: {run.state.value}" + (f", {run.reason}" if run.reason else ""))
    if run.final_us:
        console.print(f"Final since {found['final']}: nothing of it is undone any more.")
    if run.priced is not None and run.priced.adjustments:
        console.print(f"With adjustments: {', '.join(run.priced.adjustments)}")
    positions = _table("Account", "Position", "Moved", "Remaining")
    for column in positions.columns[1:]:
        column.justify = "right"
    for account, units in sorted(run.positions.items(), key=lambda each: str(each[0])):
        moved = run.moved.get(account, 0)
        amounts = (units, moved, units - moved)
        positions.add_row(str(account), *(format_amount(each, run.currency) for each in amounts))
    orders = _table("Message", "Form", "Try", "Instructed", "Asked", "Answer")
    for row in found["orders"]:
        orders.add_row(
            row["message_id"],
            row["definition"],
            f"{row['attempt']}.{row['wave']}",
            row["instructed"][:19],
            str(row["queries"]),
            row["answer"],
        )
    for table in (positions, orders):
        console.print(table, width=min(console.width, WIDTH_COLUMNS))
    for each in _concerning(run, desk):
        console.print(f"{write_instant(each.at_us)[:19]} {each.subject}: {each.reason}")


def _concerning(run: Run, desk: SettlementDesk) -> list[ExceptionRaised]:
    subjects = {run.name, *run.orders}
    return [each for each in desk.exceptions if each.subject in subjects]


def notice_object(notice: Notice) -> dict[str, Any]:
    """A notice as JSON."""
    return notice._asdict()


def show_notices(console: Console, notices: Iterable[Notice]) -> None:
    """Whom something must be told, a line each."""
    table = _table("Tell", "That", "About", "Amount")
    table.columns[3].justify = "right"
    for notice in notices:
        amount = format_amount(notice.minor_units, notice.currency) if notice.currency else ""
        table.add_row(notice.to, notice.subject, notice.about, amount)
    console.print(table, width=min(console.width, WIDTH_COLUMNS))


def _table(*headings: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
