"""A fee rule: what is charged for which items, from when on, and who receives it.

A rule names what it is for; what it does not name may be anything. Of the rules of one fee that
are for an item the most specific one holds alone: dimensions are compared in the order of
`DIMENSIONS`, the most decisive first (ADR 0031).
"""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from altyn.clock import BusinessDay
from altyn.money import Rounding

Receiver = Literal["issuer", "acquirer", "scheme", "issuer-agent", "acquirer-agent"]
Payer = Literal["issuer", "acquirer"]
Leg = Literal["domestic", "partner", "cross-border"]

FAR_AWAY_DAY: Final[BusinessDay] = 99991231
"""The end of what has no end."""
AMOUNT_FAR: Final = 2**63 - 1
"""The end of an amount band that has no end."""
MILLION: Final = 1_000_000
ANY_CATEGORY: Final = ("0000", "9999")
DIMENSIONS: Final = (
    "tier",
    "product",
    "processing",
    "categories",
    "entry_mode",
    "leg",
    "currency",
    "converted",
    "amount",
)
"""What a rule may name, the most decisive first."""


class Share(NamedTuple):
    """What one receiver gets of a fee, in millionths of it."""

    receiver: Receiver
    ppm: int


@dataclass(frozen=True, slots=True)
class FeeRule:
    """A price for a fee. A blank text, None, or a band without ends is for anything.

    fee: of each fee one rule holds for an item; effective: first business day, until: first one on
    which it holds no more; processing: first two digits of DE3; categories: first and last merchant
    category code; entry_mode: first two digits of DE22; currency: alphabetic, of settlement;
    converted: whether the amount was converted into it; amount_from, amount_until: settlement
    amounts in minor units, the second not included; ppm: millionths of the settlement amount;
    fixed, floor, cap: minor units of currency, floor and cap None for none.
    """

    rule_id: str
    fee: str
    effective: BusinessDay
    until: BusinessDay
    payer: Payer
    shares: tuple[Share, ...]
    ppm: int = 0
    fixed: int = 0
    floor: int | None = None
    cap: int | None = None
    rounding: Rounding = Rounding.HALF_UP
    tier: str = ""
    product: str = ""
    processing: str = ""
    categories: tuple[str, str] = ANY_CATEGORY
    entry_mode: str = ""
    leg: Leg | Literal[""] = ""
    currency: str = ""
    converted: bool | None = None
    amount_from: int = 0
    amount_until: int = AMOUNT_FAR

    @property
    def weights(self) -> tuple[int, ...]:
        """How closely each of `DIMENSIONS` is named: 0 not at all, 1 it is, 2 by a single code."""
        first, last = self.categories
        closeness = 0 if self.categories == ANY_CATEGORY else 2 if first == last else 1
        band = self.amount_from > 0 or self.amount_until < AMOUNT_FAR
        return (
            int(bool(self.tier)),
            int(bool(self.product)),
            int(bool(self.processing)),
            closeness,
            int(bool(self.entry_mode)),
            int(bool(self.leg)),
            int(bool(self.currency)),
            int(self.converted is not None),
            int(band),
        )

    @property
    def rank(self) -> int:
        """The weights as one number: where two rules hold, the higher one does."""
        rank = 0
        for weight in self.weights:
            rank = rank * 3 + weight
        return rank

    @property
    def money_needs_currency(self) -> bool:
        """Whether it states amounts, which are of one currency only."""
        banded = self.amount_from > 0 or self.amount_until < AMOUNT_FAR
        return bool(self.fixed or self.floor or self.cap is not None or banded)

    def contends_with(self, other: "FeeRule") -> bool:
        """Whether there are a day and an item for which neither goes before the other."""
        return (
            self.fee == other.fee
            and self.rank == other.rank
            and self.effective < other.until
            and other.effective < self.until
            and _named(self) == _named(other)
            and self.categories[0] <= other.categories[1]
            and other.categories[0] <= self.categories[1]
            and self.amount_from < other.amount_until
            and other.amount_from < self.amount_until
        )


def _named(rule: FeeRule) -> tuple[object, ...]:
    return (
        rule.tier,
        rule.product,
        rule.processing,
        rule.entry_mode,
        rule.leg,
        rule.currency,
        rule.converted,
    )
