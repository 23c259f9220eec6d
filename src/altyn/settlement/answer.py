"""What the settlement bank writes: pacs.002 status, camt.054 notification, camt.053 statement.

Read strictly: only the definitions listed here, currencies of ISO 4217, exact amounts. An answer
that cannot be read has no effect; the bank is asked again.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple, TypeVar

from altyn.settlement.amount_text import read_amount, read_instant
from altyn.settlement.document import AnswerError, Part, read_message

STATUS_DEFINITIONS: Final = frozenset({"pacs.002.001.10", "pacs.002.001.15"})
NOTIFICATION_DEFINITIONS: Final = frozenset({"camt.054.001.08", "camt.054.001.12"})
STATEMENT_DEFINITIONS: Final = frozenset({"camt.053.001.08", "camt.053.001.12"})
ENTRIES_MAX: Final = 20_000
_CODE: Final = re.compile(r"[A-Z0-9]{1,4}\Z")

_Value = TypeVar("_Value")


class Outcome(Enum):
    """What a status means for an order."""

    SETTLED = "settled"
    REJECTED = "rejected"
    PENDING = "pending"
    NOT_RECEIVED = "not received"
    DUPLICATE = "duplicate"
    """Refused because it had come before: says nothing about what became of the first."""


_OUTCOMES: Final = {
    "ACSC": Outcome.SETTLED,
    "ACCC": Outcome.SETTLED,
    "RJCT": Outcome.REJECTED,
    "CANC": Outcome.REJECTED,
    "PDNG": Outcome.PENDING,
    "RCVD": Outcome.PENDING,
    "ACTC": Outcome.PENDING,
    "ACCP": Outcome.PENDING,
    "ACSP": Outcome.PENDING,
}
"""ISO 20022 external codes ExternalPaymentGroupStatus1Code and ...TransactionStatus1Code. PART, a
partial acceptance, is not among them: a run is settled as a whole or not at all."""

_NO_ORIGINAL: Final = "NOOR"
"""ExternalStatusReason1Code NoOriginalTransactionReceived, the answer to a status request."""
_DUPLICATES: Final = frozenset({"AM05", "DU01", "DUPL"})
"""ExternalStatusReason1Code Duplication, DuplicateMessageID, DuplicatePayment."""


class Status(NamedTuple):
    """A pacs.002. failing: transfers that are named as the reason of a rejection; final_us: when
    it was settled, else when the status was made, UTC microseconds."""

    answer_id: str
    original_id: str
    outcome: Outcome
    reason: str
    failing: tuple[str, ...]
    final_us: int


class Entry(NamedTuple):
    """A booked movement on the scheme's account: credits above zero, minor units."""

    transfer_id: str
    minor_units: int
    currency: str


class Notification(NamedTuple):
    """A camt.054: movements as they are booked."""

    document_id: str
    account: str
    entries: tuple[Entry, ...]


class Statement(NamedTuple):
    """A camt.053: every movement between two balances, minor units, credits above zero.

    until_us: the end of its period, 0 when it does not say.
    """

    document_id: str
    account: str
    currency: str
    opening: int
    closing: int
    until_us: int
    entries: tuple[Entry, ...]


def read_answer(content: bytes) -> Status | Notification | Statement:
    """What the bank wrote; raises AnswerError where it cannot be used."""
    definition, document = read_message(content)
    if definition in STATUS_DEFINITIONS:
        return _status(document.get("FIToFIPmtStsRpt"))
    if definition in NOTIFICATION_DEFINITIONS:
        return _notification(document.get("BkToCstmrDbtCdtNtfctn"))
    if definition in STATEMENT_DEFINITIONS:
        return _statement(document.get("BkToCstmrStmt"))
    raise AnswerError("the Document", "this message is not expected from a settlement bank")


def _checked(part: Part, read: Callable[..., _Value], *values: str) -> _Value:
    try:
        return read(*values)
    except (ValueError, OverflowError) as error:
        raise AnswerError(part.where, str(error)) from error


def _status(report: Part) -> Status:
    head = report.get("GrpHdr")
    transactions = list(report.all("TxInfAndSts"))
    if len(transactions) > ENTRIES_MAX:
        raise AnswerError("the report", f"more than {ENTRIES_MAX} transactions")
    original = report.find("OrgnlGrpInfAndSts")
    code = original.text_or("GrpSts", "") if original is not None else ""
    if original is None or not code:
        # A report on one transfer may give its status only there.
        if len(transactions) != 1:
            raise AnswerError(report.where, "a status of the whole message is expected")
        code = transactions[0].text("TxSts")
        reasons = transactions[0]
        if original is None:
            original = transactions[0].get("OrgnlGrpInf")
    else:
        reasons = original
    outcome = _OUTCOMES.get(code)
    if outcome is None:
        raise AnswerError(original.where, "this status is not one that ends or continues an order")
    reason = _reason(reasons) or next((_reason(each) for each in transactions), "")
    if outcome is Outcome.REJECTED and reason == _NO_ORIGINAL:
        outcome = Outcome.NOT_RECEIVED
    elif outcome is Outcome.REJECTED and reason in _DUPLICATES:
        outcome = Outcome.DUPLICATE
    failing = [
        each.text("OrgnlEndToEndId") for each in transactions if each.text_or("TxSts", "") == "RJCT"
    ]
    return Status(
        head.text("MsgId"),
        original.text("OrgnlMsgId"),
        outcome,
        reason if outcome is not Outcome.SETTLED else "",
        tuple(failing),
        _final_us(head, transactions),
    )


def _reason(part: Part) -> str:
    found = next(part.all("StsRsnInf/Rsn/Cd"), None)
    if found is None:
        return ""
    if not _CODE.match(found.value()):
        raise AnswerError(found.where, "a code of up to four letters and digits is expected")
    return found.value()


def _final_us(head: Part, transactions: list[Part]) -> int:
    """When the last transfer was settled, as the bank says."""
    stated = [
        moment
        for each in transactions
        for path in ("FctvIntrBkSttlmDt/DtTm", "AccptncDtTm")
        if (moment := each.find(path)) is not None
    ] or [head.get("CreDtTm")]
    return max(_checked(moment, read_instant, moment.value()) for moment in stated)


def _signed(part: Part) -> tuple[int, str]:
    amount = part.get("Amt")
    minor_units = _checked(amount, read_amount, amount.value(), amount.currency())
    sign = {"CRDT": 1, "DBIT": -1}.get(part.text("CdtDbtInd"))
    if sign is None:
        raise AnswerError(part.where, "CRDT or DBIT is expected")
    return sign * minor_units, amount.currency()


def _entries(account: Part) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for entry in account.all("Ntry"):
        if len(entries) >= ENTRIES_MAX:
            raise AnswerError(entry.where, f"more than {ENTRIES_MAX} entries")
        if entry.text("Sts/Cd") != "BOOK":
            continue  # only announced: it will come again when it is booked
        minor_units, currency = _signed(entry)
        if entry.text_or("RvslInd", "false") in {"true", "1"}:
            raise AnswerError(
                entry.where, "a reversal of a booking; settled is final, ask the bank"
            )
        references = list(entry.all("NtryDtls/TxDtls/Refs/EndToEndId"))
        if len(references) > 1:
            raise AnswerError(entry.where, "one entry for several transfers; ask for single ones")
        reference = references[0].value() if references else ""
        entries.append(Entry(reference, minor_units, currency))
    return tuple(entries)


def _account_number(part: Part) -> str:
    other = part.text_or("Acct/Id/Othr/Id", "")
    return other or part.text("Acct/Id/IBAN")


def _notification(message: Part) -> Notification:
    found = message.get("Ntfctn")
    return Notification(found.text("Id"), _account_number(found), _entries(found))


def _statement(message: Part) -> Statement:
    found = message.get("Stmt")
    if found.text_or("StmtPgntn/LastPgInd", "true") not in {"true", "1"}:
        raise AnswerError(found.where, "one page of several; ask for the statement as one")
    balances: dict[str, tuple[int, str]] = {}
    for balance in found.all("Bal"):
        code = balance.text_or("Tp/CdOrPrtry/Cd", "")
        if code in balances:
            raise AnswerError(balance.where, "a balance of one kind stands twice")
        balances[code] = _signed(balance)
    # OPBD and PRCD are two names of one thing: where the day before ended.
    opening = balances.get("OPBD", balances.get("PRCD"))
    closing = balances.get("CLBD")
    if opening is None or closing is None:
        raise AnswerError(found.where, "an opening and a closing booked balance are expected")
    if opening[1] != closing[1]:
        raise AnswerError(found.where, "its balances are in two currencies")
    until = found.find("FrToDt/ToDtTm")
    return Statement(
        found.text("Id"),
        _account_number(found),
        closing[1],
        opening[0],
        closing[0],
        0 if until is None else _checked(until, read_instant, until.value()),
        _entries(found),
    )
