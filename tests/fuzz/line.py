"""The road of bytes to a switch without sockets: frame, message, dialect, step, what is sent."""

from typing import Final

from altyn.identifiers import LinkId
from altyn.message import Message, MessageError, dialect
from altyn.switch import FileUpdateRequested, NetworkAnswered, NetworkRequested, Unserved
from altyn.transaction import Request
from altyn.wire import FrameError, framing
from tests.switch.bench import CODEC, Bench

LINKS: Final = ("sea", "hill")
FRAMES_MAX: Final = 50


class Line:
    """A whole switch on a bench, whose banks send any bytes."""

    def __init__(self) -> None:
        self.bench = Bench()
        self._framing = framing("binary2")

    def hear(self, data: bytes) -> str:
        """Take frames, each behind a byte that names its link; gives every text for people.

        Like the gateway, a frame that cannot be closes the line, and so does a message that
        cannot be answered. At the end time passes, and the journal must tell the same state.
        """
        told: list[str] = []
        buffer, at = bytearray(data), 0
        for _ in range(FRAMES_MAX):
            if at >= len(buffer):
                break
            link = LINKS[buffer[at] % len(LINKS)]
            try:
                payloads, end = self._framing.take(buffer, at + 1, _frame_end(buffer, at + 1))
            except FrameError as error:
                told.append(str(error))
                break
            if not payloads:
                break
            at = end
            told += self._hear_message(link, payloads[0])
        self.bench.wait(30)
        self.bench.expect_replay()
        return " ".join(told)

    def _hear_message(self, link: str, payload: bytes) -> list[str]:
        try:
            self._step(link, dialect.read(CODEC.decode(payload), link, link))
        except MessageError as error:
            partial = error.partial
            if partial is not None and 11 in partial.fields:
                event = dialect.read(partial, link, link, defect=error.reason)
                if isinstance(event, Request):
                    self._step(link, event)
            return [str(error)]
        return []

    def _step(self, link: str, event: object) -> None:
        if isinstance(event, dialect.Network):
            self.bench.step(_network(LinkId(link), event))
        elif isinstance(event, dialect.FileUpdate):
            self.bench.step(FileUpdateRequested(LinkId(link), *event[:-1], link, event.payload))
        elif isinstance(event, dialect.Unsupported):
            mti, wanted = event.payload.mti, event.wants_reply
            self.bench.step(Unserved(LinkId(link), mti, wanted, link, event.payload))
        else:
            self.bench.step(event)


def _frame_end(buffer: bytearray, at: int) -> int:
    """Where the frame that starts here ends: one at a time is taken."""
    return min(len(buffer), at + 2 + int.from_bytes(buffer[at : at + 2], "big"))


def _network(link: LinkId, event: dialect.Network) -> NetworkRequested | NetworkAnswered:
    assert isinstance(event.payload, Message)
    if event.answer is None:
        return NetworkRequested(
            link, event.code, event.institution, link, event.payload, event.transmission
        )
    return NetworkAnswered(link, event.code, event.stan, event.answer)
