"""`altyn bench restart`: the journal it makes is a real one, and the switch starts on it."""

import json
from pathlib import Path

from click.testing import CliRunner

from altyn.runtime.commands.bench import command
from altyn.runtime.commands.journal import command as journal


def test_the_made_journal_verifies_and_the_switch_serves_on_it(tmp_path: Path) -> None:
    """A thousand transactions leave two entries each, and three starts end in an approval."""
    runner = CliRunner()
    kept, figures_file = tmp_path / "kept", tmp_path / "figures.json"
    result = runner.invoke(
        command,
        ["restart", "--transactions", "1000", "--keep", str(kept), "--json", str(figures_file)],
        catch_exceptions=False,
    )
    assert result.exit_code == 0, result.output
    figures = json.loads(figures_file.read_text())
    assert figures["entries"] == 2 * 1000 + 4
    assert len(figures["starts_s"]) == 3
    assert len(figures["memory"]) >= 5
    checked = runner.invoke(journal, ["verify", str(kept / "data" / "journal.db")])
    assert checked.exit_code == 0, checked.output
    replayed = runner.invoke(journal, ["replay", str(kept / "data" / "journal.db")])
    assert replayed.exit_code == 0, replayed.output
