"""`altyn clear`: a cycle is closed, cleared and shown."""

from pathlib import Path
from typing import get_args

import click

from altyn.runtime.commands.office_options import CONFIG, JSON, office_of, progress_bar
from altyn.runtime.engine_name import EngineName
from altyn.runtime.output import open_console, write_json

__all__ = ["command"]


@click.command()
@click.option("--cycle", required=True, metavar="CYCLE", help="Day and number: 2026-11-23/1.")
@click.option(
    "--early",
    metavar="REASON",
    default="",
    help="End the cycle now, before its cut-off; the reason is recorded.",
)
@click.option(
    "--engine",
    type=click.Choice(get_args(EngineName)),
    help="What runs it, to the same bytes; in place of `engine` in [clearing].",
)
@CONFIG
@JSON
def command(
    cycle: str,
    early: str,
    engine: EngineName | None,
    settings_path: Path,
    json_path: str | None,
) -> None:
    """Close a cycle and clear it: match, price, convert and net.

    Reads the switch's journal beside the running switch, and the files that were taken for the
    cycle. A cycle is closed once, in order, when its cut-off has passed. Given again, the command
    shows the recorded result and compares it with what lies on the disk; after a crash it begins
    anew and comes to the same bytes.

    \b
    altyn clear --cycle 2026-11-23/1 -c bank/altyn.toml
    altyn clear --cycle 2026-11-23/1 --engine spark

    Exit code: 0 cleared, 1 it cannot be cleared, 2 the command was not understood.
    """
    from altyn.runtime.backoffice.cycle_clearing import clear_cycle  # noqa: PLC0415
    from altyn.runtime.backoffice.cycle_closing import close_cycle  # noqa: PLC0415 heavy when used
    from altyn.runtime.backoffice.cycle_figures import cycle_figures  # noqa: PLC0415
    from altyn.runtime.backoffice.cycle_page import cycle_object, show_cycle  # noqa: PLC0415
    from altyn.runtime.clearing import require_engine  # noqa: PLC0415

    office = office_of(settings_path)
    if engine:
        office = office.clearing_with(engine)
    require_engine(office.settings.clearing.engine)
    closed = close_cycle(office, cycle, early)
    with progress_bar() as progress:
        cleared = clear_cycle(office, closed, progress)
    figures = cycle_figures(office.folders.cycle(cycle), closed.business_day)
    if json_path:
        write_json(json_path, {**cycle_object(closed, cleared), **figures})
    if json_path != "-":
        show_cycle(open_console(), closed, cleared, figures)
