"""The simulated world bites: it finds every deliberate fault, and nothing without one."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.mutants import BY_NAME, MUTANTS, SEEDS_MAX, Mutant
from tests.simulation.mutated_source import TargetLostError, find_target, mutate

ROOT = Path(__file__).parents[2]
TRIAL_S_MAX = 120
Told = dict[str, Any]


def trial(name: str, *said: str) -> Told:
    """What one process tells of its world."""
    path = os.pathsep.join((str(ROOT), str(ROOT / "src")))
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation.mutated", name, *said],
        env={**os.environ, "PYTHONPATH": path},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TRIAL_S_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: Told = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def trials() -> dict[tuple[str, ...], Told]:
    """All mutants, and the program as it is in each of their worlds, on two cores."""
    plans = {(each.seed, each.transactions, each.days): each.name for each in MUTANTS}
    asked = [(each.name,) for each in MUTANTS] + [(name, "as-it-is") for name in plans.values()]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(asked, pool.map(lambda each: trial(*each), asked), strict=True))


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", BY_NAME)
def test_the_world_finds(name: str, trials: dict[tuple[str, ...], Told]) -> None:
    """A deliberate fault is found within its budget, and named by what it breaks."""
    mutant, told = BY_NAME[name], trials[name,]
    assert told["invariant"] in mutant.tells, told
    assert told["transactions"] <= mutant.transactions * mutant.days * SEEDS_MAX


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_program_as_it_is_runs_clean(trials: dict[tuple[str, ...], Told]) -> None:
    """In the same worlds nothing is found without a fault."""
    clean = {asked: told for asked, told in trials.items() if asked[-1] == "as-it-is"}
    assert clean
    assert {asked: told["what"] for asked, told in clean.items() if told["invariant"]} == {}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_fault_has_its_place(mutant: Mutant) -> None:
    """The text that is changed stands exactly once: what moved or changed is noticed."""
    assert find_target(mutant.package, mutant.old).suffix == ".py"


def test_a_place_that_is_lost_is_told() -> None:
    """A fault that could not be put in would prove nothing."""
    with pytest.raises(TargetLostError, match="nowhere"):
        mutate("altyn.switch", "no such text stands anywhere", "")
    with pytest.raises(TargetLostError, match="once"):
        mutate("altyn.switch", "def ", "")
