"""Authorization and financial requests: from the acquirer to the issuer and back.

The checks stand in the order of `transaction.Outcome`; the first that fails answers.
"""

from typing import Final

from altyn.card import PAN_DIGITS_MAX, PAN_DIGITS_MIN, luhn_valid, seal
from altyn.clock import MICROSECONDS_PER_SECOND
from altyn.registry import BinRange, Participant, Profile
from altyn.switch import line_watch, recording, refund, standin
from altyn.switch.desk import Desk, new_transaction
from altyn.switch.effects import Forward
from altyn.switch.expiry import has_expired
from altyn.switch.link import Link
from altyn.switch.recording import MESSAGE_TYPES
from altyn.switch.refund import CREDITS
from altyn.switch.routing import Route
from altyn.transaction import (
    APPROVAL_CODES,
    APPROVALS_NOT_SERVED,
    REQUEST_KINDS,
    Flag,
    Kind,
    Outcome,
    Request,
    Response,
    State,
    Transaction,
    entries,
)

DEBITS: Final = frozenset({"00", "01", "09", "10"})
INQUIRIES: Final = frozenset({"30", "31", "70"})
ATM_CATEGORY: Final = "6011"
WAITING_MAX: Final = 8
ALL_ZERO: Final = "0" * 6
_APPROVED: Final = Outcome.APPROVED  # a member looked up on its class costs 0.2 us
_DECLINED: Final = Outcome.DECLINED_BY_ISSUER
_NO_PURCHASE: Final = (0, entries.NO_ORIGINAL_TEXT)
AMOUNT_MAX: Final = 10**12 - 1
"""What DE5 and DE6 can say; a converted amount above it is refused, never cut short (M15)."""


def identify(desk: Desk, request: Request, link: Link) -> Participant | Outcome:
    """The participant a message comes from, or why nothing of it can be believed (F34)."""
    if request.defect is not None or not request.transmitted_s:
        return Outcome.UNREADABLE  # one without a moment could not be found in the journal (T06)
    participant = desk.state.registry.by_institution.get(request.acquirer)
    if participant is None or participant.participant_id != link.terms.participant_id:
        desk.alarm(
            "foreign-institution",
            f"link {link.terms.link_id} sent an acquiring institution (DE32) that is not its own",
        )
        return Outcome.FOREIGN_INSTITUTION
    if request.original is not None and request.original.acquirer != request.acquirer:
        desk.alarm(
            "foreign-institution",
            f"link {link.terms.link_id} named an original (DE90) of another institution",
        )
        return Outcome.FOREIGN_INSTITUTION
    return participant


def outside_window(desk: Desk, request: Request) -> bool:
    """Whether a peer's clock is too far from ours for its messages to be told from replays (T02).

    What is refused here leaves nothing in memory, so it cannot move memory's reach either.
    """
    rules = desk.state.registry.scheme
    age_s = desk.now.utc_us // MICROSECONDS_PER_SECOND - request.transmitted_s
    if -rules.transmission_tolerance_ahead_s <= age_s <= rules.transmission_tolerance_request_s:
        return False
    may_be_late = request.repeat or request.kind not in REQUEST_KINDS
    if may_be_late and 0 <= age_s <= rules.transmission_tolerance_repeat_s:
        return False
    where = "ahead of ours" if age_s < 0 else "behind ours"
    desk.alarm("outside-time-window", f"link {request.link_id}: DE7 is {abs(age_s)} s {where}")
    return True


def in_profile(request: Request, profile: Profile) -> bool:
    """Whether a participant may send such a message (W18)."""
    types, codes = profile.message_types, profile.processing_codes
    if types and MESSAGE_TYPES[request.kind] not in types:
        return False
    new = request.kind in REQUEST_KINDS
    return not (codes and new and request.processing_code[:2] not in codes)


def authorize(desk: Desk, request: Request, acquirer: Participant) -> None:
    """Decide a request that is not yet known: refuse it, or send it to its issuer."""
    entry = _check_card(desk, request, acquirer)
    if isinstance(entry, Outcome):
        desk.refuse(request, entry)
        return
    flags = _money_flags(request)
    if flags is None:
        desk.refuse(request, Outcome.INVALID_AMOUNT)
        return
    purchase: Transaction | None = None
    if flags & Flag.CREDIT:
        found = refund.purchase_for(desk, request)
        if isinstance(found, Outcome):
            desk.refuse(request, found)
            return
        purchase = found
    if not desk.intake_open:
        desk.refuse(request, Outcome.OVERLOADED)
        return
    route = desk.state.router.route(entry, acquirer, request.currency, desk.now.utc_us)
    if route is None and flags & Flag.NO_MONEY:
        route = desk.state.router.route(entry, acquirer, acquirer.currency, desk.now.utc_us)
    if route is None:
        desk.refuse(request, Outcome.NO_RATE)
        return
    _send(desk, request, route, flags, purchase)


def _check_card(desk: Desk, request: Request, acquirer: Participant) -> BinRange | Outcome:
    processing = request.processing_code[:2]
    if processing not in DEBITS and processing not in CREDITS and processing not in INQUIRIES:
        return Outcome.UNSUPPORTED
    if acquirer.state != "active" or "acquirer" not in acquirer.roles:
        return Outcome.ACQUIRER_SUSPENDED
    pan = request.pan
    length = len(pan)
    if not PAN_DIGITS_MIN <= length <= PAN_DIGITS_MAX or not luhn_valid(pan):
        return Outcome.INVALID_PAN
    if pan.startswith(ALL_ZERO) and pan.count("0") == length:
        return Outcome.INVALID_PAN
    registry = desk.state.registry
    entry = registry.bins.find(pan)
    if entry is None:
        return Outcome.UNKNOWN_ISSUER
    if length not in entry.pan_lengths:
        return Outcome.INVALID_PAN
    if registry.participants[entry.participant_id].state != "active":
        return Outcome.ISSUER_SUSPENDED
    if has_expired(request.expiry, desk.now.utc_us):
        return Outcome.EXPIRED_CARD
    return entry


def _money_flags(request: Request) -> int | None:
    """The flags that say what money may move; None when the amount cannot be."""
    flags = Flag.REPEAT if request.repeat else 0
    processing = request.processing_code[:2]
    if processing in INQUIRIES:
        return flags | Flag.NO_MONEY
    if request.amount == 0:
        # An authorization of nothing verifies a card (F42); a sale of nothing is a mistake.
        return flags | Flag.NO_MONEY if request.kind is Kind.AUTHORIZATION else None
    return flags | Flag.CREDIT if processing in CREDITS else flags


def _send(
    desk: Desk, request: Request, route: Route, flags: int, purchase: Transaction | None
) -> None:
    """Reserve what it may cost and forward it, or refuse it for want of room or a line."""
    settlement = billing = 0
    if not flags & Flag.NO_MONEY:
        amount = request.amount
        settlement = route.settlement.convert(amount) if route.settlement else amount
        billing = route.billing.convert(amount) if route.billing else amount
        if max(settlement, billing) > AMOUNT_MAX:
            desk.refuse(request, Outcome.INVALID_AMOUNT)
            return
        if _above_cap(desk, route, flags, settlement):
            desk.refuse(request, Outcome.CAP_EXCEEDED)
            return
    state = desk.state
    issuer_id = route.issuer.participant_id
    link = desk.usable_link(issuer_id)
    if link is None:
        outcome = Outcome.ISSUER_UNREACHABLE
        _refuse_unasked(desk, request, route, flags, settlement, outcome, purchase)
        return
    issuer = state.issuer(issuer_id)
    if issuer.advices.full:
        desk.refuse(request, Outcome.OVERLOADED)
        return
    if len(issuer.pending) >= link.terms.in_flight_max:
        outcome = Outcome.OVERLOADED
        _refuse_unasked(desk, request, route, flags, settlement, outcome, purchase)
        return
    stan = issuer.next_stan()
    refers_to, originals = _NO_PURCHASE if purchase is None else refund.link(purchase)
    head = recording.head_of(
        request,
        state,
        desk.now,
        flags,
        route.text,
        settlement,
        billing,
        stan,
        refers_to,
        originals,
    )
    transaction = new_transaction(request, flags, state.business_day, head)
    transaction.purchase = purchase
    transaction.settlement_amount = settlement
    transaction.settlement_currency = route.settlement_currency
    transaction.issuer_stan = stan
    transaction.issuer_transmission = desk.transmission.write(desk.now.utc_us)
    transaction.parties(route.acquirer.participant_id, issuer_id)
    state.start(transaction)
    transaction.sequence = desk.record(recording.started(transaction))
    _set_deadline(desk, transaction, link, request)
    desk.effects.append(Forward(link.terms.link_id, transaction, request.payload, route))


def _refuse_unasked(
    desk: Desk,
    request: Request,
    route: Route,
    flags: int,
    settlement: int,
    outcome: Outcome,
    purchase: Transaction | None,
) -> None:
    """End a request whose issuer cannot be asked; a refund of a purchase waits for its issuer."""
    if purchase is not None:
        desk.refuse(request, outcome)
    else:
        standin.refuse_or_stand_in(desk, request, route, flags, settlement, outcome)


def _above_cap(desk: Desk, route: Route, flags: int, settlement: int) -> bool:
    """Whether the debtor's net debit cap would be crossed (I8)."""
    if flags & Flag.CREDIT:
        debtor, cap = route.acquirer, route.cap_of_acquirer
    else:
        debtor, cap = route.issuer, route.cap_of_issuer
    if cap is None or route.issuer is route.acquirer:
        return False
    exposure = desk.state.positions.exposure(debtor.participant_id, route.settlement_currency)
    return exposure + settlement > cap


def _set_deadline(desk: Desk, transaction: Transaction, link: Link, request: Request) -> None:
    terms = link.terms
    is_atm = request.category == ATM_CATEGORY
    timeout_us = terms.reply_timeout_atm_us if is_atm else terms.reply_timeout_us
    transaction.deadline_us = desk.now.monotonic_us + timeout_us
    desk.deadlines_of(link, timeout_us).append(transaction)
    link.health.sent += 1


def take_answer(desk: Desk, response: Response, link: Link) -> None:
    """An issuer's answer to a request: conclude it, or say why the answer has no effect."""
    issuer = desk.state.issuer(link.terms.participant_id)
    transaction = issuer.pending.get(response.stan)
    if transaction is None or transaction.issuer_transmission != (
        response.transmission or transaction.issuer_transmission
    ):
        # Late, double, or never asked for: it has no effect. When its time was up the issuer was
        # owed a reversal, which undoes what it may have reserved, or the advice of a stand-in,
        # which names the request that it was asked (F01-F03).
        desk.record_fact(
            fact="stray-answer",
            issuer=issuer.participant_id,
            stan=response.stan,
            response_code=response.response_code,
        )
        desk.alarm("stray-answer", f"link {link.terms.link_id}, STAN {response.stan}")
        return
    if (
        response.kind is not transaction.kind
        or (response.amount is not None and response.amount != transaction.amount)
        or (response.pan is not None and not _same_pan(response.pan, transaction))
        or len(response.response_code) < 2
        or response.response_code in APPROVALS_NOT_SERVED
    ):
        desk.alarm("invalid-answer", f"link {link.terms.link_id}, STAN {response.stan}")
        standin.end_or_stand_in(desk, transaction, Outcome.ISSUER_ANSWER_INVALID)
        link.health.count_invalid()
        line_watch.look(desk, link)
        return
    health = link.health
    health.answered += 1
    if transaction.deadline_us - desk.now.monotonic_us < health.slow_left_us:
        health.slow += 1
    approved = response.response_code in APPROVAL_CODES
    transaction.authorization_code = response.authorization_code
    transaction.additional = response.additional
    if approved:
        issuer.approved_deadline_us = transaction.deadline_us
    held_change, posted_change = desk.state.decide(transaction, approved)
    desk.conclude(
        transaction,
        _APPROVED if approved else _DECLINED,
        response.response_code,
        held_change,
        posted_change,
        0 if transaction.purchase is None else transaction.purchase.sequence,
    )
    desk.answer_all(transaction)
    desk.state.finish(transaction)


def _same_pan(pan: str, transaction: Transaction) -> bool:
    if transaction.pan:
        return transaction.pan == pan
    return recording.sealed_pan(transaction.head) == seal(pan)


def repeat_of(desk: Desk, request: Request, known: Transaction) -> None:
    """A request whose key is known: answer as before, or refuse one that differs (F05-F08)."""
    if known.state is State.MARKER:
        desk.refuse(request, Outcome.REVERSED_BEFORE_ARRIVAL)
        return
    if known.outcome == Outcome.OVERLOADED and not known.head:
        desk.refuse(request, Outcome.OVERLOADED)  # it was refused unread the first time, too
        return
    if not known.head or not _same_content(request, known):
        desk.alarm("duplicate-differs", f"link {request.link_id}, STAN {request.stan}")
        desk.refuse(request, Outcome.DUPLICATE_DIFFERS)
    elif known.state is State.IN_FLIGHT:
        if known.waiting is None:
            known.waiting = []
        if len(known.waiting) < WAITING_MAX:
            known.waiting.append((request.origin, request.payload))
    else:
        desk.reply(request, known)


def _same_content(request: Request, known: Transaction) -> bool:
    return (
        request.amount == known.amount
        and request.rrn == known.rrn
        and _same_pan(request.pan, known)
    )
