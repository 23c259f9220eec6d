"""`altyn cycle`: how far each cycle has come, and all that is known of one."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from altyn.clock import utc_datetime
from altyn.runtime.commands.office_options import CONFIG, JSON
from altyn.runtime.commands.settlement_options import place_of
from altyn.runtime.output import UserError, open_console, write_json

if TYPE_CHECKING:
    from altyn.clearing import CutOff
    from altyn.runtime.settling.cycle_standing import CycleStanding

__all__ = ["command"]


@click.group("cycle")
def command() -> None:
    """Cycles: open, closed, priced, instructed, settled, failed or suspended."""


@command.command("list")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@CONFIG
@JSON
def list_cycles(limit: int, settings_path: Path, json_path: str | None) -> None:
    """List every cycle with its state, newest first.

    A cycle that has ended and is not closed is open still: `altyn clear` closes it. Where the runs
    of a cycle stand differently, its state is the one of the run that needs an operator most.

    \b
    altyn cycle list -c bank/altyn.toml
    """
    from altyn.runtime.settling.cycle_standing import open_cycles, standings  # noqa: PLC0415

    place = place_of(settings_path)
    closed = standings(place)
    last = closed[-1].closed if closed else None
    now_us = time.time_ns() // 1000
    still_open = open_cycles(place.rules, last, now_us)
    rows = [_open_object(each, now_us) for each in reversed(still_open)]
    rows += [_object(each) for each in reversed(closed)]
    if json_path:
        write_json(json_path, {"cycles": rows[:limit]})
    if json_path != "-":
        _show_list(rows, limit)


def _instant(utc_us: int) -> str:
    return utc_datetime(utc_us).isoformat().replace("+00:00", "Z")


def _open_object(cut_off: "CutOff", now_us: int) -> dict[str, Any]:
    return {
        "cycle": cut_off.cycle,
        "state": "open",
        "ends": _instant(cut_off.at_us),
        "ended": cut_off.at_us <= now_us,
    }


def _object(standing: "CycleStanding") -> dict[str, Any]:
    closed, cleared = standing.closed, standing.cleared
    return {
        "cycle": closed.cycle,
        "state": standing.state.value,
        "ends": _instant(closed.end_us),
        "ended": True,
        "closed_early": closed.closed_early or None,
        "entries": closed.last_sequence - closed.after_sequence,
        "files": len(closed.files),
        "items": cleared.rows["items"] if cleared else None,
        "rejected": cleared.rows["rejected"] if cleared else None,
        "final": _instant(standing.final_us) if standing.final_us else None,
    }


def _show_list(rows: Sequence[dict[str, Any]], limit: int) -> None:
    from rich.table import Table  # noqa: PLC0415 heavy parts when used

    console = open_console()
    table = Table(box=None, pad_edge=False)
    right = ("entries", "files", "items", "rejected")
    for name in ("cycle", "state", "ends", *right, "final"):
        table.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    for row in rows[:limit]:
        counts = (row.get(name) for name in right)
        table.add_row(
            row["cycle"],
            row["state"],
            row["ends"][:19],
            *("" if count is None else f"{count:,}" for count in counts),
            (row.get("final") or "")[:19],
        )
    console.print(table)
    if len(rows) > limit:
        console.print(f"{len(rows) - limit:,} more; see --limit")


@command.command("show")
@click.argument("cycle", metavar="CYCLE")
@CONFIG
@JSON
def show(cycle: str, settings_path: Path, json_path: str | None) -> None:
    """Show CYCLE (2026-11-23/1): what it took in, what came of it, and its settlement runs.

    The result is shown as it was recorded; `altyn clear` compares the files with their digests.

    \b
    altyn cycle show 2026-11-23/1 -c bank/altyn.toml
    """
    from altyn.runtime.backoffice.cycle_figures import cycle_figures  # noqa: PLC0415
    from altyn.runtime.backoffice.cycle_page import cycle_object  # noqa: PLC0415
    from altyn.runtime.backoffice.folders import Folders  # noqa: PLC0415
    from altyn.runtime.settling.cycle_standing import standings  # noqa: PLC0415
    from altyn.runtime.settling.run_page import run_object  # noqa: PLC0415

    place = place_of(settings_path)
    found = {each.closed.cycle: each for each in standings(place)}.get(cycle)
    if found is None:
        raise UserError("no cycle of this name is closed", where=cycle, do="see `altyn cycle list`")
    figures: dict[str, Any] = {}
    if found.cleared is not None:
        folder = Folders(place.settings.clearing.folder).cycle(cycle)
        figures = cycle_figures(folder, found.closed.business_day)
    if json_path:
        told = cycle_object(found.closed, found.cleared) if found.cleared else {}
        runs = [run_object(run) for run in found.runs]
        write_json(json_path, {**_object(found), **told, **figures, "runs": runs})
    if json_path != "-":
        _show_one(found, figures)


def _show_one(found: "CycleStanding", figures: dict[str, Any]) -> None:
    from altyn.runtime.backoffice.cycle_page import show_cycle  # noqa: PLC0415 heavy when used
    from altyn.runtime.settling.run_page import show_runs  # noqa: PLC0415

    console = open_console()
    if found.cleared is None:
        told = _object(found)
        console.print(f"Cycle {told['cycle']}: closed at {told['ends']}, not cleared yet.")
        console.print(f"altyn clear --cycle {told['cycle']}", markup=False, highlight=False)
        return
    show_cycle(console, found.closed, found.cleared, figures)
    console.print()
    console.print(f"{'state':<10} {found.state.value}", highlight=False)
    if found.runs:
        show_runs(console, found.runs, {})


@command.command("layout")
def layout() -> None:
    """Print the tables of clearing, as docs/reference/clearing.md has them."""
    from altyn.runtime.clearing.reference import clearing_page  # noqa: PLC0415 heavy when used

    click.echo(clearing_page(), nl=False)
