"""What reports take from the back office and the switch beside clearing's tables."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from altyn.clearing import Backing
from altyn.clock import BusinessDay, calendar_date
from altyn.identifiers import ParticipantId
from altyn.journal import FIXED_KIND, Storage
from altyn.money import currency_of
from altyn.reports import Period, SettlementHistory, Standing
from altyn.runtime.backoffice.cycle import ClosedCycle, closed_cycles
from altyn.runtime.backoffice.office import Office
from altyn.runtime.journal.proof import ColumnPositions, Totals
from altyn.runtime.journal.selection import Selection, read_runs, records_of
from altyn.runtime.output import UserError
from altyn.runtime.reporting.result_tables import ResultTables, open_results
from altyn.settlement import (
    Closed,
    Correspondence,
    Defaulted,
    Fact,
    Reconciled,
    Resources,
    Run,
    SettlementDesk,
    Terms,
)

__all__ = ["Books", "period_of", "read_books", "slug_of", "standings"]

UNSENT: Final = Terms(Correspondence("", "", {}, {}))
"""A desk that is only read: it writes to no bank."""


@dataclass(frozen=True)
class Books:
    """The back office's journal as reports read it: cycles in order, and settlement's facts."""

    office: Office
    cycles: tuple[ClosedCycle, ...]
    facts: tuple[Fact, ...]
    runs: dict[str, Run]

    def statements(self) -> list[Reconciled]:
        """What was held against the bank's statements and notifications."""
        return [fact for fact in self.facts if isinstance(fact, Reconciled)]

    def history(self, cycles: Sequence[ClosedCycle]) -> SettlementHistory:
        """What settlement tells of some cycles; resources are those of the last one's day."""
        last = max((each.business_day for each in cycles), default=0)
        return SettlementHistory(
            self.runs,
            [fact for fact in self.facts if isinstance(fact, Closed)],
            [fact for fact in self.facts if isinstance(fact, Defaulted)],
            {currency: self.resources(currency, last) for currency in self.currencies()},
        )

    def currencies(self) -> list[str]:
        """Every currency that somebody has placed something behind, alphabetic."""
        return sorted(
            {rule.currency for rule in self.office.rules.rules if isinstance(rule, Backing)}
        )

    def resources(self, currency: str, day: BusinessDay) -> Resources:
        """What stands behind a currency, as agreed for a day."""
        return self.office.rules.resources(currency, day)

    @contextmanager
    def tables(self, cycles: Iterable[ClosedCycle]) -> Iterator[ResultTables]:
        """The tables that clearing left of these cycles."""
        folders = {each.cycle: self.office.folders.cycle(each.cycle) for each in cycles}
        with open_results(folders) as tables:
            yield tables

    def switch_positions(self, cycles: Sequence[ClosedCycle]) -> dict[tuple[str, str], int]:
        """What the switch posted in the ranges of these cycles: net by participant and currency,
        which is alphabetic."""
        found: dict[tuple[str, str], int] = {}
        with self.office.switch_journal() as storage:
            for each in cycles:
                totals = _totals(storage, each.after_sequence, each.last_sequence)
                for (participant, numeric), (net, _held, _days) in totals.items():
                    key = (participant, currency_of(numeric).alpha)
                    found[key] = found.get(key, 0) + net
        return {key: net for key, net in found.items() if net}


def read_books(office: Office) -> Books:
    """The books as they stand now. Raises UserError."""
    with office.reading() as journal:
        cycles = tuple(closed_cycles(journal))
        facts = tuple(journal.settlement_facts())
    return Books(office, cycles, facts, SettlementDesk(UNSENT, facts).runs)


def period_of(
    books: Books, cycle: str | None, first_day: BusinessDay | None, last_day: BusinessDay | None
) -> tuple[Period, list[ClosedCycle]]:
    """The closed cycles that were asked for: one by name, else those of some business days, else
    the last. Raises UserError when there are none."""
    if cycle is not None:
        found = [each for each in books.cycles if each.cycle == cycle]
        words = f"cycle {cycle}"
    elif first_day is not None and last_day is not None:
        found = [each for each in books.cycles if first_day <= each.business_day <= last_day]
        days = [calendar_date(first_day).isoformat(), calendar_date(last_day).isoformat()]
        words = f"business day {days[0]}" if first_day == last_day else " to ".join(days)
        words += f" ({len(found)} cycle{'' if len(found) == 1 else 's'})"
    else:
        found = list(books.cycles[-1:])
        words = f"cycle {found[0].cycle}" if found else ""
    if not found:
        raise UserError(
            "no closed cycle is meant by this",
            where="--cycle, --day",
            do="`altyn cycle list` shows those that are closed",
        )
    return Period(tuple(each.cycle for each in found), words), found


def slug_of(period: Period) -> str:
    """The name of a period's folder: the cycle, or the first and the last of them."""
    first, last = (name.replace("/", "-") for name in (period.cycles[0], period.cycles[-1]))
    return first if first == last else f"{first}_{last}"


def standings(books: Books) -> list[Standing]:
    """What each participant may have to pay as the books stand now."""
    cleared = [each for each in books.cycles if _is_cleared(books.office, each)]
    unsettled = _unsettled(books, cleared)
    after = cleared[-1].last_sequence if cleared else 0
    with books.office.switch_journal() as storage:
        uncleared = _totals(storage, after, None)
        held = _totals(storage, 0, None)
    participants = books.office.registry.participants
    caps = {
        (str(name), currency): cap
        for name, each in participants.items()
        for currency, cap in each.net_debit_caps.items()
    }
    open_posts = {
        (name, currency_of(numeric).alpha): net
        for (name, numeric), (net, _, _) in uncleared.items()
    }
    holds = {
        (name, currency_of(numeric).alpha): units for (name, numeric), (_, units, _) in held.items()
    }
    day = books.cycles[-1].business_day if books.cycles else 0
    return [
        _standing(books, key, day, unsettled, open_posts, holds, caps)
        for key in sorted({*unsettled, *open_posts, *holds, *caps})
    ]


Amounts = dict[tuple[str, str], int]


def _standing(
    books: Books,
    key: tuple[str, str],
    day: BusinessDay,
    unsettled: Amounts,
    uncleared: Amounts,
    held: Amounts,
    caps: Amounts,
) -> Standing:
    participant, currency = ParticipantId(key[0]), key[1]
    resources = books.resources(currency, day)
    return Standing(
        participant,
        currency,
        books.office.rules.agent(participant, day),
        unsettled.get(key, 0),
        uncleared.get(key, 0),
        held.get(key, 0),
        caps.get(key),
        resources.collateral.get(participant, 0),
        resources.fund.get(participant, 0),
    )


def _is_cleared(office: Office, cycle: ClosedCycle) -> bool:
    folder: Path = office.folders.cycle(cycle.cycle)
    return folder.is_dir()


def _unsettled(books: Books, cleared: Sequence[ClosedCycle]) -> Amounts:
    """Nets of cleared cycles whose run in that currency is not final."""
    found: Amounts = {}
    for each in cleared:
        with books.tables([each]) as tables:
            nets = tables.rows(
                "SELECT participant, settlement_currency, sum(minor_units) FROM nets "
                "WHERE account = 'settlement' GROUP BY ALL"
            )
        for participant, numeric, units in nets:
            currency = currency_of(numeric).alpha
            run = books.runs.get(f"{each.cycle}/{currency}")
            if run is None or not run.final_us:
                key = (participant, currency)
                found[key] = found.get(key, 0) + int(units)
    return found


def _totals(storage: Storage, after: int, last: int | None) -> Totals:
    """What the switch's entries of a range changed, by columns."""
    selection = Selection(after_sequence=after, last_sequence=last, all_stages=True)
    positions = ColumnPositions()
    for run in read_runs(storage, selection):
        kinds = np.frombuffer(run.kinds, np.uint8)
        sequences = np.flatnonzero(kinds == FIXED_KIND) + run.first_sequence
        keep = sequences > after
        if last is not None:
            keep &= sequences <= last
        positions.add(records_of(run)[keep])
    return positions.totals()
