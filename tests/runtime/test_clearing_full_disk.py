"""`altyn clear` on a disk that becomes full: said as such, nothing left behind, then made whole."""

import errno
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from altyn.runtime.backoffice.office import load_office
from altyn.runtime.clearing.duckdb_engine import as_system_error
from tests.runtime.settling_house import House
from tests.runtime.small_disk import SmallDisk, small_disk
from tests.runtime.switch_traffic import purchase, write_traffic

COMMAND = "from altyn.runtime.cli import main; main()"
ROOMS = (0, 64 << 10, 100 << 10, 120 << 10, 140 << 10)
"""Bytes left: too few for the inputs, then for the results, whose size may change a little."""


def test_a_disk_that_fills_up_while_a_cycle_is_cleared(tmp_path: Path) -> None:
    """Wherever it happens, the line names the folder; with room the same command ends whole."""
    house = House(tmp_path)
    office = load_office(house.folder)
    morning = f"{house.cycle.partition('/')[0]}T07:00:00"
    write_traffic(office, [purchase(n) for n in range(1, 3001)], at=morning)
    with small_disk(office.folders.root, 8) as disk:
        if disk is None:
            full_device_is_told()
            return
        for room in ROOMS:
            disk.fill(room)
            code, error = cleared(house, disk)
            disk.clear()
            if code == 0:
                break
            assert code == 1
            assert "the disk became full while the cycle was cleared" in error
            assert [path.name for path in (disk.root / "cycles").iterdir()] == [".lock"]
        assert room > ROOMS[1]
        assert cleared(house, disk) == (0, "")
        made = {path.name for path in (disk.root / "cycles").rglob("*.parquet")}
        assert {"items.parquet", "nets.parquet"} <= made


def cleared(house: House, disk: SmallDisk) -> tuple[int, str]:
    """Exit code and errors of the command, run where the disk is."""
    words = ("clear", "--cycle", house.cycle, "-c", str(house.folder))
    done = subprocess.run(
        [*disk.wrapper, sys.executable, "-c", COMMAND, *words],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def full_device_is_told() -> None:
    """What DuckDB says of a device that is always full is the system's own error."""
    with pytest.raises(duckdb.IOException) as caught:
        duckdb.connect(":memory:").execute("COPY (SELECT 1) TO '/dev/full'")
    told = as_system_error(caught.value)
    assert isinstance(told, OSError)
    assert told.errno == errno.ENOSPC


def test_what_is_no_want_of_room_stays_as_it_is() -> None:
    """A folder that is not there is a fault of ours, and a full device is none."""
    full_device_is_told()
    with pytest.raises(duckdb.IOException) as caught:
        duckdb.connect(":memory:").execute("COPY (SELECT 1) TO '/nowhere/at/all'")
    assert as_system_error(caught.value) is caught.value
