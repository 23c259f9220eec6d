"""Which field of a clearing record carries which column, and the codec of such records.

The fields are those that clearing programs of the ISO 8583:1993 family share (`ipm.toml`). What
they have no field for stands in sub-elements of private data: 0025 (reversal), 0105 (file
identifier), 0138 (message number of the source), 0301 and 0306 (totals) as others use them, and the
scheme's own from 1300 on.
"""

from functools import cache
from importlib import resources
from typing import Final

from altyn.message import Codec, parse_codec

ENCODINGS: Final = {"ascii": "ascii", "ebcdic": "cp500"}
"""Names of the forms' alphabets, and the codec's names for them."""

PRESENTMENT: Final = "1240"
ADMINISTRATION: Final = "1644"
RESERVED: Final = ("1442", "1740")
"""Chargebacks and fees: recognised, and not taken yet."""
HEADER: Final = "697"
TRAILER: Final = "695"
RECORD_ANSWER: Final = "691"
FILE_ANSWER: Final = "699"

PAN: Final = 2
PROCESSING_CODE: Final = 3
AMOUNT: Final = 4
LOCAL: Final = 12
FUNCTION: Final = 24
CURRENCY: Final = 49
MESSAGE_NUMBER: Final = 71

PLAIN: Final = {
    24: "function",
    2: "pan",
    3: "processing_code",
    4: "amount",
    49: "currency",
    37: "rrn",
    32: "acquirer",
    31: "acquirer_reference",
    41: "terminal",
    42: "merchant",
    43: "merchant_name",
    26: "category",
    38: "authorization_code",
}
"""Fields that hold a column as it is; DE12 holds local_date without its century, and local_time."""

PDS_COLUMNS: Final = {
    "1305": "transmission",
    "1306": "stan",
    "1307": "country",
    "1308": "entry_mode",
    "1309": "part_number",
    "1310": "part_count",
    "1311": "original_reference",
}
PDS_REVERSAL: Final = "0025"
PDS_FILE_ID: Final = "0105"
PDS_SOURCE_NUMBER: Final = "0138"
PDS_CHECKSUM: Final = "0301"
PDS_MESSAGE_COUNT: Final = "0306"
PDS_ACQUIRER: Final = "1301"
PDS_SEQUENCE: Final = "1302"
PDS_BUSINESS_DAY: Final = "1303"
PDS_SUMS: Final = "1304"
PDS_STATUS: Final = "1320"
PDS_REASON: Final = "1321"
PDS_FIELD: Final = "1322"
PDS_TEXT: Final = "1323"
PDS_LAST_NUMBER: Final = "1324"
PDS_REPEAT: Final = "1325"
PDS_BOOKED_DAY: Final = "1326"

CHECKSUM_DIGITS: Final = 16
COUNT_DIGITS: Final = 8
SUM_DIGITS: Final = 18
"""Of one currency's sum in PDS 1304: three digits of currency, then these."""

_IN_DE12: Final = {"local_date": "first six", "local_time": "last six"}
_TOLD_OTHERWISE: Final = {"reversal": f"PDS {PDS_REVERSAL}", "direction": "none"}

_LAYOUT: Final = ("mti", "digits", "track", "text", "prefix")


@cache
def load_ipm_codec(encoding: str) -> Codec:
    """The codec of clearing records in `ascii` or `ebcdic`; raises LookupError for another."""
    codepage = ENCODINGS[encoding]
    fields = resources.files("altyn.presentment").joinpath("ipm.toml").read_text(encoding="utf-8")
    layout = "".join(f'{key} = "{codepage}"\n' for key in _LAYOUT)
    return parse_codec(f"{fields}\n[layout]\n{layout}", "ipm.toml")


def field_of_column(name: str) -> str:
    """Where a column of files stands in a record, for people."""
    if name in _IN_DE12:
        return f"DE{LOCAL}, {_IN_DE12[name]} digits"
    fields = [f"DE{number}" for number, column in PLAIN.items() if column == name]
    tags = [f"PDS {tag}" for tag, column in PDS_COLUMNS.items() if column == name]
    return (fields + tags)[0] if fields or tags else _TOLD_OTHERWISE[name]
