"""A back office in a folder: the scheme that `altyn init` writes, at a time that a test decides."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner

from altyn.card import check_digit
from altyn.presentment import Manifest
from altyn.runtime.backoffice.office import Office, load_office
from altyn.runtime.cli import main
from tests.presentment.samples import Row, sale, written

ACQUIRER: Final = "STEPKZ"
DAY: Final = 20261123
NOON: Final = "2026-11-23T07:00:00"
"""12:00 in the scheme's zone, UTC+5: before the first cut-off of the day, at 14:00."""
EVENING: Final = "2026-11-23T17:00:00"
"""22:00 there: before the second cut-off, at 23:00."""
NIGHT: Final = "2026-11-23T19:00:00"
"""Midnight there: the business day has ended."""


def instant(text: str) -> int:
    """UTC microseconds of a text without a zone."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def new_office(folder: Path, at: str = NOON) -> Office:
    """The back office of a new scheme."""
    result = CliRunner().invoke(main, ["init", str(folder)])
    assert result.exit_code == 0, result.output
    return office_at(folder, at)


def office_at(folder: Path, at: str) -> Office:
    """The same at another time."""
    return replace(load_office(folder), now_us=lambda: instant(at))


def card(number: int, prefix: str = "990001") -> str:
    """A card of sixteen digits."""
    body = f"{prefix}{number:0{15 - len(prefix)}d}"
    return body + check_digit(body)


def our_sale(number: int, **changes: Any) -> Row:
    """A sale with a card of the scheme, in tenge."""
    values = {
        "pan": card(number),
        "currency": "398",
        "local_date": "20261123",
        "acquirer_reference": f"7400101{number:016d}",
    }
    return sale(number, **values) | changes


def file_of(
    folder: Path,
    rows: list[Row],
    sequence: int = 1,
    day: int = DAY,
    form: str = "csv",
    acquirer: str = ACQUIRER,
) -> Path:
    """A file of these records, ready to be put."""
    manifest = Manifest(f"{acquirer}-{day}-{sequence}", acquirer, sequence, day)
    path = folder / f"{manifest.file_id}.{form}"
    path.write_bytes(written(form, rows, manifest))
    return path
