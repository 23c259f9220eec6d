"""Straight-line code for one set of fields, written out from the specification and compiled.

Switch traffic has a few dozen shapes: the same message type with the same bitmap, thousands of
times a second. For each shape ``decode_plan`` and ``encode_plan`` write a function without a loop
or a decision per field; what both need stands here. Neighbouring fields of one character set are
checked with one call, fixed fields are sliced at known distances, and length prefixes are looked up
in tables that hold the allowed prefixes only, so that a sign, a space or a foreign digit is simply
not found.

A plan never explains itself. Where a check fails, a lookup misses or a type is wrong, it returns
None or raises one of ``REFUSALS``, and the careful reader or writer finds out why.

The source that is compiled is made of numbers from a checked specification and of fixed
fragments written there; no text from a table or a message ever becomes code.
"""

import re
from functools import cache
from types import CodeType, FunctionType
from typing import Any, Final

from altyn.message.field import CHARSETS, CODEPAGES, FieldFormat
from altyn.message.record import MessageError

REFUSALS: Final = (LookupError, TypeError, ValueError, MessageError)
"""What a plan may raise for a message that is not of its shape (Unicode errors are ValueErrors)."""

FAST_CHECKS: Final = {
    "n": "{}.isdigit()",
    "a": "{}.isalpha()",
    "an": "{}.isalnum()",
    "z": "{}.replace(b'=', b'', 1).isdigit()",
}
"""Checks of bytes by their methods, which know ASCII only.

All but that of n refuse some texts that are allowed (spaces, a D in a track): then the character
set has the word.
"""

BYTE_CHARSETS: Final = {
    kind: re.compile(charset.pattern.encode()) for kind, charset in CHARSETS.items()
}
"""The character sets of the kinds, for texts in ASCII or, with nothing else fitting, in UTF-8."""

_EVERY_BYTE: Final = bytes(range(256))
TO_LATIN: Final = {
    encoding: _EVERY_BYTE.decode(codepage).encode("latin-1")
    for encoding, codepage in CODEPAGES.items()
}
"""Tables for ``bytes.translate``, much faster than Python's decoders of EBCDIC."""

FROM_LATIN: Final = {
    encoding: _EVERY_BYTE.decode("latin-1").encode(codepage)
    for encoding, codepage in CODEPAGES.items()
}
"""The way back."""

KINDS_TAKING_DIGITS: Final = ("n", "an", "ans", "z")


def is_simple(field: FieldFormat) -> bool:
    """Whether plans write the field out; the others they hand to the careful code one by one."""
    if field.kind == "x+n":
        return False
    if field.encoding != "bcd":
        return True
    return field.odd_digits == {"n": "zero-left", "z": "f-right"}[field.kind]


def is_packed_track(field: FieldFormat) -> bool:
    """Whether the field is a track in BCD, which has a separator among its half-bytes."""
    return field.kind == "z" and field.encoding == "bcd"


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


def character_check(kind: str, text: str, arguments: str) -> str:
    """An expression that is true when a text, bytes in ASCII, has what its kind must not have.

    ``text`` is an expression too, and so are ``arguments``, which give the same text to a pattern
    that is named ``fits_`` and the kind.
    """
    whole = f"not fits_{kind}({arguments})"
    if kind not in FAST_CHECKS:
        return whole
    fast = f"not {FAST_CHECKS[kind].format(text)}"
    return fast if kind == "n" else f"{fast} and {whole}"


def compiled(source: str, names: dict[str, Any]) -> FunctionType:
    """The one function of the source, with these names as its globals."""
    # Numbers and fixed fragments only, see the module's docstring. The module around the function
    # is compiled and never run: its code object is taken from the module's constants.
    module = compile(source, "<altyn message plan>", "exec")
    (code,) = (constant for constant in module.co_consts if isinstance(constant, CodeType))
    return FunctionType(code, names)
