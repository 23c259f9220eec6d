"""`altyn demo`: a whole scheme on this machine, from the first sign-on to the closed day."""

import asyncio
import secrets
import signal
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from altyn.runtime.output import UserError, open_console, write_json

__all__ = ["command"]

TRANSACTIONS: Final = 3000


@click.command(name="demo")
@click.option(
    "--transactions",
    type=click.IntRange(min=100, max=200_000),
    default=TRANSACTIONS,
    show_default=True,
    metavar="N",
    help="Size of the day.",
)
@click.option("--seed", default="", metavar="S", help="The same seed gives the same day.")
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="An empty or new folder for journal, exports, logs.  [default: altyn-demo-TIME]",
)
@click.option("--exit", "leave", is_flag=True, help="Stop the scheme when the day is closed.")
@click.option(
    "--json",
    "json_path",
    metavar="FILE",
    help='Write the summary there too; "-" is standard output.',
)
def command(
    transactions: int, seed: str, folder: Path | None, leave: bool, json_path: str | None
) -> None:
    """Run a whole scheme on this machine.

    Five invented banks in four countries trade for a day in five currencies through the real
    switch: purchases, cash, refunds, reversals, an issuer that goes away and comes back. Acquirers
    send files of presentments, two cycles are cleared, and a settlement bank settles them. The day
    is closed and the books are checked. Without --exit the scheme stays up for you to talk to.

    \b
    altyn demo
    altyn demo --exit --seed monday --out monday/ --json monday.json

    Exit code: 0 every check of the day held, 1 one did not or the folder cannot be used, 2 the
    command was not understood.
    """
    seed = seed or secrets.token_hex(3)
    if folder is None:
        folder = Path(f"altyn-demo-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    _make_folder(folder)
    try:
        asyncio.run(_run(folder, seed, transactions, leave, json_path))
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise click.Abort from None


def _make_folder(folder: Path) -> None:
    """A new day needs an empty folder: a journal that is there already is somebody's."""
    if folder.exists() and any(folder.iterdir()):
        raise UserError(
            "this folder is not empty", where=str(folder), do="name a new or an empty one"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot make this folder ({error.strerror})", where=str(folder), do="name another"
        ) from error


async def _run(
    folder: Path, seed: str, transactions: int, leave: bool, json_path: str | None
) -> None:
    # Here and not above: `altyn --help` does without Rich and the banks.
    from altyn.runtime.demo.epilogue import show_day, show_open_scheme  # noqa: PLC0415
    from altyn.runtime.demo.results import summary_of, write_day  # noqa: PLC0415
    from altyn.runtime.demo.scheme_files import write_example, write_scheme  # noqa: PLC0415
    from altyn.runtime.demo.screen import Screen  # noqa: PLC0415
    from altyn.runtime.demo.story import STAGES, Demonstration  # noqa: PLC0415

    _stop_on_sigterm()
    console = open_console(errors=json_path == "-")
    scheme = write_scheme(folder, seed, transactions)
    screen = Screen(console, f" Altyn demonstration scheme, seed {seed} ", STAGES)
    day = Demonstration(scheme, seed, transactions, screen)
    try:
        with screen:
            await day.open()
            await day.play()
            positions = await day.close_day()
            await day.settle_cycle(2)
            summary: dict[str, Any] = summary_of(day, positions, seed, transactions)
            with screen.stage("books") as stage:
                await day.write_books()
                await day.end_bank_day()
                files = await write_day(day, summary)
                stage.note = f"{len(scheme.links)} books, journal, exports"
        show_day(console, summary, files, folder)
        if json_path is not None:
            write_json(json_path, summary)
        if not leave:
            show_open_scheme(console, scheme, write_example(scheme, seed))
            with suppress(asyncio.CancelledError):
                await day.stay()
    finally:
        await day.stop()
    _judge(summary)


def _stop_on_sigterm() -> None:
    """SIGTERM cancels the day as Ctrl-C does, so that every process is ended in order."""
    task = asyncio.current_task()
    assert task is not None, "the day runs in a task"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def _judge(summary: dict[str, Any]) -> None:
    """A demonstration that went wrong must not look as if it had gone well."""
    for key in ("zero_sum", "journal_verified", "books_agree", "statement_agrees"):
        if not summary[key]:
            raise UserError(f"the day is not sound: {key} is false", do="look at summary.json")
    for cycle in summary["cycles"]:
        for key in ("as_foretold", "nets_zero_sum", "final"):
            if not cycle[key]:
                raise UserError(
                    f"cycle {cycle['cycle']} is not sound: {key} is false",
                    do="look at summary.json",
                )
    if summary["surprises"]:
        raise UserError(
            f"{len(summary['surprises'])} answers were not what the script expects",
            where="summary.json: surprises",
        )
