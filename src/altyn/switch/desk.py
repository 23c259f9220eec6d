"""What every decision of the switch works with: state, links, the time, and the effects.

The acts here are the ones that several kinds of message share: refusing, answering, and
owing an issuer a reversal.
"""

import json
from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any, Final

from altyn.clock import MICROSECONDS_PER_SECOND, BusinessDay, Instant, TransmissionClock
from altyn.identifiers import LinkId, ParticipantId
from altyn.journal import NO_SPAN
from altyn.switch import recording
from altyn.switch.effects import (
    ADDITIONAL_ENTRY,
    FACT_ENTRY,
    ISSUER_DID_NOT_ANSWER,
    ISSUER_NOT_ASKED,
    NO_SOURCE,
    Advise,
    Alarm,
    Effect,
    Record,
    Reply,
)
from altyn.switch.evidence import CardVerifier, Evidence
from altyn.switch.forwarding import (
    NEVER_US,
    TRIES_MAX,
    AdviceQueue,
    OwedAdvice,
    window_of,
)
from altyn.switch.health import Condition
from altyn.switch.link import Link, LinkTerms
from altyn.switch.state import SwitchState
from altyn.transaction import (
    FIRST_BY_STAND_IN,
    NOT_REMEMBERED,
    RESPONSE_CODES,
    Flag,
    Outcome,
    Request,
    State,
    Transaction,
)

_NO_AUTHORIZATION_CODE = " " * 6
UNREACHABLE_LOOK_US: Final = MICROSECONDS_PER_SECOND
"""So often an issuer that cannot be reached is looked at again, even if nobody says it is back."""


def hold_no_keys(_payload: object, _transaction: Transaction) -> Evidence:
    """The verifier of a switch that is given none: whatever comes cannot be checked."""
    return Evidence.NOT_HELD


class Desk:
    """State, links, now, and the effects of the step under way."""

    def __init__(
        self,
        state: SwitchState,
        terms: Iterable[LinkTerms],
        verify_card: CardVerifier = hold_no_keys,
    ) -> None:
        """A desk over a state; links start unconnected."""
        self.verify_card = verify_card
        self.state = state
        self.now = Instant(0, 0)
        self.effects: list[Effect] = []
        self.transmission = TransmissionClock()
        self.links: dict[LinkId, Link] = {}
        self.links_of: dict[ParticipantId, list[Link]] = {}
        self.deadlines: dict[tuple[LinkId, int], deque[Transaction]] = {}
        self.set_links(terms)
        self.intake_open = True
        self.refusals = 0
        self.overloaded = False
        self.counts: dict[str, int] = {}
        self._wakes: list[tuple[int, ParticipantId]] = []

    def set_links(self, terms: Iterable[LinkTerms]) -> None:
        """Agree on these links; one that was there before keeps how it stands."""
        standing = self.links
        self.links = {}
        self.links_of = {}
        for entry in terms:
            link = standing.get(entry.link_id) or Link(entry)
            link.agree(entry)
            link.deadlines.clear()
            self.links[entry.link_id] = link
            if link.asked:
                self.links_of.setdefault(entry.participant_id, []).append(link)
        for participant_id in self.links_of:
            self.rank_links(participant_id)
        # What was asked over a link that is gone is waited for all the same.
        self.deadlines = {place: queue for place, queue in self.deadlines.items() if queue}

    def usable_link(self, participant_id: ParticipantId) -> Link | None:
        """The link for a new request to an issuer: one on trial as far as its step allows, then
        the first healthy one in the order of the settings. None when there is none."""
        for link in self.links_of.get(participant_id, ()):
            if link.usable and link.health.sent < link.health.sent_max:
                return link
        return None

    def reachable(self, participant_id: ParticipantId) -> bool:
        """Whether any line to an issuer stands, in whatever health: over it answers may come."""
        return any(link.usable for link in self.links_of.get(participant_id, ()))

    def advice_link(self, participant_id: ParticipantId) -> Link | None:
        """The link for advices: a healthy one, else one on trial (see `Health.advices_max`)."""
        links = [link for link in self.links_of.get(participant_id, ()) if link.usable]
        found = max(links, key=lambda link: link.health.advices_max, default=None)
        return found if found is not None and found.health.advices_max else None

    def rank_links(self, participant_id: ParticipantId) -> None:
        """Put a participant's links on trial before the others, which stay in order."""
        places = list(self.links)
        self.links_of.get(participant_id, []).sort(
            key=lambda link: (
                link.health.condition is not Condition.TRIAL,
                places.index(link.terms.link_id),
            )
        )

    def deadlines_of(self, link: Link, timeout_us: int) -> deque[Transaction]:
        """What was asked over a link with a timeout, oldest first."""
        queue = link.deadlines.get(timeout_us)
        if queue is None:
            queue = self.deadlines.setdefault((link.terms.link_id, timeout_us), deque())
            link.deadlines[timeout_us] = queue
        return queue

    def record(self, record: Record) -> int:
        """Number an entry and let it be written; gives its sequence number."""
        self.effects.append(record)
        self.state.sequence += 1
        return self.state.sequence

    def record_fact(self, span: int = NO_SPAN, /, **fact: Any) -> int:
        """Write a fact; keep its keys stable, they are read back. `span`: see Batch."""
        return self.record(Record(FACT_ENTRY, json.dumps(fact, sort_keys=True).encode(), span))

    def alarm(self, name: str, details: str) -> None:
        """Count something an operator should know and tell it."""
        self.counts[name] = self.counts.get(name, 0) + 1
        self.effects.append(Alarm(name, details))

    def moment_of(self, transmission: str) -> int:
        """The moment of a DE7, seconds since 1970; 0 when it names none."""
        return self.transmission.read(transmission, self.now.utc_us) or 0

    def refuse(self, request: Request, outcome: Outcome) -> None:
        """Decline a request at once: one record, one reply, no money held."""
        self.refusals += 1
        remember = outcome not in NOT_REMEMBERED
        flags = Flag.REPEAT if request.repeat else 0
        head = recording.head_of(request, self.state, self.now, flags)
        transaction = new_transaction(request, flags, self.state.business_day, head)
        transaction.state = State.DECLINED
        transaction.remaining = 0
        if remember:
            self.state.remember(transaction)
        self.conclude(transaction, outcome, RESPONSE_CODES[outcome])
        self.reply(request, transaction)
        if remember:
            self.state.finish(transaction)

    def conclude(
        self,
        transaction: Transaction,
        outcome: Outcome,
        response_code: str,
        held_change: int = 0,
        posted_change: int = 0,
        refers_to: int = 0,
    ) -> Record:
        """Write the final record of a transaction and what the issuer added to the answer."""
        transaction.outcome = outcome
        transaction.response_code = response_code
        if not transaction.authorization_code:
            transaction.authorization_code = _NO_AUTHORIZATION_CODE
        state = self.state
        record = recording.finished(
            transaction, outcome, self.now.utc_us, held_change, posted_change, refers_to
        )
        transaction.sequence = self.record(record)
        if transaction.additional:
            self.record(Record(ADDITIONAL_ENTRY, transaction.additional))
        if held_change or posted_change:
            state.positions.change(
                transaction.debtor,
                transaction.creditor,
                transaction.settlement_currency,
                transaction.business_day,
                held_change,
                posted_change,
            )
        return record

    def reply(self, request: Request, transaction: Transaction) -> None:
        """Answer a request with how its transaction ended."""
        self.answer(request.origin, request.payload, transaction)

    def answer(self, origin: object, payload: object, transaction: Transaction) -> None:
        """Answer over a connection with how a transaction ended."""
        source = NO_SOURCE
        if transaction.outcome >= FIRST_BY_STAND_IN:
            source = ISSUER_DID_NOT_ANSWER if transaction.issuer_stan else ISSUER_NOT_ASKED
        self.effects.append(
            Reply(
                origin,
                payload,
                transaction.response_code,
                transaction.authorization_code,
                transaction.additional,
                self.state.settlement_date(transaction.business_day),
                source,
            )
        )

    def answer_all(self, transaction: Transaction) -> None:
        """Answer the request of a transaction and the repeats that wait with it."""
        self.answer(transaction.origin, transaction.payload, transaction)
        if transaction.waiting:
            for origin, payload in transaction.waiting:
                self.answer(origin, payload, transaction)
            transaction.waiting = None

    def end_unanswered(
        self, transaction: Transaction, outcome: Outcome, response_code: str = ""
    ) -> None:
        """End a request in flight without the issuer: decline it, and since the issuer may
        have approved it all the same, owe it a reversal (F01, F04, F19, F22)."""
        state = self.state
        held_change, posted_change = state.decide(transaction, approved=False)
        code = response_code or RESPONSE_CODES[outcome]
        self.conclude(transaction, outcome, code, held_change, posted_change)
        if transaction.origin is not None:
            self.answer_all(transaction)
        state.finish(transaction)
        if not transaction.flags & Flag.NO_MONEY:
            self.owe_reversal(transaction)

    def owe_reversal(self, transaction: Transaction) -> None:
        """Write down that the issuer is owed a reversal of a request it was sent."""
        stan = self.state.issuer(transaction.issuer).next_stan()
        head = recording.switch_reversal_head(transaction, self.state, stan, self.now.utc_us)
        self._owe_own_advice(transaction, head, stan, _NO_AUTHORIZATION_CODE)

    def owe_stand_in_advice(self, transaction: Transaction, stan: str, asked_as: str) -> None:
        """Write down that the issuer is owed word of what was approved in its place.

        `asked_as` names the request as it was sent to the issuer, blank when it was not.
        """
        now_us = self.now.utc_us
        head = recording.stand_in_advice_head(transaction, stan, now_us, asked_as)
        self.state.issuer(transaction.issuer).note_stand_in(self.state.sequence + 1)
        self._owe_own_advice(transaction, head, stan, transaction.authorization_code)

    def _owe_own_advice(
        self, transaction: Transaction, head: bytes, stan: str, authorization_code: str
    ) -> None:
        """Record an advice that the switch itself makes about a transaction, and queue it."""
        advice = Transaction(
            "", transaction.kind, 0, transaction.acquirer, "", "", transaction.amount, 0, 0, head
        )
        advice.remaining = 0
        advice.response_code = RESPONSE_CODES[Outcome.ACCEPTED]
        advice.authorization_code = authorization_code
        record = recording.finished(
            advice, Outcome.ACCEPTED, self.now.utc_us, refers_to=transaction.sequence
        )
        self.owe(transaction.issuer, self.record(record), record.body, stan)

    def owe(self, participant_id: ParticipantId, sequence: int, record: bytes, stan: str) -> None:
        """Queue an advice that was recorded, and send it if the line is free."""
        queue = self.state.issuer(participant_id).advices
        queue.add(OwedAdvice(sequence, record, stan))
        self.watch_level(queue)
        self.send_advices(participant_id)

    def send_advices(self, participant_id: ParticipantId) -> None:
        """Send what is due to a participant, if it can be reached, live traffic first."""
        issuer = self.state.issuers.get(participant_id)
        if issuer is None or not issuer.advices.sendable:
            return
        queue, now_us = issuer.advices, self.now.monotonic_us
        link = self.advice_link(participant_id)
        if link is None:
            self._wake(queue, now_us + UNREACHABLE_LOOK_US)
            return
        terms = link.terms
        slowest_us = max(terms.reply_timeout_us, terms.reply_timeout_atm_us)
        heard_us = max(queue.taken_us, issuer.approved_deadline_us - slowest_us)
        for advice in queue.lapse(now_us, heard_us):
            self.fail_try(queue, advice, "")
        window = min(window_of(len(issuer.pending)), link.health.advices_max)
        for advice in queue.due(now_us, window, terms.advices_per_s):
            self.effects.append(Advise(LinkId(terms.link_id), advice.record, advice.attempts > 1))
        self._wake(queue, queue.next_us(now_us, window))

    def _wake(self, queue: AdviceQueue, at_us: int) -> None:
        """See to it that a queue is looked at when its time comes, and not before."""
        if at_us < queue.wake_us and at_us != NEVER_US:
            queue.wake_us = at_us
            heappush(self._wakes, (at_us, queue.participant_id))

    def send_due_advices(self) -> None:
        """Look at the queues whose time has come; the others cost nothing."""
        wakes, now_us = self._wakes, self.now.monotonic_us
        while wakes and wakes[0][0] <= now_us:
            at_us, participant_id = heappop(wakes)
            queue = self.state.issuer(participant_id).advices
            if queue.wake_us == at_us:
                queue.wake_us = NEVER_US
                self.send_advices(participant_id)

    def fail_try(self, queue: AdviceQueue, advice: OwedAdvice, response_code: str) -> None:
        """Write down a failed try; one too many makes the advice a dead letter (F26)."""
        queue.fail(advice, response_code)
        is_dead = advice.tries >= TRIES_MAX
        self.record_fact(
            fact="dead-letter" if is_dead else "advice-failed",
            participant=queue.participant_id,
            advice=advice.sequence,
            response_code=response_code,
        )
        if is_dead:
            queue.give_up(advice)
            self.alarm("dead-letter", f"issuer {queue.participant_id}, entry {advice.sequence}")

    def watch_level(self, queue: AdviceQueue) -> None:
        """Tell the operator once when the advices owed cross a level, up or down (F25)."""
        for percent, upwards in queue.cross():
            name = f"advices-above-{percent}" if upwards else f"advices-below-{percent}"
            self.alarm(name, f"issuer {queue.participant_id}, {len(queue)} owed")


def new_transaction(
    request: Request, flags: int, business_day: BusinessDay, head: bytes
) -> Transaction:
    """A transaction as its request tells it."""
    transaction = Transaction(
        request.key,
        request.kind,
        flags,
        request.acquirer,
        request.terminal,
        request.rrn,
        request.amount,
        request.transmitted_s,
        business_day,
        head,
    )
    transaction.origin = request.origin
    transaction.payload = request.payload
    transaction.pan = request.pan
    return transaction
