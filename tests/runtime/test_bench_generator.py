"""The load generator over real sockets, against issuers of ours that stall or stay silent."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from altyn.message import load_codec
from altyn.runtime.load.frame_layout import DIALECT
from altyn.runtime.load.generator import LineClosedError, LoadOrder, generate
from altyn.runtime.load.issuer_answers import IssuerAnswers
from altyn.runtime.load.measurement import issuer_process
from altyn.runtime.load.process_usage import cpu_seconds, family, machine_cpu_seconds, memory_bytes

CODEC = load_codec(DIALECT)


def order(port: int, **changes: float) -> LoadOrder:
    """A short closed run over two connections, changed as a test asks."""
    usual: dict[str, float] = {
        "connections": 2,
        "in_flight": 8,
        "rate_per_second": 0,
        "warmup_s": 0.05,
        "seconds": 0.2,
        "first_reference": 0,
        "switch_process_id": 0,
        "issuer_process_id": 0,
    }
    return LoadOrder.of_line(json.dumps({"host": "127.0.0.1", "port": port, **usual, **changes}))


class OneLineServer:
    """Serves one connection in a thread: what `respond` makes of all that came is sent back."""

    def __init__(self, respond: Callable[[bytes], tuple[bytes, int]]) -> None:
        self._respond = respond
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connected, _ = self._listener.accept()
        with connected, self._listener:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            rest = b""
            while data := connected.recv(1 << 16):
                replies, taken = self._respond(rest + data)
                rest = (rest + data)[taken:]
                connected.sendall(replies)

    def join(self) -> None:
        """Wait until the other side has closed the connection."""
        self._thread.join()


@pytest.mark.process
@pytest.mark.parametrize("in_flight", [1, 64])
def test_closed_loop_answers_agree_on_both_sides(in_flight: int) -> None:
    """Every request sent is answered, and nothing is counted that was not asked."""
    with issuer_process() as (port, process_id):
        result = generate(order(port, in_flight=in_flight, issuer_process_id=process_id))
    assert result.approved == result.latency.count > 0
    assert result.approvals_seen == result.sent > result.approved
    assert (result.unanswered, result.unmatched, result.mismatched, result.malformed) == (0,) * 4
    assert (result.timed_out, result.declined) == (0, {})
    assert 0 < result.latency.p50 <= result.latency.p99 <= result.latency.maximum


@pytest.mark.process
def test_open_loop_sends_what_was_due_and_no_more() -> None:
    """The window of an open loop holds exactly rate times seconds requests."""
    with issuer_process() as (port, _):
        result = generate(order(port, rate_per_second=1000, seconds=0.5, warmup_s=0.1))
    assert result.latency.count == result.approved == result.sending_lag.count == 500
    assert result.replies_per_second == 1000
    assert result.sent == 600


def test_stall_shows_in_the_percentiles_of_an_open_loop() -> None:
    """200 ms of silence of the other side are seen by everything that was due meanwhile.

    The other side keeps its answers from the 1,000th request until it has seen the 1,400th, which
    the schedule of 2,000/s puts 200 ms later. So these latencies are bounded from below on a
    machine of any speed; a generator that paused with the other side would not reach them.
    """
    answers, held = IssuerAnswers(CODEC), list[bytes]()

    def respond(data: bytes) -> tuple[bytes, int]:
        replies, taken = answers.answer(data)
        held.append(replies)
        if 1000 <= answers.answered < 1400:
            return b"", taken
        sent = b"".join(held)
        held.clear()
        return sent, taken

    server = OneLineServer(respond)
    result = generate(
        order(server.port, connections=1, rate_per_second=2000, warmup_s=0, seconds=1)
    )
    server.join()
    assert result.latency.count == result.approved == 2000
    # The 1,000th request waits for 400 more, the 1,200th, which bounds p90 here, for 200.
    assert result.latency.maximum >= 400 / 2000
    assert result.latency.p99 >= 380 / 2000
    assert result.latency.p90 >= 200 / 2000


def test_answers_that_never_come_are_reported() -> None:
    """A request without an answer at the end of the drain is unanswered, not forgotten."""
    answers = IssuerAnswers(CODEC)

    def respond(data: bytes) -> tuple[bytes, int]:
        replies, taken = answers.answer(data)
        return (b"" if answers.answered > 40 else replies), taken

    server = OneLineServer(respond)
    changes = {"connections": 1, "rate_per_second": 100, "warmup_s": 0, "drain_s": 0.1}
    result = generate(order(server.port, **changes, seconds=0.5))
    server.join()
    assert result.approved == 40
    assert result.unanswered == 10


def test_switch_that_hangs_up_ends_the_run() -> None:
    """A closed connection is an error with its reason, not a low figure."""
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        listener.accept()[0].close()

    thread = threading.Thread(target=hang_up)
    thread.start()
    with pytest.raises(LineClosedError, match="closed a connection"):
        generate(order(listener.getsockname()[1], connections=1))
    thread.join()
    listener.close()


def test_switch_that_is_not_there_ends_the_run() -> None:
    """Without a listener the generator says that it cannot connect."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    with pytest.raises(LineClosedError, match="cannot connect"):
        generate(order(port))


@pytest.mark.process
def test_generator_process_reports_as_json() -> None:
    """The process takes its order from standard input and gives the result on standard output."""
    with issuer_process() as (port, _):
        generator = subprocess.run(
            [sys.executable, "-m", "altyn.runtime.load", "generator"],
            input=order(port).as_line(),
            capture_output=True,
            text=True,
            check=True,
        )
    result = json.loads(generator.stdout)
    assert result["approved"] == result["latency"]["count"] > 0


def test_usage_is_that_of_the_process() -> None:
    """Processor time grows with work, memory is there, and what is gone counts nothing."""
    own = [os.getpid()]
    before, machine_before = cpu_seconds(own), machine_cpu_seconds()
    while cpu_seconds(own) < before + 0.02:
        sum(range(100_000))
    assert machine_cpu_seconds() > machine_before
    assert memory_bytes(own) > 1 << 20
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in family(os.getpid())
        assert child.stdin is not None
        child.stdin.close()
    assert (cpu_seconds([child.pid]), memory_bytes([child.pid])) == (0.0, 0)
