"""Amounts and instants are written and read without loss."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.settlement import read_amount, read_instant, write_amount, write_instant

CURRENCIES = st.sampled_from(("JPY", "KZT", "KWD", "CLF"))


@given(st.integers(0, 10**18 - 1), CURRENCIES)
def test_amount_is_read_back_and_means_the_same_to_decimal(minor_units: int, currency: str) -> None:
    """A second arithmetic agrees, whatever the number of decimals (M01)."""
    text = write_amount(minor_units, currency)
    assert read_amount(text, currency) == minor_units
    exponent = {"JPY": 0, "KZT": 2, "KWD": 3, "CLF": 4}[currency]
    assert Decimal(text) * 10**exponent == minor_units


@pytest.mark.parametrize(
    ("text", "currency", "minor_units"),
    [("1", "KZT", 100), ("1.", "KZT", 100), ("1.50000", "KZT", 150), ("007", "JPY", 7)],
)
def test_other_spellings_of_an_exact_amount_are_read(
    text: str, currency: str, minor_units: int
) -> None:
    """Zeros behind the last decimal change nothing."""
    assert read_amount(text, currency) == minor_units


@pytest.mark.parametrize("text", ["", ".", "1.005", "+1", " 1", "1,00", "1_0", "0x1", "1.2.3", "१"])
def test_text_that_is_no_exact_amount_is_refused(text: str) -> None:
    """Nothing is rounded, and only ASCII digits are digits."""
    with pytest.raises(ValueError, match="amount"):
        read_amount(text, "KZT")


def test_m15_too_many_digits_are_refused_both_ways() -> None:
    """Never cut off."""
    with pytest.raises(OverflowError):
        write_amount(10**18, "KZT")
    with pytest.raises(ValueError, match="18 digits"):
        read_amount("10000000000000000", "KZT")


@given(st.integers(0, 4_000_000_000_000))
def test_instant_is_read_back(milliseconds: int) -> None:
    """To the millisecond that is written."""
    assert read_instant(write_instant(milliseconds * 1000)) == milliseconds * 1000


@pytest.mark.parametrize(
    ("text", "utc_us"),
    [
        ("1970-01-01T00:00:01", 1_000_000),
        ("1970-01-01T05:00:00+05:00", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
    ],
)
def test_spellings_of_an_instant(text: str, utc_us: int) -> None:
    """With an offset, with Z, and without either, which is UTC."""
    assert read_instant(text) == utc_us


@pytest.mark.parametrize("text", ["", "2026-11-23", "2026-02-30T00:00:00Z", "2026-11-23T25:00:00Z"])
def test_text_that_is_no_instant_is_refused(text: str) -> None:
    """A date alone, and a moment that no calendar has."""
    with pytest.raises(ValueError, match=r"instant|day|hour"):
        read_instant(text)
