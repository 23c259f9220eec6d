"""Advices owed to an issuer: their order, their repeats, their bounds."""

from hypothesis import given
from hypothesis import strategies as st

from altyn.identifiers import ParticipantId
from altyn.message import Message
from altyn.switch.forwarding import (
    FIRST_WAIT_US,
    LONGEST_WAIT_US,
    UNDER_WAY_MAX,
    AdviceQueue,
    OwedAdvice,
)
from tests.switch.bench import HILL, SECOND_US, Bench, answer_to


def queue_of(count: int) -> AdviceQueue:
    """A queue of so many advices, with sequence numbers from 1."""
    queue = AdviceQueue(ParticipantId("HILL"))
    for number in range(1, count + 1):
        queue.add(OwedAdvice(number, b"", f"{number:06d}"))
    return queue


def sent(queue: AdviceQueue, now_us: int) -> list[int]:
    """The sequence numbers of what is sent now."""
    return [advice.sequence for advice in queue.due(now_us)]


def test_advices_go_out_in_order_and_a_bounded_number_at_a_time() -> None:
    """The oldest first; another follows for each that is acknowledged."""
    queue = queue_of(UNDER_WAY_MAX + 3)
    assert sent(queue, 0) == list(range(1, UNDER_WAY_MAX + 1))
    assert sent(queue, 1) == []
    assert queue.acknowledged("000002") is not None
    assert queue.acknowledged("000002") is None
    assert sent(queue, 2) == [UNDER_WAY_MAX + 1]
    assert len(queue) == UNDER_WAY_MAX + 2


def test_i6_after_a_broken_line_the_old_order_holds() -> None:
    """What was under way is sent again before what waited, in the order in which it arose."""
    queue = queue_of(UNDER_WAY_MAX + 2)
    sent(queue, 0)
    queue.acknowledged("000001")
    queue.stop()
    assert [advice.sequence for advice in queue.owed()] == list(range(2, UNDER_WAY_MAX + 3))
    assert sent(queue, 1) == list(range(2, UNDER_WAY_MAX + 2))


@given(number=st.integers(1, 10**9))
def test_i12_waits_grow_to_a_bound_and_are_spread(number: int) -> None:
    """Five seconds, then twice as long each time, never above 75 seconds, never given up."""
    queue = AdviceQueue(ParticipantId("HILL"))
    advice = OwedAdvice(number, b"", "000001")
    queue.add(advice)
    now_us, waits = 0, []
    for _ in range(12):
        assert queue.due(now_us) == [advice]
        waits.append(advice.due_us - now_us)
        assert queue.due(advice.due_us - 1) == []
        now_us = advice.due_us
    assert FIRST_WAIT_US <= waits[0] < FIRST_WAIT_US * 5 // 4
    assert waits == sorted(waits)
    assert LONGEST_WAIT_US <= waits[-1] < LONGEST_WAIT_US * 5 // 4
    assert advice.attempts == 12


def test_an_issuer_that_is_back_gets_its_advices_in_the_order_they_arose() -> None:
    """Three reversals while the line is broken, then two more drops: always oldest first."""
    bench = Bench()
    requests = [bench.buy(amount=amount)[0] for amount in (100, 200, 300)]
    bench.drop("hill")
    for request in requests:
        assert bench.ask("sea", bench.about(request)).fields[39] == "00"
    wanted = [request.fields[4] for request in requests]
    for mti in ("0420", "0421", "0421"):
        bench.up("hill")
        advices = bench.inbox["hill"]
        assert [(a.mti, a.fields[4]) for a in advices] == [(mti, amount) for amount in wanted]
        bench.drop("hill")


def test_f26_an_advice_that_is_refused_blocks_no_other() -> None:
    """An issuer that answers 30 has got it: an alarm, and the next one is delivered."""
    bench = Bench()
    first, second = bench.buy()[0], bench.buy()[0]
    bench.send("sea", bench.about(first))
    bench.send("hill", answer_to(bench.taken("hill"), "30"))
    assert "advice-refused" in bench.alarms
    bench.send("sea", bench.about(second))
    assert bench.taken("hill").mti == "0420"


def test_an_acknowledgement_nobody_waits_for_is_an_alarm() -> None:
    """0430 twice: the second one finds nothing."""
    bench = Bench()
    request, _ = bench.buy()
    bench.send("sea", bench.about(request))
    advice = bench.taken("hill")
    bench.send("hill", answer_to(advice))
    assert "stray-answer" not in bench.alarms
    bench.send("hill", answer_to(advice))
    assert "stray-answer" in bench.alarms


def test_a_repeat_of_an_advice_waits_its_time() -> None:
    """Not before five seconds; acknowledged with 96 it comes again all the same."""
    bench = Bench()
    request, _ = bench.buy()
    bench.send("sea", bench.about(request))
    advice: Message = bench.taken("hill")
    bench.wait(4.9)
    bench.send("hill", answer_to(advice, "96"))
    assert not bench.inbox["hill"]
    bench.wait(2)
    assert bench.taken("hill").mti == "0421"
    bench.send("hill", answer_to(advice))
    bench.wait(LONGEST_WAIT_US * 2 // SECOND_US)
    assert not bench.inbox["hill"]


def test_f03_an_acknowledgement_with_another_time_is_not_the_advices() -> None:
    """A STAN comes again after it wrapped: an old 0430 takes no newer advice out."""
    bench = Bench()
    request, _ = bench.buy()
    bench.send("sea", bench.about(request))
    advice = bench.taken("hill")
    bench.send("hill", answer_to(advice, f7="0101000000"))
    assert "stray-answer" in bench.alarms
    assert len(bench.state.issuers[HILL.participant_id].advices) == 1
    bench.send("hill", answer_to(advice, f7=None))
    assert len(bench.state.issuers[HILL.participant_id].advices) == 0


def test_f04_an_acknowledgement_without_a_code_is_none() -> None:
    """0430 without DE39 says nothing: an alarm, and the advice comes again."""
    bench = Bench()
    request, _ = bench.buy()
    bench.send("sea", bench.about(request))
    advice = bench.taken("hill")
    bench.send("hill", Message("0430", {n: advice.fields[n] for n in (7, 11)}))
    assert "invalid-answer" in bench.alarms
    bench.wait(7)
    assert bench.taken("hill").mti == "0421"
