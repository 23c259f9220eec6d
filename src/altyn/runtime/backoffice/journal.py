"""The back office's journal: facts, each with a key, in the same chain of batches as the switch's.

A fact is a JSON object. `fact` names its kind, and kind and key together are never given to two
facts: one that is appended again with the same content changes nothing, so that whoever was cut
short may simply say it again. What belongs together is one batch, durable as a whole or not there.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from altyn.journal import BatchBuilder, Storage, checked_batches
from altyn.ledger import Posting, posting_fact, read_posting
from altyn.settlement import Fact, fact_object, is_settlement_fact, read_fact
from altyn.switch import FACT_ENTRY

__all__ = ["BackOfficeJournal", "Content", "FactContradictedError", "Noted", "settlement_content"]

Content = dict[str, Any]
"""A fact as a JSON object with `fact` and `key`."""

POSTING: Final = "posting"


class FactContradictedError(Exception):
    """A fact of this kind and key is in the journal with another content; nothing was written."""


class Noted(NamedTuple):
    """A fact that is durable: its sequence number, when it was written (UTC), what it says."""

    sequence: int
    written_us: int
    content: Content


class BackOfficeJournal:
    """The facts of the back office, read back when it is opened, and the only way to add some."""

    def __init__(self, storage: Storage) -> None:
        """Read every fact; raises JournalDamagedError where the chain does not hold."""
        self._storage = storage
        self._facts: dict[tuple[str, str], Noted] = {}
        self._kinds: dict[str, list[Noted]] = {}
        for batch in checked_batches(storage):
            for entry in batch.entries(storage.record_bytes):
                self._note(Noted(entry.sequence, batch.written_us, json.loads(entry.body)))

    def append(self, *facts: Mapping[str, Any]) -> list[Noted]:
        """Make facts durable, all in one batch and one flush; gives those that were new.

        Raises FactContradictedError, and what the store raises (StorageFullError and others).
        """
        end = self._storage.end()
        builder = BatchBuilder(end.sequence + 1)
        written_us = time.time_ns() // 1000
        fresh: dict[tuple[str, str], Noted] = {}
        for fact in facts:
            body = json.dumps(fact, ensure_ascii=False, separators=(",", ":")).encode()
            content = json.loads(body)
            identity = _identity(content)
            known = self._facts.get(identity) or fresh.get(identity)
            if known is None:
                sequence = builder.append(FACT_ENTRY, body)
                fresh[identity] = Noted(sequence, written_us, content)
            elif known.content != content:
                kind, key = identity
                raise FactContradictedError(f"{kind} {key} is known, and says something else")
        if fresh:
            self._storage.append(builder.seal(end.hash, written_us))
        for noted in fresh.values():
            self._note(noted)
        return list(fresh.values())

    def append_settlement(self, facts: Iterable[Fact], postings: Iterable[Posting] = ()) -> None:
        """A step of settlement and what it means in the ledger, durable together."""
        contents = [settlement_content(fact) for fact in facts]
        self.append(*contents, *(posting_fact(posting) for posting in postings))

    def _note(self, noted: Noted) -> None:
        identity = _identity(noted.content)
        self._facts[identity] = noted
        self._kinds.setdefault(identity[0], []).append(noted)

    def __iter__(self) -> Iterator[Noted]:
        """Every fact, oldest first."""
        return iter(self._facts.values())

    def __len__(self) -> int:
        """How many facts there are."""
        return len(self._facts)

    def of_kind(self, kind: str) -> list[Noted]:
        """The facts of a kind, oldest first."""
        return list(self._kinds.get(kind, ()))

    def find(self, kind: str, key: str) -> Noted | None:
        """The fact of this kind and key, or None."""
        return self._facts.get((kind, key))

    def settlement_facts(self) -> list[Fact]:
        """The facts of settlement, oldest first, as `settlement.SettlementDesk` wants them."""
        return [
            read_fact({name: value for name, value in each.content.items() if name != "key"})
            for each in self
            if is_settlement_fact(each.content)
        ]

    def postings(self) -> list[Posting]:
        """The postings, oldest first, as `ledger.Book` wants them."""
        return [read_posting(each.content) for each in self.of_kind(POSTING)]


def settlement_content(fact: Fact) -> Content:
    """A fact of settlement as it is written: with its key beside its values."""
    return {**fact_object(fact), "key": fact.key}


def _identity(content: Mapping[str, Any]) -> tuple[str, str]:
    kind, key = content["fact"], content["key"]
    assert isinstance(kind, str) and isinstance(key, str) and kind and key, "a fact has a key"
    return kind, key
