"""`altyn cycle`: the state of every cycle, from the facts of clearing and of settlement."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from altyn.clock import BusinessDay
from altyn.runtime.backoffice.cycle import ClosedCycle
from altyn.runtime.backoffice.cycle_clearing import ClearedCycle
from altyn.runtime.backoffice.cycle_closing import close_cycle
from altyn.runtime.backoffice.office import load_office
from altyn.runtime.cli import main
from altyn.runtime.output import UserError
from altyn.runtime.settling.cycle_standing import CycleStanding, open_cycles
from altyn.settlement import Opened, Run, State
from tests.runtime.back_office import EVENING, NIGHT, NOON, instant, new_office
from tests.runtime.settling_house import House
from tests.runtime.switch_traffic import purchase, write_traffic

ROOT = Path(__file__).parents[2]
DAY = BusinessDay(20261123)
CLOSED = ClosedCycle("2026-11-23/1", DAY, 1, "", 0, 2, "", 0, "", "", "", ())
CLEARED = ClearedCycle(CLOSED.cycle, DAY, {}, {}, {})


def cycles(house: House) -> list[dict[str, Any]]:
    """What `altyn cycle list` says in JSON."""
    code, output, error = house.run("cycle", "list", "-c", str(house.folder), "--json", "-")
    assert code == 0, error
    found: list[dict[str, Any]] = json.loads(output)["cycles"]
    return found


def show(house: House) -> tuple[dict[str, Any], str]:
    """What `altyn cycle show` says of the house's cycle: the JSON and the page."""
    words = ("cycle", "show", house.cycle, "-c", str(house.folder))
    _, output, _ = house.run(*words, "--json", "-")
    code, page, error = house.run(*words)
    assert code == 0, error
    return json.loads(output), page


def test_a_cycle_is_followed_from_open_to_settled(tmp_path: Path) -> None:
    """Its word changes with every command, and list and show say the same."""
    house = House(tmp_path)
    morning = f"{house.cycle.partition('/')[0]}T07:00:00"
    write_traffic(load_office(house.folder), [purchase(1), purchase(2)], at=morning)
    assert house.run("clear", "--cycle", house.cycle, "-c", str(house.folder))[0] == 0
    told, page = show(house)
    assert (told["state"], told["rows"]["items"], told["files"]) == ("priced", 2, [])
    assert "SINGLE_MESSAGE" in page
    words = []
    for _wave in range(3):
        house.run("settle", "--cycle", house.cycle, "--wait", "0", "-c", str(house.folder))
        listed = cycles(house)
        told, page = show(house)
        assert listed[-1]["cycle"] == house.cycle
        assert listed[-1]["state"] == told["state"]
        assert listed[-1]["final"] == told["final"]
        assert f"{house.cycle}/KZT" in page
        words.append(told["state"])
        house.bank()
    assert words[0] == "instructed"
    assert words[-1] == "settled"
    assert told["final"] is not None
    assert {run["state"] for run in told["runs"]} == {"settled"}


def test_layout_is_the_page_of_the_reference() -> None:
    """docs/reference/clearing.md is what `altyn cycle layout` prints."""
    page = (ROOT / "docs" / "reference" / "clearing.md").read_text(encoding="utf-8")
    result = CliRunner().invoke(main, ["cycle", "layout"])
    assert (result.exit_code, result.stdout) == (0, page)


def test_the_page_fits_a_terminal(tmp_path: Path) -> None:
    """A hundred columns, and the open cycles stand above the closed ones."""
    house = House(tmp_path)
    write_traffic(load_office(house.folder), [purchase(1)], at="2026-01-02T07:00:00")
    house.run("clear", "--cycle", house.cycle, "-c", str(house.folder))
    code, page, _ = house.run("cycle", "list", "-c", str(house.folder))
    lines = page.splitlines()
    assert code == 0
    assert max(map(len, lines)) <= 100
    states = [line.split()[1] for line in lines[1:] if line]
    assert states == ["open"] * (len(states) - 1) + ["priced"]
    assert len(states) >= 2
    limited = house.run("cycle", "list", "--limit", "1", "-c", str(house.folder))[1]
    assert f"{len(states) - 1} more; see --limit" in limited


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """No journal yet, a cycle that is not closed, and something that is no cycle."""
    house = House(tmp_path)
    where = ("-c", str(house.folder))
    code, _, error = house.run("cycle", "list", *where)
    assert (code, "`altyn file put`" in error) == (1, True)
    house.clear()
    for name in ("2026-11-23/9", "today"):
        code, _, error = house.run("cycle", "show", name, *where)
        assert code == 1
        assert error.startswith(f"error: {name}: no cycle of this name is closed")


def test_a_closed_cycle_that_is_not_cleared_is_shown_with_what_to_do(tmp_path: Path) -> None:
    """A kill between closing and clearing leaves it so."""
    house = House(tmp_path)
    office = load_office(house.folder)
    write_traffic(office, [purchase(1)], at="2026-01-02T07:00:00")
    close_cycle(office, house.cycle)
    told, page = show(house)
    assert told["state"] == "closed"
    assert f"altyn clear --cycle {house.cycle}" in page
    assert cycles(house)[-1]["items"] is None


def test_cycles_that_have_ended_wait_before_the_one_that_is_open(tmp_path: Path) -> None:
    """The first behind the last closed one comes first, and no more are told than asked for."""
    rules = new_office(tmp_path).rules

    def names(last: ClosedCycle | None, at: str, limit: int = 9) -> list[str]:
        return [each.cycle for each in open_cycles(rules, last, instant(at), limit)]

    assert names(None, NOON) == ["2026-11-23/1"]
    assert names(CLOSED, EVENING) == ["2026-11-23/2"]
    assert names(CLOSED, NIGHT) == ["2026-11-23/2", "2026-11-24/1"]
    assert names(CLOSED, NIGHT, 1) == ["2026-11-23/2"]
    with pytest.raises(UserError, match="rules of clearing"):
        names(None, "1999-01-01T00:00:00")


@pytest.mark.parametrize(
    ("states", "word"),
    [
        ((), State.PRICED),
        ((State.OPEN, State.SETTLED), State.PRICED),
        ((State.SETTLED, State.INSTRUCTED), State.INSTRUCTED),
        ((State.FAILED, State.SUSPENDED, State.SETTLED), State.FAILED),
        ((State.SUSPENDED, State.INSTRUCTED), State.SUSPENDED),
        ((State.SETTLED, State.SETTLED), State.SETTLED),
    ],
)
def test_a_cycle_stands_where_its_run_in_most_need_stands(
    states: tuple[State, ...], word: State
) -> None:
    """A cycle is settled only when all of its runs are, and final since the last of them."""
    runs = []
    for number, state in enumerate(states, start=1):
        run = Run(Opened(f"{CLOSED.cycle}/{number}", CLOSED.cycle, "USD", DAY, 0))
        run.state, run.final_us = state, number
        runs.append(run)
    standing = CycleStanding(CLOSED, CLEARED, tuple(runs))
    assert standing.state is word
    assert standing.final_us == (len(states) if word is State.SETTLED else 0)
    assert CycleStanding(CLOSED, None, tuple(runs)).state is State.CLOSED
