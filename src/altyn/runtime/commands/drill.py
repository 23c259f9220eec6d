"""`altyn drill`: kill the switch under load, cut its lines, and compare three books."""

import asyncio
import re
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from altyn.runtime.output import UserError, open_console, write_json

if TYPE_CHECKING:
    from altyn.runtime.drill.drill import Drill
    from altyn.runtime.postgres.server import OwnServer

__all__ = ["command"]

_BUDGET: Final = re.compile(r"([1-9][0-9]{0,5})(s|m|h)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


def _seconds(_: click.Context, __: click.Parameter, value: str) -> int:
    """A span of time such as 90s, 10m or 1h in seconds."""
    found = _BUDGET.fullmatch(value)
    if found is None:
        raise click.BadParameter("a number and s, m or h is expected, such as 90s or 10m")
    return int(found[1]) * _SECONDS[found[2]]


@click.command()
@click.option("--kills", type=click.IntRange(1, 100_000), default=20, show_default=True)
@click.option(
    "--store",
    type=click.Choice(("sqlite", "postgresql")),
    default="sqlite",
    show_default=True,
    help="Where the journal is; for postgresql a server is started, killed and removed.",
)
@click.option(
    "--faults",
    default="all",
    show_default=True,
    metavar="LIST",
    help="Faults on the lines: all, none, or names with commas between them.",
)
@click.option(
    "--budget", default="10m", show_default=True, callback=_seconds, help="No kill begins after it."
)
@click.option("--seed", help="The same seed, the same trade and kills; drawn when not given.")
@click.option(
    "--json", "json_path", metavar="FILE", help="Also write the result to FILE; -: stdout."
)
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Run in DIR, new or empty, and leave logs and journal there.",
)
def command(
    kills: int,
    store: str,
    faults: str,
    budget: int,
    seed: str | None,
    json_path: str | None,
    keep: Path | None,
) -> None:
    """Kill the switch under load again and again, and compare the books.

    Starts a switch, five acquirers, four issuers and a proxy that cuts their lines, all over
    loopback. The switch is killed (SIGKILL), half of the times at random and half at the points
    where it writes or sends, and started anew. In the end everything comes to rest, and what the
    banks wrote down is compared with the journal: every answer must be recorded, nothing may be
    decided twice, and the same amount must stand with acquirer, switch and issuer. Moments within
    a run depend on the machine: the same seed is the same trade, not the same instant.

    Faults: delay, dribble, truncate, reset, half-open, half-dead.

    Exit code 1 when the books differ; the folder stays then.

    With PostgreSQL the server is killed and started again too, and now and then a node stands
    still until its standby has taken over: when it wakes up it must write nothing and end.

    \b
    altyn drill                                     20 kills, about half a minute
    altyn drill --kills 100 --seed 7 --json -
    altyn drill --kills 100 --store postgresql
    altyn drill --kills 50 --faults reset,half-open --keep drill
    """
    # Not above: they cost time that `altyn drill --help` need not spend.
    from altyn.runtime.drill.drill import Drill, DrillPlan  # noqa: PLC0415
    from altyn.runtime.drill.page import show_drill  # noqa: PLC0415

    chosen = _faults(faults)
    folder = _folder(keep)
    console, progress = open_console(errors=json_path == "-"), open_console(errors=True)
    plan = DrillPlan(folder, kills, seed or secrets.token_hex(3), chosen, budget)
    with _server(store) as server:
        drill = Drill(plan._replace(server=server), lambda text: progress.print(text, style="dim"))
        try:
            asyncio.run(_run(drill))
        except (KeyboardInterrupt, asyncio.CancelledError):
            raise click.Abort from None
    show_drill(console, drill)
    if json_path is not None:
        write_json(json_path, drill.report.as_table())
    if drill.report.differences:
        raise UserError("the books differ", where=str(folder), do="keep this folder and report it")
    if keep is None:
        shutil.rmtree(folder)


async def _run(drill: "Drill") -> None:
    """SIGTERM cancels the drill as Ctrl-C does, so that every process is ended."""
    task = asyncio.current_task()
    assert task is not None, "the drill runs in a task"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await drill.run()


def _faults(text: str) -> tuple[str, ...]:
    """The faults that are wanted. Raises UsageError for a name that is none."""
    from altyn.runtime.drill.fault_proxy import FAULTS  # noqa: PLC0415

    if text in ("all", "none"):
        return tuple(FAULTS) if text == "all" else ()
    names = tuple(name.strip() for name in text.split(","))
    if any(name not in FAULTS for name in names):
        known = ", ".join(FAULTS)
        raise click.UsageError(f"--faults: name all, none, or some of {known} with commas")
    return names


@contextmanager
def _server(store: str) -> Iterator["OwnServer | None"]:
    """A PostgreSQL server for as long as the drill takes; None for a journal in a file."""
    if store == "sqlite":
        yield None
        return
    from altyn.runtime.postgres.server import OwnServer  # noqa: PLC0415 only when asked for

    with OwnServer() as server:
        yield server


def _folder(keep: Path | None) -> Path:
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="altyn-drill-"))
    if keep.exists() and any(keep.iterdir()):
        raise UserError("this folder is not empty", where=str(keep), do="name a new one")
    keep.mkdir(parents=True, exist_ok=True)
    return keep
