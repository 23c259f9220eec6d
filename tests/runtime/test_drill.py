"""The fault drill as a command: real processes, killed and cut off, and three books compared."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from altyn.runtime.cli import main
from altyn.runtime.drill.write_points import WRITE_POINTS

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(300)]


def run_drill(folder: Path, *options: str) -> dict[str, object]:
    """The drill's result; it fails with its own words when books differ."""
    arguments = ["drill", "--keep", str(folder), "--json", str(folder.parent / "drill.json")]
    result = CliRunner().invoke(main, [*arguments, *options], prog_name="altyn")
    assert result.exit_code == 0, result.output
    outcome: dict[str, object] = json.loads((folder.parent / "drill.json").read_text())
    return outcome


def test_d05_f22_f23_killed_at_every_write_point_the_books_agree(tmp_path: Path) -> None:
    """Each write point once, and as often at random: nothing lost, doubled or changed."""
    kills = 2 * len(WRITE_POINTS)
    outcome = run_drill(
        tmp_path / "drill", "--kills", str(kills), "--seed", "points", "--faults", "none"
    )
    assert outcome["kills"] == kills
    assert outcome["differences"] == []
    by_point = outcome["kills_by_point"]
    assert isinstance(by_point, dict)
    # A machine under load may not come to a rare point in time; those are killed at random.
    assert len(by_point) > len(WRITE_POINTS) // 2
    answered = outcome["requests_answered"]
    assert isinstance(answered, int)
    assert answered > 10 * kills


def test_f20_f21_w01_w02_w03_lines_fail_and_the_books_agree(tmp_path: Path) -> None:
    """Lines are reset, cut, silent and slow while the switch dies now and then."""
    outcome = run_drill(tmp_path / "drill", "--kills", "5", "--seed", "lines")
    assert outcome["kills"] == 5
    assert outcome["differences"] == []
    faults = outcome["line_faults"]
    assert isinstance(faults, dict)
    assert sum(faults.values()) - faults["connections"] > 3


def test_d08_d09_the_database_dies_and_a_node_stalls(tmp_path: Path) -> None:
    """With the journal in PostgreSQL: the switch is killed, the server is killed under load and
    comes back, and a node that stood still while its standby took over writes nothing more."""
    outcome = run_drill(
        tmp_path / "drill",
        *("--store", "postgresql", "--kills", "5", "--seed", "database", "--faults", "none"),
    )
    assert outcome["differences"] == []
    assert (outcome["kills"], outcome["database_kills"], outcome["stalls"]) == (5, 1, 1)


@pytest.mark.parametrize("options", [["--faults", "rain"], ["--budget", "soon"], ["--kills", "0"]])
def test_a_drill_that_cannot_be_is_refused(options: list[str]) -> None:
    """A fault of no name, a budget without a unit, no kill at all: exit code 2 and the choices."""
    result = CliRunner().invoke(main, ["drill", *options], prog_name="altyn")
    assert result.exit_code == 2
    assert "rain" not in result.output
