"""Exchange rates as scaled integers, and conversion with a named rounding (scenarios M02, M11).

No binary float touches an amount or a rate (I13).
"""

import re
from enum import Enum
from typing import NamedTuple

from altyn.money.currency import currency_of

_DECIMAL = re.compile(r"(?a:\d{1,12})(?:\.((?a:\d{1,12})))?\Z")


class Rounding(Enum):
    """What happens to a half minor unit."""

    HALF_UP = "half-up"
    HALF_EVEN = "half-even"


class Rate(NamedTuple):
    """One unit of `base` costs mantissa / 10**scale units of `quote`, from `effective_us` on."""

    rate_id: str
    base: str
    quote: str
    mantissa: int
    scale: int
    effective_us: int


def parse_rate_value(text: str) -> tuple[int, int]:
    """Mantissa and scale of a decimal text such as '512.34'.

    Raises ValueError for anything but ASCII digits with at most one point, and for zero.
    """
    found = _DECIMAL.match(text)
    if found is None:
        raise ValueError("a rate is digits with at most one decimal point, 12 on each side")
    fraction = found.group(1) or ""
    mantissa = int(text.replace(".", ""))
    if mantissa == 0:
        raise ValueError("a rate is not zero")
    return mantissa, len(fraction)


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """Quotient of two integers, denominator above zero, rounded to the nearest integer."""
    assert denominator > 0, "division by a number that is not above zero"
    sign = -1 if numerator < 0 else 1
    quotient, remainder = divmod(abs(numerator), denominator)
    twice = remainder * 2
    if twice > denominator or (
        twice == denominator and (rounding is Rounding.HALF_UP or quotient % 2 == 1)
    ):
        quotient += 1
    return sign * quotient


class Conversion(NamedTuple):
    """A way from one currency to another, reduced to one fraction of minor units.

    `amount * numerator / denominator` is the converted amount; `rate_id` names the rate used;
    `iso_rate` is the same as DE9/DE10 want it: one digit of decimals, seven of rate.
    """

    source: str
    target: str
    numerator: int
    denominator: int
    rate_id: str
    rounding: Rounding

    def convert(self, minor_units: int) -> int:
        """Minor units of the target currency for minor units of the source currency."""
        return divide(minor_units * self.numerator, self.denominator, self.rounding)

    def iso_rate(self) -> str:
        """The conversion rate as ISO 8583:1987 writes it in DE9 and DE10 (n8).

        The first digit says how many of the seven that follow stand behind the point.
        The rate is of whole units of currency, not of minor units. Raises OverflowError for a
        rate above 9,999,999 and for one that nine decimals show as nothing.
        """
        exponents = currency_of(self.source).exponent - currency_of(self.target).exponent
        numerator, denominator = self.numerator, self.denominator
        if exponents > 0:
            numerator *= 10**exponents
        else:
            denominator *= 10**-exponents
        for decimals in range(9, -1, -1):
            scaled = divide(numerator * 10**decimals, denominator, self.rounding)
            if 0 < scaled <= 9_999_999:
                return f"{decimals}{scaled:07d}"
        raise OverflowError("the rate is too large or too small for DE9 and DE10")


def conversion(rate: Rate, source: str, target: str, rounding: Rounding) -> Conversion:
    """The conversion a rate gives, directly or inversely; raises LookupError for another pair."""
    scale_of_source = 10 ** currency_of(source).exponent
    scale_of_target = 10 ** currency_of(target).exponent
    scale = 10**rate.scale
    if (rate.base, rate.quote) == (source, target):
        numerator, denominator = rate.mantissa * scale_of_target, scale * scale_of_source
    elif (rate.base, rate.quote) == (target, source):
        numerator, denominator = scale * scale_of_target, rate.mantissa * scale_of_source
    else:
        raise LookupError("the rate is of another pair of currencies")
    return Conversion(source, target, numerator, denominator, rate.rate_id, rounding)
