"""The simulated bank at work: orders out of a folder, books made durable, answers into a folder."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from lxml import etree

from altyn.runtime.durable_file import put_file
from altyn.runtime.settlement_bank.bank_books import BankBooks
from altyn.runtime.settlement_bank.conduct import ACCEPT, Conduct

__all__ = ["EXIT_DIED", "BankFolders", "BankService"]

EXIT_DIED: Final = 3
"""With this the process ends where its script says that it dies."""
_NOT_A_MESSAGE: Final = (etree.XMLSyntaxError, AssertionError, ArithmeticError)


class BankFolders(NamedTuple):
    """outbox: of the scheme, emptied here; inbox: of the scheme, filled here; books: its file."""

    outbox: Path
    inbox: Path
    books: Path


class BankService:
    """A bank that works when it is told to."""

    def __init__(
        self,
        folders: BankFolders,
        books: BankBooks,
        conducts: Sequence[Conduct],
        clock: Callable[[], int],
        told: Callable[[str], None],
        die: Callable[[int], object] = os._exit,
    ) -> None:
        """`clock`: UTC microseconds; `told` gets a line about everything that it does; `die` ends
        the process with an exit code."""
        self._folders = folders
        self._books = books
        self._conducts = list(conducts) or [ACCEPT]
        self._clock = clock
        self._told = told
        self._die = die
        for folder in (folders.outbox, folders.inbox):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def work(self) -> int:
        """Take in every file of the outbox, oldest first, and do what was put off for long enough;
        gives how many files there were."""
        found = sorted(
            (
                each
                for each in self._folders.outbox.iterdir()
                if each.is_file() and not each.name.startswith(".")
            ),
            key=lambda each: (each.stat().st_mtime_ns, each.name),
        )
        for file in found:
            self._take(file)
        bank, now_us = self._books.bank, self._clock()
        if bank.puts_off and now_us >= self._books.put_off_until_us:
            answers = bank.tick(now_us)
            self._answer([*answers, *bank.notifications(now_us)])
        return len(found)

    def state(self) -> None:
        """Write a statement of every clearing account, up to now."""
        now_us = self._clock()
        bank = self._books.bank
        statements = [bank.statement(currency, now_us) for currency in sorted(bank.clearing)]
        self._books = self._books._replace(stated_us=now_us)
        self._answer(statements)

    @property
    def books(self) -> BankBooks:
        """The books as they stand."""
        return self._books

    @property
    def stated_us(self) -> int:
        """Until when the last statements go, UTC microseconds."""
        return self._books.stated_us

    def _take(self, file: Path) -> None:
        content, now_us = file.read_bytes(), self._clock()
        bank = self._books.bank
        try:
            conduct = self._next_conduct() if bank.is_new_order(content) else ACCEPT
            bank.moods, bank.refusal = (conduct.mood,), conduct.refusal
            answers = bank.receive(content, now_us)
        except _NOT_A_MESSAGE:
            self._told(f"{file.name}: not a message that this bank takes; laid aside")
            file.replace(self._folders.books.parent / f"{file.name}.refused")
            return
        self._told(f"{file.name}: {conduct.mood.value}")
        if conduct.delay_us:
            until_us = now_us + conduct.delay_us
            self._books = self._books._replace(put_off_until_us=until_us)
        if conduct.dies:
            self._books.save(self._folders.books)
            file.unlink()
            self._die(EXIT_DIED)
            return
        self._answer([*answers, *bank.notifications(now_us)])
        # Only now: a bank that is killed before takes the same file again, and knows its order.
        file.unlink(missing_ok=True)

    def _next_conduct(self) -> Conduct:
        return self._conducts.pop(0) if len(self._conducts) > 1 else self._conducts[0]

    def _answer(self, messages: Iterable[bytes]) -> None:
        """Make the books durable; then the answers, in their order by name."""
        found = list(messages)
        first = self._books.written + 1
        self._books = self._books._replace(written=self._books.written + len(found))
        self._books.save(self._folders.books)
        for number, content in enumerate(found, start=first):
            put_file(self._folders.inbox / f"bank-{number:06}.xml", content)
