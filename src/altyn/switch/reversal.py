"""Reversals and completions: messages about an earlier transaction.

They are accepted by the switch itself and told to the issuer as advices that are kept
until acknowledged. Money moves once, by what is taken from the amount that stands.
"""

from altyn.card import seal
from altyn.clock import MICROSECONDS_PER_SECOND
from altyn.money import Rounding, divide
from altyn.switch import recording, refund
from altyn.switch.desk import Desk, new_transaction
from altyn.transaction import (
    RESPONSE_CODES,
    Flag,
    Kind,
    Move,
    Original,
    Outcome,
    Request,
    State,
    Transaction,
    entries,
    original_key,
)


def find_original(desk: Desk, request: Request) -> Transaction | None:
    """The transaction a request refers to; one of another card is not it (never guess)."""
    if request.original is None:
        return None
    if request.original.kind >= Kind.REVERSAL:
        return None  # a reversal is not taken back
    original = desk.state.find(original_key(request.original), request.terminal)
    if original is None or not original.head:
        return original
    same_card = recording.sealed_pan(original.head) == seal(request.pan)
    return original if same_card else None


def reverse(desk: Desk, request: Request) -> None:
    """A reversal or reversal advice that is not yet known (F09 to F18)."""
    original = find_original(desk, request)
    if original is None or original.state is State.MARKER or not original.head:
        _accept_unmatched(desk, request)
        return
    if original.state is State.IN_FLIGHT:
        desk.end_unanswered(original, Outcome.REVERSED_IN_FLIGHT)
        _accept_without_effect(desk, request, original, Outcome.ORIGINAL_NOT_APPROVED)
        return
    if original.state is not State.APPROVED:
        outcome = {
            State.REVERSED: Outcome.ALREADY_REVERSED,
            State.DECLINED: Outcome.ORIGINAL_NOT_APPROVED,
            State.COMPLETED: Outcome.ORIGINAL_COMPLETED,
        }[original.state]
        _accept_without_effect(desk, request, original, outcome)
        return
    if original.refunds:
        desk.alarm("reversal-of-refunded", f"link {request.link_id}, STAN {request.stan}")
        _accept_without_effect(desk, request, original, Outcome.ORIGINAL_REFUNDED)
        return
    standing = request.replacement_amount or 0
    is_whole = request.amount == original.amount and _same_currency(request, original)
    if not is_whole or (standing and standing >= original.remaining):
        _accept_without_effect(desk, request, original, Outcome.AMOUNT_MISMATCH)
        return
    if _has_room(desk, request, original):
        _take_back(desk, request, original, standing)


def complete(desk: Desk, request: Request) -> None:
    """An advice that completes a pre-authorization: its hold becomes a posting (F40, F41)."""
    original = find_original(desk, request)
    if original is not None and original.state is State.IN_FLIGHT:
        # Its issuer may yet approve it: who repeats the completion is answered then (F40).
        desk.refuse(request, Outcome.ORIGINAL_IN_FLIGHT)
        return
    if original is None or original.state is not State.APPROVED:
        desk.refuse(request, Outcome.NO_ORIGINAL)
        return
    if original.kind is not Kind.AUTHORIZATION or original.flags & Flag.NO_MONEY:
        desk.refuse(request, Outcome.NO_ORIGINAL)
        return
    if not (0 < request.amount <= original.remaining and _same_currency(request, original)):
        desk.refuse(request, Outcome.AMOUNT_MISMATCH)
        return
    if not _has_room(desk, request, original):
        return
    held = original.settled(original.remaining)
    posted = original.settled(request.amount)
    original.move(Move.COMPLETE)
    whole = entries.read_number(original.head, "billing_amount")
    billed = divide(whole * request.amount, original.amount, Rounding.HALF_UP)
    completion = _about(desk, request, original, Flag.FORWARDED, posted, billed)
    completion.state = State.APPROVED
    completion.remaining = request.amount
    _accept(desk, request, completion, original, -held, posted)


def _same_currency(request: Request, original: Transaction) -> bool:
    """Whether an amount means what it meant in the original; an inquiry may name no currency."""
    currency = entries.read_text(original.head, "currency")
    return currency in (request.currency, "   ")


def _has_room(desk: Desk, request: Request, original: Transaction) -> bool:
    """Whether one more advice to the original's issuer can be kept (F25).

    Where not, the message gets no answer and leaves no trace: its sender repeats it.
    """
    if desk.state.issuer(original.issuer).advices.has_room:
        return True
    desk.alarm("advices-full", f"issuer {original.issuer}, link {request.link_id}")
    return False


def _take_back(desk: Desk, request: Request, original: Transaction, standing: int) -> None:
    purchase = refund.purchase_of(desk.state, original)
    if purchase is not None:
        purchase.refunds -= original.remaining - standing
        desk.state.renew(purchase)
    held_change, posted_change = original.reduce(standing)
    flags = Flag.FORWARDED | (Flag.FULL if standing == 0 else 0)
    reversal = _about(desk, request, original, flags)
    reversal.state = State.APPROVED
    reversal.remaining = standing
    _accept(desk, request, reversal, original, held_change, posted_change)


def _about(
    desk: Desk,
    request: Request,
    original: Transaction,
    flags: int,
    settlement_amount: int = 0,
    billing_amount: int = 0,
) -> Transaction:
    """The transaction of a message about an original, under the original's terms."""
    state = desk.state
    flags |= original.flags & (Flag.CREDIT | Flag.NO_MONEY)
    if request.repeat:
        flags |= Flag.REPEAT
    stan = "0"
    if flags & Flag.FORWARDED:
        stan = state.issuer(original.issuer).next_stan()
    originals = recording.original_text(
        original.kind, original.key.partition("/")[2][:6], original.key.partition("/")[2][6:]
    ) + recording.issuer_name(original)
    head = recording.head_of(
        request,
        state,
        desk.now,
        flags,
        recording.route_text(original.head),
        settlement_amount,
        billing_amount,
        stan,
        original.sequence,
        originals,
    )
    transaction = new_transaction(request, flags, state.business_day, head)
    transaction.settlement_amount = settlement_amount
    transaction.settlement_currency = original.settlement_currency
    transaction.debtor, transaction.creditor = original.debtor, original.creditor
    transaction.issuer = original.issuer
    transaction.issuer_stan = stan if flags & Flag.FORWARDED else ""
    transaction.issuer_transmission = desk.transmission.write(desk.now.utc_us)
    return transaction


def _accept(
    desk: Desk,
    request: Request,
    transaction: Transaction,
    original: Transaction,
    held_change: int,
    posted_change: int,
) -> None:
    """Record, answer, and owe the issuer the advice."""
    state = desk.state
    state.remember(transaction)
    state.renew(original)
    record = desk.conclude(
        transaction,
        Outcome.ACCEPTED,
        RESPONSE_CODES[Outcome.ACCEPTED],
        held_change,
        posted_change,
        refers_to=original.sequence,
    )
    desk.reply(request, transaction)
    stan = transaction.issuer_stan
    state.finish(transaction)
    desk.owe(original.issuer, transaction.sequence, record.body, stan)


def _accept_without_effect(
    desk: Desk, request: Request, original: Transaction, outcome: Outcome
) -> None:
    """Acknowledge a message that changes nothing more; the original is linked all the same."""
    transaction = _about(desk, request, original, 0)
    transaction.state = State.DECLINED
    transaction.remaining = original.remaining
    desk.state.remember(transaction)
    desk.conclude(transaction, outcome, RESPONSE_CODES[outcome])
    desk.reply(request, transaction)
    desk.state.finish(transaction)


def _accept_unmatched(desk: Desk, request: Request) -> None:
    """Keep the word of a reversal whose original is not there, in case it comes yet (F09, F10)."""
    state = desk.state
    original = request.original
    assert original is not None, "a reversal that names no original is refused as unreadable"
    flags = Flag.UNMATCHED | (Flag.REPEAT if request.repeat else 0)
    originals = recording.original_text(original.kind, original.stan, original.transmission)
    head = recording.head_of(
        request,
        state,
        desk.now,
        flags,
        entries.NO_ROUTE_TEXT,
        originals=originals.ljust(recording.ORIGINAL_WIDTH),
    )
    transaction = new_transaction(request, flags, state.business_day, head)
    transaction.state = State.DECLINED
    transaction.remaining = 0
    state.remember(transaction)
    code = state.registry.scheme.unmatched_reversal_code
    desk.conclude(transaction, Outcome.NO_ORIGINAL, code)
    desk.reply(request, transaction)
    state.finish(transaction)
    desk.alarm("unmatched-reversal", f"link {request.link_id}, STAN {request.stan}")
    _mark(desk, request, original, transaction.sequence)


def _mark(desk: Desk, request: Request, original: Original, sequence: int) -> None:
    """Mark an original that may come yet. Whether it is marked is said by a fact of its own,
    which a recovery goes by: it may not have in memory what was found here."""
    state = desk.state
    if original.kind >= Kind.REVERSAL:
        return  # a reversal is not taken back, whenever it comes
    if state.find(original_key(original), request.terminal) is not None:
        return
    moment = desk.moment_of(original.transmission)
    ahead_s = moment - desk.now.utc_us // MICROSECONDS_PER_SECOND
    if ahead_s > state.registry.scheme.transmission_tolerance_ahead_s:
        return  # no such original would be taken, and its mark would move memory's reach (T02)
    state.mark(original, request.terminal, moment, sequence)
    # Found by the original's own key and time when it comes long after.
    desk.record_fact(moment, fact="marked", key=original_key(original), terminal=request.terminal)
