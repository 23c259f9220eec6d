"""The load generator: drives a session over sockets, in a closed or an open loop, and times it."""

import json
import select
import socket
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import repeat
from pathlib import Path
from typing import Final, Self

from altyn.message import load_codec
from altyn.runtime.load.frame_layout import DIALECT
from altyn.runtime.load.line_socket import LineSocket
from altyn.runtime.load.load_session import AcquirerLine, LoadSession
from altyn.runtime.load.loop_watch import LoopWatch
from altyn.runtime.load.process_usage import cpu_seconds, family, machine_cpu_seconds
from altyn.runtime.percentiles import Percentiles, percentiles

__all__ = ["LineClosedError", "LoadOrder", "LoadResult", "generate"]

REPLY_TIMEOUT_S: Final = 15.0
_WAIT_S: Final = 0.05
# In a fast open loop, waking for every single request would cost a core that the switch needs. The
# wait counts as latency, since a request is due whether or not we are awake.
_TICK_S: Final = 0.0005
_SLACK_FILE: Final = Path("/proc/self/timerslack_ns")


class LineClosedError(Exception):
    """The switch closed a connection of the generator, or could not be reached."""


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """What the generator is to do. `in_flight` is per connection; `rate_per_second` 0: closed."""

    host: str
    port: int
    connections: int
    in_flight: int
    rate_per_second: float
    warmup_s: float
    seconds: float
    first_reference: int
    switch_process_id: int
    issuer_process_id: int
    drain_s: float = 5.0
    """How long to wait at the end for replies under way."""
    keep_dates: bool = False
    """Whether to tell the settlement date of every reply."""

    def as_line(self) -> str:
        """The order as one line of JSON, for the generator's process."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def of_line(cls, line: str) -> Self:
        """The order of such a line."""
        return cls(**json.loads(line))


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of it. Latencies in seconds; processor use in seconds per second of the window.

    `approvals_seen` and `sent` count the whole run, warm-up and drain included; `approved` and
    `declined` the window. `unanswered` requests were still waiting at the very end.
    """

    seconds: float
    replies_per_second: float
    latency: Percentiles
    """Of approvals."""
    latency_declined: Percentiles
    sending_lag: Percentiles
    longest_pause: float
    """Seconds in which the generator itself stood still, at most 0.05 when it only had to wait."""
    approved: int
    declined: dict[str, int]
    timed_out: int
    unanswered: int
    unmatched: int
    mismatched: int
    malformed: int
    sent: int
    approvals_seen: int
    switch_cpu: float
    generator_cpu: float
    issuer_cpu: float
    other_cpu: float
    """Of everything else on the machine: above a few hundredths the figures are not to be kept."""
    dates: dict[str, list[str]]
    """Where they are kept: the trace numbers of replies by settlement date, MMDD."""

    def as_table(self) -> dict[str, object]:
        """The same as plain values, for JSON."""
        return asdict(self)


class _Meter:
    """Wall clock and processor seconds, of the three processes and of all, between two moments."""

    def __init__(self, order: LoadOrder) -> None:
        self._switch = family(order.switch_process_id) if order.switch_process_id else []
        self._issuer = [order.issuer_process_id] if order.issuer_process_id else []
        self._first = self._read()

    def _read(self) -> tuple[float, ...]:
        return (
            time.perf_counter(),
            cpu_seconds(self._switch),
            time.process_time(),
            cpu_seconds(self._issuer),
            machine_cpu_seconds(),
        )

    def stop(self) -> tuple[float, list[float]]:
        """Seconds since the start, and what each used of every second of it."""
        seconds, *used = (b - a for a, b in zip(self._first, self._read(), strict=True))
        return seconds, [figure / seconds for figure in used]


class _Run:
    """One run of the generator, from connecting to the last reply."""

    def __init__(self, order: LoadOrder) -> None:
        self.order = order
        self.session = LoadSession(load_codec(DIALECT), order.first_reference)
        self.session.dates = {} if order.keep_dates else None
        self.lag: list[float] = []
        self.watch = LoopWatch(time.perf_counter())
        self.poll = select.epoll()
        self.lines: list[tuple[LineSocket, AcquirerLine]] = []
        self.sending = True
        self.second = 0
        self.tell_time()
        self.connect()
        self.by_descriptor = {pair[0].descriptor: pair for pair in self.lines}

    def connect(self) -> None:
        for number in range(self.order.connections):
            try:
                connected = socket.create_connection((self.order.host, self.order.port), 10)
            except OSError as error:
                raise LineClosedError(f"cannot connect to the switch ({error.strerror})") from error
            self.lines.append((LineSocket(connected, self.poll), AcquirerLine(number)))

    def turn(self) -> None:
        """At the end of each turn of a loop, and once a second what tell_time does."""
        self.watch.turn(time.perf_counter())
        self.tell_time()

    def tell_time(self) -> None:
        """Once a second: the time in the messages, and requests that waited too long."""
        second = int(time.time())
        if second == self.second:
            return
        self.second = second
        instant = time.gmtime(second)
        self.session.tell_time(time.strftime("%m%d", instant), time.strftime("%H%M%S", instant))
        now = time.perf_counter()
        due_before = self.watch.inspect(now) - REPLY_TIMEOUT_S
        for line_socket, line in self.lines:
            late = self.session.give_up(line, due_before)
            if late and self.sending and not self.order.rate_per_second:
                self.send(line_socket, line, repeat(now, late))

    def send(self, line_socket: LineSocket, line: AcquirerLine, due_times: Iterable[float]) -> None:
        line_socket.write(self.session.requests(line, due_times))

    def drain_ready(self, ready: list[tuple[int, int]]) -> None:
        """Read what came; in a closed loop each answer is followed by the next request."""
        session, clock = self.session, time.perf_counter
        refill = self.sending and not self.order.rate_per_second
        for descriptor, _ in ready:
            line_socket, line = self.by_descriptor[descriptor]
            data = line_socket.read()
            if data is None:
                raise LineClosedError("the switch closed a connection of the load generator")
            answered = session.receive(line, data, clock())
            if line.answers:
                line_socket.write(b"".join(line.answers))
                line.answers.clear()
            if answered and refill:
                line_socket.write(session.requests(line, repeat(clock(), answered)))

    def closed_loop(self, until: float) -> None:
        while time.perf_counter() < until:
            self.drain_ready(self.poll.poll(_WAIT_S))
            self.turn()

    def open_loop(self, start: float, number: int, until: float) -> int:
        """Send what is due until then; gives the number of the next request of the schedule."""
        rate, lines, clock = self.order.rate_per_second, self.lines, time.perf_counter
        tick = _TICK_S if rate * _TICK_S > 1 else 0.0
        while (now := clock()) < until:
            batches: dict[int, list[float]] = {}
            while (due := start + number / rate) <= now:
                batches.setdefault(number % len(lines), []).append(due)
                self.lag.append(now - due)
                number += 1
            for place, due_times in batches.items():
                self.send(*lines[place], due_times)
            # The timeout of epoll counts in whole milliseconds here; that of select does not.
            awake_at = min(max(due, now + tick), until)
            select.select((self.poll.fileno(),), (), (), max(0.0, awake_at - clock()))
            self.drain_ready(self.poll.poll(0))
            self.turn()
        return number

    def drain(self) -> int:
        """Wait for the replies under way; gives how many never came."""
        self.sending = False
        until = time.perf_counter() + self.order.drain_s
        while time.perf_counter() < until and any(line.pending for _, line in self.lines):
            self.drain_ready(self.poll.poll(_WAIT_S))
        return sum(len(line.pending) for _, line in self.lines)

    def close(self) -> None:
        for line_socket, _ in self.lines:
            line_socket.close()
        self.poll.close()


def generate(order: LoadOrder) -> LoadResult:
    """Carry out the order. Raises LineClosedError when the switch cannot be reached or hangs up."""
    _sharpen_timers()
    run = _Run(order)
    try:
        return _drive_open(run) if order.rate_per_second else _drive_closed(run)
    finally:
        run.close()


def _drive_closed(run: _Run) -> LoadResult:
    order, start = run.order, time.perf_counter()
    for line_socket, line in run.lines:
        run.send(line_socket, line, repeat(time.perf_counter(), order.in_flight))
    run.closed_loop(start + order.warmup_s)
    meter = _Meter(order)
    run.watch.forget()
    run.session.open_window(0.0)
    run.closed_loop(start + order.warmup_s + order.seconds)
    run.session.close_window()
    seconds, used = meter.stop()
    return _result(run, seconds, used, run.drain())


def _drive_open(run: _Run) -> LoadResult:
    order, start = run.order, time.perf_counter()
    measured_from, until = start + order.warmup_s, start + order.warmup_s + order.seconds
    following = run.open_loop(start, 0, measured_from)
    run.lag.clear()
    meter = _Meter(order)
    run.watch.forget()
    run.session.open_window(measured_from)
    run.open_loop(start, following, until)
    _, used = meter.stop()
    # The window stays open: a reply that comes late was due within it, and is late.
    unanswered = run.drain()
    return _result(run, order.seconds, used, unanswered)


def _result(run: _Run, seconds: float, used: list[float], unanswered: int) -> LoadResult:
    session = run.session
    whole = session.codes + session.codes_outside
    switch_cpu, generator_cpu, issuer_cpu, machine_cpu = used
    declined = {code.decode("latin-1"): n for code, n in session.codes.items() if code != b"00"}
    return LoadResult(
        seconds=seconds,
        replies_per_second=(len(session.latencies) + len(session.latencies_declined)) / seconds,
        latency=percentiles(session.latencies),
        latency_declined=percentiles(session.latencies_declined),
        sending_lag=percentiles(run.lag),
        longest_pause=run.watch.longest_pause,
        approved=session.codes[b"00"],
        declined=declined,
        timed_out=session.timed_out,
        unanswered=unanswered,
        unmatched=session.unmatched,
        mismatched=session.mismatched,
        malformed=session.malformed,
        sent=session.sent,
        approvals_seen=whole[b"00"],
        switch_cpu=switch_cpu,
        generator_cpu=generator_cpu,
        issuer_cpu=issuer_cpu,
        # The four are read one after the other, so an idle machine may come out below nothing.
        other_cpu=max(0.0, machine_cpu - switch_cpu - generator_cpu - issuer_cpu),
        dates=_by_date(session.dates or {}),
    )


def _by_date(dates: dict[bytes, bytes]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for trace, date in dates.items():
        found.setdefault(date.decode("latin-1"), []).append(trace.decode("latin-1"))
    return found


def _sharpen_timers() -> None:
    """Ask Linux not to delay our wake-ups by its usual 50 microseconds (proc(5))."""
    try:
        _SLACK_FILE.write_text("1", encoding="ascii")
    except OSError:
        # Older kernels keep the file from us; the lag that is reported beside shows it.
        return
