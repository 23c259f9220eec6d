"""The careful encoder: pads where the dialect pads, refuses what does not fit, never truncates."""

from altyn.message.bitmap import write_bitmaps
from altyn.message.field import CHARSET_NAMES, CODEPAGES, FieldFormat, Value
from altyn.message.record import Message, MessageError
from altyn.message.spec import Specification


def write_message(specification: Specification, message: Message) -> bytes:
    """The bytes of a message. Raises ``MessageError`` naming the field that does not fit."""
    parts = [write_mti(specification, message.mti)]
    numbers = sorted(message.fields)
    for number in numbers:
        if number not in specification.fields:
            raise MessageError("this dialect has no such field", number)
    parts.append(write_bitmaps(numbers, specification.bitmap_encoding))
    for number in numbers:
        parts.append(write_field(specification.fields[number], message.fields[number]))
    return b"".join(parts)


def write_mti(specification: Specification, mti: object) -> bytes:
    """The message type, two bytes in BCD and four otherwise."""
    if not isinstance(mti, str) or len(mti) != 4 or not (mti.isascii() and mti.isdigit()):
        raise MessageError("the message type is not four digits", 0)
    if specification.mti_encoding == "bcd":
        return bytes.fromhex(mti)
    return mti.encode(CODEPAGES[specification.mti_encoding])


def write_field(field: FieldFormat, value: Value) -> bytes:
    """The length prefix, where the field has one, and the value."""
    wanted = bytes if field.kind == "b" else str
    if not isinstance(value, wanted):
        raise MessageError(f"the value must be {wanted.__name__}", field.number)
    if isinstance(value, str):
        value = _padded(field, value)
        if not field.accepts(value):
            reason = f"the value has characters other than {CHARSET_NAMES[field.kind]}"
            raise MessageError(reason, field.number)
    _check_length(field, len(value))
    return _prefix(field, len(value)) + _body(field, value)


def _padded(field: FieldFormat, value: str) -> str:
    if field.padding == "space-right":
        return value.ljust(field.length)
    if field.padding == "zero-left":
        return value.rjust(field.length, "0")
    return value


def _check_length(field: FieldFormat, length: int) -> None:
    if field.is_fixed and length != field.length:
        raise MessageError(f"the value must be {field.length} long and is {length}", field.number)
    if length > field.length:
        reason = f"the value is {length} long, above the field's maximum of {field.length}"
        raise MessageError(reason, field.number)
    if length < field.minimum:
        reason = f"the value is {length} long, below the field's minimum of {field.minimum}"
        raise MessageError(reason, field.number)


def _prefix(field: FieldFormat, length: int) -> bytes:
    if field.is_fixed:
        return b""
    if field.prefix_encoding == "binary":
        return length.to_bytes(field.prefix_width, "big")
    if field.prefix_encoding == "bcd":
        return bytes.fromhex(f"{length:0{field.prefix_width * 2}d}")
    return f"{length:0{field.prefix_digits}d}".encode(CODEPAGES[field.prefix_encoding])


def _body(field: FieldFormat, value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    if field.encoding != "bcd":
        return value.encode(CODEPAGES[field.encoding])
    if field.kind == "x+n":
        return value[:1].encode("latin-1") + _bcd(field, value[1:])
    return _bcd(field, value)


def _bcd(field: FieldFormat, digits: str) -> bytes:
    digits = digits.replace("=", "d")
    if len(digits) % 2:
        pad = "f" if field.odd_digits == "f-right" else "0"
        digits = pad + digits if field.odd_digits == "zero-left" else digits + pad
    return bytes.fromhex(digits)
