"""`altyn simulate`: the switch under virtual time and all faults, from one seed."""

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from altyn.runtime.output import UserError, hardware_line, open_console, write_json

if TYPE_CHECKING:
    from rich.console import Console

    from altyn.testing import Observation, Trial, WorldPlan

__all__ = ["command"]

SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
BANKS_MAX: Final = 40


@click.group(invoke_without_command=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, metavar="N")
@click.option("--days", type=click.IntRange(1, 10_000), default=1, show_default=True, metavar="D")
@click.option(
    "--banks", type=click.IntRange(1, BANKS_MAX), default=4, show_default=True, metavar="K"
)
@click.option(
    "--transactions",
    type=click.IntRange(1, 1_000_000),
    default=1000,
    show_default=True,
    metavar="N",
    help="Businesses that customers begin each day.",
)
@click.option(
    "--faults",
    default="all",
    show_default=True,
    metavar="all|none|LIST",
    help="Names with commas; `altyn simulate faults` lists them.",
)
@click.option("--trace", "trace_path", metavar="FILE", help="Write every observation, masked.")
@click.option("--json", "json_path", metavar="FILE", help="Write the figures too; - for stdout.")
@click.pass_context
def command(
    context: click.Context,
    seed: int,
    days: int,
    banks: int,
    transactions: int,
    faults: str,
    trace_path: str | None,
    json_path: str | None,
) -> None:
    """Run a whole scheme in virtual time, and audit it.

    The production switch, journal, framing and codec; a virtual network, disk and clock; banks
    with books of their own; an auditor written apart. The same seed gives the same trace. What is
    found is told as the story of one transaction, with the command that replays it.

    \b
    altyn simulate --seed 7 --days 2
    altyn simulate --seed 7 --faults crashes,torn --transactions 5000
    altyn simulate swarm --budget 10m

    Exit code: 0 every check held, 1 one did not, 2 the command was not understood.
    """
    if context.invoked_subcommand is not None:
        return
    from altyn.testing import WorldPlan, fault_names  # noqa: PLC0415 only when used

    try:
        names = fault_names(faults)
    except LookupError as error:
        raise click.BadParameter(str(error.args[0]), param_hint="--faults") from error
    plan = WorldPlan(seed, days, banks, transactions, names)
    _simulate(plan, trace_path, json_path)


def _simulate(plan: "WorldPlan", trace_path: str | None, json_path: str | None) -> None:
    from altyn.runtime.simulation import figures_table  # noqa: PLC0415 only when used
    from altyn.testing import DayBegan, run_trial  # noqa: PLC0415

    console = open_console(errors=json_path == "-")
    began = time.monotonic()
    with console.status("the first day begins") as status:

        def told(seen: "Observation") -> None:
            if isinstance(seen, DayBegan):
                status.update(f"day {seen.number} of {plan.days}")

        trial = run_trial(plan, told)
    elapsed_s = time.monotonic() - began
    console.print(figures_table(trial.figures, elapsed_s))
    console.print(f"Measured on {hardware_line()}.")
    if trace_path:
        _write_trace(plan, trace_path)
    if json_path:
        write_json(json_path, _as_json(trial, elapsed_s))
    _judge(console, trial)


def _write_trace(plan: "WorldPlan", path: str) -> None:
    """Run the world again and write all of it: nothing is kept while it is not asked for."""
    from altyn.testing import Story, run_trial  # noqa: PLC0415 only when used

    story = Story(("", ""))
    try:
        with Path(path).open("w", encoding="utf-8") as stream:

            def write(seen: "Observation") -> None:
                for line in story.told(seen):
                    stream.write(line + "\n")

            run_trial(plan, write)
    except OSError as error:
        raise UserError(
            f"cannot write this file ({error.strerror})", where=path, do="name another path"
        ) from error


def _as_json(trial: "Trial", elapsed_s: float) -> dict[str, Any]:
    finding = trial.finding
    return {
        "plan": trial.plan._asdict(),
        "figures": trial.figures._asdict(),
        "finding": None if finding is None else finding._asdict(),
        "elapsed_s": elapsed_s,
        "hardware": hardware_line(),
    }


def _judge(console: "Console", trial: "Trial") -> None:
    """Tell the story of what was found, and leave with exit code 1."""
    if trial.finding is None:
        console.print("Every check held.")
        return
    from altyn.runtime.simulation import finding_page  # noqa: PLC0415 only when used
    from altyn.testing import Story, run_trial  # noqa: PLC0415

    story = Story(trial.finding.key)
    run_trial(trial.plan, story.observe)
    console.print(finding_page(trial, story.lines), soft_wrap=True)
    raise SystemExit(1)


@command.command()
@click.option("--budget", default="1m", show_default=True, metavar="TIME", help="30s, 10m, 2h.")
@click.option(
    "--cores", type=click.IntRange(1, 1024), metavar="N", help="Processes.  [default: all cores]"
)
@click.option("--from-seed", type=click.IntRange(0), default=1, show_default=True, metavar="S")
@click.option("--json", "json_path", metavar="FILE", help="Write the figures too; - for stdout.")
def swarm(budget: str, cores: int | None, from_seed: int, json_path: str | None) -> None:
    """Run seeds on all cores until the budget ends.

    Each seed is a world of another size, with all faults or some of them. The first that fails
    ends the swarm; it is made as small as it still fails, and told.

    \b
    altyn simulate swarm --budget 10m
    altyn simulate swarm --budget 30s --cores 1 --from-seed 5000
    """
    from altyn.runtime.simulation import Swarm, SwarmFigures, swarm_table  # noqa: PLC0415

    budget_s = _seconds(budget)
    console = open_console(errors=json_path == "-")
    work = Swarm(cores or os.cpu_count() or 1, from_seed)
    with console.status("the first seeds run") as status:

        def told(figures: SwarmFigures) -> None:
            status.update(
                f"{figures.seeds:,} seeds, {figures.transactions:,} transactions, "
                f"{figures.elapsed_s:,.0f} of {budget_s:,} s"
            )

        figures = work.run(budget_s, told)
    console.print(swarm_table(figures))
    console.print(f"Measured on {hardware_line()}.")
    if json_path:
        failure = figures.failure and _as_json(figures.failure, figures.elapsed_s)
        write_json(
            json_path,
            {
                **figures._asdict(),
                "transactions_per_core_s": figures.transactions_per_core_s,
                "failure": failure,
            },
        )
    if figures.failure is None:
        console.print("Every check held.")
        return
    _judge(console, figures.failure)


@command.command()
def faults() -> None:
    """List the faults, and how often each strikes."""
    from altyn.testing import FAULTS  # noqa: PLC0415 only when used

    for name, (chances, meaning) in FAULTS.items():
        click.echo(f"{name:15} once in {chances:5,}  {meaning}")


def _seconds(text: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smh])", text)
    if found is None:
        raise click.BadParameter(
            "a whole number with s, m or h, such as 10m", param_hint="--budget"
        )
    return int(found[1]) * SECONDS[found[2]]
