"""Writes the straight-line decoder of one shape of message; see ``plan`` for how and why."""

import re
from binascii import hexlify
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from altyn.message.field import CODEPAGES, FieldFormat
from altyn.message.layout import Layout, Place, Position
from altyn.message.plan import (
    BYTE_CHARSETS,
    KINDS_TAKING_DIGITS,
    TO_LATIN,
    character_check,
    compiled,
    decoding_lengths,
    is_packed_track,
    is_simple,
)
from altyn.message.reader import read_field
from altyn.message.record import Message
from altyn.message.spec import Specification

DecodePlan = Callable[[bytes], Message | None]

_RUN_FIELDS_MIN: Final = 3
_PACKED_TRACK: Final = re.compile(b"[0-9d]*").fullmatch


def decode_plan(
    specification: Specification, mti: str, fields: list[int], start: int
) -> DecodePlan:
    """A decoder for messages of this type and these fields, whose first field is at ``start``.

    ``mti`` is four digits. A field that the specification lacks raises ``KeyError``.
    """
    source = _DecoderSource(Layout(specification), start)
    for number in fields:
        source.add(specification.fields[number])
    source.close()
    return compiled(source.text(mti), source.names)


class _DecoderSource:
    """Collects the statements, checks and values of one decoder."""

    def __init__(self, layout: Layout, start: int) -> None:
        self.layout = layout
        self.statements: list[str] = []
        self.checks: list[str] = []
        self.values: dict[int, str] = {}
        self.names: dict[str, Any] = {
            # A message is filled in by hand: its own __init__ would be a call of Python.
            "Message": Message,
            "new": object.__new__,
            "layout": layout,
            "read_field": read_field,
        }
        self.views: set[str] = set()
        self.at = Position(distance=start)
        # Texts to be checked; the last one grows while its neighbours can be checked with it.
        self.regions: list[_Region] = []
        # The run being gathered: fixed texts one after another, as number, start and end.
        self.run: list[tuple[int, Position, Position]] = []
        self.run_encoding = ""

    def add(self, field: FieldFormat) -> None:
        """Takes up the next field."""
        joins_run = field.is_fixed and field.encoding in CODEPAGES and is_simple(field)
        if not joins_run or field.encoding != self.run_encoding:
            self._close_run()
        before = self.at
        if not is_simple(field):
            self._add_by_call(field)
            self.layout.places[field.number] = Place(before, self.at)
            return
        length = str(field.length) if field.is_fixed else self._read_prefix(field)
        start = self.at
        self._advance(field, length)
        if joins_run:
            self.run.append((field.number, start, self.at))
            self.run_encoding = field.encoding
        else:
            self.values[field.number] = self._value(field, start, length)
        self._extend_region(field, before, start)
        self.layout.places[field.number] = Place(before, self.at)

    def close(self) -> None:
        """Ends what is being gathered: no field follows."""
        self._close_run()
        for strip in _strips(self.regions):
            self.checks.append(self._strip_check(strip))

    def _close_run(self) -> None:
        """Cuts the run into its fields: one slice for all, then slices known in advance."""
        run, self.run = self.run, []
        if not run:
            return
        view, (first, start, _), end = self.run_encoding, run[0], run[-1][2]
        self.views.add(view)
        if len(run) < _RUN_FIELDS_MIN:
            self.values |= {n: f"{view}[{opens}:{closes}]" for n, opens, closes in run}
            return
        self.statements.append(f"run{first} = {view}[{start}:{end}]")
        for n, opens, closes in run:
            self.names[f"cut{n}"] = slice(
                opens.distance - start.distance, closes.distance - start.distance
            )
            self.values[n] = f"run{first}[cut{n}]"

    def _add_by_call(self, field: FieldFormat) -> None:
        n = field.number
        self.names[f"format{n}"] = field
        self.statements.append(f"value{n}, end{n} = read_field(format{n}, data, {self.at})")
        self.values[n] = f"value{n}"
        self._end_at(n)

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
        self._end_at(n)

    def _end_at(self, number: int) -> None:
        """From here places are counted from the end of this field."""
        self.at = Position(f"end{number}")
        self.layout.ends.append(self.at.base)

    def _value(self, field: FieldFormat, start: Position, length: str) -> str:
        if field.kind == "b":
            return f"data[{start}:{self.at}]"
        self.views.add(field.encoding)
        if field.encoding != "bcd":
            return f"{field.encoding}[{start}:{self.at}]"
        first, last = start.half_bytes(), self.at.half_bytes()
        if is_packed_track(field):
            return self._packed_track(first, last, length)
        if field.is_fixed and field.length % 2 == 0:
            return f"bcd[{first}:{last}]"
        # Odd digits carry a zero before them; the region check covers all half-bytes.
        odd = "" if field.is_fixed else f"{length} & 1 and "
        self.checks.append(f"{odd}bcd[{first}] != '0'")
        return f"bcd[{last} - {length}:{last}]"

    def _packed_track(self, first: str, end: str, length: str) -> str:
        """The track between these half-bytes, checked; the separator is the half-byte D."""
        last = f"{first} + {length}"
        self.names["fits_packed"] = _PACKED_TRACK
        digits = f"bcd_bytes[{first}:{last}].replace(b'd', b'', 1)"
        self.checks += [
            f"{length} & 1 and bcd[{end} - 1] != 'f'",
            f"not {digits}.isdigit() and not fits_packed(bcd_bytes, {first}, {last})",
        ]
        return f"bcd[{first}:{last}].replace('d', '=')"

    def _extend_region(self, field: FieldFormat, before: Position, start: Position) -> None:
        """Joins the field to the region before it when one check can serve both."""
        if field.kind == "b" or is_packed_track(field):
            return
        kind, encoding = field.kind, field.encoding
        if self.regions:
            region = self.regions[-1]
            # A prefix of digits between two values may lie inside the region: it is digits too.
            inside = field.is_fixed or (
                field.prefix_encoding == encoding and kind in KINDS_TAKING_DIGITS
            )
            if region[:2] == (kind, encoding) and region.end == before and inside:
                self.regions[-1] = region._replace(end=self.at)
                return
        self.regions.append(_Region(kind, encoding, start, self.at))

    def _strip_check(self, strip: list["_Region"]) -> str:
        """An expression that is true when the strip has a character that it must not have."""
        kind, encoding, start, end = strip[0]._replace(end=strip[-1].end)
        if encoding == "bcd":
            return f"not bcd_bytes[{start.half_bytes()}:{end.half_bytes()}].isdigit()"
        raw = "data" if encoding == "ascii" else f"{encoding}_bytes"
        if len(strip) > 1:
            name = f"fits_from_{len(self.checks)}"
            self.names[name] = _strip_pattern(strip).fullmatch
            return f"not {name}({raw}, {start}, {end})"
        self.names[f"fits_{kind}"] = BYTE_CHARSETS[kind].fullmatch
        return character_check(kind, f"{raw}[{start}:{end}]", f"{raw}, {start}, {end}")

    def _view(self, view: str) -> list[str]:
        """The statements that make the whole message a text, and bytes to be checked."""
        if view == "ascii":
            return ["ascii = data.decode('latin-1')"]
        if view == "bcd":
            self.names["hexlify"] = hexlify
            return ["bcd_bytes = hexlify(data)", "bcd = bcd_bytes.decode()"]
        self.names[f"to_latin_{view}"] = TO_LATIN[view]
        raw = f"{view}_bytes"
        return [f"{raw} = data.translate(to_latin_{view})", f"{view} = {raw}.decode('latin-1')"]

    def text(self, mti: str) -> str:
        """The function's source."""
        views = [statement for view in sorted(self.views) for statement in self._view(view)]
        checks = [f"len(data) != {self.at}", *self.checks]
        lines = [*views, *self.statements, f"if {' or '.join(f'({c})' for c in checks)}:"]
        # A copy has its room from the start; a dictionary filled from nothing grows three times.
        self.names["template"] = dict.fromkeys(self.values)
        lines += ["    return None", "fields = template.copy()"]
        lines += [f"fields[{number}] = {value}" for number, value in self.values.items()]
        received = ", ".join(("layout", "data", *self.layout.ends))
        lines += [
            "message = new(Message)",
            f"message.mti = '{mti}'",
            "message.fields = fields",
            f"message.received = ({received})",
            "return message",
        ]
        return "def plan(data):\n" + "".join(f"    {line}\n" for line in lines)


class _Region(NamedTuple):
    """Neighbouring characters of one kind, and where they are."""

    kind: str
    encoding: str
    start: Position
    end: Position

    @property
    def is_fixed(self) -> bool:
        """Whether its width is known in advance."""
        return self.start.base == self.end.base


def _strips(regions: list[_Region]) -> Iterator[list[_Region]]:
    """The regions, with those of fixed width that touch each other put together."""
    strip: list[_Region] = []
    for region in regions:
        last = strip[-1] if strip else region
        joins = last.is_fixed and region.is_fixed and last.encoding == region.encoding != "bcd"
        if strip and not (joins and last.end == region.start):
            yield strip
            strip = []
        strip.append(region)
    if strip:
        yield strip


def _strip_pattern(strip: list[_Region]) -> re.Pattern[bytes]:
    """The characters of each region, counted, one after another."""
    parts = []
    for kind, _, start, end in strip:
        characters = BYTE_CHARSETS[kind].pattern.removesuffix(b"*")
        parts.append(b"%b{%d}" % (characters, end.distance - start.distance))
    return re.compile(b"".join(parts))
