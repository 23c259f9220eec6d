"""Files that come packed, by gzip or as a zip archive of one file: unpacked as they stream in.

What they unpack to is bounded in size and in ratio while it comes (C16, S17), so a bomb costs no
more than the limit. Names inside an archive are never looked at: nothing is written under them. An
archive in an archive is refused, and so is one that is encrypted, or holds more than one file.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from altyn.presentment.findings import FileRefusal, Reason


class Limits(NamedTuple):
    """How much a file may be, in bytes, and how many times what it is packed in.

    The ratio counts from `ratio_free_bytes` on: a small file of blanks is no bomb.
    """

    file_bytes_max: int = 64 << 30
    ratio_max: int = 100
    ratio_free_bytes: int = 16 << 20


LIMITS: Final = Limits()
PIECE_BYTES: Final = 1 << 20
ARCHIVE_END_BYTES_MAX: Final = 70_000
"""A directory of one entry and the comment behind it."""

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_DIRECTORY: Final = b"PK\x01\x02"
_ENDS: Final = (b"PK\x05\x06", b"PK\x06\x06")
_LOCAL_HEADER: Final = struct.Struct("<4sHHHHHIIIHH")
_DIRECTORY_ENTRY: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_ENCRYPTED: Final = 1
_SIZES_BEHIND: Final = 8
_STORED, _DEFLATED = 0, 8
_LONG_SIZE: Final = 0xFFFFFFFF


def unpacked(chunks: Iterable[bytes], limits: Limits = LIMITS) -> Iterator[bytes]:
    """The file's own bytes, whether it came packed or not.

    Raises FileRefusal as soon as a limit is passed or the packing turns out not to be plain.
    """
    packed = _Packed(chunks)
    start = packed.peek(4)
    if start.startswith(_GZIP):
        stream = _gunzipped(packed)
    elif start == _ZIP:
        stream = _unzipped(packed)
    else:
        yield from _bounded(packed.rest(), packed, limits)
        return
    yield from _bounded(_not_nested(stream), packed, limits)


class _Packed:
    """The bytes as they came, taken from the front."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = iter(chunks)
        self.buffer = b""
        self.received_bytes = 0

    def more(self) -> bool:
        """Whether another chunk has come."""
        chunk = next(self.chunks, None)
        if chunk is None:
            return False
        self.received_bytes += len(chunk)
        self.buffer += chunk
        return True

    def peek(self, count: int) -> bytes:
        """The first bytes, fewer when the file is shorter."""
        while len(self.buffer) < count and self.more():
            pass
        return self.buffer[:count]

    def take(self, count: int) -> bytes:
        """So many bytes; raises FileRefusal when there are not so many."""
        taken = self.peek(count)
        if len(taken) < count:
            raise FileRefusal(Reason.TRUNCATED, offset=self.received_bytes)
        self.buffer = self.buffer[count:]
        return taken

    def rest(self) -> Iterator[bytes]:
        """All that follows."""
        while self.buffer or self.more():
            chunk, self.buffer = self.buffer, b""
            yield chunk


def _bounded(stream: Iterable[bytes], packed: _Packed, limits: Limits) -> Iterator[bytes]:
    given = 0
    for piece in stream:
        given += len(piece)
        if given > limits.file_bytes_max:
            raise FileRefusal(Reason.FILE_TOO_LARGE)
        allowed = max(limits.ratio_free_bytes, limits.ratio_max * packed.received_bytes)
        if given > allowed:
            raise FileRefusal(Reason.BOMB)
        yield piece


def _not_nested(stream: Iterator[bytes]) -> Iterator[bytes]:
    start = b""
    for piece in stream:
        if len(start) < len(_ZIP):
            start += piece[: len(_ZIP)]
            if start.startswith((_GZIP, _ZIP)):
                raise FileRefusal(Reason.NESTED_ARCHIVE)
        yield piece


def _gunzipped(packed: _Packed) -> Iterator[bytes]:
    yield from _inflated(packed, _GZIP_WINDOW)
    if packed.peek(1):
        raise FileRefusal(Reason.ARCHIVE)


def _inflated(packed: _Packed, window: int) -> Iterator[bytes]:
    """What a deflated stream unpacks to; bytes behind it are left in `packed`."""
    inflater = zlib.decompressobj(window)
    try:
        while not inflater.eof:
            data = inflater.unconsumed_tail or (packed.peek(1) and packed.take(len(packed.buffer)))
            piece = inflater.decompress(data, PIECE_BYTES)
            if piece:
                yield piece
            elif not data:
                raise FileRefusal(Reason.TRUNCATED, offset=packed.received_bytes)
    except zlib.error as error:
        raise FileRefusal(Reason.ARCHIVE) from error
    packed.buffer = inflater.unused_data + packed.buffer


def _unzipped(packed: _Packed) -> Iterator[bytes]:
    """The one file of an archive (APPNOTE 6.3, 4.3.7 to 4.3.16)."""
    header = _LOCAL_HEADER.unpack(packed.take(_LOCAL_HEADER.size))
    flags, method, size, name_length, extra_length = (header[n] for n in (2, 3, 7, 9, 10))
    packed.take(name_length + extra_length)
    behind = bool(flags & _SIZES_BEHIND)
    if flags & _ENCRYPTED or method not in (_STORED, _DEFLATED):
        raise FileRefusal(Reason.ARCHIVE)
    if method == _STORED and (behind or size == _LONG_SIZE):
        raise FileRefusal(Reason.ARCHIVE)
    check, length = 0, 0
    for piece in _stored(packed, size) if method == _STORED else _inflated(packed, -zlib.MAX_WBITS):
        check = zlib.crc32(piece, check)
        length += len(piece)
        yield piece
    _check_end(_end(packed), behind, check, length)


def _stored(packed: _Packed, size: int) -> Iterator[bytes]:
    while size:
        piece = packed.take(min(size, (len(packed.peek(1)) and len(packed.buffer)) or size))
        size -= len(piece)
        yield piece


def _end(packed: _Packed) -> bytes:
    """What stands behind the file: its directory."""
    parts = b""
    for chunk in packed.rest():
        parts += chunk
        if len(parts) > ARCHIVE_END_BYTES_MAX:
            raise FileRefusal(Reason.ARCHIVE)
    return parts


def _check_end(end: bytes, behind: bool, check: int, length: int) -> None:
    """One entry in the directory, about what was unpacked."""
    # Sizes behind the data take 12 to 24 bytes, by whether they are marked and how wide they are.
    places = (12, 16, 20, 24) if behind else (0,)
    at = next((place for place in places if end[place : place + 4] == _DIRECTORY), None)
    if at is None:
        reason = Reason.ARCHIVE if end[:4] == _ZIP else Reason.TRUNCATED
        raise FileRefusal(reason)
    if len(end) < at + _DIRECTORY_ENTRY.size:
        raise FileRefusal(Reason.TRUNCATED)
    entry = _DIRECTORY_ENTRY.unpack_from(end, at)
    told_check, told_length = entry[7], entry[9]
    if told_check != check or told_length not in (length, _LONG_SIZE):
        raise FileRefusal(Reason.ARCHIVE)
    following = end[at + _DIRECTORY_ENTRY.size + sum(entry[10:13]) :][:4]
    if following not in _ENDS:
        raise FileRefusal(Reason.ARCHIVE if following == _DIRECTORY else Reason.TRUNCATED)
