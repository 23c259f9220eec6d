"""Positions: what each account at the settlement bank receives or pays in a run."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from altyn.identifiers import ParticipantId
from altyn.ledger import Account, AccountKind
from altyn.money import currency_of
from altyn.settlement.lifecycle import SettlementError

POSITIONS_MAX: Final = 10_000


class Net(NamedTuple):
    """What clearing found for a participant: above zero it receives; minor units of the run's
    currency. `agent` settles for it: itself, or its sponsor (tiered participation). `kind` is
    SETTLEMENT for a participant; FEES and RESIDUE for what the scheme itself receives or pays."""

    participant: ParticipantId
    agent: ParticipantId
    minor_units: int
    kind: AccountKind = AccountKind.SETTLEMENT


class Position(NamedTuple):
    """An account and what it receives (above zero) or pays in (below zero), minor units."""

    account: Account
    minor_units: int


def positions_of(nets: Iterable[Net], currency: str) -> tuple[Position, ...]:
    """The positions of the agents, by name; one of zero is kept, so that it is reported (M03).

    Raises SettlementError for nets that do not sum to zero (I1), a participant named twice, and
    more agents than POSITIONS_MAX; LookupError for a currency that ISO 4217 does not have.
    """
    alpha = currency_of(currency).alpha
    sums: Counter[Account] = Counter()
    seen: set[tuple[ParticipantId, AccountKind]] = set()
    for participant, agent, minor_units, kind in nets:
        if (participant, kind) in seen:
            raise SettlementError("a participant has two nets in one run; add them up in clearing")
        seen.add((participant, kind))
        sums[Account(kind, agent, alpha)] += minor_units
    check_zero_sum(list(sums.values()))
    if len(sums) > POSITIONS_MAX:
        raise SettlementError(f"more than {POSITIONS_MAX} positions; settle in more cycles")
    return tuple(Position(account, sums[account]) for account in sorted(sums, key=str))


def add_positions(
    positions: Iterable[Position], others: Iterable[Position]
) -> tuple[Position, ...]:
    """Both together, by name. Raises SettlementError for more than POSITIONS_MAX of them."""
    sums: Counter[Account] = Counter()
    for account, minor_units in (*positions, *others):
        sums[account] += minor_units
    if len(sums) > POSITIONS_MAX:
        raise SettlementError(f"more than {POSITIONS_MAX} positions; settle in more cycles")
    return tuple(Position(account, sums[account]) for account in sorted(sums, key=str))


def check_zero_sum(amounts: Sequence[int]) -> None:
    """Raises SettlementError when what some receive is not what others pay (I1)."""
    if sum(amounts):
        raise SettlementError("the nets do not sum to zero; clear the cycle again")
