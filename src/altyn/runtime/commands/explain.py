"""`altyn explain item`: one item's whole story on one page."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from altyn.runtime.commands.office_options import CONFIG, JSON, office_of
from altyn.runtime.output import UserError, open_console, write_json

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["command"]

_MESSAGE: Final = (
    "sequence", "stage", "kind", "outcome", "response_code", "amount", "currency", "posted_change",
)  # fmt: skip
_CANDIDATE: Final = (
    "authorization", "state", "business_day", "rrn", "stan", "terminal", "standing", "presented",
)  # fmt: skip
_FEE: Final = ("fee", "rule_id", "base", "part", "payer", "receiver", "amount")
_NUMBERS: Final = frozenset(
    {"sequence", "amount", "posted_change", "authorization", "standing", "presented", "base"}
)


@click.group()
def command() -> None:
    """Tell how a result came about."""


@command.command("item")
@click.argument("identifier", metavar="ID")
@CONFIG
@JSON
def item(identifier: str, settings_path: Path, json_path: str | None) -> None:
    """Show one item's whole story: messages, file, match, terms, fees, rates, settlement.

    ID is an item's (J and the journal's sequence number, or P, acquirer, file and record), the
    acquirer's reference of 23 digits, which finds rejected records too, or a journal sequence
    number. Card numbers are masked; amounts are minor units.

    \b
    altyn explain item J1200 -c bank/altyn.toml
    """
    from altyn.runtime.backoffice.item_story import item_story  # noqa: PLC0415 heavy when used

    story = item_story(office_of(settings_path), identifier)
    if story is None:
        raise UserError(
            "no cleared cycle has such an item",
            where="ID",
            do="see the id in a report, or clear the cycle that has it",
        )
    if json_path:
        write_json(json_path, story)
    if json_path != "-":
        _show(open_console(), story)


def _show(console: "Console", story: dict[str, Any]) -> None:
    verdict = "accepted" if story["accepted"] else "rejected"
    console.print(f"{verdict} in cycle {story['cycle']}", style="bold")
    _pairs(console, "item" if story["accepted"] else "record", story["item"])
    _pairs(console, "file", story["file"])
    _rows(console, "messages in the switch's journal", _MESSAGE, story["messages"])
    _pairs(console, "matched to the authorization", story["authorization"])
    _rows(console, "other authorizations of the card", _CANDIDATE, story["candidates"])
    _pairs(console, "matching terms", story["terms"])
    _rows(console, "fees", _FEE, story["fees"])
    rules = {each["rule_id"]: each["rule"] for each in story["fees"] if each["rule"]}
    for rule_id, rule in rules.items():
        stated = {name: value for name, value in rule.items() if value not in ("", None)}
        _pairs(console, f"fee rule {rule_id}", stated)
    passed = [
        {"fee": each["fee"], "rule passed over": rule_id, "because of": dimension}
        for each in story["pricing"]
        for rule_id, dimension in each["passed"].items()
    ]
    _rows(console, "rules that do not hold", ("fee", "rule passed over", "because of"), passed)
    _rows(
        console,
        "settlement",
        ("fact", "at", "final_at", "posting", "reason"),
        story["settlement"],
    )


def _pairs(console: "Console", title: str, values: dict[str, Any] | None) -> None:
    """Names and values, two in a line."""
    from rich.markup import escape  # noqa: PLC0415 heavy parts when used
    from rich.table import Table  # noqa: PLC0415 heavy parts when used

    if not values:
        return
    table = Table(box=None, pad_edge=False, show_header=False, title=title, title_justify="left")
    shown = [(name, escape(str(value))) for name, value in values.items() if name != "fact"]
    for left in range(0, len(shown), 2):
        second = shown[left + 1] if left + 1 < len(shown) else ("", "")
        table.add_row(*shown[left], *second)
    console.print()
    console.print(table)


def _rows(
    console: "Console", title: str, names: tuple[str, ...], rows: list[dict[str, Any]]
) -> None:
    from rich.markup import escape  # noqa: PLC0415 heavy parts when used
    from rich.table import Table  # noqa: PLC0415 as above

    if not rows:
        return
    present = [name for name in names if any(name in row for row in rows)]
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    for name in present:
        table.add_column(name, justify="right" if name in _NUMBERS else "left")
    for row in rows:
        table.add_row(*(escape(str(row.get(name, ""))) for name in present))
    console.print()
    console.print(table)
