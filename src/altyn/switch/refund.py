"""Refunds: credits that name the purchase they give back, or none (F44).

All refunds of a purchase together never exceed what stands of it. `Transaction.refunds` counts
those that stand and those in flight, in the same step in which they are sent; one that is declined
or reversed counts no more. A purchase with refunds is not reversed any more: its issuer would give
the cardholder the money twice.
"""

from typing import Final

from altyn.card import seal
from altyn.money import find_currency
from altyn.switch import recording
from altyn.switch.desk import Desk
from altyn.switch.state import SwitchState
from altyn.transaction import (
    Flag,
    Kind,
    Outcome,
    Request,
    State,
    Transaction,
    entries,
    original_key,
)

CREDITS: Final = frozenset({"20", "26"})
"""Processing codes (DE3, first two digits): refund, credit adjustment."""
_POSTED: Final = (Kind.FINANCIAL, Kind.FINANCIAL_ADVICE)


def purchase_for(desk: Desk, request: Request) -> Transaction | Outcome | None:
    """The purchase that a refund names, or why it may not be given; None when it names none and
    the scheme lets it pass."""
    original = request.original
    if original is None:
        return None if _within_limit(desk, request) else Outcome.REFUND_ABOVE_LIMIT
    purchase = _find(desk.state, original_key(original), request.terminal)
    if purchase is None or purchase.state is not State.APPROVED or purchase.kind not in _POSTED:
        return Outcome.NO_ORIGINAL
    if purchase.flags & (Flag.CREDIT | Flag.NO_MONEY):
        return Outcome.NO_ORIGINAL
    if recording.sealed_pan(purchase.head) != seal(request.pan):
        return Outcome.NO_ORIGINAL
    same_currency = entries.read_text(purchase.head, "currency") == request.currency
    if not same_currency or request.amount > purchase.remaining - purchase.refunds:
        return Outcome.AMOUNT_MISMATCH
    return purchase


def _within_limit(desk: Desk, request: Request) -> bool:
    """Whether a refund that names no purchase is allowed; with no limit stated all are."""
    limits = desk.state.registry.scheme.unlinked_refund_limits
    if not limits:
        return True
    currency = find_currency(request.currency)
    return currency is not None and request.amount <= limits.get(currency.alpha, 0)


def purchase_of(state: SwitchState, refund: Transaction) -> Transaction | None:
    """The purchase in memory that a refund was sent for: by its entry, for another terminal may
    share its key, and which of the two is in memory depends on what else was asked."""
    if not refund.flags & Flag.CREDIT or refund.kind not in (Kind.AUTHORIZATION, Kind.FINANCIAL):
        return None
    text = entries.read_text(refund.head, "original")
    original = recording.read_original(text, refund.acquirer)
    sequence = entries.read_number(refund.head, "refers_to")
    found = None if original is None else state.known.get(original_key(original))
    while found is not None and found.sequence != sequence:
        found = found.next_same_key
    return found


def _find(state: SwitchState, key: str, terminal: str) -> Transaction | None:
    """A purchase may be refunded at another terminal than it was made at."""
    found = state.find(key, terminal) or state.find(key, "")
    return found if found is not None and found.head else None


def link(purchase: Transaction) -> tuple[int, str]:
    """What the head of a refund says of its purchase: its entry, and the texts of originals."""
    key = purchase.key.partition("/")[2]
    text = recording.original_text(purchase.kind, key[:6], key[6:])
    return purchase.sequence, text.ljust(recording.ORIGINAL_WIDTH)


def adopt(state: SwitchState, purchase: Transaction) -> None:
    """Count what is in flight for a purchase that came back from the journal."""
    if purchase.kind not in _POSTED or purchase.flags & Flag.CREDIT:
        return
    for refund in state.issuer(purchase.issuer).pending.values():
        if refund.purchase is not None and refund.purchase.sequence == purchase.sequence:
            refund.purchase = purchase
            purchase.refunds += refund.amount
