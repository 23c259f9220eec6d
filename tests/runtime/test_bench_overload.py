"""Runs beyond capacity and across cut-overs, short, against the real switch."""

from pathlib import Path

import pytest
from rich.console import Console

from altyn.runtime.load import overload_run
from altyn.runtime.load.cut_over_run import run_cut_overs
from altyn.runtime.load.overload_run import render, run_overload


def test_t04_cut_overs_under_load_leave_every_transaction_in_one_day(tmp_path: Path) -> None:
    """Business days end as fast as they can be ended; journal and replies agree on every date."""
    figures = run_cut_overs(tmp_path, 1.0, lambda _: None)
    assert figures.sound, list(figures.lines())
    assert figures.found.cut_overs > 1
    assert figures.found.transactions >= figures.replies > 0


def test_beyond_capacity_reversals_are_answered_and_the_journal_agrees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three times what it can do is asked of it; what is refused is answered, nothing is lost."""
    monkeypatch.setattr(overload_run, "_WARMUP_S", 0.5)
    monkeypatch.setattr(overload_run, "_RECOVERY_S", 1.0)
    figures = run_overload(tmp_path, 1.0, 3.0, lambda _: None)
    assert figures.journal.holds
    assert not any(phase.reversals_unanswered for phase in figures.phases)
    assert all(phase.result["mismatched"] == 0 for phase in figures.phases)
    assert all(set(phase.reversals) == {"00"} for phase in figures.phases)
    console = Console(width=100, record=True)
    console.print(render(figures))
    assert "3 times" in console.export_text()
