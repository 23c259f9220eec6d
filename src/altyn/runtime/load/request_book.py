"""The authorization requests of a load run: made by the codec beforehand, cut where they vary.

Twenty fields, 0100, a purchase with a chip and a PIN. Card number, amount, track, PIN block and
cryptogram differ from variant to variant; the time, the trace number, the reference number and the
terminal are put between the pieces of a variant when it is sent. The card numbers are invented:
999999 is assigned to nobody (ISO/IEC 7812-1, first digit 9: for national standards bodies).
"""

import hashlib
from functools import cache
from typing import Final, NamedTuple

from altyn.card import check_digit
from altyn.message import Codec, Message
from altyn.runtime.load.frame_layout import FieldSpan, field_spans, frame_of

__all__ = ["ACQUIRER_ID", "BIN_PREFIX", "RequestBook", "Variant", "request_book", "request_message"]

ACQUIRER_ID: Final = "400001"
BIN_PREFIX: Final = "999999"
# A power of two, so that a variant is chosen by masking.
VARIANTS: Final = 2048
_MTI: Final = "0100"
_EXPIRY: Final = "2912"
_CHIP_DATA: Final = (
    "9f2608{cryptogram}9f2701809f10120110a74003020000000000000000000000ff"
    "9f3704{number}9f360200019505008004800"
    "09a032611239c01009f0206{amount}5f2a020978820239009f1a0202469f03060000000000009f3303e0f8c8"
    "9f34034403029f3501229f1e0831323334353637388407a00000000410109f090200029f410400000001"
)


class Variant(NamedTuple):
    """The pieces of a request between the parts that are put in when it is sent."""

    head: bytes
    """Length, message type, bitmap, DE2 to DE4; DE7, DE11, DE12 and DE13 follow."""
    middle: bytes
    """DE14 to DE35; DE37 and DE41 follow."""
    tail: bytes
    """DE42 to DE55."""


class RequestBook:
    """All variants of the request, and where the fields lie in every one of them."""

    def __init__(self, codec: Codec) -> None:
        self.spans: dict[int, FieldSpan] = field_spans(codec, request_message(0))
        self.variants: tuple[Variant, ...] = tuple(self._cut(codec, n) for n in range(VARIANTS))

    def _cut(self, codec: Codec, number: int) -> Variant:
        frame = frame_of(codec, request_message(number))
        spans = self.spans
        assert len(frame) == max(span.end for span in spans.values()), "variants differ in length"
        return Variant(
            frame[: spans[7].start],
            frame[spans[13].end : spans[37].start],
            frame[spans[41].end :],
        )


@cache
def request_book(codec: Codec) -> RequestBook:
    """The book in that codec's dialect, which is made once: it never changes."""
    return RequestBook(codec)


def request_message(number: int) -> Message:
    """Variant `number` with placeholders where a sent request has its own time, STAN and so on."""
    noise = hashlib.sha256(number.to_bytes(4, "big")).digest()
    digits = f"{int.from_bytes(noise[:8], 'big') % 10**13:013d}"
    body = f"{BIN_PREFIX}{digits[:9]}"
    pan = body + check_digit(body)
    amount = f"{100 + int.from_bytes(noise[8:12], 'big') % 500_000:012d}"
    chip = _CHIP_DATA.format(
        cryptogram=noise[12:20].hex(), number=noise[20:24].hex(), amount=amount
    )
    return Message(
        _MTI,
        {
            2: pan,
            3: "000000",
            4: amount,
            7: "0101000000",
            11: "000001",
            12: "000000",
            13: "0101",
            14: _EXPIRY,
            18: "5411",
            22: "051",
            25: "00",
            32: ACQUIRER_ID,
            35: f"{pan}={_EXPIRY}201{digits}",
            37: "000000000001",
            41: "LOAD0000",
            42: f"MERCHANT{number:07d}",
            43: f"{'EXAMPLE STORE 0001':<25}{'HELSINKI':<13}FI",
            49: "978",
            52: noise[24:32],
            55: bytes.fromhex(chip),
        },
    )
