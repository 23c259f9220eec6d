"""A TCP proxy that does to a line what networks do: `python -m altyn.runtime.drill.fault_proxy`.

The bytes of a line arrive late, one by one, half, or no more at all; a connection is reset, or it
stands while nothing passes. Bytes are never changed, doubled or put in another order: TCP does not
do that. Orders come on standard input as lines of JSON with a key "order": storm, calm, figures
(they go to standard output), or 0 and 1: every line leads to that node of the switch from now on.
The end of the input ends the proxy.
"""

import asyncio
import contextlib
import json
import random
import socket
import struct
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import click

__all__ = ["FAULTS", "FaultProxy", "Route", "main"]

FAULTS: Final = {
    "delay": "bytes come up to 400 ms late",
    "dribble": "bytes come one by one",
    "truncate": "a frame is cut in half and the connection closed",
    "reset": "the connection is reset",
    "half-open": "both ends believe in a connection that carries nothing",
    "half-dead": "one direction goes silent, the other carries on",
}
BETWEEN_FAULTS_S: Final = (0.05, 0.5)
DELAY_S: Final = (0.02, 0.4)
SILENCE_S: Final = (0.3, 2.0)
DRIBBLED_BYTES_MAX: Final = 300
READ_BYTES: Final = 1 << 16
# struct linger: on, zero seconds: close() sends RST (socket(7)).
_LINGER_NOT_AT_ALL: Final = struct.pack("ii", 1, 0)


class Route(NamedTuple):
    """A line: who dials the proxy at `listen` is led to one of `upstreams`, by the node of the
    switch that has the lines now; all loopback."""

    listen: int
    upstreams: tuple[int, int]


class _Connection:
    """One connection through the proxy, both halves; `armed` is the fault that the next bytes meet.

    `silent` holds the directions in which nothing passes any more.
    """

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.near = near
        self.far = far
        self.armed = ""
        self.silent: set[asyncio.StreamWriter] = set()

    def reset(self) -> None:
        """Both ends get a reset."""
        for writer in (self.near, self.far):
            connected = writer.get_extra_info("socket")
            if connected is not None:
                with contextlib.suppress(OSError):
                    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT_AT_ALL)
            writer.transport.abort()

    def close(self) -> None:
        """Both ends get what is under way, and then the end."""
        self.near.close()
        self.far.close()


class FaultProxy:
    """All lines of a drill, and the weather on them."""

    def __init__(self, routes: tuple[Route, ...], faults: tuple[str, ...], seed: str) -> None:
        """Calm at first; `faults` are names of FAULTS."""
        self._routes = routes
        self._faults = faults
        self._chance = random.Random(f"{seed}/lines")  # noqa: S311 - seeded on purpose
        self._connections: list[_Connection] = []
        self._storm = False
        self._node = 0
        self.figures: Counter[str] = Counter()

    async def run(self, ended: asyncio.Event) -> None:
        """Carry bytes until told to end."""
        servers = [
            await asyncio.start_server(partial(self._carry, route), "127.0.0.1", route.listen)
            for route in self._routes
        ]
        weather = asyncio.create_task(self._make_weather())
        await ended.wait()
        weather.cancel()
        for server in servers:
            server.close()
        for connection in self._connections:
            connection.reset()

    def set_storm(self, *, storm: bool) -> None:
        """Begin or end the faults; those that are under way end by themselves."""
        self._storm = storm and bool(self._faults)

    def lead_to(self, node: int) -> None:
        """Lead every line to another node, as an address that moves does; what stood is reset."""
        if node != self._node:
            self._node = node
            for connection in self._connections:
                connection.reset()

    async def _make_weather(self) -> None:
        while True:
            await asyncio.sleep(self._chance.uniform(*BETWEEN_FAULTS_S))
            if self._storm:
                self.arm(self._chance.choice(self._faults))

    def arm(self, fault: str) -> None:
        """The next bytes of one of the connections meet a fault."""
        if self._connections:
            self._chance.choice(self._connections).armed = fault

    async def _carry(
        self, route: Route, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            far_reader, far = await asyncio.open_connection(
                "127.0.0.1", route.upstreams[self._node]
            )
        except OSError:
            writer.transport.abort()  # nobody is there: as if nobody had answered here
            return
        connection = _Connection(writer, far)
        self._connections.append(connection)
        self.figures["connections"] += 1
        try:
            await asyncio.gather(
                self._pump(connection, reader, far), self._pump(connection, far_reader, writer)
            )
        except (ConnectionError, TimeoutError):
            connection.reset()
        finally:
            self._connections.remove(connection)
            connection.close()

    async def _pump(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Carry one direction until its end, which ends the other, too."""
        while data := await reader.read(READ_BYTES):
            fault, connection.armed = connection.armed, ""
            if fault:
                self.figures[fault] += 1
                data = await self._strike(fault, connection, writer, data)
            if writer not in connection.silent:
                writer.write(data)
                await writer.drain()
        if connection.silent:
            return  # the other end is not to learn of it
        connection.close()

    async def _strike(
        self, fault: str, connection: _Connection, writer: asyncio.StreamWriter, data: bytes
    ) -> bytes:
        """Do a fault to these bytes; gives what is still to be carried of them."""
        if fault == "delay":
            await asyncio.sleep(self._chance.uniform(*DELAY_S))
            return data
        if fault == "dribble":
            for place in range(min(len(data), DRIBBLED_BYTES_MAX)):
                writer.write(data[place : place + 1])
                await asyncio.sleep(0)
            return data[DRIBBLED_BYTES_MAX:]
        if fault == "truncate":
            writer.write(data[: len(data) // 2])
            connection.close()
        elif fault == "reset":
            connection.reset()
        else:
            both = fault == "half-open"
            connection.silent = {connection.near, connection.far} if both else {writer}
            silence_s = self._chance.uniform(*SILENCE_S)
            asyncio.get_running_loop().call_later(silence_s, connection.reset)
        return b""


async def _follow_orders(proxy: FaultProxy, ended: asyncio.Event) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = json.loads(line)["order"]
        if order == "figures":
            sys.stdout.write(json.dumps(proxy.figures) + "\n")
            sys.stdout.flush()
        elif order in ("0", "1"):
            proxy.lead_to(int(order))
        else:
            proxy.set_storm(storm=order == "storm")
    ended.set()


async def _live(path: Path) -> None:
    plan = json.loads(path.read_text(encoding="utf-8"))
    routes = tuple(Route(listen, tuple(upstreams)) for listen, upstreams in plan["routes"])
    proxy = FaultProxy(routes, tuple(plan["faults"]), plan["seed"])
    ended = asyncio.Event()
    orders = asyncio.create_task(_follow_orders(proxy, ended))
    await proxy.run(ended)
    await orders


@click.command()
@click.option("--plan", required=True, type=click.Path(path_type=Path))
def main(plan: Path) -> None:
    """Carry the lines of a plan until the standard input ends."""
    asyncio.run(_live(plan))


if __name__ == "__main__":
    main()
