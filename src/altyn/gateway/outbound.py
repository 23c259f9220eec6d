"""Effects to messages: what the switch decided, as ISO 8583 fields."""

from altyn.card import Pan, unseal
from altyn.clock import TransmissionClock
from altyn.message import Message, dialect
from altyn.switch import (
    ISSUER_DID_NOT_ANSWER,
    ISSUER_NOT_ASKED,
    NO_SOURCE,
    Advise,
    Evidence,
    Forward,
    NetworkRequest,
    Reply,
)
from altyn.transaction import Flag, Kind, Transaction, entries


class Outbound:
    """Writes the messages of one scheme."""

    def __init__(self, scheme_institution: str) -> None:
        """`scheme_institution` is DE33 of what the scheme itself sends."""
        self.scheme_institution = scheme_institution
        self._transmission = TransmissionClock()

    def reply(self, effect: Reply) -> dialect.Derived:
        """The answer to an acquirer."""
        payload = effect.payload
        assert isinstance(payload, Message), "a request carries its message"
        return dialect.write_reply(
            payload,
            effect.response_code,
            effect.authorization_code,
            effect.additional,
            effect.settlement_date,
            effect.source,
        )

    def forward(self, effect: Forward, settlement_date: str) -> dialect.Derived:
        """The request as the issuer gets it."""
        payload = effect.payload
        assert isinstance(payload, Message), "a request carries its message"
        transaction, route = effect.transaction, effect.route
        settlement = billing = None
        if not transaction.flags & Flag.NO_MONEY:
            if route.settlement is not None:
                settlement = dialect.Money(
                    transaction.settlement_amount,
                    route.settlement_currency,
                    route.settlement_rate,
                )
            if route.billing is not None:
                billing = dialect.Money(
                    route.billing.convert(transaction.amount),
                    route.billing_currency,
                    route.billing_rate,
                )
        pan = "" if 2 in payload.fields else _pan(transaction.head)
        return dialect.write_forward(
            payload,
            pan,
            transaction.issuer_stan,
            transaction.issuer_transmission,
            settlement_date,
            self.scheme_institution,
            settlement,
            billing,
        )

    def advise(self, effect: Advise) -> Message:
        """An advice from its journal record."""
        record = effect.record
        flags = entries.read_number(record, "flags")
        remaining = entries.read_number(record, "remaining")
        kind = Kind(entries.read_number(record, "kind"))
        is_reversal = kind >= Kind.REVERSAL
        without_money = is_reversal or flags & Flag.NO_MONEY
        partial = is_reversal and remaining > 0 and not flags & Flag.BY_SWITCH
        return dialect.write_advice(
            dialect.Advice(
                kind,
                effect.repeat,
                _pan(record),
                entries.read_text(record, "processing_code"),
                entries.read_number(record, "amount"),
                entries.read_text(record, "currency"),
                f"{entries.read_number(record, 'issuer_stan'):06d}",
                self._transmission.write(entries.read_number(record, "received_us")),
                entries.read_text(record, "local_time"),
                entries.read_text(record, "local_date"),
                entries.read_text(record, "expiry"),
                entries.read_text(record, "category"),
                entries.read_text(record, "entry_mode"),
                entries.read_text(record, "condition"),
                entries.read_text(record, "rrn"),
                entries.read_text(record, "authorization_code"),
                "" if is_reversal else entries.read_text(record, "response_code").rstrip(),
                _source(record, flags),
                entries.read_text(record, "terminal"),
                entries.read_text(record, "merchant"),
                entries.read_text(record, "merchant_name"),
                entries.read_text(record, "acquirer").rstrip(),
                self.scheme_institution,
                f"{entries.read_number(record, 'business_day') % 10_000:04d}",
                entries.read_text(record, "issuer_original"),
                remaining if partial else None,
                None if without_money else _money(record, "settlement"),
                None if without_money else _money(record, "billing"),
            )
        )

    def network(self, effect: NetworkRequest, utc_us: int) -> Message:
        """A network management request."""
        transmission = self._transmission.write(utc_us)
        return dialect.write_network(
            effect.code, effect.stan, transmission, self.scheme_institution
        )


def _money(record: bytes, which: str) -> dialect.Money | None:
    """The settlement or billing amount of a record; None when it is the amount itself."""
    currency = entries.read_text(record, f"{which}_currency")
    if currency == entries.read_text(record, "currency"):
        return None
    return dialect.Money(entries.read_number(record, f"{which}_amount"), currency, "")


def _source(record: bytes, flags: int) -> str:
    """DE44, position 1, of an advice: of a stand-in, whether the issuer was asked before."""
    if not flags & Flag.STOOD_IN:
        return NO_SOURCE
    asked = entries.read_text(record, "issuer_original").strip()
    return ISSUER_DID_NOT_ANSWER if asked else ISSUER_NOT_ASKED


def find_evidence(payload: object, _: Transaction) -> Evidence:
    """What a request carries that must be checked; without keys nothing can be."""
    assert isinstance(payload, Message), "a request carries its message"
    return Evidence.NOT_HELD if dialect.carries_proof(payload) else Evidence.NOTHING


def _pan(record: bytes) -> Pan:
    return unseal(entries.read_bytes(record, entries.PAN_COLUMN))
