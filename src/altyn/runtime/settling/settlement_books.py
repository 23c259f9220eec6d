"""The desk and the book over the back office's journal, and the line to the bank beside them.

What a step decides is one batch: its postings, then its facts. Only then do its messages leave. A
cycle is final when all its runs are; the book is closed to it then, live and when it is read back.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from altyn.ledger import Book, Posting, posting_fact, read_posting
from altyn.runtime.backoffice.journal import BackOfficeJournal, Content, settlement_content
from altyn.runtime.settling.folder_exchange import FolderExchange
from altyn.settlement import (
    AnswerError,
    Correspondence,
    Fact,
    Notification,
    Run,
    SettlementDesk,
    State,
    Statement,
    Status,
    Step,
    Terms,
    is_settlement_fact,
    posting_of,
    read_answer,
    read_fact,
)

__all__ = ["NO_TERMS", "BankLine", "SettlementBooks", "cycle_runs", "is_final"]

NO_TERMS: Final = Terms(Correspondence("", "", {}, {}))
"""For who only looks: nothing can be written to a bank with them."""

Clock = Callable[[], int]
"""UTC microseconds."""


class SettlementBooks:
    """Every run and every posting, as the journal has them; changed by what `take` records."""

    def __init__(self, journal: BackOfficeJournal, terms: Terms, clock: Clock) -> None:
        """Read the journal's facts; raises ValueError for one that is none of ours."""
        self._journal = journal
        self._clock = clock
        self.desk = SettlementDesk(terms)
        self.book = Book()
        for noted in journal:
            self._replay(noted.content)

    def _replay(self, content: Content) -> None:
        if content["fact"] == "posting":
            self.book.post(read_posting(content))
        elif is_settlement_fact(content):
            fact = read_fact({name: each for name, each in content.items() if name != "key"})
            self.desk.apply(fact)
            self._close(fact)

    def now_us(self) -> int:
        """The time, UTC microseconds."""
        return self._clock()

    def record(self, facts: Iterable[Fact], postings: Iterable[Posting] = ()) -> None:
        """Book what facts that were applied mean, and make both durable in one batch."""
        found = list(facts)
        booked = [each for each in postings if self.book.post(each)]
        for fact in found:
            posting = self._posting(fact)
            if posting is not None and self.book.post(posting):
                booked.append(posting)
        contents = [posting_fact(each) for each in booked]
        self._journal.append(*contents, *(settlement_content(each) for each in found))
        for fact in found:
            self._close(fact)

    def _posting(self, fact: Fact) -> Posting | None:
        run = self.desk.runs.get(getattr(fact, "run", ""))
        return posting_of(fact, run) if run is not None else None

    def _close(self, fact: Fact) -> None:
        """Close the book to a cycle whose last run has become final."""
        run = self.desk.runs.get(getattr(fact, "run", ""))
        if run is not None and run.state is State.SETTLED and is_final(self.desk, run.cycle):
            self.book.close(run.cycle)


class BankLine:
    """Steps that leave for the bank when they are durable, and its files as they arrive."""

    def __init__(self, books: SettlementBooks, exchange: FolderExchange) -> None:
        """Join the books to the folders."""
        self._books = books
        self._exchange = exchange

    def take(self, step: Step) -> None:
        """Record a step; then let its messages leave."""
        self._books.record(step.facts)
        for message in step.sends:
            self._exchange.send(message)

    def hear(self) -> int:
        """Take in what the bank has written; gives how many files were.

        A file is moved when what it says is durable: one that is met again changes nothing. One
        that speaks of transfers whose status has not come yet stays until it has.
        """
        heard = 0
        for file in self._exchange.arrived():
            heard += self._hear(file)
        return heard

    def _hear(self, file: Path) -> bool:
        try:
            answer = read_answer(self._exchange.read(file))
        except AnswerError as error:
            self._exchange.put_aside(file, str(error))
            return True
        desk, at_us = self._books.desk, self._books.now_us()
        if isinstance(answer, Status):
            step = desk.received(answer, at_us)
        elif self._is_early(answer):
            return False
        elif isinstance(answer, Notification):
            step = desk.notified(answer, at_us)
        else:
            step = desk.stated(answer, at_us)
        self.take(step)
        self._exchange.keep(file)
        return True

    def _is_early(self, answer: Notification | Statement) -> bool:
        """Whether it tells of what the bank has booked and not yet answered."""
        open_ones = self._books.desk.unanswered_transfers()
        return any(entry.transfer_id in open_ones for entry in answer.entries)


def cycle_runs(desk: SettlementDesk, cycle: str) -> Iterator[Run]:
    """The runs of a cycle, in the order in which they were opened."""
    return (run for run in desk.runs.values() if run.cycle == cycle)


def is_final(desk: SettlementDesk, cycle: str) -> bool:
    """Whether a cycle has runs, and all of them are settled."""
    states = [run.state for run in cycle_runs(desk, cycle)]
    return bool(states) and all(state is State.SETTLED for state in states)
