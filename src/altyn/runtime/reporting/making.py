"""Which reports there are, and how each is made from the books: as a page and as lines."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from altyn.reports import (
    Lines,
    Period,
    Report,
    ReportError,
    Tables,
    disclosure,
    exposure,
    invoice,
    lines_of,
    net_settlement,
    reconciliation,
    rejected_records,
    rejections,
    transaction_page,
    transactions,
)
from altyn.runtime.backoffice.cycle import ClosedCycle
from altyn.runtime.output import UserError
from altyn.runtime.reporting.books import Books, standings

__all__ = ["KINDS", "Desk", "Kind", "true_statements"]


@dataclass(frozen=True)
class Desk:
    """Everything that a report of a period is made from; its tables are open."""

    books: Books
    period: Period
    cycles: Sequence[ClosedCycle]
    tables: Tables


class Kind(NamedTuple):
    """A report: its name in the command and in files, and whom it can be for.

    page: made for a participant, None for all; lines: where they are too many for the page's.
    """

    name: str
    summary: str
    for_all: bool
    for_one: bool
    page: Callable[[Desk, str | None], Report]
    lines: Callable[[Desk, str | None], Lines] | None = None

    def lines_for(self, desk: Desk, participant: str | None) -> Lines:
        """The table for programs."""
        if self.lines is not None:
            return self.lines(desk, participant)
        return lines_of(self.page(desk, participant).lines)


def _net_settlement(desk: Desk, participant: str | None) -> Report:
    return net_settlement(desk.tables, desk.period, desk.books.runs, participant)


def _transaction_page(desk: Desk, participant: str | None) -> Report:
    assert participant is not None, "the command asks for one"
    return transaction_page(desk.tables, desk.period, participant)


def _transactions(desk: Desk, participant: str | None) -> Lines:
    assert participant is not None, "the command asks for one"
    return transactions(desk.tables, participant)


def _invoice(desk: Desk, participant: str | None) -> Report:
    return invoice(desk.tables, desk.period, participant)


def _reconciliation(desk: Desk, participant: str | None) -> Report:
    assert participant is None, "the command asks for none"
    books = desk.books
    switch = books.switch_positions(desk.cycles)
    return reconciliation(desk.tables, desk.period, switch, books.runs, books.statements())


def _exposure(desk: Desk, participant: str | None) -> Report:
    return exposure(standings(desk.books), Period((), "as the books stand now"), participant)


def _rejections(desk: Desk, participant: str | None) -> Report:
    return rejections(desk.tables, desk.period, participant)


def _rejected_records(desk: Desk, participant: str | None) -> Lines:
    return rejected_records(desk.tables, participant)


def _disclosure(desk: Desk, participant: str | None) -> Report:
    assert participant is None, "the command asks for none"
    return disclosure(desk.tables, desk.period, desk.books.history(desk.cycles))


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind(
            "net-settlement",
            "Why each net is what it is, and whether it is final.",
            True,
            True,
            _net_settlement,
        ),
        Kind(
            "transactions",
            "Every item of a participant with its fees, the card masked.",
            False,
            True,
            _transaction_page,
            _transactions,
        ),
        Kind("invoice", "Interchange and fees by rule and counterparty.", True, True, _invoice),
        Kind(
            "reconciliation",
            "Switch, clearing and settlement bank, held against each other.",
            True,
            False,
            _reconciliation,
        ),
        Kind("exposure", "What may have to be paid, and what covers it.", True, True, _exposure),
        Kind(
            "rejected",
            "Rejected records: why, and what to do.",
            True,
            True,
            _rejections,
            _rejected_records,
        ),
        Kind("pfmi", "Figures to publish, by principle.", True, False, _disclosure),
    )
}
"""Every report by its name."""


@contextmanager
def true_statements() -> Iterator[None]:
    """What would not be true is told and not written."""
    try:
        yield
    except ReportError as error:
        raise UserError(str(error), where="clearing's tables") from error
