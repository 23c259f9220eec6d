"""A small scheme with its settlement bank, for the tests of settlement."""

from decimal import Decimal

from altyn.identifiers import ParticipantId
from altyn.ledger import SCHEME, Account, AccountKind, Book
from altyn.settlement import (
    BankAccount,
    Correspondence,
    Fact,
    Form,
    Net,
    Notification,
    SettlementDesk,
    Statement,
    Status,
    Step,
    Terms,
    posting_of,
    read_answer,
)
from altyn.simulators import Mood, SettlementBank

CYCLE = "2026-11-23/1"
DAY = 20261123
RUN = f"{CYCLE}/KZT"
NOON_US = 1_795_435_200_000_000
SECOND_US = 1_000_000
BANKS = tuple(ParticipantId(name) for name in ("BANKA", "BANKB", "BANKC", "BANKD"))
TWO = ("ann", "ben")


def net(name: str, minor_units: int, agent: str = "") -> Net:
    """A net of a participant that settles for itself unless a sponsor is named."""
    return Net(ParticipantId(name), ParticipantId(agent or name), minor_units)


NETS = (
    net("BANKA", -150_000),
    net("BANKB", 100_000),
    net("BANKC", -30_000),
    net("BANKD", 79_500),
    Net(SCHEME, SCHEME, 500, AccountKind.FEES),
)


def account(kind: AccountKind, name: str, currency: str = "KZT") -> Account:
    """An account of the ledger."""
    return Account(kind, ParticipantId(name), currency)


def correspondence(currency: str = "KZT") -> Correspondence:
    """Accounts of everybody at the settlement bank."""
    accounts = {}
    for name in BANKS:
        bic = f"{name[:4]}KZ2{name[-1]}"
        for kind, mark in (
            (AccountKind.SETTLEMENT, "S"),
            (AccountKind.COLLATERAL, "C"),
            (AccountKind.GUARANTEE_FUND, "G"),
        ):
            number = "KZFUND" if mark == "G" else f"KZ{mark}{name}"
            accounts[Account(kind, name, currency)] = BankAccount(number, bic, f"Bank {name[-1]}")
    for kind in (AccountKind.FEES, AccountKind.RESIDUE):
        accounts[Account(kind, SCHEME, currency)] = BankAccount("KZFEES", "ALTNKZ22", "Altyn")
    clearing = {currency: BankAccount("KZCLEAR", "ALTNKZ22", "Altyn clearing")}
    return Correspondence("ALTNKZ22", "SETLKZ22", clearing, accounts)


def terms(form: Form = Form.MULTILATERAL, currency: str = "KZT") -> Terms:
    """What the scheme agreed with its bank."""
    return Terms(correspondence(currency), form, 300)


def settlement_bank(
    moods: tuple[Mood, ...] = (Mood.PROMPT,), seed: int = 0, balance: int = 10_000
) -> SettlementBank:
    """A bank where every account has the same balance in whole tenge."""
    numbers = {each.number for each in correspondence().accounts.values()}
    balances = {(number, "KZT"): Decimal(balance) for number in sorted(numbers)}
    balances["KZCLEAR", "KZT"] = Decimal(0)
    return SettlementBank(balances, {"KZT": "KZCLEAR"}, moods=moods, seed=seed)


class Office:
    """A desk with its journal, its book and the line to a bank; it may be killed at any point."""

    def __init__(self, bank: SettlementBank, form: Form = Form.MULTILATERAL) -> None:
        """An office with an empty journal."""
        self.bank = bank
        self.form = form
        self.journal: list[Fact] = []
        self.book = Book()
        self.now_us = NOON_US
        self.desk = SettlementDesk(terms(form))

    def take(self, step: Step) -> None:
        """Make facts durable, book them, send, and take in what the bank answers."""
        self.record(step)
        for message in step.sends:
            for answer in self.bank.receive(message.content, self.tick()):
                self.hear(answer)

    def record(self, step: Step) -> None:
        """Make facts durable and book them."""
        for fact in step.facts:
            self.journal.append(fact)
            run = self.desk.runs.get(getattr(fact, "run", ""))
            posting = posting_of(fact, run) if run is not None else None
            if posting is not None:
                self.book.post(posting)

    def hear(self, content: bytes) -> None:
        """Take in an answer of the bank."""
        answer = read_answer(content)
        match answer:
            case Status():
                self.take(self.desk.received(answer, self.tick()))
            case Notification():
                self.take(self.desk.notified(answer, self.tick()))
            case Statement():
                self.take(self.desk.stated(answer, self.tick()))

    def tick(self) -> int:
        """Another second."""
        self.now_us += SECOND_US
        return self.now_us

    def restart(self) -> None:
        """Lose all that is not in the journal, and ask for what is open."""
        self.desk = SettlementDesk(terms(self.form), self.journal)
        self.take(self.desk.resume(self.tick()))

    def prepare(self, nets: tuple[Net, ...] = NETS) -> None:
        """Open, close and price a run."""
        self.take(self.desk.open(CYCLE, "KZT", DAY, self.tick()))
        self.take(self.desk.close(RUN, self.tick()))
        self.take(self.desk.price(RUN, nets, "00", self.tick()))

    def settle(self, nets: tuple[Net, ...] = NETS) -> None:
        """A run from its opening to the bank."""
        self.prepare(nets)
        self.take(self.desk.instruct(RUN, self.tick()))

    def bank_moves(self) -> dict[str, Decimal]:
        """What each account at the bank gained, other than the clearing account."""
        moved: dict[str, Decimal] = {}
        for each in self.bank.movements:
            if each.account != "KZCLEAR":
                moved[each.account] = moved.get(each.account, Decimal(0)) + each.amount
        return moved
