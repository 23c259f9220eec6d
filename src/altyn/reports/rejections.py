"""Rejected records of each acquirer: why, and what it can do."""

from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa

from altyn.clearing import MatchRejection
from altyn.reports.net_settlement import CURRENCY, money
from altyn.reports.report import (
    Column,
    Lines,
    Period,
    Report,
    Section,
    Tables,
    arrow_schema,
    without,
)
from altyn.reports.words import alpha_of, translated

REMEDIES: Final = {
    MatchRejection.DUPLICATE: "nothing if it was the same sale; else a new acquirer reference",
    MatchRejection.UNKNOWN_CARD: "check the card number against the BIN table of that day",
    MatchRejection.NO_DISPUTE: "present again only as the answer to an open dispute",
    MatchRejection.NO_RATE: "ask the scheme which rate is missing, then present again",
    MatchRejection.NO_AUTHORIZATION: "check STAN, DE7, RRN and card against the authorization",
    MatchRejection.AMBIGUOUS: "name STAN and DE7 of the authorization, then present again",
    MatchRejection.ABOVE_AUTHORIZED: "present what is left, or authorize the rest first",
    MatchRejection.REVERSED: "authorize the sale anew if it took place",
    MatchRejection.COMPLETED: "authorize the rest first, or take the last part back",
    MatchRejection.TOO_LATE: "ask the issuer to accept it outside of clearing",
    MatchRejection.UNKNOWN_ORIGINAL: "name the acquirer reference of the accepted presentment",
    MatchRejection.ORIGINAL_DIFFERS: "repeat card, currency and amount of the original",
    MatchRejection.ORIGINAL_TAKEN_BACK: "nothing: the money went back already",
    MatchRejection.ABOVE_PURCHASE: "refund no more than what is left of the purchase",
    MatchRejection.ABOVE_REFUND_LIMIT: "name the purchase that is refunded, or give less",
}
"""What an acquirer can do about each reason."""

RECORDS: Final = """
SELECT acquirer_participant AS participant, file_id, record_number, acquirer_reference, reason,
    terms_id, "authorization", currency, amount
FROM rejected WHERE $participant IS NULL OR acquirer_participant = $participant
"""
"""In the order of the table: by acquirer, file and record."""

BY_REASON: Final = """
SELECT acquirer_participant, reason, currency, count(*), sum(amount) FROM rejected
WHERE $participant IS NULL OR acquirer_participant = $participant GROUP BY ALL ORDER BY ALL
"""

RECORDS_SHOWN_MAX: Final = 1_000

COLUMNS: Final = (
    Column("participant", "Acquirer"),
    Column("file_id", "File"),
    Column("record_number", "Record", "count"),
    Column("acquirer_reference", "Reference"),
    Column("reason", "Reason"),
    Column("meaning", "Meaning"),
    Column("remedy", "What to do"),
    Column("terms_id", "Terms"),
    Column("authorization", "Authorization", "count"),
    CURRENCY,
    money("amount", "Amount"),
)
REASON_COLUMNS: Final = (
    Column("participant", "Acquirer"),
    Column("reason", "Reason"),
    Column("meaning", "Meaning"),
    Column("remedy", "What to do"),
    CURRENCY,
    Column("count", "Records", "count"),
    money("amount", "Amount"),
)


def meaning_of(reason: str) -> str:
    """The sentence for a reason; empty for a word that is none."""
    found = MatchRejection.__members__.get(reason)
    return found.value if found else ""


def remedy_of(reason: str) -> str:
    """What to do about a reason; empty for a word that is none."""
    found = MatchRejection.__members__.get(reason)
    return REMEDIES[found] if found else ""


def rejected_records(tables: Tables, participant: str | None = None) -> Lines:
    """Every rejected record, in pieces, by the columns of `COLUMNS`."""
    batches = tables.batches(RECORDS, {"participant": participant})
    return Lines(COLUMNS, (_worded(batch) for batch in batches))


def _worded(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = {name: batch.column(name) for name in batch.schema.names}
    columns["meaning"] = translated(columns["reason"], meaning_of)
    columns["remedy"] = translated(columns["reason"], remedy_of)
    columns["currency"] = translated(columns["currency"], alpha_of)
    schema = arrow_schema(COLUMNS)
    arrays = [columns[field.name].cast(field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def rejections(tables: Tables, period: Period, participant: str | None = None) -> Report:
    """The page: sums by reason and the first records."""
    reasons = tuple(
        _reason_row(row) for row in tables.rows(BY_REASON, {"participant": participant})
    )
    count = sum(int(row[5]) for row in reasons)
    records = tuple(_first_rows(rejected_records(tables, participant).batches))
    known = () if participant is None else ("participant",)
    note = ""
    if count > len(records):
        note = f"The first {len(records):,} of {count:,} records; CSV and Parquet have them all."
    listed = Section("records", "Records", COLUMNS, records, note=note)
    sections = (
        without(Section("reasons", "By reason", REASON_COLUMNS, reasons), *known),
        without(listed, *known, "meaning", "remedy", "terms_id"),
    )
    remarks = () if count else ("No record was rejected.",)
    title = "Rejected records"
    return Report("rejected", title, participant or "", period, sections, listed, remarks)


def _reason_row(row: Any) -> tuple[str, str, str, str, str, int, int]:
    participant, reason, currency, count, amount = row
    words = (meaning_of(reason), remedy_of(reason))
    return (participant, reason, *words, alpha_of(currency), int(count), int(amount))


def _first_rows(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[Any, ...]]:
    left = RECORDS_SHOWN_MAX
    for batch in batches:
        piece = batch.slice(0, left)
        yield from zip(*(column.to_pylist() for column in piece.columns), strict=True)
        left -= len(piece)
        if not left:
            return
