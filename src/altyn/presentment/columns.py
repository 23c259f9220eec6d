"""The columns of a presentment: what acquirers send in every form, and what clearing reads.

One table serves all: the CSV and Parquet files have the columns of `FILE_COLUMNS`, the records of
ISO 8583 carry the same values in their fields (`ipm`), and a file that was read gives rows of
`PRESENTMENT_COLUMNS`. A text that is absent is null and never empty, so that a join cannot match
two absences. Amounts are minor units of `currency`, always above zero: which way money goes is
told by `processing_code` and `reversal`. docs/reference/presentment.md is made from this module.
"""

from typing import Final, Literal, NamedTuple, TypeAlias

from altyn.card import PAN_DIGITS_MAX, PAN_DIGITS_MIN, STORED_PAN_BYTES

ColumnType: TypeAlias = Literal["text", "integer", "flag", "date", "bytes"]

AMOUNT_DIGITS_MAX: Final = 12
"""As wide as DE4 in every form, so that a presentment fits any of them; more is refused (M15)."""

FIRST_PRESENTMENT: Final = "200"
SECOND_PRESENTMENTS: Final = ("205", "282")
FUNCTIONS: Final = (FIRST_PRESENTMENT, *SECOND_PRESENTMENTS)
"""DE24: first presentment; second presentment in full, in part."""

CREDIT_CODES: Final = ("20", "26")
"""First digits of DE3 when the cardholder is given money: refund, original credit."""

MESSAGE_TYPE: Final = "1240"


class Column(NamedTuple):
    """A column. `width` is the greatest length in characters, bytes or digits, by its type.

    `pattern` is what a text may be, whole, in RE2; `required` says that it is never null.
    """

    name: str
    type: ColumnType
    width: int
    required: bool
    pattern: str
    meaning: str


_PRINTABLE: Final = "[ -~]"

PAN: Final = Column(
    "pan",
    "text",
    PAN_DIGITS_MAX,
    True,
    f"[0-9]{{{PAN_DIGITS_MIN},{PAN_DIGITS_MAX}}}",
    "card number in digits, its check digit right",
)

FILE_COLUMNS: Final = (
    Column(
        "function",
        "text",
        3,
        True,
        "[0-9]{3}",
        "DE24: 200 first presentment, 205 second presentment in full, 282 in part",
    ),
    Column("reversal", "text", 1, True, "[YN]", "Y takes back the presentment named, else N"),
    Column(
        "direction",
        "text",
        1,
        True,
        "[DC]",
        "D takes money from the cardholder, C gives it: must agree with processing_code, reversal",
    ),
    PAN,
    Column(
        "processing_code", "text", 6, True, "[0-9]{6}", "DE3; 20 and 26 give the cardholder money"
    ),
    Column("amount", "integer", AMOUNT_DIGITS_MAX, True, "", "minor units of currency, above zero"),
    Column("currency", "text", 3, True, "[0-9]{3}", "numeric code of ISO 4217"),
    Column("local_date", "text", 8, True, "[0-9]{8}", "day at the terminal, YYYYMMDD"),
    Column("local_time", "text", 6, True, "[0-9]{6}", "time at the terminal, hhmmss"),
    Column(
        "transmission", "text", 10, False, "[0-9]{10}", "DE7 of the authorization, MMDDhhmmss UTC"
    ),
    Column("stan", "text", 6, False, "[0-9]{6}", "DE11 of the authorization"),
    Column("rrn", "text", 12, False, "[A-Za-z0-9]{12}", "DE37 of the authorization"),
    Column("acquirer", "text", 11, True, "[1-9][0-9]{0,10}", "DE32, without leading zeros"),
    Column(
        "acquirer_reference",
        "text",
        23,
        True,
        "[0-9]{23}",
        "DE31: the acquirer's own number of this presentment, never given twice",
    ),
    Column("terminal", "text", 8, False, f"{_PRINTABLE}{{0,7}}[!-~]", "DE41, blanks behind it cut"),
    Column(
        "merchant", "text", 15, True, f"{_PRINTABLE}{{0,14}}[!-~]", "DE42, blanks behind it cut"
    ),
    Column(
        "merchant_name",
        "text",
        99,
        False,
        r"[^\pC]{1,99}",
        "DE43; letters of any alphabet in CSV and Parquet",
    ),
    Column("category", "text", 4, True, "[0-9]{4}", "merchant category code (ISO 18245)"),
    Column("country", "text", 3, True, "[0-9]{3}", "country of the merchant, numeric (ISO 3166)"),
    Column("entry_mode", "text", 3, False, "[0-9]{3}", "DE22 of the authorization, three digits"),
    Column("authorization_code", "text", 6, False, "[A-Za-z0-9]{6}", "DE38 of the authorization"),
    Column("part_number", "integer", 2, True, "", "which part of the authorized amount, from 1"),
    Column("part_count", "integer", 2, True, "", "of how many parts; 0 while not known"),
    Column(
        "original_reference",
        "text",
        23,
        False,
        "[0-9]{23}",
        "acquirer_reference of the presentment taken back, or of the purchase refunded",
    ),
)
"""What an acquirer states of each presentment, in the order of the columns of CSV and Parquet."""

_FROM_FILE: Final = (
    Column("file_id", "text", 25, True, "[A-Z0-9][A-Z0-9-]{0,24}", "the file it came in"),
    Column("record_number", "integer", 9, True, "", "its place among the records, from 1"),
    Column("acquirer_participant", "text", 8, True, "[A-Z0-9]{1,8}", "who sent the file"),
    Column("business_day", "date", 10, True, "", "the business day that the file claims"),
    Column("message_type", "text", 4, True, "1240", "1240: presentment"),
)
_MADE: Final = {
    "reversal": Column("reversal", "flag", 1, True, "", "takes back the presentment named"),
    "direction": Column(
        "credit", "flag", 1, True, "", "processing_code gives the cardholder money"
    ),
    "pan": Column("pan", "bytes", STORED_PAN_BYTES, True, "", "card number, sealed (altyn.card)"),
    "local_date": Column("local_date", "date", 10, True, "", "day at the terminal"),
    "part_count": Column("final", "flag", 1, True, "", "no part follows: part_number is the last"),
}
"""Columns that have another form once they are read, by the name of the column in files."""


def _presentment_columns() -> tuple[Column, ...]:
    rows: list[Column] = list(_FROM_FILE)
    for column in FILE_COLUMNS:
        if column.name == "part_count":
            rows.append(column)
        rows.append(_MADE.get(column.name, column))
    return tuple(rows)


PRESENTMENT_COLUMNS: Final = _presentment_columns()
"""What clearing reads: one row for each presentment that was read and is in form.

In Arrow a text is string, an integer int64 (`part_number`, `part_count` int32), a flag bool, a date
date32 and bytes are fixed-size binary.
"""
