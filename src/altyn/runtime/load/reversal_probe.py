"""Beside a load: purchases one at a time, each approved one reversed, and the reversals timed."""

import socket
import threading
import time
from collections import Counter
from typing import Final

from altyn.message import Codec, Message, load_codec
from altyn.runtime.load.frame_layout import DIALECT, HEADER_BYTES, frame_of
from altyn.runtime.load.request_book import ACQUIRER_ID, VARIANTS, request_message

__all__ = ["ReversalProbe"]

_REPLY_S: Final = 30.0
_EARLIER_S: Final = 3600
"""Its DE7 is of an hour ago: no key of it is one of the load's."""

_OF_REVERSAL: tuple[int, ...] = (2, 3, 4, 12, 13, 18, 22, 25, 32, 37, 41, 42, 43, 49)


class ReversalProbe:
    """A small acquirer on a connection of its own, in a thread. Leaving the context ends it."""

    def __init__(self, port: int, first_stan: int) -> None:
        """Trace numbers count up from `first_stan`: a probe that follows another one within the
        same second needs others than it had. `purchases` and `reversals` count replies by code."""
        self.purchases: Counter[str] = Counter()
        self.reversals: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.unanswered = 0
        self._port = port
        self._stan = first_stan
        self._codec: Codec = load_codec(DIALECT)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reversal-probe", daemon=True)

    def __enter__(self) -> "ReversalProbe":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with socket.create_connection(("127.0.0.1", self._port), _REPLY_S) as line:
                while not self._stopping.is_set():
                    self._buy_and_reverse(line)
        except OSError:
            self.unanswered += 1

    def _buy_and_reverse(self, line: socket.socket) -> None:
        request = self._numbered(request_message(self._stan % VARIANTS))
        code = self._ask(line, request)
        self.purchases[code] += 1
        if code != "00":
            return
        fields = {n: request.fields[n] for n in _OF_REVERSAL if n in request.fields}
        original = f"{request.mti}{request.fields[11]!s}{request.fields[7]!s}"
        fields[90] = original + ACQUIRER_ID.rjust(11, "0") + "0" * 11
        reversal = self._numbered(Message("0400", fields))
        began = time.perf_counter()
        self.reversals[self._ask(line, reversal)] += 1
        self.latencies.append(time.perf_counter() - began)

    def _numbered(self, message: Message) -> Message:
        self._stan = self._stan % 999_999 + 1
        moment = time.gmtime(time.time() - _EARLIER_S)
        message.fields[7] = time.strftime("%m%d%H%M%S", moment)
        message.fields[11] = f"{self._stan:06d}"
        if message.mti == "0100":
            message.fields[37] = f"PROBE{self._stan:07d}"
        message.fields[41] = "PROBE001"
        return message

    def _ask(self, line: socket.socket, message: Message) -> str:
        """The response code of the reply. Raises OSError when none comes."""
        line.sendall(frame_of(self._codec, message))
        length = int.from_bytes(_receive(line, HEADER_BYTES), "big")
        return str(self._codec.decode(_receive(line, length)).fields[39])


def _receive(line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        got = line.recv(count - len(data))
        if not got:
            raise ConnectionError("the switch closed the line")
        data += got
    return data
