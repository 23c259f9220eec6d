"""`altyn bench export`: the journal it makes is sound, and what comes out is what was made."""

import json
from pathlib import Path

import pyarrow.parquet
import pytest
from click.testing import CliRunner

from altyn.runtime.commands.bench import command
from altyn.runtime.commands.journal import command as journal


@pytest.mark.parametrize("entries_per_commit", [7, 200])
def test_the_made_journal_verifies_and_leaves_whole(
    tmp_path: Path, entries_per_commit: int
) -> None:
    """Every purchase made is a row of the file, and the figures say how it went."""
    runner = CliRunner()
    kept, figures_file = tmp_path / "kept", tmp_path / "figures.json"
    words = ("export", "--rows", "1000", "--entries-per-commit", str(entries_per_commit))
    result = runner.invoke(
        command,
        [*words, "--keep", str(kept), "--json", str(figures_file)],
        catch_exceptions=False,
    )
    assert result.exit_code == 0, result.output
    figures = json.loads(figures_file.read_text())
    for way in ("Arrow in memory", "Parquet on disk"):
        assert figures[way]["rows"] == 1000
        assert figures[way]["rows_per_second"] > 0
        assert figures[way]["peak_mebibytes"] > 0
    table = pyarrow.parquet.read_table(kept / "day.parquet")
    assert table["sequence"].to_pylist() == list(range(2, 2001, 2))
    assert len(set(table["pan"].to_pylist())) > 500
    checked = runner.invoke(journal, ["verify", str(kept / "journal.db")])
    assert checked.exit_code == 0, checked.output
