"""Advices through a whole switch: what issuers answer, dead letters, operators, restarts."""

import pytest

from altyn.clock import Instant
from altyn.identifiers import LinkId, ParticipantId
from altyn.message import Message
from altyn.switch import (
    AdviceOrdered,
    Advise,
    CutOverOrdered,
    LinkUp,
    OwedAdvice,
    Switch,
    SwitchState,
    TimeDue,
    forwarding,
    order_problem,
)
from altyn.switch.forwarding import (
    LONGEST_WAIT_US,
    TRIES_MAX,
    UNDER_WAY_MAX,
    AdviceQueue,
    AdviceStage,
)
from altyn.transaction import entries
from tests.switch.bench import (
    HILL,
    HILL_CARD,
    SECOND_US,
    Bench,
    answer_to,
    bank,
    card_number,
    registry_of,
    terms_of,
)

OTHER_CARD = card_number("990002", 2)


def queue_at(bench: Bench) -> AdviceQueue:
    """What is owed to Hill Bank."""
    return bench.state.issuers[HILL.participant_id].advices


def owe(bench: Bench, card: str = HILL_CARD) -> Message:
    """A purchase that is reversed; gives the advice as Hill Bank gets it."""
    request, _ = bench.buy(f2=card)
    assert bench.ask("sea", bench.about(request)).fields[39] == "00"
    return bench.inbox["hill"].pop()


def answer_until_dead(bench: Bench, advice: Message, code: str = "30") -> None:
    """Hill Bank refuses an advice each time it comes, until it comes no more."""
    for number in range(TRIES_MAX):
        if number:
            bench.wait(LONGEST_WAIT_US * 2 // SECOND_US)
            again = bench.taken("hill")
            assert (again.mti, again.fields) == ("0421", advice.fields)
        bench.send("hill", answer_to(advice, code))
    bench.wait(LONGEST_WAIT_US * 2 // SECOND_US)


def only_entry(bench: Bench) -> int:
    """The entry of the one advice that is owed."""
    (advice,) = queue_at(bench).owed()
    return advice.sequence


def test_an_issuer_that_is_back_gets_its_advices_in_the_order_they_arose() -> None:
    """Reversals for three cards while the line is broken, then two drops: always oldest first."""
    bench = Bench()
    cards = [card_number("990002", number) for number in (7, 8, 9)]
    requests = [bench.buy(f2=card)[0] for card in cards]
    bench.drop("hill")
    for request in requests:
        assert bench.ask("sea", bench.about(request)).fields[39] == "00"
    for mti in ("0420", "0421", "0421"):
        bench.up("hill")
        assert [(a.mti, a.fields[2]) for a in bench.inbox["hill"]] == [(mti, c) for c in cards]
        bench.drop("hill")


def test_f29_the_advices_of_one_card_come_one_by_one() -> None:
    """Two reversals of a card and one of another: the second of the card waits for its turn."""
    bench = Bench()
    requests = [bench.buy(f2=card)[0] for card in (HILL_CARD, HILL_CARD, OTHER_CARD)]
    for request in requests:
        bench.ask("sea", bench.about(request))
    first, other = bench.inbox["hill"]
    assert [first.fields[37], other.fields[37]] == [requests[0].fields[37], requests[2].fields[37]]
    bench.inbox["hill"].clear()
    bench.send("hill", answer_to(other))
    assert not bench.inbox["hill"]
    bench.send("hill", answer_to(first))
    assert bench.taken("hill").fields[37] == requests[1].fields[37]


@pytest.mark.parametrize("code", ["05", "14", "51", "25"])
def test_f24_a_refusal_is_delivered_and_an_exception(code: str) -> None:
    """The issuer has it and would have it otherwise: the effect stands, the operator is told."""
    bench = Bench()
    advice = owe(bench)
    nets = bench.nets()
    bench.send("hill", answer_to(advice, code))
    assert len(queue_at(bench)) == 0
    assert "advice-refused" in bench.alarms
    assert bench.nets() == nets
    bench.expect_replay()


def test_f26_an_advice_that_is_refused_for_ever_becomes_a_dead_letter() -> None:
    """Eight times 30: no further repeat, an alarm, and the card's next one goes out."""
    bench = Bench()
    advice = owe(bench)
    request, _ = bench.buy()
    bench.ask("sea", bench.about(request))
    answer_until_dead(bench, advice)
    assert bench.alarms.count("dead-letter") == 1
    assert len(queue_at(bench)) == 2
    following = bench.inbox["hill"][0]
    assert following.fields[37] == request.fields[37]
    bench.send("hill", answer_to(following))
    (dead,) = queue_at(bench).owed()
    assert (dead.stage, dead.tries, dead.response_code) == (AdviceStage.DEAD, TRIES_MAX, "30")
    bench.inbox["hill"].clear()
    bench.wait(600)
    assert not bench.inbox["hill"]
    bench.expect_replay()


def test_f26_a_refusal_said_twice_is_one_failed_try() -> None:
    """Double answers must not bring the dead letter nearer."""
    bench = Bench()
    advice = owe(bench)
    for _ in range(TRIES_MAX + 1):
        bench.send("hill", answer_to(advice, "30"))
    (owed,) = queue_at(bench).owed()
    assert (owed.stage, owed.tries) == (AdviceStage.RESTING, 1)


@pytest.mark.parametrize("code", ["96", None], ids=["later", "no answer"])
def test_f26_an_advice_that_is_passed_over_becomes_a_dead_letter(code: str | None) -> None:
    """The issuer takes what is sent later, and this one never: eight such tries end it."""
    bench = Bench()
    poison = owe(bench)
    for number in range(TRIES_MAX):
        assert "dead-letter" not in bench.alarms, number
        if code is not None:
            bench.send("hill", answer_to(poison, code))
        bench.wait(1)
        bench.send("hill", answer_to(owe(bench, OTHER_CARD)))
        bench.wait(LONGEST_WAIT_US * 2 // SECOND_US)
        bench.inbox["hill"].clear()
    assert bench.alarms.count("dead-letter") == 1
    bench.expect_replay()


def test_f26_live_approvals_show_that_the_issuer_is_there() -> None:
    """No other advice is owed: approved requests that were sent later count as well."""
    bench = Bench()
    owe(bench)
    for _ in range(TRIES_MAX + 4):  # the first repeats come too soon to be sure
        bench.wait(35)
        bench.buy("00", f2=OTHER_CARD)
        bench.wait(LONGEST_WAIT_US * 2 // SECOND_US)
        bench.inbox["hill"].clear()
    assert "dead-letter" in bench.alarms


@pytest.mark.parametrize("code", ["91", "96", None], ids=["91", "96", "silent"])
def test_w16_a_silent_issuer_costs_no_advice_a_try(code: str | None) -> None:
    """Nothing is acknowledged for an hour: nothing is given up, and little is sent."""
    bench = Bench()
    requests = [bench.buy(f2=card_number("990002", number))[0] for number in range(100)]
    bench.drop("hill")
    for request in requests:
        bench.ask("sea", bench.about(request))
    bench.up("hill")
    seen: list[Message] = []
    for _ in range(3_600):
        bench.wait(1)
        assert len(queue_at(bench).under_way) <= UNDER_WAY_MAX
        now = list(bench.inbox["hill"])
        seen += now
        bench.inbox["hill"].clear()
        for message in now if code else ():
            bench.send("hill", answer_to(message, code or ""))
    assert {each.fields[37] for each in seen} == {each.fields[37] for each in requests}
    assert len(seen) < 100 * (3_600 // 60 + 5)
    assert "dead-letter" not in bench.alarms
    assert len(queue_at(bench)) == 100


def test_nothing_counts_while_the_issuer_is_away() -> None:
    """Hours without a line: back again, the advice is a repeat with all its tries."""
    bench = Bench()
    owe(bench)
    bench.drop("hill")
    for _ in range(20):
        bench.wait(600)
    bench.up("hill")
    assert bench.taken("hill").mti == "0421"
    (owed,) = queue_at(bench).owed()
    assert owed.tries == 0


def test_an_acknowledgement_nobody_waits_for_is_an_alarm() -> None:
    """0430 twice: the second one finds nothing."""
    bench = Bench()
    advice = owe(bench)
    bench.send("hill", answer_to(advice))
    assert "stray-answer" not in bench.alarms
    bench.send("hill", answer_to(advice))
    assert "stray-answer" in bench.alarms


def test_a_repeat_of_an_advice_waits_its_time() -> None:
    """Not before five seconds; acknowledged with 96 it comes again all the same."""
    bench = Bench()
    advice = owe(bench)
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
    advice = owe(bench)
    bench.send("hill", answer_to(advice, f7="0101000000"))
    assert "stray-answer" in bench.alarms
    assert len(queue_at(bench)) == 1
    bench.send("hill", answer_to(advice, f7=None))
    assert len(queue_at(bench)) == 0


def test_f04_an_acknowledgement_without_a_code_is_none() -> None:
    """0430 without DE39 says nothing: an alarm, and the advice comes again."""
    bench = Bench()
    advice = owe(bench)
    bench.send("hill", Message("0430", {n: advice.fields[n] for n in (7, 11)}))
    assert "invalid-answer" in bench.alarms
    bench.wait(7)
    assert bench.taken("hill").mti == "0421"


def test_f26_an_operator_lets_a_dead_letter_be_sent_again() -> None:
    """It comes as a repeat with all its tries; taken now, it is delivered."""
    bench = Bench()
    advice = owe(bench)
    answer_until_dead(bench, advice)
    bench.step(AdviceOrdered("retry", only_entry(bench), "night shift"))
    again = bench.taken("hill")
    assert (again.mti, again.fields) == ("0421", advice.fields)
    assert queue_at(bench).owed()[0].tries == 0
    bench.send("hill", answer_to(advice))
    assert len(queue_at(bench)) == 0
    bench.expect_replay()


@pytest.mark.parametrize("dead", [True, False])
def test_f26_an_operator_closes_what_nobody_will_take(dead: bool) -> None:
    """It is owed no more, and the journal says by whom and why; a late answer is a stray one."""
    bench = Bench()
    advice = owe(bench)
    if dead:
        answer_until_dead(bench, advice)
    bench.step(AdviceOrdered("close", only_entry(bench), "night shift", "settled by letter"))
    assert len(queue_at(bench)) == 0
    bench.wait(600)
    assert not bench.inbox["hill"]
    bench.send("hill", answer_to(advice))
    assert "stray-answer" in bench.alarms
    bench.expect_replay()
    facts = [bytes(getattr(effect, "body", b"")) for effect in bench.effects]
    (closed,) = [fact for fact in facts if b'"advice-closed"' in fact]
    assert b'"settled by letter"' in closed
    assert b'"night shift"' in closed


def test_f26_a_late_acknowledgement_of_a_dead_letter_delivers_it() -> None:
    """Its STAN was given to nobody else."""
    bench = Bench()
    advice = owe(bench)
    answer_until_dead(bench, advice)
    side = bench.state.issuers[HILL.participant_id]
    side.last_stan = int(str(advice.fields[11])) - 1
    assert side.next_stan() != advice.fields[11]
    bench.send("hill", answer_to(advice))
    assert len(queue_at(bench)) == 0
    bench.expect_replay()


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        (AdviceOrdered("retry", 0, "me"), "no advice"),
        (AdviceOrdered("retry", -1, "me"), "by itself"),
        (AdviceOrdered("close", -1, "me"), "the reason must have 1 to 200"),
        (AdviceOrdered("close", -1, "", "x"), "the name must have 1 to 64"),
        (AdviceOrdered("close", -1, "me", "x" * 201), "the reason must have 1 to 200"),
        (AdviceOrdered("close", -1, "me", "two\nlines"), "control characters"),
        (AdviceOrdered("close", -1, "me", f"card {HILL_CARD}"), "a card number"),
        (AdviceOrdered("close", -1, "me", f"case 12 {HILL_CARD} 7"), "a card number"),
        (AdviceOrdered("close", -1, "me", ".".join(HILL_CARD)), "a card number"),
        (AdviceOrdered("close", -1, f"{HILL_CARD[:8]}-{HILL_CARD[8:]}", "x"), "a card number"),
    ],
)
def test_orders_that_change_nothing(order: AdviceOrdered, problem: str) -> None:
    """Each says why, writes nothing down, and repeats neither text nor number."""
    bench = Bench()
    owe(bench)
    if order.advice < 0:
        order = order._replace(advice=only_entry(bench))
    said = order_problem(bench.state, order)
    assert problem in said
    assert HILL_CARD not in said
    sequence = bench.state.sequence
    bench.step(order)
    assert bench.state.sequence == sequence
    assert bench.alarms[-1] == "advice-order-refused"


@pytest.mark.parametrize("snapshot", [False, True], ids=["replay", "snapshot"])
@pytest.mark.parametrize("stage", ["waiting", "tried", "dead", "retried", "closed"])
def test_f14_f26_a_restart_finds_every_advice_as_it_was(stage: str, snapshot: bool) -> None:
    """Tries, dead letters and orders are kept; what is sent again is a repeat."""
    bench = Bench()
    advice = owe(bench)
    if stage == "waiting":
        bench.drop("hill")
    elif stage == "tried":
        bench.send("hill", answer_to(advice, "30"))
    else:
        answer_until_dead(bench, advice)
    if stage in ("retried", "closed"):
        act = "retry" if stage == "retried" else "close"
        bench.step(AdviceOrdered(act, only_entry(bench), "me", "no use"))  # type: ignore[arg-type]
    bench.inbox["hill"].clear()
    before = [(each.sequence, each.tries, each.stan) for each in queue_at(bench).owed()]
    dead = set(queue_at(bench).dead)
    bench.expect_replay()
    if snapshot:
        bench.snapshot()
    bench.restart()
    after = [(each.sequence, each.tries, each.stan) for each in queue_at(bench).owed()]
    assert (after, set(queue_at(bench).dead)) == (before, dead)
    wanted = {"waiting": ["0421"], "tried": ["0421"], "dead": [], "retried": ["0421"], "closed": []}
    assert [message.mti for message in bench.inbox["hill"]] == wanted[stage]
    bench.expect_replay()


def test_f25_levels_bound_and_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the bound new requests get 96 and reversals still find room; above the reserve a
    reversal is not answered and leaves nothing, so its sender repeats it."""
    monkeypatch.setattr(forwarding, "ADVICES_OWED_MAX", 4)
    monkeypatch.setattr(forwarding, "ADVICES_RESERVE", 2)
    bench = Bench()
    requests = [bench.buy()[0] for _ in range(7)]
    for number, request in enumerate(requests[:6], start=1):
        assert bench.ask("sea", bench.about(request)).fields[39] == "00"
        if number == 4:
            assert bench.ask("sea", bench.request()).fields[39] == "96"
    sequence = bench.state.sequence
    bench.send("sea", bench.about(requests[6]))
    assert not bench.inbox["sea"]
    assert bench.alarms[-1] == "advices-full"
    assert bench.state.sequence == sequence
    levels = ["advices-above-50", "advices-above-80", "advices-above-95"]
    assert [name for name in bench.alarms if name.startswith("advices-above")] == levels
    while bench.inbox["hill"]:
        bench.send("hill", answer_to(bench.inbox["hill"].pop()))
    assert [name for name in bench.alarms if name.startswith("advices-below")] == [
        name.replace("above", "below") for name in reversed(levels)
    ]
    assert bench.ask("sea", bench.about(requests[6])).fields[39] == "00"
    bench.expect_replay()


def test_dead_letters_count_in_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """An issuer may not leave any number of them behind."""
    monkeypatch.setattr(forwarding, "ADVICES_OWED_MAX", 1)
    bench = Bench()
    answer_until_dead(bench, owe(bench))
    assert bench.ask("sea", bench.request()).fields[39] == "96"


def test_a_look_at_the_clock_looks_only_at_what_is_due() -> None:
    """A thousand issuers owe acknowledgements, three were sent an advice: only those are looked
    at, and only when their time comes. The others were given one behind the switch's back."""
    names = [f"B{number:03d}" for number in range(1_000)]
    banks = [bank(name, f"5{number:05d}") for number, name in enumerate(names)]
    state = SwitchState(registry_of(*banks), 20260705)
    switch = Switch(state, [terms_of(name) for name in names])
    for number, name in enumerate(names):
        if number >= 3:
            switch.step(LinkUp(LinkId(name.lower())), Instant(0, 0))
        advice = OwedAdvice(number + 1, bytes(entries.RECORD_BYTES), "000001")
        state.issuer(ParticipantId(name)).advices.add(advice)
        if number < 3:
            sent = switch.step(LinkUp(LinkId(name.lower())), Instant(0, 0))
            assert sum(isinstance(effect, Advise) for effect in sent) == 1
    assert switch.step(TimeDue(), Instant(20_000, 20_000)) == []
    later = 7 * SECOND_US
    sent = switch.step(TimeDue(), Instant(later, later))
    assert [e.link_id for e in sent if isinstance(e, Advise)] == ["b000", "b001", "b002"]


def test_a_cut_over_moves_no_advice() -> None:
    """The day ends between an advice and its repeat: the same fields, its own day."""
    bench = Bench()
    advice = owe(bench)
    bench.step(CutOverOrdered())
    bench.inbox["hill"].clear()
    bench.wait(10)
    again = bench.taken("hill")
    assert (again.mti, again.fields) == ("0421", advice.fields)
