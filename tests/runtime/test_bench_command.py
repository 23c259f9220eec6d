"""`altyn bench`: what its options mean, what it reports, and a short run of the real switch."""

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from altyn.journal import BatchBuilder
from altyn.runtime.commands.bench import command
from altyn.runtime.load import PROFILES, LoadProfile
from altyn.runtime.load.journal_check import JournalCheck, approved_in
from altyn.runtime.load.measurement import Measurement, MeasurementPlan, ProfileFigures
from altyn.runtime.load.process_usage import family
from altyn.runtime.load.report import lines_of, render
from altyn.runtime.load.switch_process import (
    SCHEME_ID,
    SwitchPlan,
    SwitchProcess,
    free_port,
    program,
)
from altyn.runtime.output import UserError
from altyn.runtime.scheme_file import load_scheme
from altyn.runtime.settings import load_settings
from altyn.runtime.sqlite_storage import SqliteStorage
from altyn.transaction import Outcome, entries


def figures(profile: LoadProfile, rate: float, p50: float, p99: float) -> ProfileFigures:
    """Figures of a run in which all was well; latencies in seconds."""
    latency = {"p50": p50, "p90": p50, "p99": p99, "p99_9": p99, "maximum": p99}
    return ProfileFigures(
        profile,
        {
            "replies_per_second": rate,
            "latency": latency,
            "sending_lag": latency,
            "approved": 10_000_000,
            "declined": {},
            "switch_cpu": 0.9,
            "generator_cpu": 0.2,
            "issuer_cpu": 0.1,
            "other_cpu": 0.02,
            "longest_pause": 0.05,
            **dict.fromkeys(("timed_out", "unanswered", "unmatched", "mismatched", "malformed"), 0),
        },
        100 << 20,
    )


def measurement(*runs: ProfileFigures, extra_flush_ms: int = 0) -> Measurement:
    """A measurement with those figures and a journal that agrees."""
    plan = MeasurementPlan([run.profile for run in runs], 10, 3, extra_flush_ms, Path("unused"))
    return Measurement(plan, "a machine", list(runs), JournalCheck(True, 1000, 1000, 0))


def test_lines_compare_like_with_like() -> None:
    """A rate is above its line when it is higher, a latency when it is lower."""
    found = lines_of(
        measurement(
            figures(PROFILES[0], rate=30_000, p50=0.002, p99=0.050),
            figures(PROFILES[3], rate=1000, p50=0.0005, p99=0.002),
        )
    )
    assert [(line.profile, line.what, line.line, line.reached) for line in found] == [
        ("closed-64", "per second", 20_000, 1.5),
        ("closed-64", "p99 ms", 25, 0.5),
        ("closed-64", "p99.9 ms", 60, 1.2),
        ("open-1000", "p50 ms", 1, 2.0),
        ("open-1000", "p99 ms", 5, 2.5),
    ]


def test_slower_flushes_have_a_line_of_their_own() -> None:
    """With slower flushes the widest window alone has a line, and the latency has none."""
    runs = [figures(profile, 15_000, 0.01, 0.02) for profile in PROFILES]
    found = lines_of(measurement(*runs, extra_flush_ms=5))
    assert [(line.profile, line.what, line.line, line.reached) for line in found] == [
        ("closed-512", "per second", 15_000, 1.0)
    ]


def test_report_fits_a_page_and_says_on_which_machine() -> None:
    """The tables are no wider than 100 columns, and the machine stands below them."""
    runs = [figures(profile, 123_456.7, 0.25, 12.5) for profile in PROFILES]
    console = Console(width=100)
    with console.capture() as captured:
        console.print(render(measurement(*runs)))
    text = captured.get()
    assert "a machine" in text
    assert text.count("123,457") == 4 + 3
    assert "12,500" in text
    assert text.count("10,000,000") == 4
    assert "…" not in text


@pytest.mark.parametrize(
    ("figure", "value", "said"),
    [
        ("other_cpu", 0.05, []),
        ("other_cpu", 0.9, ["OTHER PROGRAMS used up to 0.90 processors"]),
        ("longest_pause", 14.2, ["THE MACHINE or the generator stood still for 14.2 s"]),
    ],
)
def test_trouble_of_the_machine_is_said(figure: str, value: float, said: list[str]) -> None:
    """Figures taken beside another program, or over a pause, carry a warning: they mislead."""
    run = figures(PROFILES[0], 20_000, 0.001, 0.002)
    run.result[figure] = value
    console = Console(width=100)
    with console.capture() as captured:
        console.print(render(measurement(run)))
    warnings = [line for line in captured.get().splitlines() if "do not keep" in line]
    assert [line.partition(":")[0] for line in warnings] == said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--profile", "closed-64", "--window", "64"], "--profile names a profile"),
        (["--window", "64", "--rate", "100"], "give one of them"),
        (["--window", "65"], "multiple of --connections"),
        (["--window", "2", "--connections", "4"], "multiple of --connections"),
        (["--profile", "closed-65"], "closed-64x1"),
    ],
)
def test_options_that_contradict_each_other_are_refused(arguments: list[str], said: str) -> None:
    """Nothing is started, and the message says which options and why."""
    result = CliRunner().invoke(command, ["switch", *arguments])
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_folder_of_an_earlier_run_is_refused(tmp_path: Path) -> None:
    """A journal that is there already would be counted as this run's."""
    (tmp_path / "altyn.toml").touch()
    result = CliRunner().invoke(command, ["switch", "--keep", str(tmp_path)])
    assert isinstance(result.exception, UserError)
    assert "not empty" in str(result.exception)


def test_settings_of_the_run_are_settings_of_altyn(tmp_path: Path) -> None:
    """Both files that a run writes pass the checks that everybody's files pass."""
    plan = SwitchPlan(tmp_path, 8000, 9000, extra_flush_ms=5)
    plan.write()
    settings = load_settings(plan.settings_path)
    assert settings.journal.path == plan.journal_path
    assert settings.journal.extra_flush_ms == 5
    assert {link.port for link in settings.links} == {8000, 9000}
    assert load_scheme(settings.scheme_path)


def write_journal(path: Path) -> None:
    """A journal with two approved transactions, one declined and one still under way."""
    columns = {column.name: column.offset for column in entries.COLUMNS}

    def record(stage: int, outcome: int) -> bytes:
        body = bytearray(entries.RECORD_BYTES)
        body[columns["stage"]], body[columns["outcome"]] = stage, outcome
        return bytes(body)

    storage = SqliteStorage(path, SCHEME_ID, entries.RECORD_BYTES)
    finished = entries.Stage.FINISHED
    batches: list[list[tuple[int, int]]] = [
        [(entries.Stage.STARTED, 0), (finished, Outcome.APPROVED)],
        [(finished, Outcome.DECLINED_BY_ISSUER), (finished, Outcome.APPROVED)],
    ]
    for batch in batches:
        end = storage.end()
        builder = BatchBuilder(end.sequence + 1)
        builder.append(2, b"a fact of another kind")
        for stage, outcome in batch:
            builder.append(entries.TRANSACTION_ENTRY, record(stage, outcome))
        storage.append(builder.seal(end.hash, 0))
    storage.close()


def test_approvals_in_a_journal_are_counted(tmp_path: Path) -> None:
    """Finished and approved counts; declined, under way and other kinds do not."""
    path = tmp_path / "journal.db"
    write_journal(path)
    assert approved_in(str(path)) == 2


@pytest.mark.parametrize(
    ("in_journal", "seen", "unanswered", "holds"),
    [(10, 10, 0, True), (12, 10, 2, True), (9, 10, 5, False), (13, 10, 2, False)],
)
def test_i4_journal_holds_what_was_seen(
    in_journal: int, seen: int, unanswered: int, holds: bool
) -> None:
    """An approval seen and not kept breaks the promise; one kept and unseen was under way."""
    assert JournalCheck(True, in_journal, seen, unanswered).holds is holds
    assert not JournalCheck(False, in_journal, seen, unanswered).holds


@pytest.mark.process
def test_switch_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A port that is taken ends the measurement with the switch's own last words."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with SwitchProcess(SwitchPlan(tmp_path, port, free_port())) as switch:
            with pytest.raises(UserError, match="address already in use"):
                switch.probe()
            assert switch.stop() == 1


@pytest.mark.process
def test_everything_started_ends_when_the_command_is_terminated(tmp_path: Path) -> None:
    """SIGTERM to the command leaves neither a switch nor an issuer behind."""
    with subprocess.Popen(
        program("bench", "switch", "--external", "--keep", str(tmp_path)),
        stdout=subprocess.PIPE,
        text=True,
    ) as command_process:
        assert command_process.stdout is not None
        assert "takes authorizations" in command_process.stdout.readline()
        started = family(command_process.pid)
        command_process.send_signal(signal.SIGTERM)
        assert command_process.wait(30) == 128 + signal.SIGTERM
    assert len(started) == 3
    for process_id in started:
        with pytest.raises(ProcessLookupError):
            os.kill(process_id, 0)


@pytest.mark.process
def test_ctrl_c_ends_everything_without_a_trace(tmp_path: Path) -> None:
    """A terminal sends SIGINT to all processes at once; only the command says something."""
    with subprocess.Popen(
        program("bench", "switch", "--external", "--keep", str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command_process:
        assert command_process.stdout is not None and command_process.stderr is not None
        assert "takes authorizations" in command_process.stdout.readline()
        started = family(command_process.pid)
        os.killpg(command_process.pid, signal.SIGINT)
        command_process.wait(30)
        assert "Traceback" not in command_process.stderr.read()
    assert len(started) == 3
    for process_id in started:
        with pytest.raises(ProcessLookupError):
            os.kill(process_id, 0)


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_i4_real_switch_under_load_keeps_every_approval(tmp_path: Path, store: str) -> None:
    """A short run of the real switch loses nothing, and its journal holds what was answered; the
    server of PostgreSQL's is the measurement's own."""
    figures_path, folder = tmp_path / "figures.json", tmp_path / "run"
    options = (
        "--seconds",
        "1",
        "--warmup",
        "0.5",
        "--profile",
        "closed-64",
        "--profile",
        "open-1000",
        "--store",
        store,
    )
    files = ("--json", str(figures_path), "--keep", str(folder))
    run = subprocess.run(
        program("bench", "switch", *options, *files), capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    result = json.loads(figures_path.read_text(encoding="utf-8"))
    closed, open_loop = result["profiles"]
    assert closed["approved"] == closed["latency"]["count"] > 0
    assert open_loop["approved"] == open_loop["latency"]["count"] > 0
    assert result["journal"]["verified"] is True
    assert result["journal"]["approved_in_journal"] == result["journal"]["approved_seen"]
    assert closed["switch_memory_bytes"] > 1 << 20
    log = (folder / "serve.log").read_text(encoding="utf-8")
    assert "999999" not in log
