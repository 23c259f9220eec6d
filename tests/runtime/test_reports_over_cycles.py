"""`altyn report` about several cycles: a period says what its cycles say together."""

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from altyn.runtime.backoffice.cycle import ClosedCycle
from altyn.runtime.cli import main
from altyn.runtime.journal.opening import open_for_writing
from tests.reports.cleared import Cleared, Row, hand_made
from tests.runtime.back_office import new_office

MORNING, EVENING, NEXT_DAY = "2026-11-23/1", "2026-11-23/2", "2026-11-24/1"
DAYS = {MORNING: 20261123, EVENING: 20261123, NEXT_DAY: 20261124}


def cleared_as(cycle: str, place: int, without: tuple[str, ...] = ()) -> Cleared:
    """The hand-made cycle under other item ids, but for the items named."""
    made = hand_made()

    def name(row: Row) -> str:
        head, _, record = str(row["item_id"]).rpartition("-")
        return f"{head}-{place}{record}" if head else f"J{place}{record[1:]}"

    items = [
        row | {"item_id": name(row), "cycle": cycle}
        for row in made.items
        if row["item_id"] not in without
    ]
    for row in items:
        if row.get("original_item"):
            row["original_item"] = name({"item_id": row["original_item"]})
    fees = [row | {"item_id": name(row)} for row in made.fees if row["item_id"] not in without]
    return Cleared(items, fees, made.rejected, made.agents, cycle)


@pytest.fixture(scope="module")
def scheme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cycles of a day and one of the next, each with items of its own."""
    folder = tmp_path_factory.mktemp("cycles") / "scheme"
    office = new_office(folder)
    open_for_writing(office.settings.journal, office.registry.scheme.scheme_id).close()
    cycles = (
        cleared_as(MORNING, 1),
        cleared_as(EVENING, 2, without=("J3", "J5")),
        cleared_as(NEXT_DAY, 3, without=("J1", "J2", "J4")),
    )
    previous = ""
    with office.writing() as journal:
        for cleared in cycles:
            cleared.write(office.folders.cycle(cleared.cycle))
            number = int(cleared.cycle.partition("/")[2])
            closed = ClosedCycle(
                cleared.cycle, DAYS[cleared.cycle], number, previous, 0, 0, "", 1, "",
                "00000000", "00000000", (),
            )  # fmt: skip
            journal.append(closed.content())
            previous = cleared.cycle
    return folder


def rows_of(scheme: Path, name: str, *period: str) -> list[Row]:
    """The lines of a report as CSV."""
    words = ["report", name, "-c", str(scheme), "--format", "csv", *period]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


SUMS = {
    "net-settlement": (
        ("participant", "currency", "kind", "role", "counterparty", "what"),
        ("net",),
    ),
    "invoice": (
        ("participant", "currency", "side", "fee", "rule_id", "counterparty", "account", "part"),
        ("number", "base", "amount"),
    ),
    "rejected": (("participant", "reason", "currency", "record_number"), ("amount",)),
}
"""Of each report: what tells its lines apart, and what adds up."""


def summed(name: str, rows: list[Row]) -> dict[tuple[str, ...], int]:
    """What adds up in a report, by what tells its lines apart; nothing is left out as zero."""
    found: Counter[tuple[str, ...]] = Counter()
    keys, amounts = SUMS[name]
    for row in rows:
        for amount in amounts:
            found[(*(row[key] for key in keys), amount)] += int(row[amount])
    return {key: value for key, value in found.items() if value}


@pytest.mark.parametrize(
    ("period", "cycles"),
    [
        (("--day", "2026-11-23"), (MORNING, EVENING)),
        (("--day", "2026-11-24"), (NEXT_DAY,)),
        (("--from", "2026-11-01", "--until", "2026-12-31"), (MORNING, EVENING, NEXT_DAY)),
        ((), (NEXT_DAY,)),
    ],
)
def test_a_period_says_what_its_cycles_say_together(
    scheme: Path, period: tuple[str, ...], cycles: tuple[str, ...]
) -> None:
    """Nets, fees and rejected records add up; transactions are all there, each once."""
    for name in SUMS:
        together = summed(name, rows_of(scheme, name, *period))
        apart = [row for each in cycles for row in rows_of(scheme, name, "--cycle", each)]
        assert together == summed(name, apart)
        assert together
    one = ("--participant", "GOLDKZ")
    found = rows_of(scheme, "transactions", *one, *period)
    assert {row["cycle"] for row in found} == set(cycles)
    ids = [row["item_id"] for row in found]
    apart = [
        row for each in cycles for row in rows_of(scheme, "transactions", *one, "--cycle", each)
    ]
    assert sorted(ids) == sorted({row["item_id"] for row in apart})


def test_a_periods_folder_is_named_by_its_first_and_last_cycle(
    scheme: Path, tmp_path: Path
) -> None:
    """What is reported about a quarter lies beside what is reported about its cycles."""
    period = ("--from", "2026-11-01", "--until", "2026-12-31")
    words = ["report", "all", "-c", str(scheme), *period, "--out", str(tmp_path)]
    result = CliRunner().invoke(main, [*words, "--format", "html", "--format", "csv"])
    assert result.exit_code == 0, result.output
    folder = tmp_path / "2026-11-23-1_2026-11-24-1"
    assert "2026-11-01 to 2026-12-31 (3 cycles)" in (folder / "index.html").read_text()
    for subject in ("scheme", "GOLDKZ", "SMALLKZ"):
        assert (folder / subject / "net-settlement.csv").is_file()


def test_figures_to_publish_take_the_worst_cycle_not_the_sum(scheme: Path) -> None:
    """A peak over a quarter is that of one of its cycles, and says which."""
    period = ("--from", "2026-11-01", "--until", "2026-12-31")
    peaks = {}
    for each in (("--cycle", MORNING), ("--cycle", EVENING), ("--cycle", NEXT_DAY), period):
        (peaks[each],) = (
            int(row["amount"])
            for row in rows_of(scheme, "pfmi", *each)
            if row["figure"] == "Peak debt of the largest net debtor" and row["currency"] == "KZT"
        )
    whole = peaks.pop(period)
    assert whole == max(peaks.values())
    assert len(set(peaks.values())) > 1
