"""Where the fields of a frame lie, so that a known frame can be read without decoding it.

The codec decodes the first frame of each shape, strictly. Frames of the same length, message type
and bitmap are then read by one `struct` call, as long as the length prefixes of their variable
fields are where they were: those "guards" are compared first, so a frame read in this way is
exactly one that the codec would have read in the same way.

A frame is a length of two bytes, big end first, and a message in the dialect `altyn87`:
four digits of message type, a bitmap of 8 bytes (16 when a field above 64 is present), the fields.
"""

import struct
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from altyn.message import Codec, Message

__all__ = [
    "DIALECT",
    "HEADER_BYTES",
    "SHAPE_BYTES",
    "FieldSpan",
    "Reading",
    "field_spans",
    "frame_of",
    "guard_reading",
    "reading_of",
]

DIALECT: Final = "altyn87"
HEADER_BYTES: Final = 2
# Length, message type and first bitmap: what tells one shape of frame from another.
SHAPE_BYTES: Final = 14
_MTI_BYTES: Final = 4
_BITMAP_BYTES: Final = 8
_FIELDS_OF_FIRST_BITMAP: Final = 64


class FieldSpan(NamedTuple):
    """Offsets in the frame, header included: of the length prefix, of the value, of what follows.

    A fixed field has no length prefix: `start` and `value_start` are equal.
    """

    start: int
    value_start: int
    end: int


class Reading(NamedTuple):
    """Some byte ranges of a frame: how to take them all at once, and where each lies."""

    layout: struct.Struct
    ranges: tuple[tuple[int, int], ...]


def frame_of(codec: Codec, message: Message) -> bytes:
    """The message with its length before it. Raises MessageError when a value does not fit."""
    payload = codec.encode(message)
    return len(payload).to_bytes(HEADER_BYTES, "big") + payload


def field_spans(codec: Codec, message: Message) -> dict[int, FieldSpan]:
    """Where each field of the message lies in its frame, in the order of the field numbers.

    The widths are the codec's own: each field is encoded alone, and the sum must be the whole.
    """
    beyond = any(number > _FIELDS_OF_FIRST_BITMAP for number in message.fields)
    place = HEADER_BYTES + _MTI_BYTES + _BITMAP_BYTES * (2 if beyond else 1)
    spans: dict[int, FieldSpan] = {}
    for number in sorted(message.fields):
        value = message.fields[number]
        bitmaps = 1 if number <= _FIELDS_OF_FIRST_BITMAP else 2
        alone = codec.encode(Message(message.mti, {number: value}))
        end = place + len(alone) - _MTI_BYTES - _BITMAP_BYTES * bitmaps
        spans[number] = FieldSpan(place, end - len(value), end)
        place = end
    assert place == HEADER_BYTES + len(codec.encode(message)), "the fields do not fill the frame"
    return spans


def reading_of(ranges: Iterable[tuple[int, int]]) -> Reading:
    """A reading of the byte ranges, which are in order and do not overlap."""
    chosen = tuple(ranges)
    place, parts = 0, ["!"]
    for start, end in chosen:
        parts.append(f"{start - place}x{end - start}s")
        place = end
    return Reading(struct.Struct("".join(parts)), chosen)


def guard_reading(spans: Mapping[int, FieldSpan]) -> Reading:
    """A reading of what fixes the shape beyond its first 14 bytes: second bitmap and prefixes."""
    first = min(span.start for span in spans.values())
    ranges = [(SHAPE_BYTES, first)] if first > SHAPE_BYTES else []
    ranges += [(s.start, s.value_start) for s in spans.values() if s.start < s.value_start]
    return reading_of(ranges)
