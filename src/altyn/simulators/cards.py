"""The cards of the simulated banks: their numbers, and how each behaves.

A deck follows from the seed alone, so an acquirer's script and an issuer's books know the same
cards without passing them to each other.
"""

import random
from datetime import datetime
from typing import Final, Literal, NamedTuple

from altyn.card import Pan, check_digit
from altyn.simulators.banks import UNISSUED_PREFIX, Bank, CardRange, range_of

__all__ = [
    "CONDUCT_CODES",
    "SHORT_BALANCE",
    "Conduct",
    "SimulatedCard",
    "deck",
    "unissued_card",
    "with_wrong_check_digit",
]

Conduct = Literal[
    "ordinary",
    "deep",
    "short",
    "expired",
    "refused",
    "lost",
    "stolen",
    "wrong-pin",
    "not-permitted",
    "over-limit",
    "restricted",
    "unissued",
]

CONDUCT_CODES: Final[dict[Conduct, str]] = {
    "short": "51",
    "expired": "54",
    "refused": "05",
    "lost": "41",
    "stolen": "43",
    "wrong-pin": "55",
    "not-permitted": "57",
    "over-limit": "65",
    "restricted": "62",
}
"""The response code (DE39, ISO 8583:1987) with which each conduct is declined."""

ORDINARY_CARDS_PER_RANGE: Final = 25
AMPLE_BALANCE: Final = 10**13
SHORT_BALANCE: Final = 1
"""A card with one minor unit left: whatever is bought, it is short, in any order."""


class SimulatedCard(NamedTuple):
    """A card and its account; `balance` is in minor units of `currency`."""

    pan: Pan
    issuer_id: str
    product: str
    currency: str
    conduct: Conduct
    balance: int
    years_left: int
    expiry_month: int

    def expiry(self, now: datetime) -> str:
        """DE14 (YYMM). It moves with the calendar, so that a demonstration never grows old."""
        return f"{(now.year + self.years_left) % 100:02d}{self.expiry_month:02d}"

    def track_2(self, now: datetime) -> str:
        """DE35: number, separator, expiry, service code 201, discretionary digits (ISO 7813)."""
        return "".join((self.pan[:], "=", self.expiry(now), "201", "00000000"))


def deck(seed: str, bank: Bank) -> tuple[SimulatedCard, ...]:
    """All cards of an issuer: ordinary ones of each range, and one of each other conduct."""
    generator = random.Random(f"{seed}/cards/{bank.bank_id}")  # noqa: S311 - seeded, no secret
    cards: list[SimulatedCard] = []
    seen: set[str] = set()
    for entry in bank.ranges:
        conducts: list[Conduct] = ["ordinary"] * ORDINARY_CARDS_PER_RANGE
        if entry is bank.ranges[0]:
            conducts += ["deep", *CONDUCT_CODES]
        for conduct in conducts:
            number = _number(generator, entry, seen)
            cards.append(_card(generator, bank.bank_id, entry, conduct, number))
    return tuple(cards)


def _card(
    generator: random.Random, issuer_id: str, entry: CardRange, conduct: Conduct, number: str
) -> SimulatedCard:
    return SimulatedCard(
        pan=Pan(number),
        issuer_id=issuer_id,
        product=entry.product,
        currency=entry.currency,
        conduct=conduct,
        balance=SHORT_BALANCE if conduct == "short" else AMPLE_BALANCE,
        years_left=-1 if conduct == "expired" else generator.randint(1, 4),
        expiry_month=generator.randint(1, 12),
    )


def _number(generator: random.Random, entry: CardRange, seen: set[str]) -> str:
    """A number of the range that is new and that no longer prefix claims."""
    while True:
        body_digits = entry.pan_digits - len(entry.prefix) - 1
        body = f"{entry.prefix}{generator.randrange(10**body_digits):0{body_digits}d}"
        number = body + check_digit(body)
        if number not in seen and range_of(number) is entry:
            seen.add(number)
            return number


def unissued_card(generator: random.Random) -> SimulatedCard:
    """A card with a right check digit and a prefix that no bank has."""
    body = f"{UNISSUED_PREFIX}{generator.randrange(10**9):09d}"
    pan = Pan(body + check_digit(body))
    return SimulatedCard(pan, "", "NONE", "USD", "unissued", 0, 2, 6)


def with_wrong_check_digit(card: SimulatedCard) -> SimulatedCard:
    """The same card as a clerk mistypes it: the last digit is another one."""
    wrong = str((int(card.pan[-1]) + 1) % 10)
    return card._replace(pan=Pan(card.pan[:-1] + wrong))
