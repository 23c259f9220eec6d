"""The careful decoder: one column at a time, and a named place for every refusal.

It decides what a message means. The compiled plans of ``plan`` must agree with it and hand over to
it whatever they do not recognise, so that errors are found and worded here only.
"""

from altyn.message.bitmap import read_bitmaps
from altyn.message.field import CHARSET_NAMES, CODEPAGES, FieldFormat, Value
from altyn.message.record import Message, MessageError
from altyn.message.spec import Specification

_UNITS = {"ascii": "ASCII digits", "bcd": "BCD digits", "binary": "bytes"}


def read_message(specification: Specification, data: bytes) -> Message:
    """The message that ``data`` is, whole. Raises ``MessageError`` with the place and a partial."""
    mti, offset = _read_mti(data, specification.mti_encoding)
    message = Message(mti, {})
    try:
        numbers, offset = read_bitmaps(data, offset, specification.bitmap_encoding)
        for number in numbers:
            field = specification.fields.get(number)
            if field is None:
                raise MessageError("this dialect has no such field", number, offset)
            message.fields[number], offset = read_field(field, data, offset)
        if offset != len(data):
            raise MessageError("bytes are left over after the last field", None, offset)
    except MessageError as error:
        error.partial = message
        raise
    return message


def read_field(field: FieldFormat, data: bytes, offset: int) -> tuple[Value, int]:
    """The value of a field that starts at ``offset``, and the offset after it."""
    length, start = _read_length(field, data, offset)
    end = start + field.width(length)
    if end > len(data):
        raise MessageError("the message ends inside the field", field.number, start)
    raw = data[start:end]
    if field.kind == "b":
        return raw, end
    text = _read_bcd(field, raw, length, start) if field.encoding == "bcd" else _text(field, raw)
    if not field.accepts(text):
        reason = f"the value has characters other than {CHARSET_NAMES[field.kind]}"
        raise MessageError(reason, field.number, start)
    return text, end


def _read_mti(data: bytes, encoding: str) -> tuple[str, int]:
    width = 2 if encoding == "bcd" else 4
    raw = data[:width]
    text = raw.hex() if encoding == "bcd" else raw.decode(CODEPAGES[encoding])
    if len(raw) < width:
        raise MessageError("the message ends inside the message type", 0, 0)
    if not (text.isascii() and text.isdigit()):
        raise MessageError("the message type is not four digits", 0, 0)
    return text, width


def _read_length(field: FieldFormat, data: bytes, offset: int) -> tuple[int, int]:
    """The length in the field's own units, and where the value starts."""
    if field.is_fixed:
        return field.length, offset
    start = offset + field.prefix_width
    if start > len(data):
        raise MessageError("the message ends inside the length prefix", field.number, offset)
    length = _prefix_number(field, data[offset:start], offset)
    if length > field.length:
        reason = f"the length prefix is above the field's maximum of {field.length}"
        raise MessageError(reason, field.number, offset)
    if length < field.minimum:
        reason = f"the length prefix is below the field's minimum of {field.minimum}"
        raise MessageError(reason, field.number, offset)
    return length, start


def _prefix_number(field: FieldFormat, raw: bytes, offset: int) -> int:
    encoding = field.prefix_encoding
    if encoding == "binary":
        return int.from_bytes(raw, "big")
    digits = raw.hex() if encoding == "bcd" else raw.decode(CODEPAGES[encoding])
    # int() alone would take signs, spaces, underscores and the digits of other scripts.
    if not (digits.isascii() and digits.isdigit()):
        unit = _UNITS.get(encoding, "EBCDIC digits")
        reason = f"the length prefix is not {field.prefix_digits} {unit}"
        raise MessageError(reason, field.number, offset)
    return int(digits)


def _text(field: FieldFormat, raw: bytes) -> str:
    return raw.decode(CODEPAGES[field.encoding])


def _read_bcd(field: FieldFormat, raw: bytes, length: int, start: int) -> str:
    """The digits of a BCD value, the pad half-byte checked; the sign of x+n is an ASCII letter."""
    if field.kind == "x+n" and length:
        return raw[:1].decode("latin-1") + _read_bcd_digits(field, raw[1:], length - 1, start + 1)
    return _read_bcd_digits(field, raw, length, start)


def _read_bcd_digits(field: FieldFormat, raw: bytes, length: int, start: int) -> str:
    digits = raw.hex()
    if length % 2:
        pad = digits[0] if field.odd_digits == "zero-left" else digits[-1]
        if pad != ("f" if field.odd_digits == "f-right" else "0"):
            where = "last" if field.odd_digits.endswith("right") else "first"
            reason = f"the {where} half-byte is not the pad of an odd number of digits"
            raise MessageError(reason, field.number, start)
        digits = digits[1:] if field.odd_digits == "zero-left" else digits[:-1]
    # The separator of a track is the half-byte D, which is "=" in every other encoding.
    return digits.replace("d", "=") if field.kind == "z" else digits
