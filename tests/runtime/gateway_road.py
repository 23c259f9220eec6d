"""A gateway on a road of one's own: a real store, a real switch, connections without sockets."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from altyn.gateway import Line, Outbound
from altyn.identifiers import LinkId
from altyn.message import load_codec
from altyn.runtime.online.connection import Connection
from altyn.runtime.online.loop_driver import LoopDriver, read_clocks
from altyn.runtime.sqlite_storage import SqliteStorage
from altyn.switch import Switch, SwitchState
from altyn.transaction import entries
from altyn.wire import framing
from tests.switch.bench import SCHEME_INSTITUTION, TWO_BANKS, terms_of


class Wire:
    """A transport that keeps what is written and knows whether it reads."""

    def __init__(self) -> None:
        self.written = b""
        self.reading = True
        self.aborted = False

    def write(self, data: bytes) -> None:
        """Keep it."""
        self.written += data

    def get_write_buffer_size(self) -> int:
        """All is sent at once."""
        return 0

    def get_extra_info(self, _: str) -> None:
        """There is no socket."""

    def is_closing(self) -> bool:
        """Never."""
        return False

    def pause_reading(self) -> None:
        """Read no more."""
        self.reading = False

    def resume_reading(self) -> None:
        """Read on."""
        self.reading = True

    def close(self) -> None:
        """The peer has not taken everything yet: the end comes later."""

    def abort(self) -> None:
        """Cut off."""
        self.aborted = True


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
        self.driver = LoopDriver(
            self.switch,
            Outbound(SCHEME_INSTITUTION),
            storage,
            lambda: storage,
            1_000_000,
            lambda name, _: self.alarms.append(name),
            self.faults.append,
            self.faults.append,
        )
        self.gateway = self.driver.gateway
        self.wire = Wire()
        self.connection = Connection(Receiver(), framing("binary2"), 1 << 20)
        self.connection.connection_made(self.wire)  # type: ignore[arg-type]
        line = Line(LinkId("sea"), load_codec("altyn87"), [self.connection])
        self.gateway.lines[line.link_id] = self.gateway.line_of[self.connection] = line
        self.gateway.carry_out(self.switch.open(read_clocks()))

    async def settled(self) -> None:
        """Everything decided is durable and sent."""
        await asyncio.wait_for(self.driver.settle_journal(), 20)


def ran(path: Path, story: Callable[[Road], Awaitable[None]]) -> None:
    """Run a story over a new store."""

    async def whole() -> None:
        storage = SqliteStorage(path / "journal.db", "TEST", entries.RECORD_BYTES)
        road = Road(storage)
        await road.settled()
        await story(road)
        road.driver.stop()
        storage.close()

    asyncio.run(whole())
