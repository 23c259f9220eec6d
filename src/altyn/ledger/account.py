"""Accounts of the scheme's books: what for, whose, and in which currency."""

from enum import Enum
from typing import Final, NamedTuple

from altyn.identifiers import ParticipantId

SCHEME: Final = ParticipantId("SCHEME")
"""The holder of what is the scheme's own: its fees, its residue."""


class AccountKind(Enum):
    """What an account is for. The words are written into postings and never change."""

    OBLIGATION = "obligation"
    """What a participant is owed (above zero) or owes, not yet settled."""
    SETTLEMENT = "settlement"
    """What a participant has been paid, or has paid in, through the settlement bank."""
    FEES = "fees"
    RESIDUE = "residue"
    """What rounding leaves (M02)."""
    COLLATERAL = "collateral"
    """What a participant has placed with the scheme against its own failure."""
    GUARANTEE_FUND = "guarantee-fund"
    """A participant's share of the common fund."""
    LOSS = "loss"
    """Who bore a failure (above zero: a claim) and who caused it (below zero: a debt)."""


class Account(NamedTuple):
    """An account; `currency` is alphabetic. It grows with credits: above zero it is owed."""

    kind: AccountKind
    holder: ParticipantId
    currency: str

    def __str__(self) -> str:
        """The account as facts and reports name it: 'obligation/BANKA/KZT'."""
        return f"{self.kind.value}/{self.holder}/{self.currency}"


def parse_account(text: str) -> Account:
    """The account that `str` gave; raises ValueError for any other text."""
    parts = text.split("/")
    if len(parts) != 3 or not all(parts):
        raise ValueError("an account is a kind, a holder and a currency, such as fees/SCHEME/KZT")
    return Account(AccountKind(parts[0]), ParticipantId(parts[1]), parts[2])
