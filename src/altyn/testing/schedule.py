"""Virtual time: one heap of what is to happen, in whole microseconds.

What is due at the same instant happens in the order in which it was asked for, so a run follows
from its seed alone.
"""

import random
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

__all__ = ["Schedule", "stream"]


class Schedule:
    """What is to happen, soonest first; `at` is now, microseconds since the world began."""

    __slots__ = ("_count", "_heap", "at")

    def __init__(self) -> None:
        """Nothing is to happen yet."""
        self.at = 0
        self._count = 0
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []

    def after(self, delay_us: int, call: Callable[..., None], *told: Any) -> None:
        """Call after a delay; it cannot be taken back, so whoever is called looks first."""
        self._count += 1
        heappush(self._heap, (self.at + delay_us, self._count, call, told))

    def run(self, until: Callable[[], bool], instant_max: int) -> bool:
        """Let time pass until a condition holds, which is asked after every happening.

        False when it does not hold by `instant_max`, or nothing is left to happen.
        """
        heap = self._heap
        while not until():
            if not heap or heap[0][0] > instant_max:
                return False
            self.at, _, call, told = heappop(heap)
            call(*told)
        return True

    def skip(self, delay_us: int) -> None:
        """Let time pass in which nothing happens: what was to happen is put off by as much."""
        self.at += delay_us
        self._heap = [(at + delay_us, count, call, told) for at, count, call, told in self._heap]


def stream(seed: int, label: str) -> random.Random:
    """A generator of its own for one purpose, so that what one draws moves no other."""
    return random.Random(f"{seed}/{label}")  # noqa: S311 a simulation's dice, no secret
