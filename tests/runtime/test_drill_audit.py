"""The drill's auditor finds what was put wrong on purpose."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from altyn.runtime.drill.audit import Audit, audit, tell_story
from altyn.runtime.drill.bank_logs import BankLine
from altyn.runtime.drill.drill import Drill, DrillPlan
from altyn.runtime.journal.opening import open_journal
from altyn.runtime.output import UserError

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a short drill whose books agree."""
    folder = tmp_path_factory.mktemp("drill")
    report = asyncio.run(Drill(DrillPlan(folder, 4, "audit", (), 60.0), lambda _: None).run())
    assert report.differences == []
    (folder / "live.json").write_text(json.dumps(report.live))
    return folder


@pytest.fixture
def folder(drilled: Path, tmp_path: Path) -> Path:
    """A copy that may be put wrong."""
    shutil.copytree(drilled, tmp_path / "copy", ignore=shutil.ignore_patterns("*.sock"))
    return tmp_path / "copy"


def audited(folder: Path, **live: Any) -> Audit:
    """The audit of a folder, with the switch's last words changed."""
    told = json.loads((folder / "live.json").read_text()) | live
    with open_journal(folder / "altyn.toml") as storage:
        return audit(logs(folder, "acquirer"), logs(folder, "issuer"), storage, told)


def logs(folder: Path, role: str) -> list[Path]:
    """The logs of all banks of a role."""
    return sorted((folder / "logs").glob(f"*-{role}.jsonl"))


def change_first(
    paths: list[Path],
    fits: Callable[[BankLine], bool],
    change: Callable[[BankLine], list[BankLine]],
) -> BankLine:
    """Put other lines in the place of the first that fits; gives that."""
    for path in paths:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for number, line in enumerate(lines):
            if fits(line):
                found = dict(line)
                lines[number : number + 1] = change(line)
                path.write_text("".join(json.dumps(each) + "\n" for each in lines))
                return found
    raise AssertionError("no line fits")


def is_approval(line: BankLine) -> bool:
    """An answer of yes to a purchase that nothing follows."""
    return line["mti"] == "0210" and line.get("39") == "00" and line.get("3") == "000000"


def words(found: Audit) -> str:
    """All differences."""
    return "\n".join(difference.what for difference in found.differences)


def test_books_that_agree_are_left_alone(folder: Path) -> None:
    """Untouched, there is nothing to find, and the auditor has seen all of it."""
    found = audited(folder)
    assert found.differences == ()
    assert found.messages > 2 * found.transactions > 40


def test_i4_an_answer_that_the_journal_does_not_know(folder: Path) -> None:
    """A decline that reached the acquirer as a yes is told with its key."""
    line = change_first(
        logs(folder, "acquirer"),
        lambda line: (line["mti"] == "0210" and line.get("39") == "91") or line.get("39") == "05",
        lambda line: [line | {"39": "00"}],
    )
    assert f"STAN {line['11']}" in words(audited(folder))
    assert "(I4)" in words(audited(folder))


def test_i3_an_approval_that_the_issuer_forgot(folder: Path) -> None:
    """The difference names the transaction, and its story says who said what."""
    line = change_first(
        logs(folder, "issuer"), lambda line: is_approval(line) and int(line["4"]) > 0, lambda _: []
    )
    (difference,) = audited(folder).differences
    assert "0 with the issuer" in difference.what
    assert difference.transaction is not None
    assert difference.transaction.reference == line["37"]
    story = tell_story(difference.transaction, logs(folder, "acquirer") + logs(folder, "issuer"))
    assert len(story) >= 3
    assert "acquirer sent 0200" in story[0]


def test_i2_a_request_that_was_sent_to_the_issuer_twice(folder: Path) -> None:
    """The same purchase under two numbers of the switch is a second yes."""

    def doubled(line: BankLine) -> list[BankLine]:
        again = line | {"11": "999999"}
        return [line, again | {"way": "got", "mti": "0200"}, again]

    change_first(logs(folder, "issuer"), is_approval, doubled)
    assert "asked twice and said yes twice" in words(audited(folder))


@pytest.mark.parametrize(("answered", "differs"), [("51", False), ("", True)])
def test_f24_an_advice_that_the_issuer_refused_stands(
    folder: Path, answered: str, differs: bool
) -> None:
    """What was approved for the issuer stands whatever it answers, but not unless it was told."""

    def as_advised(line: BankLine) -> list[BankLine]:
        told = line | {"way": "got", "mti": "0220", "39": "00", "11": "999998"}
        said = line | {"mti": "0230", "39": answered, "11": "999998"}
        return [told, said] if answered else [told]

    change_first(
        logs(folder, "issuer"), lambda line: is_approval(line) and int(line["4"]) > 0, as_advised
    )
    assert ("(I3)" in words(audited(folder))) == differs


def test_i1_live_positions_that_a_replay_does_not_give(folder: Path) -> None:
    """One minor unit is enough."""
    positions = json.loads((folder / "live.json").read_text())["positions"]
    positions[0]["net"] += 1
    assert "other positions" in words(audited(folder, positions=positions))
    assert "zero" in words(audited(folder, zero_sum=False))


def test_a_journal_that_was_written_to(folder: Path) -> None:
    """A code changed in the file breaks the chain."""
    journal = folder / "data" / "journal.db"
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE batch SET variable = zeroblob(8) WHERE first_sequence = 1")
    connection.close()
    assert "the journal is damaged" in words(audited(folder))


def test_a_switch_that_sends_before_it_has_recorded_is_found_out(tmp_path: Path) -> None:
    """The real processes, with a store that calls a batch durable one batch too early.

    The books find it, or the switch itself: a snapshot of what was lost stops its next start. What
    a kill hits is chance, and of eight all may miss; of four times eight they do not.
    """
    assert any(liar_is_found(tmp_path / seed, seed) for seed in ("lie", "lie-2", "lie-3", "lie-4"))


def liar_is_found(folder: Path, seed: str) -> bool:
    """Whether a drill of eight kills finds the switch that lies."""
    folder.mkdir()
    plan = DrillPlan(folder, 8, seed, (), 60.0, switch_module="tests.runtime.lying_switch")
    try:
        report = asyncio.run(Drill(plan, lambda _: None).run())
    except UserError:
        logs = "".join(path.read_text(encoding="utf-8") for path in folder.glob("logs/switch.*"))
        assert "a snapshot stands behind the journal's end" in logs
        return True
    return any("(I" in difference.what for difference in report.differences)
