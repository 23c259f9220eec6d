"""Collateral and fund as the rules state them, taken over into the ledger.

A rule says what a participant has placed in all, from a day on. The ledger gets the change, once:
what a cover uses later is in the ledger alone, so that a balance is what was placed less what was
used.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from altyn.clock import BusinessDay
from altyn.identifiers import ParticipantId
from altyn.ledger import Account, AccountKind, Book, Leg, Posting
from altyn.settlement import Resources, SettlementError

__all__ = ["RESOURCES", "placement_of"]

RESOURCES: Final = "resources"
"""Where placements are booked: beside the cycles, and never closed."""


def placement_of(
    book: Book, currency: str, resources: Resources, day: BusinessDay
) -> Posting | None:
    """The posting that brings the book to what the rules say; None when it is there.

    Raises SettlementError when more was used than would then have been placed.
    """
    stated = _stated(currency, resources)
    placed: Counter[Account] = Counter()
    number = 1
    for posting in book:
        if posting.cycle == RESOURCES and posting.legs[0].account.currency == currency:
            number += 1
            for account, minor_units in posting.legs:
                placed[account] += minor_units
    legs: list[Leg] = []
    balances = book.balances()
    for account in sorted({*stated, *_held(placed)}, key=str):
        change = stated.get(account, 0) - placed[account]
        if not change:
            continue
        if balances.get(account, 0) + change < 0:
            raise SettlementError(
                f"more of {account} was used than the rules say was placed; correct the rules"
            )
        paid = account._replace(kind=AccountKind.SETTLEMENT)
        legs += [Leg(account, change), Leg(paid, -change)]
    if not legs:
        return None
    key = f"{RESOURCES}/{currency}/{number}"
    return Posting(key, RESOURCES, day, "collateral and fund as the rules state them", tuple(legs))


def _stated(currency: str, resources: Resources) -> dict[Account, int]:
    found: dict[Account, int] = {}
    kinds: tuple[tuple[AccountKind, Mapping[ParticipantId, int]], ...] = (
        (AccountKind.COLLATERAL, resources.collateral),
        (AccountKind.GUARANTEE_FUND, resources.fund),
    )
    for kind, amounts in kinds:
        for holder, minor_units in amounts.items():
            found[Account(kind, holder, currency)] = minor_units
    return found


def _held(accounts: Iterable[Account]) -> set[Account]:
    return {each for each in accounts if each.kind is not AccountKind.SETTLEMENT}
