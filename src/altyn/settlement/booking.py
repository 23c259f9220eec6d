"""What the facts of settlement mean in the ledger, and whom they concern.

A net that is owed stands on OBLIGATION (the scheme's own on FEES or RESIDUE); when the bank has
settled it, it moves to SETTLEMENT, which thus says what its holder has received (above zero) or
paid in. Collateral and fund that are used pay the failing one's obligation; LOSS keeps who bore it
and who owes it back.
"""

from typing import Final, NamedTuple

from altyn.identifiers import ParticipantId
from altyn.ledger import Account, AccountKind, Leg, Posting
from altyn.settlement.facts import Answered, Covered, Defaulted, Fact, Priced
from altyn.settlement.run import Run
from altyn.settlement.waterfall import COLLATERAL, FUND

_RESOURCES: Final = frozenset({AccountKind.COLLATERAL, AccountKind.GUARANTEE_FUND})
"""Booked when they are used for a cover, not when the bank moves them."""


class Notice(NamedTuple):
    """Something that a participant must be told; minor units of the currency, 0 without one."""

    to: ParticipantId
    subject: str
    about: ParticipantId
    minor_units: int
    currency: str


def posting_of(fact: Fact, run: Run) -> Posting | None:
    """The posting that follows from a fact that was applied to its run; None when none does.

    Its key is the fact's, so that it is booked once however often it is made.
    """
    match fact:
        case Priced():
            booked = dict(fact.adjusted)
            legs = [
                Leg(_owed(account), units - booked.get(account, 0))
                for account, units in fact.positions
            ]
            reason = "net positions of the cycle"
        case Answered(settled=True):
            legs = []
            for transfer in run.orders[fact.message_id].order.transfers:
                account, units = transfer.position
                if account.kind not in _RESOURCES:
                    paid = account._replace(kind=AccountKind.SETTLEMENT)
                    legs += [Leg(_owed(account), -units), Leg(paid, units)]
            reason = "settled by the settlement bank"
        case Covered():
            legs = _cover_legs(fact, run.currency)
            reason = "cover of a shortfall"
        case _:
            return None
    moved = tuple(leg for leg in legs if leg.minor_units)
    if not moved:
        return None
    approved = fact.approved_by if isinstance(fact, Covered) else ()
    return Posting(fact.key, run.cycle, run.business_day, reason, moved, "", approved)


def _owed(account: Account) -> Account:
    """Where an amount stands that is owed and not yet settled."""
    if account.kind is AccountKind.SETTLEMENT:
        return account._replace(kind=AccountKind.OBLIGATION)
    return account


def _cover_legs(fact: Covered, currency: str) -> list[Leg]:
    legs: list[Leg] = []
    for layer, bearer, failing, units in fact.shares:
        relieved = Account(AccountKind.OBLIGATION, failing, currency)
        source = {
            COLLATERAL: AccountKind.COLLATERAL,
            FUND: AccountKind.GUARANTEE_FUND,
        }.get(layer, AccountKind.OBLIGATION)
        legs += [Leg(relieved, units), Leg(Account(source, bearer, currency), -units)]
        if bearer != failing:
            legs.append(Leg(Account(AccountKind.LOSS, bearer, currency), units))
            legs.append(Leg(Account(AccountKind.LOSS, failing, currency), -units))
    return legs


def notices_of(fact: Fact, participants: tuple[ParticipantId, ...], currency: str) -> list[Notice]:
    """Whom a default or a cover must be told, by name: everybody that a participant failed, and
    each what it bears."""
    if isinstance(fact, Defaulted):
        return [
            Notice(each, "a participant cannot pay", fact.participant, 0, "")
            for each in sorted(participants)
        ]
    if isinstance(fact, Covered):
        return [
            Notice(share.bearer, f"used for a cover: {share.layer}", share.failing, units, currency)
            for share in fact.shares
            if (units := share.minor_units)
        ]
    return []
