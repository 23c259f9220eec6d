"""What becomes durable, entry by entry: the journal's claims in the order in which they hold."""

import json
import re
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from altyn.clock import following_day
from altyn.journal import Batch, batch_hash
from altyn.testing.audit.case import Case, OwedAdvice
from altyn.testing.audit.claim import Claim
from altyn.testing.audit.followup_audit import FollowUpAudit
from altyn.testing.audit.model import Model
from altyn.testing.audit.request_audit import RequestAudit
from altyn.testing.audit.terms import Terms
from altyn.transaction import TRANSACTION_ENTRY, entries

__all__ = ["JournalAudit", "holds_card"]

FACT_ENTRY: Final = 2
FOLLOW_UPS: Final = 3
NEW_REQUESTS: Final = (1, 2)
SHED_CODE: Final = "96"
NOT_TAKEN: Final = frozenset({"91", "96", "06", "12", "30", "40"})
"""Answers to an advice that say that it has not been taken (ISO 8583:1987, DE39)."""
_DIGITS: Final = re.compile(r"\d{13,}")
_CARD_DIGITS: Final = range(13, 20)


class JournalAudit:
    """Takes every batch that became durable."""

    def __init__(self, model: Model) -> None:
        """Work on the auditor's model."""
        self._model = model
        self._requests = RequestAudit(model)
        self._follow_ups = FollowUpAudit(model)
        self._hash: bytes | None = None
        self.told: deque[str] = deque(maxlen=64)
        self.cut_overs_ordered = 0

    def durable(self, batch: Batch) -> None:
        """One batch."""
        model = self._model
        first = model.sequence + 1
        model.expect("I4", batch.first_sequence, first, "the first entry of a batch")
        if self._hash is not None:
            chained = batch_hash(self._hash, batch) == batch.hash
            model.expect("I11", chained, True, "that a batch is chained to the one before")
        self._hash = batch.hash
        for entry in batch.entries(entries.RECORD_BYTES):
            model.sequence = entry.sequence
            if entry.kind == TRANSACTION_ENTRY:
                self._record(Claim(entry.body, entry.sequence))
            elif entry.kind == FACT_ENTRY:
                self._fact(entry.body)
        for case in model.reversal_due.values():
            model.fail("I3", "ended without its issuer, and no reversal is owed", case.name)
        for case in model.advice_due.values():
            model.fail("I6", "stood in for, and no advice is owed", case.name)

    def _record(self, claim: Claim) -> None:
        if claim.stage == entries.Stage.STARTED:
            self._requests.started(claim)
        elif claim.flags & entries.Flag.BY_SWITCH:
            self._follow_ups.by_switch(claim)
        elif claim.kind >= FOLLOW_UPS:
            self._follow_ups.finished(claim)
        else:
            self._requests.finished(claim)

    def _fact(self, body: bytes) -> None:
        text = body.decode("ascii")
        fact = json.loads(text)
        kind = fact["fact"]
        if holds_card(text, self._model.cards):
            self._model.fail("I10", f"the fact {kind} holds a card number")
        if "." in text and _has_float(fact):
            self._model.fail("I13", f"the fact {kind} holds a number that is no integer")
        reader = _READERS.get(kind)
        if reader is not None:
            reader(self, fact)

    def _registry(self, fact: Mapping[str, Any]) -> None:
        told = canonical(fact["facts"])
        self._model.expect(
            "I8", told in self.told, True, "that the registry is one that was ordered"
        )
        self._model.terms = Terms(fact["facts"])

    def _opened(self, fact: Mapping[str, Any]) -> None:
        opened, day = fact["opened"], self._model.business_day
        self._model.expect("I3", opened, day, "the first business day")

    def _cut_over(self, fact: Mapping[str, Any]) -> None:
        model = self._model
        closed, opened = fact["closed"], fact["opened"]
        days = model.business_day, following_day(model.business_day)
        model.expect("I3", (closed, opened), days, "the days of a cut-over")
        self.cut_overs_ordered -= 1
        if self.cut_overs_ordered < 0:
            model.fail("I3", "a cut-over that nobody ordered")
        model.business_day = opened

    def _delivered(self, fact: Mapping[str, Any]) -> None:
        model = self._model
        advice = self._owed(fact)
        name = advice.name
        model.expect("I6", fact["participant"], advice.issuer, "whom it was delivered to", name)
        code = fact["response_code"]
        if code not in advice.acknowledged or code in NOT_TAKEN:
            model.fail("I6", f"advice {advice.sequence} delivered without acknowledgement", name)
        model.settle(advice, "delivered")
        if code != "00":
            model.exceptions[name] = "advice refused"

    def _dead_letter(self, fact: Mapping[str, Any]) -> None:
        """Given up visibly: an exception stands for it, and its card's later ones go on (F26)."""
        advice = self._owed(fact)
        if fact["response_code"] and fact["response_code"] not in advice.acknowledged:
            self._model.fail("I6", "a dead letter for an answer that never came", advice.name)
        if not advice.sends:
            self._model.fail("I6", "a dead letter that was never sent", advice.name)
        advice.state = "dead"
        self._model.step_aside(advice)
        self._model.exceptions[advice.name] = "dead letter"

    def _advice_retried(self, fact: Mapping[str, Any]) -> None:
        self._model.revive(self._owed(fact))

    def _advice_closed(self, fact: Mapping[str, Any]) -> None:
        advice = self._owed(fact)
        if not fact["actor"].strip() or not fact["reason"].strip():
            self._model.fail("I11", "closed without an actor and a reason", advice.name)
        self._model.exceptions[advice.name] = "closed"
        self._model.settle(advice, "closed")

    def _owed(self, fact: Mapping[str, Any]) -> OwedAdvice:
        advice = self._model.owed.get(fact["advice"])
        if advice is None:
            self._model.fail("I6", f"{fact['fact']}: advice {fact['advice']}, which is not owed")
        return advice

    def _shed(self, fact: Mapping[str, Any]) -> None:
        """New requests were refused unread: each was asked, and nothing else came of it."""
        model = self._model
        model.expect("I3", fact["business_day"], model.business_day, "business day")
        for base, terminal in fact["requests"]:
            key = f"{base}/{terminal.rstrip()}"
            asked = model.asked.get(key)
            if asked is None:
                model.fail("PREDICTION", "refused unread what was never read")
            kind = asked.contents[0].kind
            name = base[1:].partition("/")[0], asked.contents[0].rrn
            if kind not in NEW_REQUESTS or key in model.cases:
                model.fail("I2", "refused unread what is no new request", name)
            case = Case(key, kind, "declined")
            case.institution, case.content = name[0], asked.contents[0]
            case.business_day, case.sequence = fact["business_day"], model.sequence
            case.code, case.unread = SHED_CODE, True
            model.keep(case)

    def _link_lost(self, fact: Mapping[str, Any]) -> None:
        bank = self._model.bank_of.get(fact["link"], "")
        self._model.lost_at[bank] = self._model.now

    def _switch_started(self, _: Mapping[str, Any]) -> None:
        for case in self._model.in_flight.values():
            if case.life < self._model.life:
                self._model.fail("I2", "still in flight after a restart, never ended", case.name)


_READERS: Final = {
    "registry": JournalAudit._registry,
    "opened": JournalAudit._opened,
    "cut-over": JournalAudit._cut_over,
    "delivered": JournalAudit._delivered,
    "dead-letter": JournalAudit._dead_letter,
    "advice-retried": JournalAudit._advice_retried,
    "advice-closed": JournalAudit._advice_closed,
    "shed": JournalAudit._shed,
    "link-down": JournalAudit._link_lost,
    "signed-off": JournalAudit._link_lost,
    "switch-started": JournalAudit._switch_started,
}


def canonical(facts: Any) -> str:
    """Registry facts as one text, whatever their order."""
    return "\n".join(sorted(json.dumps(dict(fact), sort_keys=True) for fact in facts))


def holds_card(text: str, cards: set[str]) -> bool:
    """Whether one of the cards of the world stands in a text in clear (I10)."""
    for found in _DIGITS.finditer(text):
        digits = found.group()
        for length in _CARD_DIGITS:
            for start in range(len(digits) - length + 1):
                if digits[start : start + length] in cards:
                    return True
    return False


def _has_float(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_float(each) for each in value.values())
    if isinstance(value, list):
        return any(_has_float(each) for each in value)
    return isinstance(value, float)
