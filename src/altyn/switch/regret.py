"""What stand-in cost: what was decided in an issuer's place, and what the issuer says to it.

Fed with the entries of a journal in order; reads nothing and keeps only what is outstanding.
"""

import json
from typing import Any, Final, NamedTuple

from altyn.journal import Entry
from altyn.money import currency_of
from altyn.switch.effects import FACT_ENTRY
from altyn.transaction import (
    FIRST_BY_STAND_IN,
    TRANSACTION_ENTRY,
    Flag,
    Outcome,
    Stage,
    entries,
)

AGREED: Final = "00"
_FLAGS_AT: Final = next(each.offset for each in entries.COLUMNS if each.name == "flags")
_OUTCOME_AT: Final = next(each.offset for each in entries.COLUMNS if each.name == "outcome")
_FACTS: Final = (b'"delivered"', b'"dead-letter"', b'"advice-closed"', b'"advice-retried"')


class LineKey(NamedTuple):
    """What a line is about: `outcome` names why stand-in decided, `currency` is alpha."""

    issuer: str
    currency: str
    outcome: Outcome


class RegretLine:
    """One issuer, one reason. Amounts are minor units of the billing currency.

    delivered: advices that the issuer took; agreed: those it answered 00; regretted: the others,
    by code; cost: the amount of those; dead, closed, outstanding: advices that it did not take.
    """

    __slots__ = (
        "agreed", "amount", "closed", "cost", "count", "dead", "delivered", "outstanding",
        "regretted",
    )  # fmt: skip

    def __init__(self) -> None:
        """Nothing yet."""
        self.count = self.amount = 0
        self.delivered = self.agreed = self.cost = 0
        self.outstanding = self.dead = self.closed = 0
        self.regretted: dict[str, int] = {}

    def as_json(self) -> dict[str, Any]:
        """The figures under their names."""
        return {name: getattr(self, name) for name in self.__slots__}


class Regret:
    """The figures of all issuers, from the entries taken so far."""

    def __init__(self, business_day: int = 0) -> None:
        """No entry yet. A business day (YYYYMMDD) counts only what was decided in it."""
        self.lines: dict[LineKey, RegretLine] = {}
        self._business_day = business_day
        self._decided: tuple[int, LineKey, int] | None = None
        self._owed: dict[int, tuple[LineKey, int]] = {}
        self._dead: set[int] = set()

    def take(self, entry: Entry) -> None:
        """Take the next entry of the journal."""
        body = entry.body
        if entry.kind == TRANSACTION_ENTRY:
            if body[_FLAGS_AT] & Flag.BY_SWITCH:
                if body[_FLAGS_AT] & Flag.STOOD_IN:
                    self._take_advice(entry)
            elif body[_OUTCOME_AT] >= FIRST_BY_STAND_IN:
                self._take_decision(entry)
        elif entry.kind == FACT_ENTRY and any(name in body for name in _FACTS):
            self._take_fact(json.loads(body))

    def _take_decision(self, entry: Entry) -> None:
        record = entry.body
        assert entries.stage_of(record) == Stage.FINISHED, "an outcome before the end"
        if self._business_day not in (0, entries.read_number(record, "business_day")):
            return
        key = LineKey(
            entries.read_text(record, "issuer_participant").rstrip(),
            currency_of(entries.read_text(record, "billing_currency")).alpha,
            Outcome(record[_OUTCOME_AT]),
        )
        amount = entries.read_number(record, "billing_amount")
        line = self.lines.setdefault(key, RegretLine())
        line.count += 1
        line.amount += amount
        self._decided = (entry.sequence, key, amount)

    def _take_advice(self, entry: Entry) -> None:
        """The advice stands right behind the decision that it tells of."""
        decided = self._decided
        if decided is None or decided[0] != entries.read_number(entry.body, "refers_to"):
            return
        _, key, amount = decided
        self._owed[entry.sequence] = (key, amount)
        self.lines[key].outstanding += 1

    def _take_fact(self, fact: dict[str, Any]) -> None:
        sequence = fact.get("advice", 0)
        owed = self._owed.get(sequence)
        if owed is None:
            return
        key, amount = owed
        line = self.lines[key]
        kind = fact["fact"]
        if kind == "dead-letter":
            self._bury(line, sequence)
        elif kind == "advice-retried":
            self._revive(line, sequence)
        elif kind in ("delivered", "advice-closed"):
            self._revive(line, sequence)
            line.outstanding -= 1
            del self._owed[sequence]
            if kind == "advice-closed":
                line.closed += 1
            else:
                _deliver(line, amount, fact["response_code"])

    def _bury(self, line: RegretLine, sequence: int) -> None:
        if sequence not in self._dead:
            self._dead.add(sequence)
            line.outstanding -= 1
            line.dead += 1

    def _revive(self, line: RegretLine, sequence: int) -> None:
        if sequence in self._dead:
            self._dead.remove(sequence)
            line.outstanding += 1
            line.dead -= 1


def _deliver(line: RegretLine, amount: int, response_code: str) -> None:
    line.delivered += 1
    if response_code == AGREED:
        line.agreed += 1
        return
    line.regretted[response_code] = line.regretted.get(response_code, 0) + 1
    line.cost += amount
