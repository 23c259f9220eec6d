"""What may be wrong with a file or a record, under which code it is told, and in which words.

A finding names the file's place: record number, field, byte of the record. It never repeats what
stood there (I10).
"""

from enum import Enum
from typing import NamedTuple


class Reason(Enum):
    """Why a file is refused or a record rejected. The name is the code, the value the words."""

    # Of a whole file.
    DUPLICATE_FILE = "a file of this identifier was received before; this was its answer"
    TRUNCATED = "the file ends before its trailer"
    TRAILING_BYTES = "something follows the trailer"
    HEADER = "the header is not in form"
    TRAILER = "the trailer is not in form"
    STRUCTURE = "the file cannot be cut into records from here on"
    MESSAGE_NUMBER = "the message number is not the place of the record in the file"
    RECORD_COUNT = "the number of records is not the one in the trailer"
    CONTROL_TOTAL = "the sum of amounts is not the one in the trailer"
    OTHER_ACQUIRER = "the header names another acquirer than the sender"
    CLOSED_DAY = "the business day that the file claims is closed"
    FUTURE_DAY = "the business day that the file claims has not begun"
    SEQUENCE_USED = "the sequence number was used by another file of this acquirer"
    SEQUENCE_GAP = "a file with an earlier sequence number has not arrived; this one waits"
    TOO_MANY_WAIT = "too many files of this acquirer wait for an earlier one"
    BYTE_ORDER_MARK = "the file begins with a byte order mark"
    CHARACTER_SET = "a character is not of the file's character set"
    LINE_ENDS = "lines end in different ways"
    LINE_TOO_LONG = "a line is too long"
    RECORD_TOO_LONG = "a record is too long"
    FILE_TOO_LARGE = "the file is too large"
    TOO_MANY_REJECTED = "too many records are wrong"
    BOMB = "the file unpacks to far more than it holds"
    ARCHIVE = "the archive is not one file, plainly packed"
    NESTED_ARCHIVE = "the archive holds another archive"
    SCHEMA = "the columns are not those of the schema"
    # Of one record.
    UNREADABLE = "the record cannot be read"
    COLUMN_COUNT = "the record has too few or too many fields"
    QUOTING = "a quoted field is not closed, or text stands beside the quotes"
    MESSAGE_TYPE = "this message type has no place in the file"
    RESERVED_TYPE = "this message type is reserved for disputes and fees, which are not taken yet"
    MISSING = "the field is missing"
    FORM = "the field is not in form"
    FUNCTION = "the function code is not of a presentment"
    CARD_NUMBER = "the card number is none: its check digit is wrong"
    CURRENCY = "the currency is not one of ISO 4217"
    DATE = "the date is not in the calendar"
    TIME = "the time is not of the clock"
    AMOUNT_NOT_POSITIVE = "the amount is zero or below"
    AMOUNT_TOO_LONG = "the amount has more than 12 digits"
    DIRECTION = "the direction contradicts the processing code or the reversal"
    PART = "the part is not one of its number of parts"
    NO_ORIGINAL = "a reversal must name the presentment that it takes back"


class Rejection(NamedTuple):
    """One record that is not taken: its number from 1, the field ("" for the whole), its byte."""

    record_number: int
    reason: Reason
    field: str = ""
    offset: int | None = None

    @property
    def text(self) -> str:
        """The words for people."""
        return self.reason.value


class FileRefusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours
    """A file that is refused whole; nothing of it may be booked.

    `record_number` is the record at which it was seen, 0 for the header and None for the file;
    `offset` the byte of the file, None where it is not known.
    """

    def __init__(
        self, reason: Reason, record_number: int | None = None, offset: int | None = None
    ) -> None:
        """Tell the reason and the place, never a value."""
        places = [] if record_number is None else [f"record {record_number}"]
        places += [] if offset is None else [f"byte {offset}"]
        super().__init__(f"{', '.join(places)}: {reason.value}" if places else reason.value)
        self.reason = reason
        self.record_number = record_number
        self.offset = offset
