"""The switch as a process that kills itself: `python -m altyn.runtime.drill.switch_child ...`.

It is the node that `altyn serve` runs, on a store and a loop that pass write points. Started with
--wait it loads the program and waits for a line on its standard input, so that the time from that
line to "ready" on its standard output is the time of recovery and not of Python.
"""

import os
import sys
from pathlib import Path
from typing import cast

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

    def __init__(self, settings_path: Path, killer: Killer, failure: FlushFailure) -> None:
        self._killer = killer
        self._failure = failure
        super().__init__(settings_path)

    def _open_storage(self) -> OpenStorage:
        storage = super()._open_storage()
        return cast("OpenStorage", KillingStorage(storage, self._killer, self._failure))


def _say_ready() -> None:
    sys.stdout.write(READY + "\n")
    sys.stdout.flush()


@click.command()
@click.option("-c", "--config", "settings_path", required=True, type=click.Path(path_type=Path))
@click.option("--parent", required=True, type=int, help="Whoever started this process.")
@click.option("--kill-at", default="", help="A write point, NAME:N.")
@click.option("--fail-flush", default=0, help="Which flush fails, and every one after it.")
@click.option("--wait", is_flag=True, help="Open nothing before a line comes.")
def main(settings_path: Path, parent: int, kill_at: str, fail_flush: int, wait: bool) -> None:
    """Run the switch until it is stopped or kills itself."""
    bind_to_parent(parent)
    killer = Killer(parse_kill_point(kill_at) if kill_at else None)
    if wait and not sys.stdin.readline():
        return
    node = _DrilledNode(settings_path, killer, FlushFailure(fail_flush))
    code = run_node(node, _say_ready, killing_loop_factory(killer))
    # At once: what C still holds a pointer to must not be taken away piece by piece.
    os._exit(code)


if __name__ == "__main__":
    main()
