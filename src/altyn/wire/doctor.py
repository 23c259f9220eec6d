"""The doctor: what bytes of unknown origin may be, and why a reply does not match its request.

Every framing is tried with every dialect, and the fits are ranked: a sound frame around a message
that is read to its last byte comes first, then whatever was read furthest. Nothing that the doctor
says contains card data: findings name fields, offsets and lengths.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from altyn.card import luhn_valid
from altyn.message import (
    Codec,
    Message,
    MessageError,
    TlvError,
    dialect_names,
    load_codec,
    parse_tlv,
    parse_track2,
)
from altyn.wire.framing import TPDU_BYTES, FrameError, framing, framing_names

_ANY_TPDU: Final = bytes(TPDU_BYTES)
_FRAME_BYTES_MAX: Final = 9_990
_HEADER_BYTES: Final = {"": 0, "binary2": 2, "bcd2": 2, "ascii4": 4, "binary4": 4}
_VERSIONS: Final = {"ISO 8583:1987": "0", "ISO 8583:1993": "1"}


class Candidate(NamedTuple):
    """One way to cut the bytes: a framing ("" for none), its options, and what was wrong there."""

    framing: str
    has_tpdu: bool
    length_includes_header: bool
    payload_offset: int
    payload: bytes
    fault: str

    def __str__(self) -> str:
        words = [self.framing or "no frame"]
        words += ["TPDU"] if self.has_tpdu else []
        words += ["length counts its header"] if self.length_includes_header else []
        return ", ".join(words)


class Fit(NamedTuple):
    """One framing with one dialect.

    ``message`` holds what was read: all of it when ``reason`` is empty, else what came before the
    fault in ``field`` at ``offset``, counted from the first of the bytes given.
    """

    candidate: Candidate
    dialect: str
    message: Message | None
    bytes_read: int
    field: int | None
    offset: int | None
    reason: str
    mti_is_of_standard: bool

    @property
    def is_whole(self) -> bool:
        """Whether frame and message are sound to the last byte, and the type is the standard's."""
        return not self.reason and not self.candidate.fault and self.mti_is_of_standard


class Finding(NamedTuple):
    """Something to look at: the field (None for the message as a whole) and what about it."""

    field: int | None
    text: str


def diagnose(data: bytes, codecs: Sequence[Codec] | None = None) -> list[Fit]:
    """Every framing with every dialect (the shipped ones unless given), the likeliest first."""
    tried = [load_codec(name) for name in dialect_names()] if codecs is None else codecs
    fits = [_fit(candidate, codec) for candidate in _candidates(data) for codec in tried]
    return sorted(fits, key=_rank, reverse=True)


def remarks(message: Message) -> list[Finding]:
    """What is odd inside a message that is itself well formed: chip data, tracks, card number."""
    found: list[Finding] = []
    pan, track, chip = (message.fields.get(number) for number in (2, 35, 55))
    if isinstance(pan, str) and not (luhn_valid(pan) and pan.strip("0")):
        found.append(Finding(2, "the card number's check digit is wrong"))
    if isinstance(track, str):
        try:
            track_pan = parse_track2(track).pan
        except MessageError as error:
            found.append(Finding(35, f"byte {error.offset} of the track: {error.reason}"))
        else:
            if isinstance(pan, str) and pan != track_pan:
                found.append(Finding(35, "the card number of the track is not that of field 2"))
    if isinstance(chip, bytes):
        try:
            parse_tlv(chip)
        except TlvError as error:
            found.append(Finding(55, str(error)))
    return found


def explain_mismatch(
    request: bytes, reply: bytes, codecs: Sequence[Codec] | None = None
) -> list[Finding]:
    """Why the reply would not be taken for the answer to the request; empty when it would.

    Both are given as they were on the wire, with or without a frame.
    """
    asked, answered = diagnose(request, codecs)[0], diagnose(reply, codecs)[0]
    unread = [
        Finding(fit.field, f"the {name} cannot be read as {fit.dialect}: {describe_fault(fit)}")
        for name, fit in (("request", asked), ("reply", answered))
        if not fit.is_whole
    ]
    if unread or asked.message is None or answered.message is None:
        return unread
    found = list(_form_findings(asked, answered))
    found += _pairing_findings(asked.message, answered.message)
    return found + list(_echo_findings(asked.message.fields, answered.message.fields))


def describe_fault(fit: Fit) -> str:
    """The faults of a fit in one line; empty when there are none."""
    parts = [fit.candidate.fault] if fit.candidate.fault else []
    if fit.reason:
        where = {None: "", 0: "message type, ", 1: "bitmap, "}.get(
            fit.field, f"field {fit.field}, "
        )
        parts.append(f"{where}byte {fit.offset}: {fit.reason}")
    if not parts and not fit.mti_is_of_standard:
        parts.append("the message type is not of this version of the standard")
    return "; ".join(parts)


def _candidates(data: bytes) -> Iterator[Candidate]:
    for has_tpdu in (False, True):
        start = TPDU_BYTES if has_tpdu else 0
        yield Candidate("", has_tpdu, False, start, data[start:], "")
    for name in framing_names():
        for has_tpdu in (False, True):
            for counted in (False, True):
                yield from _framed(data, name, has_tpdu, counted)


def _framed(data: bytes, name: str, has_tpdu: bool, counted: bool) -> Iterator[Candidate]:
    """The first frame, and where its header is wrong, all that stands behind the header too."""
    made = framing(name, _ANY_TPDU if has_tpdu else None, counted, _FRAME_BYTES_MAX)
    header = _HEADER_BYTES[name]
    start = header + (TPDU_BYTES if has_tpdu else 0)
    rest = data[start:]
    try:
        payloads, end = made.take(bytearray(data), 0, len(data))
    except FrameError as error:
        if not error.payloads:
            yield Candidate(name, has_tpdu, counted, start, rest, f"byte 0: {error.reason}")
            return
        payloads, end = error.payloads, error.offset or 0
    if payloads and end == len(data):
        yield Candidate(name, has_tpdu, counted, start, payloads[0], "")
        return
    if payloads:
        fault = f"byte {end}: no whole frame follows the first"
        yield Candidate(name, has_tpdu, counted, start, payloads[0], fault)
    # Whether it says too much or too little, what it should have said is known.
    right = len(data) - (0 if counted else header)
    fault = f"byte 0: the length header is not {right}, which it would be for all these bytes"
    yield Candidate(name, has_tpdu, counted, start, rest, fault)


def _fit(candidate: Candidate, codec: Codec) -> Fit:
    name = codec.specification.name
    version = _VERSIONS.get(codec.specification.standard)
    try:
        message = codec.decode(candidate.payload)
    except MessageError as error:
        offset = error.offset or 0
        partial = error.partial
        genuine = _is_of_standard(partial, version)
        place = candidate.payload_offset + offset
        return Fit(candidate, name, partial, offset, error.field, place, error.reason, genuine)
    read = len(candidate.payload)
    genuine = _is_of_standard(message, version)
    return Fit(candidate, name, message, read, None, None, "", genuine)


def _is_of_standard(message: Message | None, version: str | None) -> bool:
    """Whether the message type is one: version of the standard, known class, known function."""
    if message is None:
        return False
    mti = message.mti
    return (version is None or mti[0] == version) and mti[1] in "12345678" and mti[2] in "012345"


def _rank(fit: Fit) -> tuple[bool, bool, bool, int, bool, bool]:
    return (
        fit.is_whole,
        fit.mti_is_of_standard,
        not fit.reason,
        fit.bytes_read,
        not fit.candidate.fault,
        not fit.candidate.has_tpdu,
    )


def _form_findings(asked: Fit, answered: Fit) -> Iterator[Finding]:
    if str(asked.candidate) != str(answered.candidate):
        text = f"the request has {asked.candidate} and the reply {answered.candidate}"
        yield Finding(None, text)
    if asked.dialect != answered.dialect:
        yield Finding(None, f"the request is {asked.dialect} and the reply {answered.dialect}")


def _pairing_findings(request: Message, reply: Message) -> list[Finding]:
    """ISO 8583: the reply's function is one more, and a repeat is answered as the first was."""
    found: list[Finding] = []
    function, origin = int(request.mti[2]), int(request.mti[3])
    if function % 2:
        return [Finding(0, f"{request.mti} is itself a reply: nothing answers it")]
    expected = f"{request.mti[:2]}{function + 1}{origin - origin % 2}"
    if reply.mti != expected:
        found.append(Finding(0, f"{request.mti} is answered by {expected}, not by {reply.mti}"))
    if 39 not in reply.fields:
        found.append(Finding(39, "the reply has no response code"))
    return found


_KEYS: Final = {
    7: "transmission date and time",
    11: "trace number",
    32: "acquirer",
    37: "retrieval reference",
    41: "terminal",
    42: "card acceptor",
}
_ECHOES: Final = {2: "card number", 3: "processing code", 4: "amount", 49: "currency"}


def _echo_findings(
    asked: dict[int, str | bytes], answered: dict[int, str | bytes]
) -> Iterator[Finding]:
    for number, name in _KEYS.items():
        if number in asked and number not in answered:
            yield Finding(number, f"the {name} is missing in the reply: a reply repeats it")
    for number, name in sorted({**_KEYS, **_ECHOES}.items()):
        if number not in answered:
            continue
        if number not in asked:
            yield Finding(number, f"the {name} is in the reply and was not in the request")
        elif asked[number] != answered[number]:
            partly = number == 4 and answered.get(39) == "10"
            if not partly:
                yield Finding(
                    number, f"the {name} differs{_difference(asked[number], answered[number])}"
                )


def _difference(one: str | bytes, other: str | bytes) -> str:
    """How two values differ, without either of them."""
    if isinstance(one, bytes) or isinstance(other, bytes):
        return ""
    if one.strip() == other.strip():
        return " in its spaces only"
    if one.strip().lstrip("0") == other.strip().lstrip("0"):
        return " in its leading zeros only"
    if len(one) != len(other):
        return f": {len(one)} characters were sent and {len(other)} came back"
    place = next(at for at, (a, b) in enumerate(zip(one, other, strict=True), 1) if a != b)
    return f" from character {place} on"
