"""Journal records of transactions: packed once on arrival, completed when they end."""

from altyn.card import seal
from altyn.clock import Instant
from altyn.journal import NO_SPAN
from altyn.switch.effects import Record
from altyn.switch.state import SwitchState
from altyn.transaction import (
    TRANSACTION_ENTRY,
    Flag,
    Kind,
    Original,
    Outcome,
    Request,
    Stage,
    Transaction,
    entries,
)

ORIGINAL_WIDTH = sum(text.width for text in entries.ORIGINAL_TEXTS)
MESSAGE_TYPES = {
    Kind.AUTHORIZATION: "0100",
    Kind.FINANCIAL: "0200",
    Kind.AUTHORIZATION_ADVICE: "0120",
    Kind.FINANCIAL_ADVICE: "0220",
    Kind.REVERSAL: "0400",
    Kind.REVERSAL_ADVICE: "0420",
}
_NO_CODES = b" " * 9
_NO_NAME = " " * 20
_ADVICE_KINDS = {
    Kind.AUTHORIZATION: Kind.AUTHORIZATION_ADVICE,
    Kind.FINANCIAL: Kind.FINANCIAL_ADVICE,
}
_FLAGS_AT = next(column.offset for column in entries.COLUMNS if column.name == "flags")
_pack_head = entries.pack_head
_pack_tail = entries.pack_tail
_ROUTE_AT = next(
    column.offset for column in entries.COLUMNS if column.name == entries.ROUTE_TEXTS[0].name
)


def sealed_pan(head: bytes) -> bytes:
    """The stored card number in the head of a record."""
    return entries.read_bytes(head, entries.PAN_COLUMN)


def route_text(head: bytes) -> str:
    """The texts of the route in the head of a record."""
    return head[_ROUTE_AT : _ROUTE_AT + len(entries.NO_ROUTE_TEXT)].decode("ascii")


def original_text(kind: Kind, stan: str, transmission: str) -> str:
    """How a record names an original: MTI, STAN and DE7, 20 characters."""
    return f"{MESSAGE_TYPES[kind]}{stan:6.6}{transmission:10.10}"


def read_original(text: str, acquirer: str) -> Original | None:
    """The original that `original_text` names; None for a blank one."""
    for kind, message_type in MESSAGE_TYPES.items():
        if text[:4] == message_type:
            return Original(kind, text[4:10], text[10:20], acquirer)
    return None


def head_of(
    request: Request,
    state: SwitchState,
    now: Instant,
    flags: int,
    route_text: str = entries.NO_ROUTE_TEXT,
    settlement_amount: int = 0,
    billing_amount: int = 0,
    issuer_stan: str = "0",
    refers_to: int = 0,
    originals: str = entries.NO_ORIGINAL_TEXT,
) -> bytes:
    """The packed head of a request's records. The place where a stored PAN is sealed."""
    return _pack_head(
        request.kind,
        flags,
        state.business_day,
        now.utc_us,
        request.transmitted_s,
        request.amount,
        settlement_amount,
        billing_amount,
        int(issuer_stan),
        refers_to,
        seal(request.pan),
        (request.texts + route_text + originals).encode("ascii", "replace"),
    )


def switch_reversal_head(
    transaction: Transaction, state: SwitchState, stan: str, now_us: int
) -> bytes:
    """The head of the reversal that the switch itself owes an issuer for a request it sent."""
    values = list(entries.unpack_head(transaction.head))
    values[0] = Kind.REVERSAL_ADVICE
    values[1] = (values[1] & (Flag.CREDIT | Flag.NO_MONEY)) | Flag.BY_SWITCH | Flag.FORWARDED
    values[2] = state.business_day
    values[3] = now_us
    values[8] = int(stan)
    values[9] = transaction.sequence
    issuer_original = original_text(
        transaction.kind, transaction.issuer_stan, transaction.issuer_transmission
    )
    values[-1] = values[-1][:-ORIGINAL_WIDTH] + (" " * 20 + issuer_original).encode("ascii")
    return _pack_head(*values)


def advice_text(transaction: Transaction, stan: str, transmission: str) -> str:
    """How the advice that tells an issuer of a stand-in is named."""
    return original_text(_ADVICE_KINDS[transaction.kind], stan, transmission)


def asked_as(transaction: Transaction) -> str:
    """How the issuer knows a request that it was asked; blank when it was not."""
    if not transaction.issuer_stan:
        return _NO_NAME
    return original_text(transaction.kind, transaction.issuer_stan, transaction.issuer_transmission)


def issuer_name(transaction: Transaction) -> str:
    """How the issuer knows a transaction: as the request it was asked, or as the advice that told
    it of a stand-in, which it has for certain."""
    if transaction.flags & Flag.STOOD_IN:
        return entries.read_text(transaction.head, "issuer_original")
    return original_text(transaction.kind, transaction.issuer_stan, transaction.issuer_transmission)


def stood_in_head(head: bytes, told_as: str) -> bytes:
    """The head of a transaction once it is stood in for, with the name of its advice."""
    flags = head[_FLAGS_AT] | Flag.STOOD_IN
    name = told_as.encode("ascii")
    return head[:_FLAGS_AT] + bytes((flags,)) + head[_FLAGS_AT + 1 : -len(name)] + name


def stand_in_advice_head(transaction: Transaction, stan: str, now_us: int, asked: str) -> bytes:
    """The head of the advice that tells an issuer what was approved in its place.

    It is of the transaction's business day, on which the money has moved: not of the day in which
    the issuer's time was up.
    """
    values = list(entries.unpack_head(transaction.head))
    values[0] = _ADVICE_KINDS[transaction.kind]
    kept = values[1] & (Flag.CREDIT | Flag.NO_MONEY)
    values[1] = kept | Flag.BY_SWITCH | Flag.FORWARDED | Flag.STOOD_IN
    values[3] = now_us
    values[8] = int(stan)
    values[9] = transaction.sequence
    values[-1] = values[-1][:-ORIGINAL_WIDTH] + (_NO_NAME + asked).encode("ascii")
    return _pack_head(*values)


def started(transaction: Transaction) -> Record:
    """The record written before a request goes to its issuer."""
    tail = _pack_tail(
        Stage.STARTED, 0, 0, transaction.settlement_amount, 0, transaction.amount, _NO_CODES
    )
    span = transaction.transmitted_s or NO_SPAN
    return Record(TRANSACTION_ENTRY, transaction.head + tail, span)


def finished(
    transaction: Transaction,
    outcome: Outcome,
    now_us: int,
    held_change: int = 0,
    posted_change: int = 0,
    refers_to: int = 0,
) -> Record:
    """The record written before the reply leaves."""
    codes = f"{transaction.response_code:3}{transaction.authorization_code:6}"
    tail = _pack_tail(
        Stage.FINISHED,
        outcome,
        now_us,
        held_change,
        posted_change,
        transaction.remaining,
        codes.encode("ascii", "replace"),
    )
    assert len(transaction.head) == entries.HEAD_BYTES, "a record without its head"
    span = transaction.transmitted_s or NO_SPAN
    return Record(TRANSACTION_ENTRY, transaction.head + tail, span, refers_to)
