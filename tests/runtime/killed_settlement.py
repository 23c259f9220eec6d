"""A process that settles until it kills itself at the N-th point of its way.

    python -m tests.runtime.killed_settlement FOLDER CYCLE N

The points lie before and behind every batch, every message that leaves and every file that is put
away. Ends with 0 when it had no N points left, whatever the run's state.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from altyn.runtime.backoffice import BackOfficeJournal
from altyn.runtime.settling.folder_exchange import FolderExchange
from altyn.runtime.settling.place import load_place
from altyn.runtime.settling.waiting import settle_cycle


class Points:
    """Counts what is passed; behind the last one there is nothing."""

    def __init__(self, last: int, end: Callable[[], object]) -> None:
        """`end` is called at the last point."""
        self._left = last
        self._end = end

    def around(self, owner: type, name: str) -> None:
        """Put a point before and one behind a method."""
        real = getattr(owner, name)

        def passing(*arguments: Any) -> Any:
            self.passes()
            result = real(*arguments)
            self.passes()
            return result

        setattr(owner, name, passing)

    def passes(self) -> None:
        """One point."""
        self._left -= 1
        if self._left == 0:
            self._end()


def settle(folder: Path, cycle: str, last: int) -> None:
    """Settle once, or as far as it gets."""
    points = Points(last, lambda: os.kill(os.getpid(), signal.SIGKILL))
    points.around(BackOfficeJournal, "append")
    for name in ("send", "keep", "put_aside"):
        points.around(FolderExchange, name)
    settle_cycle(load_place(folder), cycle, "", 0.0, lambda _line: None)


if __name__ == "__main__":
    settle(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
