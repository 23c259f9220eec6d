"""A posting: amounts that move between accounts and sum to zero in every currency (I1).

A posting says by its key what it is the consequence of; the same key is never booked twice. It is
kept as a fact, a JSON object:

    {"fact": "posting", "key": "2026-11-23/1/KZT/priced", "cycle": "2026-11-23/1",
     "business_day": 20261123, "reason": "net positions", "legs": [["obligation/BANKA/KZT", -1200],
     ["obligation/BANKB/KZT", 1200]], "corrects": "", "approved_by": []}
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from altyn.clock import BusinessDay
from altyn.ledger.account import Account, parse_account

LEGS_MAX: Final = 100_000
APPROVERS: Final = 2


class PostingError(ValueError):
    """A posting that cannot be booked: the text says why and what to do, never an amount."""


class Leg(NamedTuple):
    """One account of a posting and what it gains (above zero, a credit) or gives, minor units."""

    account: Account
    minor_units: int


class Posting(NamedTuple):
    """A balanced set of legs, booked whole or not at all.

    key: of what it follows from, unique; cycle: the one in which it is booked; corrects: the key of
    a posting of a closed cycle, for an adjustment; approved_by: the two persons behind that.
    """

    key: str
    cycle: str
    business_day: BusinessDay
    reason: str
    legs: tuple[Leg, ...]
    corrects: str = ""
    approved_by: tuple[str, ...] = ()


def check_posting(posting: Posting) -> None:
    """Raises PostingError for a posting that is not balanced, not whole or not approved."""
    if not posting.key or not posting.cycle or not posting.reason.strip():
        raise PostingError("a posting names its key, its cycle and its reason; add what is missing")
    if not 2 <= len(posting.legs) <= LEGS_MAX:
        raise PostingError(f"a posting has 2 to {LEGS_MAX} legs; split it or complete it")
    sums: Counter[str] = Counter()
    for account, minor_units in posting.legs:
        if type(minor_units) is not int:
            raise PostingError("an amount is an integer of minor units; convert it exactly")
        sums[account.currency] += minor_units
    if any(sums.values()):
        raise PostingError("the legs do not sum to zero in every currency; find the missing one")
    if posting.corrects:
        _check_approval(posting)


def _check_approval(posting: Posting) -> None:
    """A correction is the decision of two different persons (M16)."""
    named = [person.strip().casefold() for person in posting.approved_by]
    if len(named) != APPROVERS or len(set(named)) != APPROVERS or not all(named):
        raise PostingError("a correction needs two different persons; name both")


def posting_fact(posting: Posting) -> dict[str, Any]:
    """The posting as a fact for the journal."""
    return {
        "fact": "posting",
        **posting._asdict(),
        "legs": [[str(leg.account), leg.minor_units] for leg in posting.legs],
        "approved_by": list(posting.approved_by),
    }


def read_posting(fact: Mapping[str, Any]) -> Posting:
    """The posting of a fact; raises PostingError when it is not one that can be booked."""
    try:
        posting = Posting(
            str(fact["key"]),
            str(fact["cycle"]),
            int(fact["business_day"]),
            str(fact["reason"]),
            _legs(fact["legs"]),
            str(fact["corrects"]),
            tuple(str(person) for person in fact["approved_by"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PostingError("this is not the form of a posting") from error
    check_posting(posting)
    return posting


def _legs(rows: Sequence[Sequence[Any]]) -> tuple[Leg, ...]:
    return tuple(Leg(parse_account(account), minor_units) for account, minor_units in rows)
