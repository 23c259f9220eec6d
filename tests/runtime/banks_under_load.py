"""Two banks under load, with their own books: one that asks and repeats, one that never forgets.

They share no book with the switch; what they believe is compared with it when all is quiet.
"""

import asyncio
import contextlib
import time
from collections import Counter
from dataclasses import dataclass, field

from altyn.message import Message, dialect, load_codec
from altyn.wire import FrameError, framing
from tests.runtime.served_switch import HILL_CARD, ServedSwitch, transmission
from tests.switch.bench import answer_to

IN_FLIGHT_MAX = 8
PACE_S = 0.004
CODEC = load_codec("altyn87")
FRAMING = framing("binary2")
YES_OF_TEN = 8


@dataclass
class IssuerBook:
    """Hill Bank: what it approved and what it took back, by the acquirer's reference."""

    approved: dict[str, int] = field(default_factory=dict)
    reversed: set[str] = field(default_factory=set)
    references: dict[str, str] = field(default_factory=dict)  # by what DE90 will name

    def answer(self, message: Message) -> Message | None:
        """The answer of a bank that never forgets, or None for an answer to its own message."""
        fields = message.fields
        reference = str(fields.get(37, ""))
        if message.mti == "0200":
            code = "00" if int(reference[3:]) % 10 < YES_OF_TEN else "51"
            name = message.mti + str(fields[11]) + str(fields[7])
            assert name not in self.references, "a request was forwarded twice"
            self.references[name] = reference
            if code == "00":
                assert reference not in self.approved, "approved twice"
                self.approved[reference] = int(str(fields[4]))
            return answer_to(message, code)
        if message.mti in ("0420", "0421"):
            # A request that never arrived is reversed without a trace of it here.
            original = self.references.get(str(fields[90])[:20])
            assert original in (None, reference), "a reversal names another request"
            self.reversed.add(reference)
            return answer_to(message)
        if message.mti == "0800":
            return dialect.write_network_reply(message, "00")
        return None


@dataclass
class AcquirerBook:
    """Sea Bank: what it asked and every answer it ever got, by reference."""

    asked: dict[str, Message] = field(default_factory=dict)
    answers: dict[str, list[Message]] = field(default_factory=dict)
    next_number: int = 1

    def unanswered(self) -> list[Message]:
        """What has no answer yet, oldest first."""
        return [message for key, message in self.asked.items() if key not in self.answers]

    def next_request(self) -> Message:
        """A new purchase."""
        number = self.next_number
        self.next_number += 1
        reference = f"RRN{number:09d}"
        fields = {
            2: HILL_CARD,
            3: "000000",
            4: f"{100 + number:012d}",
            7: transmission(),
            11: f"{number % 999_999 + 1:06d}",
            14: "4912",
            32: "400101",
            37: reference,
            41: "TERM0001",
            49: "949",
        }
        message = self.asked[reference] = Message("0200", dict(fields))
        return message

    def keep(self, message: Message) -> None:
        """Keep an answer; all answers to one request must be the same."""
        known = self.answers.setdefault(str(message.fields[37]), [])
        known.append(message)
        assert known[0].fields == message.fields, "one request, two answers"


class Line:
    """One TCP connection of a bank, read as far as it stands."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._buffer = bytearray()

    @classmethod
    async def connect(cls, port: int) -> "Line":
        """Connect; the switch listens."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def send(self, messages: list[Message]) -> None:
        """Send messages in one write."""
        self._writer.write(b"".join(FRAMING.wrap(CODEC.encode(message)) for message in messages))

    async def receive(self) -> list[Message]:
        """What comes next; nothing when the connection is gone."""
        try:
            data = await self._reader.read(1 << 16)
        except ConnectionError:
            return []
        if not data:
            return []
        self._buffer += data
        try:
            payloads, rest = FRAMING.take(self._buffer, 0, len(self._buffer))
        except FrameError as error:
            raise AssertionError("the switch sent a broken frame") from error
        del self._buffer[:rest]
        return [CODEC.decode(payload) for payload in payloads] or await self.receive()

    def close(self) -> None:
        """Close without more."""
        self._writer.close()


async def run_issuer(line: Line, book: IssuerBook) -> None:
    """Answer everything until the connection breaks."""
    while messages := await line.receive():
        line.send([answer for message in messages if (answer := book.answer(message)) is not None])


async def run_acquirer(line: Line, book: AcquirerBook, *, new_requests: bool) -> None:
    """Repeat what is unanswered, then keep requests in flight until the connection breaks."""
    repeats = [Message("0201", dict(message.fields)) for message in book.unanswered()]
    waiting = {str(message.fields[37]) for message in repeats}
    line.send(repeats)
    while waiting or new_requests:
        while new_requests and len(waiting) < IN_FLIGHT_MAX:
            request = book.next_request()
            waiting.add(str(request.fields[37]))
            line.send([request])
        await asyncio.sleep(PACE_S)  # enough load to be hit in flight, few enough to read again
        messages = await line.receive()
        if not messages:
            return
        for message in messages:
            if message.mti == "0210":
                book.keep(message)
                waiting.discard(str(message.fields[37]))


async def quiescence(
    switch: ServedSwitch, ports: tuple[int, int], books: tuple[AcquirerBook, IssuerBook]
) -> None:
    """Repeat until everything is answered and every reversal is acknowledged."""
    issuer, acquirer = await Line.connect(ports[1]), await Line.connect(ports[0])
    answering = asyncio.create_task(run_issuer(issuer, books[1]))
    await asyncio.wait_for(run_acquirer(acquirer, books[0], new_requests=False), 20)
    until = time.monotonic() + 20
    while any(switch.order("status")["advices_owed"].values()):
        assert time.monotonic() < until, "an advice is owed for ever"
        await asyncio.sleep(0.05)
    answering.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await answering
    issuer.close()
    acquirer.close()


def check_books(acquirer: AcquirerBook, issuer: IssuerBook) -> None:
    """I3: what the acquirer counts as approved stands at the issuer, and nothing else does."""
    codes = Counter(str(answers[0].fields[39]) for answers in acquirer.answers.values())
    assert not acquirer.unanswered()
    assert codes["00"] > 100, codes
    assert set(codes) <= {"00", "51", "91"}
    approved = {key for key, got in acquirer.answers.items() if got[0].fields[39] == "00"}
    assert approved == set(issuer.approved) - issuer.reversed
    assert not approved & issuer.reversed


def check_positions(positions: dict[str, object], acquirer: AcquirerBook) -> None:
    """I1: the nets are the sum of what the acquirer counts as approved."""
    total = sum(
        int(str(answers[0].fields[4]))
        for answers in acquirer.answers.values()
        if answers[0].fields[39] == "00"
    )
    lines = positions["positions"]
    assert isinstance(lines, list)
    nets: Counter[str] = Counter()
    for line in lines:
        nets[line["participant"]] += line["net"]
        assert line["held"] == 0
    assert positions["zero_sum"]
    assert nets == {"SEATR": total, "HILLTR": -total}
