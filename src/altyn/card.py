"""Card data: the number, its check digit, its masked form and its stored form.

This module is the one place that decides how a card number is shown and kept. Today a
stored number is packed, not encrypted; the protection of stored numbers goes here.
"""

from typing import Final

PAN_DIGITS_MIN: Final = 13
PAN_DIGITS_MAX: Final = 19
STORED_PAN_BYTES: Final = 10

# Luhn: digits in even places from the right count double, with the digits of the
# product added. The table works on ASCII codes and gives the value back as a byte 0..9.
_SINGLE = bytes(max(0, code - 48) if 48 <= code <= 57 else 0 for code in range(256))
_DOUBLED = bytes(
    ((code - 48) * 2 - 9 if code > 52 else (code - 48) * 2) if 48 <= code <= 57 else 0
    for code in range(256)
)


class Pan(str):
    """A primary account number: a text that prints itself masked.

    Joining, slicing and encoding use the digits; `str()`, `repr()` and format strings
    show six digits, stars and four digits (PCI DSS 3.4.1).
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Pan({mask(self)!r})"

    def __str__(self) -> str:
        return mask(self)

    def __format__(self, format_spec: str) -> str:
        return format(mask(self), format_spec)


def mask(pan: str) -> str:
    """First six and last four digits; a number too short for that is hidden whole."""
    length = str.__len__(pan)
    if length < PAN_DIGITS_MIN:
        return "*" * length
    return str.__getitem__(pan, slice(0, 6)) + "*" * (length - 10) + pan[-4:]


def luhn_valid(pan: str) -> bool:
    """Whether the last digit is the check digit of the rest (ISO/IEC 7812-1, Annex B).

    Takes ASCII digits only; a number of zeros alone passes the sum but is no card (W13).
    """
    digits = pan.encode("ascii")
    single = digits[-1::-2]
    # An ASCII digit is its value plus 48.
    return (sum(single) - 48 * len(single) + sum(digits[-2::-2].translate(_DOUBLED))) % 10 == 0


def check_digit(body: str) -> str:
    """The Luhn digit that completes a number without its last digit."""
    total = sum(
        _DOUBLED[ord(digit)] if place % 2 == 0 else _SINGLE[ord(digit)]
        for place, digit in enumerate(reversed(body))
    )
    return str(-total % 10)


def seal(pan: str) -> bytes:
    """The form in which a card number is kept in the journal: 10 bytes, BCD, filled with F."""
    return bytes.fromhex(str.ljust(pan, 20, "f"))


def seal_joined(padded: str) -> bytes:
    """The stored forms of many card numbers at once, joined.

    padded: the numbers one after another, each filled up with `f` to 20 characters.
    """
    return bytes.fromhex(padded)


def unseal(stored: bytes) -> Pan:
    """The card number of its stored form; the inverse of `seal`."""
    return Pan(stored.hex().rstrip("f"))


__all__ = [
    "PAN_DIGITS_MAX",
    "PAN_DIGITS_MIN",
    "STORED_PAN_BYTES",
    "Pan",
    "check_digit",
    "luhn_valid",
    "mask",
    "seal",
    "seal_joined",
    "unseal",
]
