"""What a file says of itself: identifier, acquirer, sequence and day before, totals behind."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from altyn.money import find_currency
from altyn.presentment.findings import FileRefusal, Reason

SEQUENCE_MAX: Final = 99_999_999
RECORDS_MAX: Final = 99_999_997
"""DE71 has eight digits and counts header and trailer, too."""
CURRENCIES_MAX: Final = 28
"""As many sums as one sub-element of an ISO 8583 trailer holds."""

_FILE_ID: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{0,24}")
_PARTICIPANT: Final = re.compile(r"[A-Z0-9]{1,8}")
_DAY: Final = re.compile(r"(?a:20\d{6})")
_NUMBER: Final = re.compile(r"(?a:\d{1,18})")


class Manifest(NamedTuple):
    """The header: `business_day` is YYYYMMDD, `sequence` counts the acquirer's files from 1."""

    file_id: str
    acquirer: str
    sequence: int
    business_day: int


class Totals(NamedTuple):
    """The trailer: how many records, and the sum of their amounts by numeric currency."""

    records: int
    sums: Mapping[str, int]


def parse_manifest(file_id: str, acquirer: str, sequence: str, day: str) -> Manifest:
    """The header of these texts; raises FileRefusal for one that is not in form."""
    if not (
        _FILE_ID.fullmatch(file_id)
        and _PARTICIPANT.fullmatch(acquirer)
        and _NUMBER.fullmatch(sequence)
        and 0 < int(sequence) <= SEQUENCE_MAX
        and _DAY.fullmatch(day)
    ):
        raise FileRefusal(Reason.HEADER, 0)
    try:
        date(int(day[:4]), int(day[4:6]), int(day[6:]))
    except ValueError as error:
        raise FileRefusal(Reason.HEADER, 0) from error
    return Manifest(file_id, acquirer, int(sequence), int(day))


def parse_totals(count: str, sums: list[tuple[str, str]]) -> Totals:
    """The trailer of these texts, a currency once each; raises FileRefusal."""
    if not _NUMBER.fullmatch(count) or int(count) > RECORDS_MAX:
        raise FileRefusal(Reason.TRAILER)
    found: dict[str, int] = {}
    for currency, total in sums:
        known = find_currency(currency)
        if known is None or known.numeric != currency or currency in found:
            raise FileRefusal(Reason.TRAILER)
        if not _NUMBER.fullmatch(total):
            raise FileRefusal(Reason.TRAILER)
        found[currency] = int(total)
    if len(found) > CURRENCIES_MAX:
        raise FileRefusal(Reason.TRAILER)
    return Totals(int(count), found)


class Tally:
    """Counts what was read, to be held against the trailer."""

    def __init__(self) -> None:
        """Nothing read."""
        self.count = 0
        self.unreadable = 0
        self.sums: dict[str, int] = {}

    def add(self, currency: str, amount: int) -> None:
        """One record's amount; the record itself is counted by who read it."""
        self.sums[currency] = self.sums.get(currency, 0) + amount

    def add_columns(self, currency: pa.Array, amount: pa.Array) -> None:
        """The amounts of many records. They have at most 18 digits, and so few that int64 holds."""
        table = pa.table({"currency": currency, "amount": amount})
        for row in table.group_by("currency").aggregate([("amount", "sum")]).to_pylist():
            self.add(row["currency"], row["amount_sum"])

    def check(self, declared: Totals) -> None:
        """Raises FileRefusal when the trailer says otherwise (C05).

        A record whose amount cannot be read is rejected singly (C04) and must not refuse the file:
        while there is one, the trailer may tell more than what was read, never less.
        """
        if declared.records != self.count:
            raise FileRefusal(Reason.RECORD_COUNT)
        for currency in declared.sums.keys() | self.sums.keys():
            told, read = declared.sums.get(currency, 0), self.sums.get(currency, 0)
            if told != read and not (self.unreadable and told > read):
                raise FileRefusal(Reason.CONTROL_TOTAL)


def sums_of(currency: pa.Array, amount: pa.Array) -> dict[str, int]:
    """The sum for each currency, exact."""
    tally = Tally()
    if len(amount):
        tally.add_columns(currency, pc.cast(amount, pa.int64()))
    return tally.sums
