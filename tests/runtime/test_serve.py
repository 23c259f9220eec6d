"""`altyn serve` as a process: how it starts, what it refuses, how it stops."""

import json
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from altyn.clock import Instant, business_day
from altyn.journal import BatchBuilder
from altyn.registry import Registry
from altyn.runtime.cli import main
from altyn.runtime.journal.opening import open_journal
from altyn.runtime.online.node import business_day_at, cut_over_instant
from altyn.runtime.scheme_file import load_scheme
from altyn.runtime.settings import load_settings
from altyn.runtime.sqlite_storage import SqliteStorage
from altyn.switch import Record, Switch, SwitchState
from altyn.transaction import entries
from tests.runtime.served_switch import (
    HILL,
    HILL_CARD,
    SCHEME,
    SEA,
    ServedSwitch,
    Witness,
    answer_to,
    free_port,
    link_table,
    serving,
)
from tests.switch.bench import scheme

pytestmark = pytest.mark.process


@pytest.fixture
def ports() -> dict[str, int]:
    """A port for each bank."""
    return {"sea": free_port(), "hill": free_port()}


@pytest.fixture
def links(ports: dict[str, int]) -> dict[str, str]:
    """A link for each bank; nobody signs on, issuers have 300 ms."""
    return {
        name: link_table(name, participant, ports[name], sign_on="none", reply_timeout_ms=300)
        for name, participant in (("sea", "SEATR"), ("hill", "HILLTR"))
    }


@pytest.fixture
def switch(tmp_path: Path, links: dict[str, str]) -> Iterator[ServedSwitch]:
    """A switch of one's own."""
    with serving(tmp_path, links) as served:
        yield served


def expect_refusal(switch: ServedSwitch, said: str) -> None:
    """Starting fails with a reason for people, and exit code 1."""
    with pytest.raises(AssertionError, match="the switch ended"):
        switch.start()
    assert switch.process is not None
    assert switch.process.returncode == 1
    assert said in switch.log
    assert "Traceback" not in switch.log


def test_d09_a_second_switch_on_one_journal_is_refused(
    switch: ServedSwitch, links: dict[str, str]
) -> None:
    """The journal has one writer; the second process says so and ends, the first goes on."""
    words = (switch.folder / "serve.log").read_bytes()
    second = ServedSwitch(switch.folder, links)
    expect_refusal(second, "journal.db")
    (switch.folder / "serve.log").write_bytes(words)
    assert switch.order("status")["ok"]
    assert switch.stop() == 0


def test_a_journal_of_another_scheme_is_refused(switch: ServedSwitch) -> None:
    """The journal belongs to one scheme for ever."""
    assert switch.stop() == 0
    switch.scheme = SCHEME.replace('id = "WITNESS"', 'id = "OTHER"')
    expect_refusal(switch, "scheme")


def test_a_port_that_is_taken_is_told(tmp_path: Path, links: dict[str, str]) -> None:
    """The port belongs to somebody else: an error for people, not a trace."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        links["sea"] = link_table("sea", "SEATR", taken.getsockname()[1])
        expect_refusal(ServedSwitch(tmp_path, links), "link")


@pytest.mark.parametrize("key", ["[journal]\npath", "[log]\nfile"])
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, key: str) -> None:
    """A file stands where a folder should be: an error for people that names the path."""
    (tmp_path / "taken").write_text("")
    (tmp_path / "scheme.toml").write_text(SCHEME)
    settings = tmp_path / "altyn.toml"
    lines = [link_table(each, f"{each.upper()}TR", free_port()) for each in ("sea", "hill")]
    settings.write_text(f'{key} = "taken/below/here"\n' + "".join(lines))
    result = CliRunner().invoke(main, ["serve", "-c", str(settings)])
    assert result.exit_code == 1
    assert f"{tmp_path / 'taken' / 'below' / 'here'}: cannot be opened for writing" in result.stderr


def test_a_faulty_configuration_is_refused_before_anything_starts(
    tmp_path: Path, links: dict[str, str]
) -> None:
    """A key that nobody knows: refused, and no journal was made."""
    links["sea"] += "colour = 1\n"
    expect_refusal(ServedSwitch(tmp_path, links), "colour")
    assert not (tmp_path / "data" / "journal.db").exists()


def test_d14_a_status_file_that_cannot_be_written_stops_no_timer(
    switch: ServedSwitch, ports: dict[str, int]
) -> None:
    """The status file's place is taken by a folder: an alarm, and deadlines still run."""
    (switch.folder / "data" / "status.json.new").mkdir(parents=True)
    switch.wait_until(lambda: switch.alarms().count("status-not-written") > 1)
    with Witness(ports["sea"], SEA) as sea, Witness(ports["hill"], HILL) as hill:
        assert hill.ask(hill.network("301"))["39"] == "00"
        sea.send(sea.request(HILL_CARD, 100))
        assert hill.receive()["t"] == "0200"
        assert sea.receive()["39"] == "91"
    assert switch.stop() == 0


def test_the_status_file_tells_how_it_is(switch: ServedSwitch, ports: dict[str, int]) -> None:
    """Links, counts and the day, rewritten while serving, and the end of serving at the end."""
    path = switch.folder / "data" / "status.json"
    with Witness(ports["sea"], SEA) as sea:
        assert sea.ask(sea.request("9999990000000014", 100))["39"] == "15"
        switch.wait_until(
            lambda: (
                path.exists() and json.loads(path.read_text())["traffic"]["replies"].get("15") == 1
            )
        )
        status = json.loads(path.read_text())
    assert status["serving"]
    assert status["scheme"] == "WITNESS"
    assert {link["id"]: link["connections"] for link in status["links"]} == {"sea": 1, "hill": 0}
    assert "9999990000000014" not in path.read_text() + switch.log
    assert switch.stop() == 0
    assert not json.loads(path.read_text())["serving"]


def test_a_switch_that_stops_takes_nothing_new_however_long_it_takes(
    tmp_path: Path, links: dict[str, str], ports: dict[str, int]
) -> None:
    """Seconds after SIGTERM, with a request still in flight, new ones are refused with 96."""
    links["hill"] = link_table("hill", "HILLTR", ports["hill"], sign_on="none")
    with (
        serving(tmp_path, links) as switch,
        Witness(ports["sea"], SEA) as sea,
        Witness(ports["hill"], HILL) as hill,
    ):
        assert hill.ask(hill.network("301"))["39"] == "00"
        sea.send(sea.request(HILL_CARD, 100))
        seen = hill.receive()
        switch.signal(signal.SIGTERM)
        switch.wait_until(lambda: "intake-closed" in switch.alarms())
        path = tmp_path / "data" / "status.json"
        for _ in range(2):
            path.unlink(missing_ok=True)
            switch.wait_until(path.exists)
        assert sea.ask(sea.request(HILL_CARD, 100))["39"] == "96"
        hill.send(answer_to(seen, "00"))
        assert sea.receive()["39"] == "00"
        assert switch.stop() == 0


def test_f38_a_link_that_cannot_be_opened_is_an_alarm(switch: ServedSwitch) -> None:
    """A reload names a port that is taken: told in the log; what stood goes on standing."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        switch.links["more"] = link_table("more", "SEATR", taken.getsockname()[1])
        switch.write()
        switch.signal(signal.SIGHUP)
        switch.wait_until(lambda: "link-not-opened" in switch.alarms())
    assert switch.order("status")["ok"]
    assert switch.stop() == 0


def test_w15_a_switch_that_connects_comes_back_to_a_bank_that_returns(
    tmp_path: Path, links: dict[str, str]
) -> None:
    """The switch calls the bank, signs on, loses it, and calls again."""
    with socket.create_server(("127.0.0.1", 0)) as bank:
        bank.settimeout(20)
        port = bank.getsockname()[1]
        links["hill"] = link_table("hill", "HILLTR", port, mode="connect", sign_on="switch")
        with serving(tmp_path, links) as switch:
            for _ in range(2):
                hill = object.__new__(Witness)
                hill.institution, hill.stan = HILL, 0
                hill.socket, _ = bank.accept()
                with hill:
                    asked = hill.receive()
                    assert (asked["t"], asked["70"]) == ("0800", "001")
                    hill.send(answer_to(asked, "00", f70="001"))
                    switch.wait_until(lambda: usable(switch))
                switch.wait_until(lambda: not usable(switch))
            assert switch.stop() == 0


def usable(switch: ServedSwitch) -> bool:
    """Whether Hill Bank's link carries traffic."""
    links = switch.order("status")["links"]
    return any(link["usable"] for link in links if link["id"] == "hill")


def test_w05_frames_may_be_as_long_as_the_settings_say(
    tmp_path: Path, links: dict[str, str], ports: dict[str, int]
) -> None:
    """A limit above the usual read buffer: a frame of 300,000 bytes is read whole, and refused
    as no message."""
    links["sea"] = link_table("sea", "SEATR", ports["sea"], framing="binary4")
    with serving(tmp_path, links, frame_bytes_max=400_000) as switch:
        with Witness(ports["sea"], SEA) as sea:
            sea.socket.sendall((300_000).to_bytes(4, "big") + b"A" * 300_000)
            assert sea.is_closed()
        assert "unreadable-message" in switch.alarms()
        assert "Traceback" not in switch.log
        assert switch.stop() == 0


def test_the_control_socket_is_its_owners_alone(switch: ServedSwitch) -> None:
    """Nobody else may give orders: mode 0600; a line that is no JSON is told so."""
    path = switch.folder / "data" / "control.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(path))
        connection.sendall(b"cut over please\n")
        answer = json.loads(connection.makefile().readline())
    assert answer == {"ok": False, "error": "an order is one line of JSON"}
    assert switch.stop() == 0
    assert not path.exists()


@pytest.mark.parametrize(
    ("day", "clock", "instant"),
    [
        (20260328, "02:30", datetime(2026, 3, 28, 1, 30, tzinfo=UTC)),
        (20260329, "02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (20261025, "02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (20261026, "02:30", datetime(2026, 10, 26, 1, 30, tzinfo=UTC)),
    ],
)
def test_t05_a_cut_over_happens_once_when_clocks_change(
    day: int, clock: str, instant: datetime
) -> None:
    """02:30 in Berlin: not there on 29 March, there twice on 25 October; each day has one end."""
    berlin = replace(scheme(), timezone="Europe/Berlin", cut_over_time=clock)
    assert cut_over_instant(day, berlin) == instant
    assert business_day_at(instant, berlin) == day + 1


def test_t04_the_business_day_of_an_instant() -> None:
    """The local date until the cut-over, the next one after it, the date alone without one."""
    almaty = replace(scheme(), timezone="Asia/Almaty", cut_over_time="23:00")
    assert business_day_at(datetime(2026, 12, 31, 17, 59, 59, tzinfo=UTC), almaty) == 20261231
    assert business_day_at(datetime(2026, 12, 31, 18, 0, 0, tzinfo=UTC), almaty) == 20270101
    without = replace(almaty, cut_over_time="")
    assert business_day_at(datetime(2026, 12, 31, 18, 59, 59, tzinfo=UTC), without) == 20261231


def test_t05_days_that_passed_while_the_switch_was_down_are_closed_at_once(
    tmp_path: Path, links: dict[str, str]
) -> None:
    """A journal left forty days ago is at the present day as soon as the switch looks."""
    daily = SCHEME.replace('cut_over_time = ""', 'cut_over_time = "23:00"')
    switch = ServedSwitch(tmp_path, links, scheme=daily)
    switch.write()
    registry = Registry(load_scheme(tmp_path / "scheme.toml"))
    past = business_day((datetime.now(UTC) - timedelta(days=40)).date())
    path = load_settings(switch.settings_path).journal.path
    storage = SqliteStorage(path, registry.scheme.scheme_id, entries.RECORD_BYTES)
    builder = BatchBuilder(1)
    for record in Switch(SwitchState(registry, past), []).open(Instant(1, 1)):
        assert isinstance(record, Record)
        builder.append(*record)
    storage.append(builder.seal(storage.genesis, 1))
    storage.close()
    present = business_day_at(datetime.now(UTC), registry.scheme)
    try:
        switch.start()
        assert switch.order("status")["business_day"] in (past, present)
        switch.wait_until(lambda: switch.order("status")["business_day"] == present)
        assert switch.stop() == 0
    finally:
        switch.kill()
    with open_journal(path) as closed:
        cut_overs = sum(batch.variable.count(b'"fact": "cut-over"') for batch in closed.batches())
    assert 39 <= cut_overs <= 41
