"""What may become of a request: forecast from the message, the registry and the positions."""

from typing import Final, NamedTuple

from altyn.card import PAN_DIGITS_MAX, PAN_DIGITS_MIN, luhn_valid
from altyn.clock import utc_datetime
from altyn.testing.audit.case import Content
from altyn.testing.audit.model import Model
from altyn.testing.audit.terms import CREDITS, DEBITS, INQUIRIES
from altyn.transaction import Outcome

__all__ = ["FORESEEN", "Forecast", "forecast"]

AMOUNT_MAX: Final = 10**12 - 1
EXPIRY_PIVOT: Final = "50"
FINANCIAL: Final = 2

FORESEEN: Final = frozenset(
    {
        Outcome.UNSUPPORTED,
        Outcome.ACQUIRER_SUSPENDED,
        Outcome.INVALID_PAN,
        Outcome.UNKNOWN_ISSUER,
        Outcome.ISSUER_SUSPENDED,
        Outcome.EXPIRED_CARD,
        Outcome.INVALID_AMOUNT,
        Outcome.NO_RATE,
        Outcome.CAP_EXCEEDED,
    }
)
"""The refusals that depend on nothing but the message, the registry and the positions."""


class Forecast(NamedTuple):
    """The first refusal that holds (0 for none), and the terms of the transaction if it goes on."""

    refusal: int
    issuer: str = ""
    settlement_currency: str = ""
    settlement_amount: int = 0
    credit: bool = False
    no_money: bool = False


def forecast(model: Model, content: Content, acquirer: str, received_us: int) -> Forecast:
    """What must happen to a request that is not known yet, received at an instant UTC."""
    service = content.processing_code[:2]
    terms = model.terms
    if service not in DEBITS and service not in CREDITS and service not in INQUIRIES:
        return Forecast(Outcome.UNSUPPORTED)
    if not terms.acquires(acquirer):
        return Forecast(Outcome.ACQUIRER_SUSPENDED)
    pan = content.pan
    if not PAN_DIGITS_MIN <= len(pan) <= PAN_DIGITS_MAX or not luhn_valid(pan) or not int(pan):
        return Forecast(Outcome.INVALID_PAN)
    card_range = terms.range_of(pan)
    if card_range is None:
        return Forecast(Outcome.UNKNOWN_ISSUER)
    if len(pan) not in card_range["pan_lengths"]:
        return Forecast(Outcome.INVALID_PAN)
    issuer = str(card_range["participant_id"])
    if not terms.is_active(issuer):
        return Forecast(Outcome.ISSUER_SUSPENDED)
    if _expired(content.expiry, received_us):
        return Forecast(Outcome.EXPIRED_CARD)
    no_money = service in INQUIRIES or content.amount == 0
    if no_money and service not in INQUIRIES and content.kind == FINANCIAL:
        return Forecast(Outcome.INVALID_AMOUNT)
    return _settled(model, content, acquirer, received_us, card_range["currency"], issuer, no_money)


def _settled(
    model: Model,
    content: Content,
    acquirer: str,
    received_us: int,
    billed_in: str,
    issuer: str,
    no_money: bool,
) -> Forecast:
    terms = model.terms
    if no_money:
        return Forecast(0, issuer, no_money=True)
    settled = terms.settlement(acquirer, issuer, content.currency, content.amount, received_us)
    billed = terms.billed(billed_in, content.currency, content.amount, received_us)
    if settled is None or billed is None:
        return Forecast(Outcome.NO_RATE)
    currency, amount = settled
    if max(amount, billed) > AMOUNT_MAX:
        return Forecast(Outcome.INVALID_AMOUNT)
    credit = content.processing_code[:2] in CREDITS
    debtor = acquirer if credit else issuer
    cap = terms.cap_of(debtor, currency)
    if cap is None or issuer == acquirer:  # a bank owes itself nothing
        return Forecast(0, issuer, currency, amount, credit)
    if model.ledger.exposure(debtor, currency) + amount > cap:
        return Forecast(Outcome.CAP_EXCEEDED)
    return Forecast(0, issuer, currency, amount, credit)


_months: dict[int, str] = {}


def _expired(expiry: str, utc_us: int) -> bool:
    """Whether a card's month (YYMM) has passed, or is none; one that is not told has not."""
    if not expiry:
        return False
    hour = utc_us // 3_600_000_000
    month = _months.get(hour)
    if month is None:
        _months.clear()
        month = _months[hour] = utc_datetime(utc_us).strftime("%y%m")
    return expiry < month or expiry >= EXPIRY_PIVOT or not "01" <= expiry[2:] <= "12"
