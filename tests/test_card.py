"""Card data: the check digit, the masked form, the stored form."""

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.card import (
    PAN_DIGITS_MAX,
    PAN_DIGITS_MIN,
    STORED_PAN_BYTES,
    Pan,
    check_digit,
    luhn_valid,
    mask,
    seal,
    seal_joined,
    unseal,
)

NUMBER = "9900010000000019"
NUMBERS = st.text("0123456789", min_size=PAN_DIGITS_MIN, max_size=PAN_DIGITS_MAX)


def slow_sum(digits: str) -> int:
    """The sum of ISO/IEC 7812-1, Annex B, digit by digit as the standard tells it."""
    total = 0
    for place, digit in enumerate(digits[::-1]):
        value = int(digit) * (2 if place % 2 else 1)
        total += value // 10 + value % 10
    return total


@given(st.text("0123456789", min_size=1, max_size=40))
def test_w13_check_is_that_of_the_standard(digits: str) -> None:
    """The fast sum and the slow one agree on every number."""
    assert luhn_valid(digits) == (slow_sum(digits) % 10 == 0)


@given(st.text("0123456789", min_size=1, max_size=39))
def test_check_digit_completes_a_number(body: str) -> None:
    """With its check digit a number is right, with any other it is wrong."""
    right = check_digit(body)
    assert [digit for digit in "0123456789" if luhn_valid(body + digit)] == [right]


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("79927398713", True),  # the usual worked example of the sum
        ("79927398710", False),
        # By hand: 9 and 2 from the doubled digits, 9, 1 and 9 from the others, 30 in all.
        ("9900010000000019", True),
        ("9900010000000010", False),
    ],
)
def test_known_numbers(number: str, valid: bool) -> None:
    """The published example and one of our own, worked by hand, are judged rightly."""
    assert luhn_valid(number) is valid


def test_w13_zeros_alone_pass_the_sum() -> None:
    """The sum is not enough: a number of zeros is for the caller to refuse."""
    assert luhn_valid("0" * 16)


@given(NUMBERS, st.data())
def test_one_wrong_digit_is_always_found(number: str, data: st.DataObject) -> None:
    """Any single slip breaks the sum."""
    right = number[:-1] + check_digit(number[:-1])
    place = data.draw(st.integers(0, len(right) - 1))
    digit = data.draw(st.sampled_from([each for each in "0123456789" if each != right[place]]))
    assert not luhn_valid(right[:place] + digit + right[place + 1 :])


@given(NUMBERS)
def test_mask_shows_six_and_four(number: str) -> None:
    """The first six and the last four digits are shown, never more, and the length is kept."""
    for shown in (mask(number), mask(Pan(number))):
        assert type(shown) is str
        assert shown == number[:6] + "*" * (len(number) - 10) + number[-4:]


@given(st.text("0123456789", max_size=PAN_DIGITS_MIN - 1))
def test_mask_hides_a_short_number_whole(number: str) -> None:
    """Six and four of ten digits would be all of them."""
    assert mask(number) == "*" * len(number)


@given(NUMBERS)
def test_number_never_prints_itself(number: str) -> None:
    """Whatever prints a value prints the mask: the middle digits are in none of the texts."""
    pan = Pan(number)
    texts = [
        str(pan),
        repr(pan),
        format(pan),
        f"{pan}",
        f"{pan!r}",
        f"{pan!s:>30}",
        f"{pan!a}",
        f"{pan:>30}",
        "{}".format(pan),  # noqa: UP032 - the old forms are what is tested
        "%s %r" % (pan, pan),  # noqa: UP031
        repr([pan]),
        str({"pan": pan, "more": (pan,)}),
        str(KeyError(pan)),
        repr(ValueError("refused", pan)),
    ]
    for text in texts:
        assert number not in text
        assert mask(number) in text


@given(NUMBERS)
def test_number_is_still_its_digits_for_the_program(number: str) -> None:
    """Comparing, slicing, joining, encoding and looking up work on the digits."""
    pan = Pan(number)
    assert pan == number
    assert {number: 1}[pan] == 1
    assert pan[:6] == number[:6]
    assert "".join([pan]) == number
    assert pan.encode() == number.encode()
    assert luhn_valid(pan) == luhn_valid(number)
    assert check_digit(pan) == check_digit(number)
    assert json.loads(json.dumps(pan)) == number


def test_number_stays_masked_through_a_copy() -> None:
    """A copy that went through another process prints itself masked, too."""
    again = pickle.loads(pickle.dumps(Pan(NUMBER)))
    assert type(again) is Pan
    assert str(again) == "990001******0019"


@given(NUMBERS)
def test_stored_form_gives_the_number_back(number: str) -> None:
    """13 to 19 digits are 10 bytes, and come back as a number that prints itself masked."""
    stored = seal(number)
    assert len(stored) == STORED_PAN_BYTES
    assert unseal(stored) == number
    assert type(unseal(stored)) is Pan
    assert seal(Pan(number)) == stored


@given(NUMBERS, NUMBERS)
def test_stored_forms_differ_when_numbers_do(one: str, other: str) -> None:
    """No two numbers are stored alike, leading zeros and different lengths included."""
    assert (seal(one) == seal(other)) == (one == other)


def test_stored_form_is_digits_filled_with_f() -> None:
    """Two digits to a byte; what is left over is filled with F."""
    assert seal(NUMBER).hex() == "9900010000000019ffff"
    assert seal("0000000000000").hex() == "0000000000000fffffff"
    assert seal("1234567890123456789").hex() == "1234567890123456789f"


@given(st.lists(st.text("0123456789", min_size=13, max_size=19), max_size=5))
def test_many_numbers_are_sealed_as_each_is(numbers: list[str]) -> None:
    """A column of stored numbers is the stored forms one after another."""
    padded = "".join(number.ljust(20, "f") for number in numbers)
    assert seal_joined(padded) == b"".join(seal(number) for number in numbers)
