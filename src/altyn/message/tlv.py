"""BER-TLV: the tags, lengths and values of chip data (EMV 4.4 Book 3, Annex B; ISO/IEC 8825-1).

What real traffic does and the standard allows is tolerated by rule: bytes 00 before, between and
after data objects (EMV Book 3, Annex B1), lengths in a longer form than they need, and issuer
scripts that come more than once. Everything else is refused with its offset.
"""

from typing import Final

from altyn.message.record import MessageError

TEMPLATE_DEPTH_MAX: Final = 4
TAG_BYTES_MAX: Final = 3
REPEATABLE_TAGS: Final = frozenset((b"\x71", b"\x72", b"\x86"))
"""Issuer script templates and the commands in them (EMV Book 3, section 10.10)."""

_CONSTRUCTED: Final = 0x20
_LONG_TAG: Final = 0x1F
_MORE: Final = 0x80
_LENGTH_BYTES_MAX: Final = 2

Tlv = tuple[bytes, bytes]


class TlvError(MessageError):
    """Chip data that is not BER-TLV; ``offset`` counts from the first byte of the data."""

    def __str__(self) -> str:
        return f"chip data, byte {self.offset}: {self.reason}"


def parse_tlv(data: bytes) -> list[Tlv]:
    """The data objects in ``data``, in order, as pairs of tag and value.

    A template (tag with bit 6 set) is given with its value unparsed, after its insides were
    checked to a depth of ``TEMPLATE_DEPTH_MAX``; call again to open it. Raises ``TlvError`` for a
    tag or length cut short, a length past the end, the indefinite length, a tag given twice, and
    templates too deep.
    """
    return _parse(data, 0, len(data), 1)


def build_tlv(objects: list[Tlv]) -> bytes:
    """The data objects one after another, each length in its shortest form.

    Raises ``TlvError`` for a tag that could not be read back and a value over 65,535 bytes.
    """
    data = bytearray()
    for tag, value in objects:
        if not _is_tag(tag):
            raise TlvError("the tag is not a BER tag of one to three bytes", None, len(data))
        if len(value) > 0xFFFF:
            raise TlvError("the value is longer than 65535 bytes", None, len(data))
        data += tag + _length(len(value)) + value
    return bytes(data)


def _parse(data: bytes, at: int, end: int, depth: int) -> list[Tlv]:
    objects: list[Tlv] = []
    seen: set[bytes] = set()
    while at < end:
        tag_at, first = at, data[at]
        at += 1
        if not first:
            continue
        # Nearly every tag has one or two bytes and every length one: those take no call.
        if first & _LONG_TAG == _LONG_TAG:
            at = at + 1 if at < end and data[at] < _MORE else _tag_end(data, tag_at, end)
        tag = data[tag_at:at]
        if at < end and data[at] < _MORE:
            length = data[at]
            at += 1
        else:
            length, at = _read_length(data, at, end)
        if at + length > end:
            raise TlvError("the length reaches past the end of the data", None, at)
        if tag in seen and tag not in REPEATABLE_TAGS:
            raise TlvError("the tag was given before", None, tag_at)
        seen.add(tag)
        if first & _CONSTRUCTED:
            _check_template(data, tag_at, (at, at + length), depth)
        objects.append((tag, data[at : at + length]))
        at += length
    return objects


def _check_template(data: bytes, tag_at: int, inside: tuple[int, int], depth: int) -> None:
    if depth > TEMPLATE_DEPTH_MAX:
        raise TlvError(f"templates are nested deeper than {TEMPLATE_DEPTH_MAX}", None, tag_at)
    _parse(data, *inside, depth + 1)


def _tag_end(data: bytes, at: int, end: int) -> int:
    """Where the tag that starts at ``at`` ends."""
    first = data[at]
    limit = at + TAG_BYTES_MAX
    at += 1
    if first & _LONG_TAG != _LONG_TAG:
        return at
    while at < end and at < limit:
        at += 1
        if not data[at - 1] & _MORE:
            return at
    if at >= end:
        raise TlvError("the data ends inside a tag", None, at)
    raise TlvError(f"the tag is longer than {TAG_BYTES_MAX} bytes", None, at)


def _read_length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The length that starts at ``at``, and where the value starts."""
    if at >= end:
        raise TlvError("the data ends before a length", None, at)
    first = data[at]
    if not first & _MORE:
        return first, at + 1
    width = first & ~_MORE
    if width == 0:
        raise TlvError("the indefinite length is not allowed", None, at)
    if width > _LENGTH_BYTES_MAX:
        raise TlvError("the length is longer than two bytes", None, at)
    if at + 1 + width > end:
        raise TlvError("the data ends inside a length", None, at)
    return int.from_bytes(data[at + 1 : at + 1 + width], "big"), at + 1 + width


def _is_tag(tag: bytes) -> bool:
    if not tag or tag[0] == 0:
        return False
    try:
        return _tag_end(tag, 0, len(tag)) == len(tag)
    except TlvError:
        return False


def _length(length: int) -> bytes:
    if length < _MORE:
        return bytes((length,))
    if length <= 0xFF:
        return bytes((_MORE | 1, length))
    return bytes((_MORE | 2,)) + length.to_bytes(2, "big")
