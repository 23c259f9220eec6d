"""What is right passes the auditor: a day with everything in it, to the last entry."""

from altyn.identifiers import LinkId
from altyn.message import Message
from altyn.switch import Shed, ShedRequest
from altyn.testing import SwitchRead
from tests.switch.bench import CODEC, SEA, bank, bin_range
from tests.testing.watched_bench import WatchedBench, audit, busy_day


def test_a_busy_day_passes() -> None:
    """Approvals, parts taken back, completions, late answers, restarts, cut-overs: all sound."""
    bench = busy_day()
    bench.rest()
    audit(bench.seen)
    assert len(bench.seen) > 60


def test_f09_a_reversal_before_its_original_passes() -> None:
    """The reversal is taken, and the original that comes after it refused."""
    bench = WatchedBench()
    request = bench.request()
    bench.ask("sea", bench.about(request))
    assert bench.ask("sea", request).fields[39] == "21"
    bench.rest()
    audit(bench.seen)


def test_i8_a_cap_that_is_lowered_under_what_is_used_passes() -> None:
    """Nothing more is accepted, and what stands stands."""
    bench = WatchedBench()
    bench.buy()
    hill = bank("HILL", "400102", TRY=10_000)
    bench.activate(SEA, hill, bin_range("990001", "SEA"), bin_range("990002", "HILL"))
    assert bench.ask("sea", bench.request()).fields[39] == "61"
    bench.rest()
    audit(bench.seen)


def test_f20_an_answer_whose_line_broke_is_not_missed() -> None:
    """A request whose line went before its answer need not be answered (I12)."""
    bench = WatchedBench()
    bench.send("sea", bench.request())
    bench.drop("sea")
    for _ in range(40):
        bench.wait(1)
    audit(bench.seen)
    assert not bench.inbox["sea"]


def test_what_is_refused_unread_passes() -> None:
    """Under overload a new request is refused unread, and its repeat is refused again."""
    bench = WatchedBench()
    request = bench.request()
    link, terminal = LinkId("sea"), str(request.fields[41])
    key, moment = f"2400101/{request.fields[11]!s}{request.fields[7]!s}", 1_783_245_600
    bench.seen.append(SwitchRead(bench.at, link, CODEC.encode(request)))
    shed = Shed(link, (ShedRequest(key, terminal, moment, link, request),))
    bench.take_unchecked(bench.switch.step(shed, bench.now))
    assert bench.taken("sea").fields[39] == "96"
    assert bench.ask("sea", Message("0201", request.fields)).fields[39] == "96"
    bench.rest()
    audit(bench.seen)
