"""`altyn settle`: a cleared cycle becomes final money."""

from pathlib import Path

import click

from altyn.runtime.commands.office_options import CONFIG, JSON
from altyn.runtime.commands.settlement_options import duration_s, place_of
from altyn.runtime.output import open_console, write_json

__all__ = ["command"]

EXIT_HELD = 1
EXIT_WAITING = 75
"""EX_TEMPFAIL (BSD sysexits.h): nothing is wrong; give the command again."""


@click.command("settle")
@click.option("--cycle", required=True, metavar="DAY/N", help="A cleared cycle: 2026-11-23/1.")
@click.option("--currency", default="", metavar="CODE", help="Only this currency, as in KZT.")
@click.option(
    "--wait",
    "wait_s",
    default="30s",
    show_default=True,
    callback=duration_s,
    help="How long to wait for the settlement bank; 0 does what can be done now.",
)
@CONFIG
@JSON
@click.pass_context
def command(
    context: click.Context,
    cycle: str,
    currency: str,
    wait_s: float,
    settings_path: Path,
    json_path: str | None,
) -> None:
    """Settle a cycle: instruct the settlement bank, wait for its answer, make it final.

    Every currency of the cycle is a run of its own. Give the command as often as you like, also
    after a crash: each amount moves once. Orders lie in the outbox of [settlement], answers are
    taken from its inbox.

    \b
    altyn settle --cycle 2026-11-23/1
    altyn settle --cycle 2026-11-23/1 --currency KZT --wait 5m --json -

    Exit code: 0 all is final, 75 the bank has not answered yet, 1 a run is held or was refused.
    """
    from altyn.runtime.settling.run_page import (  # noqa: PLC0415 heavy when used
        run_object,
        show_runs,
    )
    from altyn.runtime.settling.waiting import settle_cycle  # noqa: PLC0415

    place = place_of(settings_path)
    errors = open_console(errors=True)
    state = settle_cycle(place, cycle, currency.upper(), wait_s, errors.print)
    if json_path:
        runs = [run_object(run, state.held.get(run.name, "")) for run in state.runs]
        write_json(json_path, {"cycle": cycle, "final": state.is_final, "runs": runs})
    if json_path != "-":
        console = open_console()
        show_runs(console, state.runs, state.held)
        unbalanced = [run.name for run in state.runs if sum(run.positions.values())]
        assert not unbalanced, "positions sum to zero"
        console.print("Positions sum to zero in every currency.")
    if not state.is_final:
        context.exit(EXIT_WAITING if state.waits_for_bank else EXIT_HELD)
