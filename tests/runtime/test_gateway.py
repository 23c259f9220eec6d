"""The road of a message when something on it fails: what is left of a batch, and who is told."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from altyn.identifiers import LinkId
from altyn.message import dialect, load_codec
from altyn.runtime.online import gateway as gateway_module
from altyn.runtime.online.connection import Connection
from altyn.runtime.online.gateway import Gateway, Line, read_clocks
from altyn.runtime.online.outbound import Outbound
from altyn.runtime.sqlite_storage import SqliteStorage
from altyn.switch import (
    CutOverOrdered,
    LinkUp,
    NetworkReply,
    Recall,
    Record,
    Switch,
    SwitchState,
)
from altyn.transaction import Request, entries
from altyn.wire import framing
from tests.switch.bench import CODEC, SCHEME_INSTITUTION, TWO_BANKS, Bench, terms_of


class Wire:
    """A transport that keeps what is written and knows whether it reads."""

    def __init__(self) -> None:
        self.written = b""
        self.reading = True

    def write(self, data: bytes) -> None:
        """Keep it."""
        self.written += data

    def get_write_buffer_size(self) -> int:
        """All is sent at once."""
        return 0

    def pause_reading(self) -> None:
        """Read no more."""
        self.reading = False

    def resume_reading(self) -> None:
        """Read on."""
        self.reading = True


class Receiver:
    """Takes every connection."""

    def connected(self, _: Connection) -> bool:
        """Yes."""
        return True

    def received(self, _: Connection, frames: list[bytes]) -> None:
        """Nothing comes."""

    def broken(self, _: Connection, reason: str) -> None:
        """Nothing breaks."""

    def disconnected(self, _: Connection) -> None:
        """Nothing ends."""


class Road:
    """A gateway over a real store, with one connection of Sea Bank."""

    def __init__(self, storage: SqliteStorage) -> None:
        terms = tuple(terms_of(name) for name in TWO_BANKS.participants)
        self.switch = Switch(SwitchState(TWO_BANKS, 20260705), terms)
        self.storage = storage
        self.alarms: list[str] = []
        self.faults: list[BaseException] = []
        self.gateway = Gateway(
            self.switch,
            storage,
            Outbound(SCHEME_INSTITUTION),
            lambda: storage,
            1_000_000,
            lambda name, _: self.alarms.append(name),
            self.faults.append,
            self.faults.append,
        )
        self.wire = Wire()
        self.connection = Connection(Receiver(), framing("binary2"), 1 << 20)
        self.connection.connection_made(self.wire)  # type: ignore[arg-type]
        line = Line(LinkId("sea"), load_codec("altyn87"))
        line.connections.append(self.connection)
        self.gateway.lines[line.link_id] = self.gateway.line_of[self.connection] = line
        self.gateway.carry_out(self.switch.open(read_clocks()))

    async def settled(self) -> None:
        """Everything decided is durable and sent."""
        await asyncio.wait_for(self.gateway.settle_journal(), 20)


def ran(path: Path, story: Callable[[Road], Awaitable[None]]) -> None:
    """Run a story over a new store."""

    async def whole() -> None:
        storage = SqliteStorage(path / "journal.db", "TEST", entries.RECORD_BYTES)
        road = Road(storage)
        await road.settled()
        await story(road)
        road.gateway.stop()
        storage.close()

    asyncio.run(whole())


def test_i4_after_an_error_of_the_switch_nothing_is_written_or_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state may differ from the journal then: the node is told, and a restart reads it."""

    async def story(road: Road) -> None:
        end = road.storage.end()
        road.gateway.tell(LinkUp(LinkId("sea")))

        def fails(*_: Any) -> None:
            raise ArithmeticError

        monkeypatch.setattr(road.switch.state, "begin_day", fails)
        road.gateway.tell(CutOverOrdered())
        assert [type(error) for error in road.faults] == [ArithmeticError]
        road.gateway.tell(LinkUp(LinkId("hill")))
        await asyncio.sleep(0.05)
        assert road.storage.end() == end
        assert len(road.faults) == 1

    ran(tmp_path, story)


def test_what_cannot_be_sent_holds_up_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply whose writing fails is an alarm; the next one of the same batch leaves."""

    async def story(road: Road) -> None:
        message = CODEC.decode(CODEC.encode(Bench().request(mti="0800", f70="301")))
        replies = [NetworkReply(road.connection, message, code) for code in ("1?", "00")]
        write = dialect.write_network_reply

        def fails_once(payload: Any, code: str) -> Any:
            if code == "1?":
                raise ArithmeticError
            return write(payload, code)

        monkeypatch.setattr(dialect, "write_network_reply", fails_once)
        road.gateway.carry_out([Record(2, b'{"fact": "opened", "opened": 20260705}'), *replies])
        road.switch.state.sequence += 1
        await road.settled()
        assert "not-sent" in road.alarms
        assert CODEC.decode(road.wire.written[2:]).fields[39] == "00"
        assert not road.faults

    ran(tmp_path, story)


def test_a_line_that_was_paused_reads_on_also_when_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood of echo tests makes no entry; when it is answered, the line reads again."""
    monkeypatch.setattr(gateway_module, "PAUSE_READING_EFFECTS", 4)

    async def story(road: Road) -> None:
        road.gateway.tell(LinkUp(LinkId("sea")))
        await road.settled()
        echo = CODEC.encode(Bench().request(mti="0800", f70="301", f33="400101"))
        road.gateway.frames(road.connection, [echo] * 6)
        assert not road.wire.reading
        await asyncio.sleep(0.05)
        assert len(road.wire.written) > 6 * 40
        assert road.wire.reading

    ran(tmp_path, story)


def test_i12_looking_things_up_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the journal cannot be asked in time is not answered: whoever asks repeats."""
    monkeypatch.setattr(gateway_module, "RECALLS_MAX", 2)

    async def story(road: Road) -> None:
        asked: list[object] = []
        loop = asyncio.get_running_loop()

        def never_answered(*work: object) -> "asyncio.Future[object]":
            asked.append(work)
            return loop.create_future()

        monkeypatch.setattr(loop, "run_in_executor", never_answered)
        request = object.__new__(Request)
        request.link_id = "sea"
        road.gateway.carry_out([Recall(request, ()) for _ in range(3)])
        assert len(asked) == 2
        assert road.alarms == ["recall-overloaded"]

    ran(tmp_path, story)
