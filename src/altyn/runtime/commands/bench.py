"""`altyn bench`: measure the codec or the whole switch, and say on which machine."""

import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final, NoReturn, get_args

import click

from altyn.runtime.engine_name import EngineName
from altyn.runtime.load import PROFILES, LoadProfile
from altyn.runtime.output import UserError, hardware_line, open_console, write_json

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["command"]

_PROFILE_NAMES: Final = tuple(profile.name for profile in PROFILES)
_EXIT_TERMINATED: Final = 128 + signal.SIGTERM
_PORT: Final = click.IntRange(1, 65_535)
_with_json: Final = click.option(
    "--json",
    "json_path",
    metavar="FILE",
    help="Also write the figures to FILE as JSON; - for standard output.",
)
_with_keep: Final = click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Run in DIR, new or empty, and leave settings, log and journal there.",
)


@click.group()
def command() -> None:
    """Measure, and say on which machine.

    Figures without the machine mean nothing: every table ends with it. Compare figures of one
    machine only, and repeat them: a single run misleads.
    """


@command.command()
@click.option("--seconds", type=click.FloatRange(0.1, 600), default=5.0, show_default=True)
@_with_json
def codec(seconds: float, json_path: str | None) -> None:
    """Time the ISO 8583 codec on a 20-field authorization and its reply.

    pyiso8583 is timed beside it in the same run where it is installed.

    \b
    altyn bench codec
    altyn bench codec --seconds 20 --json codec.json
    """
    # Not above: it costs time that `altyn bench --help` need not spend.
    from altyn.runtime.bench_codec import render, run  # noqa: PLC0415

    result = run(seconds)
    console = open_console(errors=json_path == "-")
    console.print(render(result))
    _tell_machine(console, result, json_path)


@command.command()
@click.option(
    "--transactions",
    type=click.IntRange(1_000, 1_000_000_000),
    default=1_000_000,
    show_default=True,
    help="How many to make; each leaves two entries in the journal.",
)
@_with_json
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Run in DIR, new or empty, and leave the journal there.",
)
def restart(transactions: int, json_path: str | None, keep: Path | None) -> None:
    """Make a long journal, and time the switch's start on it after kill -9.

    The journal is made by the real state machine and store in this process, without sockets, and
    the process's memory is read as it grows. Then `altyn serve` is started on it and killed, three
    times; what counts is the time to the first approved purchase. A million transactions take
    about a minute and 800 MB of disk.

    \b
    altyn bench restart
    altyn bench restart --transactions 5000000 --json restart.json
    """
    _end_when_terminated()
    # Not above: it costs time that `altyn bench --help` need not spend.
    from altyn.runtime.bench_restart import render, run  # noqa: PLC0415

    console, progress = open_console(errors=json_path == "-"), open_console(errors=True)
    with _folder(keep) as folder:
        figures = run(folder, transactions, lambda text: progress.print(text, style="dim"))
    console.print(render(figures))
    _tell_machine(console, figures.as_table(), json_path)


@command.command()
@click.option(
    "--records",
    type=click.IntRange(1_000, 100_000_000),
    default=1_000_000,
    show_default=True,
    help="How many presentments to make.",
)
@click.option(
    "--memory",
    "memory_gib",
    type=click.IntRange(1, 1024),
    default=4,
    show_default=True,
    help="GiB that the process may take; what does not fit goes to the disk.",
)
@click.option("--threads", type=click.IntRange(1, 256), default=2, show_default=True)
@click.option(
    "--engine",
    type=click.Choice(get_args(EngineName)),
    default="duckdb",
    show_default=True,
    help="What clears it.",
)
@_with_json
@_with_keep
def clearing(
    records: int,
    memory_gib: int,
    threads: int,
    engine: EngineName,
    json_path: str | None,
    keep: Path | None,
) -> None:
    """Make up a day and clear it: matched, converted, priced, netted and written.

    Nine of ten presentments name their authorization; the rest are all that goes wrong. A million
    take about 700 MB of disk while it runs.

    \b
    altyn bench clearing
    altyn bench clearing --records 10000000 --json clearing.json
    altyn bench clearing --engine spark
    """
    _end_when_terminated()
    # Not above: it costs time that `altyn bench --help` need not spend.
    from altyn.runtime.bench_clearing import render, run  # noqa: PLC0415

    console, progress = open_console(errors=json_path == "-"), open_console(errors=True)
    with _folder(keep) as folder:
        folder.mkdir(parents=True, exist_ok=True)
        memory_bytes = memory_gib << 30

        def tell(text: str) -> None:
            progress.print(text, style="dim")

        figures = run(folder, engine, records, memory_bytes, threads, tell)
    console.print(render(figures))
    _tell_machine(console, figures.as_table(), json_path)


@command.command()
@click.option(
    "--times",
    type=click.FloatRange(1, 20),
    default=2.0,
    show_default=True,
    help="How many times its capacity is asked of the switch.",
)
@click.option("--seconds", type=click.FloatRange(0.5, 3600), default=8.0, show_default=True)
@_with_json
@_with_keep
def overload(times: float, seconds: float, json_path: str | None, keep: Path | None) -> None:
    """Ask more of the switch than it can do, and see what it does.

    A closed loop finds the capacity. Open loops then ask for half of it, for the given multiple,
    and for half again. Beside each, purchases are reversed one by one on a line of their own.

    \b
    altyn bench overload
    altyn bench overload --times 3 --seconds 20
    """
    _end_when_terminated()
    # Not above: it costs time that `altyn bench --help` need not spend.
    from altyn.runtime.load.overload_run import render, run_overload  # noqa: PLC0415

    console, progress = open_console(errors=json_path == "-"), open_console(errors=True)
    with _folder(keep) as folder:
        figures = run_overload(
            folder, seconds, times, lambda text: progress.print(text, style="dim")
        )
    console.print(render(figures))
    if json_path:
        write_json(json_path, {"hardware": hardware_line(), **figures.as_table()})
    if not figures.sound:
        raise UserError(
            "reversals were lost, the journal does not agree, or the switch did not recover",
            where=str(keep or "the table above"),
            do="run it again with --keep DIR and report the log",
        )


@command.command()
@click.option(
    "--rows",
    type=click.IntRange(1_000, 1_000_000_000),
    default=1_000_000,
    show_default=True,
    help="How many finished transactions; each leaves two entries in the journal.",
)
@click.option(
    "--entries-per-commit",
    type=click.IntRange(1, 100_000),
    default=200,
    show_default=True,
    help="How many entries a group commit holds: few in quiet hours, hundreds under load.",
)
@_with_json
@_with_keep
def export(rows: int, entries_per_commit: int, json_path: str | None, keep: Path | None) -> None:
    """Make a journal's day, and time how fast it leaves as columns.

    Every group commit is read from the store and checked against the chain; the finished
    transactions become Arrow tables, once in memory and once in a Parquet file. A million take
    a quarter of a minute and 900 MB of disk, most of it for making them.

    \b
    altyn bench export
    altyn bench export --rows 5000000 --json export.json
    altyn bench export --rows 100000 --entries-per-commit 4
    """
    _end_when_terminated()
    # Not above: it costs time that `altyn bench --help` need not spend.
    from altyn.runtime.bench_export import render, run  # noqa: PLC0415

    console, progress = open_console(errors=json_path == "-"), open_console(errors=True)
    with _folder(keep) as folder:
        folder.mkdir(exist_ok=True)
        figures = run(
            folder, rows, entries_per_commit, lambda text: progress.print(text, style="dim")
        )
    console.print(render(figures))
    _tell_machine(console, {each.name: each.as_table() for each in figures}, json_path)


@command.command(name="cut-over")
@click.option("--seconds", type=click.FloatRange(0.5, 3600), default=8.0, show_default=True)
@_with_json
@_with_keep
def cut_over(seconds: float, json_path: str | None, keep: Path | None) -> None:
    """End one business day after the other under full load, and check every transaction's date.

    A closed loop of 512 requests in flight; cut-overs are ordered as fast as they are done. Then
    the journal is read: every transaction must be of exactly one business day, that of its arrival,
    and the date in every reply must be that day's.

    \b
    altyn bench cut-over
    """
    _end_when_terminated()
    # Not above: it costs time that `altyn bench --help` need not spend.
    from altyn.runtime.load.cut_over_run import run_cut_overs  # noqa: PLC0415

    console, progress = open_console(errors=json_path == "-"), open_console(errors=True)
    with _folder(keep) as folder:
        figures = run_cut_overs(folder, seconds, lambda text: progress.print(text, style="dim"))
    for line in figures.lines():
        console.print(line)
    _tell_machine(console, figures.as_table(), json_path)
    if not figures.sound:
        raise UserError(
            "a transaction is of two business days, or a reply names another one than the journal",
            where=str(keep or "the lines above"),
            do="run it again with --keep DIR and report the log",
        )


@command.command()
@click.option(
    "--profile",
    "profile_names",
    type=click.Choice(("all", *_PROFILE_NAMES)),
    multiple=True,
    help="Which of the usual profiles to run; may be given again.  [default: all]",
)
@click.option("--window", type=click.IntRange(1, 20_000), help="Closed loop: requests in flight.")
@click.option("--rate", type=click.FloatRange(1, 1_000_000), help="Open loop: requests a second.")
@click.option(
    "--connections",
    type=click.IntRange(1, 512),
    help="Connections of the acquirer, with --window or --rate.  [default: 4]",
)
@click.option("--seconds", type=click.FloatRange(0.5, 86_400), default=10.0, show_default=True)
@click.option("--warmup", type=click.FloatRange(0, 600), default=3.0, show_default=True)
@click.option(
    "--slow-flush-ms",
    type=click.IntRange(0, 1000),
    default=0,
    show_default=True,
    help="Make every flush of the journal slower: a slow disk, replication.",
)
@click.option(
    "--store",
    type=click.Choice(("sqlite", "postgresql")),
    default="sqlite",
    show_default=True,
    help="Where the journal is kept; for postgresql a server is started and removed again.",
)
@click.option("--address", default="", help="With --store postgresql: an empty database to use.")
@_with_json
@_with_keep
@click.option("--external", is_flag=True, help="Only run switch and issuer, for your own tools.")
@click.option("--port", type=_PORT, help="With --external: where the switch listens.")
@click.option("--issuer-port", type=_PORT, help="With --external: where your own issuer listens.")
def switch(
    profile_names: tuple[str, ...],
    window: int | None,
    rate: float | None,
    connections: int | None,
    seconds: float,
    warmup: float,
    slow_flush_ms: int,
    store: str,
    address: str,
    json_path: str | None,
    keep: Path | None,
    external: bool,
    port: int | None,
    issuer_port: int | None,
) -> None:
    """Load the real switch over TCP and time it.

    Starts `altyn serve` with settings of its own, a load generator and an issuer, each in a process
    of its own, and runs the usual profiles one after the other. A closed loop keeps a window of
    requests in flight. An open loop sends at a fixed rate and counts latency from when a request
    was due, so that a stall shows in every request it delayed. At the end the journal is verified
    and its approvals are counted against those that the generator saw.

    \b
    altyn bench switch                                  the usual profiles, about a minute
    altyn bench switch --window 64 --seconds 60         64 in flight over 4 connections
    altyn bench switch --rate 5000 --connections 8      5,000 a second, whatever happens
    altyn bench switch --profile closed-512 --slow-flush-ms 5
    altyn bench switch --store postgresql               the same with a database's journal
    altyn bench switch --external --port 8000           for another load tool
    """
    _end_when_terminated()
    profiles = _profiles(profile_names, window, rate, connections)
    with _folder(keep) as folder, _database(store, address) as journal:
        if external:
            _run_external(folder, port, issuer_port, slow_flush_ms, journal)
            return
        # Not above: it costs time that `altyn bench --help` need not spend.
        from altyn.runtime.load.measurement import MeasurementPlan, measure  # noqa: PLC0415
        from altyn.runtime.load.report import render  # noqa: PLC0415

        console, progress = open_console(errors=json_path == "-"), open_console(errors=True)
        plan = MeasurementPlan(profiles, seconds, warmup, slow_flush_ms, folder, journal)
        measurement = measure(plan, lambda text: progress.print(text, style="dim"))
        console.print(render(measurement))
        if json_path:
            write_json(json_path, measurement.as_table())
        if not measurement.sound:
            raise UserError(
                "answers were lost, or the journal does not agree with them",
                where=str(keep or "the tables above"),
                do="run it again with --keep DIR and report the log",
            )


def _profiles(
    names: tuple[str, ...], window: int | None, rate: float | None, connections: int | None
) -> list[LoadProfile]:
    """What to run. Raises UsageError when the options contradict each other."""
    own = window is not None or rate is not None or connections is not None
    if own and names:
        raise click.UsageError(
            "--profile names a profile; --window, --rate, --connections make one"
        )
    if window is not None and rate is not None:
        raise click.UsageError("--window is a closed loop and --rate an open one: give one of them")
    if not own:
        chosen = _PROFILE_NAMES if "all" in names or not names else names
        return [profile for profile in PROFILES if profile.name in chosen]
    lines = connections or 4
    if rate is not None:
        return [LoadProfile(f"open-{rate:g}", lines, 0, rate)]
    in_flight, left_over = divmod(window or 64, lines)
    if left_over or not in_flight:
        raise click.UsageError("--window must be a multiple of --connections (4 unless given)")
    return [LoadProfile(f"closed-{lines}x{in_flight}", lines, in_flight, 0)]


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The folder to run in: the one to keep, or one that goes away."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="altyn-bench-") as temporary:
            yield Path(temporary)
        return
    if keep.exists() and any(keep.iterdir()):
        # The journal of an earlier run would be counted as this one's.
        raise UserError("this folder is not empty", where=str(keep), do="name a new one")
    yield keep


@contextmanager
def _database(store: str, address: str) -> Iterator[str]:
    """The address to keep the journal at: given, of a server of our own, or "" for a file."""
    if store == "sqlite" or address:
        if store == "sqlite" and address:
            raise click.UsageError("--address goes with --store postgresql")
        yield address
        return
    from altyn.runtime.postgres.server import OwnServer  # noqa: PLC0415 only when asked for

    with OwnServer() as server:
        yield server.make_database()


def _run_external(
    folder: Path, port: int | None, issuer_port: int | None, slow_flush_ms: int, address: str
) -> None:
    """Run the switch, and an issuer unless there is one, until the person has had enough."""
    from altyn.runtime.load.measurement import issuer_process  # noqa: PLC0415
    from altyn.runtime.load.switch_process import (  # noqa: PLC0415
        SwitchPlan,
        SwitchProcess,
        free_port,
    )

    console = open_console()
    with ExitStack() as stack:
        own = issuer_port or stack.enter_context(issuer_process())[0]
        plan = SwitchPlan(folder, port or free_port(), own, slow_flush_ms, address)
        process = stack.enter_context(SwitchProcess(plan))
        process.probe()
        console.print(
            f"The switch takes authorizations on 127.0.0.1:{plan.acquirer_port}: dialect "
            "altyn87, two-byte lengths,\nno sign-on, DE32 400001, cards 999999 with 16 digits, "
            f"currency 978.\nThe issuer is on port {own}; the journal is {plan.journal}.\n"
            "Ctrl-C ends it."
        )
        try:
            process.wait()
        except KeyboardInterrupt:
            console.print("Stopping.")


def _end_when_terminated() -> None:
    """Let SIGTERM unwind the program, so that the processes it started end with it."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(_EXIT_TERMINATED)

    signal.signal(signal.SIGTERM, end)


def _tell_machine(console: "Console", figures: Mapping[str, object], json_path: str | None) -> None:
    """End a page with the machine it was measured on, and write the figures if that is wanted."""
    console.print(f"Measured on {hardware_line()}.")
    if json_path:
        write_json(json_path, {"hardware": hardware_line(), **figures})
