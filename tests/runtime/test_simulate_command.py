"""`altyn simulate`: one world, a swarm, and what they print."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from altyn.runtime.commands.simulate import command
from altyn.runtime.simulation import finding_page, swarm
from altyn.testing import Finding, WorldPlan, run_trial

SMALL = ["--seed", "5", "--transactions", "60", "--banks", "2"]


def test_a_world_prints_its_figures(tmp_path: Path) -> None:
    """The table, the machine, the verdict, and the same as JSON."""
    page = tmp_path / "figures.json"
    result = CliRunner().invoke(command, [*SMALL, "--json", str(page)])
    assert result.exit_code == 0, result.output
    assert "Every check held." in result.output
    figures = json.loads(page.read_text())
    assert figures["finding"] is None
    assert figures["figures"]["transactions"] == 60
    assert figures["figures"]["digest"].startswith(result.output.split("trace")[1].split()[0])


def test_a_trace_tells_every_message_and_no_card_number(tmp_path: Path) -> None:
    """One line for each thing that happened, cards masked."""
    trace = tmp_path / "trace.txt"
    arguments = [*SMALL, "--faults", "none", "--trace", str(trace)]
    assert CliRunner().invoke(command, arguments).exit_code == 0
    text = trace.read_text()
    assert text.count("switch reads") > 60
    assert "******" in text


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_another_process_sees_the_same_trace(hash_seed: str, tmp_path: Path) -> None:
    """The digest depends on the seed alone: not on the process, nor on how it hashes texts."""
    plan = WorldPlan(5, transactions=60, banks=2)
    code = (
        "from altyn.testing import WorldPlan, run_trial;"
        "print(run_trial(WorldPlan(5, transactions=60, banks=2)).figures.digest)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    other = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == run_trial(plan).figures.digest


@pytest.fixture
def _small_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A swarm of worlds that take no time."""
    monkeypatch.setattr(swarm, "swarm_plan", lambda seed: WorldPlan(seed, 1, 2, 40))


@pytest.mark.usefixtures("_small_worlds")
def test_a_swarm_runs_seeds_until_its_budget_ends() -> None:
    """At least one seed ran, and nothing was found."""
    result = CliRunner().invoke(
        command, ["swarm", "--budget", "1s", "--cores", "1", "--from-seed", "4"]
    )
    assert result.exit_code == 0, result.output
    assert "longest clean world" in result.output


@pytest.mark.usefixtures("_small_worlds")
def test_a_swarm_counts_what_its_seeds_did() -> None:
    """Days and transactions add up; the budget is looked at before each seed."""
    figures = swarm.Swarm(1, 4).run(0.001, lambda _: None)
    assert (figures.seeds, figures.failure) == (1, None)
    assert figures.longest_clean_transactions == figures.transactions == 40
    assert figures.days_per_s > 0


def test_what_was_found_is_told_with_the_command_that_replays_it() -> None:
    """Invariant, instant, transaction, story, command."""
    trial = run_trial(WorldPlan(5, transactions=10, banks=2, faults=()))
    trial = trial._replace(finding=Finding("I4", 2_500_000, ("400100", "1"), "a reply too soon"))
    page = finding_page(trial, ("first line", "second line")).plain
    assert "I4 does not hold at 2.500000 s: transaction 400100/1: a reply too soon" in page
    assert "first line\nsecond line" in page
    assert "Replay it: altyn simulate --seed 5" in page


@pytest.mark.parametrize(
    "arguments",
    [["--faults", "rain"], ["swarm", "--budget", "10"], ["--banks", "0"], ["--seed", "-1"]],
)
def test_what_is_not_understood_is_refused(arguments: list[str]) -> None:
    """Exit code 2, and a sentence about the option."""
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert arguments[-2] in result.output


def test_the_faults_are_listed() -> None:
    """Each with its rate and what it does."""
    result = CliRunner().invoke(command, ["faults"])
    assert result.exit_code == 0
    assert "once in" in result.output
    assert "crashes" in result.output
