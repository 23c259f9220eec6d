"""One field of a dialect: kind x encoding x length prefix x padding, as independent columns.

Kinds are those of ISO 8583-1 (1987, clause 4.3.2; 1993, clause 4.2): ``n`` digits, ``a`` letters,
``an`` letters and digits, ``ans`` printable characters, ``z`` track data, ``b`` bytes and ``x+n``
a sign (C or D) before digits. Letters of ``a`` and ``an`` may be filled up with spaces, as the
standard's later "anp" says and as real retrieval references are.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["n", "a", "an", "ans", "b", "z", "x+n"]
Value: TypeAlias = str | bytes

KINDS: Final = ("n", "a", "an", "ans", "b", "z", "x+n")
CODEPAGES: Final = {"ascii": "latin-1", "cp037": "cp037", "cp500": "cp500"}
"""Encodings that write one character in one byte, and Python's name for each.

ASCII is read as Latin-1, so that a byte above 127 becomes a character that the charset check
refuses with its place, instead of an error in the middle of the decoder.
"""
ENCODINGS: Final = (*CODEPAGES, "bcd", "binary")
PREFIX_ENCODINGS: Final = (*CODEPAGES, "bcd", "binary")
PREFIX_DIGITS: Final = {"LL": 2, "LLL": 3}
ODD_DIGITS: Final = ("zero-left", "zero-right", "f-right")
PADDINGS: Final = ("none", "space-right", "zero-left")

CHARSETS: Final = {
    "n": re.compile("[0-9]*"),
    "a": re.compile("[A-Za-z ]*"),
    "an": re.compile("[A-Za-z0-9 ]*"),
    "ans": re.compile("[ -~]*"),
    "z": re.compile("[0-9=D]*"),
    "x+n": re.compile("(?:[CD][0-9]+)?"),
}
"""What the characters of each kind may be; a check is one ``fullmatch``."""

CHARSET_NAMES: Final = {
    "n": "digits 0 to 9",
    "a": "letters and spaces",
    "an": "letters, digits and spaces",
    "ans": "printable ASCII characters",
    "z": "digits with '=' or 'D' as separator",
    "x+n": "'C' or 'D' followed by digits",
}


@dataclass(frozen=True, slots=True)
class FieldFormat:
    """How one field is written.

    ``length`` is the length of a fixed field or the greatest of a variable one, in bytes for kind
    ``b`` and in characters otherwise (digits, not bytes, in BCD; the sign of ``x+n`` counts).
    ``prefix_digits`` is 0 for a fixed field, else the decimal digits of the length prefix.
    """

    number: int
    name: str
    kind: Kind
    length: int
    minimum: int
    prefix_digits: int
    encoding: str
    prefix_encoding: str
    odd_digits: str
    padding: str

    @property
    def is_fixed(self) -> bool:
        """Whether the field has no length prefix."""
        return self.prefix_digits == 0

    @property
    def prefix_width(self) -> int:
        """Bytes of the length prefix on the wire; BCD and binary lengths fill whole bytes."""
        if self.prefix_encoding in CODEPAGES:
            return self.prefix_digits
        return (self.prefix_digits + 1) // 2

    def width(self, length: int) -> int:
        """Bytes on the wire of a value of ``length`` characters (bytes for kind ``b``)."""
        if self.encoding != "bcd":
            return length
        if self.kind == "x+n":
            return 1 + length // 2 if length else 0
        return (length + 1) // 2

    def accepts(self, text: str) -> bool:
        """Whether every character belongs to the kind's character set."""
        return CHARSETS[self.kind].fullmatch(text) is not None
