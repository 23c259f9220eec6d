"""A socket in an epoll loop: one read per readiness, one write per burst, and what did not fit."""

import select
import socket
from typing import Final

__all__ = ["LineSocket"]

_READ_BYTES: Final = 1 << 16


class LineSocket:
    """A connected socket, registered with `poll` for as long as it is open."""

    __slots__ = ("_poll", "_socket", "_unsent", "descriptor")

    def __init__(self, connected: socket.socket, poll: select.epoll) -> None:
        connected.setblocking(False)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connected
        self._poll = poll
        self._unsent = b""
        self.descriptor = connected.fileno()
        poll.register(self.descriptor, select.EPOLLIN)

    def read(self) -> bytes | None:
        """What has arrived, up to 64 KiB; empty when only room to write came; None at the end."""
        if self._unsent:
            self.write(b"")
        try:
            return self._socket.recv(_READ_BYTES) or None
        except BlockingIOError:
            return b""
        except ConnectionError:
            return None

    def write(self, data: bytes) -> None:
        """Send as much as the socket takes; the rest goes when there is room again."""
        if self._unsent:
            data = self._unsent + data
        elif not data:
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except ConnectionError:
            # The next read tells the end of the connection.
            sent = len(data)
        waited = bool(self._unsent)
        self._unsent = data[sent:]
        if bool(self._unsent) != waited:
            room = select.EPOLLOUT if self._unsent else 0
            self._poll.modify(self.descriptor, select.EPOLLIN | room)

    def close(self) -> None:
        """Leave the loop and close the socket."""
        self._poll.unregister(self.descriptor)
        self._socket.close()
