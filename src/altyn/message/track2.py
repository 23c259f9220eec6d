"""Track 2: number, expiry, service code and the issuer's own digits (ISO/IEC 7813, clause 6)."""

import re
from typing import Final, NamedTuple

from altyn.card import PAN_DIGITS_MAX, PAN_DIGITS_MIN, mask
from altyn.message.record import MessageError

_FIELD: Final = 35
_CHARACTERS_MAX: Final = 37
_DIGITS: Final = re.compile("[0-9]*")


class Track2(NamedTuple):
    """What track 2 says. Printing it shows six and four digits of the number and nothing else.

    ``pan`` 13 to 19 digits, ``expiry`` four digits YYMM, ``service_code`` three digits,
    ``discretionary`` the digits left, perhaps none.
    """

    pan: str
    expiry: str
    service_code: str
    discretionary: str

    def __repr__(self) -> str:
        return f"Track2({mask(self.pan)})"


def parse_track2(track: str) -> Track2:
    """The parts of track 2, up to 37 characters without sentinels, separated by "=" or "D".

    One "F" at the end is taken off: it fills the last half-byte of the chip's copy (EMV Book 3,
    tag 57). Raises ``MessageError`` on field 35 with the offset in the track.
    """
    text = track.removesuffix("F")
    if len(text) > _CHARACTERS_MAX:
        raise _refusal(f"track 2 is longer than {_CHARACTERS_MAX} characters", 0)
    at = _separator(text)
    pan, rest = text[:at], text[at + 1 :]
    if not PAN_DIGITS_MIN <= len(pan) <= PAN_DIGITS_MAX or _DIGITS.fullmatch(pan) is None:
        reason = f"the card number is not {PAN_DIGITS_MIN} to {PAN_DIGITS_MAX} digits"
        raise _refusal(reason, 0)
    if _DIGITS.fullmatch(rest) is None or len(rest) < 7:
        raise _refusal("after the separator, seven digits or more are needed", at + 1)
    if not "01" <= rest[2:4] <= "12":
        raise _refusal("the month of expiry is not 01 to 12", at + 3)
    return Track2(pan, rest[:4], rest[4:7], rest[7:])


def _separator(text: str) -> int:
    places = [at for at in (text.find("="), text.find("D")) if at >= 0]
    if not places:
        raise _refusal("there is no separator, '=' or 'D'", 0)
    return min(places)


def _refusal(reason: str, offset: int) -> MessageError:
    return MessageError(reason, _FIELD, offset)
