"""Messages of another time, and messages that a participant may not send."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from altyn.identifiers import LinkId
from altyn.message import Message
from altyn.registry import Participant, Profile
from altyn.switch import NetworkRequested, Record, recover, replay
from altyn.transaction import NOT_REMEMBERED, Outcome, State
from tests.switch.bench import (
    HILL,
    SEA,
    START,
    TWO_BANKS,
    Bench,
    answer_to,
    bin_range,
    registry_of,
    terms_of,
)

DAY_S = 86_400


def written(instant: datetime) -> str:
    """An instant as DE7."""
    return instant.strftime("%m%d%H%M%S")


def at(seconds: int) -> str:
    """DE7 of an instant so far from the start."""
    return written(START + timedelta(seconds=seconds))


def code_of(bench: Bench, message: Message) -> str:
    """DE39 of the answer that comes at once."""
    return str(bench.ask("sea", message).fields[39])


@pytest.mark.parametrize(
    ("mti", "seconds", "taken"),
    [
        ("0200", 900, True),
        ("0200", 901, False),
        ("0200", -DAY_S, True),
        ("0200", -DAY_S - 1, False),
        ("0201", -DAY_S - 1, True),
        ("0201", -30 * DAY_S, True),
        ("0201", -30 * DAY_S - 1, False),
        ("0100", 901, False),
    ],
)
def test_t02_requests_of_another_time_are_refused(mti: str, seconds: int, taken: bool) -> None:
    """A quarter of an hour ahead and a day behind are taken; repeats may be thirty days old."""
    bench = Bench()
    bench.send("sea", bench.request(mti=mti, f7=at(seconds)))
    if taken:
        assert bench.inbox["hill"] and not bench.inbox["sea"]
        return
    assert bench.taken("sea").fields[39] == "12"
    assert bench.alarms == ["outside-time-window"]
    assert not bench.inbox["hill"]


@pytest.mark.parametrize(("mti", "code"), [("0400", "25"), ("0420", "25"), ("0220", "25")])
def test_t02_what_is_about_an_original_may_be_old_and_not_of_the_future(
    mti: str, code: str
) -> None:
    """A reversal or a completion that was long on its way still counts."""
    bench = Bench()
    original = bench.request()
    assert code_of(bench, bench.about(original, mti, f7=at(-29 * DAY_S))) == code
    assert code_of(bench, bench.about(original, mti, f7=at(-31 * DAY_S))) == "12"
    assert code_of(bench, bench.about(original, mti, f7=at(1_000))) == "12"


def test_t02_a_message_of_the_future_leaves_nothing_in_memory() -> None:
    """Neither it nor the original that a reversal names: memory's reach stays where it was."""
    bench = Bench()
    before = len(bench.state.known)
    code_of(bench, bench.request(f7=at(10 * DAY_S)))
    assert len(bench.state.known) == before
    unborn = bench.request(f7=at(10 * DAY_S))
    assert code_of(bench, bench.about(unborn)) == "25"
    assert {entry.transmitted_s for entry in bench.state.known.values()} == {int(START.timestamp())}
    bench.expect_replay()
    assert Outcome.OUTSIDE_TIME_WINDOW in NOT_REMEMBERED


def test_t02_the_scheme_says_how_far_clocks_may_differ() -> None:
    """The tolerance is a fact of the registry."""
    strict = replace(TWO_BANKS.scheme, transmission_tolerance_ahead_s=5)
    bench = Bench(registry_of(strict, SEA, HILL, bin_range("990002", "HILL")))
    assert code_of(bench, bench.request(f7=at(6))) == "12"
    bench.send("sea", bench.request(f7=at(5)))
    assert bench.inbox["hill"]


@pytest.mark.parametrize(
    ("transmission", "code"),
    [
        (at(0), "00"),
        (at(900), "00"),
        (at(-900), "00"),
        (at(901), "12"),
        (at(-901), "12"),
        ("", "12"),
    ],
)
def test_f30_a_sign_on_of_another_time_is_refused(transmission: str, code: str) -> None:
    """An old sign-on that is sent again by somebody signs nobody on."""
    bench = Bench(terms=[terms_of("SEA", sign_on="peer"), terms_of("HILL")])
    message = Message("0800", {11: "000001", 33: "400101", 70: "001"})
    link = LinkId("sea")
    bench.step(NetworkRequested(link, "001", "400101", "sea", message, transmission))
    assert bench.taken("sea").fields[39] == code
    assert bench.switch.links[link].signed_on == (code == "00")
    assert ("network-message-replayed" in bench.alarms) == (code != "00")


@pytest.mark.parametrize(("sent", "code"), [(-1, "12"), (0, "00"), (1, "00")])
def test_f30_a_sign_off_that_a_sign_on_overtook_is_refused(sent: int, code: str) -> None:
    """A connection that hung delivers the sign-off late; the sign-on that stands is newer."""
    bench = Bench(terms=[terms_of("SEA", sign_on="peer"), terms_of("HILL")])
    link = LinkId("sea")
    for moment, told in ((0, "001"), (sent, "002")):
        message = Message("0800", {7: at(moment), 11: "000001", 33: "400101", 70: told})
        bench.step(NetworkRequested(link, told, "400101", "sea", message, at(moment)))
    assert [reply.fields[39] for reply in bench.inbox["sea"]] == ["00", code]
    assert bench.switch.links[link].signed_on == (code == "12")
    assert ("sign-off-overtaken" in bench.alarms) == (code == "12")


def test_f30_a_sign_on_from_a_second_line_changes_nothing() -> None:
    """The same sign-on again is answered 00, and recorded once."""
    bench = Bench(terms=[terms_of("SEA", sign_on="peer"), terms_of("HILL")])
    message = Message("0800", {7: bench.transmission, 11: "000001", 33: "400101", 70: "001"})
    assert [code_of(bench, message) for _ in range(2)] == ["00", "00"]
    told = [
        each for each in bench.effects if isinstance(each, Record) and b"signed-on" in each.body
    ]
    assert len(told) == 1


def profiled(profile: Profile) -> Bench:
    """Sea Bank may send what the profile says."""
    sea: Participant = replace(SEA, profile=profile)
    return Bench(registry_of(sea, HILL, bin_range("990001", "SEA"), bin_range("990002", "HILL")))


def test_w18_a_type_that_is_not_in_the_profile() -> None:
    """Refused with 58 and an alarm; a repeat of it gets the same answer."""
    bench = profiled(Profile(message_types=("0200", "0400")))
    request = bench.request(mti="0100")
    assert code_of(bench, request) == "58"
    assert bench.alarms == ["outside-profile"]
    assert code_of(bench, Message("0101", request.fields)) == "58"
    purchase, reply = bench.buy()
    assert reply.fields[39] == "00"
    assert code_of(bench, bench.about(purchase, "0420")) == "58"
    assert code_of(bench, bench.about(purchase, "0400")) == "00"
    bench.expect_replay()


def test_w18_a_processing_code_that_is_not_in_the_profile() -> None:
    """New requests only: a reversal names the code of what it takes back."""
    bench = profiled(Profile(processing_codes=("00",)))
    assert code_of(bench, bench.request(f3="010000")) == "58"
    purchase, _ = bench.buy()
    bench.inbox["hill"].clear()
    assert code_of(bench, bench.about(purchase, f3="010000")) == "00"


def test_m13_a_cap_below_what_is_owed_is_told() -> None:
    """Nothing is undone, no new debit is taken, and the operator is told once per change."""
    bench = Bench()
    bench.buy(amount=12_000)
    lower = replace(HILL, net_debit_caps={"TRY": 11_999})
    bench.activate(SEA, lower, bin_range("990001", "SEA"), bin_range("990002", "HILL"))
    assert bench.alarms == ["cap-below-use"]
    assert code_of(bench, bench.request(amount=1)) == "61"
    level = replace(HILL, net_debit_caps={"TRY": 12_000})
    bench.activate(SEA, level, bin_range("990001", "SEA"), bin_range("990002", "HILL"))
    assert bench.alarms == ["cap-below-use"]
    assert bench.nets() == {"SEA": 12_000, "HILL": -12_000}


def test_f40_a_completion_before_the_answer_may_come_again() -> None:
    """Its authorization is in flight: 09 now, and when the issuer has approved, 00."""
    bench = Bench()
    hold = bench.request(mti="0100")
    bench.send("sea", hold)
    asked = bench.taken("hill")
    completion = bench.about(hold, "0220")
    assert code_of(bench, completion) == "09"
    assert not bench.inbox["hill"]
    bench.send("hill", answer_to(asked))
    assert bench.taken("sea").fields[39] == "00"
    assert code_of(bench, Message("0221", completion.fields)) == "00"
    assert bench.nets() == {"SEA": 12_000, "HILL": -12_000}
    bench.expect_replay()


def test_f40_a_completion_of_what_was_declined_meanwhile_is_refused() -> None:
    """The repeat is judged by how the authorization ended."""
    bench = Bench()
    hold = bench.request(mti="0100")
    bench.send("sea", hold)
    asked = bench.taken("hill")
    completion = bench.about(hold, "0220")
    assert code_of(bench, completion) == "09"
    bench.send("hill", answer_to(asked, "51"))
    bench.inbox["sea"].clear()
    assert code_of(bench, Message("0221", completion.fields)) == "25"
    assert not bench.nets()


def test_t01_a_repeat_is_answered_from_memory_whatever_our_clock_has_done() -> None:
    """Our clock steps back by an hour: what was approved before is not refused on its repeat."""
    bench = Bench()
    request, reply = bench.buy()
    bench.step_clock(-3600)
    assert bench.ask("sea", request).fields == reply.fields
    assert code_of(bench, Message("0200", {**request.fields, 11: "999999"})) == "12"


def test_t02_a_restart_marks_no_original_of_a_time_to_come() -> None:
    """A reversal of what nobody could have sent yet leaves no mark, before or after a restart."""
    bench = Bench()
    ahead = Message("0200", {**bench.request().fields, 7: at(7200)})
    assert code_of(bench, bench.about(ahead)) == "25"
    bench.snapshot()
    for state in (bench.state, replay(bench.storage), recover(bench.storage)):
        assert state is not None
        assert not [each for each in state.finished if each.state is State.MARKER]
