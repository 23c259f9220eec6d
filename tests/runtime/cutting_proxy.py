"""A TCP proxy before the database that cuts the line at a chosen moment of an exchange."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

BEFORE_REQUEST = "before-request"
"""The next request is not passed on; the server never sees it."""

BEFORE_ANSWER = "before-answer"
"""The next request is passed on and carried out; its answer is not passed back."""

SILENT = "silent"
"""The next request is passed on; nothing comes back, and the line stays open."""


ABANDONED = "abandoned"
"""The client is gone, and the server has not heard of it: it ends what it was asked to do."""


class CuttingProxy:
    """Passes bytes between clients and the server until it is told to cut."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._cut = ""
        self.cuts = 0
        self._lines: list[_Line] = []
        self._closed = False
        self._refusing = False
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed = True
        _shut(self._listener)
        for line in self._lines:
            line.shut()

    def cut_next(self, when: str) -> None:
        """Cut the line at the next request."""
        self._cut = when

    def abandon(self) -> None:
        """Take every client's line away, now; the server keeps its end."""
        for line in self._lines:
            line.cut = line.cut or ABANDONED
            _shut(line.client)

    def refuse(self, *, refusing: bool) -> None:
        """Whether new connections are closed at once; the ones that stand stay."""
        self._refusing = refusing

    def _listen(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                _shut(client)
                continue
            server = socket.create_connection(("127.0.0.1", self._server_port))
            line = _Line(client, server)
            self._lines.append(line)
            threading.Thread(target=self._requests, args=(line,), daemon=True).start()
            threading.Thread(target=self._answers, args=(line,), daemon=True).start()

    def _requests(self, line: "_Line") -> None:
        with contextlib.suppress(OSError):
            while data := line.client.recv(1 << 16):
                if self._cut:
                    line.cut, self._cut = self._cut, ""
                    self.cuts += 1
                if line.cut == BEFORE_REQUEST:
                    break
                line.server.sendall(data)
        if line.cut not in (BEFORE_ANSWER, ABANDONED):
            line.shut()

    def _answers(self, line: "_Line") -> None:
        with contextlib.suppress(OSError):
            while data := line.server.recv(1 << 16):
                if line.cut in (BEFORE_ANSWER, ABANDONED):
                    break
                if line.cut != SILENT:
                    line.client.sendall(data)
        if line.cut != SILENT:
            line.shut()


class _Line:
    """One client's connection and its continuation to the server."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.cut = ""

    def shut(self) -> None:
        """Close both ends."""
        _shut(self.client)
        _shut(self.server)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
