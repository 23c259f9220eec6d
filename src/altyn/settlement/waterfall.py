"""Who bears what a failing participant does not pay, and whether it would be enough (M14).

The order of resources, stated once:

1. the failing participant's own collateral;
2. its own share of the guarantee fund;
3. the shares of all others in the fund, in proportion to what they have in it;
4. the surviving participants, in proportion to their weights, each up to its limit.

Several who fail together first use what is their own; then the shortfalls are borne in the order of
their names. Shares are whole minor units: each gets the integer part of its proportion, and the
units left go one by one to the largest fractions, ties by name. What is left is `uncovered`.
Amounts are of one currency: nothing is converted in a crisis.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from altyn.identifiers import ParticipantId
from altyn.ledger import Account, AccountKind, Book
from altyn.settlement.facts import CoverShare

COLLATERAL: Final = AccountKind.COLLATERAL.value
FUND: Final = AccountKind.GUARANTEE_FUND.value
LOSS: Final = AccountKind.LOSS.value

Amounts = Mapping[ParticipantId, int]


class Resources(NamedTuple):
    """What stands behind a currency, minor units by participant.

    weights and limits: of loss sharing, as the scheme's rules give them; a participant without a
    limit bears nothing.
    """

    collateral: Amounts
    fund: Amounts
    weights: Amounts
    limits: Amounts


class Cover(NamedTuple):
    """Shares that cover a shortfall, and what they do not cover."""

    shares: tuple[CoverShare, ...]
    uncovered: int


class Stress(NamedTuple):
    """What would happen if these failed: what they owe, what covers it, what is left."""

    failing: tuple[ParticipantId, ...]
    exposure: int
    cover: Cover


def resources_in(book: Book, currency: str, weights: Amounts, limits: Amounts) -> Resources:
    """The collateral and the fund as they stand in the book."""
    balances = book.balances()

    def held(kind: AccountKind) -> dict[ParticipantId, int]:
        return {
            account.holder: units
            for account, units in balances.items()
            if account.kind is kind and account.currency == currency and units > 0
        }

    return Resources(
        held(AccountKind.COLLATERAL), held(AccountKind.GUARANTEE_FUND), weights, limits
    )


def allocate(amount: int, weights: Amounts) -> dict[ParticipantId, int]:
    """An amount at or above zero in proportion to weights, in whole minor units; sums to it.

    Nobody's share is above its proportion rounded up. With no weight above zero nobody has one.
    """
    assert amount >= 0, "a negative amount is not shared"
    bearers = sorted(name for name, weight in weights.items() if weight > 0)
    total = sum(weights[name] for name in bearers)
    if not total:
        return {}
    shares = {name: amount * weights[name] // total for name in bearers}
    left = amount - sum(shares.values())
    by_fraction = sorted(bearers, key=lambda name: (-(amount * weights[name] % total), name))
    for name in by_fraction[:left]:
        shares[name] += 1
    return shares


def waterfall(shortfalls: Amounts, resources: Resources) -> Cover:
    """Cover what failing participants owe, minor units above zero each."""
    owed = {name: units for name, units in sorted(shortfalls.items()) if units > 0}
    shares: list[CoverShare] = []
    fund = {name: units for name, units in resources.fund.items() if units > 0}
    for failing in sorted(owed):
        own = min(owed[failing], max(resources.collateral.get(failing, 0), 0))
        own_fund = min(owed[failing] - own, fund.get(failing, 0))
        fund[failing] = fund.get(failing, 0) - own_fund
        owed[failing] -= own + own_fund
        shares.append(CoverShare(COLLATERAL, failing, failing, own))
        shares.append(CoverShare(FUND, failing, failing, own_fund))
    room = {
        name: limit
        for name, limit in resources.limits.items()
        if limit > 0 and name not in shortfalls
    }
    for layer, left, weights in ((FUND, fund, None), (LOSS, room, resources.weights)):
        for failing in sorted(owed):
            borne = _borne(owed[failing], left, left if weights is None else weights)
            for bearer, units in sorted(borne.items()):
                left[bearer] -= units
                owed[failing] -= units
                shares.append(CoverShare(layer, bearer, failing, units))
    return Cover(tuple(share for share in shares if share.minor_units), sum(owed.values()))


def _borne(amount: int, room: Amounts, weights: Amounts) -> dict[ParticipantId, int]:
    """As much of an amount as there is room for, shared by weights.

    What is beyond somebody's room is shared anew among the others, until all is borne or nobody
    has room. Each turn but the last fills up somebody, so that there are at most as many turns as
    participants.
    """
    borne: dict[ParticipantId, int] = {}
    left = amount
    while left:
        able = {
            name: weights.get(name, 0)
            for name, units in room.items()
            if units - borne.get(name, 0) > 0
        }
        proposed = allocate(left, able)
        taken = {
            name: min(units, room[name] - borne.get(name, 0)) for name, units in proposed.items()
        }
        if not any(taken.values()):
            break
        for name, units in taken.items():
            borne[name] = borne.get(name, 0) + units
            left -= units
    return borne


def stress(nets: Amounts, resources: Resources, failing_count: int) -> Stress:
    """If the largest net debtors failed: 1 and 2 are PFMI's cover 1 and cover 2 (principle 4)."""
    debtors = sorted((units, name) for name, units in nets.items() if units < 0)
    owed = {name: -units for units, name in debtors[:failing_count]}
    return Stress(tuple(owed), sum(owed.values()), waterfall(owed, resources))


def accounts_of(shares: Iterable[CoverShare], currency: str) -> dict[Account, int]:
    """What each account gives for a cover, minor units: collateral, fund, and survivors' own."""
    kinds = {
        COLLATERAL: AccountKind.COLLATERAL,
        FUND: AccountKind.GUARANTEE_FUND,
        LOSS: AccountKind.SETTLEMENT,
    }
    given: dict[Account, int] = {}
    for share in shares:
        account = Account(kinds[share.layer], share.bearer, currency)
        given[account] = given.get(account, 0) + share.minor_units
    return given
