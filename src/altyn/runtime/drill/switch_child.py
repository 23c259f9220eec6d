"""The switch as a process that kills itself: `python -m altyn.runtime.drill.switch_child ...`.

It is the node that `altyn serve` runs, on a store and a loop that pass write points. Started with
--wait it loads the program and waits for a line on its standard input, so that the time from that
line to "ready" on its standard output is the time of recovery and not of Python.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple, cast

import click

from altyn.runtime.demo.bound_process import bind_to_parent
from altyn.runtime.drill.killing_loop import killing_loop_factory
from altyn.runtime.drill.killing_storage import FlushFailure, KillingStorage
from altyn.runtime.drill.write_points import Killer, parse_kill_point
from altyn.runtime.journal.opening import OpenStorage
from altyn.runtime.online.node import Node, run_node

__all__ = ["READY", "main"]

READY = "ready"


class _DrilledNode(Node):
    """The node, with its store wrapped."""

    def __init__(
        self, settings_path: Path, killer: Killer, failure: FlushFailure, *, standby: bool
    ) -> None:
        self._killer = killer
        self._failure = failure
        super().__init__(settings_path, standby=standby)

    def _open_storage(self) -> OpenStorage:
        storage = super()._open_storage()
        return cast("OpenStorage", KillingStorage(storage, self._killer, self._failure))


class _Room(NamedTuple):
    """What `shutil.disk_usage` is asked for, where no small disk can be had."""

    free: int


def _say_ready() -> None:
    sys.stdout.write(READY + "\n")
    sys.stdout.flush()


@click.command()
@click.option("-c", "--config", "settings_path", required=True, type=click.Path(path_type=Path))
@click.option("--parent", required=True, type=int, help="Whoever started this process.")
@click.option("--kill-at", default="", help="A write point, NAME:N.")
@click.option("--fail-flush", default=0, help="Which flush fails, and every one after it.")
@click.option(
    "--room", type=click.Path(path_type=Path), help="A file that says how many bytes are free."
)
@click.option("--standby", is_flag=True, help="Take over when the node that writes is gone.")
@click.option("--wait", is_flag=True, help="Open nothing before a line comes.")
def main(
    settings_path: Path,
    parent: int,
    kill_at: str,
    fail_flush: int,
    room: Path | None,
    standby: bool,
    wait: bool,
) -> None:
    """Run the switch until it is stopped or kills itself."""
    bind_to_parent(parent)
    killer = Killer(parse_kill_point(kill_at) if kill_at else None)
    if room is not None:
        # The one thing that is pretended, for tests on systems where no small disk can be had.
        told = lambda _: _Room(int(room.read_text(encoding="ascii")))  # noqa: E731
        setattr(shutil, "disk_usage", told)  # noqa: B010
    if wait and not sys.stdin.readline():
        return
    node = _DrilledNode(settings_path, killer, FlushFailure(fail_flush), standby=standby)
    code = run_node(node, _say_ready, killing_loop_factory(killer))
    # At once: what C still holds a pointer to must not be taken away piece by piece.
    os._exit(code)


if __name__ == "__main__":
    main()
