"""Writes the straight-line decoder of one shape of message; see ``plan`` for how and why."""

from collections.abc import Callable
from typing import Any, Final

from altyn.message.field import CHARSETS, CODEPAGES, FieldFormat
from altyn.message.plan import (
    FAST_CHECKS,
    KINDS_TAKING_DIGITS,
    compiled,
    decoding_lengths,
    is_simple,
    kind_word,
)
from altyn.message.reader import read_field
from altyn.message.record import Message
from altyn.message.spec import Specification

DecodePlan = Callable[[bytes], Message | None]

_RUN_FIELDS_MIN: Final = 3


def decode_plan(
    specification: Specification, mti: str, fields: list[int], start: int
) -> DecodePlan:
    """A decoder for messages of this type and these fields, whose first field is at ``start``.

    ``mti`` is four digits. A field that the specification lacks raises ``KeyError``.
    """
    source = _DecoderSource(start)
    for number in fields:
        source.add(specification.fields[number])
    source.close()
    return compiled(source.text(mti), source.names)


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
    """Collects the statements, checks and values of one decoder."""

    def __init__(self, start: int) -> None:
        self.statements: list[str] = []
        self.checks: list[str] = []
        self.values: dict[int, str] = {}
        self.names: dict[str, Any] = {"Message": Message, "read_field": read_field}
        self.views: set[str] = set()
        self.at = _Position(distance=start)
        # The region being gathered: kind, encoding, where it starts and where it ends.
        self.region: tuple[str, str, _Position, _Position] | None = None
        # The run being gathered: fixed texts one after another, as number, start and end.
        self.run: list[tuple[int, _Position, _Position]] = []
        self.run_encoding = ""

    def add(self, field: FieldFormat) -> None:
        """Takes up the next field."""
        joins_run = field.is_fixed and field.encoding in CODEPAGES and is_simple(field)
        if not joins_run or field.encoding != self.run_encoding:
            self._close_run()
        if not is_simple(field):
            self._add_by_call(field)
            return
        before = self.at
        length = str(field.length) if field.is_fixed else self._read_prefix(field)
        start = self.at
        self._advance(field, length)
        if joins_run:
            self.run.append((field.number, start, self.at))
            self.run_encoding = field.encoding
        else:
            self.values[field.number] = self._value(field, start, length)
        self._extend_region(field, before, start)

    def close(self) -> None:
        """Ends what is being gathered: no field follows."""
        self._close_region()
        self._close_run()

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

    def _close_region(self) -> None:
        """Writes the check of the region gathered so far."""
        if self.region is not None:
            self.checks.append(self._region_check(*self.region))
            self.region = None

    def _add_by_call(self, field: FieldFormat) -> None:
        n = field.number
        self.names[f"format{n}"] = field
        self.statements.append(f"value{n}, end{n} = read_field(format{n}, data, {self.at})")
        self.values[n] = f"value{n}"
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
                field.prefix_encoding == encoding and kind in KINDS_TAKING_DIGITS
            )
            if self.region[:2] == (kind, encoding) and self.region[3] == before and inside:
                self.region = (kind, encoding, self.region[2], self.at)
                return
            self._close_region()
        self.region = (kind, encoding, start, self.at)

    def _region_check(self, kind: str, encoding: str, start: _Position, end: _Position) -> str:
        """An expression that is true when the region has a character that it must not have."""
        if encoding == "bcd":
            return f"not bcd[{start.half_bytes()}:{end.half_bytes()}].isdigit()"
        self.names[f"fits_{kind_word(kind)}"] = CHARSETS[kind].fullmatch
        whole = f"fits_{kind_word(kind)}({encoding}, {start}, {end})"
        if encoding != "ascii" or kind not in FAST_CHECKS:
            return f"not {whole}"
        # The methods of bytes know ASCII only; those of str would take other scripts' digits.
        fast = f"not data[{start}:{end}].{FAST_CHECKS[kind]}()"
        return fast if kind == "n" else f"{fast} and not {whole}"

    def text(self, mti: str) -> str:
        """The function's source."""
        views = ["bcd = data.hex()"] if "bcd" in self.views else []
        views += [
            f"{view} = data.decode('{CODEPAGES[view]}')" for view in sorted(self.views - {"bcd"})
        ]
        checks = [f"len(data) != {self.at}", *self.checks]
        lines = [*views, *self.statements, f"if {' or '.join(f'({c})' for c in checks)}:"]
        # A copy has its room from the start; a dictionary filled from nothing grows three times.
        self.names["template"] = dict.fromkeys(self.values)
        lines += ["    return None", "fields = template.copy()"]
        lines += [f"fields[{number}] = {value}" for number, value in self.values.items()]
        lines.append(f"return Message('{mti}', fields)")
        return "def plan(data):\n" + "".join(f"    {line}\n" for line in lines)
