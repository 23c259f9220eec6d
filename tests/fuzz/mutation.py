"""Bytes that are nearly right: what is valid, with a few edits, and now and then bytes of chance.

A parser's faults lie close to what it accepts; bytes of chance alone hardly pass the first check.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from hypothesis import strategies as st

EDITS_MAX: Final = 6
LENGTH_MAX: Final = 1 << 16
TELLING: Final = (
    b"\x00", b"\xff", b"\x7f", b"\x80", b"0", b"9", b"-1", b"+4", b" ", b"_", b"=", b"D", b"F",
    b"\n", b'"', b"[", b"]", b"{", b"\\", b"\xd9\xa0", b"\xf0", b"\xff\xff", b"999", b"9" * 20,
    b"[" * 3000, b"1" * 5000,
)  # fmt: skip
"""Values at which parsers err: ends of ranges, signs, digits of other scripts, nesting."""


class Edit(NamedTuple):
    """One change: what is done, where (taken modulo the length), to how many bytes, with what."""

    deed: str
    place: int
    length: int
    value: bytes


def edited(data: bytes, edits: Sequence[Edit]) -> bytes:
    """The data after all edits, at most `LENGTH_MAX` long."""
    for edit in edits:
        at = edit.place % (len(data) + 1)
        end = min(len(data), at + edit.length)
        match edit.deed:
            case "put":
                data = data[:at] + edit.value + data[at + len(edit.value) :]
            case "insert":
                data = data[:at] + edit.value + data[at:]
            case "delete":
                data = data[:at] + data[end:]
            case "repeat":
                data = data[:end] + data[at:end] + data[end:]
            case "cut":
                data = data[:at]
            case _:
                flipped = bytes(byte ^ (1 << edit.length % 8) for byte in data[at : at + 1])
                data = data[:at] + flipped + data[at + 1 :]
    return data[:LENGTH_MAX]


DEEDS: Final = ("flip", "put", "insert", "delete", "repeat", "cut")
PROGRAM_BYTES: Final = 6


def edits_of(program: bytes) -> list[Edit]:
    """The edits that bytes stand for, six for each: one draw of bytes is quicker than many draws,
    and fewer bytes are fewer edits, so that a failing input shrinks."""
    found = []
    for at in range(0, len(program) - PROGRAM_BYTES + 1, PROGRAM_BYTES):
        deed, high, low, length, which, byte = program[at : at + PROGRAM_BYTES]
        value = TELLING[which % len(TELLING)] if which < 128 else bytes((which, byte))
        found.append(Edit(DEEDS[deed % len(DEEDS)], high << 8 | low, 1 + length % 40, value))
    return found


def near(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Seeds with edits, one seed's head with another's tail, and bytes of chance."""
    kept = st.sampled_from(seeds)
    program = st.binary(max_size=EDITS_MAX * PROGRAM_BYTES)
    changed = st.builds(lambda data, said: edited(data, edits_of(said)), kept, program)
    spliced = st.builds(
        lambda one, other, at: one[: at % (len(one) + 1)] + other[at % (len(other) + 1) :],
        kept,
        kept,
        st.integers(0, 4095),
    )
    return st.one_of(changed, changed, changed, spliced, st.binary(max_size=300))
