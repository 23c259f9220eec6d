"""Currencies of ISO 4217: alphabetic code, numeric code, minor-unit exponent (scenario M01)."""

from typing import NamedTuple

import iso4217


class Currency(NamedTuple):
    """A currency: `alpha` like KZT, `numeric` like 398 (three digits), `exponent` like 2."""

    alpha: str
    numeric: str
    exponent: int


def _table() -> dict[str, Currency]:
    currencies: dict[str, Currency] = {}
    for entry in iso4217.Currency:
        if entry.exponent is None or not entry.number:
            continue  # gold, test codes and other units that have no minor unit
        numeric = f"{entry.number:03d}"
        currency = Currency(entry.code, numeric, entry.exponent)
        currencies[currency.alpha] = currency
        currencies[currency.numeric] = currency
    return currencies


_CURRENCIES = _table()


def find_currency(code: str) -> Currency | None:
    """The currency of an alphabetic or numeric code; None when ISO 4217 has none."""
    return _CURRENCIES.get(code)


def currency_of(code: str) -> Currency:
    """The currency of a code that is known to be right; raises LookupError otherwise."""
    currency = _CURRENCIES.get(code)
    if currency is None:
        raise LookupError("not a currency code of ISO 4217")
    return currency


def format_amount(minor_units: int, code: str) -> str:
    """An amount for people: 123456 KZT minor units is '1,234.56 KZT'."""
    currency = currency_of(code)
    sign = "-" if minor_units < 0 else ""
    whole, part = divmod(abs(minor_units), 10**currency.exponent)
    if currency.exponent == 0:
        return f"{sign}{whole:,} {currency.alpha}"
    return f"{sign}{whole:,}.{part:0{currency.exponent}d} {currency.alpha}"
