"""Bitmaps: which fields a message carries (ISO 8583:1987, clause 4.2).

Bit 1 of the primary bitmap announces the secondary one; bit 65 would announce a third and is
refused. A bitmap is 8 bytes, or the same as 16 hexadecimal characters in ASCII or EBCDIC.
"""

import re
from collections.abc import Iterable
from typing import Final

from altyn.message.field import CODEPAGES
from altyn.message.record import MessageError

BITMAP_ENCODINGS: Final = ("binary", "hex-ascii", "hex-cp037", "hex-cp500")
_HEX: Final = re.compile("[0-9A-Fa-f]{16}")
_FIRST_BIT: Final = 1 << 63


def bitmap_width(encoding: str) -> int:
    """Bytes of one bitmap on the wire."""
    return 8 if encoding == "binary" else 16


def read_bitmaps(data: bytes, offset: int, encoding: str) -> tuple[list[int], int]:
    """The numbers of the fields present, ascending, and the offset after the bitmaps.

    Raises ``MessageError`` for a bitmap cut short or not hexadecimal, for an announced secondary
    bitmap that is missing or empty, and for bit 65.
    """
    primary, after = _read_one(data, offset, encoding)
    if not primary & _FIRST_BIT:
        return _numbers(primary, 0), after
    secondary, end = _read_one(data, after, encoding)
    if not secondary:
        raise MessageError("the secondary bitmap is announced but empty", 1, after)
    if secondary & _FIRST_BIT:
        raise MessageError("bit 65 announces a third bitmap, which no dialect has", 1, after)
    return _numbers(primary & ~_FIRST_BIT, 0) + _numbers(secondary, 64), end


def write_bitmaps(fields: Iterable[int], encoding: str) -> bytes:
    """One or two bitmaps for field numbers 2 to 128."""
    bits = 0
    for number in fields:
        bits |= 1 << (128 - number)
    wide = bits & ((1 << 64) - 1) != 0
    raw = (bits | 1 << 127).to_bytes(16, "big") if wide else (bits >> 64).to_bytes(8, "big")
    if encoding == "binary":
        return raw
    return raw.hex().upper().encode(CODEPAGES[encoding.removeprefix("hex-")])


def _read_one(data: bytes, offset: int, encoding: str) -> tuple[int, int]:
    end = offset + bitmap_width(encoding)
    if end > len(data):
        raise MessageError("the message ends inside the bitmap", 1, offset)
    raw = data[offset:end]
    if encoding == "binary":
        return int.from_bytes(raw, "big"), end
    text = raw.decode(CODEPAGES[encoding.removeprefix("hex-")])
    if _HEX.fullmatch(text) is None:
        raise MessageError("the bitmap is not 16 hexadecimal characters", 1, offset)
    return int(text, 16), end


def _numbers(bits: int, base: int) -> list[int]:
    return [base + n for n in range(1, 65) if bits >> (64 - n) & 1]
