"""`altyn bench clearing`: the day it makes is cleared whole, and the proofs inside the run hold."""

import json
from pathlib import Path

import pyarrow.parquet as pq
from click.testing import CliRunner

from altyn.clearing import MatchOutcome
from altyn.runtime.commands.bench import command


def test_a_made_day_is_cleared(tmp_path: Path) -> None:
    """Every presentment ends as an item or is rejected, and nearly every ending is there."""
    kept, figures_file = tmp_path / "kept", tmp_path / "figures.json"
    result = CliRunner().invoke(
        command,
        ["clearing", "--records", "4000", "--keep", str(kept), "--json", str(figures_file)],
        catch_exceptions=False,
    )
    assert result.exit_code == 0, result.output
    figures = json.loads(figures_file.read_text())
    items = pq.read_table(kept / "results" / "items.parquet").to_pylist()
    of_files = [item for item in items if item["file_id"]]
    assert len(of_files) + figures["rows"]["rejected"] == 4000
    outcomes = {MatchOutcome[item["outcome"]] for item in items}
    rare = {MatchOutcome.AMBIGUOUS, MatchOutcome.WITHIN_TOLERANCE}
    assert set(MatchOutcome) - outcomes == rare
    assert "presentments a second" in result.output
