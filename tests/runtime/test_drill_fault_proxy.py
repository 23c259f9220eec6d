"""The proxy of the drill does to a line what networks do, and nothing else."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from altyn.runtime.drill.fault_proxy import FAULTS, FaultProxy, Route
from tests.runtime.served_switch import free_port

SENT = bytes(range(256)) * 4
Talk = Callable[
    [FaultProxy, asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, bytes]
]


def through(talk: Talk) -> tuple[bytes, bytes]:
    """What a talk over the proxy gives, and what arrived at the other end, which echoes."""

    async def run() -> tuple[bytes, bytes]:
        arrived = bytearray()

        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while data := await reader.read(4096):
                    arrived.extend(data)
                    writer.write(data)
            except ConnectionError:
                pass
            writer.close()

        ports = free_port(), free_port()
        proxy = FaultProxy((Route(ports[0], (ports[1], ports[1])),), tuple(FAULTS), "proxy")
        ended = asyncio.Event()
        async with await asyncio.start_server(echo, "127.0.0.1", ports[1]):
            running = asyncio.create_task(proxy.run(ended))
            reader, writer = await _connected(ports[0])
            answer = await asyncio.wait_for(talk(proxy, reader, writer), 10)
            writer.close()
            ended.set()
            await running
        return answer, bytes(arrived)

    return asyncio.run(run())


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection, as soon as the proxy listens; a byte has gone both ways."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0)
            continue
        writer.write(b"!")
        assert await reader.readexactly(1) == b"!"
        return reader, writer


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """What comes until the connection ends, however it ends."""
    came = b""
    try:
        while data := await reader.read(4096):
            came += data
    except ConnectionError:
        came += b" and a reset"
    return came


@pytest.mark.parametrize("fault", ["delay", "dribble"])
def test_late_and_single_bytes_are_all_the_bytes_in_order(fault: str) -> None:
    """Nothing is lost, doubled or out of order."""

    async def talk(
        proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        proxy.arm(fault)
        writer.write(SENT)
        return await reader.readexactly(len(SENT))

    assert through(talk) == (SENT, b"!" + SENT)


def test_w02_a_frame_is_cut_in_half_and_the_line_closed() -> None:
    """The other end gets the first half, both get the end."""

    async def talk(
        proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        proxy.arm("truncate")
        writer.write(SENT)
        return await read_to_end(reader)

    _, arrived = through(talk)
    assert arrived == b"!" + SENT[: len(SENT) // 2]


@pytest.mark.parametrize("fault", ["reset", "half-open", "half-dead"])
def test_w01_a_line_that_carries_nothing_ends_with_a_reset(fault: str) -> None:
    """At once, or after a silence in which both ends, or one, believe in the line."""

    async def talk(
        proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        proxy.arm(fault)
        writer.write(SENT)
        return await read_to_end(reader)

    came, arrived = through(talk)
    assert came.endswith(b" and a reset") or came == b""
    assert arrived == b"!"


def test_lines_lead_to_the_other_node() -> None:
    """What stands is reset; nothing is carried to the first node any more."""

    async def talk(
        proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        proxy.lead_to(1)
        return await read_to_end(reader)

    assert through(talk)[0] in (b"", b" and a reset")
