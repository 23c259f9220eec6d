"""Exchange rates as a bank published them, and what must be looked at before they are used.

A rate is kept as it was published, with its nominal and its direction (M11); what one unit costs
is worked out only when it is used. `findings` compares a sheet with the day, with the currencies
that are needed and with the sheet before it (M10).
"""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from altyn.money import Rate


class Quotation(Enum):
    """Which way a rate is told."""

    DIRECT = "direct"  # so many units of the home currency for `nominal` units of the other
    INVERSE = "inverse"  # so many units of the other currency for `nominal` of the home currency


class PublishedRate(NamedTuple):
    """One line of a sheet: mantissa / 10**scale for `nominal` units, a power of ten."""

    currency: str
    nominal: int
    mantissa: int
    scale: int


class RateSheet(NamedTuple):
    """What a source published for a day.

    source: short name of the source, such as nbk; home: the currency in which, or of which, rates
    are told; day: YYYY-MM-DD; left_out: currencies that ISO 4217 gives no minor unit, or no more.
    """

    source: str
    home: str
    day: str
    quotation: Quotation
    rates: tuple[PublishedRate, ...]
    left_out: tuple[str, ...]

    def rate(self, published: PublishedRate, effective_us: int) -> Rate:
        """A line of this sheet as the registry takes it: exact, the nominal worked in.

        effective_us: from when on it holds, UTC microseconds since 1970. The identifier is the
        currency and the day without its century: USD260401.
        """
        zeros = len(str(published.nominal)) - 1
        rate_id = f"{published.currency}{self.day[2:4]}{self.day[5:7]}{self.day[8:]}"
        base, quote = published.currency, self.home
        if self.quotation is Quotation.INVERSE:
            base, quote = quote, base
        return Rate(rate_id, base, quote, published.mantissa, published.scale + zeros, effective_us)


class Remedy(Enum):
    """What a finding asks for."""

    HOLD = "hold"  # a second person looks at it
    REFUSE = "refuse"  # the sheet must not be used


class Finding(NamedTuple):
    """Something about a sheet that is not as it should be."""

    remedy: Remedy
    currency: str
    reason: str


JUMP_MAX_PERCENT = 10
"""How far a rate may move between two sheets of a source before a person looks at it."""


def findings(
    sheet: RateSheet,
    on_day: str,
    needed: Iterable[str] = (),
    previous: RateSheet | None = None,
    jump_max_percent: int = JUMP_MAX_PERCENT,
) -> list[Finding]:
    """What stands against using a sheet on a day (YYYY-MM-DD), in order of currencies (M10).

    A sheet of another day is never used as if it were of this one. `previous` must be of the same
    source.
    """
    assert previous is None or previous.source == sheet.source, "sheets of two sources"
    found: list[Finding] = []
    if sheet.day < on_day:
        found.append(Finding(Remedy.REFUSE, "", f"the sheet is of {sheet.day}, not of {on_day}"))
    elif sheet.day > on_day:
        found.append(Finding(Remedy.HOLD, "", f"the sheet is of a day to come, {sheet.day}"))
    present = {rate.currency for rate in sheet.rates}
    for currency in sorted(set(needed) - present - {sheet.home}):
        found.append(Finding(Remedy.REFUSE, currency, "needed, and not in the sheet"))
    if previous is not None:
        if previous.day >= sheet.day:
            found.append(Finding(Remedy.REFUSE, "", "the sheet is no newer than the one in use"))
        before = {rate.currency: rate for rate in previous.rates}
        for rate in sorted(sheet.rates):
            if rate.currency in before:
                found += _compare(before[rate.currency], rate, jump_max_percent)
        for currency in sorted(before.keys() - present):
            found.append(Finding(Remedy.HOLD, currency, "in the sheet before, and gone from this"))
    return found


def _compare(before: PublishedRate, now: PublishedRate, jump_max_percent: int) -> list[Finding]:
    found: list[Finding] = []
    if before.nominal != now.nominal:
        reason = f"the nominal changed from {before.nominal} to {now.nominal}"
        found.append(Finding(Remedy.HOLD, now.currency, reason))
    # Both as integers of one scale: no division, so nothing is rounded.
    old = before.mantissa * 10**now.scale * now.nominal
    new = now.mantissa * 10**before.scale * before.nominal
    if abs(new - old) * 100 > old * jump_max_percent:
        reason = f"moved by more than {jump_max_percent} % since the sheet before"
        found.append(Finding(Remedy.HOLD, now.currency, reason))
    return found
