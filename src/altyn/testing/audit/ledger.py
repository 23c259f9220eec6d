"""Positions by the auditor's own arithmetic, twice: from what was asked, from what is claimed.

`claimed` adds up the changes that the journal's records state; `expected` those that requests and
outcomes call for. Both are kept by participant, settlement currency and business day (I1).
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Books", "Ledger", "Line"]


class Line(NamedTuple):
    """A position: minor units, positive is to be received; holds are of all days."""

    participant: str
    currency: str
    business_day: int
    net: int
    held: int


class Ledger:
    """Nets by participant, currency and day; holds by participant and currency."""

    __slots__ = ("_day_nets", "held", "nets")

    def __init__(self) -> None:
        """Nothing owed."""
        self.held: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.nets: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._day_nets: defaultdict[tuple[str, str, int], int] = defaultdict(int)

    def change(
        self, parties: tuple[str, str], currency: str, day: int, held: int, posted: int
    ) -> None:
        """The debtor's holds change, and an amount passes from debtor to creditor."""
        debtor, creditor = parties
        if held:
            self.held[debtor, currency] += held
        if posted:
            self.nets[debtor, currency] -= posted
            self.nets[creditor, currency] += posted
            self._day_nets[debtor, currency, day] -= posted
            self._day_nets[creditor, currency, day] += posted

    def exposure(self, participant: str, currency: str) -> int:
        """Unsettled debt and holds."""
        account = participant, currency
        return self.held[account] - self.nets[account]

    def imbalance(self) -> int:
        """The sum of all positions, whatever their currency; zero when each sums to zero."""
        sums: defaultdict[str, int] = defaultdict(int)
        for (_, currency), net in self.nets.items():
            sums[currency] += net
        return next((total for total in sums.values() if total), 0)

    def by_day(self) -> dict[tuple[str, str, int], int]:
        """Nets that are not zero."""
        return {place: net for place, net in self._day_nets.items() if net}

    def holds(self) -> dict[tuple[str, str], int]:
        """Holds that are not zero."""
        return {place: held for place, held in self.held.items() if held}


class Books:
    """What the switch says of positions, in the same form."""

    __slots__ = ("holds", "nets")

    def __init__(self, lines: Iterable[Line]) -> None:
        """Read lines as they are reported; a participant's holds stand on each of its lines."""
        self.nets: dict[tuple[str, str, int], int] = {}
        self.holds: dict[tuple[str, str], int] = {}
        for line in lines:
            if line.net:
                self.nets[line.participant, line.currency, line.business_day] = line.net
            if line.held:
                self.holds[line.participant, line.currency] = line.held
