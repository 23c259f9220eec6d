"""Settlement is killed at every point of its way: the bank moves each amount once."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime.settling_house import House

PROCESSES_MAX = 60


@pytest.mark.parametrize("form", ["multilateral", "by-participant"])
def test_m04_m05_killed_at_every_point_each_amount_moves_once(tmp_path: Path, form: str) -> None:
    """Each process is killed one point later than the one before; the bank works in between."""
    house = House(tmp_path, form)
    house.clear()
    killed = 0
    for last in range(1, PROCESSES_MAX):
        ended = subprocess.run(
            [sys.executable, "-m", "tests.runtime.killed_settlement",
             str(house.folder), house.cycle, str(last)],
            check=False, capture_output=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
        killed += ended.returncode != 0
        house.bank()
        if ended.returncode == 0 and house.settle()[0] == 0:
            break
    assert killed >= 5
    house.assert_settled_once()
