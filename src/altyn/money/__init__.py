"""Amounts in integer minor units, currencies of ISO 4217, rates as scaled integers."""

from altyn.money.currency import Currency, currency_of, find_currency, format_amount
from altyn.money.exchange import (
    Conversion,
    Rate,
    Rounding,
    conversion,
    divide,
    parse_rate_value,
)

__all__ = [
    "Conversion",
    "Currency",
    "Rate",
    "Rounding",
    "conversion",
    "currency_of",
    "divide",
    "find_currency",
    "format_amount",
    "parse_rate_value",
]
