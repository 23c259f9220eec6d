"""Stand-in: deciding in the place of an issuer that cannot be asked, or did not answer.

Only under terms that the issuer has agreed to, and never for one that is suspended. What is
approved counts in the terms' windows in the same step as its hold, and owes the issuer an advice.

The checks stand in the order of `transaction.Outcome`; the first that fails answers.
"""

from typing import Final, NamedTuple

from altyn.money import currency_of
from altyn.registry import StandInTerms
from altyn.switch import forwarding, recording
from altyn.switch.desk import Desk, new_transaction
from altyn.switch.evidence import Evidence
from altyn.switch.expiry import has_expired
from altyn.switch.routing import Route
from altyn.switch.state import SwitchState
from altyn.transaction import (
    RESPONSE_CODES,
    STOOD_IN_FOR,
    Flag,
    Kind,
    Move,
    Outcome,
    Request,
    Transaction,
    entries,
)

NO_CODE: Final = ""


class Verdict(NamedTuple):
    """What stand-in says: approved under `terms`, or refused with an outcome and a code."""

    terms: StandInTerms
    refusal: Outcome | None = None
    code: str = NO_CODE


class Facts(NamedTuple):
    """What the rules look at, from the head of a journal record; amount in billing units."""

    card: bytes
    product: str
    processing: str
    currency: str
    amount: int
    category: str
    entry_mode: str
    expiry: str


def facts_of(head: bytes) -> Facts:
    """What the rules look at in a record or its head."""
    read = entries.read_text
    return Facts(
        recording.sealed_pan(head),
        read(head, "product").rstrip(),
        read(head, "processing_code")[:2],
        currency_of(read(head, "billing_currency")).alpha,
        entries.read_number(head, "billing_amount"),
        read(head, "category"),
        read(head, "entry_mode")[:2],
        read(head, "expiry"),
    )


def terms_for(state: SwitchState, transaction: Transaction, now_us: int) -> StandInTerms | None:
    """The terms in force for a transaction; the same live and when its record is replayed."""
    facts = facts_of(transaction.head)
    return state.registry.stand_in.find(
        transaction.issuer, facts.product, facts.processing, facts.currency, now_us
    )


def refuse_or_stand_in(
    desk: Desk, request: Request, route: Route, flags: int, settlement: int, outcome: Outcome
) -> None:
    """End a request that its issuer cannot be asked: by stand-in, or refused with `outcome`."""
    state = desk.state
    issuer_id = route.issuer.participant_id
    if not state.registry.stand_in.has_terms(issuer_id):
        desk.refuse(request, outcome)
        return
    billing = 0
    if not flags & Flag.NO_MONEY:
        billing = route.billing.convert(request.amount) if route.billing else request.amount
    head = recording.head_of(request, state, desk.now, flags, route.text, settlement, billing)
    transaction = new_transaction(request, flags, state.business_day, head)
    transaction.settlement_amount = settlement
    transaction.settlement_currency = route.settlement_currency
    transaction.parties(route.acquirer.participant_id, issuer_id)
    verdict = _judge(desk, transaction)
    if verdict is None:
        desk.refuse(request, outcome)
        return
    state.remember(transaction)
    if verdict.refusal is None:
        transaction.move(Move.APPROVE)
        is_hold = transaction.kind is Kind.AUTHORIZATION
        changes = (settlement, 0) if is_hold else (0, settlement)
        _approve(desk, transaction, verdict.terms, STOOD_IN_FOR[outcome], *changes)
        return
    transaction.move(Move.DECLINE)
    transaction.remaining = 0
    desk.conclude(transaction, verdict.refusal, verdict.code)
    desk.reply(request, transaction)
    state.finish(transaction)


def end_or_stand_in(desk: Desk, transaction: Transaction, outcome: Outcome) -> None:
    """End a request that its issuer was asked: by stand-in, or declined and reversed."""
    verdict = None
    linked = transaction.purchase is not None  # a refund of a purchase waits for its issuer
    if not linked and desk.state.registry.stand_in.has_terms(transaction.issuer):
        verdict = _judge(desk, transaction)
    if verdict is None:
        desk.end_unanswered(transaction, outcome)
    elif verdict.refusal is not None:
        desk.end_unanswered(transaction, verdict.refusal, verdict.code)
    else:
        changes = desk.state.decide(transaction, approved=True)
        _approve(desk, transaction, verdict.terms, STOOD_IN_FOR[outcome], *changes)


def _approve(
    desk: Desk,
    transaction: Transaction,
    terms: StandInTerms,
    outcome: Outcome,
    held_change: int,
    posted_change: int,
) -> None:
    """Record the approval and its use of the limits, answer, and owe the advice that tells it."""
    state = desk.state
    issuer = state.issuer(transaction.issuer)
    stan = issuer.next_stan()
    asked_as = recording.asked_as(transaction)
    told_as = recording.advice_text(transaction, stan, desk.transmission.write(desk.now.utc_us))
    transaction.flags |= Flag.STOOD_IN
    transaction.head = recording.stood_in_head(transaction.head, told_as)
    transaction.authorization_code = authorization_code(state.sequence + 1)
    desk.conclude(transaction, outcome, RESPONSE_CODES[outcome], held_change, posted_change)
    state.count_stand_in(transaction, terms, desk.now.utc_us)
    if transaction.origin is not None:
        desk.answer_all(transaction)
    state.finish(transaction)
    desk.owe_stand_in_advice(transaction, stan, asked_as)


def authorization_code(sequence: int) -> str:
    """DE38 of what stand-in approves: six digits of its entry's number, never all zero."""
    return f"{1 + sequence % 999_999:06d}"


def _judge(desk: Desk, transaction: Transaction) -> Verdict | None:
    """What the rules say; None where stand-in has no say and things stay as they are."""
    state, now_us = desk.state, desk.now.utc_us
    participant = state.registry.participants.get(transaction.issuer)
    if participant is None or participant.state != "active":
        return None
    terms = terms_for(state, transaction, now_us)
    if terms is None:
        return None
    divisor = _tightened(desk, transaction)
    if divisor == 0:
        desk.alarm("stand-in-paused", f"issuer {transaction.issuer} is owed too many advices")
        return None
    facts = facts_of(transaction.head)
    if not state.stand_in.has_room(terms, facts.card, now_us):
        desk.alarm("stand-in-full", f"issuer {transaction.issuer}: no room for more counters")
        return None
    code = state.stop_list.code_of(transaction.issuer, facts.card, state.business_day)
    if code:
        return Verdict(terms, Outcome.STAND_IN_LISTED, code)
    refusal = (
        _find_expired(terms, facts, now_us)
        or _find_limit(state, terms, facts, now_us, divisor)
        or _find_exclusion(terms, facts)
        or _find_unverified(desk, terms, transaction)
    )
    if refusal is None:
        return Verdict(terms)
    by_terms = refusal in (
        Outcome.STAND_IN_CATEGORY,
        Outcome.STAND_IN_ENTRY_MODE,
        Outcome.STAND_IN_UNVERIFIED,
    )
    return Verdict(terms, refusal, terms.refusal_code if by_terms else RESPONSE_CODES[refusal])


def _tightened(desk: Desk, transaction: Transaction) -> int:
    """By what limits are divided: 1, above half of the advices that may be owed 2, above four
    fifths 0, which means no stand-in at all (F25)."""
    owed = len(desk.state.issuer(transaction.issuer).advices)
    most = forwarding.ADVICES_OWED_MAX
    if owed * 5 > most * 4:
        return 0
    return 2 if owed * 2 > most else 1


def _find_expired(terms: StandInTerms, facts: Facts, now_us: int) -> Outcome | None:
    missing = terms.expiry_required and not facts.expiry.strip()
    if missing or has_expired(facts.expiry, now_us):
        return Outcome.STAND_IN_EXPIRED
    return None


def _find_limit(
    state: SwitchState, terms: StandInTerms, facts: Facts, now_us: int, divisor: int
) -> Outcome | None:
    """Whether the transaction itself or a window would be above what is agreed (I7)."""
    if facts.amount > terms.amount_max // divisor:
        return Outcome.STAND_IN_AMOUNT
    too_many = None
    for window in terms.windows:
        amount, count = state.stand_in.used(terms, window, facts.card, now_us)
        if amount + facts.amount > window.amount_max // divisor:
            return Outcome.STAND_IN_WINDOW_AMOUNT
        if count + 1 > window.count_max // divisor:
            too_many = Outcome.STAND_IN_WINDOW_COUNT
    return too_many


def _find_exclusion(terms: StandInTerms, facts: Facts) -> Outcome | None:
    category, mode = facts.category, facts.entry_mode
    if category in terms.categories_refused or (
        terms.categories_allowed and category not in terms.categories_allowed
    ):
        return Outcome.STAND_IN_CATEGORY
    if mode in terms.entry_modes_refused or (
        terms.entry_modes_allowed and mode not in terms.entry_modes_allowed
    ):
        return Outcome.STAND_IN_ENTRY_MODE
    return None


def _find_unverified(desk: Desk, terms: StandInTerms, transaction: Transaction) -> Outcome | None:
    found = desk.verify_card(transaction.payload, transaction)
    if found is Evidence.WRONG:
        return Outcome.STAND_IN_WRONG_VALUE
    if found is Evidence.NOT_HELD and terms.unverified == "refuse":
        return Outcome.STAND_IN_UNVERIFIED
    return None
