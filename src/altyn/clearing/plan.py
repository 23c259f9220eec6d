"""The steps of clearing in order, as SQL for a dialect.

A step is one SELECT in `sql/`, under the name by which later steps read it. Whether an engine
keeps its rows (TABLE) or reads through it (VIEW) is a matter of cost. A CHECK gives no row when all
is well. Steps behind the decisions run slice by slice, so that the widest rows never have to be
sorted, or kept, all at once; GATHERED ones add the rows of each slice. Every statement names the
rows that nothing reads after it, so that an engine lets go of them there and then.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple, TypeAlias

from altyn.clearing.dialect import Dialect, expand, macros
from altyn.clearing.tables import (
    AUTHORIZATION_NOTICES,
    AUTHORIZATIONS,
    FEES,
    ITEMS,
    NETS,
    PAIRS,
    REJECTED,
    TOTALS,
    Table,
)


class Form(Enum):
    """What an engine does with a step."""

    VIEW = "read through"
    TABLE = "rows are kept"
    GATHERED = "rows of every slice are kept"
    CHECK = "must give no row"
    RESULT = "rows are written"


class Slice(NamedTuple):
    """A part of the cycle's order: files [file_from, file_until), ordinals [from, until).

    The switch's own entries are file 0, their ordinal is the journal's sequence.
    """

    file_from: int
    file_until: int
    ordinal_from: int
    ordinal_until: int


@dataclass(frozen=True, slots=True)
class Step:
    """A step: its name is that of its file in `sql/`, and of what it gives.

    Of a RESULT the name is that of the relation whose rows are written as `table`, by `order`.
    """

    name: str
    form: Form
    table: Table | None = None
    order: tuple[str, ...] = ()


class Span(NamedTuple):
    """Authorizations [first, until), by the sequence of their entries."""

    first: int
    until: int


BLOCK: Final = 1 << 14
"""So many numbers of authorizations are counted together, and not cut by a span."""


class Statement(NamedTuple):
    """A step as one SELECT of a dialect. `unread`: kept rows that no later statement reads."""

    step: Step
    text: str
    unread: tuple[str, ...] = ()


def _views(*names: str) -> tuple[Step, ...]:
    return tuple(Step(name, Form.VIEW) for name in names)


def _tables(*names: str) -> tuple[Step, ...]:
    return tuple(Step(name, Form.TABLE) for name in names)


def _checks(*names: str) -> tuple[Step, ...]:
    return tuple(Step(name, Form.CHECK) for name in names)


def _result(name: str, table: Table, *order: str) -> Step:
    return Step(name, Form.RESULT, table, order or table.key)


DECIDING: Final = (
    *_views("switch_entries"),
    *_tables("switch_reversals", "switch_originals", "authorization_terms"),
    *_tables("authorization_changes", "files"),
    *_views("records"),
    *_tables("repeated", "duplicates", "record_terms"),
    *_checks("check_files", "check_terms", "check_participants"),
    *_views("examined"),
    *_tables("named", "named_items", "named_records", "claims", "given_back"),
    *_views("pool"),
    *_tables("key_hits", "unmatched", "fallback_hits", "chosen"),
    *_tables("settlement_pairs", "valued", "several", "running", "debits"),
    *_tables("purchases", "refunds"),
    *_tables("decided", "reversals"),
    *_views("drafts_of_switch", "drafts_of_records"),
    *_tables("drafts_of_reversals", "rule_places"),
)
"""From the inputs to a verdict on every record."""

SLICED: Final = (
    *_tables("cleared"),
    _result("cleared", ITEMS, "ordinal"),
    *_views("fee_lines"),
    *_tables("profiles", "candidates", "prices", "charged"),
    *_views("fee_rows"),
    _result("fee_rows", FEES, "ordinal", "place", "base", "part"),
    Step("movements", Form.GATHERED),
    Step("accepted", Form.GATHERED),
)
"""Items and fees, a slice at a time."""

CLOSING: Final = (
    *_tables("rejected"),
    _result("rejected", REJECTED, "ordinal"),
    *_tables("presented_now"),
    *_views("carried", "authorizations", "authorization_notices"),
    _result("authorization_notices", AUTHORIZATION_NOTICES),
    *_tables("nets", "pairs", "totals"),
    *_checks("check_zero_sum", "check_totals"),
    _result("nets", NETS),
    _result("pairs", PAIRS),
    _result("totals", TOTALS),
)
"""What remains, and the proofs."""

CARRYING: Final = (_result("authorizations", AUTHORIZATIONS),)
"""What the next cycle is given, a span of authorizations at a time: there are as many as items."""

STEPS: Final = (*DECIDING, *SLICED, *CLOSING, *CARRYING)
_KEPT: Final = frozenset({Form.TABLE, Form.GATHERED})
_READ: Final = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)")


Macro: TypeAlias = Callable[..., str]


def _condition(part: Slice) -> Macro:
    """Whether a row belongs to a slice, by its file and its ordinal."""

    def in_slice(file_number: str, ordinal: str) -> str:
        return (
            f"({file_number} >= {part.file_from} AND {file_number} < {part.file_until}"
            f" AND {ordinal} >= {part.ordinal_from} AND {ordinal} < {part.ordinal_until})"
        )

    return in_slice


@cache
def _source(name: str) -> str:
    text = (files("altyn.clearing") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    return text.strip()


def reads(step: Step) -> frozenset[str]:
    """The steps whose rows a step reads, views seen through: of those, what they read."""
    if step.form is Form.RESULT:
        named = {step.name}
    else:
        named = set(_READ.findall(_source(step.name))) - {step.name}
    found: set[str] = set()
    for each in STEPS:
        if each.name in named and each.form is Form.VIEW:
            found |= reads(each)
        elif each.name in named and each.form in _KEPT:
            found.add(each.name)
    return frozenset(found)


@cache
def unread_after() -> Mapping[Step, tuple[str, ...]]:
    """For each step the rows that it is the last to read, by the order of the steps.

    A view reads nothing when it is made, but whenever a step reads through it.
    """
    last: dict[str, Step] = {}
    for step in STEPS:
        if step.form in _KEPT:
            last[step.name] = step
        if step.form is not Form.VIEW:
            last.update(dict.fromkeys(reads(step), step))
    return {step: tuple(name for name, reader in last.items() if reader is step) for step in STEPS}


class Plan:
    """Every step as SQL for one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        """A plan in the words of a dialect."""
        self._macros = macros(dialect)
        self._quotient = dialect.quotient

    def deciding(self) -> Iterator[Statement]:
        """The steps up to the verdicts."""
        return (self._statement(step, self._macros) for step in DECIDING)

    def sliced(self, part: Slice, *, last: bool) -> Iterator[Statement]:
        """The steps that make the items and fees of a slice; verdicts go with the last slice."""
        known = {**self._macros, "in_slice": _condition(part)}
        for step in SLICED:
            yield _of_part(self._statement(step, known), SLICED, last=last)

    def closing(self) -> Iterator[Statement]:
        """The steps behind the last slice."""
        return (self._statement(step, self._macros) for step in CLOSING)

    def carrying(self, span: Span, *, last: bool) -> Iterator[Statement]:
        """The steps that hand a span of authorizations on."""
        held = f"r.authorization >= {span.first} AND r.authorization < {span.until}"
        for step in CARRYING:
            yield _of_part(self._statement(step, self._macros, held), CARRYING, last=last)

    def records_of_files(self) -> str:
        """Behind the verdicts: number of each file, going up, and how many records are in it."""
        return "SELECT file_number, records FROM files ORDER BY file_number"

    def range_of_switch(self) -> str:
        """Behind the verdicts: first and last sequence of the switch's items, and how many."""
        return (
            "SELECT min(sequence), max(sequence), count(*) FROM switch_entries"
            " WHERE posted_change <> 0"
        )

    def blocks_of_authorizations(self) -> str:
        """Behind the closing: each BLOCK of authorizations, going up, and how many are in it."""
        block = self._quotient("a.authorization", str(BLOCK))
        counted = ("FROM (SELECT", block, "AS block FROM authorizations AS a) AS b")
        return " ".join(("SELECT block, count(*)", *counted, "GROUP BY block ORDER BY block"))

    def _statement(self, step: Step, known: Mapping[str, Macro], held: str = "") -> Statement:
        unread = unread_after()[step]
        if step.table is None:
            return Statement(step, expand(_source(step.name), known), unread)
        columns = ", ".join(f"r.{column.name}" for column in step.table.columns)
        order = ", ".join(f"r.{name}" for name in step.order)
        where = ("WHERE", held) if held else ()
        words = ("SELECT", columns, "FROM", step.name, "AS r", *where, "ORDER BY", order)
        return Statement(step, " ".join(words), unread)


def _of_part(statement: Statement, steps: tuple[Step, ...], *, last: bool) -> Statement:
    """The statement, which lets go of what came before the parts only in the last of them."""
    if last:
        return statement
    own = {step.name for step in steps if step.form in _KEPT}
    return statement._replace(unread=tuple(name for name in statement.unread if name in own))
