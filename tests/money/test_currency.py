"""Currencies: what ISO 4217 says, and amounts written for people."""

import iso4217
import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.money import currency_of, find_currency, format_amount


@pytest.mark.parametrize(
    ("alpha", "numeric", "exponent"),
    [
        ("KZT", "398", 2),
        ("KGS", "417", 2),
        ("EUR", "978", 2),
        ("USD", "840", 2),
        ("JPY", "392", 0),
        ("KRW", "410", 0),
        ("KWD", "414", 3),
        ("BHD", "048", 3),
        ("TND", "788", 3),
        ("CLF", "990", 4),
        ("UYW", "927", 4),
    ],
)
def test_m01_exponent_is_the_one_of_iso_4217(alpha: str, numeric: str, exponent: int) -> None:
    """Currencies with 0, 2, 3 and 4 decimals are known by both of their codes."""
    assert find_currency(alpha) == (alpha, numeric, exponent)
    assert find_currency(numeric) == (alpha, numeric, exponent)


WITHOUT_SMALL_COINS = "AFN ALL IQD IRR KPW LAK LBP MGA MMK RSD SOS SYP YER"


@pytest.mark.parametrize("alpha", WITHOUT_SMALL_COINS.split())
def test_m01_exponent_is_not_what_people_are_shown(alpha: str) -> None:
    """Shops leave the decimals of these currencies out; messages do not."""
    assert currency_of(alpha).exponent == (3 if alpha == "IQD" else 2)


@pytest.mark.parametrize("code", ["", "XAU", "XDR", "XTS", "kzt", "KZ", "KZTT", "0", "39", "٣٩٨"])
def test_what_is_no_currency_is_not_found(code: str) -> None:
    """Gold, test codes, small letters and other digits name no currency with a minor unit."""
    assert find_currency(code) is None
    with pytest.raises(LookupError, match="not a currency code"):
        currency_of(code)


def test_codes_are_unique_and_whole() -> None:
    """Each currency of the standard is there once by each code, three signs long."""
    listed = [entry for entry in iso4217.Currency if entry.exponent is not None and entry.number]
    found = {find_currency(entry.code) for entry in listed}
    assert len(found) == len(listed) > 150
    assert all(each is not None and len(each.numeric) == 3 for each in found)


@pytest.mark.parametrize(
    ("minor_units", "code", "text"),
    [
        (123456, "KZT", "1,234.56 KZT"),
        (-5, "KZT", "-0.05 KZT"),
        (0, "USD", "0.00 USD"),
        (123456, "JPY", "123,456 JPY"),
        (-1, "JPY", "-1 JPY"),
        (1234, "KWD", "1.234 KWD"),
        (1, "CLF", "0.0001 CLF"),
        (100, "978", "1.00 EUR"),
    ],
)
def test_amount_is_written_with_the_decimals_of_its_currency(
    minor_units: int, code: str, text: str
) -> None:
    """Thousands are set apart, and a small negative amount keeps its sign."""
    assert format_amount(minor_units, code) == text


@given(st.integers(), st.sampled_from(["JPY", "KZT", "KWD", "CLF"]))
def test_m15_written_amount_loses_no_digit(minor_units: int, code: str) -> None:
    """Without its signs and its currency, the text is the amount, whatever its size."""
    text = format_amount(minor_units, code)
    assert int(text[:-4].replace(",", "").replace(".", "")) == minor_units
