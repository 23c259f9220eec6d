"""The demonstration, run for real: the real switch, every bank a process, real sockets."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet
import pytest

from altyn.runtime.demo.bank_spec import BankSpec, read_bank_spec, write_bank_spec
from altyn.runtime.demo.results import decimal_text, position_rows, sums_by_currency
from altyn.runtime.demo.scheme_files import write_example, write_scheme
from altyn.runtime.demo.standing import acquirer_standing, issuer_standing
from altyn.runtime.output import UserError
from altyn.runtime.settings import load_settings
from altyn.simulators import BANKS, phase_shares

ALTYN = (sys.executable, "-c", "from altyn.runtime.cli import main; main()")
BANK = (sys.executable, "-m", "altyn.runtime.demo.bank_process", "--spec")
DEMO_PATIENCE_S = 240
PATIENCE_S = 60
TRANSACTIONS = "300"

Bank = Callable[..., "subprocess.Popen[str]"]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        return port


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    """Starts bank processes, and ends what is left of them."""
    started: list[subprocess.Popen[str]] = []

    def start(spec: BankSpec) -> "subprocess.Popen[str]":
        path = tmp_path / f"{spec.name}.spec.json"
        write_bank_spec(path, spec)
        process = subprocess.Popen(
            [*BANK, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def spec_of(role: str, port: int, folder: Path, **others: Any) -> BankSpec:
    """A spec of Step Bank; issuers listen, so that an acquirer can talk to one directly."""
    name = f"stepkz-{role}"
    return BankSpec(
        name=name,
        bank_id="STEPKZ",
        role="issuer" if role == "issuer" else "acquirer",
        port=port,
        mode="listen" if role == "issuer" else "connect",
        seed="7",
        transactions=300,
        log=str(folder / f"{name}.jsonl"),
        books=str(folder / f"{name}.books.json"),
        **others,
    )


def reports_until(process: "subprocess.Popen[str]", kind: str) -> list[dict[str, Any]]:
    """The reports of a bank up to the first of a kind."""
    assert process.stdout is not None
    reports: list[dict[str, Any]] = []
    for line in process.stdout:
        reports.append(json.loads(line))
        if reports[-1]["report"] == kind:
            return reports
    raise AssertionError(f"the bank ended without a report of the kind {kind}")


def test_bank_spec_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """A spec survives its file."""
    spec = spec_of("acquirer", 4711, tmp_path, phases=("morning", "lost"), window=3)
    write_bank_spec(tmp_path / "spec.json", spec)
    assert read_bank_spec(tmp_path / "spec.json") == spec


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "cannot read"),
        ("[]", "JSON object"),
        ('{"name": "a"}', "a key is missing"),
        ('{"nmae": "a"}', "nmae: this key is unknown"),
        ('{"port": "80"}', "port: a value of type int"),
        ('{"role": "merchant"}', "role: must be one of acquirer, issuer"),
    ],
)
def test_wrong_bank_spec_is_refused_with_its_key(tmp_path: Path, text: str, fault: str) -> None:
    """Each fault names the file and the key."""
    path = tmp_path / "spec.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=fault):
        read_bank_spec(path)


def test_scheme_files_are_sound_settings(tmp_path: Path) -> None:
    """What the demonstration writes, the switch's own reader takes, issuers' lines first."""
    scheme = write_scheme(tmp_path, "7", 300)
    links = load_settings(scheme.settings).links
    assert len({link.port for link in links}) == len(links) == 9
    for name in {str(link.participant) for link in links}:
        own = [str(link.id) for link in links if link.participant == name]
        assert own == sorted(own, reverse=True)


def test_every_seed_gives_a_purchase_to_try(tmp_path: Path) -> None:
    """A purchase on the bank's own card for whoever stays, also when a small day has none."""
    scheme = write_scheme(tmp_path, "7", 300)
    for number in range(100):
        purchase = json.loads(write_example(scheme, str(number)).read_text())
        assert (purchase["mti"], purchase["fields"]["32"]) == ("0100", "400101")
        assert purchase["fields"]["2"].startswith(("990001", "990011", "990012"))


def test_long_folder_gets_its_control_socket_elsewhere(tmp_path: Path) -> None:
    """A path that a local socket cannot have is replaced by a short one."""
    folder = tmp_path / ("a" * 120)
    folder.mkdir()
    assert len(os.fsencode(write_scheme(folder, "7", 100).control_socket)) < 108


@pytest.mark.process
def test_two_banks_trade_with_each_other_directly(tmp_path: Path, bank: Bank) -> None:
    """An acquirer and an issuer that share nothing but the wire end with books that agree."""
    port = free_port()
    issuer = bank(spec_of("issuer", port, tmp_path))
    acquirer = bank(
        spec_of("acquirer", port, tmp_path, phases=("morning", "lost"), stop_when_done=True)
    )
    reports_until(acquirer, "stopped")
    issuer.communicate(timeout=PATIENCE_S)
    books = {
        role: json.loads((tmp_path / f"stepkz-{role}.books.json").read_text("utf-8"))
        for role in ("acquirer", "issuer")
    }
    standing = acquirer_standing(books["acquirer"])
    assert standing.total() > 0
    assert issuer_standing(books["issuer"]) == standing


@pytest.mark.process
def test_bank_logs_every_message_and_no_card_number(tmp_path: Path, bank: Bank) -> None:
    """Lines count without gaps, numbers are masked, tracks and PIN blocks are left out."""
    port = free_port()
    issuer = bank(spec_of("issuer", port, tmp_path))
    acquirer = bank(spec_of("acquirer", port, tmp_path, phases=("morning",), stop_when_done=True))
    reports_until(acquirer, "stopped")
    issuer.communicate(timeout=PATIENCE_S)
    for role in ("acquirer", "issuer"):
        text = (tmp_path / f"stepkz-{role}.jsonl").read_text("utf-8")
        lines = [json.loads(line) for line in text.splitlines()]
        assert [line["n"] for line in lines] == list(range(1, len(lines) + 1))
        assert {line["way"] for line in lines} == {"sent", "got"}
        assert all("*" in line["2"] for line in lines if "2" in line)
        assert not {"35", "52", "55"} & {key for line in lines for key in line}


@pytest.mark.process
def test_f21_acquirer_repeats_after_its_peer_was_killed(tmp_path: Path, bank: Bank) -> None:
    """What was open when the peer died is sent again as a repeat when one is back."""
    port = free_port()
    slow = bank(spec_of("issuer", port, tmp_path, answer_delay_ms=200))
    acquirer = bank(
        spec_of("acquirer", port, tmp_path, phases=("morning",), stop_when_done=True, window=20)
    )
    while reports_until(slow, "figures")[-1]["requests"] == 0:
        continue
    slow.kill()
    bank(spec_of("issuer", port, tmp_path))
    figures = [r for r in reports_until(acquirer, "stopped") if r["report"] == "figures"][-1]
    assert (figures["waiting"], figures["plays_done"]) == (
        0,
        phase_shares(300)["morning"]["STEPKZ"],
    )
    books = json.loads((tmp_path / "stepkz-acquirer.books.json").read_text("utf-8"))
    assert {exchange["fate"] for exchange in books["exchanges"]} == {"answered"}
    assert any(exchange["attempts"] > 1 for exchange in books["exchanges"])


@pytest.mark.process
def test_bank_stops_when_its_input_ends(tmp_path: Path, bank: Bank) -> None:
    """A bank without a parent ends by itself, even when there is nobody to talk to."""
    process = bank(spec_of("acquirer", free_port(), tmp_path))
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert json.loads(output.splitlines()[-1]) == {"report": "stopped"}
    assert process.returncode == 0


def test_positions_are_those_of_the_closed_day_and_their_sums_are_told() -> None:
    """Rows of another business day are left out; sums are by currency."""
    row = {"participant": "STEPKZ", "currency": "USD", "net": 5, "held": 0}
    answer = {
        "positions": [
            {**row, "business_day": 20261123},
            {**row, "participant": "PEARLKW", "net": -5, "business_day": 20261123},
            {**row, "net": 99, "business_day": 20261124},
        ]
    }
    rows = position_rows(answer, 20261123)
    assert [(row["participant"], row["net"]) for row in rows] == [("PEARLKW", -5), ("STEPKZ", 5)]
    assert sums_by_currency(rows) == {"USD": 0}


@pytest.mark.parametrize(
    ("minor_units", "currency", "text"),
    [(-123456, "KZT", "-1234.56"), (5, "KWD", "0.005"), (7, "JPY", "7"), (0, "USD", "0.00")],
)
def test_m01_amounts_are_written_with_the_currency_s_own_decimals(
    minor_units: int, currency: str, text: str
) -> None:
    """Exponents 0, 2 and 3 of ISO 4217 each write their decimals."""
    assert decimal_text(minor_units, currency) == text


def run_demo(folder: Path, seed: str) -> dict[str, Any]:
    """A whole demonstration; its summary."""
    arguments = ("demo", "--transactions", TRANSACTIONS, "--seed", seed, "--exit")
    outcome = subprocess.run(
        [*ALTYN, *arguments, "--out", str(folder), "--json", "-"],
        capture_output=True,
        text=True,
        timeout=DEMO_PATIENCE_S,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    summary: dict[str, Any] = json.loads(outcome.stdout)
    return summary


def business(summary: dict[str, Any]) -> dict[str, Any]:
    """What of a summary must not depend on timing."""
    names = (
        "outcomes",
        "positions",
        "requests_by_code",
        "reversals_delivered",
        "approved",
        "stand_in",
    )
    cycles = [
        {name: cycle[name] for name in ("cycle", "mistakes", "outcomes", "rejections", "nets")}
        for cycle in summary["cycles"]
    ]
    return {"cycles": cycles, **{name: summary[name] for name in names}}


@pytest.fixture(scope="module")
def seventh(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """One day with the seed 7, and its folder."""
    folder = tmp_path_factory.mktemp("demo") / "day"
    return run_demo(folder, "7"), folder


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.timeout(300)  # the day is played while this test waits
def test_day_is_sound(seventh: tuple[dict[str, Any], Path]) -> None:
    """Books agree, positions add up to zero, the journal is verified, nothing surprised."""
    summary, _ = seventh
    assert summary["surprises"] == []
    assert (summary["zero_sum"], summary["books_agree"], summary["journal_verified"]) == (
        True,
        True,
        True,
    )
    assert summary["approved"] + summary["declined"] == sum(summary["requests_by_code"].values())
    assert len({row["participant"] for row in summary["positions"]}) == len(BANKS)


@pytest.mark.process
@pytest.mark.slow
def test_f29_day_shows_stand_in_and_its_regret(seventh: tuple[dict[str, Any], Path]) -> None:
    """Every stand-in was told to the issuer, and it would have refused some of them."""
    summary, folder = seventh
    lines = summary["stand_in"]["stood_in"]
    assert {(line["issuer"], line["outcome"]) for line in lines} == {
        ("BOSPHTR", "STOOD_IN_UNREACHABLE")
    }
    count = sum(line["count"] for line in lines)
    regretted = sum(sum(line["regretted"].values()) for line in lines)
    outcomes = summary["outcomes"]
    assert count == outcomes["stood-in/request/00"] + outcomes["stood-in-regretted/request/00"]
    assert regretted == outcomes["stood-in-regretted/request/00"] > 0
    assert [line["delivered"] for line in lines] == [line["count"] for line in lines]
    assert sum(line["cost"] for line in lines) > 0
    books = json.loads((folder / "banks" / "bosphtr-issuer.books.json").read_text("utf-8"))
    assert (books["figures"]["stand_ins"], books["figures"]["regrets"]) == (count, regretted)
    refused = {line["outcome"] for line in summary["stand_in"]["refused"]}
    assert refused == {"STAND_IN_UNVERIFIED"}


@pytest.mark.process
@pytest.mark.slow
def test_day_has_every_common_decline(seventh: tuple[dict[str, Any], Path]) -> None:
    """Each response code that the guide promises comes up, the cap's and the absence's too."""
    codes = seventh[0]["requests_by_code"].keys()
    expected = "00 05 12 13 14 15 41 43 51 54 55 57 61 62 65 91"
    assert set(codes) == set(expected.split())


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_same_seed_gives_the_same_day(seventh: tuple[dict[str, Any], Path], tmp_path: Path) -> None:
    """Counts by outcome, positions and nets follow from the seed, not from timing or kills."""
    again = run_demo(tmp_path / "again", "7")
    assert business(again) == business(seventh[0])


@pytest.mark.process
@pytest.mark.slow
def test_two_cycles_are_settled_though_every_step_is_killed_once(
    seventh: tuple[dict[str, Any], Path],
) -> None:
    """Files, clearing and settlement end as they would have; rejected is what was spoiled."""
    summary, folder = seventh
    first, second = summary["cycles"]
    for cycle in (first, second):
        assert (cycle["as_foretold"], cycle["nets_zero_sum"], cycle["final"]) == (True, True, True)
        assert cycle["kills"] > 0
        reports = folder / "reports" / cycle["cycle"].replace("/", "-")
        assert (reports / "index.html").is_file()
    assert (first["files"], first["files_refused"], second["files_refused"]) == (5, 1, 0)
    assert summary["statement_agrees"]
    bank = json.loads((folder / "settlement-bank" / "books.json").read_text("utf-8"))
    assert bank


@pytest.mark.process
@pytest.mark.slow
def test_day_is_written_to_files(seventh: tuple[dict[str, Any], Path]) -> None:
    """Exports, positions and summary are there and say the same."""
    summary, folder = seventh
    assert json.loads((folder / "summary.json").read_text("utf-8")) == summary
    with (folder / "positions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["net_minor_units"]) for row in rows] == [
        row["net"] for row in summary["positions"]
    ]
    with (folder / "transactions.csv").open(encoding="utf-8", newline="") as file:
        lines = sum(1 for _ in csv.reader(file)) - 1
    table = pyarrow.parquet.read_table(folder / "transactions.parquet")
    assert table.num_rows == lines > int(TRANSACTIONS)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_demonstration(tmp_path: Path, order: signal.Signals) -> None:
    """However the demonstration ends, the switch and all banks end with it."""
    # A shell in the background hands SIGINT on as ignored; a handler of ours is default to a child.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [*ALTYN, "demo", "--transactions", "100", "--seed", "7", "--out", str(tmp_path / "day")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    signal.signal(signal.SIGINT, before)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C stops it" in line:
                break
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) == 10, [child.cmdline() for child in children]
        process.send_signal(order)
        process.communicate(timeout=PATIENCE_S)
        _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
        assert alive == []
    finally:
        process.kill()


def test_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    """The journal of an earlier day is never written over."""
    (tmp_path / "journal.db").write_text("", encoding="utf-8")
    outcome = subprocess.run(
        [*ALTYN, "demo", "--exit", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert outcome.returncode == 1
    assert "this folder is not empty" in outcome.stderr
