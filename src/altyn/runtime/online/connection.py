"""One TCP connection: frames in, frames out, and limits on both.

`BufferedProtocol` reads into a buffer we keep, which costs a third of the processor time of
a protocol that is handed new bytes (measured on plain TCP).
"""

import asyncio
import socket
import sys
from typing import Final, Protocol, cast

from altyn.wire import FrameError, Framing

if sys.platform != "win32":
    import fcntl
    import termios

READ_BUFFER_BYTES: Final = 1 << 18
READ_TURN_BYTES: Final = 1 << 16
"""One read takes no more, so that one busy peer does not keep the loop."""

UNREAD_BYTES_MAX: Final = 1 << 19
"""What the system keeps of a peer that sends faster than it is read; then the peer must wait. The
system's own choice, some megabytes, would be seconds of requests."""


class Receiver(Protocol):
    """Who is told what a connection brings."""

    def connected(self, connection: "Connection") -> bool:
        """A connection stands; False refuses it."""

    def received(self, connection: "Connection", frames: list[bytes]) -> None:
        """Whole frames came."""

    def broken(self, connection: "Connection", reason: str) -> None:
        """The peer broke the framing, or a limit; the connection is closed after this."""

    def disconnected(self, connection: "Connection") -> None:
        """The connection is gone."""


class Connection(asyncio.BufferedProtocol):
    """Frames of one link over one socket."""

    __slots__ = (
        "_buffer",
        "_end",
        "_framing",
        "_outbound_bytes_max",
        "_receiver",
        "_start",
        "_view",
        "open",
        "outgoing",
        "partial_since_us",
        "received_bytes",
        "transport",
    )

    def __init__(self, receiver: Receiver, framing: Framing, outbound_bytes_max: int) -> None:
        """A connection not made yet."""
        self._receiver = receiver
        self._framing = framing
        self._outbound_bytes_max = outbound_bytes_max
        self._buffer = bytearray(max(READ_BUFFER_BYTES, 2 * framing.max_frame))
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0
        self.open = False
        self.received_bytes = 0
        self.partial_since_us = 0
        self.outgoing: list[bytes] = []
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        # Not asserted: uvloop's transports do not derive from asyncio's.
        self.transport = cast("asyncio.Transport", transport)
        self.open = True
        connected = self.transport.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD_BYTES_MAX)
        self.open = self._receiver.connected(self)
        if not self.open:
            self.transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Room for what comes; a frame never outgrows it, frames are bounded."""
        if self._end == len(self._buffer):
            rest = self._end - self._start
            self._view[:rest] = self._view[self._start : self._end]
            self._start, self._end = 0, rest
        return self._view[self._end : self._end + READ_TURN_BYTES]

    def buffer_updated(self, nbytes: int) -> None:
        """Cut what came into frames and hand them on."""
        self._end += nbytes
        self.received_bytes += nbytes
        try:
            frames, self._start = self._framing.take(self._buffer, self._start, self._end)
        except FrameError as error:
            # What came before the bad header is sound; nothing after it can be trusted (W04).
            if error.payloads:
                self._receiver.received(self, error.payloads)
            self.refuse(error.reason)
            return
        if self._start == self._end:
            self._start = self._end = 0
            self.partial_since_us = 0
        elif frames:
            self.partial_since_us = 0
        if frames and self.open:
            self._receiver.received(self, frames)

    def unread_bytes(self) -> int:
        """What has come and was not read yet; 0 where the system does not tell."""
        connected = None if self.transport is None else self.transport.get_extra_info("socket")
        if connected is None or sys.platform == "win32":
            return 0
        told = fcntl.ioctl(connected.fileno(), termios.FIONREAD, bytes(4))
        return int.from_bytes(told, sys.byteorder)

    @property
    def has_partial_frame(self) -> bool:
        """Whether a frame has begun and is not whole."""
        return self._start != self._end

    def queue(self, payload: bytes) -> None:
        """Put a message among those that `flush` sends."""
        self.outgoing.append(self._framing.wrap(payload))

    def flush(self) -> None:
        """Send what is queued in one write; a peer that does not read is cut off (W16)."""
        data = b"".join(self.outgoing)
        self.outgoing.clear()
        transport = self.transport
        if transport is None or not self.open:
            return
        transport.write(data)
        if transport.get_write_buffer_size() > self._outbound_bytes_max:
            self.refuse("the peer does not read what it is sent")

    def pause_reading(self) -> None:
        """Read no more until told to; what comes stays with the peer."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def refuse(self, reason: str) -> None:
        """Close at once, and say why."""
        if self.open:
            self._receiver.broken(self, reason)
            self.close(abort=True)

    def close(self, *, abort: bool = False) -> None:
        """Close; what was written is sent first unless `abort`."""
        if self.transport is not None:
            if abort:
                self.transport.abort()
            else:
                self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop. Breaks the cycle of references, so no collector is needed."""
        was_open = self.open
        self.open = False
        self.transport = None
        self.outgoing.clear()
        if was_open:
            self._receiver.disconnected(self)
