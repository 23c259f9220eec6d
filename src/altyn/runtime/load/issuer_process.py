"""The issuer of a load run as a process: a listening port, one thread, one write per read."""

import select
import socket
import sys
from typing import Final

from altyn.message import load_codec
from altyn.runtime.load.frame_layout import DIALECT
from altyn.runtime.load.issuer_answers import IssuerAnswers
from altyn.runtime.load.line_socket import LineSocket

__all__ = ["IssuerServer", "serve_issuer"]

_BACKLOG: Final = 512


class IssuerServer:
    """Answers every connection to a port of the loopback address. Port 0: any that is free."""

    def __init__(self, port: int = 0) -> None:
        self._answers = IssuerAnswers(load_codec(DIALECT))
        self._poll = select.epoll()
        self._lines: dict[int, tuple[LineSocket, bytes]] = {}
        self._listener = socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
        self._listener.setblocking(False)
        self._poll.register(self._listener.fileno(), select.EPOLLIN)
        self.port: int = self._listener.getsockname()[1]

    def serve_until_closed(self, control: int) -> None:
        """Serve until the file descriptor `control` can be read or is closed by its other end."""
        self._poll.register(control, select.EPOLLIN)
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == control:
                    self._close()
                    return
                if descriptor == self._listener.fileno():
                    line = LineSocket(self._listener.accept()[0], self._poll)
                    self._lines[line.descriptor] = (line, b"")
                else:
                    self._serve(descriptor)

    def _serve(self, descriptor: int) -> None:
        line, rest = self._lines[descriptor]
        data = line.read()
        if data is None:
            line.close()
            del self._lines[descriptor]
            return
        if rest:
            data = rest + data
        replies, taken = self._answers.answer(data)
        self._lines[descriptor] = (line, data[taken:])
        line.write(replies)

    def _close(self) -> None:
        for line, _ in self._lines.values():
            line.close()
        self._listener.close()
        self._poll.close()


def serve_issuer(port: int) -> None:
    """Write the port that was taken as one line, then serve until standard input is closed."""
    server = IssuerServer(port)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    server.serve_until_closed(sys.stdin.fileno())
