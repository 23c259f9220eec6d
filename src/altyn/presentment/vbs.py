"""Records of variable length in a stream of bytes, plain (VBS) or in blocks of 1014 bytes.

Two records, of 3 and 2 bytes, and the zero that ends them:

    00000000: 00 00 00 03 41 42 43 00  00 00 02 44 45 00 00 00  ....ABC....DE...
    00000010: 00                                                .

Blocked, each 1012 bytes of that are followed by two bytes of 40, and the last block is filled up
with bytes of 40, an EBCDIC blank.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from altyn.presentment.findings import FileRefusal, Reason

RECORD_BYTES_MAX: Final = 6000
"""As the reader of other programs has it; our longest presentment is far below."""
BLOCK: Final = 1014
BLOCK_DATA: Final = 1012
_FILL: Final = b"\x40"
_LENGTH: Final = struct.Struct(">I")


def unblocked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The stream without its blocks. Raises FileRefusal for a block cut short or closed wrongly."""
    rest, blocks = b"", 0
    for chunk in chunks:
        rest += chunk
        whole = len(rest) // BLOCK
        if not whole:
            continue
        data = np.frombuffer(rest, np.uint8, whole * BLOCK).reshape(whole, BLOCK)
        wrong = np.flatnonzero((data[:, BLOCK_DATA:] != _FILL[0]).any(axis=1))
        if len(wrong):
            at = (blocks + int(wrong[0])) * BLOCK + BLOCK_DATA
            raise FileRefusal(Reason.STRUCTURE, offset=at)
        yield np.ascontiguousarray(data[:, :BLOCK_DATA]).tobytes()
        rest = rest[whole * BLOCK :]
        blocks += whole
    if rest:
        raise FileRefusal(Reason.TRUNCATED, offset=blocks * BLOCK + len(rest))


def records(chunks: Iterable[bytes], blocked: bool) -> Iterator[bytes]:
    """The records in order.

    Raises FileRefusal for a length that no record has, for a stream that ends before the zero, and
    for anything but fill behind it. Places are bytes of the stream, its blocks taken away.
    """
    rest, base, ended = b"", 0, False
    for chunk in unblocked(chunks) if blocked else chunks:
        rest = rest + chunk if rest else chunk
        at, size = 0, len(rest)
        while not ended and at + 4 <= size:
            length = _LENGTH.unpack_from(rest, at)[0]
            if length > RECORD_BYTES_MAX:
                raise FileRefusal(Reason.RECORD_TOO_LONG, offset=base + at)
            end = at + 4 + length
            if end > size:
                break
            if length:
                yield rest[at + 4 : end]
            ended = not length
            at = end
        rest, base = rest[at:], base + at
        if ended:
            rest = _expect_fill(rest, base, blocked)
    if not ended:
        raise FileRefusal(Reason.TRUNCATED, offset=base + len(rest))


def _expect_fill(rest: bytes, base: int, blocked: bool) -> bytes:
    """Nothing follows the end but the fill of blocks; what was looked at is let go."""
    fill = rest.lstrip(_FILL) if blocked else rest
    if fill:
        raise FileRefusal(Reason.TRAILING_BYTES, offset=base + len(rest) - len(fill))
    return b""


def write_records(records_: Iterable[bytes], blocked: bool) -> Iterator[bytes]:
    """The stream of these records, ended by its zero."""
    return _blocked(_prefixed(records_)) if blocked else _prefixed(records_)


def _prefixed(records_: Iterable[bytes]) -> Iterator[bytes]:
    for record in records_:
        assert 0 < len(record) <= RECORD_BYTES_MAX, "a record that no reader takes"
        yield _LENGTH.pack(len(record)) + record
    yield _LENGTH.pack(0)


def _blocked(stream: Iterable[bytes]) -> Iterator[bytes]:
    buffer = bytearray()
    for piece in stream:
        buffer += piece
        while len(buffer) >= BLOCK_DATA:
            yield bytes(buffer[:BLOCK_DATA]) + 2 * _FILL
            del buffer[:BLOCK_DATA]
    if buffer:
        yield bytes(buffer).ljust(BLOCK, _FILL)
