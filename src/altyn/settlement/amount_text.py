"""Amounts and instants as ISO 20022 writes them, without a float anywhere (I13, M01, M15).

An amount is decimal text in whole units of the currency, with as many decimals as ISO 4217 gives
it: 123456 minor units are 1234.56 KZT, 123456 JPY, 123.456 KWD. ActiveCurrencyAndAmount has at most
18 digits; more are refused, never cut off.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from altyn.clock import utc_datetime
from altyn.money import currency_of, find_currency

DIGITS_MAX: Final = 18
_AMOUNT: Final = re.compile(r"(?a:(\d{1,18})(?:\.(\d{0,17}))?)\Z")
_INSTANT: Final = re.compile(
    r"(?a:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?)\Z"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def write_amount(minor_units: int, currency: str) -> str:
    """Minor units at or above zero as decimal text; OverflowError above 18 digits."""
    assert minor_units >= 0, "ISO 20022 writes an amount without a sign"
    if minor_units >= 10**DIGITS_MAX:
        raise OverflowError("the amount has more than the 18 digits that ISO 20022 allows")
    exponent = currency_of(currency).exponent
    if exponent == 0:
        return str(minor_units)
    whole, part = divmod(minor_units, 10**exponent)
    return f"{whole}.{part:0{exponent}d}"


def read_amount(text: str, currency: str) -> int:
    """Minor units of decimal text.

    Raises ValueError for a currency that ISO 4217 does not have, for text of another form, and
    for decimals that the currency does not have (zeros behind them are none).
    """
    known = find_currency(currency)
    if known is None or known.alpha != currency:
        raise ValueError("the currency is not an alphabetic code of ISO 4217")
    found = _AMOUNT.match(text)
    if found is None:
        raise ValueError("an amount is digits with at most one decimal point")
    whole, decimals = found.group(1), (found.group(2) or "").rstrip("0")
    if len(decimals) > known.exponent:
        raise ValueError("the amount has more decimals than its currency")
    minor_units = int(whole + decimals.ljust(known.exponent, "0"))
    if minor_units >= 10**DIGITS_MAX:
        raise ValueError("the amount has more than the 18 digits that ISO 20022 allows")
    return minor_units


def write_instant(utc_us: int) -> str:
    """UTC microseconds as ISODateTime with milliseconds: 2026-11-23T16:00:00.000Z."""
    moment = utc_datetime(utc_us).isoformat(timespec="milliseconds")
    return moment.removesuffix("+00:00") + "Z"


def read_instant(text: str) -> int:
    """UTC microseconds of an ISODateTime; one without an offset is taken for UTC.

    Raises ValueError for text of another form or an instant that no calendar has.
    """
    if not _INSTANT.match(text):
        raise ValueError("an instant such as 2026-11-23T16:00:00.000Z is expected")
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND
