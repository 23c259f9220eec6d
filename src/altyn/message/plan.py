"""Straight-line code for one set of fields, written out from the specification and compiled.

Switch traffic has a few dozen shapes: the same message type with the same bitmap, thousands of
times a second. For each shape this module writes a decoder and an encoder without a loop or a
decision per field. Neighbouring fields of one character set are checked with one call, fixed
fields are sliced at known distances, and length prefixes are looked up in tables that hold the
allowed prefixes only, so that a sign, a space or a foreign digit is simply not found.

A plan never explains itself. Where a check fails, a lookup misses or a type is wrong, it returns
None or raises one of ``REFUSALS``, and the careful reader or writer finds out why.

The source that is compiled is made of numbers from a checked specification and of fixed
fragments written here; no text from a table or a message ever becomes code.
"""

from collections.abc import Callable
from functools import cache
from types import CodeType, FunctionType
from typing import Any, Final

from altyn.message.bitmap import write_bitmaps
from altyn.message.field import CHARSETS, CODEPAGES, FieldFormat
from altyn.message.reader import read_field
from altyn.message.record import Message, MessageError
from altyn.message.spec import Specification
from altyn.message.writer import write_field

DecodePlan = Callable[[bytes], Message | None]
EncodePlan = Callable[[dict[int, Any]], bytes | None]

REFUSALS: Final = (LookupError, TypeError, ValueError, MessageError)
"""What a plan may raise for a message that is not of its shape (Unicode errors are ValueErrors)."""

_FAST_CHECKS: Final = {"n": "isdigit", "a": "isalpha", "an": "isalnum"}
_KINDS_TAKING_DIGITS: Final = ("n", "an", "ans", "z")


class _Position:
    """A place in the message: a variable (or the start) and a distance known in advance."""

    def __init__(self, base: str = "", distance: int = 0) -> None:
        self.base = base
        self.distance = distance

    def __add__(self, more: int) -> "_Position":
        return _Position(self.base, self.distance + more)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Position) and str(self) == str(other)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        if not self.base:
            return str(self.distance)
        return f"{self.base} + {self.distance}" if self.distance else self.base

    def half_bytes(self) -> str:
        """The same place counted in half-bytes."""
        return f"2 * ({self})" if self.base else str(2 * self.distance)


class _DecoderSource:
    """Collects the statements, checks and dictionary entries of one decoder."""

    def __init__(self, start: int) -> None:
        self.statements: list[str] = []
        self.checks: list[str] = []
        self.entries: list[str] = []
        self.names: dict[str, Any] = {"Message": Message, "read_field": read_field}
        self.views: set[str] = set()
        self.at = _Position(distance=start)
        # The region being gathered: kind, encoding, where it starts and where it ends.
        self.region: tuple[str, str, _Position, _Position] | None = None

    def add(self, field: FieldFormat) -> None:
        """Takes up the next field."""
        if not is_simple(field):
            self._add_by_call(field)
            return
        before = self.at
        length = str(field.length) if field.is_fixed else self._read_prefix(field)
        start = self.at
        self._advance(field, length)
        self.entries.append(f"{field.number}: {self._value(field, start, length)}")
        self._extend_region(field, before, start)

    def close_region(self) -> None:
        """Writes the check of the region gathered so far."""
        if self.region is not None:
            self.checks.append(self._region_check(*self.region))
            self.region = None

    def _add_by_call(self, field: FieldFormat) -> None:
        n = field.number
        self.names[f"format{n}"] = field
        self.statements.append(f"value{n}, end{n} = read_field(format{n}, data, {self.at})")
        self.entries.append(f"{n}: value{n}")
        self.at = _Position(f"end{n}")

    def _read_prefix(self, field: FieldFormat) -> str:
        n, end = field.number, self.at + field.prefix_width
        self.names[f"lengths{n}"] = decoding_lengths(
            field.prefix_encoding, field.prefix_digits, field.minimum, field.length
        )
        if field.prefix_encoding == "binary":
            key = f"data[{self.at}:{end}]"
        elif field.prefix_encoding == "bcd":
            self.views.add("bcd")
            key = f"bcd[{self.at.half_bytes()}:{end.half_bytes()}]"
        else:
            self.views.add(field.prefix_encoding)
            key = f"{field.prefix_encoding}[{self.at}:{end}]"
        self.statements.append(f"length{n} = lengths{n}[{key}]")
        self.at = end
        return f"length{n}"

    def _advance(self, field: FieldFormat, length: str) -> None:
        if field.is_fixed:
            self.at = self.at + field.width(field.length)
            return
        n = field.number
        width = f"({length} + 1 >> 1)" if field.encoding == "bcd" else length
        self.statements.append(f"end{n} = {self.at} + {width}")
        self.at = _Position(f"end{n}")

    def _value(self, field: FieldFormat, start: _Position, length: str) -> str:
        if field.kind == "b":
            return f"data[{start}:{self.at}]"
        self.views.add(field.encoding)
        if field.encoding != "bcd":
            return f"{field.encoding}[{start}:{self.at}]"
        first, last = start.half_bytes(), self.at.half_bytes()
        if field.is_fixed and field.length % 2 == 0:
            return f"bcd[{first}:{last}]"
        # Odd digits carry a zero before them; the region check covers all half-bytes.
        odd = "" if field.is_fixed else f"{length} & 1 and "
        self.checks.append(f"{odd}bcd[{first}] != '0'")
        return f"bcd[{last} - {length}:{last}]"

    def _extend_region(self, field: FieldFormat, before: _Position, start: _Position) -> None:
        """Joins the field to the region before it when one check can serve both."""
        if field.kind == "b":
            return
        kind, encoding = field.kind, field.encoding
        if self.region is not None:
            # A prefix of digits between two values may lie inside the region: it is digits too.
            inside = field.is_fixed or (
                field.prefix_encoding == encoding and kind in _KINDS_TAKING_DIGITS
            )
            if self.region[:2] == (kind, encoding) and self.region[3] == before and inside:
                self.region = (kind, encoding, self.region[2], self.at)
                return
            self.close_region()
        self.region = (kind, encoding, start, self.at)

    def _region_check(self, kind: str, encoding: str, start: _Position, end: _Position) -> str:
        """An expression that is true when the region has a character that it must not have."""
        if encoding == "bcd":
            return f"not bcd[{start.half_bytes()}:{end.half_bytes()}].isdigit()"
        self.names[f"fits_{_word(kind)}"] = CHARSETS[kind].fullmatch
        whole = f"fits_{_word(kind)}({encoding}, {start}, {end})"
        if encoding != "ascii" or kind not in _FAST_CHECKS:
            return f"not {whole}"
        # The methods of bytes know ASCII only; those of str would take other scripts' digits.
        fast = f"not data[{start}:{end}].{_FAST_CHECKS[kind]}()"
        return fast if kind == "n" else f"{fast} and not {whole}"

    def text(self, mti: str) -> str:
        """The function's source."""
        views = ["bcd = data.hex()"] if "bcd" in self.views else []
        views += [
            f"{view} = str(data, '{CODEPAGES[view]}')" for view in sorted(self.views - {"bcd"})
        ]
        checks = [f"len(data) != {self.at}", *self.checks]
        lines = [*views, *self.statements, f"if {' or '.join(f'({c})' for c in checks)}:"]
        lines += ["    return None", f"return Message('{mti}', {{{', '.join(self.entries)}}})"]
        return "def plan(data):\n" + "".join(f"    {line}\n" for line in lines)


def decode_plan(
    specification: Specification, mti: str, fields: list[int], start: int
) -> DecodePlan:
    """A decoder for messages of this type and these fields, whose first field is at ``start``.

    ``mti`` is four digits. A field that the specification lacks raises ``KeyError``.
    """
    source = _DecoderSource(start)
    for number in fields:
        source.add(specification.fields[number])
    source.close_region()
    return _compiled(source.text(mti), source.names)


def encode_plan(specification: Specification, fields: list[int]) -> EncodePlan:
    """An encoder of everything after the message type for these fields, ascending."""
    source = _EncoderSource(write_bitmaps(fields, specification.bitmap_encoding))
    for number in fields:
        source.add(specification.fields[number])
    source.close_group()
    return _compiled(source.text(), source.names)


class _EncoderSource:
    """Collects the statements, checks and parts of one encoder."""

    def __init__(self, bitmaps: bytes) -> None:
        self.statements: list[str] = []
        self.lengths: list[str] = []
        self.parts: list[str] = ["bitmaps"]
        self.names: dict[str, Any] = {"bitmaps": bitmaps, "write_field": write_field}
        # The group being gathered: kind and encoding of its values, and its expressions.
        self.group: tuple[str, str] | None = None
        self.pieces: list[str] = []

    def add(self, field: FieldFormat) -> None:
        """Takes up the next field."""
        n = field.number
        self.statements.append(f"value{n} = fields[{n}]")
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
        prefix = "" if field.is_fixed else self._prefix(field, as_text=True)
        self._open_group(field)
        self.pieces += [prefix] if prefix else []
        self.pieces += [pad] if (pad := self._pad(field)) else []
        self.pieces.append(f"value{n}")

    def _add_bytes(self, field: FieldFormat) -> None:
        self.close_group()
        if not field.is_fixed:
            self.parts.append(self._prefix(field, as_text=False))
        # join() refuses str among bytes, but would take a bytearray; that is harmless.
        self.parts.append(f"value{field.number}")

    def _prefix(self, field: FieldFormat, as_text: bool) -> str:
        """The expression of the length prefix; unknown lengths are not in its table."""
        n = field.number
        in_group = field.prefix_encoding == field.encoding and field.kind in _KINDS_TAKING_DIGITS
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
        joined = f"''.join(({pieces}))" if len(self.pieces) > 1 else f"'' + {pieces}"
        self.statements.append(f"{name} = {joined}")
        self.statements.append(f"if {self._check(kind, name)}: return None")
        if encoding == "bcd":
            self.parts.append(f"bytes.fromhex({name})")
        else:
            codec = "ascii" if encoding == "ascii" else CODEPAGES[encoding]
            self.parts.append(f"{name}.encode('{codec}')")
        self.group, self.pieces = None, []

    def _check(self, kind: str, name: str) -> str:
        self.names[f"fits_{_word(kind)}"] = CHARSETS[kind].fullmatch
        whole = f"not fits_{_word(kind)}({name})"
        if kind in _FAST_CHECKS:
            # isdigit() and its like take foreign digits and letters: only ASCII may pass to them.
            fast = f"not ({name}.isascii() and {name}.{_FAST_CHECKS[kind]}())"
            return fast if kind == "n" else f"{fast} and {whole}"
        return whole

    def text(self) -> str:
        """The function's source."""
        lines = list(self.statements)
        if self.lengths:
            lines += [f"if {' or '.join(self.lengths)}: return None"]
        lines.append(f"return b''.join(({', '.join(self.parts)},))")
        return "def plan(fields):\n" + "".join(f"    {line}\n" for line in lines)


def is_simple(field: FieldFormat) -> bool:
    """Whether plans write the field out; the others they hand to the careful code one by one."""
    if field.kind == "x+n":
        return False
    return field.encoding != "bcd" or (field.kind == "n" and field.odd_digits == "zero-left")


@cache
def decoding_lengths(
    encoding: str, digits: int, minimum: int, maximum: int
) -> dict[str | bytes, int]:
    """Every length prefix that is allowed, as it is found in the message, and its length."""
    lengths = range(minimum, maximum + 1)
    if encoding == "binary":
        return {n.to_bytes((digits + 1) // 2, "big"): n for n in lengths}
    width = digits + digits % 2 if encoding == "bcd" else digits
    return {f"{n:0{width}d}": n for n in lengths}


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


def _word(kind: str) -> str:
    return kind.replace("+", "_")


def _compiled(source: str, names: dict[str, Any]) -> FunctionType:
    """The one function of the source, with these names as its globals."""
    # Numbers and fixed fragments only, see the module's docstring. The module around the function
    # is compiled and never run: its code object is taken from the module's constants.
    module = compile(source, "<altyn message plan>", "exec")
    (code,) = (constant for constant in module.co_consts if isinstance(constant, CodeType))
    return FunctionType(code, names)
