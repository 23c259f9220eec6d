"""The raw transaction file: every item of a participant with its fees, the card masked.

The tables of a cycle lie in the order of `item_id`. Items and fees are read in windows of it, so
that ten million of them take no more memory than one window.
"""

from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa

from altyn.reports.net_settlement import money
from altyn.reports.report import (
    Column,
    Lines,
    Period,
    Report,
    ReportError,
    Row,
    Section,
    Tables,
    arrow_schema,
)
from altyn.reports.words import alpha_of, kind_of_transaction, masked_column, translated

WINDOW_ROWS: Final = 100_000
ROWS_SHOWN_MAX: Final = 500

WINDOWS: Final = """
SELECT item_id FROM (SELECT item_id, row_number() OVER () AS place FROM items)
WHERE place % $rows = 1 ORDER BY item_id
"""
"""The first item of every window, by the order in which the table lies."""

ITEMS: Final = """
WITH charged AS (
    SELECT item_id,
        sum(CASE WHEN receiver = $participant THEN amount ELSE 0 END
            - CASE WHEN payer = $participant THEN amount ELSE 0 END) AS fees,
        string_agg(fee || '/' || rule_id || '=' || CASE
            WHEN payer = receiver THEN 0 WHEN payer = $participant THEN -amount ELSE amount END,
            ' ' ORDER BY fee, rule_id, base, part) AS fee_detail
    FROM fees
    WHERE item_id >= $first AND ($until IS NULL OR item_id < $until)
        AND (payer = $participant OR receiver = $participant)
    GROUP BY item_id
)
SELECT i.item_id, i.cycle, i.business_day, i.outcome, i.late,
    CASE WHEN i.issuer_participant = i.acquirer_participant
            AND i.issuer_participant = $participant THEN 'on-us'
        WHEN i.issuer_participant = $participant THEN 'issuer'
        WHEN i.acquirer_participant = $participant THEN 'acquirer' ELSE 'fees only' END AS role,
    i.issuer_participant, i.acquirer_participant, i.pan AS card,
    substr(i.processing_code, 1, 2) || CASE WHEN i.reversal THEN 'R' ELSE '' END AS type,
    i.processing_code, i.product, i.category, i.entry_mode, i.merchant, i.terminal, i.rrn, i.stan,
    i.transmission, i.authorization_code, i.acquirer_reference, i.file_id, i.record_number,
    i.original_item, i.leg, i.currency AS transaction_currency, i.amount,
    i.settlement_currency AS currency, i.settlement_amount, i.rate_id,
    CASE WHEN i.debtor = i.creditor THEN 0 WHEN i.creditor = $participant THEN i.settlement_amount
        WHEN i.debtor = $participant THEN -i.settlement_amount ELSE 0 END AS principal,
    CAST(coalesce(c.fees, 0) AS BIGINT) AS fees, c.fee_detail
FROM items AS i LEFT JOIN charged AS c ON c.item_id = i.item_id
WHERE i.item_id >= $first AND ($until IS NULL OR i.item_id < $until)
    AND (i.debtor = $participant OR i.creditor = $participant OR c.item_id IS NOT NULL)
ORDER BY i.item_id
"""

NET: Final = """
SELECT settlement_currency, sum(minor_units) FROM nets WHERE participant = $participant
GROUP BY ALL ORDER BY ALL
"""

COLUMNS: Final = (
    Column("item_id", "Item"),
    Column("cycle", "Cycle"),
    Column("business_day", "Business day", "day"),
    Column("outcome", "Outcome"),
    Column("late", "Late", "flag"),
    Column("role", "Role"),
    Column("issuer_participant", "Issuer"),
    Column("acquirer_participant", "Acquirer"),
    Column("card", "Card"),
    Column("type", "Transaction"),
    Column("processing_code", "DE3"),
    Column("product", "Product"),
    Column("category", "Category"),
    Column("entry_mode", "DE22"),
    Column("merchant", "Merchant"),
    Column("terminal", "Terminal"),
    Column("rrn", "RRN"),
    Column("stan", "STAN"),
    Column("transmission", "DE7"),
    Column("authorization_code", "Code"),
    Column("acquirer_reference", "Acquirer reference"),
    Column("file_id", "File"),
    Column("record_number", "Record", "count"),
    Column("original_item", "Original item"),
    Column("leg", "Leg"),
    Column("transaction_currency", "Paid in"),
    Column("amount", "Amount", "amount", "transaction_currency"),
    Column("currency", "Settled in"),
    money("settlement_amount", "Settlement amount"),
    Column("rate_id", "Rate"),
    money("principal", "Principal"),
    money("fees", "Fees"),
    Column("fee_detail", "Fees by rule"),
)
SHOWN: Final = (
    "item_id", "outcome", "role", "card", "type", "merchant", "transaction_currency", "amount",
    "currency", "principal", "fees",
)  # fmt: skip
"""The columns of the page; CSV and Parquet have all."""


def transactions(tables: Tables, participant: str) -> Lines:
    """Every item in which a participant pays or receives, in pieces, by `COLUMNS`.

    `principal` and `fees` are signed: above zero it receives. When all was read, the sums have
    been held against the net; raises ReportError when they differ.
    """
    return Lines(COLUMNS, _checked(tables, participant))


def _checked(tables: Tables, participant: str) -> Iterator[pa.RecordBatch]:
    left = {
        alpha_of(code): int(net) for code, net in tables.rows(NET, {"participant": participant})
    }
    for batch in _batches(tables, participant):
        sums = pa.table(batch).select(["currency", "principal", "fees"]).group_by("currency")
        for row in sums.aggregate([("principal", "sum"), ("fees", "sum")]).to_pylist():
            moved = row["principal_sum"] + row["fees_sum"]
            left[row["currency"]] = left.get(row["currency"], 0) - moved
        yield batch
    if any(left.values()):
        raise ReportError(f"the items of {participant} do not give its net; clear the cycle again")


def _batches(tables: Tables, participant: str) -> Iterator[pa.RecordBatch]:
    # The first window is open below: nothing can lie before it.
    starts = ["", *(row[0] for row in tables.rows(WINDOWS, {"rows": WINDOW_ROWS})[1:])]
    for place, first in enumerate(starts):
        until = starts[place + 1] if place + 1 < len(starts) else None
        asked = {"participant": participant, "first": first, "until": until}
        for batch in tables.batches(ITEMS, asked):
            yield _worded(batch)


def _worded(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = {name: batch.column(name) for name in batch.schema.names}
    columns["card"] = masked_column(columns["card"])
    columns["type"] = translated(
        columns["type"], lambda code: kind_of_transaction(code[:2], reversal=len(code) > 2)
    )
    for name in ("transaction_currency", "currency"):
        columns[name] = translated(columns[name], alpha_of)
    schema = arrow_schema(COLUMNS)
    arrays = [columns[field.name].cast(field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def transaction_page(tables: Tables, period: Period, participant: str) -> Report:
    """The page: the first items. The whole is for programs."""
    rows: list[Row] = []
    shown = tuple(column for column in COLUMNS if column.name in SHOWN)
    for batch in _batches(tables, participant):
        piece = batch.select(list(SHOWN)).slice(0, ROWS_SHOWN_MAX - len(rows))
        rows += _rows(piece)
        if len(rows) == ROWS_SHOWN_MAX:
            break
    note = f"At most the first {ROWS_SHOWN_MAX:,} items; CSV and Parquet have them all."
    section = Section("items", "Items", shown, tuple(rows), note=note)
    return Report("transactions", "Transactions", participant, period, (section,), section)


def _rows(batch: pa.RecordBatch) -> list[Any]:
    return list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
