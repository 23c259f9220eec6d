"""Where settlement is done: the settings, the rules as they are today, the journal, the folders."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from altyn.clearing import ClearingRules
from altyn.ledger import PostingError
from altyn.registry import Registry
from altyn.runtime.backoffice import BackOfficeJournal, open_for_reading, open_for_writing
from altyn.runtime.backoffice.durable import digest_of
from altyn.runtime.backoffice.office import load_office
from altyn.runtime.output import UserError
from altyn.runtime.settings import Settings
from altyn.runtime.settling.cleared_cycle import (
    CLEARED,
    NETS_FILE,
    NETS_TABLE,
    ClearedCycle,
    read_nets,
)
from altyn.runtime.settling.folder_exchange import FolderExchange
from altyn.runtime.settling.settlement_books import NO_TERMS, BankLine, SettlementBooks
from altyn.runtime.settling.settlement_turn import TurnRules, local_day
from altyn.settlement import SettlementError

__all__ = ["Desk", "SettlementPlace", "explained", "load_place", "utc_us"]

LOCK_WAIT_S: Final = 10.0


def utc_us() -> int:
    """The time, UTC microseconds."""
    return time.time_ns() // 1000


class Desk(NamedTuple):
    """The books while this process holds them, the line to the bank, and today's rules."""

    books: SettlementBooks
    line: BankLine
    rules: TurnRules
    journal: BackOfficeJournal


@dataclass(frozen=True)
class SettlementPlace:
    """A configuration, as settlement uses it."""

    settings: Settings
    registry: Registry
    rules: ClearingRules

    def rules_now(self) -> TurnRules:
        """What the rules say today; UserError when no settlement bank is agreed."""
        today = local_day(ZoneInfo(self.registry.scheme.timezone), utc_us())
        try:
            return TurnRules(self.rules, self.rules.settlement_terms(today), today)
        except LookupError as error:
            raise UserError(
                "no settlement bank is agreed today",
                where=str(self.settings.clearing.rules),
                do="state a [[bank]] that is effective",
            ) from error

    def exchange(self) -> FolderExchange:
        """The folders of the bank's line, made where they are absent."""
        folders = self.settings.settlement
        return FolderExchange(folders.outbox, folders.inbox, folders.archive)

    @contextmanager
    def held(self, wait_s: float = LOCK_WAIT_S) -> Iterator[Desk]:
        """The desk, held by this process until the block ends; see `open_for_writing`."""
        rules = self.rules_now()
        scheme_id = self.registry.scheme.scheme_id
        with (
            explained(),
            open_for_writing(self.settings.clearing, scheme_id, wait_s) as journal,
        ):
            books = SettlementBooks(journal, rules.terms, utc_us)
            yield Desk(books, BankLine(books, self.exchange()), rules, journal)

    @contextmanager
    def read(self) -> Iterator[SettlementBooks]:
        """The books as they stand now, also beside a process that writes them."""
        scheme_id = self.registry.scheme.scheme_id
        with explained(), open_for_reading(self.settings.clearing, scheme_id) as journal:
            yield SettlementBooks(journal, NO_TERMS, utc_us)

    def cleared(self, journal: BackOfficeJournal, cycle: str) -> ClearedCycle:
        """What clearing made of a cycle; UserError when it has not, or its result was changed."""
        noted = journal.find(CLEARED, cycle)
        if noted is None:
            raise UserError(
                "this cycle is not cleared", where=cycle, do=f"run `altyn clear --cycle {cycle}`"
            )
        folder = self.settings.clearing.folder / "cycles" / cycle.replace("/", "-")
        file, stated = folder / NETS_FILE, noted.content["results"][NETS_TABLE]
        if not file.is_file() or digest_of(file) != stated:
            raise UserError(
                "the nets of this cycle are not the ones that clearing made",
                where=str(file),
                do=f"run `altyn clear --cycle {cycle}` again, which makes the same",
            )
        return ClearedCycle(cycle, noted.content["business_day"], read_nets(file), stated)


def load_place(path: Path) -> SettlementPlace:
    """The place of a settings file or of a folder with one.

    Raises UserError, ConfigurationError with every problem of its files.
    """
    office = load_office(path)
    return SettlementPlace(office.settings, office.registry, office.rules)


@contextmanager
def explained() -> Iterator[None]:
    """What settlement or the ledger refuses, in one line for who is at the terminal."""
    try:
        yield
    except (SettlementError, PostingError) as error:
        what, _, remedy = str(error).partition("; ")
        raise UserError(what, do=remedy) from error
