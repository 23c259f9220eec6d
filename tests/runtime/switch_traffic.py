"""The switch's journal of a back office under test, with entries as the switch would leave them."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from altyn.card import seal
from altyn.journal import FIXED_KIND, BatchBuilder
from altyn.runtime.backoffice.office import Office
from altyn.runtime.journal.selection import RECORD_TYPE
from altyn.runtime.sqlite_storage import SqliteStorage
from altyn.transaction import Kind, Outcome, Stage, entries
from tests.runtime.back_office import NOON, card, instant

USUAL: Final[dict[str, Any]] = {
    "kind": Kind.FINANCIAL,
    "business_day": 20261123,
    "amount": 100_000,
    "settlement_amount": 100_000,
    "processing_code": "000000",
    "stan": "000001",
    "transmission": "1123070000",
    "rrn": "000000000001",
    "terminal": "TERM0001",
    "merchant": "SHOP00000000001",
    "category": "5411",
    "entry_mode": "071",
    "currency": "398",
    "acquirer": "400102",
    "acquirer_participant": "GOLDKZ",
    "issuer_participant": "STEPKZ",
    "product": "CLASSIC",
    "bin_prefix": "990001",
    "settlement_currency": "398",
    "stage": Stage.FINISHED,
    "outcome": Outcome.APPROVED,
    "response_code": "00",
    "authorization_code": "A1B2C3",
}


def purchase(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A purchase posted by the switch."""
    amount = changes.get("amount", 100_000)
    keys = {"stan": f"{number:06d}", "rrn": f"{number:012d}", "pan": card(number)}
    return {**USUAL, "posted_change": amount, "settlement_amount": amount, **keys, **changes}


def authorization(number: int = 1, **changes: Any) -> dict[str, Any]:
    """An authorization that a presentment may name."""
    return purchase(number, kind=Kind.AUTHORIZATION, posted_change=0, **changes)


def write_traffic(office: Office, rows: Iterable[dict[str, Any]], at: str = NOON) -> None:
    """Add entries to the switch's journal, in one group commit written at an instant."""
    storage = SqliteStorage(
        office.settings.journal.path, office.registry.scheme.scheme_id, entries.RECORD_BYTES
    )
    try:
        end = storage.end()
        builder = BatchBuilder(end.sequence + 1)
        for row in rows:
            builder.append(FIXED_KIND, record(row))
        if len(builder):
            storage.append(builder.seal(end.hash, instant(at)))
    finally:
        storage.close()


def record(row: dict[str, Any]) -> bytes:
    """An entry's bytes: texts padded with blanks, the card number sealed."""
    values = np.zeros(1, RECORD_TYPE)
    for column in entries.COLUMNS:
        given = row.get(column.name)
        if column.name == entries.PAN_COLUMN:
            values[column.name] = seal(str.__str__(given or ""))
        elif column.code == "s":
            values[column.name] = str(given or "").ljust(column.width).encode()
        elif given is not None:
            values[column.name] = int(given)
    return values.tobytes()
