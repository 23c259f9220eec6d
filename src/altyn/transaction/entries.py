"""The journal's entry about a transaction: one record of fixed layout.

Every entry of kind TRANSACTION has this layout, so a day of them is an array: the clearing
reads it as columns without looking at single entries. One transaction leaves one record
when it is refused at once, and two when it goes to an issuer: at stage STARTED before the
request leaves, at stage FINISHED before the reply does. Both are complete in themselves.

All integers are little-endian; texts are ASCII, padded with blanks; money is in minor
units. `TEXTS` and `NUMBERS` state the layout; the packing, the array type and the
documentation are made from them.
"""

import struct
from typing import Final, NamedTuple

from altyn.card import STORED_PAN_BYTES

TRANSACTION_ENTRY: Final = 1
"""The kind number of these entries in the journal."""


class Stage:
    """Where in its life a transaction stood when the entry was written."""

    STARTED: Final = 1
    FINISHED: Final = 2


class Flag:
    """Facts about a transaction that are yes or no, one bit each."""

    REPEAT: Final = 1  # first seen as a repeat
    BY_SWITCH: Final = 2  # made by the switch itself: the reversal after a time-out
    FORWARDED: Final = 4  # an advice to the issuer is owed and kept until acknowledged
    UNMATCHED: Final = 8  # a reversal whose original was not there
    CREDIT: Final = 16  # the acquirer owes the issuer: refund, original credit
    NO_MONEY: Final = 32  # inquiries and verifications: no hold, no position
    FULL: Final = 64  # a reversal of all that remained
    STOOD_IN: Final = 128  # approved in the place of the issuer, and the advice that tells it


class Number(NamedTuple):
    """A column of numbers: its struct code and what it says."""

    name: str
    code: str
    meaning: str


class Text(NamedTuple):
    """A column of text: its width in bytes and what it says."""

    name: str
    width: int
    meaning: str


NUMBERS: Final = (
    Number("kind", "B", "transaction.Kind: 1 authorization ... 6 reversal advice"),
    Number("flags", "B", "transaction.Flag bits"),
    Number("business_day", "I", "YYYYMMDD, fixed when the request arrived"),
    Number("received_us", "Q", "UTC microseconds since 1970, arrival at the switch"),
    Number("transmitted_s", "I", "DE7 as UTC seconds since 1970, 0 when it names no instant"),
    Number("amount", "Q", "transaction amount, minor units"),
    Number("settlement_amount", "Q", "amount between the participants, minor units"),
    Number("billing_amount", "Q", "amount for the cardholder, minor units"),
    Number("issuer_stan", "I", "the switch's own STAN towards the issuer, 0 when not sent"),
    Number("refers_to", "Q", "sequence number of the original, 0 for none"),
)
REQUEST_TEXTS: Final = (
    Text("processing_code", 6, "DE3"),
    Text("stan", 6, "DE11"),
    Text("transmission", 10, "DE7"),
    Text("rrn", 12, "DE37"),
    Text("terminal", 8, "DE41"),
    Text("merchant", 15, "DE42"),
    Text("merchant_name", 40, "DE43"),
    Text("category", 4, "DE18, merchant category code"),
    Text("entry_mode", 3, "DE22"),
    Text("condition", 2, "DE25"),
    Text("expiry", 4, "DE14, YYMM"),
    Text("currency", 3, "DE49, numeric"),
    Text("local_time", 6, "DE12"),
    Text("local_date", 4, "DE13"),
    Text("acquirer", 11, "DE32"),
)
ROUTE_TEXTS: Final = (
    Text("acquirer_participant", 8, "who sent it"),
    Text("issuer_participant", 8, "whose card it is"),
    Text("product", 8, "the card's product"),
    Text("bin_prefix", 8, "the BIN prefix that matched"),
    Text("settlement_currency", 3, "numeric"),
    Text("billing_currency", 3, "numeric"),
    Text("settlement_rate_id", 20, "rate of the settlement amount, blank for none"),
    Text("billing_rate_id", 20, "rate of the billing amount, blank for none"),
    Text("registry_version", 8, "version of the registry it was decided under"),
)
ORIGINAL_TEXTS: Final = (
    Text("original", 20, "original named by the acquirer: MTI, STAN, DE7"),
    Text(
        "issuer_original",
        20,
        "the same as the issuer knows it; of what was stood in for, the advice that told it",
    ),
)
OUTCOME_NUMBERS: Final = (
    Number("stage", "B", "1 started, 2 finished"),
    Number("outcome", "B", "transaction.Outcome, 0 while started"),
    Number("finished_us", "Q", "UTC microseconds since 1970, 0 while started"),
    Number("held_change", "q", "change of the debtor's holds, settlement currency"),
    Number("posted_change", "q", "what debtor owes creditor more, settlement currency"),
    Number("remaining", "Q", "what stands of the original after this, transaction currency"),
)
OUTCOME_TEXTS: Final = (
    Text("response_code", 3, "DE39 answered, blank while started"),
    Text("authorization_code", 6, "DE38"),
)

_REQUEST_WIDTH = sum(text.width for text in REQUEST_TEXTS)
_ROUTE_WIDTH = sum(text.width for text in ROUTE_TEXTS)
_ORIGINAL_WIDTH = sum(text.width for text in ORIGINAL_TEXTS)
_OUTCOME_WIDTH = sum(text.width for text in OUTCOME_TEXTS)

PAN_COLUMN: Final = "pan"
NO_ORIGINAL_TEXT: Final = " " * _ORIGINAL_WIDTH
NO_ROUTE_TEXT: Final = " " * _ROUTE_WIDTH

_HEAD = struct.Struct(
    "<"
    + "".join(number.code for number in NUMBERS)
    + f"{STORED_PAN_BYTES}s{_REQUEST_WIDTH + _ROUTE_WIDTH + _ORIGINAL_WIDTH}s"
)
_TAIL = struct.Struct(
    "<" + "".join(number.code for number in OUTCOME_NUMBERS) + f"{_OUTCOME_WIDTH}s"
)

HEAD_BYTES: Final = _HEAD.size
RECORD_BYTES: Final = _HEAD.size + _TAIL.size

pack_head = _HEAD.pack
"""Pack the part that is fixed when a request arrives: NUMBERS, the sealed PAN, all texts."""
pack_tail = _TAIL.pack
"""Pack the part that says how it went: OUTCOME_NUMBERS, OUTCOME_TEXTS joined."""
unpack_head = _HEAD.unpack_from
unpack_tail = _TAIL.unpack_from


class Column(NamedTuple):
    """Where a column lies in a record: `code` is a struct code, or 's' for text and bytes."""

    name: str
    offset: int
    width: int
    code: str
    meaning: str


def _columns() -> tuple[Column, ...]:
    columns: list[Column] = []
    offset = 0

    def number_columns(numbers: tuple[Number, ...]) -> None:
        nonlocal offset
        for number in numbers:
            width = struct.calcsize("<" + number.code)
            columns.append(Column(number.name, offset, width, number.code, number.meaning))
            offset += width

    def text_columns(texts: tuple[Text, ...]) -> None:
        nonlocal offset
        for text in texts:
            columns.append(Column(text.name, offset, text.width, "s", text.meaning))
            offset += text.width

    number_columns(NUMBERS)
    text_columns((Text(PAN_COLUMN, STORED_PAN_BYTES, "the sealed card number (altyn.card)"),))
    text_columns(REQUEST_TEXTS + ROUTE_TEXTS + ORIGINAL_TEXTS)
    number_columns(OUTCOME_NUMBERS)
    text_columns(OUTCOME_TEXTS)
    assert offset == RECORD_BYTES, "the columns do not cover the record"
    return tuple(columns)


COLUMNS: Final = _columns()
"""Every column of a record, in order: the schema that clearing and exports read."""

_BY_NAME = {column.name: column for column in COLUMNS}


def stage_of(record: bytes) -> int:
    """The stage of a record without unpacking it: the first number behind the head."""
    return record[HEAD_BYTES]


def read_number(record: bytes, name: str) -> int:
    """A column of numbers of one record (or of its head, for a column that lies there)."""
    column = _BY_NAME[name]
    number: int = struct.unpack_from("<" + column.code, record, column.offset)[0]
    return number


def read_text(record: bytes, name: str) -> str:
    """A column of text of one record, with the blanks it is filled with."""
    return read_bytes(record, name).decode("ascii")


def read_bytes(record: bytes, name: str) -> bytes:
    """The bytes of a column: the one way to the sealed card number."""
    column = _BY_NAME[name]
    return record[column.offset : column.offset + column.width]
