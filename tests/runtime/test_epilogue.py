"""The last page of a demonstration, on terminals of any width."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from altyn.runtime.demo.epilogue import show_day
from altyn.runtime.demo.results import DayFiles

FILES = DayFiles(Path("summary.json"), Path("positions.csv"), (Path("transactions.csv"),))


def _net(
    participant: str, agent: str, account: str, principal: int, fees: int
) -> dict[str, str | int]:
    """A net position in KZT as the summary has it."""
    return {
        "settlement_currency": "398",
        "participant": participant,
        "agent": agent,
        "account": account,
        "principal": principal,
        "fees": fees,
        "minor_units": principal + fees,
    }


SUMMARY: dict[str, Any] = {
    "outcomes": {"purchase-dual/request/00": 1234, "refund/request/00": 56},
    "requests_by_code": {"00": 1290, "91": 75},
    "positions": [
        {"participant": "ALATAUKZ", "currency": "KZT", "net": 519876773, "held": 0},
        {"participant": "STEPKZ", "currency": "KZT", "net": -519876773, "held": 3466585585},
    ],
    "stand_in": {
        "stood_in": [
            {
                "issuer": "BOSPHTR",
                "currency": "TRY",
                "count": 1017,
                "amount": 777_123_456,
                "delivered": 1016,
                "regretted": {"51": 30, "05": 3},
                "cost": 6_543_210,
            }
        ]
    },
    "cycles": [
        {
            "cycle": "2026-11-23/1",
            "files": 5,
            "records": 1_689,
            "records_refused": 3,
            "rejections": {"DUPLICATE": 23},
            "as_foretold": True,
            "nets_zero_sum": True,
            "final": True,
            "nets": [
                _net("ALATAUKZ", "STEPKZ", "settlement", 28_202_585_91, -283_873_41),
                _net("SCHEME", "SCHEME", "fees", 0, 283_873_41),
                _net("STEPKZ", "STEPKZ", "settlement", -28_202_585_91, 0),
            ],
        }
    ],
    "statement_agrees": True,
    "surprises": [],
    "books_agree": True,
    "zero_sum": True,
    "journal_verified": True,
    "transactions": 1365,
    "seconds_traded": 2.5,
    "transactions_per_second": 546.0,
    "messages_per_second": 600.0,
    "latency_ms": {"p50": 1.0, "p99": 2.0, "max": 3.0},
    "hardware": "a machine",
}


def page(columns: int) -> str:
    """What a terminal of that many columns shows."""
    shown = io.StringIO()
    show_day(Console(file=shown, width=columns), SUMMARY, FILES, Path("day"))
    return shown.getvalue()


@pytest.mark.parametrize("columns", [40, 60, 97, 98, 100, 200])
def test_no_line_is_longer_than_the_terminal(columns: int) -> None:
    """A longer one would be cut, and with it the figures at its end."""
    assert max(len(line) for line in page(columns).splitlines()) <= columns


@pytest.mark.parametrize("columns", [60, 97, 98, 100])
def test_every_figure_is_shown_whole(columns: int) -> None:
    """Counts and amounts stand there to the last digit, on a narrow terminal, too."""
    words = re.split(r"\s+", page(columns))
    figures = (
        "1,234",
        "1,290",
        "75",
        "5,198,767.73",
        "-5,198,767.73",
        "34,665,855.85",
        "1,017",
        "33",
        "65,432.10",
        "-283,873.41",
        "27,918,712.50",
        "1,689",
    )
    for figure in figures:
        assert figure in words


def test_tables_stand_side_by_side_where_there_is_room() -> None:
    """As on the page that the README shows."""
    assert re.search("Approved +Requests by response code", page(100))
    assert not re.search("Approved +Requests by response code", page(80))
