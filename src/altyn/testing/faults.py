"""The faults of the simulated world: a table of names, and dice for each of its own.

A fault strikes once in so many chances on average; each has its own stream of chance, so leaving
one out does not move the others, which is what lets a failing case be made smaller.
"""

from collections.abc import Iterable
from typing import Final

from altyn.testing.schedule import stream

__all__ = ["FAULTS", "Fault", "Faults", "fault_names"]

FAULTS: Final[dict[str, tuple[int, str]]] = {
    "drops": (300, "a connection is reset while a message is on its way"),
    "delays": (60, "a message takes 20 ms to 3 s, and what follows it waits"),
    "segments": (12, "a message comes in pieces"),
    "duplicates": (60, "a bank sends the same message twice"),
    "half-open": (600, "one side of a connection is gone and the other is not told"),
    "truncation": (500, "a bank sends part of a frame and closes"),
    "garbage": (500, "a bank sends bytes that are no message, or no frame"),
    "slow-readers": (600, "a bank does not read for some seconds"),
    "disk-slow": (80, "a flush takes 20 to 400 ms"),
    "disk-full": (2000, "there is no room for a batch; it comes back after some seconds"),
    "fsync": (2000, "a flush fails, and nobody knows what is on the disk"),
    "crashes": (400, "the switch dies at any step of a commit, or between two"),
    "torn": (1500, "the switch dies with half a batch written"),
    "clock": (400, "the switch's UTC clock steps by up to two minutes"),
    "skew": (1, "the banks' clocks are wrong by up to a minute"),
    "registry": (400, "caps, rates, products and participants change"),
    "restrictions": (400, "a participant is suspended, and readmitted later"),
    "cut-overs": (300, "the business day ends once more"),
    "late-answers": (80, "an issuer answers after its time"),
    "lost-answers": (100, "an issuer never answers"),
    "wrong-answers": (100, "an issuer answers with another amount, card, STAN or type"),
    "try-later": (20, "an issuer answers an advice with 96"),
    "sign-offs": (500, "a bank signs off for some seconds"),
    "outages": (500, "a bank is gone for some seconds"),
}
"""Name: one strike in so many chances on average, and what it does."""


class Fault:
    """One fault: told of every chance, it says when it strikes."""

    __slots__ = ("_left", "_mean", "_random", "count", "striking")

    def __init__(self, name: str, seed: int, chosen: bool) -> None:
        """A fault that strikes from now on if it was chosen."""
        self._mean = FAULTS[name][0]
        self._random = stream(seed, f"fault/{name}")
        self.count = 0
        self.striking = chosen
        self._left = self._gap()

    def strikes(self) -> bool:
        """Whether it strikes this time."""
        if not self.striking:
            return False
        self._left -= 1
        if self._left > 0:
            return False
        self._left = self._gap()
        self.count += 1
        return True

    def _gap(self) -> int:
        return 1 + int(self._random.expovariate(1 / self._mean)) if self._mean > 1 else 1


class Faults:
    """All faults; those that were not chosen never strike, none does while it is calm."""

    def __init__(self, seed: int, chosen: Iterable[str]) -> None:
        """Raises LookupError for a name that is none."""
        self.chosen = frozenset(chosen)
        unknown = self.chosen.difference(FAULTS)
        if unknown:
            raise LookupError(f"no fault is called {sorted(unknown)[0]}")
        self._faults = {name: Fault(name, seed, name in self.chosen) for name in FAULTS}

    def __getitem__(self, name: str) -> Fault:
        return self._faults[name]

    def calm(self) -> None:
        """No fault strikes from now on."""
        for fault in self._faults.values():
            fault.striking = False

    def storm(self) -> None:
        """The chosen faults strike again."""
        for name in self.chosen:
            self._faults[name].striking = True

    @property
    def counts(self) -> dict[str, int]:
        """How often each that was chosen has struck."""
        return {name: self._faults[name].count for name in FAULTS if name in self.chosen}


def fault_names(text: str) -> tuple[str, ...]:
    """The faults of `all`, `none`, or a list with commas; raises LookupError for others."""
    if text == "all":
        return tuple(FAULTS)
    names = [] if text == "none" else [name.strip() for name in text.split(",")]
    for name in names:
        if name not in FAULTS:
            raise LookupError(f"no fault is called so; there are {', '.join(FAULTS)}")
    return tuple(name for name in FAULTS if name in names)
