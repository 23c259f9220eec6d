"""`altyn report stand-in`, over a real journal file."""

import json
from pathlib import Path

from click.testing import CliRunner

from altyn.runtime.commands.report import command
from altyn.runtime.sqlite_storage import SqliteStorage
from altyn.switch import AdviceOrdered
from altyn.transaction import entries
from tests.switch.bench import Bench
from tests.switch.test_regret import acknowledge
from tests.switch.test_standin import CARDS, away, code_of


def journal_of(bench: Bench, path: Path) -> str:
    """The journal of a bench as a file."""
    storage = SqliteStorage(path, "TEST", entries.RECORD_BYTES)
    for batch in bench.storage.batches():
        storage.append(batch)
    storage.close()
    return str(path)


def outage(path: Path) -> str:
    """A journal of an outage: three approvals, one regretted, one refusal."""
    bench = away()
    for card, amount in zip(CARDS, (10_000, 20_000, 30_000), strict=False):
        assert code_of(bench, card=card, amount=amount) == "00"
    assert code_of(bench, amount=50_001) == "61"
    acknowledge(bench, "00", "51")
    return journal_of(bench, path)


def test_report_shows_what_stand_in_cost(tmp_path: Path) -> None:
    """One line for each reason, within 100 columns, refusals below."""
    result = CliRunner().invoke(command, ["stand-in", outage(tmp_path / "journal.db")])
    assert result.exit_code == 0, result.output
    text = " ".join(result.output.split())
    assert "HILL unreachable 3" in text
    assert "600.00 TRY 2 1 0 1 1 200.00 TRY" in text
    assert "HILL would have refused, in TRY: 1 with 51" in text
    assert "HILL: stand-in refused 1, amount: 500.01 TRY" in text
    assert max(map(len, result.output.splitlines())) <= 100
    assert not any(card in result.output for card in CARDS)


def test_report_as_json_has_every_figure(tmp_path: Path) -> None:
    """The same figures as data; a filter leaves others out."""
    path = outage(tmp_path / "journal.db")
    result = CliRunner().invoke(command, ["stand-in", path, "--json"])
    figures = json.loads(result.output)
    (line,) = figures["stood_in"]
    assert line == {
        "issuer": "HILL",
        "currency": "TRY",
        "outcome": "STOOD_IN_UNREACHABLE",
        "count": 3,
        "amount": 60_000,
        "delivered": 2,
        "agreed": 1,
        "regretted": {"51": 1},
        "cost": 20_000,
        "outstanding": 1,
        "dead": 0,
        "closed": 0,
    }
    assert [row["outcome"] for row in figures["refused"]] == ["STAND_IN_AMOUNT"]
    for option in (["--issuer", "SEA"], ["--business-day", "20200101"]):
        result = CliRunner().invoke(command, ["stand-in", path, "--json", "-", *option])
        assert json.loads(result.output) == {"stood_in": [], "refused": []}


def test_an_advice_that_an_operator_closed_is_told(tmp_path: Path) -> None:
    """It is neither owed nor taken, and would be missing from the page."""
    bench = away()
    assert code_of(bench) == "00"
    advice = next(iter(bench.state.issuers.values())).advices.owed()[0].sequence
    bench.step(AdviceOrdered("close", advice, "night shift", "settled by letter"))
    result = CliRunner().invoke(command, ["stand-in", journal_of(bench, tmp_path / "journal.db")])
    assert "HILL: an operator closed 1 of its advices, unreachable" in result.output


def test_report_of_a_journal_without_stand_in_says_so(tmp_path: Path) -> None:
    """No table of nothing."""
    bench = Bench()
    bench.buy()
    result = CliRunner().invoke(command, ["stand-in", journal_of(bench, tmp_path / "journal.db")])
    assert result.output == "Stand-in has decided nothing.\n"
