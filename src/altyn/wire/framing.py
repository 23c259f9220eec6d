r"""Frames: bytes between two length headers, found in a buffer and never beyond it.

A frame of 12 bytes under each header, with and without a TPDU (five bytes that some networks put
between the header and the message; ISO 8583 knows nothing of them)::

    binary2         00 0c | 30 38 30 30 ...
    bcd2            00 12 | 30 38 30 30 ...
    ascii4          30 30 31 32 | 30 38 30 30 ...
    binary4         00 00 00 0c | 30 38 30 30 ...
    binary2 + tpdu  00 11 | 60 00 01 00 02 | 30 38 30 30 ...

The length counts what follows the header, the TPDU with it; with ``length_includes_header`` it
counts the header too. A wrong length is final: after it nobody knows where the next frame starts,
so the link is closed and there is no searching for one.
"""

from collections.abc import Callable
from typing import Final

FRAME_BYTES_MAX: Final = 8192
"""The longest frame body accepted unless a link says otherwise."""

TPDU_BYTES: Final = 5

_HEADER_BYTES: Final = {"binary2": 2, "bcd2": 2, "ascii4": 4, "binary4": 4}
_LENGTH_MAX: Final = {"binary2": 0xFFFF, "bcd2": 9999, "ascii4": 9999, "binary4": 0xFFFFFFFF}


class FrameError(Exception):
    """A length header that cannot be right, or a payload that cannot be framed.

    ``offset`` is where in the buffer the header stands (None when writing). ``payloads`` are the
    whole frames found before it in the same call, which were sound.
    """

    def __init__(
        self, reason: str, offset: int | None = None, payloads: list[bytes] | None = None
    ) -> None:
        super().__init__(reason, offset)
        self.reason = reason
        self.offset = offset
        self.payloads = payloads or []

    def __str__(self) -> str:
        return self.reason if self.offset is None else f"byte {self.offset}: {self.reason}"


class Framing:
    """How one link marks the ends of its messages. It keeps no state between calls."""

    def __init__(
        self, name: str, tpdu: bytes | None, length_includes_header: bool, max_frame: int
    ) -> None:
        self.name = name
        self.tpdu = tpdu
        self.length_includes_header = length_includes_header
        self.max_frame = max_frame
        self._header_bytes = _HEADER_BYTES[name]
        self._counted_header_bytes = self._header_bytes if length_includes_header else 0
        self._tpdu_bytes = 0 if tpdu is None else TPDU_BYTES
        self._read_length = _LENGTH_READERS[name]
        self._write_length = _LENGTH_WRITERS[name]

    def take(self, buffer: bytearray, start: int, end: int) -> tuple[list[bytes], int]:
        """Every whole payload in ``buffer[start:end]``, and where the rest starts.

        A header is judged as soon as it is complete, before its body is waited for. Raises
        ``FrameError`` for a length of nothing, above the maximum, or not made of digits.
        """
        payloads: list[bytes] = []
        while end - start >= self._header_bytes:
            length = self._read_length(buffer, start)
            body = length - self._counted_header_bytes
            if length < 0 or not self._tpdu_bytes < body <= self.max_frame:
                raise FrameError(self._fault(length, body), start, payloads)
            stop = start + self._header_bytes + body
            if stop > end:
                break
            payloads.append(bytes(buffer[start + self._header_bytes + self._tpdu_bytes : stop]))
            start = stop
        return payloads, start

    def wrap(self, payload: bytes) -> bytes:
        """The payload as one frame: header, TPDU where the link has one, payload.

        Raises ``FrameError`` for an empty payload and for one above the maximum.
        """
        body = payload if self.tpdu is None else self.tpdu + payload
        if not payload:
            raise FrameError("there is nothing to send: the payload is empty")
        if len(body) > self.max_frame:
            raise FrameError(f"the frame would be longer than {self.max_frame} bytes")
        return self._write_length(len(body) + self._counted_header_bytes) + body

    def _fault(self, length: int, body: int) -> str:
        if length < 0:
            return "the length header is not made of digits"
        if body > self.max_frame:
            return f"the length header announces more than {self.max_frame} bytes"
        if body <= 0:
            return "the length header announces nothing"
        return "the length header announces a frame with no message after the TPDU"


class _Binary2Framing(Framing):
    """Two bytes and no options: the framing of the switch's own links, written for speed."""

    def take(self, buffer: bytearray, start: int, end: int) -> tuple[list[bytes], int]:
        """See ``Framing.take``."""
        payloads: list[bytes] = []
        if end - start < 2:
            return payloads, start
        # One copy of everything received makes each payload one cheap slice of bytes.
        data = bytes(buffer[start:end])
        last, at, max_frame = len(data) - 1, 0, self.max_frame
        while at < last:
            length = data[at] << 8 | data[at + 1]
            if not 0 < length <= max_frame:
                raise FrameError(self._fault(length, length), start + at, payloads)
            stop = at + 2 + length
            if stop > last + 1:
                break
            payloads.append(data[at + 2 : stop])
            at = stop
        return payloads, start + at

    def wrap(self, payload: bytes) -> bytes:
        """See ``Framing.wrap``."""
        if 0 < len(payload) <= self.max_frame:
            return len(payload).to_bytes(2, "big") + payload
        return super().wrap(payload)


def framing(
    name: str,
    tpdu: bytes | None = None,
    length_includes_header: bool = False,
    max_frame: int = FRAME_BYTES_MAX,
) -> Framing:
    """The framing called ``binary2``, ``bcd2``, ``ascii4`` or ``binary4``.

    With a ``tpdu`` of five bytes, those of the peer are stripped when reading and this one is put
    when writing. ``max_frame`` bounds the body in bytes, the TPDU with it. Raises ``ValueError``
    for another name, another length of TPDU, and a maximum that the header cannot write.
    """
    if name not in _HEADER_BYTES:
        raise ValueError(f"no framing has this name; there are {', '.join(framing_names())}")
    if tpdu is not None and len(tpdu) != TPDU_BYTES:
        raise ValueError(f"a TPDU is {TPDU_BYTES} bytes long")
    room = _LENGTH_MAX[name] - (_HEADER_BYTES[name] if length_includes_header else 0)
    if not TPDU_BYTES < max_frame <= room:
        raise ValueError(f"max_frame of {name} must be above {TPDU_BYTES} and at most {room}")
    plain = name == "binary2" and tpdu is None and not length_includes_header
    made = _Binary2Framing if plain else Framing
    return made(name, tpdu, length_includes_header, max_frame)


def framing_names() -> tuple[str, ...]:
    """The names that ``framing`` knows."""
    return tuple(_HEADER_BYTES)


def _read_digits(digits: str | bytes | bytearray) -> int:
    """The number, or -1 where int() would also take signs, spaces and underscores."""
    return int(digits) if digits.isdigit() else -1


_LENGTH_READERS: Final[dict[str, Callable[[bytearray, int], int]]] = {
    "binary2": lambda buffer, at: int.from_bytes(buffer[at : at + 2], "big"),
    "binary4": lambda buffer, at: int.from_bytes(buffer[at : at + 4], "big"),
    "bcd2": lambda buffer, at: _read_digits(buffer[at : at + 2].hex()),
    "ascii4": lambda buffer, at: _read_digits(buffer[at : at + 4]),
}
_LENGTH_WRITERS: Final[dict[str, Callable[[int], bytes]]] = {
    "binary2": lambda length: length.to_bytes(2, "big"),
    "binary4": lambda length: length.to_bytes(4, "big"),
    "bcd2": lambda length: bytes.fromhex(f"{length:04d}"),
    "ascii4": lambda length: b"%04d" % length,
}
