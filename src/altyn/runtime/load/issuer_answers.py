"""An issuer that approves everything: request frames in, reply frames out, no socket.

Any request (0100, 0120, 0200, 0220, 0400, 0420, 0800 and their repeats) is answered with its
message type plus 10, the echoed fields below and response code 00. Authorizations and financial
messages also get an authorization code, which counts up, and when the request had chip data an
issuer's authentication value (EMV Book 4, tag 91).
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from altyn.message import Codec, Message, MessageError
from altyn.runtime.load.frame_layout import (
    HEADER_BYTES,
    SHAPE_BYTES,
    FieldSpan,
    field_spans,
    frame_of,
    guard_reading,
    reading_of,
)

__all__ = ["IssuerAnswers"]

_ECHOED: Final[tuple[int, ...]] = (2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49, 70, 90)
_AUTHORIZATION_CODES: Final = 1_000_000
_APPROVED: Final = "00"
_CHIP_ANSWER: Final = bytes.fromhex("910a01020304050607083030")
# A peer that invents bitmaps must not fill our memory.
_PLANS_MAX: Final = 512

Unpack = Callable[[bytes, int], tuple[Any, ...]]


class _Plan(NamedTuple):
    """How requests of one shape are answered; the pieces in the order of the reply."""

    guards: Unpack
    guards_expected: tuple[bytes, ...]
    echo: Unpack
    head: bytes
    """Length, message type and bitmaps of the reply."""
    echoed_before_codes: int
    """How many pieces of the echo stand before DE38 and DE39."""
    approves: bool
    """Whether DE38 stands before `code`."""
    code: bytes
    echoed_before_chip: int
    chip: bytes
    """DE55 with its length, or nothing."""


class IssuerAnswers:
    """The answers of one issuer.

    `answered` counts the requests answered, `refused` the frames that were no message.
    """

    def __init__(self, codec: Codec) -> None:
        self.answered = 0
        self.refused = 0
        self._codec = codec
        self._plans: dict[bytes, _Plan] = {}
        self._silence = _silence()

    def answer(self, data: bytes) -> tuple[bytes, int]:
        """The replies to all whole frames of `data`, and how many bytes of it they took."""
        plans, pieces = self._plans, list[bytes]()
        position, end, answered = 0, len(data), self.answered
        while end - position >= HEADER_BYTES:
            shape = data[position : position + SHAPE_BYTES]
            following = position + HEADER_BYTES + (shape[0] << 8 | shape[1])
            if following > end:
                break
            plan = plans.get(shape)
            if plan is None or plan.guards(data, position) != plan.guards_expected:
                plan = self._learn(data[position:following])
            _, _, echo, head, first, approves, code, second, chip = plan
            values = echo(data, position)
            position = following
            if not head:
                continue
            answered += 1
            pieces.append(head)
            pieces += values[:first]
            pieces.append(b"%06d%b" % (answered % _AUTHORIZATION_CODES, code) if approves else code)
            pieces += values[first:second]
            pieces.append(chip)
            pieces += values[second:]
        self.answered = answered
        return b"".join(pieces), position

    def _learn(self, frame: bytes) -> _Plan:
        try:
            request = self._codec.decode(frame[HEADER_BYTES:])
        except MessageError:
            self.refused += 1
            return self._silence
        if len(self._plans) >= _PLANS_MAX:
            self._plans.clear()
        plan = self._plan(request, frame)
        self._plans[frame[:SHAPE_BYTES]] = plan
        return plan

    def _plan(self, request: Message, frame: bytes) -> _Plan:
        if int(request.mti[2]) % 2:
            # A response: nothing to answer.
            return self._silence
        reply = _reply(request)
        asked = field_spans(self._codec, request)
        told = field_spans(self._codec, reply)
        whole = frame_of(self._codec, reply)
        guards = guard_reading(asked)
        runs = _runs([number for number in _ECHOED if number in asked], asked)
        echo = reading_of((asked[run[0]].start, asked[run[-1]].end) for run in runs)
        chip = told.get(55)
        return _Plan(
            guards=guards.layout.unpack_from,
            guards_expected=guards.layout.unpack_from(frame),
            echo=echo.layout.unpack_from,
            head=whole[: min(span.start for span in told.values())],
            echoed_before_codes=sum(run[-1] < 38 for run in runs),
            approves=38 in told,
            code=whole[told[39].start : told[39].end],
            echoed_before_chip=sum(run[-1] < 55 for run in runs),
            chip=whole[chip.start : chip.end] if chip else b"",
        )


def _reply(request: Message) -> Message:
    fields = {number: request.fields[number] for number in _ECHOED if number in request.fields}
    if request.mti[1] in "12":
        fields[38] = "000000"
        if 55 in request.fields:
            fields[55] = _CHIP_ANSWER
    fields[39] = _APPROVED
    return Message(f"{request.mti[:2]}{int(request.mti[2]) + 1}0", fields)


def _runs(numbers: list[int], spans: dict[int, FieldSpan]) -> list[list[int]]:
    """Echoed fields that stand side by side in request and reply, together: fewer to take."""
    runs: list[list[int]] = []
    for number in numbers:
        last = runs[-1][-1] if runs else 0
        # The codes stand between 37 and 41 in the reply, the chip's answer between 49 and 70.
        apart = last < 38 < number or last < 55 < number
        if last and not apart and spans[last].end == spans[number].start:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _silence() -> _Plan:
    """The plan of a frame that gets no answer."""
    nothing = reading_of(()).layout.unpack_from
    return _Plan(nothing, (), nothing, b"", 0, False, b"", 0, b"")
