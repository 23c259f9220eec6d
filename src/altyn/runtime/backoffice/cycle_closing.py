"""Closing a cycle: the end of its range in the switch's journal, its files, its versions."""

from typing import Any, Final

from altyn.clearing import CutOff
from altyn.journal import Batch, Position, Storage
from altyn.runtime.backoffice.cycle import (
    ClosedCycle,
    closed_cycles,
    cut_off_of,
    following,
)
from altyn.runtime.backoffice.file_fact import file_entries
from altyn.runtime.backoffice.journal import BackOfficeJournal
from altyn.runtime.backoffice.office import Office
from altyn.runtime.output import UserError

__all__ = ["REGISTRY_VERSION", "RULES_VERSION", "close_cycle"]

REGISTRY_VERSION: Final = "registry-version"
RULES_VERSION: Final = "rules-version"


def close_cycle(office: Office, cycle: str, closed_early: str = "") -> ClosedCycle:
    """Close a cycle, or give it as it was closed before.

    closed_early: why it ends now and not at its cut-off; empty: it does not. Raises UserError for
    one that is not the next, that has not ended, or that the rules do not have.
    """
    with office.writing() as journal:
        closed = closed_cycles(journal)
        for each in closed:
            if each.cycle == cycle:
                return each
        cut_off = _next_one(office, closed[-1] if closed else None, cycle)
        now_us = office.now_us()
        if cut_off.at_us > now_us and not closed_early:
            raise UserError(
                "this cycle has not ended: its cut-off is to come",
                where=cycle,
                do="wait for the cut-off, or end it now with --early REASON",
            )
        why = closed_early if cut_off.at_us > now_us else ""
        made = _fix(office, journal, closed, cut_off, min(cut_off.at_us, now_us), why)
        journal.append(
            version_fact(REGISTRY_VERSION, office.registry.version, office.registry.facts),
            version_fact(RULES_VERSION, office.rules.version, office.rules.facts),
            made.content(),
        )
        return made


def version_fact(kind: str, version: str, facts: Any) -> dict[str, Any]:
    """The whole of a registry or of rules, once for each version that was used."""
    return {"fact": kind, "key": version, "facts": list(facts)}


def _next_one(office: Office, last: ClosedCycle | None, cycle: str) -> CutOff:
    """The cycle of this name, which must be the next; raises UserError."""
    cut_off = cut_off_of(office.rules, cycle)
    if cut_off is None:
        raise UserError(
            "the rules have no such cycle",
            where=cycle,
            do="name a day and a number, as 2026-11-23/1; the rules say how many a day has",
        )
    if last is None:
        if cut_off.number != 1:
            raise UserError(
                "no cycle was closed yet, and the first one is number 1 of its day",
                where=cycle,
                do=f"begin with {cycle.partition('/')[0]}/1",
            )
        return cut_off
    try:
        due = following(office.rules, last)
    except LookupError as error:
        raise UserError(str(error.args[0]), where=str(office.settings.clearing.rules)) from error
    if due != cut_off:
        raise UserError(
            "cycles are closed in their order, and another one is next",
            where=cycle,
            do=f"clear {due.cycle} first",
        )
    return cut_off


def _fix(
    office: Office,
    journal: BackOfficeJournal,
    closed: list[ClosedCycle],
    cut_off: CutOff,
    end_us: int,
    closed_early: str,
) -> ClosedCycle:
    """The cycle as it is closed: what no cycle before had, up to its end."""
    last = closed[-1] if closed else None
    with office.switch_journal() as storage:
        if last is not None:
            _require_same_journal(storage, last)
        after = last.last_sequence if last else 0
        end = _end_of_range(storage, after, end_us)
    taken = {key for each in closed for key in each.files}
    waiting_days = (cut_off.business_day, cut_off.number)
    files = tuple(
        each.key
        for each in file_entries(journal)
        if each.is_taken and each.key not in taken and each.cycle_place <= waiting_days
    )
    return ClosedCycle(
        cut_off.cycle,
        cut_off.business_day,
        cut_off.number,
        last.cycle if last else "",
        after,
        end.sequence,
        end.hash.hex(),
        end_us,
        closed_early,
        office.registry.version,
        office.rules.version,
        files,
    )


def _require_same_journal(storage: Storage, last: ClosedCycle) -> None:
    """The chain must stand at the end of the last cycle where it stood when that was closed."""
    if last.last_sequence == 0:
        return
    batch = _holder(storage, last.last_sequence)
    found = batch is not None and batch.last_sequence == last.last_sequence
    if not found or batch is None or batch.hash.hex() != last.chain_hash:
        raise UserError(
            f"the switch's journal is not the one of which cycle {last.cycle} was closed",
            where=f"entry {last.last_sequence}",
            do="restore the switch's journal, or a newer copy of it; nothing was closed",
        )


def _holder(storage: Storage, sequence: int) -> Batch | None:
    return next(storage.batches(sequence), None)


def _end_of_range(storage: Storage, after: int, end_us: int) -> Position:
    """The end of the last group commit that was written by an instant.

    Found by halves, for a day's journal is large. Where a clock stepped back, one of the places
    that fit is taken; every entry is in one cycle all the same.
    """
    end = storage.end()
    low, high = after, end.sequence
    found: Batch | None = None
    middle = high  # most often the switch has written nothing since
    while low < high:
        batch = _holder(storage, middle)
        assert batch is not None, "the journal has every entry up to its end"
        if batch.written_us <= end_us:
            found, low = batch, batch.last_sequence
        else:
            high = batch.first_sequence - 1
        middle = (low + high + 1) // 2
    if found is not None:
        return Position(found.last_sequence, found.hash)
    if after == 0:
        return Position(0, storage.genesis)
    holder = _holder(storage, after)
    assert holder is not None, "the end of the cycle before was looked at"
    return Position(after, holder.hash)
