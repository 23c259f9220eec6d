"""What was wrong in a closed cycle is put right in a later one (M16).

An adjustment is a posting that names the one it corrects, a reason and two persons. It says what is
owed from then on. The next run of its currency that is priced takes it in: its position is moved
with the cycle's own nets, and booked once, by the adjustment itself.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from altyn.clock import BusinessDay
from altyn.ledger import Account, AccountKind, Book, Leg, Posting, check_posting
from altyn.settlement.lifecycle import SettlementError
from altyn.settlement.position import Position

ADJUSTMENTS: Final = "adjustments"
"""Where adjustments are booked: beside the cycles, and never closed."""
REFERENCE_MAX: Final = 40
_OWED: Final = frozenset({AccountKind.OBLIGATION, AccountKind.FEES, AccountKind.RESIDUE})


class Adjusted(NamedTuple):
    """What adjustments add to a run, by name, and the keys of their postings."""

    positions: tuple[Position, ...] = ()
    keys: tuple[str, ...] = ()


NOT_ADJUSTED: Final = Adjusted()


def adjustment_of(
    reference: str,
    corrects: str,
    day: BusinessDay,
    reason: str,
    legs: Iterable[Leg],
    approved_by: tuple[str, ...],
) -> Posting:
    """The posting of an adjustment; `reference` is its name, up to 40 characters, and it is booked
    once under it.

    Raises SettlementError for an account that no run moves or legs of two currencies, PostingError
    where the posting is not balanced or not approved.
    """
    found = tuple(legs)
    if not 1 <= len(reference) <= REFERENCE_MAX:
        raise SettlementError(f"a reference has 1 to {REFERENCE_MAX} characters; give another")
    if not corrects:
        raise SettlementError("an adjustment names the posting that it corrects; name its key")
    if not {leg.account.kind for leg in found} <= _OWED:
        raise SettlementError("only obligations, fees and residue are adjusted; name such accounts")
    if len({leg.account.currency for leg in found}) != 1:
        raise SettlementError("an adjustment is of one currency; make one for each")
    posting = Posting(
        f"{ADJUSTMENTS}/{reference}", ADJUSTMENTS, day, reason, found, corrects, approved_by
    )
    check_posting(posting)
    return posting


def waiting_adjustments(book: Book, taken: Iterable[str], currency: str) -> Adjusted:
    """The adjustments in a currency that no run has taken in yet, oldest first."""
    known = frozenset(taken)
    keys: list[str] = []
    sums: Counter[Account] = Counter()
    for posting in book:
        if posting.cycle != ADJUSTMENTS or posting.key in known:
            continue
        if posting.legs[0].account.currency != currency:
            continue
        keys.append(posting.key)
        for account, minor_units in posting.legs:
            sums[_moved(account)] += minor_units
    positions = tuple(Position(account, sums[account]) for account in sorted(sums, key=str))
    return Adjusted(positions, tuple(keys))


def _moved(account: Account) -> Account:
    """The account of a run behind what is owed."""
    if account.kind is AccountKind.OBLIGATION:
        return account._replace(kind=AccountKind.SETTLEMENT)
    return account
