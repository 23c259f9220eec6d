"""Cycles closed and cleared: in order, gapless, the same bytes whenever and however often."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from altyn.runtime.backoffice.cycle import closed_cycles
from altyn.runtime.backoffice.cycle_clearing import ClearedCycle, clear_cycle, cleared_cycle
from altyn.runtime.backoffice.cycle_closing import close_cycle
from altyn.runtime.backoffice.file_intake import FileIntake
from altyn.runtime.backoffice.office import Office
from altyn.runtime.cli import main
from altyn.runtime.output import UserError
from tests.runtime.back_office import (
    ACQUIRER,
    EVENING,
    NIGHT,
    card,
    file_of,
    instant,
    new_office,
    office_at,
    our_sale,
)
from tests.runtime.killing import killed_at
from tests.runtime.switch_traffic import authorization, purchase, write_traffic

FIRST, SECOND = "2026-11-23/1", "2026-11-23/2"


def day_at(folder: Path) -> Office:
    """A morning of traffic and a file, after the first cut-off of the day."""
    office = new_office(folder)
    rows = [purchase(1), authorization(2, acquirer_participant=ACQUIRER), purchase(3, amount=5)]
    write_traffic(office, rows)
    matched = our_sale(2, amount=100_000, rrn="000000000002", transmission="1123070000")
    FileIntake(office, ACQUIRER).put(
        file_of(folder, [matched, our_sale(4), our_sale(5, pan=card(5, "995555"))]), "csv"
    )
    return office_at(folder, EVENING)


def clear(office: Office, cycle: str, early: str = "") -> ClearedCycle:
    """Close and clear."""
    return clear_cycle(office, close_cycle(office, cycle, early), lambda _words, _done: None)


def test_a_cycle_is_cleared_from_the_switch_and_the_files(tmp_path: Path) -> None:
    """Items of both, the rejected record, and nets that sum to zero."""
    office = day_at(tmp_path)
    clear(office, FIRST)
    folder = office.folders.cycle(FIRST)
    items = pq.read_table(folder / "items.parquet").to_pylist()
    outcomes = sorted(item["outcome"] for item in items)
    assert outcomes == ["MATCHED", "NO_AUTHORIZATION", "SINGLE_MESSAGE", "SINGLE_MESSAGE"]
    (rejected,) = pq.read_table(folder / "rejected.parquet").to_pylist()
    assert rejected["reason"] == "UNKNOWN_CARD"
    nets = pq.read_table(folder / "nets.parquet").to_pylist()
    assert nets and sum(net["minor_units"] for net in nets) == 0


def test_cycles_follow_each_other_without_a_gap(tmp_path: Path) -> None:
    """What comes after a cut-off is in the next cycle, and each entry in exactly one."""
    office = day_at(tmp_path)
    write_traffic(office, [purchase(9)], at="2026-11-23T10:00:00")
    clear(office, FIRST)
    clear(office_at(tmp_path, NIGHT), SECOND)
    with office.reading() as journal:
        first, second = closed_cycles(journal)
    assert (first.after_sequence, first.last_sequence) == (0, 3)
    assert (second.after_sequence, second.last_sequence, second.previous) == (3, 4, FIRST)
    items = pq.read_table(office.folders.cycle(SECOND) / "items.parquet")["item_id"].to_pylist()
    assert items == ["J4"]


def test_too_little_memory_is_said_and_harms_nothing(tmp_path: Path) -> None:
    """The message names the cycle and the setting; with more memory the same command goes on."""
    office = day_at(tmp_path)
    small = office.settings.clearing.model_copy(update={"memory_bytes_max": 2 << 20})
    settings = office.settings.model_copy(update={"clearing": small})
    with pytest.raises(UserError, match=rf"{FIRST}: .*out of memory.*give more `memory_bytes_max`"):
        clear(replace(office, settings=settings), FIRST)
    with office.reading() as journal:
        assert cleared_cycle(journal, FIRST) is None
    assert clear(office, FIRST).rows["items"] == 4


def test_the_second_call_shows_the_first_result(tmp_path: Path) -> None:
    """And notices a result that somebody changed."""
    office = day_at(tmp_path)
    first = clear(office, FIRST)
    assert clear(office, FIRST) == first
    nets = office.folders.cycle(FIRST) / "nets.parquet"
    nets.write_bytes(nets.read_bytes() + b"x")
    with pytest.raises(UserError, match="not the one that was recorded"):
        clear(office, FIRST)


def test_accepted_records_that_were_changed_are_noticed(tmp_path: Path) -> None:
    """Nothing is cleared from them."""
    office = day_at(tmp_path)
    path = office.folders.records(ACQUIRER, 1)
    pq.write_table(pq.read_table(path).slice(1), path)
    with pytest.raises(UserError, match="not those that were accepted"):
        clear(office, FIRST)


@pytest.mark.parametrize(
    ("cycle", "words"),
    [
        ("2026-11-23/3", "no such cycle"),
        ("tomorrow", "no such cycle"),
        (SECOND, "number 1 of its day"),
        ("2026-11-24/1", "has not ended"),
    ],
)
def test_a_cycle_that_may_not_be_closed_is_refused(tmp_path: Path, cycle: str, words: str) -> None:
    """Each with what to do."""
    office = office_at(day_at(tmp_path).settings.scheme_path.parent, EVENING)
    with pytest.raises(UserError, match=words):
        close_cycle(office, cycle)


def test_cycles_are_closed_and_cleared_in_their_order(tmp_path: Path) -> None:
    """Neither is left out, and clearing waits for the cycle before."""
    office = day_at(tmp_path)
    close_cycle(office, FIRST)
    night = office_at(tmp_path, NIGHT)
    with pytest.raises(UserError, match=r"another one is next.*clear 2026-11-23/2 first"):
        close_cycle(night, "2026-11-24/1", "early")
    with pytest.raises(UserError, match="the cycle before it is not cleared"):
        clear(night, SECOND)


def test_another_switch_journal_is_noticed(tmp_path: Path) -> None:
    """A restored copy that has other entries closes nothing."""
    office = day_at(tmp_path)
    clear(office, FIRST)
    for path in office.settings.journal.path.parent.glob("journal.db*"):
        path.unlink()
    write_traffic(office, [purchase(7), purchase(8), purchase(9), purchase(10)])
    with pytest.raises(UserError, match="not the one of which cycle 2026-11-23/1 was closed"):
        close_cycle(office_at(tmp_path, NIGHT), SECOND)


def test_rules_that_changed_since_do_not_change_a_closed_cycle(tmp_path: Path) -> None:
    """It is cleared by the versions of its closing."""
    plain = clear(day_at(tmp_path / "plain"), FIRST)
    office = day_at(tmp_path / "changed")
    cycle = close_cycle(office, FIRST)
    rules = tmp_path / "changed" / "clearing.toml"
    rules.write_text(rules.read_text().replace('percent = "1.20"', 'percent = "9.99"'))
    later = office_at(tmp_path / "changed", NIGHT)
    cleared = clear_cycle(later, cycle, lambda _words, _done: None)
    assert cleared.results == plain.results


def clear_in_process(folder: str) -> None:
    """What a process that may be killed does."""
    clear(office_at(Path(folder), EVENING), FIRST)


def test_a_kill_at_any_stage_then_again_gives_equal_bytes(tmp_path: Path) -> None:
    """Until its fact is written a result does not count; behind it, it is never made again."""
    wanted = clear(day_at(tmp_path / "plain"), FIRST)
    step = 0
    killed = True
    while killed:
        step += 1
        folder = tmp_path / f"at-{step}"
        office = day_at(folder)
        killed = killed_at(step, clear_in_process, str(folder))
        with office.writing() as journal:
            recorded = cleared_cycle(journal, FIRST)
        assert recorded in (None, wanted)
        assert clear(office, FIRST) == wanted
        left = [path.name for path in office.folders.cycles.iterdir()]
        assert sorted(left) == [".lock", "2026-11-23-1"]
    assert step > 8, "the steps of clearing were met"


def test_the_command_shows_counts_and_nets_in_100_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the same as JSON; closing before the cut-off takes a reason."""
    day_at(tmp_path)
    monkeypatch.setattr(time, "time_ns", lambda: instant("2026-11-23T08:00:00") * 1000)
    options = ["clear", "--cycle", FIRST, "-c", str(tmp_path)]
    refused = CliRunner().invoke(main, options)
    assert (refused.exit_code, "has not ended" in refused.output) == (1, True)
    result = CliRunner().invoke(main, [*options, "--early", "a drill"])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == f"Cycle {FIRST}, closed early: a drill"
    assert "MATCHED" in result.stdout and "UNKNOWN_CARD" in result.stdout
    (total,) = [line for line in lines if line.startswith("KZT") and "sum" in line]
    assert total.split()[2:] == ["0.00", "KZT"] * 3
    assert all(len(line) <= 100 for line in lines)
    figures = json.loads(CliRunner().invoke(main, [*options, "--json", "-"]).stdout)
    assert figures["rows"]["items"] == 4 and figures["results"]["nets"]
    assert card(1) not in result.output
