"""Where a switch can be killed: between and inside the steps that make something durable.

A point is named `NAME:N`: the process ends itself by SIGKILL when it passes the point for the
N-th time since its start.
"""

import os
import signal
from typing import Final, NamedTuple

__all__ = ["WRITE_POINTS", "KillPoint", "Killer", "WritePoint", "parse_kill_point"]


class WritePoint(NamedTuple):
    """A place on the way to the disk and out; it is passed at most `passings_max` times."""

    name: str
    meaning: str
    passings_max: int


WRITE_POINTS: Final = (
    WritePoint("before-append", "a batch is decided, nothing of it is written", 80),
    WritePoint("within-append", "a part of a batch is written, the last page torn", 400),
    WritePoint("after-append", "a batch is durable, nobody has been told", 80),
    WritePoint("before-sends", "a batch is durable and known, nothing has left", 60),
    WritePoint("between-sends", "one connection has its messages, the others have not", 20),
    WritePoint("after-sends", "messages have left, what follows is not recorded", 120),
    WritePoint("before-snapshot", "a snapshot is due and not written", 2),
    WritePoint("within-snapshot", "a part of a snapshot is written", 8),
    WritePoint("after-snapshot", "a snapshot is written", 2),
    WritePoint("during-recovery", "a start reads the journal back", 12),
    WritePoint("within-close", "the log is copied back at a stop in order", 6),
)


class KillPoint(NamedTuple):
    """One write point and which passing of it is the last."""

    name: str
    passing: int

    def __str__(self) -> str:
        return f"{self.name}:{self.passing}"


def parse_kill_point(text: str) -> KillPoint:
    """A point from its form NAME:N; raises ValueError when there is none of the name."""
    name, _, count = text.partition(":")
    known = [point.name for point in WRITE_POINTS]
    if name not in known or not count.isascii() or not count.isdigit() or int(count) < 1:
        raise ValueError(f"a write point is NAME:N with one of {', '.join(known)}")
    return KillPoint(name, int(count))


class Killer:
    """Ends its own process at one point; without a point it never does."""

    def __init__(self, at: KillPoint | None) -> None:
        """Nothing has been passed yet."""
        self._name = at.name if at else ""
        self._left = at.passing if at else 0

    def is_last(self, name: str) -> bool:
        """Whether the next passing of a point is the last thing this process does."""
        return name == self._name and self._left == 1

    def passes(self, name: str) -> None:
        """The process is at a point: perhaps it goes no further."""
        if name != self._name:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
