"""`altyn report` about a cleared cycle: tables, CSV, Parquet, pages, the whole folder."""

import csv
import io
from pathlib import Path

import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

from altyn.clearing import MatchRejection
from altyn.identifiers import ParticipantId
from altyn.ledger import AccountKind
from altyn.reports.rejections import REMEDIES
from altyn.runtime.backoffice.cycle import ClosedCycle
from altyn.runtime.cli import main
from altyn.runtime.journal.opening import open_for_writing
from altyn.settlement import (
    Answered,
    Closed,
    Form,
    Instructed,
    Net,
    Opened,
    Priced,
    orders_of,
    positions_of,
)
from tests.reports.cleared import CARD, CYCLE, hand_made, nets_of
from tests.runtime.back_office import new_office


@pytest.fixture
def scheme(tmp_path: Path) -> Path:
    """A scheme whose first cycle is cleared, and settled in tenge."""
    folder = tmp_path / "scheme"
    office = new_office(folder)
    open_for_writing(office.settings.journal, office.registry.scheme.scheme_id).close()
    cleared = hand_made()
    cleared.write(office.folders.cycle(CYCLE))
    closed = ClosedCycle(CYCLE, 20261123, 1, "", 0, 0, "", 1, "", "00000000", "00000000", ())
    name = f"{CYCLE}/KZT"
    positions = positions_of(
        (
            Net(
                ParticipantId(row["participant"]),
                ParticipantId(row["agent"]),
                row["minor_units"],
                AccountKind(row["account"]),
            )
            for row in nets_of(cleared)
            if row["settlement_currency"] == "398"
        ),
        "KZT",
    )
    orders = orders_of(name, 1, positions, Form.MULTILATERAL)
    facts = (
        Opened(name, CYCLE, "KZT", 20261123, 1_000_000),
        Closed(name, 2_000_000),
        Priced(name, positions, "ab", 3_000_000),
        Instructed(name, 1, orders, 4_000_000, 20261123),
        Answered(name, orders[0].message_id, True, "", (), 62_000_000, 63_000_000),
    )
    with office.writing() as journal:
        journal.append(closed.content())
        journal.append_settlement(facts)
    return folder


def report(*arguments: str | Path) -> Result:
    """What the command says."""
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("net-settlement", ["Net by currency", "settled", "1970-01-01 00:01:02 UTC", "not opened"]),
        ("invoice", ["interchange-1", "Fees by currency"]),
        ("reconciliation", ["clearing, settlement", "not yet priced"]),
        ("exposure", ["Cap used", "STEPKZ"]),
        ("rejected", ["DUPLICATE", "123.45"]),
        ("pfmi", ["Peak debt of the largest net debtor", "Availability"]),
    ],
)
def test_every_report_is_a_table_of_a_hundred_columns(
    scheme: Path, name: str, expected: list[str]
) -> None:
    """The last closed cycle is shown when none is named, and no line is longer than 100."""
    result = report(name, "-c", scheme)
    assert result.exit_code == 0, result.output
    words = " ".join(result.stdout.split())
    assert [each for each in expected if each not in words] == []
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_a_participants_file_gives_its_net_and_no_card(scheme: Path) -> None:
    """The CSV of transactions sums to the net, has every item once, and the card masked."""
    result = report("transactions", "-c", scheme, "--participant", "GOLDKZ", "--format", "csv")
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    sums = {"KZT": 0, "USD": 0}
    for row in rows:
        sums[row["currency"]] += int(row["principal"]) + int(row["fees"])
    nets = {
        row["settlement_currency"]: row["minor_units"]
        for row in nets_of(hand_made())
        if row["participant"] == "GOLDKZ"
    }
    assert sums == {"KZT": nets["398"], "USD": nets["840"]}
    assert [row["item_id"] for row in rows] == ["J1", "J3", "J4", "J5", "PGOLDKZ-17-2"]
    assert {row["card"] for row in rows} == {"990001******0005"}
    assert rows[0]["fee_detail"] == "interchange/interchange-1=-1200 scheme/scheme-1=-50"


def test_all_reports_make_one_folder_with_an_index(scheme: Path, tmp_path: Path) -> None:
    """Everybody's reports and the scheme's; what the index names is there; no card anywhere; a
    second time the same bytes."""
    arguments = ("--format", "html", "--format", "csv", "--format", "parquet")
    for target in ("one", "two"):
        result = report("all", "-c", scheme, *arguments, "--out", tmp_path / target)
        assert result.exit_code == 0, result.output
    made = {path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*")}
    assert Path("2026-11-23-1/index.html") in made
    assert Path("2026-11-23-1/scheme/pfmi.csv") in made
    assert Path("2026-11-23-1/SMALLKZ/transactions.parquet") in made
    index = (tmp_path / "one/2026-11-23-1/index.html").read_text()
    for path in made - {Path("2026-11-23-1/index.html")}:
        assert f'href="{path.relative_to("2026-11-23-1")}"' in index
    for path in made:
        content = (tmp_path / "one" / path).read_bytes()
        assert CARD.encode() not in content
        assert content == (tmp_path / "two" / path).read_bytes()
        if path.suffix == ".html":
            assert b"<script" not in content and b"http" not in content
    table = pyarrow.parquet.read_table(tmp_path / "one/2026-11-23-1/scheme/net-settlement.parquet")
    assert sum(table["net"].to_pylist()) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("transactions",), "one participant at a time"),
        (("invoice", "--cycle", "2026-11-24/1"), "no closed cycle is meant"),
        (("invoice", "--cycle", CYCLE, "--day", "2026-11-23"), "more than one period"),
        (("invoice", "--from", "2026-11-23"), "a period has two ends"),
        (("invoice", "--participant", "NOBODY"), "no such participant"),
        (("invoice", "--format", "parquet"), "written to a file"),
    ],
)
def test_what_cannot_be_reported_is_told(
    scheme: Path, arguments: tuple[str, ...], words: str
) -> None:
    """Each mistake is one line that says what to do."""
    result = report(*arguments, "-c", scheme)
    assert result.exit_code == 1
    assert words in str(result.exception) + result.output


def test_every_reason_has_a_remedy() -> None:
    """An acquirer is never told only that a record was rejected."""
    assert set(REMEDIES) == set(MatchRejection)
