"""The invented banks of the demonstration: who they are, what they issue, what money costs.

None of them exists. Every card number begins with 9900, which ISO/IEC 7812-1 leaves to national
bodies and nobody issues. The rates are invented too, with the four to seven significant digits
that schemes publish, some quoted per unit of the foreign currency and some per dollar (M11).
"""

from typing import Final, NamedTuple

__all__ = ["BANKS", "MARKET_RATES", "Bank", "CardRange", "MarketRate", "bank_of", "range_of"]


class CardRange(NamedTuple):
    """Card numbers of `pan_digits` digits that begin with `prefix`, billed in `currency`."""

    prefix: str
    product: str
    currency: str
    pan_digits: int = 16


class Bank(NamedTuple):
    """A bank: `bank_id` is 1 to 8 of A-Z 0-9, `institution_id` what it writes into DE32 (n..11)."""

    bank_id: str
    name: str
    country: str
    currency: str
    institution_id: str
    utc_offset_hours: int
    acquires: bool
    ranges: tuple[CardRange, ...]

    @property
    def issues(self) -> bool:
        """Whether it has cards of its own."""
        return bool(self.ranges)


class MarketRate(NamedTuple):
    """One unit of `base` costs `value` units of `quote`; a decimal text, never a float (I13)."""

    rate_id: str
    base: str
    quote: str
    value: str


# Prefixes of six and eight digits overlap on purpose, once even between two banks: 99000177 is a
# range of Pearl Gulf Bank inside Step Bank's 990001, so only the longest prefix is right (F36).
BANKS: Final = (
    Bank(
        "STEPKZ", "Step Bank", "KZ", "KZT", "400101", 5, True,
        (
            CardRange("990001", "CLASSIC", "KZT"),
            CardRange("99000155", "DOLLAR", "USD"),
            CardRange("990011", "GOLD", "KZT"),
            CardRange("990012", "FUEL", "KZT", 19),
        ),
    ),
    Bank("ALATAUKZ", "Alatau Acquiring", "KZ", "KZT", "400102", 5, True, ()),
    Bank(
        "VOLGARU", "Volga Merchant Bank", "RU", "RUB", "400201", 3, True,
        (
            CardRange("990002", "CLASSIC", "RUB"),
            CardRange("99000240", "SOCIAL", "RUB", 19),
            CardRange("990021", "PREMIUM", "RUB"),
        ),
    ),
    Bank(
        "BOSPHTR", "Bosphorus Bank", "TR", "TRY", "400301", 3, True,
        (
            CardRange("990003", "CLASSIC", "TRY"),
            CardRange("99000388", "TRAVEL", "USD"),
            CardRange("990031", "GOLD", "TRY"),
        ),
    ),
    Bank(
        "PEARLKW", "Pearl Gulf Bank", "KW", "KWD", "400401", 3, True,
        (
            CardRange("990004", "CLASSIC", "KWD"),
            CardRange("99000177", "FREEZONE", "KWD"),
            CardRange("990041", "BUSINESS", "USD"),
        ),
    ),
)  # fmt: skip

MARKET_RATES: Final = (
    MarketRate("D-KZT", "USD", "KZT", "512.34"),
    MarketRate("D-RUB", "USD", "RUB", "81.0575"),
    MarketRate("D-TRY", "TRY", "USD", "0.0238174"),
    MarketRate("D-KWD", "KWD", "USD", "3.257125"),
)

UNISSUED_PREFIX: Final = "990099"
"""A prefix that no bank of the demonstration has: a card of it is declined as unknown."""


def bank_of(bank_id: str) -> Bank:
    """The bank of that id; raises LookupError when there is none."""
    for bank in BANKS:
        if bank.bank_id == bank_id:
            return bank
    raise LookupError("there is no bank of this id in the demonstration")


def range_of(pan: str) -> CardRange | None:
    """The range a card number belongs to by its longest prefix, or None."""
    found = [r for bank in BANKS for r in bank.ranges if pan.startswith(r.prefix)]
    return max(found, key=lambda entry: len(entry.prefix)) if found else None
