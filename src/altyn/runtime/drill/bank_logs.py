"""What the banks' own logs say of each transaction; written from ISO 8583 alone.

Nothing here asks the switch. A transaction is known by its acquirer (DE32) and its retrieval
reference (DE37), which both sides see; a message by its type, STAN (DE11) and DE7 on its own line.
Amounts are minor units of the transaction currency.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

__all__ = [
    "BankLine",
    "Booked",
    "MessageKey",
    "TransactionKey",
    "read_acquirers",
    "read_issuers",
    "read_lines",
]

APPROVALS: Final = frozenset({"00", "08", "85"})
INQUIRIES: Final = frozenset({"30", "31"})
ADVICES: Final = frozenset({"012", "022"})
BankLine = dict[str, Any]
"""One line of a bank's log: n, at, way, mti, and fields by number."""


class TransactionKey(NamedTuple):
    """A transaction as both sides know it: DE32 and DE37."""

    acquirer: str
    reference: str


class MessageKey(NamedTuple):
    """A message on an acquirer's line; repeats have the same. `kind`: class and function of its
    type, such as 01 and 0 for an authorization request."""

    kind: str
    acquirer: str
    stan: str
    transmission: str


@dataclass(slots=True)
class Booked:
    """What one side of all lines believes.

    standing: what is left of each approved transaction; answers: each code that came for a
    message; approved_twice: transactions approved under more than one key; lines: how many
    messages there were.
    """

    standing: dict[TransactionKey, int] = field(default_factory=dict)
    answers: dict[MessageKey, set[str]] = field(default_factory=dict)
    approved_twice: set[TransactionKey] = field(default_factory=set)
    lines: int = 0
    _taken_back: dict[TransactionKey, int] = field(default_factory=dict)
    _approved_as: dict[TransactionKey, MessageKey] = field(default_factory=dict)

    def settle(self, request: BankLine, key: MessageKey, code: str, *, told: bool) -> None:
        """Book a message that was answered so. What a bank was told stands whatever it answers:
        an issuer that refuses an advice about what was decided for it still owes it (F24)."""
        transaction = TransactionKey(request.get("32", ""), request.get("37", ""))
        if code not in APPROVALS and not (told and key.kind in ADVICES):
            return
        amount = int(request.get("4", "0"))
        if key.kind[1] == "4":
            left = int(request.get("95", "0")[:12])
            self._taken_back[transaction] = min(left, self._taken_back.get(transaction, left))
        elif key.kind in ADVICES:
            # An advice: a completion in the place of what was held, or what stand-in approved.
            if request.get("39", "00") in APPROVALS:
                self.standing[transaction] = amount
        elif request.get("3", "")[:2] not in INQUIRIES:
            if self._approved_as.setdefault(transaction, key) != key:
                self.approved_twice.add(transaction)
            self.standing.setdefault(transaction, amount)

    def finish(self) -> None:
        """Take back what was reversed, whatever came first."""
        for transaction, left in self._taken_back.items():
            if transaction in self.standing:
                self.standing[transaction] = min(left, self.standing[transaction])


def read_lines(paths: Iterable[Path]) -> Iterator[BankLine]:
    """Every line of some logs, log by log. The last of a bank that was killed may be torn."""
    for path in paths:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if line.endswith("\n"):
                    yield json.loads(line)


def message_key(line: BankLine) -> MessageKey:
    """The key of a request, or of the request that an answer answers."""
    mti = line["mti"]
    function = str(int(mti[2]) // 2 * 2)
    return MessageKey(mti[:2] + function, line.get("32", ""), line.get("11", ""), line.get("7", ""))


def is_answer(line: BankLine) -> bool:
    """The third digit of an answer's type is odd."""
    return line["mti"][2] in "1357"


def read_acquirers(paths: Iterable[Path]) -> Booked:
    """What the acquirers believe: what they were answered, and what they took back."""
    booked = Booked()
    for path in paths:
        _read_side(booked, path, asks="sent")
    booked.finish()
    return booked


def read_issuers(paths: Iterable[Path]) -> Booked:
    """What the issuers believe: what they were asked, and what they said to it.

    The keys of `answers` are the switch's own towards each issuer, and not of use here.
    """
    booked = Booked()
    for path in paths:
        booked.answers.clear()  # each issuer's line counts its own STANs
        _read_side(booked, path, asks="got")
    booked.finish()
    return booked


def _read_side(booked: Booked, path: Path, asks: str) -> None:
    """One bank's log; `asks` is the way that requests have in it, answers have the other."""
    requests: dict[MessageKey, BankLine] = {}
    for line in read_lines([path]):
        booked.lines += 1
        if line["mti"][1] == "8":
            continue
        key = message_key(line)
        if line["way"] == asks:
            requests.setdefault(key, line)
        elif is_answer(line) and key in requests:
            code = line.get("39", "")
            if code not in booked.answers.setdefault(key, set()):
                booked.answers[key].add(code)
                booked.settle(requests[key], key, code, told=asks == "got")
