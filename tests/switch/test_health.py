"""Health of links: measured, taken out, put on trial, trusted again."""

import json

from hypothesis import given
from hypothesis import strategies as st

from altyn.identifiers import LinkId
from altyn.message import Message
from altyn.switch import FACT_ENTRY, Condition, Health, HealthTerms, LinksChanged
from altyn.switch.health import LAST_STEP, NO_LIMIT, REST_US_MAX, TRANSITIONS, Sign
from tests.switch.bench import SEA_CARD, SECOND_US, Bench, answer_to, terms_of

TERMS = HealthTerms(samples_min=10, late_in_row_max=5, rest_us=30 * SECOND_US)
SECOND_LINK = LinkId("hill2")


def make_bench(echo_s: int = 0, links: tuple[str, ...] = ("hill",), sign_on: str = "none") -> Bench:
    """SEA buys from HILL, whose links are measured by TERMS."""
    hill = terms_of("HILL", health=TERMS, echo_interval_us=echo_s * SECOND_US, sign_on=sign_on)
    return Bench(terms=[terms_of("SEA"), *(hill._replace(link_id=LinkId(name)) for name in links)])


def condition(bench: Bench, link: str = "hill") -> Condition:
    """How a link is."""
    return bench.switch.links[LinkId(link)].health.condition


def take(bench: Bench, link: str, mti: str) -> list[Message]:
    """The messages of a type in an inbox, taken out."""
    found = [message for message in bench.inbox[link] if message.mti == mti]
    bench.inbox[link] = [message for message in bench.inbox[link] if message.mti != mti]
    return found


def send(bench: Bench, link: str = "hill") -> Message | None:
    """A purchase: what the issuer is asked over a link, or None when it was declined at once."""
    bench.send("sea", bench.request())
    asked = take(bench, link, "0200")
    return asked[0] if asked else None


def live(bench: Bench, seconds: int, *, echoes: bool = True, link: str = "hill") -> None:
    """Time passes, a second at a time; echo tests are answered, or are not."""
    for _ in range(seconds):
        bench.wait(1)
        for echo in take(bench, link, "0800"):
            if echoes:
                bench.send(link, answer_to(echo, f70="301"))


def make_sick(bench: Bench) -> None:
    """As many unanswered purchases as the terms bear."""
    for _ in range(TERMS.late_in_row_max):
        assert send(bench) is not None
    live(bench, 10)
    bench.inbox["sea"].clear()
    assert condition(bench) is Condition.SICK


def facts(bench: Bench) -> list[str]:
    """The facts about health in the journal, in order."""
    record_bytes = bench.storage.record_bytes
    bodies = [
        json.loads(entry.body)["fact"]
        for batch in bench.storage.batches(1)
        for entry in batch.entries(record_bytes)
        if entry.kind == FACT_ENTRY
    ]
    return [fact for fact in bodies if fact in ("link-sick", "link-trial", "link-healthy")]


def test_f31_unanswered_echoes_take_the_link_out_and_good_ones_bring_it_back() -> None:
    """Down after three; 91 at once although it is connected again; back by rest, echoes, trial."""
    bench = make_bench(echo_s=10)
    live(bench, 40, echoes=False)
    assert bench.disconnected == ["hill"]
    assert condition(bench) is Condition.SICK
    bench.drop("hill")
    bench.up("hill")
    assert send(bench) is None
    assert bench.taken("sea").fields[39] == "91"
    live(bench, 29)
    assert condition(bench) is Condition.SICK, "good echoes do not shorten the rest"
    live(bench, 2)
    assert condition(bench) is Condition.TRIAL
    assert facts(bench) == ["link-sick", "link-trial"]
    bench.expect_replay()


def test_f31_a_link_without_good_echoes_stays_out() -> None:
    """The rest is long over; one echo answered and one not do not make two in a row."""
    bench = make_bench(echo_s=10)
    make_sick(bench)
    for _ in range(20):
        live(bench, 5)
        live(bench, 5, echoes=False)
    assert condition(bench) is Condition.SICK


def test_f31_w01_a_half_dead_issuer_is_taken_out() -> None:
    """It answers three of four: no run of late ones, but the share is above the terms."""
    bench = make_bench(echo_s=10)
    number = 0
    while condition(bench) is Condition.HEALTHY:
        asked = send(bench)
        number += 1
        if asked is not None and number % 4:
            bench.send("hill", answer_to(asked))
        live(bench, 1)
        assert number < 60
    assert "link-sick" in bench.alarms
    assert send(bench) is None


def test_f31_a_slow_issuer_is_taken_out() -> None:
    """Every answer comes in time, and takes more than half of it."""
    bench = make_bench()
    for _ in range(10):
        asked = send(bench)
        assert asked is not None
        live(bench, 6)
        bench.send("hill", answer_to(asked))
        if condition(bench) is not Condition.HEALTHY:
            break
    # Ten samples within half a minute need several under way at once.
    for _ in range(3):
        under_way = [asked for asked in (send(bench) for _ in range(5)) if asked is not None]
        live(bench, 6)
        for asked in under_way:
            bench.send("hill", answer_to(asked))
        live(bench, 1)
    assert condition(bench) is Condition.SICK
    assert "answers slow" in bench.switch.links[LinkId("hill")].health.reason


def test_f31_what_is_in_flight_on_a_sick_link_may_still_be_answered() -> None:
    """The answer is taken; nothing is reversed because the link was taken out."""
    bench = make_bench()
    for _ in range(TERMS.late_in_row_max):
        send(bench)
    live(bench, 9)
    asked = send(bench)
    live(bench, 1)
    assert condition(bench) is Condition.SICK
    bench.inbox["sea"].clear()
    assert asked is not None
    bench.send("hill", answer_to(asked))
    assert bench.taken("sea").fields[39] == "00"


def test_f31_the_healthy_link_carries() -> None:
    """Two links: the sick one gets nothing, not even the reversals that it is owed."""
    bench = make_bench(links=("hill", "hill2"))
    make_sick(bench)
    live(bench, 7)
    reversals = take(bench, "hill2", "0421")
    assert reversals, "what timed out is reversed over the other link"
    bench.inbox["hill"].clear()
    for _ in range(20):
        asked = send(bench, "hill2")
        assert asked is not None
        bench.send("hill2", answer_to(asked))
    assert not bench.inbox["hill"]


def test_f31_a_trial_lets_few_through_and_the_other_link_has_the_rest() -> None:
    """On trial one request goes over the sick link, and the next over the healthy one."""
    bench = make_bench(links=("hill", "hill2"))
    make_sick(bench)
    live(bench, 30)
    assert condition(bench) is Condition.TRIAL
    assert send(bench, "hill") is not None
    assert send(bench, "hill2") is not None


def test_f31_the_trial_doubles_until_the_link_is_trusted() -> None:
    """1, 2, 4 … 256 requests, a second each; then as many as come."""
    bench = make_bench()
    make_sick(bench)
    live(bench, 30)
    widths = []
    while condition(bench) is Condition.TRIAL:
        width = 0
        while (asked := send(bench)) is not None:
            bench.send("hill", answer_to(asked))
            width += 1
        widths.append(width)
        live(bench, 1)
    assert widths == [1 << power for power in range(9)]
    assert facts(bench) == ["link-sick", "link-trial", "link-healthy"]
    bench.expect_replay()


def test_f31_failing_on_trial_doubles_the_rest() -> None:
    """It answers nothing when it is tried: out again, for longer each time, no flapping."""
    bench = make_bench()
    make_sick(bench)
    health = bench.switch.links[LinkId("hill")].health
    rests = []
    for _ in range(7):
        rests.append(health.rest_us // SECOND_US)
        live(bench, rests[-1])
        assert condition(bench) is Condition.TRIAL
        assert send(bench) is not None
        live(bench, 10)
        assert condition(bench) is Condition.SICK
    assert rests == [30, 60, 120, 240, 480, 600, 600]


def test_f30_signing_on_anew_ends_a_long_rest_and_nothing_else() -> None:
    """After two falls the rest is a minute; a new sign-on halves it, a replayed one does not."""
    bench = make_bench(sign_on="peer")
    sign_on = Message("0800", {7: bench.transmission, 11: "000001", 70: "001"})
    bench.ask("hill", sign_on)
    make_sick(bench)
    live(bench, 30)
    send(bench)
    live(bench, 10)
    health = bench.switch.links[LinkId("hill")].health
    assert (health.condition, health.rest_us) == (Condition.SICK, 60 * SECOND_US)
    bench.inbox["hill"].clear()
    bench.ask("hill", sign_on)
    live(bench, 31)
    assert condition(bench) is Condition.SICK
    bench.ask("hill", Message("0800", {7: bench.transmission, 11: "000002", 70: "002"}))
    bench.inbox["hill"].clear()
    bench.ask("hill", sign_on)
    live(bench, 1)
    assert condition(bench) is Condition.TRIAL
    assert health.falls == 2


def test_f14_f31_reversals_wait_for_the_trial_and_come_with_it_a_few_at_a_time() -> None:
    """Nothing goes over a sick link; on trial as many advices are under way as its step allows."""
    bench = make_bench()
    make_sick(bench)
    bench.inbox["hill"].clear()
    live(bench, 20)
    assert not take(bench, "hill", "0420") + take(bench, "hill", "0421")
    live(bench, 11)
    assert condition(bench) is Condition.TRIAL
    assert len(take(bench, "hill", "0420") + take(bench, "hill", "0421")) == 1


def test_f19_what_a_broken_line_took_along_is_not_held_against_the_next_one() -> None:
    """Late requests of an earlier connection, ended over another line, do not count."""
    bench = make_bench(links=("hill", "hill2"))
    for _ in range(TERMS.late_in_row_max):
        send(bench)
    live(bench, 1)
    bench.drop("hill")
    bench.up("hill")
    live(bench, 11)
    assert condition(bench) is Condition.HEALTHY


def test_an_invalid_answer_counts_as_none() -> None:
    """Five answers with a wrong amount in a row, and the link is out."""
    bench = make_bench()
    for _ in range(TERMS.late_in_row_max):
        asked = send(bench)
        assert asked is not None
        bench.send("hill", answer_to(asked, f4="000000000001"))
    assert condition(bench) is Condition.SICK


def test_a_trial_goes_on_when_its_request_ends_in_another_way() -> None:
    """Its one request is reversed in flight: the step begins again after a while."""
    bench = make_bench()
    make_sick(bench)
    live(bench, 30)
    request = bench.request()
    bench.send("sea", request)
    bench.send("sea", bench.about(request))
    bench.inbox["hill"].clear()
    assert send(bench) is None
    live(bench, 31)
    assert condition(bench) is Condition.TRIAL
    assert send(bench) is not None


def test_a_quiet_issuer_comes_back_by_time() -> None:
    """One request a minute, well answered: nine steps, nine minutes, no need for 511 requests."""
    bench = make_bench()
    make_sick(bench)
    live(bench, 30)
    minutes = 0
    while condition(bench) is Condition.TRIAL:
        asked = send(bench)
        assert asked is not None
        bench.send("hill", answer_to(asked))
        live(bench, 60)
        minutes += 1
    assert minutes <= 9


def test_a_sick_acquirer_is_served_all_the_same() -> None:
    """A bank whose issuing side is half dead still sends its own merchants' requests."""
    bench = make_bench()
    make_sick(bench)
    bench.inbox["hill"].clear()
    bench.send("hill", bench.request(card=SEA_CARD, acquirer="400102"))
    bench.send("sea", answer_to(take(bench, "sea", "0200")[0]))
    assert bench.taken("hill").fields[39] == "00"


def test_an_issuer_that_is_only_now_and_then_late_stays() -> None:
    """One in ten is late for an hour: below the share, never many in a row."""
    bench = make_bench()
    for number in range(600):
        asked = send(bench)
        assert asked is not None
        if number % 10:
            bench.send("hill", answer_to(asked))
        bench.wait(6)
    assert condition(bench) is Condition.HEALTHY


def test_falls_are_forgotten_after_a_calm_time() -> None:
    """Ten minutes of health, and the next rest is a short one again."""
    health = Health(TERMS, 10 * SECOND_US, 25 * SECOND_US)
    health.move(Sign.FELL, 0, 0)
    health.move(Sign.RESTED, 30 * SECOND_US, 0)
    health.move(Sign.PROVED, 60 * SECOND_US, 0)
    health.look(661 * SECOND_US, reachable=True, echoes=False)
    assert health.falls == 0


ACTS = st.sampled_from(["send", "send", "send", "good", "slow", "late", "invalid", "line"])


@given(acts=st.lists(st.tuples(ACTS, st.integers(0, 20)), max_size=200))
def test_whatever_happens_a_link_is_sent_no_more_than_it_may_be(
    acts: list[tuple[str, int]],
) -> None:
    """Limits hold, moves are of the table, and a fall is followed by a whole rest."""
    health = Health(TERMS, 10 * SECOND_US, 25 * SECOND_US)
    now_us, fell_us, in_flight = 0, 0, 0
    for act, seconds in acts:
        now_us += seconds * SECOND_US
        if act == "send" and health.sent < health.sent_max:
            health.sent += 1
            in_flight += 1
        elif act == "line":
            health.lose_line()
            in_flight = 0
        elif act != "send" and in_flight:
            in_flight -= 1
            health.answered += act in ("good", "slow")
            health.slow += act == "slow"
            if act == "late":
                health.count_late()
            elif act == "invalid":
                health.count_invalid()
        before = health.condition
        sign = health.look(now_us, reachable=True, echoes=False)
        if sign is not None:
            health.move(sign, now_us, now_us)
            assert (before, sign) in TRANSITIONS
        if sign is Sign.FELL:
            fell_us = now_us
        if sign is Sign.RESTED:
            assert now_us - fell_us >= TERMS.rest_us
        limit = {Condition.HEALTHY: NO_LIMIT, Condition.SICK: 0, Condition.TRIAL: LAST_STEP}
        if health.condition is not Condition.HEALTHY:
            assert health.sent_max - health.sent <= limit[health.condition]
        assert health.rest_us <= max(REST_US_MAX, TERMS.rest_us)
        window = health.window()
        assert window.ended >= 0 and window.slow <= window.answered


def test_a_tick_looks_only_at_links_that_may_have_changed() -> None:
    """A healthy link is looked at twice a second, a thousand of them not in one tick; its echo
    test comes at the tick at which it is due; one that is out is looked at in every tick."""
    names = [f"hill{number}" for number in range(50)]
    bench = make_bench(echo_s=10, links=("hill", *names))
    links = [bench.switch.links[LinkId(name)] for name in names]
    bench.wait(0.02)
    due = {link.watch_due_us - bench.now.monotonic_us for link in links}
    assert len(due) > 40
    assert all(0 < wait_us <= SECOND_US // 2 for wait_us in due)
    for _ in range(500):
        assert not take(bench, "hill7", "0800")
        bench.wait(0.02)
        if bench.now.monotonic_us >= 10 * SECOND_US:
            break
    assert len(take(bench, "hill7", "0800")) == 1
    make_sick(bench)
    assert bench.switch.links[LinkId("hill")].watch_due_us <= bench.now.monotonic_us


def test_f31_a_reload_of_the_settings_tests_a_sick_link_as_often_as_before() -> None:
    """The terms are agreed anew; the link is out, and is tested every five seconds still."""
    bench = make_bench(echo_s=60)
    make_sick(bench)
    link = bench.switch.links[LinkId("hill")]
    often_us = link.echo_interval_us
    bench.step(LinksChanged(bench.terms))
    assert link.echo_interval_us == often_us == 5 * SECOND_US
