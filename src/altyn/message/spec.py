"""Specifications: one TOML table per dialect, checked whole before any of it is used.

A table has ``title``, ``standard``, an optional ``extends`` naming a shipped dialect, a ``layout``
(defaults by kind of content) and ``fields``. A table that extends another repeats only what
differs. Every fault is reported with the file, the field and the key, all of them at once.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, cast

from altyn.message.bitmap import BITMAP_ENCODINGS
from altyn.message.field import (
    CODEPAGES,
    ENCODINGS,
    KINDS,
    ODD_DIGITS,
    PADDINGS,
    PREFIX_DIGITS,
    PREFIX_ENCODINGS,
    FieldFormat,
    Kind,
)

_DIGIT_ENCODINGS: Final = (*CODEPAGES, "bcd")
_LAYOUT: Final[dict[str, tuple[str, ...]]] = {
    "mti": _DIGIT_ENCODINGS,
    "bitmap": BITMAP_ENCODINGS,
    "digits": _DIGIT_ENCODINGS,
    "track": _DIGIT_ENCODINGS,
    "text": tuple(CODEPAGES),
    "prefix": PREFIX_ENCODINGS,
    "odd_digits": ODD_DIGITS,
}
_TOP_KEYS: Final = ("title", "standard", "extends", "layout", "fields")
_FIELD_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "kind": KINDS,
    "prefix": ("none", *PREFIX_DIGITS),
    "encoding": ENCODINGS,
    "prefix_encoding": PREFIX_ENCODINGS,
    "odd_digits": ODD_DIGITS,
    "padding": PADDINGS,
}
_FIELD_NUMBERS: Final = ("length", "minimum")
_CONTENT_OF_KIND: Final = {"n": "digits", "x+n": "digits", "z": "track"}
_ENCODINGS_OF_KIND: Final[dict[str, tuple[str, ...]]] = {
    "n": _DIGIT_ENCODINGS,
    "x+n": _DIGIT_ENCODINGS,
    "z": _DIGIT_ENCODINGS,
    "b": ("binary",),
}
_PADDINGS_OF_KIND: Final[dict[str, tuple[str, ...]]] = {
    "n": ("none", "zero-left"),
    "a": ("none", "space-right"),
    "an": ("none", "space-right"),
    "ans": ("none", "space-right"),
}

Table = dict[str, Any]

_QUOTED: Final = re.compile(r"'[^']{3,}'|\"[^\"]{3,}\"|\((?!at )[^)]*\)")
"""What TOML's reader repeats from the file."""
_LONG_NUMBER: Final = re.compile(r"\d{7}")


class SpecificationError(ValueError):
    """A dialect's table is wrong; ``faults`` names each with its file, field and key."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Specification:
    """A dialect's layout: how the message type and bitmaps are written, and every field."""

    name: str
    title: str
    standard: str
    mti_encoding: str
    bitmap_encoding: str
    fields: Mapping[int, FieldFormat]


def dialect_names() -> tuple[str, ...]:
    """The names of the shipped dialects, sorted."""
    folder = resources.files("altyn.message").joinpath("specs")
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def load_specification(name: str) -> Specification:
    """The shipped dialect of that name. Raises ``SpecificationError`` for an unknown name."""
    return _build(name, _shipped_table(name), f"{name}.toml")


def parse_specification(text: str, file: str) -> Specification:
    """A dialect from the text of a TOML table; ``file`` is its name for messages.

    Raises ``SpecificationError`` naming every fault found.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        words = _QUOTED.sub("…", str(error))
        raise SpecificationError([f"{file}: not a TOML table: {words}"]) from error
    except (ValueError, RecursionError) as error:
        # The reader's own limits: numbers of 4,300 digits, lists a thousand deep.
        raise SpecificationError([f"{file}: not a TOML table: a value is too large"]) from error
    return _build(file.rsplit("/", 1)[-1].removesuffix(".toml"), table, file)


def _shipped_table(name: str) -> Table:
    if name not in dialect_names():
        known = ", ".join(dialect_names())
        raise SpecificationError([f"no dialect has this name; the shipped ones are {known}"])
    source = resources.files("altyn.message").joinpath("specs", f"{name}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def _build(name: str, table: Table, file: str) -> Specification:
    faults = _top_faults(table, file)
    if faults:
        raise SpecificationError(faults)
    layout, rows = _merged(table, file)
    for key in _LAYOUT:
        if key not in layout:
            faults.append(f"{file}: layout: key {key!r} is missing")
    faults += _layout_faults(layout, file)
    formats: dict[int, FieldFormat] = {}
    for number, row in [] if faults else sorted(rows.items()):
        field = _field(number, row, layout, file, faults)
        if field is not None:
            formats[number] = field
    if not rows:
        faults.append(f"{file}: fields: at least one field is needed")
    if faults:
        raise SpecificationError(faults)
    return Specification(
        name=name,
        title=table["title"],
        standard=table["standard"],
        mti_encoding=layout["mti"],
        bitmap_encoding=layout["bitmap"],
        fields=formats,
    )


def _merged(table: Table, file: str) -> tuple[dict[str, str], dict[int, Table]]:
    """The layout and the rows by field number, over those of the dialect extended."""
    layout: dict[str, str] = {}
    rows: dict[int, Table] = {}
    parent = table.get("extends")
    if parent is not None:
        try:
            base = _shipped_table(parent)
        except SpecificationError as error:
            raise SpecificationError([f"{file}: extends: {error}"]) from error
        layout, rows = _merged(base, f"{parent}.toml")
    faults: list[str] = []
    for key, row in table.get("fields", {}).items():
        number = _number(key)
        if number is None:
            shown = _key(key)
            faults.append(f"{file}: fields: {shown} is not a field number (2 to 128, without 65)")
        elif not isinstance(row, dict):
            faults.append(f"{file}: field {key}: a table of name, kind and length is needed")
        else:
            rows[number] = {**rows.get(number, {}), **row}
    if faults:
        raise SpecificationError(faults)
    return {**layout, **table.get("layout", {})}, rows


def _key(key: str) -> str:
    """A key for people; one that may be a number out of place is not repeated."""
    return "?" if len(key) > 40 or _LONG_NUMBER.search(key) else repr(key)


def _number(key: str) -> int | None:
    if not (key.isascii() and key.isdigit()) or key.startswith("0") or len(key) > 3:
        return None
    number = int(key)
    return number if 2 <= number <= 128 and number != 65 else None


def _top_faults(table: Table, file: str) -> list[str]:
    faults = [f"{file}: key {_key(key)} is unknown" for key in table if key not in _TOP_KEYS]
    for key in ("title", "standard"):
        if not isinstance(table.get(key), str):
            faults.append(f"{file}: key {key!r} must be a text")
    if not isinstance(table.get("extends", ""), str):
        faults.append(f"{file}: key 'extends' must name a shipped dialect")
    for key in ("layout", "fields"):
        if not isinstance(table.get(key, {}), dict):
            faults.append(f"{file}: key {key!r} must be a table")
    return faults


def _layout_faults(layout: Mapping[str, object], file: str) -> list[str]:
    faults = []
    for key, value in layout.items():
        if key not in _LAYOUT:
            faults.append(f"{file}: layout: key {_key(key)} is unknown")
        elif value not in _LAYOUT[key]:
            faults.append(f"{file}: layout: {key} must be one of {', '.join(_LAYOUT[key])}")
    return faults


def _field(
    number: int, row: Table, layout: Mapping[str, str], file: str, faults: list[str]
) -> FieldFormat | None:
    """The format of one row, or None after adding to ``faults``."""
    place = f"{file}: field {number}"
    found = _row_faults(row, place)
    if found:
        faults += found
        return None
    kind = cast(Kind, row["kind"])
    encoding = "binary" if kind == "b" else layout[_CONTENT_OF_KIND.get(kind, "text")]
    field = FieldFormat(
        number=number,
        name=row["name"],
        kind=kind,
        length=row["length"],
        minimum=row.get("minimum", min(row["length"], 1) if kind in ("n", "z", "x+n") else 0),
        prefix_digits=PREFIX_DIGITS.get(row.get("prefix", "none"), 0),
        encoding=row.get("encoding", encoding),
        prefix_encoding=row.get("prefix_encoding", layout["prefix"]),
        odd_digits=row.get("odd_digits", layout["odd_digits"]),
        padding=row.get("padding", "none"),
    )
    faults += [f"{place}: {fault}" for fault in _sense_faults(field)]
    return field


def _row_faults(row: Table, place: str) -> list[str]:
    """Faults of single keys: unknown, missing, or of the wrong type."""
    known = ("name", *_FIELD_WORDS, *_FIELD_NUMBERS)
    faults = [f"{place}: key {_key(key)} is unknown" for key in row if key not in known]
    faults += [f"{place}: key {k!r} is missing" for k in ("name", "kind", "length") if k not in row]
    if not isinstance(row.get("name", ""), str):
        faults.append(f"{place}: name must be a text")
    for key, words in _FIELD_WORDS.items():
        if key in row and row[key] not in words:
            faults.append(f"{place}: {key} must be one of {', '.join(words)}")
    for key in _FIELD_NUMBERS:
        if key in row and (type(row[key]) is not int or row[key] < 0):
            faults.append(f"{place}: {key} must be a whole number, not negative")
    return faults


_SENSE: Final[tuple[tuple[Callable[[FieldFormat], bool], str], ...]] = (
    (lambda f: f.length > 0, "length must be at least 1"),
    (lambda f: f.minimum <= f.length, "minimum is above length"),
    (
        lambda f: f.is_fixed or f.length < 10**f.prefix_digits,
        "length does not fit the digits of the prefix",
    ),
    (
        # A binary prefix of one byte counts to 255, whatever the digits say.
        lambda f: f.prefix_encoding != "binary" or f.length < 256**f.prefix_width or f.is_fixed,
        "length does not fit the bytes of the prefix",
    ),
    (
        lambda f: f.encoding in _ENCODINGS_OF_KIND.get(f.kind, tuple(CODEPAGES)),
        "encoding is not one that this kind can have",
    ),
    (
        lambda f: f.padding in _PADDINGS_OF_KIND.get(f.kind, ("none",)),
        "padding is not one that this kind can have",
    ),
    (lambda f: f.padding == "none" or f.is_fixed, "padding is for fixed fields only"),
    (
        lambda f: f.kind != "x+n" or (f.is_fixed and f.length >= 2),
        "kind x+n is fixed and has a sign and at least one digit",
    ),
)


def _sense_faults(field: FieldFormat) -> list[str]:
    """Faults of keys that contradict each other."""
    return [fault for holds, fault in _SENSE if not holds(field)]
