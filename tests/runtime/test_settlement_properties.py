"""Whatever is killed, repeated, put off or refused, in any order: the bank's books are ours."""

from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from altyn.ledger import SCHEME, Account, AccountKind
from altyn.runtime.backoffice import BackOfficeJournal
from altyn.runtime.settlement_bank.bank_books import BankBooks
from altyn.runtime.settlement_bank.bank_service import BankFolders, BankService
from altyn.runtime.settlement_bank.conduct import ACCEPT, Conduct, parse_conduct
from altyn.runtime.settling.cleared_cycle import ClearedCycle
from altyn.runtime.settling.folder_exchange import FolderExchange
from altyn.runtime.settling.settlement_books import BankLine, SettlementBooks, is_final
from altyn.runtime.settling.settlement_turn import SettlementTurn, TurnRules
from altyn.settlement import Calendar, Form, State
from altyn.simulators import SettlementBank
from tests.clearing.scheme import clearing_rules
from tests.clearing.test_clearing_rules import BANK
from tests.settlement.scheme import (
    CYCLE,
    DAY,
    NETS,
    NOON_US,
    RUN,
    SECOND_US,
    TWO,
    settlement_bank,
    terms,
)
from tests.switch.memory_storage import MemoryStorage

CONDUCTS = ("accept", "repeat", "delay:3s", "reject:AM04", "die-before-answer", "die-after-booking")
"""What a bank may do with an order, and then with everything after it until it is told else."""


class Killed(BaseException):
    """The process is gone."""


class Point:
    """The N-th passing is the last; 0 lets everything pass."""

    def __init__(self) -> None:
        """Nobody dies."""
        self.left = 0

    def passes(self) -> None:
        """One point on the way."""
        if self.left:
            self.left -= 1
            if not self.left:
                raise Killed


class KilledJournal(BackOfficeJournal):
    """A journal before and behind whose batches the process may die."""

    point = Point()

    def append(self, *facts: Any) -> Any:
        """See BackOfficeJournal."""
        self.point.passes()
        found = super().append(*facts)
        self.point.passes()
        return found


class KilledExchange(FolderExchange):
    """Folders between whose files the process may die."""

    point = KilledJournal.point

    def send(self, message: Any) -> None:
        """See FolderExchange."""
        self.point.passes()
        super().send(message)
        self.point.passes()

    def keep(self, file: Path) -> None:
        """See FolderExchange."""
        self.point.passes()
        super().keep(file)


class BankGoneError(Exception):
    """The bank's process has ended."""


def _die(_code: int) -> None:
    raise BankGoneError


class SettlementThroughFolders(RuleBasedStateMachine):
    """Turns of settlement and of a bank over real folders and a journal."""

    @initialize(form=st.sampled_from(Form))
    def begin(self, form: Form) -> None:
        """A cleared cycle, a bank, and nothing done."""
        self.folder = TemporaryDirectory()
        root = Path(self.folder.name)
        self.root = root
        self.form = form
        self.storage = MemoryStorage()
        self.now_us = NOON_US
        self.bank = settlement_bank()
        self.books = BankBooks(self.bank)
        KilledJournal.point.left = 0
        self.exchange = KilledExchange(root / "out", root / "in", root / "kept")
        self.scheme_rules = clearing_rules(BANK)

    def _tick(self) -> int:
        self.now_us += SECOND_US
        return self.now_us

    def _desk(self) -> tuple[SettlementBooks, SettlementTurn]:
        journal = KilledJournal(self.storage)
        agreed = terms(self.form)
        books = SettlementBooks(journal, agreed, self._tick)
        calendar = _AlwaysOpen(self.scheme_rules)
        rules = TurnRules(calendar, agreed, DAY)  # type: ignore[arg-type]  # rules but for days
        return books, SettlementTurn(books, BankLine(books, self.exchange), rules)

    @rule(last=st.integers(0, 14), resume=st.booleans())
    def turn(self, last: int, resume: bool) -> None:
        """A turn that may be killed at any point."""
        KilledJournal.point.left = last
        try:
            _books, turn = self._desk()
            turn.listen(resume=resume)
            turn.settle(ClearedCycle(CYCLE, DAY, {"KZT": NETS}, "00"))
        except Killed:
            pass
        KilledJournal.point.left = 0

    @rule(word=st.sampled_from(CONDUCTS))
    def bank_works(self, word: str) -> None:
        """The bank takes in what lies there, and may be gone over it."""
        self._bank(parse_conduct(word))

    def _bank(self, conducts: tuple[Conduct, ...]) -> None:
        path = self.root / "books.json"
        folders = BankFolders(self.root / "out", self.root / "in", path)
        service = BankService(folders, self.books, conducts, self._tick, lambda _line: None, _die)
        with suppress(BankGoneError):
            service.work()
        self.books = service.books
        self.bank = SettlementBank.with_books(self.books.bank.books())
        self.books = self.books._replace(bank=self.bank)

    @rule()
    def released(self) -> None:
        """What was refused goes on, by two persons."""
        books, _turn = self._desk()
        line = BankLine(books, self.exchange)
        if RUN in books.desk.runs and books.desk.run(RUN).state is State.FAILED:
            line.take(books.desk.release(RUN, "put right", TWO, self._tick()))

    @rule()
    def an_hour_passes(self) -> None:
        """Whoever is silent is asked."""
        self.now_us += 3600 * SECOND_US

    @rule(name=st.sampled_from(["x.xml", "y"]))
    def rubbish_arrives(self, name: str) -> None:
        """A file that is no message."""
        (self.root / "in" / name).write_bytes(b"<no")

    def teardown(self) -> None:
        """From wherever it stands a prompt bank ends it: settled once, books equal, sum zero."""
        if not hasattr(self, "folder"):
            return
        for _turn in range(10):
            self.now_us += 10 * SECOND_US
            self.released()
            self.turn(0, resume=True)
            self._bank((ACCEPT,))
        self._assert_quiet()
        self.folder.cleanup()

    def _assert_quiet(self) -> None:
        books, _turn = self._desk()
        run = books.desk.run(RUN)
        assert run.state is State.SETTLED
        assert is_final(books.desk, CYCLE) and books.book.is_closed(CYCLE)
        balances = books.book.balances()
        assert sum(balances.values()) == 0
        accounts = terms(self.form).correspondence.accounts
        ours: dict[str, Decimal] = {}
        for account, units in balances.items():
            if account.kind is AccountKind.SETTLEMENT and units:
                number = accounts.get(account, accounts[Account(AccountKind.FEES, SCHEME, "KZT")])
                ours[number.number] = ours.get(number.number, Decimal(0)) + Decimal(units) / 100
        moved: dict[str, Decimal] = {}
        for each in self.bank.movements:
            if each.account != "KZCLEAR":
                moved[each.account] = moved.get(each.account, Decimal(0)) + each.amount
        assert moved == ours
        assert self.bank.balances["KZCLEAR", "KZT"] == 0


class _AlwaysOpen:
    """The rules, with a calendar that has no holiday: days are tested elsewhere."""

    def __init__(self, rules: Any) -> None:
        self._rules = rules

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rules, name)

    def calendar(self, currency: str) -> Any:
        """Open every day of the year."""
        return Calendar(currency, frozenset(), {2026: frozenset()})


TestSettlementThroughFolders = SettlementThroughFolders.TestCase
TestSettlementThroughFolders.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
