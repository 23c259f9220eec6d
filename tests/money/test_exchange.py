"""Rates and conversions: exact integers, one named rounding, DE9 and DE10."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from altyn.money import Conversion, Rate, Rounding, conversion, divide, parse_rate_value

ROUNDINGS = st.sampled_from(Rounding)
CODES = st.sampled_from(["JPY", "KZT", "USD", "KWD", "CLF"])
DIGITS = st.text("0123456789", min_size=1, max_size=12)


def dollar(value: str) -> Rate:
    """What a dollar costs in tenge."""
    mantissa, scale = parse_rate_value(value)
    return Rate("R1", "USD", "KZT", mantissa, scale, 0)


def rounded(exact: Fraction, rounding: Rounding) -> int:
    """A fraction as the nearest integer, by the decimal library's own rounding."""
    whole = exact.numerator // exact.denominator
    rest = exact - whole
    half = Decimal(0 if rest < Fraction(1, 2) else 1 if rest > Fraction(1, 2) else "0.5")
    name = ROUND_HALF_UP if rounding is Rounding.HALF_UP else ROUND_HALF_EVEN
    digits = Context(prec=len(str(abs(whole))) + 5)
    return int(digits.add(Decimal(whole), half).to_integral_value(name))


@given(st.integers(), st.integers(min_value=1), ROUNDINGS)
def test_m02_quotient_is_the_nearest_integer(
    numerator: int, denominator: int, rounding: Rounding
) -> None:
    """No quotient is further than a half from the exact one, and only a half is decided."""
    exact = Fraction(numerator, denominator)
    quotient = divide(numerator, denominator, rounding)
    assert abs(quotient - exact) <= Fraction(1, 2)
    assert quotient == rounded(exact, rounding)


@given(st.integers(), ROUNDINGS)
def test_m02_half_goes_by_the_named_rounding(whole: int, rounding: Rounding) -> None:
    """Half-up goes away from zero, half-even to the even neighbour, on both sides of zero."""
    half = Fraction(2 * whole + 1, 2)
    away = whole + 1 if half > 0 else whole
    even = whole if whole % 2 == 0 else whole + 1
    expected = away if rounding is Rounding.HALF_UP else even
    assert divide(2 * whole + 1, 2, rounding) == expected


@given(st.integers(), st.integers(min_value=1), ROUNDINGS)
def test_m03_sign_changes_nothing_but_the_sign(
    numerator: int, denominator: int, rounding: Rounding
) -> None:
    """A refund converts to what the purchase converted to."""
    assert divide(-numerator, denominator, rounding) == -divide(numerator, denominator, rounding)


def test_division_by_what_is_not_above_zero_is_our_fault() -> None:
    """A rate of zero never comes this far."""
    for denominator in (0, -1):
        with pytest.raises(AssertionError):
            divide(1, denominator, Rounding.HALF_UP)


@pytest.mark.parametrize(
    ("text", "value"),
    [("512.34", (51234, 2)), ("1", (1, 0)), ("0.0020", (20, 4)), ("007", (7, 0))],
)
def test_rate_is_digits_and_a_scale(text: str, value: tuple[int, int]) -> None:
    """A decimal text becomes an integer and how many of its digits stand behind the point."""
    assert parse_rate_value(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "", " 1", "1 ", "+1", "-1", "1_0", "١٢", "1.٢", "1e5", "1.", ".5", "1.2.3", "1,2",
        "0x1", "inf", "nan", "1\n", "1234567890123", "0.1234567890123",
    ],
)  # fmt: skip
def test_m10_rate_that_is_not_plain_digits_is_refused(text: str) -> None:
    """What Python would take for a number and a person would not is no rate."""
    with pytest.raises(ValueError, match="a rate is digits"):
        parse_rate_value(text)


@pytest.mark.parametrize("text", ["0", "0.00", "000"])
def test_m10_rate_of_zero_is_refused(text: str) -> None:
    """A rate of zero would make money vanish."""
    with pytest.raises(ValueError, match="not zero"):
        parse_rate_value(text)


@given(DIGITS, DIGITS)
def test_rate_value_is_exact(whole: str, fraction: str) -> None:
    """The integer over its power of ten is the decimal number that was written."""
    assume((whole + fraction).strip("0"))
    mantissa, scale = parse_rate_value(f"{whole}.{fraction}")
    assert Fraction(mantissa, 10**scale) == Fraction(Decimal(f"{whole}.{fraction}"))


@pytest.mark.parametrize(
    ("base", "quote", "value", "source", "target", "amount", "expected"),
    [
        # 10.00 USD at 512.34 is 5,123.40 KZT; the inverse of 5,123.40 KZT is 10.00 USD.
        ("USD", "KZT", "512.34", "USD", "KZT", 1_000, 512_340),
        ("USD", "KZT", "512.34", "KZT", "USD", 512_340, 1_000),
        # 1.00 USD at 151.5 is 151.5 JPY, which has no smaller unit: half-up gives 152.
        ("USD", "JPY", "151.5", "USD", "JPY", 100, 152),
        ("USD", "JPY", "151.5", "JPY", "USD", 303, 200),
        # 1.00 USD at 0.30715 is 0.30715 KWD, three decimals: 307 fils.
        ("USD", "KWD", "0.30715", "USD", "KWD", 100, 307),
        ("USD", "KWD", "0.30715", "KWD", "USD", 307, 100),
        # 1 JPY at 0.00203 KWD is 2.03 fils.
        ("JPY", "KWD", "0.00203", "JPY", "KWD", 1, 2),
        # 1.00 USD at 0.0245 CLF is 0.0245: four decimals.
        ("USD", "CLF", "0.0245", "USD", "CLF", 100, 245),
    ],
)
def test_m01_conversion_between_currencies_of_different_decimals(
    base: str, quote: str, value: str, source: str, target: str, amount: int, expected: int
) -> None:
    """Worked by hand: the rate is of whole units, the amounts are of minor units."""
    mantissa, scale = parse_rate_value(value)
    rate = Rate("R1", base, quote, mantissa, scale, 0)
    assert conversion(rate, source, target, Rounding.HALF_UP).convert(amount) == expected


@given(
    st.integers(1, 10**15), st.integers(0, 12), CODES, CODES,
    st.integers(-(10**30), 10**30), ROUNDINGS,
)  # fmt: skip
def test_m11_conversion_is_the_exact_one_rounded_once(
    mantissa: int, scale: int, base: str, quote: str, amount: int, rounding: Rounding
) -> None:
    """Directly and inversely, the result is the exact fraction, rounded once."""
    assume(base != quote)
    exponents = {"JPY": 0, "KZT": 2, "USD": 2, "KWD": 3, "CLF": 4}
    price = Fraction(mantissa, 10**scale)
    rate = Rate("R1", base, quote, mantissa, scale, 0)
    shift = Fraction(10 ** exponents[quote], 10 ** exponents[base])
    direct = conversion(rate, base, quote, rounding).convert(amount)
    assert direct == rounded(amount * price * shift, rounding)
    inverse = conversion(rate, quote, base, rounding).convert(amount)
    assert inverse == rounded(amount / price / shift, rounding)


def test_m15_large_amounts_stay_exact() -> None:
    """The sum of a day above 64 bits is converted to the last minor unit."""
    there = conversion(dollar("512.34"), "USD", "KZT", Rounding.HALF_UP)
    back = conversion(dollar("512.34"), "KZT", "USD", Rounding.HALF_UP)
    amount = 10**40 + 7
    assert there.convert(amount) == 51234 * 10**38 + 3586  # 7 * 512.34 = 3586.38
    assert back.convert(there.convert(amount)) == amount


def test_rate_of_other_currencies_gives_no_conversion() -> None:
    """A rate is never used for a pair it does not price."""
    for pair in (("USD", "EUR"), ("EUR", "KZT"), ("USD", "USD")):
        with pytest.raises(LookupError, match="another pair"):
            conversion(dollar("512.34"), *pair, Rounding.HALF_UP)


@pytest.mark.parametrize(
    ("base", "quote", "value", "source", "target", "text"),
    [
        # 512.34 is 5,123,400 with four decimals.
        ("USD", "KZT", "512.34", "USD", "KZT", "45123400"),
        # 1 / 512.34 is 0.0019518288...: nine decimals leave 1,951,829 (rounded up).
        ("USD", "KZT", "512.34", "KZT", "USD", "91951829"),
        # 151.5 yen for a dollar, of whole units although the yen has no minor ones.
        ("USD", "JPY", "151.5", "USD", "JPY", "41515000"),
        ("USD", "KWD", "0.30715", "USD", "KWD", "73071500"),
        ("USD", "EUR", "1", "USD", "EUR", "61000000"),
        # Seven digits before the point leave no decimal; half a unit is rounded.
        ("USD", "KZT", "9999999", "USD", "KZT", "09999999"),
        ("USD", "KZT", "1234567.5", "USD", "KZT", "01234568"),
        # 999.99995 would round to eight digits with four decimals, so it keeps three.
        ("USD", "KZT", "999.99995", "USD", "KZT", "31000000"),
        ("USD", "KZT", "0.000000001", "USD", "KZT", "90000001"),
    ],
)
def test_iso_rate_is_decimals_then_seven_digits(
    base: str, quote: str, value: str, source: str, target: str, text: str
) -> None:
    """DE9 and DE10, worked by hand: as many decimals as seven digits allow."""
    mantissa, scale = parse_rate_value(value)
    rate = Rate("R1", base, quote, mantissa, scale, 0)
    assert conversion(rate, source, target, Rounding.HALF_UP).iso_rate() == text


@given(st.integers(1, 10**14), st.integers(0, 12), CODES, CODES)
def test_iso_rate_reads_back_within_its_last_digit(
    mantissa: int, scale: int, base: str, quote: str
) -> None:
    """What DE9 says is the rate, to half a unit of its last digit, with seven digits used."""
    assume(base != quote)
    price = Fraction(mantissa, 10**scale)
    assume(Fraction(1, 10**9) <= price <= 9_999_999)
    rate = Rate("R1", base, quote, mantissa, scale, 0)
    text = conversion(rate, base, quote, Rounding.HALF_EVEN).iso_rate()
    decimals, digits = int(text[0]), int(text[1:])
    assert len(text) == 8
    assert abs(Fraction(digits, 10**decimals) - price) <= Fraction(1, 2 * 10**decimals)
    assert decimals == 9 or digits >= 1_000_000


@pytest.mark.parametrize("value", ["9999999.5", "10000000", "0.0000000004"])
def test_m15_rate_that_does_not_fit_is_refused(value: str) -> None:
    """A rate is never cut to fit, and never sent as nothing."""
    with pytest.raises(OverflowError):
        conversion(dollar(value), "USD", "KZT", Rounding.HALF_UP).iso_rate()


def test_conversion_names_its_rate() -> None:
    """Which rate was used is kept beside the amounts."""
    found = conversion(dollar("512.34"), "KZT", "USD", Rounding.HALF_EVEN)
    assert isinstance(found, Conversion)
    assert (found.source, found.target, found.rate_id) == ("KZT", "USD", "R1")
    assert found.rounding is Rounding.HALF_EVEN
