"""What is right passes the auditor: a day with everything in it, to the last entry."""

from tests.switch.bench import SEA, bank, bin_range
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
