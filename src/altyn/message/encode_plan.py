"""Writes the straight-line encoder of one set of fields; see ``plan`` for how and why."""

from binascii import unhexlify
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from altyn.message.bitmap import write_bitmaps
from altyn.message.field import CODEPAGES, FieldFormat
from altyn.message.plan import (
    BYTE_CHARSETS,
    FROM_LATIN,
    KINDS_TAKING_DIGITS,
    character_check,
    compiled,
    decoding_lengths,
    is_packed_track,
    is_simple,
)
from altyn.message.spec import Specification
from altyn.message.writer import write_field

EncodePlan = Callable[[bytes, dict[int, Any]], bytes | None]


def encode_plan(specification: Specification, fields: tuple[int, ...]) -> EncodePlan:
    """An encoder of messages with these fields, in the order in which their dictionary has them.

    The plan takes the message type as it stands on the wire, and that dictionary.
    """
    source = EncoderSource()
    source.names["bitmaps"] = write_bitmaps(fields, specification.bitmap_encoding)
    source.parts.append("bitmaps")
    for number in sorted(fields):
        source.add(specification.fields[number])
    source.close_group()
    # Unpacked at once, values cost less than one look-up each.
    opening = "".join(f"value{number}, " for number in fields) + "= fields.values()"
    return compiled(source.text("head, fields", [opening] if fields else []), source.names)


class EncoderSource:
    """Collects the statements, checks and parts of one encoder.

    The statements take the value of field 2 from ``value2``, and so on.
    """

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.lengths: list[str] = []
        self.parts: list[str] = ["head"]
        self.names: dict[str, Any] = {"write_field": write_field}
        # The group being gathered: kind and encoding of its values, and its expressions.
        self.group: tuple[str, str] | None = None
        self.pieces: list[str] = []

    def add(self, field: FieldFormat) -> None:
        """Takes up the next field."""
        n = field.number
        if not is_simple(field):
            self.close_group()
            self.names[f"format{n}"] = field
            self.parts.append(f"write_field(format{n}, value{n})")
            return
        if field.is_fixed:
            self.lengths.append(f"len(value{n}) != {field.length}")
        if field.kind == "b":
            self._add_bytes(field)
            return
        if is_packed_track(field):
            self._add_packed_track(field)
            return
        prefix = "" if field.is_fixed else self._prefix(field, as_text=True)
        self._open_group(field)
        self.pieces += [prefix] if prefix else []
        self.pieces += [pad] if (pad := self._pad(field)) else []
        self.pieces.append(f"value{n}")

    def add_part(self, expression: str) -> None:
        """Takes up bytes that need no writing."""
        self.close_group()
        self.parts.append(expression)

    def _add_bytes(self, field: FieldFormat) -> None:
        self.close_group()
        if not field.is_fixed:
            self.parts.append(self._prefix(field, as_text=False))
        # join() refuses str among bytes, but would take a bytearray; that is harmless.
        self.parts.append(f"value{field.number}")

    def _add_packed_track(self, field: FieldFormat) -> None:
        """A group of its own: what fills its last half-byte is no character of a track."""
        self.close_group()
        if not field.is_fixed:
            self.parts.append(self._prefix(field, as_text=False))
        self.group, self.pieces = (field.kind, field.encoding), [f"value{field.number}"]
        self.close_group()
        name = f"text{len(self.parts) - 1}"
        fill = f"(b'f' if len({name}) & 1 else b'')"
        self.parts[-1] = f"unhexlify({name}.replace(b'=', b'd') + {fill})"

    def _prefix(self, field: FieldFormat, as_text: bool) -> str:
        """The expression of the length prefix; unknown lengths are not in its table."""
        n = field.number
        in_group = field.prefix_encoding == field.encoding and field.kind in KINDS_TAKING_DIGITS
        table = encoding_lengths(
            field.prefix_encoding,
            field.prefix_digits,
            field.minimum,
            field.length,
            as_text and in_group,
        )
        self.names[f"prefixes{n}"] = table
        expression = f"prefixes{n}[len(value{n})]"
        if as_text and not in_group:
            self.close_group()
            self.parts.append(expression)
            return ""
        return expression

    def _pad(self, field: FieldFormat) -> str:
        if field.encoding != "bcd" or (field.is_fixed and field.length % 2 == 0):
            return ""
        return "'0'" if field.is_fixed else f"('0' if len(value{field.number}) & 1 else '')"

    def _open_group(self, field: FieldFormat) -> None:
        if self.group != (field.kind, field.encoding):
            self.close_group()
            self.group = (field.kind, field.encoding)

    def close_group(self) -> None:
        """Joins the texts gathered so far, checks them at once and encodes them."""
        if self.group is None:
            return
        kind, encoding = self.group
        name = f"text{len(self.parts)}"
        pieces = ", ".join(self.pieces)
        joined = f"''.join(({pieces}))" if len(self.pieces) > 1 else f"('' + {pieces})"
        # In UTF-8 only ASCII characters have bytes below 128, and bytes are checked much faster:
        # their methods know ASCII and nothing else.
        self.statements.append(f"{name} = {joined}.encode()")
        self.names[f"fits_{kind}"] = BYTE_CHARSETS[kind].fullmatch
        self.statements.append(f"if {character_check(kind, name, name)}: return None")
        self.parts.append(self._translated(name, encoding))
        self.group, self.pieces = None, []

    def _translated(self, name: str, encoding: str) -> str:
        """The expression of a checked text, given as ASCII bytes, in its own encoding."""
        if encoding == "ascii":
            return name
        if encoding == "bcd":
            self.names["unhexlify"] = unhexlify
            return f"unhexlify({name})"
        self.names[encoding] = FROM_LATIN[encoding]
        return f"{name}.translate({encoding})"

    def text(self, arguments: str, opening: Sequence[str] = ()) -> str:
        """The function's source; ``head`` stands first in what it writes."""
        lines = [*opening, *self.statements]
        if self.lengths:
            lines += [f"if {' or '.join(self.lengths)}: return None"]
        lines.append(f"return b''.join(({', '.join(self.parts)},))")
        return f"def plan({arguments}):\n" + "".join(f"    {line}\n" for line in lines)


@cache
def encoding_lengths(
    encoding: str, digits: int, minimum: int, maximum: int, as_text: bool
) -> dict[int, str | bytes]:
    """Every allowed length and its prefix: text to be encoded with its neighbours, or bytes."""
    allowed = decoding_lengths(encoding, digits, minimum, maximum)
    found = {length: prefix for prefix, length in allowed.items()}
    if as_text or encoding == "binary":
        return found
    if encoding == "bcd":
        return {n: bytes.fromhex(str(prefix)) for n, prefix in found.items()}
    return {n: str(prefix).encode(CODEPAGES[encoding]) for n, prefix in found.items()}
