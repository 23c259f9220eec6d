"""What every simulated bank says and hears on its line: instants, network messages, DE90.

Written from ISO 8583:1987 alone. Nothing here comes from the switch: a witness must not share
the accused's code.
"""

from datetime import datetime
from typing import Final, NamedTuple

from altyn.message import Message

__all__ = [
    "SIGN_OFF",
    "SIGN_ON",
    "Moment",
    "answer_type",
    "field_text",
    "is_answer",
    "network_answer",
    "network_request",
    "original_data",
    "repeat_type",
    "transmission_time",
]

SIGN_ON: Final = "001"
SIGN_OFF: Final = "002"
"""Network management information codes (DE70)."""

_NETWORK_FIELDS: Final[tuple[int, ...]] = (7, 11, 32, 33, 70)


class Moment(NamedTuple):
    """One reading of the clocks: UTC for what is written, monotonic microseconds for waiting."""

    utc: datetime
    monotonic_us: int


def transmission_time(moment: Moment) -> str:
    """DE7: MMDDhhmmss in UTC."""
    return moment.utc.strftime("%m%d%H%M%S")


def field_text(message: Message, number: int) -> str:
    """A field as text; empty when it is absent or binary."""
    value = message.fields.get(number, "")
    return value if isinstance(value, str) else ""


def is_answer(mti: str) -> bool:
    """Whether a message type is an answer: its third digit is odd."""
    return mti[2] in "13579"


def answer_type(mti: str) -> str:
    """The message type that answers: 0100 and its repeat 0101 get 0110, 0420 gets 0430."""
    return mti[:2] + str(int(mti[2]) + 1) + "0"


def repeat_type(mti: str) -> str:
    """The same message marked as a repeat: the last digit is 1 (0101, 0201, 0221, 0401)."""
    return mti[:3] + "1"


def original_data(original: Message) -> str:
    """DE90 (n42) naming a message: its type, STAN, DE7, DE32 and DE33, zero-filled on the left."""
    return "".join(
        (
            original.mti[:3] + "0",
            field_text(original, 11).zfill(6),
            field_text(original, 7).zfill(10),
            field_text(original, 32).zfill(11),
            field_text(original, 33).zfill(11),
        )
    )


def network_request(
    code: str, stan: str, moment: Moment, institution_field: int, institution_id: str
) -> Message:
    """An 0800 with DE70 `code`; the institution goes into DE32 (acquirer) or DE33 (issuer)."""
    fields: dict[int, str | bytes] = {
        7: transmission_time(moment),
        11: stan,
        institution_field: institution_id,
        70: code,
    }
    return Message("0800", fields)


def network_answer(request: Message) -> Message:
    """The 0810 to an 0800 (echo 301, cut-over 201, sign-on from the other side): it is done."""
    echoed = {n: request.fields[n] for n in _NETWORK_FIELDS if n in request.fields}
    return Message("0810", {**echoed, 39: "00"})
