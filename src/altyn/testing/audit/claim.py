"""What a record of the journal claims, read by the public columns alone.

The auditor has a reader of its own: the switch's is part of what it audits.
"""

import struct
from typing import Any, Final

from altyn.transaction import entries

__all__ = ["KEY_LETTERS", "Claim", "transaction_key"]

KEY_LETTERS: Final = {1: "1", 2: "2", 3: "a", 4: "b", 5: "r", 6: "r"}
"""By the kind of a record: requests, completions and reversals have keys of their own."""

_RECORD: Final = struct.Struct(
    "<"
    + "".join(
        f"{column.width}s" if column.code == "s" else column.code for column in entries.COLUMNS
    )
)
_PLACES: Final = {column.name: place for place, column in enumerate(entries.COLUMNS)}


def transaction_key(
    letter: str, institution: str, stan: str, transmission: str, terminal: str
) -> str:
    """DE32, DE11, DE7 and DE41, behind the letter of the kind."""
    return f"{letter}{institution}/{stan}{transmission}/{terminal}"


class Claim:
    """One record. Texts come without the blanks they are filled with; `pan` is the sealed one."""

    __slots__ = (
        "acquirer",
        "amount",
        "authorization_code",
        "billing_amount",
        "billing_currency",
        "business_day",
        "category",
        "creditor",
        "currency",
        "debtor",
        "entry_mode",
        "expiry",
        "finished_us",
        "flags",
        "held_change",
        "institution",
        "issuer",
        "issuer_original",
        "issuer_stan",
        "key",
        "kind",
        "original",
        "outcome",
        "pan",
        "posted_change",
        "processing_code",
        "product",
        "received_us",
        "refers_to",
        "remaining",
        "response_code",
        "rrn",
        "sequence",
        "settlement_amount",
        "settlement_currency",
        "stage",
        "terminal",
        "transmitted_s",
    )

    def __init__(self, record: bytes, sequence: int) -> None:
        """Read a record of exactly the journal's record size."""
        values = _RECORD.unpack(record)
        self.sequence = sequence
        self.kind: int = values[_KIND]
        self.flags: int = values[_FLAGS]
        self.business_day: int = values[_BUSINESS_DAY]
        self.received_us: int = values[_RECEIVED]
        self.transmitted_s: int = values[_TRANSMITTED]
        self.amount: int = values[_AMOUNT]
        self.settlement_amount: int = values[_SETTLEMENT_AMOUNT]
        self.billing_amount: int = values[_BILLING_AMOUNT]
        self.issuer_stan = f"{values[_ISSUER_STAN]:06d}" if values[_ISSUER_STAN] else ""
        self.refers_to: int = values[_REFERS_TO]
        self.pan: bytes = values[_PAN]
        self.processing_code = _text(values[_PROCESSING_CODE])
        self.rrn = _text(values[_RRN])
        self.terminal = _text(values[_TERMINAL])
        self.currency = _text(values[_CURRENCY])
        self.institution = _text(values[_ACQUIRER])
        self.acquirer = _text(values[_ACQUIRER_PARTICIPANT])
        self.issuer = _text(values[_ISSUER_PARTICIPANT])
        self.settlement_currency = _text(values[_SETTLEMENT_CURRENCY])
        self.original = _text(values[_ORIGINAL])
        self.issuer_original = _text(values[_ISSUER_ORIGINAL])
        self.product = _text(values[_PRODUCT])
        self.category = _text(values[_CATEGORY])
        self.entry_mode = _text(values[_ENTRY_MODE])
        self.expiry = _text(values[_EXPIRY])
        self.billing_currency = _text(values[_BILLING_CURRENCY])
        self.finished_us: int = values[_FINISHED]
        self.stage: int = values[_STAGE]
        self.outcome: int = values[_OUTCOME]
        self.held_change: int = values[_HELD_CHANGE]
        self.posted_change: int = values[_POSTED_CHANGE]
        self.remaining: int = values[_REMAINING]
        self.response_code = _text(values[_RESPONSE_CODE])
        self.authorization_code = _text(values[_AUTHORIZATION_CODE])
        credit = self.flags & entries.Flag.CREDIT
        self.debtor, self.creditor = (
            (self.acquirer, self.issuer) if credit else (self.issuer, self.acquirer)
        )
        self.key = transaction_key(
            KEY_LETTERS[self.kind],
            self.institution,
            _text(values[_STAN]),
            _text(values[_TRANSMISSION]),
            self.terminal,
        )


def _text(value: Any) -> str:
    text: str = value.decode("ascii").rstrip()
    return text


_KIND: Final = _PLACES["kind"]
_FLAGS: Final = _PLACES["flags"]
_BUSINESS_DAY: Final = _PLACES["business_day"]
_RECEIVED: Final = _PLACES["received_us"]
_TRANSMITTED: Final = _PLACES["transmitted_s"]
_AMOUNT: Final = _PLACES["amount"]
_SETTLEMENT_AMOUNT: Final = _PLACES["settlement_amount"]
_BILLING_AMOUNT: Final = _PLACES["billing_amount"]
_ISSUER_STAN: Final = _PLACES["issuer_stan"]
_REFERS_TO: Final = _PLACES["refers_to"]
_PAN: Final = _PLACES[entries.PAN_COLUMN]
_PROCESSING_CODE: Final = _PLACES["processing_code"]
_STAN: Final = _PLACES["stan"]
_TRANSMISSION: Final = _PLACES["transmission"]
_RRN: Final = _PLACES["rrn"]
_TERMINAL: Final = _PLACES["terminal"]
_CURRENCY: Final = _PLACES["currency"]
_ACQUIRER: Final = _PLACES["acquirer"]
_ACQUIRER_PARTICIPANT: Final = _PLACES["acquirer_participant"]
_ISSUER_PARTICIPANT: Final = _PLACES["issuer_participant"]
_SETTLEMENT_CURRENCY: Final = _PLACES["settlement_currency"]
_ORIGINAL: Final = _PLACES["original"]
_ISSUER_ORIGINAL: Final = _PLACES["issuer_original"]
_PRODUCT: Final = _PLACES["product"]
_CATEGORY: Final = _PLACES["category"]
_ENTRY_MODE: Final = _PLACES["entry_mode"]
_EXPIRY: Final = _PLACES["expiry"]
_BILLING_CURRENCY: Final = _PLACES["billing_currency"]
_FINISHED: Final = _PLACES["finished_us"]
_STAGE: Final = _PLACES["stage"]
_OUTCOME: Final = _PLACES["outcome"]
_HELD_CHANGE: Final = _PLACES["held_change"]
_POSTED_CHANGE: Final = _PLACES["posted_change"]
_REMAINING: Final = _PLACES["remaining"]
_RESPONSE_CODE: Final = _PLACES["response_code"]
_AUTHORIZATION_CODE: Final = _PLACES["authorization_code"]
