"""A bank's end of its line: TCP, frames with a two-byte length, and coming back after a break.

The framing is written here once more on purpose: a bank shares no code with the switch but the
message codec.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Final

__all__ = ["BankLine", "LinePeer"]

HEADER_BYTES: Final = 2
FRAME_BYTES_MAX: Final = 8192
LISTEN_POLL_S: Final = 0.05
BACKOFF_MAX_S: Final = 2.0


class LinePeer:
    """What a line tells its bank; the bank overrides all three."""

    def line_up(self) -> None:
        """The connection stands."""
        raise NotImplementedError

    def line_down(self) -> None:
        """The connection is gone, on purpose or not."""
        raise NotImplementedError

    def frames_arrived(self, frames: list[bytes]) -> None:
        """Whole messages, without their length headers, in order."""
        raise NotImplementedError


class _Connection(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self, peer: LinePeer, opened: Callable[["_Connection"], bool]) -> None:
        self._peer = peer
        self._opened = opened
        self._accepted = False
        self._buffer = bytearray()
        self.transport: asyncio.Transport | None = None
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "a TCP transport writes"
        self.transport = transport
        self._accepted = self._opened(self)
        if self._accepted:
            self._peer.line_up()
        else:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        frames: list[bytes] = []
        start = 0
        while len(buffer) - start >= HEADER_BYTES:
            length = int.from_bytes(buffer[start : start + HEADER_BYTES], "big")
            end = start + HEADER_BYTES + length
            if not 0 < length <= FRAME_BYTES_MAX:
                # A wrong length cannot be made good by guessing where the next frame starts (W04).
                self.close()
                return
            if len(buffer) < end:
                break
            frames.append(bytes(buffer[start + HEADER_BYTES : end]))
            start = end
        del buffer[:start]
        if frames:
            self._peer.frames_arrived(frames)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()
        if self._accepted:
            self._peer.line_down()

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


class BankLine:
    """Keeps one connection to the switch, dialled or accepted, until it is told to stop."""

    def __init__(
        self, peer: LinePeer, mode: str, host: str, port: int, backoff_first_s: float
    ) -> None:
        """`mode` is connect or listen; `backoff_first_s` is the first wait after a break."""
        self._peer = peer
        self._mode = mode
        self._address = (host, port)
        self._backoff_first_s = backoff_first_s
        self._wanted = asyncio.Event()
        self._connection: _Connection | None = None

    @property
    def is_up(self) -> bool:
        """Whether a connection stands."""
        return self._connection is not None and not self._connection.closed.is_set()

    def open(self) -> None:
        """Want the line: it is dialled, and dialled again whenever it breaks."""
        self._wanted.set()

    async def close(self) -> None:
        """Want no line; returns when the connection is gone."""
        self._wanted.clear()
        if self._connection is not None:
            self._connection.close()
            await self._connection.closed.wait()

    def restart(self) -> None:
        """Drop the connection; it is dialled again."""
        if self._connection is not None:
            self._connection.close()

    def send(self, messages: list[bytes]) -> None:
        """Send messages, each behind its length; without a connection they are lost."""
        if not messages or self._connection is None or self._connection.transport is None:
            return
        framed = [len(data).to_bytes(HEADER_BYTES, "big") + data for data in messages]
        self._connection.transport.write(b"".join(framed))

    async def run(self) -> None:
        """Keep the line for ever; cancel to end."""
        try:
            await (self._dial() if self._mode == "connect" else self._listen())
        finally:
            if self._connection is not None:
                self._connection.close()

    def _opened(self, connection: _Connection) -> bool:
        if not self._wanted.is_set() or self.is_up:
            return False
        self._connection = connection
        return True

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        backoff_s = self._backoff_first_s
        while True:
            await self._wanted.wait()
            try:
                _, connection = await loop.create_connection(
                    lambda: _Connection(self._peer, self._opened), *self._address
                )
            except OSError:
                # Jitter keeps banks from coming back all at once after a restart (W15).
                await asyncio.sleep(backoff_s * random.uniform(0.5, 1.0))  # noqa: S311
                backoff_s = min(backoff_s * 2, BACKOFF_MAX_S)
                continue
            backoff_s = self._backoff_first_s
            await connection.closed.wait()
            await asyncio.sleep(backoff_s)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wanted.wait()
            server = await loop.create_server(
                lambda: _Connection(self._peer, self._opened), *self._address
            )
            try:
                while self._wanted.is_set():
                    await asyncio.sleep(LISTEN_POLL_S)
            finally:
                server.close()
