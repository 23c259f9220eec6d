"""`./dev fuzz [--budget 60s] [--seed N] [--engine hypothesis|atheris] [TARGET…]`."""

import os
import resource
import subprocess
import sys
import time
from typing import Final

import click

from tests.fuzz.campaign import Finding, run_for
from tests.fuzz.targets import TARGETS, Target

MEMORY_BYTES_MAX: Final = 2 << 30
"""A reader that allocates what a length in its input claims meets this, and is found."""
UNITS: Final = {"s": 1, "m": 60, "h": 3600}


def seconds_of(_: click.Context, __: click.Parameter, value: str) -> float:
    """The seconds of a time such as 30s, 10m or 2h."""
    if not value[:-1].isdecimal() or value[-1:] not in UNITS:
        raise click.BadParameter("write a time such as 30s, 10m or 2h")
    return float(int(value[:-1]) * UNITS[value[-1]])


@click.command()
@click.argument("names", metavar="[TARGET]...", nargs=-1)
@click.option("--budget", callback=seconds_of, default="60s", help="For all targets together.")
@click.option("--seed", type=int, help="Begin with this number; by default another each time.")
@click.option("--engine", type=click.Choice(["hypothesis", "atheris"]), default="hypothesis")
def command(names: tuple[str, ...], budget: float, seed: int | None, engine: str) -> None:
    """Give bytes to the readers of bytes until the budget ends; all targets unless some are named.

    \b
    ./dev fuzz --budget 5m framing message
    ./dev fuzz --engine atheris --budget 10m message
    """
    known = {target.name: target for target in TARGETS}
    unknown = set(names) - set(known)
    if unknown:
        raise click.UsageError(f"no such target; there are {', '.join(known)}")
    chosen = [known[name] for name in names or known]
    first = seed if seed is not None else time.time_ns() % 1_000_000_000
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, resource.RLIM_INFINITY))
    for target in chosen:
        if engine == "atheris":
            _run_atheris(target, budget / len(chosen))
        else:
            _run(target, budget / len(chosen), first)


def _run(target: Target, seconds: float, first: int) -> None:
    began = time.monotonic()
    try:
        tried = run_for(target, seconds, first)
    except Finding as finding:
        path = finding.keep()
        click.echo(f"{target.name}: {type(finding.error).__name__}: {finding.error}", err=True)
        click.echo(f"kept as {path}; the tests try it from now on", err=True)
        raise SystemExit(1) from finding
    rate = tried / (time.monotonic() - began)
    click.echo(f"{target.name:<14}{tried:>9,} inputs, {rate:>7,.0f} a second; seed {first}")


def _run_atheris(target: Target, seconds: float) -> None:
    """In a process of its own: libFuzzer ends the process that it runs in."""
    order = [sys.executable, "-m", "tests.fuzz.coverage_guided", target.name, str(int(seconds))]
    done = subprocess.run(order, check=False, env=dict(os.environ))
    if done.returncode:
        raise SystemExit(1)


if __name__ == "__main__":
    command()
