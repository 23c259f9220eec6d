"""The simulated bank's books in a file of its own, and the accounts with which it begins."""

import csv
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, NamedTuple

from altyn.runtime.durable_file import put_file
from altyn.runtime.output import UserError
from altyn.simulators import SettlementBank

__all__ = ["BankBooks", "held_books", "read_books"]

CLEARING: Final = "clearing"


class BankBooks(NamedTuple):
    """The bank; until when its pending orders are put off and the last statement's end, both UTC
    microseconds; and the number of the last file that it wrote."""

    bank: SettlementBank
    put_off_until_us: int = 0
    stated_us: int = 0
    written: int = 0

    def save(self, path: Path) -> None:
        """Make the books durable."""
        content = {**self._asdict(), "bank": self.bank.books()}
        put_file(path, json.dumps(content, indent=1, sort_keys=True).encode())


@contextmanager
def held_books(path: Path, accounts: Path | None, balance: Decimal) -> Iterator[BankBooks]:
    """The books as they were left, with the accounts of a list that they lacked; one process at a
    time. Raises UserError for files that cannot be read and for a second process."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_name(path.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(
                "another bank has these books open", where=str(path), do="name other books"
            ) from error
        books = read_books(path)
        if accounts is not None:
            _add_accounts(books.bank, accounts, balance)
        elif not books.bank.clearing:
            raise UserError(
                "the bank has no accounts yet",
                where=str(path),
                do="give --accounts a list; `altyn settlement accounts` writes one",
            )
        books.save(path)
        yield books


def read_books(path: Path) -> BankBooks:
    """The books of a file, or new ones where there is none; UserError for another file."""
    if not path.exists():
        # A seed of its own gives the bank's messages identifiers that no other books give.
        return BankBooks(SettlementBank({}, {}, seed=int.from_bytes(os.urandom(4), "big")))
    try:
        content: Mapping[str, Any] = json.loads(path.read_bytes())
        return BankBooks(
            SettlementBank.with_books(content["bank"]),
            content["put_off_until_us"],
            content["stated_us"],
            content["written"],
        )
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise UserError(
            "these are no books of a simulated bank", where=str(path), do="name other books"
        ) from error


def _add_accounts(bank: SettlementBank, path: Path, balance: Decimal) -> None:
    clearing = dict(bank.clearing)
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                number, currency = row["number"], row["currency"]
                stated = Decimal(row["balance"]) if row.get("balance") else balance
                if row["purpose"] == CLEARING:
                    clearing[currency], stated = number, Decimal(0)
                bank.balances.setdefault((number, currency), stated)
    except (OSError, KeyError, TypeError, UnicodeDecodeError, InvalidOperation) as error:
        raise UserError(
            "the list of accounts cannot be read",
            where=str(path),
            do="give a CSV file with number, currency, purpose and, if known, balance",
        ) from error
    bank.clearing = clearing
