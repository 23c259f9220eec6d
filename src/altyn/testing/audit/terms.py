"""The scheme's terms as the auditor reads them from registry facts, with arithmetic of its own.

Amounts are converted with fractions here, so that an error in the switch's integers shows.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

from altyn.money import currency_of, find_currency

__all__ = ["Terms", "rounded", "share"]


def rounded(amount: int, factor: Fraction, half_even: bool = False) -> int:
    """The whole number nearest to a product; a half goes away from zero, or to the even one (M02).

    The division is one of whole numbers: to reduce a fraction costs more than all the rest.
    """
    if half_even:
        return round(amount * factor)
    numerator, denominator = amount * factor.numerator, factor.denominator
    nearest = (2 * abs(numerator) + denominator) // (2 * denominator)
    return nearest if numerator >= 0 else -nearest


def share(whole: int, part: int, of: int) -> int:
    """What `part` of an amount `of` comes to when all of it came to `whole`."""
    return whole if part == of else rounded(whole, Fraction(part, of))


class Terms:
    """One version of the registry."""

    def __init__(self, facts: Iterable[Mapping[str, Any]]) -> None:
        """Read the facts that matter to a payment; others are passed over."""
        self.participants: dict[str, Mapping[str, Any]] = {}
        self.owner_of: dict[str, str] = {}
        self.ranges: dict[str, Mapping[str, Any]] = {}
        self.rates: list[Mapping[str, Any]] = []
        self.scheme: Mapping[str, Any] = {}
        self.stand_in: list[Mapping[str, Any]] = []
        for fact in facts:
            kind = fact["fact"]
            if kind == "scheme":
                self.scheme = fact
            elif kind == "participant":
                self.participants[fact["participant_id"]] = fact
                for institution in fact["institution_ids"]:
                    self.owner_of[institution] = fact["participant_id"]
            elif kind == "bin":
                self.ranges[fact["prefix"]] = fact
            elif kind == "rate":
                self.rates.append(fact)
            elif kind == "stand-in":
                self.stand_in.append(fact)
        self._prefix_lengths = sorted({len(prefix) for prefix in self.ranges}, reverse=True)
        # Of two rates of one instant the one stated first counts, as a stable order has it.
        self.rates.sort(key=lambda rate: -int(rate["effective_us"]))
        self._half_even = self.scheme.get("rounding") == "half-even"
        self._fractions: dict[tuple[str, str], tuple[int, int, Fraction | None]] = {}

    def is_active(self, participant: str) -> bool:
        """Whether new traffic of a participant is served."""
        found = self.participants.get(participant)
        return found is not None and found["state"] == "active"

    def acquires(self, participant: str) -> bool:
        """Whether a participant may send requests now."""
        return self.is_active(participant) and (
            "acquirer" in self.participants[participant]["roles"]
        )

    def range_of(self, pan: str) -> Mapping[str, Any] | None:
        """The card range with the longest prefix that a card number begins with."""
        for length in self._prefix_lengths:
            found = self.ranges.get(pan[:length])
            if found is not None:
                return found
        return None

    def settlement(
        self, acquirer: str, issuer: str, currency: str, amount: int, utc_us: int
    ) -> tuple[str, int] | None:
        """Numeric currency and minor units in which two participants settle an amount."""
        paid_in = find_currency(currency)
        if paid_in is None:
            return None
        one, other = self.participants[acquirer], self.participants[issuer]
        at_home = one["country"] == other["country"] and paid_in.alpha == one["currency"]
        target = paid_in.alpha if at_home else self.scheme["cross_border_currency"]
        converted = self.converted(paid_in.alpha, target, amount, utc_us)
        return None if converted is None else (currency_of(target).numeric, converted)

    def converted(self, source: str, target: str, amount: int, utc_us: int) -> int | None:
        """Minor units of one currency in another's (alphabetic codes); None without a rate."""
        if source == target:
            return amount
        fraction = self._fraction(source, target, utc_us)
        return None if fraction is None else rounded(amount, fraction, self._half_even)

    def billed(self, target: str, currency: str, amount: int, utc_us: int) -> int | None:
        """What the cardholder is charged, in the currency of the card range (alphabetic)."""
        paid_in = find_currency(currency)
        return None if paid_in is None else self.converted(paid_in.alpha, target, amount, utc_us)

    def _fraction(self, source: str, target: str, utc_us: int) -> Fraction | None:
        kept = self._fractions.get((source, target))
        if kept is not None and kept[0] <= utc_us < kept[1]:
            return kept[2]
        found = self._direct(source, target, utc_us)
        if found is None:
            middle = self.scheme["cross_border_currency"]
            first = self._direct(source, middle, utc_us)
            second = self._direct(middle, target, utc_us)
            found = None if first is None or second is None else first * second
        begun = [rate["effective_us"] for rate in self.rates if rate["effective_us"] <= utc_us]
        later = [rate["effective_us"] for rate in self.rates if rate["effective_us"] > utc_us]
        self._fractions[source, target] = (
            max(begun, default=0),
            min(later, default=1 << 62),
            found,
        )
        return found

    def _direct(self, source: str, target: str, utc_us: int) -> Fraction | None:
        scales = Fraction(10 ** currency_of(target).exponent, 10 ** currency_of(source).exponent)
        for rate in self.rates:
            if rate["effective_us"] > utc_us:
                continue
            value = Fraction(rate["mantissa"], 10 ** rate["scale"])
            if (rate["base"], rate["quote"]) == (source, target):
                return value * scales
            if (rate["quote"], rate["base"]) == (source, target):
                return scales / value
        return None

    def cap_of(self, participant: str, currency: str) -> int | None:
        """The net debit cap of a participant in a currency (numeric code), minor units."""
        caps: Mapping[str, int] = self.participants[participant]["net_debit_caps"]
        return caps.get(currency_of(currency).alpha)


DEBITS: Final = frozenset({"00", "01", "09", "10"})
CREDITS: Final = frozenset({"20", "26"})
INQUIRIES: Final = frozenset({"30", "31", "70"})
