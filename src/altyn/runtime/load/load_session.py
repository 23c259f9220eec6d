"""The acquirer's side of a load run: requests out, replies in, no socket and no clock.

A request is answered when a reply with its trace number comes on its line and every echoed field is
the request's own, byte for byte; anything else is counted apart and never as an answer.

Latency counts from the moment a request was due. In a closed loop that is when the one before it
was answered; in an open loop it is when the schedule asked for it, whether or not the switch was
ready. A switch that stalls for 300 ms in an open loop so shows the stall in every request that was
due meanwhile, and not in one alone (the error known as coordinated omission).
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from altyn.message import Codec, Message, MessageError
from altyn.runtime.load.frame_layout import (
    HEADER_BYTES,
    SHAPE_BYTES,
    field_spans,
    guard_reading,
    reading_of,
)
from altyn.runtime.load.issuer_answers import IssuerAnswers
from altyn.runtime.load.request_book import request_book

__all__ = ["AcquirerLine", "LoadSession"]

_STAN_MAX: Final = 999_999
_NEVER: Final = float("inf")
# What a reply has in common with its request. The first four must be there (blueprint, section 5).
_IDENTITY: Final = (7, 11, 32, 37)
_COMPARED: Final[tuple[int, ...]] = (2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49)
_PLANS_MAX: Final = 512

Unpack = Callable[[bytes, int], tuple[Any, ...]]


class _Plan(NamedTuple):
    """How replies of one shape are read."""

    guards: Unpack
    guards_expected: tuple[bytes, ...]
    stan_at: int
    code_at: int
    date_at: int
    """Where the settlement date (DE15) stands; 0 when there is none."""
    echo: Unpack
    original: Callable[[bytes], tuple[Any, ...]]
    """The same fields of the request, in the same pieces."""


class AcquirerLine:
    """One connection of the acquirer: its terminal, and its requests that wait for an answer."""

    __slots__ = ("answers", "pending", "rest", "terminal")

    def __init__(self, number: int) -> None:
        """`number` from 0 to 9999 names the terminal, LOADnnnn in DE41."""
        self.terminal = b"LOAD%04d" % number
        # By trace number: when the request was due, and its frame.
        self.pending: dict[bytes, tuple[float, bytes]] = {}
        self.rest = b""
        # To network messages of the switch; to be sent with what comes next.
        self.answers: list[bytes] = []


class LoadSession:
    """Requests and replies of one load run over any number of lines, and what became of them.

    `latencies` (seconds) of approvals, `latencies_declined` of the others, and `codes` (replies by
    response code) belong to the measured window; `codes_outside` counts the replies before and
    after it. `dates`, where it is kept, has the DE15 of every reply by trace number.
    """

    def __init__(self, codec: Codec, first_reference: int = 0) -> None:
        """Reference numbers (DE37) and trace numbers (DE11) count up from `first_reference`."""
        self.sent = 0
        self.latencies = array("d")
        self.latencies_declined = array("d")
        self.dates: dict[bytes, bytes] | None = None
        self.codes: Counter[bytes] = Counter()
        self.codes_outside: Counter[bytes] = Counter()
        self.unmatched = 0
        self.mismatched = 0
        self.malformed = 0
        self.timed_out = 0
        self._codec = codec
        self._book = request_book(codec)
        self._variants = self._book.variants
        self._network_answers = IssuerAnswers(codec)
        self._plans: dict[bytes, _Plan] = {}
        self._reference = first_reference
        self._stan = first_reference % _STAN_MAX
        self._measured_from = _NEVER
        self._transmitted = b"0101000000"
        self._local = b"0000000101"

    def tell_time(self, month_day: str, hour_minute_second: str) -> None:
        """The date (MMDD) and time (hhmmss) that requests carry from now on."""
        self._transmitted = f"{month_day}{hour_minute_second}".encode("ascii")
        self._local = f"{hour_minute_second}{month_day}".encode("ascii")

    def open_window(self, measured_from: float) -> None:
        """Measure replies from now on, those of requests due at `measured_from` or later."""
        self._measured_from = measured_from

    def close_window(self) -> None:
        """Measure no more. Replies still to come are counted in `codes_outside`."""
        self._measured_from = _NEVER

    def requests(self, line: AcquirerLine, due_times: Iterable[float]) -> bytes:
        """The frames of new requests on the line, one for each moment at which one was due."""
        pending, terminal, variants = line.pending, line.terminal, self._variants
        transmitted, local, mask = self._transmitted, self._local, len(self._variants) - 1
        stan, reference = self._stan, self._reference
        frames = list[bytes]()
        for due in due_times:
            stan = stan + 1 if stan < _STAN_MAX else 1
            reference += 1
            head, middle, tail = variants[reference & mask]
            trace = b"%06d" % stan
            frame = b"".join(
                (head, transmitted, trace, local, middle, b"%012d" % reference, terminal, tail)
            )
            if trace in pending:
                # A million requests later and still unanswered.
                self.timed_out += 1
            pending[trace] = (due, frame)
            frames.append(frame)
        self.sent += reference - self._reference
        self._stan, self._reference = stan, reference
        return b"".join(frames)

    def receive(self, line: AcquirerLine, data: bytes, now: float) -> int:
        """Take what came in on the line at `now`; gives how many requests it answered."""
        if line.rest:
            data = line.rest + data
        plans, pending, measured_from = self._plans, line.pending, self._measured_from
        latencies, codes, dates = self.latencies, self.codes, self.dates
        position, end, answered = 0, len(data), 0
        while end - position >= HEADER_BYTES:
            shape = data[position : position + SHAPE_BYTES]
            start, position = position, position + HEADER_BYTES + (shape[0] << 8 | shape[1])
            if position > end:
                position = start
                break
            plan = plans.get(shape)
            if plan is None or plan.guards(data, start) != plan.guards_expected:
                plan = self._learn(line, data[start:position])
                if plan is None:
                    continue
            _, _, stan_at, code_at, date_at, echo, original = plan
            stan_at += start
            request = pending.pop(data[stan_at : stan_at + 6], None)
            if request is None:
                self.unmatched += 1
                continue
            answered += 1
            due, frame = request
            code = data[start + code_at : start + code_at + 2]
            if dates is not None and date_at:
                dates[data[stan_at : stan_at + 6]] = data[start + date_at : start + date_at + 4]
            if echo(data, start) != original(frame):
                self.mismatched += 1
            elif due >= measured_from:
                (latencies if code == b"00" else self.latencies_declined).append(now - due)
                codes[code] += 1
            else:
                self.codes_outside[code] += 1
        line.rest = data[position:]
        return answered

    def give_up(self, line: AcquirerLine, due_before: float) -> int:
        """Count requests due before that moment as timed out; gives how many there were."""
        late = 0
        for due, _ in line.pending.values():
            if due >= due_before:
                break
            late += 1
        for trace in list(line.pending)[:late]:
            del line.pending[trace]
        self.timed_out += late
        return late

    def _learn(self, line: AcquirerLine, frame: bytes) -> _Plan | None:
        """The plan for frames of this shape; None when it is no reply to read."""
        try:
            message = self._codec.decode(frame[HEADER_BYTES:])
        except MessageError:
            self.malformed += 1
            return None
        if int(message.mti[2]) % 2 == 0:
            line.answers.append(self._network_answers.answer(frame)[0])
            return None
        if message.mti != "0110" or not {39, *_IDENTITY} <= message.fields.keys():
            self.malformed += 1
            return None
        if len(self._plans) >= _PLANS_MAX:
            self._plans.clear()
        return self._plans.setdefault(frame[:SHAPE_BYTES], self._plan(message, frame))

    def _plan(self, message: Message, frame: bytes) -> _Plan:
        told, asked = field_spans(self._codec, message), self._book.spans
        runs: list[list[int]] = []
        for number in (n for n in _COMPARED if n in told):
            last = runs[-1][-1] if runs else 0
            joined = last and all(s[last].end == s[number].start for s in (told, asked))
            if joined:
                runs[-1].append(number)
            else:
                runs.append([number])
        guards = guard_reading(told)
        echo = reading_of((told[run[0]].start, told[run[-1]].end) for run in runs)
        original = reading_of((asked[run[0]].start, asked[run[-1]].end) for run in runs)
        return _Plan(
            guards=guards.layout.unpack_from,
            guards_expected=guards.layout.unpack_from(frame),
            stan_at=told[11].value_start,
            code_at=told[39].value_start,
            date_at=told[15].value_start if 15 in told else 0,
            echo=echo.layout.unpack_from,
            original=original.layout.unpack_from,
        )
