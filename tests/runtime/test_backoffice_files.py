"""Files in: taken whole into the cycle that is open, answered, and the same after any crash."""

import json
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from altyn.presentment import Reason, Status
from altyn.runtime.backoffice.cycle_closing import close_cycle
from altyn.runtime.backoffice.file_fact import file_entries
from altyn.runtime.backoffice.file_intake import FileIntake, PutFile
from altyn.runtime.backoffice.office import Office
from altyn.runtime.cli import main
from altyn.runtime.output import UserError
from tests.runtime.back_office import (
    ACQUIRER,
    DAY,
    EVENING,
    NIGHT,
    NOON,
    card,
    file_of,
    instant,
    new_office,
    office_at,
    our_sale,
)
from tests.runtime.killing import killed_at
from tests.runtime.switch_traffic import write_traffic


def put(office: Office, path: Path, acquirer: str = ACQUIRER) -> list[PutFile]:
    """Take a file whose name tells its form."""
    return FileIntake(office, acquirer).put(path, path.suffix[1:])


def statuses(results: list[PutFile]) -> list[Status]:
    """What became of each."""
    return [each.answer.status for each in results]


@pytest.mark.parametrize("form", ["csv", "parquet", "ipm"])
def test_a_file_is_taken_whole_and_answered_in_its_form(tmp_path: Path, form: str) -> None:
    """Its records stand ready for clearing, with issuer, product and the day booked."""
    office = new_office(tmp_path)
    rows = [our_sale(1), our_sale(2, pan=card(2, "99000188")), our_sale(3, pan=card(3, "995555"))]
    (result,) = put(office, file_of(tmp_path, rows, form=form))
    assert result.answer.status is Status.ACCEPTED
    assert (result.cycle, result.answer.booked_day) == ("2026-11-23/1", DAY)
    assert result.answer_path.suffix == f".{form}" and result.answer_path.stat().st_size
    table = pq.read_table(office.folders.records(ACQUIRER, 1)).to_pylist()
    assert [row["issuer_participant"] for row in table] == ["STEPKZ", "STEPKZ", None]
    assert [row["product"] for row in table] == ["CLASSIC", "TRAVEL", None]
    assert {str(row["booked_day"]) for row in table} == {"2026-11-23"}
    assert {row["file_sequence"] for row in table} == {1}


def test_c01_the_same_file_again_gets_its_first_answer(tmp_path: Path) -> None:
    """Whatever it is called, and nothing is taken twice."""
    office = new_office(tmp_path)
    path = file_of(tmp_path, [our_sale(1), our_sale(2, category="58A2")])
    (first,) = put(office, path)
    (again,) = put(office_at(tmp_path, EVENING), path)
    assert again.answer == first.answer._replace(repeat=True)
    assert again.cycle == first.cycle
    with office.reading() as journal:
        assert len(file_entries(journal)) == 1


def test_c02_the_same_content_under_a_new_name_is_taken_and_told(tmp_path: Path) -> None:
    """Its records are for clearing to find; the file itself is in order."""
    office = new_office(tmp_path)
    put(office, file_of(tmp_path, [our_sale(1)]))
    (second,) = put(office, file_of(tmp_path, [our_sale(1)], sequence=2))
    assert second.answer.status is Status.ACCEPTED


@pytest.mark.parametrize("cut", [3, 40, 200])
def test_c03_c05_a_file_that_is_not_whole_is_refused_and_nothing_of_it_kept(
    tmp_path: Path, cut: int
) -> None:
    """It may come again, whole, under its name."""
    office = new_office(tmp_path)
    path = file_of(tmp_path, [our_sale(1), our_sale(2)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    (result,) = put(office, path)
    assert (result.answer.status, result.cycle) == (Status.REFUSED, "")
    assert not office.folders.records(ACQUIRER, 1).exists()
    path.write_bytes(whole)
    assert statuses(put(office, path)) == [Status.ACCEPTED]


def test_c04_one_bad_record_is_rejected_and_the_rest_taken(tmp_path: Path) -> None:
    """The records beside it are there, and the answer counts both."""
    office = new_office(tmp_path)
    (result,) = put(office, file_of(tmp_path, [our_sale(1), our_sale(2, amount=0), our_sale(3)]))
    assert result.answer.status is Status.ACCEPTED_IN_PART
    assert [each.reason for each in result.answer.rejections] == [Reason.AMOUNT_NOT_POSITIVE]
    numbers = pq.read_table(office.folders.records(ACQUIRER, 1))["record_number"].to_pylist()
    assert numbers == [1, 3]


def test_c06_a_closed_day_goes_into_the_open_cycle_or_is_refused_by_rule(tmp_path: Path) -> None:
    """The answer tells the day booked."""
    office = new_office(tmp_path, NIGHT)
    path = file_of(tmp_path, [our_sale(1)])
    rules = tmp_path / "clearing.toml"
    text = rules.read_text()
    rules.write_text(text.replace("[[cycles]]", '[[cycles]]\nlate_files = "refuse"', 1))
    (refused,) = put(office_at(tmp_path, NIGHT), path)
    assert refused.answer.reason is Reason.CLOSED_DAY
    rules.write_text(text)
    second = file_of(tmp_path, [our_sale(1), our_sale(2)])
    (taken,) = put(office, second)
    assert (taken.answer.booked_day, taken.cycle) == (20261124, "2026-11-24/1")
    (early,) = put(office, file_of(tmp_path, [our_sale(3)], sequence=2, day=20261125))
    assert early.answer.reason is Reason.FUTURE_DAY


def test_c17_a_file_belongs_to_the_cycle_that_its_fact_names(tmp_path: Path) -> None:
    """One that comes at the closing is in the cycle, or in the next; never in both or none."""
    office = new_office(tmp_path)
    write_traffic(office, [])
    put(office, file_of(tmp_path, [our_sale(1)]))
    first = close_cycle(office, "2026-11-23/1", closed_early="test")
    (late,) = put(office, file_of(tmp_path, [our_sale(2)], sequence=2))
    assert late.cycle == "2026-11-23/2"
    second = close_cycle(office_at(tmp_path, NIGHT), "2026-11-23/2")
    assert first.files == (f"{ACQUIRER}/{ACQUIRER}-20261123-1/1",)
    assert second.files == (f"{ACQUIRER}/{ACQUIRER}-20261123-2/1",)


def test_c17_a_cycle_that_closes_while_a_file_is_read_does_not_have_it(tmp_path: Path) -> None:
    """What was read for the day before is read again for the day that takes it."""
    office = new_office(tmp_path)
    path = file_of(tmp_path, [our_sale(1)])
    times = iter([EVENING, NIGHT, NIGHT])
    moving = FileIntake(office, ACQUIRER)
    moving._office = _MovingOffice(office, tmp_path, times)  # type: ignore[assignment]
    (result,) = moving.put(path, "csv")
    assert (result.cycle, result.answer.booked_day) == ("2026-11-24/1", 20261124)
    days = pq.read_table(office.folders.records(ACQUIRER, 1))["booked_day"].to_pylist()
    assert [str(day) for day in days] == ["2026-11-24"]


class _MovingOffice:
    """An office whose clock goes on each time that it is asked."""

    def __init__(self, office: Office, folder: Path, times: "object") -> None:
        self._office = office
        self._folder = folder
        self._times = times

    def now_us(self) -> int:
        """The next instant."""
        return office_at(self._folder, next(self._times)).now_us()  # type: ignore[call-overload]

    def __getattr__(self, name: str) -> object:
        return getattr(self._office, name)


def test_c18_a_file_ahead_waits_and_is_taken_when_the_gap_closes(tmp_path: Path) -> None:
    """In order, in one go, each with its answer."""
    office = new_office(tmp_path)
    third = put(office, file_of(tmp_path, [our_sale(3)], sequence=3))
    second = put(office, file_of(tmp_path, [our_sale(2)], sequence=2))
    assert statuses(third) == statuses(second) == [Status.WAITING]
    assert statuses(put(office, file_of(tmp_path, [our_sale(3)], sequence=3))) == [Status.WAITING]
    results = put(office, file_of(tmp_path, [our_sale(1)]))
    assert statuses(results) == [Status.ACCEPTED] * 3
    assert [each.answer.manifest.sequence for each in results] == [1, 2, 3]
    (again,) = put(office, file_of(tmp_path, [our_sale(2)], sequence=2))
    assert again.answer.repeat


def put_in_process(folder: str, path: str) -> None:
    """What a process that may be killed does."""
    put(office_at(Path(folder), NOON), Path(path))


def test_c19_a_kill_at_any_step_then_the_same_order_gives_the_same(tmp_path: Path) -> None:
    """All of a file or nothing counts in between; the end is the same bytes as without a kill."""
    plain = tmp_path / "plain"
    rows = [our_sale(1), our_sale(2, amount=0), our_sale(3)]
    put(new_office(plain), file_of(plain, rows))
    wanted = kept_files(plain)
    step = 0
    killed = True
    while killed:
        step += 1
        folder = tmp_path / f"at-{step}"
        office = new_office(folder)
        path = file_of(folder, rows)
        killed = killed_at(step, put_in_process, str(folder), str(path))
        with office.writing() as journal:
            taken = [each for each in file_entries(journal) if each.is_taken]
        assert len(taken) <= 1
        assert not taken or office.folders.records(ACQUIRER, 1).exists()
        put(office, path)
        assert kept_files(folder) == wanted
    assert step > 8, "the steps of the intake were met"


def kept_files(folder: Path) -> dict[str, bytes]:
    """What stands in the back office's folder."""
    root = folder / "data" / "clearing"
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith(".") and ".repeat" not in path.name
    }


def test_an_acquirer_that_the_scheme_does_not_have_is_refused(tmp_path: Path) -> None:
    """Nothing is kept for it."""
    office = new_office(tmp_path)
    with pytest.raises(UserError, match="no such acquirer"):
        FileIntake(office, "NOBODY")


def test_the_commands_put_list_and_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables for people, JSON for programs, no card number in either."""
    new_office(tmp_path)
    monkeypatch.setattr(time, "time_ns", lambda: instant(NOON) * 1000)
    bad = our_sale(2, category="58A2")
    path = file_of(tmp_path, [our_sale(1), bad])
    config = ["-c", str(tmp_path)]
    result = CliRunner().invoke(
        main, ["file", "put", str(path), "--acquirer", ACQUIRER, *config, "--json", "-"]
    )
    assert result.exit_code == 3, result.output
    (figures,) = json.loads(result.stdout)["files"]
    assert (figures["records"], figures["rejected"], figures["cycle"]) == (2, 1, "2026-11-23/1")
    listed = CliRunner().invoke(main, ["file", "list", *config])
    assert "ACCEPTED_IN_PART" in listed.stdout and all(
        len(line) <= 100 for line in listed.stdout.splitlines()
    )
    shown = CliRunner().invoke(main, ["file", "show", f"{ACQUIRER}-{DAY}-1", *config])
    assert "FORM" in shown.stdout
    absent = CliRunner().invoke(main, ["file", "show", "NO-SUCH", *config])
    assert (absent.exit_code, "no such file came" in absent.output) == (1, True)
    for output in (result.output, listed.output, shown.output):
        assert bad["pan"] not in output and card(1) not in output
