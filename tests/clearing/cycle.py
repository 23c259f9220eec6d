"""A cycle made of rows, cleared by the engine: what the tests of the SQL are written with."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from altyn.card import seal
from altyn.clearing import INPUT_TABLES, RESULT_TABLES, schema_of
from altyn.runtime.clearing import Resources
from altyn.runtime.clearing.duckdb_engine import DuckDBEngine

Row = dict[str, Any]
Rows = list[Row]
Day = dict[str, Rows]

TODAY: Final = date(2026, 11, 23)
FIRST: Final = date(2026, 1, 1)
FAR: Final = date(2999, 12, 31)
CARD: Final = seal("9900020000000005")
OTHER_CARD: Final = seal("9900020000000013")
KZT, KGS, USD, EUR = "398", "417", "840", "978"


def _row(defaults: Row) -> Callable[..., Row]:
    def row(**values: Any) -> Row:
        unknown = set(values) - set(defaults)
        assert not unknown, f"no columns {unknown}"
        return {**defaults, **values}

    return row


participant = _row(
    {"participant": "ALMA", "country": "KZ", "currency": KZT, "agent": "ALMA", "partner": False}
)
conversion = _row(
    {
        "rate_id": "KZT-1",
        "source": USD,
        "target": KZT,
        "numerator": 500,
        "denominator": 1,
        "in_force": True,
    }
)
matching_terms = _row(
    {
        "terms_id": "rest",
        "category_from": "0000",
        "category_to": "9999",
        "effective_from": FIRST,
        "effective_until": FAR,
        "rank": 0,
        "tolerance_ppm": 0,
        "currency_tolerance_ppm": 20_000,
        "open_days": 7,
        "late_days": 5,
        "refuse_days": 20,
        "fallback_days": 1,
        "accepts_unauthorized": True,
        "rate_rule": "clearing",
    }
)
fee_rule = _row(
    {
        "rule_id": "base",
        "fee": "interchange",
        "rank": 0,
        "effective_from": FIRST,
        "effective_until": FAR,
        "tier": None,
        "product": None,
        "processing": None,
        "category_from": None,
        "category_to": None,
        "entry_mode": None,
        "leg": None,
        "currency": None,
        "converted": None,
        "amount_from": 0,
        "amount_until": 10**18,
        "ppm": 10_000,
        "fixed": 0,
        "floor": None,
        "cap": None,
        "rounding": "half-up",
        "payer": "acquirer",
    }
)
fee_share = _row({"rule_id": "base", "part": 1, "receiver": "issuer", "ppm": 1_000_000})
merchant_tier = _row(
    {
        "acquirer_participant": "ALMA",
        "merchant": "MARKET",
        "tier": "BIG",
        "effective_from": FIRST,
        "effective_until": FAR,
    }
)
terms = _row(
    {
        "cycle": "2026-11-23/1",
        "business_day": TODAY,
        "rounding": "half-up",
        "cross_border_currency": USD,
        "limits_unlinked_refunds": False,
    }
)
refund_limit = _row({"currency": KZT, "limit": 10_000})
entry = _row(
    {
        "sequence": 10,
        "kind": "financial",
        "flags": "",
        "business_day": TODAY,
        "amount": 10_000,
        "settlement_amount": 10_000,
        "refers_to": 0,
        "pan": CARD,
        "processing_code": "000000",
        "stan": "000010",
        "transmission": "1123080000",
        "rrn": "RRN000000010",
        "terminal": "TERM0001",
        "merchant": "SHOP",
        "category": "5411",
        "entry_mode": "051",
        "currency": KZT,
        "acquirer_participant": "ALMA",
        "issuer_participant": "BORI",
        "product": "GOLD",
        "settlement_currency": KZT,
        "settlement_rate_id": "",
        "stage": "finished",
        "outcome": "approved",
        "posted_change": 10_000,
        "remaining": 10_000,
        "authorization_code": "A00010",
    }
)
record = _row(
    {
        "file_id": "F1",
        "record_number": 1,
        "acquirer_participant": "ALMA",
        "business_day": TODAY,
        "message_type": "1240",
        "function": "200",
        "reversal": False,
        "credit": False,
        "pan": CARD,
        "processing_code": "000000",
        "amount": 10_000,
        "currency": KZT,
        "local_date": TODAY,
        "local_time": "120000",
        "transmission": "1123080000",
        "stan": "000010",
        "rrn": "RRN000000010",
        "acquirer": "100001",
        "acquirer_reference": "0" * 23,
        "terminal": "TERM0001",
        "merchant": "SHOP",
        "merchant_name": None,
        "category": "5411",
        "country": "398",
        "entry_mode": "051",
        "authorization_code": "A00010",
        "part_number": 1,
        "part_count": 1,
        "final": True,
        "original_reference": None,
        "file_sequence": 1,
        "issuer_participant": "BORI",
        "product": "GOLD",
        "booked_day": TODAY,
    }
)


def authorization(**values: Any) -> Row:
    """An entry of the journal that authorizes and posts nothing."""
    return entry(**{"kind": "authorization", "posted_change": 0, **values})


def presentment(number: int, **values: Any) -> Row:
    """A record with a number and a reference of its own."""
    return record(**{"record_number": number, "acquirer_reference": f"{number:023d}", **values})


def day(**tables: Rows) -> Day:
    """A day of these rows, under rules that are enough for it."""
    return {
        "participants": [
            participant(),
            participant(participant="BORI", agent="GATE"),
            participant(participant="GATE", agent="GATE"),
            participant(participant="CHUY", country="KG", currency=KGS, agent="CHUY"),
        ],
        "conversions": [
            conversion(),
            conversion(rate_id="KGS-1", source=KGS, target=USD, numerator=1, denominator=80),
            conversion(rate_id="KZT-1", source=KZT, target=USD, numerator=1, denominator=500),
        ],
        "matching_terms": [matching_terms()],
        "fee_rules": [fee_rule()],
        "fee_shares": [fee_share()],
        "terms": [terms()],
        **tables,
    }


def write_inputs(
    folder: Path, tables: Mapping[str, Rows], pieces: int = 1
) -> dict[str, list[Path]]:
    """The rows as Parquet, each table in so many files."""
    paths: dict[str, list[Path]] = {}
    for table in INPUT_TABLES:
        rows = tables.get(table.name, [])
        for piece in range(pieces if rows else 0):
            path = folder / f"{table.name}-{piece}.parquet"
            schema = schema_of(table)
            pq.write_table(pa.Table.from_pylist(rows[piece::pieces], schema), path)
            paths.setdefault(table.name, []).append(path)
    return paths


def run(
    folder: Path,
    tables: Mapping[str, Rows],
    *,
    pieces: int = 1,
    threads: int = 2,
    slice_rows: int = 3,
) -> Path:
    """Clear the rows; gives the folder of results."""
    number = len(list(folder.iterdir()))
    inputs, target = folder / f"inputs-{number}", folder / f"results-{number}"
    inputs.mkdir()
    target.mkdir()
    resources = Resources(folder, 1 << 28, threads, slice_rows)
    DuckDBEngine(resources).run(write_inputs(inputs, tables, pieces), target)
    return target


def read(target: Path) -> Day:
    """The rows of every result table."""
    return {
        table.name: pq.read_table(target / f"{table.name}.parquet").to_pylist()
        for table in RESULT_TABLES
    }


def clear(folder: Path, **tables: Rows) -> Day:
    """The results of a day of these rows, by table."""
    return read(run(folder, day(**tables)))


def contents(target: Path) -> Mapping[str, bytes]:
    """The files of a folder of results."""
    return {path.name: path.read_bytes() for path in sorted(target.iterdir())}


def only(rows: Sequence[Row]) -> Row:
    """The one row."""
    (row,) = rows
    return row
