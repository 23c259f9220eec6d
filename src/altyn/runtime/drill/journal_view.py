"""What the journal says of each transaction, read through the columns of its records alone.

The record layout is public (docs/reference/entries.md); the switch's own reading of it is not used,
so that a fault there is not repeated here.
"""

from dataclasses import dataclass, field
from typing import Final

from altyn.journal import Storage
from altyn.runtime.drill.bank_logs import MessageKey, TransactionKey
from altyn.transaction import NOT_REMEMBERED, TRANSACTION_ENTRY, Flag, Kind, Outcome, Stage, entries

__all__ = ["JournalView", "read_journal"]

KINDS: Final = {
    Kind.AUTHORIZATION: "010",
    Kind.FINANCIAL: "020",
    Kind.AUTHORIZATION_ADVICE: "012",
    Kind.FINANCIAL_ADVICE: "022",
    Kind.REVERSAL: "040",
    Kind.REVERSAL_ADVICE: "042",
}
APPROVALS: Final = frozenset({"00", "08", "85"})
_REVERSALS: Final = ("040", "042")
_ADVICES: Final = ("012", "022")


@dataclass(slots=True)
class JournalView:
    """What the finished records say.

    standing: as in `Booked`; codes: every code recorded for a message; doubled: messages that were
    decided more than once; transactions: records of acquirers' messages; starts: of requests that
    went to an issuer.
    """

    standing: dict[TransactionKey, int] = field(default_factory=dict)
    codes: dict[MessageKey, set[str]] = field(default_factory=dict)
    doubled: set[MessageKey] = field(default_factory=set)
    transactions: int = 0
    _decided: set[tuple[MessageKey, str]] = field(default_factory=set)

    def add(self, record: bytes) -> None:
        """Take one record; what the switch made itself concerns no acquirer."""
        flags = entries.read_number(record, "flags")
        if entries.read_number(record, "stage") != Stage.FINISHED or flags & Flag.BY_SWITCH:
            return
        text = {
            name: entries.read_text(record, name).strip()
            for name in ("acquirer", "stan", "transmission", "rrn", "terminal", "response_code")
        }
        kind = KINDS[Kind(entries.read_number(record, "kind"))]
        key = MessageKey(kind, text["acquirer"], text["stan"], text["transmission"])
        self.transactions += 1
        self.codes.setdefault(key, set()).add(text["response_code"])
        if entries.read_number(record, "outcome") in NOT_REMEMBERED:
            return
        if (key, text["terminal"]) in self._decided:
            self.doubled.add(key)
        self._decided.add((key, text["terminal"]))
        if text["response_code"] in APPROVALS and not flags & Flag.NO_MONEY:
            self._book(record, kind, TransactionKey(text["acquirer"], text["rrn"]))

    def _book(self, record: bytes, kind: str, transaction: TransactionKey) -> None:
        if kind in _REVERSALS:
            # A reversal of what was never approved is accepted, too, and changes nothing.
            accepted = entries.read_number(record, "outcome") == Outcome.ACCEPTED
            if accepted and transaction in self.standing:
                self.standing[transaction] = entries.read_number(record, "remaining")
        elif kind in _ADVICES or transaction not in self.standing:
            self.standing[transaction] = entries.read_number(record, "amount")


def read_journal(storage: Storage) -> JournalView:
    """Every transaction of a journal."""
    view = JournalView()
    for batch in storage.batches():
        for entry in batch.entries(storage.record_bytes):
            if entry.kind == TRANSACTION_ENTRY:
                view.add(entry.body)
    return view
