"""Advices owed to an issuer: their order, their repeats, their bounds, and what it costs."""

import time
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from altyn.card import seal
from altyn.identifiers import ParticipantId
from altyn.switch import forwarding
from altyn.switch.forwarding import (
    ANSWER_WAIT_US,
    FIRST_WAIT_US,
    LONGEST_WAIT_US,
    UNDER_WAY_MAX,
    UNDER_WAY_MIN,
    AdviceQueue,
    AdviceStage,
    OwedAdvice,
    window_of,
)
from altyn.transaction import entries
from tests.switch.bench import SECOND_US, card_number

UNHURRIED = 1_000_000
"""A rate that holds nothing up."""
HEAD = next(column.offset for column in entries.COLUMNS if column.name == entries.PAN_COLUMN)


def advice_of(number: int, card: int) -> OwedAdvice:
    """The advice of an entry about one of a few cards."""
    record = bytes(HEAD) + seal(card_number("990002", card))
    return OwedAdvice(number, record, f"{number:06d}")


def queue_of(count: int, cards: int = 1_000_000) -> AdviceQueue:
    """A queue of so many advices, with sequence numbers from 1, about so many cards in turn."""
    queue = AdviceQueue(ParticipantId("HILL"))
    for number in range(1, count + 1):
        queue.add(advice_of(number, number % cards))
    return queue


def sent(queue: AdviceQueue, now_us: int, window: int = UNDER_WAY_MAX) -> list[int]:
    """The sequence numbers of what is sent now."""
    assert queue.lapse(now_us, 0) == []
    return [advice.sequence for advice in queue.due(now_us, window, UNHURRIED)]


def test_advices_of_different_cards_go_in_order_and_a_bounded_number_at_a_time() -> None:
    """The oldest first; another follows for each that is taken."""
    queue = queue_of(UNDER_WAY_MAX + 3)
    assert sent(queue, 0) == list(range(1, UNDER_WAY_MAX + 1))
    assert sent(queue, 1) == []
    assert queue.remove(2) is not None
    assert queue.remove(2) is None
    assert sent(queue, 2) == [UNDER_WAY_MAX + 1]
    assert len(queue) == UNDER_WAY_MAX + 2


def test_f29_i6_the_advices_of_a_card_go_one_after_the_other() -> None:
    """Three cards with three advices each: the next of a card leaves when the one before is
    taken, given up or closed, whatever becomes of other cards."""
    queue = queue_of(9, cards=3)
    assert sent(queue, 0) == [1, 2, 3]
    queue.remove(2)
    assert sent(queue, 1) == [5]
    queue.give_up(queue.under_way[1])
    assert sent(queue, 2) == [4]
    assert sent(queue, ANSWER_WAIT_US + 10) == []
    queue.remove(7)  # closed while it waits behind its card's own
    queue.remove(4)
    assert sent(queue, ANSWER_WAIT_US + 11) == []
    queue.remove(5)
    assert sent(queue, ANSWER_WAIT_US + 12) == [8]


def test_i6_after_a_broken_line_the_old_order_holds() -> None:
    """What was under way is sent again before what waited, in the order in which it arose."""
    queue = queue_of(UNDER_WAY_MAX + 2)
    sent(queue, 0)
    queue.remove(1)
    queue.stop()
    assert [advice.sequence for advice in queue.owed()] == list(range(2, UNDER_WAY_MAX + 3))
    assert sent(queue, 1) == list(range(2, UNDER_WAY_MAX + 2))


def test_a_dead_letter_sent_again_takes_its_old_place() -> None:
    """It waits for what its card has under way, and goes before what came later."""
    queue = queue_of(4, cards=1)
    (first,) = queue.due(0, UNDER_WAY_MAX, UNHURRIED)
    queue.give_up(first)
    assert sent(queue, 1) == [2]
    queue.revive(first)
    assert sent(queue, 2) == []
    queue.remove(2)
    assert sent(queue, 3) == [1]
    queue.remove(1)
    assert sent(queue, 4) == [3]


@given(number=st.integers(1, 10**9))
def test_i12_waits_grow_to_a_bound_and_are_spread(number: int) -> None:
    """Five seconds, then twice as long each time, never above 75 seconds, never given up
    while the issuer is silent to all."""
    queue = AdviceQueue(ParticipantId("HILL"))
    advice = advice_of(number, 1)
    queue.add(advice)
    now_us, waits = 0, []
    for _ in range(12):
        assert queue.due(now_us, UNDER_WAY_MAX, UNHURRIED) == [advice]
        waits.append(advice.due_us - now_us)
        assert sent(queue, advice.due_us - 1) == []
        now_us = advice.due_us
        assert queue.lapse(now_us, 0) == []
    assert FIRST_WAIT_US <= waits[0] < FIRST_WAIT_US * 5 // 4
    assert waits == sorted(waits)
    assert LONGEST_WAIT_US <= waits[-1] < LONGEST_WAIT_US * 5 // 4
    assert advice.attempts == 12
    assert advice.tries == 0


def test_what_finds_no_answer_gives_its_place_to_others() -> None:
    """An issuer that drops some advices without a word still gets all the others."""
    queue = queue_of(UNDER_WAY_MAX + 2)
    sent(queue, 0)
    assert sent(queue, ANSWER_WAIT_US - 1) == []
    assert sent(queue, ANSWER_WAIT_US) == [UNDER_WAY_MAX + 1, UNDER_WAY_MAX + 2]


def test_a_try_has_failed_only_when_the_issuer_took_something_sent_later() -> None:
    """A silent issuer costs no advice a try; one that takes others does, once for each sending."""
    queue = queue_of(2)
    first, second = queue.due(0, UNDER_WAY_MAX, UNHURRIED)
    later_us = max(first.due_us, second.due_us)
    assert queue.lapse(later_us, heard_us=0) == []
    queue.due(later_us, UNDER_WAY_MAX, UNHURRIED)
    queue.remove(2)
    assert queue.lapse(first.due_us, heard_us=later_us) == []
    queue.due(first.due_us, UNDER_WAY_MAX, UNHURRIED)
    assert queue.lapse(first.due_us, heard_us=first.sent_us + 1) == [first]


@pytest.mark.parametrize(("per_second", "in_ten_seconds"), [(1, 11), (20, 202), (500, 5_049)])
def test_f25_a_backlog_drains_at_the_issuers_rate(per_second: int, in_ten_seconds: int) -> None:
    """However quickly it acknowledges: the rate, and at once what it allows in 0.1 s."""
    queue = queue_of(6_000)
    count = 0
    for tick in range(10 * 50):
        sending = queue.due(tick * SECOND_US // 50, UNDER_WAY_MAX, per_second)
        count += len(sending)
        for advice in sending:
            queue.remove(advice.sequence)
    assert count == pytest.approx(in_ten_seconds, rel=0.02)
    assert count <= per_second * 10 + per_second // 10 + 1


def test_f25_live_traffic_comes_first() -> None:
    """Requests in flight take places from advices, down to two that are always left."""
    assert [window_of(live) for live in (0, 160, 480, 20_000)] == [32, 22, UNDER_WAY_MIN, 2]
    queue = queue_of(40)
    assert len(sent(queue, 0, window_of(400))) == window_of(400)
    assert queue.next_us(0, window_of(400)) < SECOND_US


def test_f25_levels_are_told_once_each_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """50, 80, 95 percent on the way up; on the way down five percent lower."""
    monkeypatch.setattr(forwarding, "ADVICES_OWED_MAX", 100)
    queue = AdviceQueue(ParticipantId("HILL"))
    told: list[tuple[int, int, bool]] = []
    for number in range(1, 101):
        queue.add(advice_of(number, number))
        told += [(number, *crossed) for crossed in queue.cross()]
    assert queue.full
    for number in range(1, 101):
        queue.remove(number)
        told += [(100 - number, *crossed) for crossed in queue.cross()]
    up = [(50, 50, True), (80, 80, True), (95, 95, True)]
    assert told == [*up, (89, 95, False), (74, 80, False), (44, 50, False)]


def test_a_step_costs_the_same_however_many_are_owed() -> None:
    """Two hundred thousand owed: adding, sending and taking one out look through none of them.

    Against a queue of two thousand, best of five; a scan would cost a hundred times as much.
    """

    def best_of(count: int) -> float:
        queue = queue_of(count, cards=count // 2)
        best = 1e9
        now_us, number = 0, count
        for _ in range(5):
            began = time.perf_counter()
            for _ in range(200):
                now_us += 1
                number += 1
                queue.lapse(now_us, 0)
                queue.due(now_us, UNDER_WAY_MAX, UNHURRIED)
                queue.remove(next(iter(queue.under_way)))
                queue.add(advice_of(number, number % 100))
            best = min(best, time.perf_counter() - began)
        return best

    assert best_of(200_000) < 10 * best_of(2_000)


@dataclass
class Model:
    """What a queue should be: plain lists, looked through each time."""

    owed: dict[int, int] = field(default_factory=dict)  # entry: card
    sent: set[int] = field(default_factory=set)  # sent and not taken since the line stands
    dead: dict[int, int] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)


class QueueMachine(RuleBasedStateMachine):
    """Any order of what can happen to a queue, against the model."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = AdviceQueue(ParticipantId("HILL"))
        self.model = Model()
        self.now_us = 0
        self.number = 0

    @rule(card=st.integers(1, 3), count=st.integers(1, 3))
    def owe(self, card: int, count: int) -> None:
        """More advices of a card."""
        for _ in range(count):
            self.number += 1
            self.queue.add(advice_of(self.number, card))
            self.model.owed[self.number] = card

    @rule(seconds=st.sampled_from([0, 1, 5, 12, 80]), window=st.sampled_from([2, 32]))
    def send(self, seconds: int, window: int) -> None:
        """Time passes, and what is due is sent: never behind another of its card."""
        self.now_us += seconds * SECOND_US
        self.queue.lapse(self.now_us, 0)
        for advice in self.queue.due(self.now_us, window, UNHURRIED):
            number = advice.sequence
            assert number not in self.model.gone
            assert number not in self.model.dead
            card = self.model.owed[number]
            others = {each for each, of in self.model.owed.items() if of == card and each != number}
            assert not others & self.model.sent, "two of a card under way"
            if number not in self.model.sent:
                assert number == min({*others, number}), "an earlier one of its card waits"
            self.model.sent.add(number)
        assert len(self.queue.under_way) <= 32

    def pick(self, data: st.DataObject, numbers: set[int]) -> int | None:
        """One of some entries; None when there is none."""
        return data.draw(st.sampled_from(sorted(numbers))) if numbers else None

    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        """The issuer takes one that was sent, or a dead letter late, or an operator closes any."""
        number = self.pick(data, {*self.model.owed, *self.model.dead})
        if number is not None:
            assert self.queue.remove(number) is not None
            for numbers in (self.model.owed, self.model.dead):
                numbers.pop(number, None)
            self.model.sent.discard(number)
            self.model.gone.add(number)

    @rule(data=st.data())
    def put_off(self, data: st.DataObject) -> None:
        """The issuer says later."""
        number = self.pick(data, set(self.queue.under_way))
        if number is not None:
            self.queue.rest(self.queue.under_way[number])

    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        """One becomes a dead letter."""
        number = self.pick(data, set(self.model.sent))
        if number is not None:
            advice = self.queue.find(number)
            assert advice is not None
            self.queue.give_up(advice)
            self.model.dead[number] = self.model.owed.pop(number)
            self.model.sent.discard(number)

    @rule(data=st.data())
    def revive(self, data: st.DataObject) -> None:
        """An operator lets one be sent again."""
        number = self.pick(data, set(self.model.dead))
        if number is not None:
            self.queue.revive(self.queue.dead[number])
            self.model.owed[number] = self.model.dead.pop(number)

    @rule()
    def stop(self) -> None:
        """The line breaks."""
        self.queue.stop()
        self.model.sent.clear()

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        """Nothing is lost, nothing is there twice, every STAN leads to its advice."""
        wanted = sorted([*self.model.owed, *self.model.dead])
        assert [advice.sequence for advice in self.queue.owed()] == wanted
        assert len(self.queue) == len(wanted)
        assert sorted(self.queue.dead) == sorted(self.model.dead)
        assert all(advice.stage == AdviceStage.DEAD for advice in self.queue.dead.values())

    def teardown(self) -> None:
        """With an issuer that takes everything, everything is delivered."""
        for _ in range(3 * len(self.model.owed) + 10):
            self.send(80, 32)
            for number in list(self.queue.under_way):
                self.queue.remove(number)
                del self.model.owed[number]
                self.model.sent.discard(number)
                self.model.gone.add(number)
        assert not self.model.owed
        assert self.queue.sendable == 0


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(max_examples=150, stateful_step_count=40)
