"""A served switch that runs out of something: room, a sound disk, descriptors, memory, a log."""

import contextlib
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from altyn.runtime.online.node import RESERVE_BYTES
from tests.runtime.served_switch import (
    HILL,
    HILL_CARD,
    SEA,
    Fields,
    ServedSwitch,
    Witness,
    answer_to,
    free_port,
    link_table,
    serving,
)
from tests.runtime.small_disk import small_disk

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]

MIB = 1 << 20


@pytest.fixture
def ports() -> dict[str, int]:
    """A port for each bank."""
    return {"sea": free_port(), "hill": free_port()}


@pytest.fixture
def links(ports: dict[str, int]) -> dict[str, str]:
    """A link for each bank; nobody signs on."""
    return {
        name: link_table(name, participant, ports[name], sign_on="none")
        for name, participant in (("sea", "SEATR"), ("hill", "HILLTR"))
    }


@contextlib.contextmanager
def both(ports: dict[str, int]) -> Iterator[tuple[Witness, Witness]]:
    """The acquirer and the issuer on their lines."""
    with Witness(ports["hill"], HILL) as hill, Witness(ports["sea"], SEA) as sea:
        yield sea, hill


def bought(sea: Witness, hill: Witness, amount: int = 500) -> Fields:
    """A purchase that the issuer approves; gives the request."""
    request = sea.request(HILL_CARD, amount)
    sea.send(request)
    hill.send(answer_to(hill.receive(), "00"))
    assert sea.receive()["39"] == "00"
    return request


def answered_until(switch: ServedSwitch, sea: Witness, hill: Witness, code: str) -> None:
    """Ask until the answer is this code: the switch looks at its disk once a second."""

    def is_answered() -> bool:
        sea.send(sea.request(HILL_CARD, 500))
        sea.socket.settimeout(0.2)
        try:
            answer = sea.receive()
        except TimeoutError:  # it was not refused
            hill.send(answer_to(hill.receive(), "00"))
            sea.socket.settimeout(20)
            answer = sea.receive()
        return answer["39"] == code

    switch.wait_until(is_answered)
    sea.socket.settimeout(20)


def reverses(sea: Witness, hill: Witness, original: Fields) -> None:
    """A reversal is accepted and reaches the issuer."""
    sea.send(sea.reversal(original))
    assert sea.receive()["39"] == "00"
    told = hill.receive()
    assert told["t"] in ("0420", "0421")
    hill.send(answer_to(told, "00"))


class RoomChild(ServedSwitch):
    """The switch of the drill, which reads from a file how much room there is."""

    def start(self) -> None:
        """Start it, and wait until it serves."""
        module = "altyn.runtime.drill.switch_child"
        own = ["--parent", str(os.getpid()), "--room", str(self.folder / "room")]
        self.run([sys.executable, "-m", module, "-c", str(self.settings_path), *own])
        self.wait_until(lambda: "ready" in self.log)


def test_d01_a_disk_that_fills_up_and_is_freed(
    tmp_path: Path, ports: dict[str, int], links: dict[str, str]
) -> None:
    """New requests are refused before the reserve is gone; a reversal, and what is in flight,
    still go through on a disk that is full to the last byte; with room it goes on by itself."""
    journal: dict[str, int | str] = {"path": "disk/journal.db"}
    with small_disk(tmp_path / "disk", 4 * RESERVE_BYTES // MIB) as disk:
        if disk is None:
            disk_is_told(tmp_path, ports, links)
            return
        switch = ServedSwitch(tmp_path, links, journal=journal, wrapper=disk.wrapper)
        try:
            switch.start()
            with both(ports) as (sea, hill):
                original = bought(sea, hill)
                in_flight = sea.request(HILL_CARD, 700)
                sea.send(in_flight)
                asked = hill.receive()
                disk.fill(RESERVE_BYTES // 2)
                with Witness(ports["sea"], SEA) as other:
                    other.stan = 1000
                    answered_until(switch, other, hill, "96")
                assert disk.free_bytes > RESERVE_BYTES // 4  # closed before the reserve is gone
                disk.fill(0)
                hill.send(answer_to(asked, "00"))
                assert sea.receive()["39"] == "00"
                reverses(sea, hill, original)
                disk.clear()
                with Witness(ports["sea"], SEA) as other:
                    other.stan = 2000
                    answered_until(switch, other, hill, "00")
                reverses(sea, hill, in_flight)
        finally:
            switch.kill()


def test_d01_three_restarts_on_a_full_disk_and_one_when_there_is_room(
    tmp_path: Path, ports: dict[str, int], links: dict[str, str]
) -> None:
    """Killed on a full disk it starts again and refuses from its first message on; stopped in
    order it says what is wrong until there is room, and then starts without anybody's help."""
    journal: dict[str, int | str] = {"path": "disk/journal.db"}
    with small_disk(tmp_path / "disk", 4 * RESERVE_BYTES // MIB) as disk:
        if disk is None:
            disk_is_told(tmp_path, ports, links)
            return
        switch = ServedSwitch(tmp_path, links, journal=journal, wrapper=disk.wrapper)
        try:
            switch.start()
            with both(ports) as (sea, hill):
                original = bought(sea, hill)
            for number in range(1, 4):
                switch.kill()
                disk.fill(0)
                switch.start()
                with both(ports) as (sea, hill):
                    sea.stan = 100 * number
                    assert sea.ask(sea.request(HILL_CARD, 500))["39"] == "96"
                    if number == 1:
                        reverses(sea, hill, original)
                disk.clear()
            assert switch.stop() == 0
            for leave in (0, MIB, RESERVE_BYTES // 4):
                disk.fill(leave)
                starts_or_says_why(switch)
                disk.clear()
            switch.start()
            with both(ports) as (sea, hill):
                sea.stan = 900
                bought(sea, hill)
            assert switch.stop() == 0
        finally:
            switch.kill()


def starts_or_says_why(switch: ServedSwitch) -> None:
    """With little room it serves, or ends with words for people."""
    try:
        switch.start()
    except AssertionError:
        assert switch.process is not None
        assert switch.process.returncode in (1, 74)
        assert "disk" in switch.log
        assert "fault in Altyn" not in switch.log
    switch.kill()


def disk_is_told(tmp_path: Path, ports: dict[str, int], links: dict[str, str]) -> None:
    """The same where nothing may be mounted, on the word of a file instead of a full disk."""
    room = tmp_path / "room"
    room.write_text(str(4 * RESERVE_BYTES))
    switch = RoomChild(tmp_path, links)
    try:
        switch.start()
        with both(ports) as (sea, hill):
            original = bought(sea, hill)
            room.write_text(str(RESERVE_BYTES // 2))
            answered_until(switch, sea, hill, "96")
            reverses(sea, hill, original)
            room.write_text(str(4 * RESERVE_BYTES))
            answered_until(switch, sea, hill, "00")
        assert switch.stop() == 0
    finally:
        switch.kill()


def test_d01_without_a_small_disk_the_same_is_told(
    tmp_path: Path, ports: dict[str, int], links: dict[str, str]
) -> None:
    """The way that is taken where nothing may be mounted works wherever it is tried."""
    disk_is_told(tmp_path, ports, links)
    assert (tmp_path / "data" / "journal.db").is_file()


class BadDisk(ServedSwitch):
    """The switch on a disk whose flushes fail from some append on."""

    fails_at = 0

    def start(self) -> None:
        """Start it, and wait until it serves."""
        module = "altyn.runtime.drill.switch_child"
        own = ["--parent", str(os.getpid()), "--fail-flush", str(self.fails_at)]
        self.run([sys.executable, "-m", module, "-c", str(self.settings_path), *own])
        self.wait_until(lambda: "ready" in self.log)


def test_d02_a_flush_that_fails_stops_the_switch_at_once(
    tmp_path: Path, ports: dict[str, int], links: dict[str, str]
) -> None:
    """Exit code 74, the flush is not tried again, nothing unproved is answered; three restarts
    on the same journal are sound, and a repeat gets the one outcome there is."""
    switch = BadDisk(tmp_path, links)
    switch.fails_at = 6
    told: dict[str, str] = {}
    asked: list[Fields] = []
    stan = 0
    try:
        for _ in range(3):
            switch.start()
            with contextlib.suppress(ConnectionError), both(ports) as (sea, hill):
                sea.stan = stan
                while True:
                    asked.append(sea.request(HILL_CARD, 500))
                    stan = sea.stan
                    sea.send(asked[-1])
                    while (message := hill.receive())["t"] == "0420":
                        hill.send(answer_to(message, "00"))
                    hill.send(answer_to(message, "00"))
                    told[asked[-1]["37"]] = sea.receive()["39"]
            assert switch.process is not None
            assert switch.process.wait(20) == 74
            assert switch.log.count("a flush failed") == 1
            assert "journal-failed" in switch.alarms()
        switch.fails_at = 0
        switch.start()
        with both(ports) as (sea, _):
            for request in asked:
                answer = sea.ask(request | {"t": "0201"})
                assert answer["39"] == told.get(request["37"], answer["39"])
                assert answer["39"] in ("00", "91")
        assert switch.stop() == 0
    finally:
        switch.kill()
    assert told
    assert len(asked) > len(told)


def standing_connections(port: int, count: int) -> list[socket.socket]:
    """As many connections as come to stand; a refused one is not kept."""
    found = []
    for _ in range(count):
        try:
            found.append(socket.create_connection(("127.0.0.1", port), 5))
        except OSError:
            continue
    return found


def test_d13_descriptors_run_out(
    tmp_path: Path, ports: dict[str, int], links: dict[str, str]
) -> None:
    """A hundred connections more than there are descriptors: they fail, the lines that stand do
    not, and there is room again when they are gone."""
    with serving(tmp_path, links, connections_per_link_max=500) as switch:
        assert switch.process is not None
        with both(ports) as (sea, hill):
            bought(sea, hill)
            process = psutil.Process(switch.process.pid)
            limit = process.num_fds() + 20
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (limit, limit + 4000))
            crowd = standing_connections(ports["sea"], 120)
            bought(sea, hill)
            for connection in crowd:
                connection.close()
            switch.wait_until(lambda: process.num_fds() < limit - 10)
            with Witness(ports["sea"], SEA) as again:
                again.stan = 500
                bought(again, hill)
        assert switch.stop() == 0


def test_d13_memory_runs_out(tmp_path: Path, ports: dict[str, int], links: dict[str, str]) -> None:
    """No memory for another connection: it fails, and the process goes on when others are gone."""
    with serving(tmp_path, links, connections_per_link_max=500) as switch:
        assert switch.process is not None
        with both(ports) as (sea, hill):
            bought(sea, hill)
            process = psutil.Process(switch.process.pid)
            standing = process.num_fds()
            limit = process.memory_info().vms + 8 * MIB
            resource.prlimit(process.pid, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
            crowd = standing_connections(ports["sea"], 120)
            assert process.num_fds() < standing + 120, "there was memory for all"
            for connection in crowd:
                connection.close()
            switch.wait_until(lambda: process.num_fds() < standing + 3)
            bought(sea, hill)
        assert switch.stop() == 0


def test_d14_standard_error_on_a_full_disk(
    tmp_path: Path, ports: dict[str, int], links: dict[str, str]
) -> None:
    """Every line of the log is refused by the device; the switch serves, and stops in order."""
    switch = ServedSwitch(tmp_path, links)
    switch.write()
    program = "from altyn.runtime.cli import main; main(prog_name='altyn')"
    with Path("/dev/full").open("wb") as full:
        switch.process = subprocess.Popen(
            [sys.executable, "-c", program, "serve", "-c", str(switch.settings_path)],
            stdout=full,
            stderr=full,
        )
    try:
        switch.wait_until((tmp_path / "data" / "control.sock").exists)
        with both(ports) as (sea, hill):
            for _ in range(3):
                with Witness(ports["sea"], SEA) as stranger:
                    stranger.socket.sendall(b"\x00\x04zzzz")
                    assert stranger.is_closed()
                bought(sea, hill)
        assert switch.stop() == 0
    finally:
        switch.kill()


def test_w15_a_storm_of_connections_after_a_restart(
    tmp_path: Path, ports: dict[str, int], links: dict[str, str]
) -> None:
    """Three restarts, each met by hundreds of connections at once: as many stand as may, and a
    purchase goes through among them."""
    limit = 10
    switch = ServedSwitch(tmp_path, links, {"connections_per_link_max": limit})
    try:
        for number in range(3):
            switch.start()
            with both(ports) as (sea, hill):
                crowd = standing_connections(ports["sea"], 300)
                sea.stan = 100 * number
                bought(sea, hill)
                status = switch.order("status")
                (standing,) = (link for link in status["links"] if link["id"] == "sea")
                assert standing["connections"] == limit
                for connection in crowd:
                    connection.close()
            switch.kill()
    finally:
        switch.kill()
