"""What the bank booked, held against what we know to be settled (M08)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from altyn.settlement.answer import Entry, Notification, Statement
from altyn.settlement.facts import Transfer


class Break(Enum):
    """A kind of difference."""

    ARITHMETIC = "opening and entries do not give closing"
    OPENING = "opening is not where the statement before closed"
    MISSING = "settled by us, not in the statement"
    UNEXPECTED = "in the statement, not settled by us"
    AMOUNT = "another amount or direction"
    CURRENCY = "another currency"
    TWICE = "booked twice"


class Difference(NamedTuple):
    """One line of the break list: the transfer it is about, and both amounts in minor units."""

    kind: Break
    transfer_id: str
    ours: int
    theirs: int


class Comparison(NamedTuple):
    """The transfers that agree, and the break list."""

    agreed: tuple[str, ...]
    differences: tuple[Difference, ...]


def expected_entry(transfer: Transfer) -> Entry:
    """How a transfer shows on the scheme's account: what a participant pays in is its credit."""
    account, minor_units = transfer.position
    return Entry(transfer.transfer_id, -minor_units, account.currency)


def compare_notification(
    notification: Notification, settled: Mapping[str, Transfer], known: Iterable[str]
) -> Comparison:
    """Entries as they come; what is not in it may come in the next one."""
    return _compare(notification.entries, settled, frozenset(known), due=())


def compare_statement(
    statement: Statement,
    settled: Mapping[str, Transfer],
    due: Iterable[str],
    known: Iterable[str],
    closed_at: int | None,
) -> Comparison:
    """A whole statement.

    settled: our transfers; due: those that must be in it; known: those in a statement before;
    closed_at: where that one closed, None when this is the first.
    """
    differences = []
    total = sum(entry.minor_units for entry in statement.entries)
    if statement.opening + total != statement.closing:
        differences.append(
            Difference(Break.ARITHMETIC, "", statement.opening + total, statement.closing)
        )
    if closed_at is not None and closed_at != statement.opening:
        differences.append(Difference(Break.OPENING, "", closed_at, statement.opening))
    found = _compare(statement.entries, settled, frozenset(known), due)
    return found._replace(differences=(*differences, *found.differences))


def _compare(
    entries: Iterable[Entry],
    settled: Mapping[str, Transfer],
    known: frozenset[str],
    due: Iterable[str],
) -> Comparison:
    agreed: list[str] = []
    differences: list[Difference] = []
    seen: Counter[str] = Counter()
    for entry in entries:
        transfer = settled.get(entry.transfer_id)
        seen[entry.transfer_id] += 1
        kind = _difference(entry, transfer, entry.transfer_id in known, seen[entry.transfer_id])
        if kind is None:
            agreed.append(entry.transfer_id)
        else:
            ours = 0 if transfer is None else expected_entry(transfer).minor_units
            differences.append(Difference(kind, entry.transfer_id, ours, entry.minor_units))
    for identifier in due:
        if not seen[identifier]:
            ours = expected_entry(settled[identifier]).minor_units
            differences.append(Difference(Break.MISSING, identifier, ours, 0))
    return Comparison(tuple(agreed), tuple(differences))


def _difference(entry: Entry, transfer: Transfer | None, known: bool, times: int) -> Break | None:
    if transfer is None:
        return Break.UNEXPECTED
    if known or times > 1:
        return Break.TWICE
    expected = expected_entry(transfer)
    if entry.currency != expected.currency:
        return Break.CURRENCY
    return Break.AMOUNT if entry.minor_units != expected.minor_units else None
