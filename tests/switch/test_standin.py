"""Stand-in: what the switch decides in the place of an issuer, and what it never does."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from altyn.message import Message
from altyn.money import Rate
from altyn.registry import Window
from altyn.switch import CutOverOrdered, Evidence, Record, Switch, forwarding, state
from altyn.switch import stand_in_counters as counters
from altyn.switch.standin import authorization_code
from altyn.transaction import Outcome
from tests.switch.bench import (
    HILL,
    SEA,
    Bench,
    answer_to,
    bin_range,
    card_number,
    registry_of,
    stand_in,
    terms_of,
)

HOUR_S = 3_600
PER_CARD = Window(HOUR_S, "card", 60_000, 3)
PER_ISSUER = Window(24 * HOUR_S, "issuer", 100_000, 100)
CARDS = [card_number("990002", number) for number in range(1, 60)]


def scheme_of(*terms: Any, **changes: Any) -> Any:
    """Two banks; Hill Bank has the terms given."""
    hill = replace(HILL, **changes)
    ranges = bin_range("990001", "SEA"), bin_range("990002", "HILL")
    return registry_of(SEA, hill, *ranges, *terms)


TERMS = stand_in("HILL", PER_CARD, PER_ISSUER)


def away(*terms: Any, **bench_changes: Any) -> Bench:
    """A bench whose Hill Bank has terms and no line."""
    bench = Bench(scheme_of(*(terms or (TERMS,))), **bench_changes)
    bench.drop("hill")
    return bench


def code_of(bench: Bench, **request: Any) -> str:
    """What a request of Sea Bank is answered at once."""
    return str(bench.ask("sea", bench.request(**request)).fields[39])


def outcome_of(bench: Bench) -> Outcome:
    """How the newest transaction in memory ended."""
    return Outcome(bench.state.finished[-1].outcome)


@pytest.mark.parametrize("mti", ["0100", "0200"])
def test_an_issuer_without_a_line_is_stood_in_for_and_told(mti: str) -> None:
    """The answer and the advice carry one code and name the stand-in; the money has moved."""
    bench = away()
    request = bench.request(mti=mti)
    reply = bench.ask("sea", request)
    assert (reply.fields[39], reply.fields[44]) == ("00", "4")
    approval = str(reply.fields[38])
    assert len(approval) == 6 and approval.isdecimal()
    assert bench.held("HILL") == (12_000 if mti == "0100" else 0)
    assert bench.nets() == ({} if mti == "0100" else {"SEA": 12_000, "HILL": -12_000})
    bench.up("hill")
    advice = bench.taken("hill")
    assert advice.mti == mti[:2] + "20"
    told = {n: advice.fields[n] for n in (2, 4, 37, 38, 39, 44)}
    assert told == {n: request.fields[n] for n in (2, 4, 37)} | {38: approval, 39: "00", 44: "4"}
    assert 90 not in advice.fields, "the issuer never saw a request"
    bench.send("hill", answer_to(advice))
    assert not bench.state.issuer(HILL.participant_id).advices
    bench.expect_replay()


def test_f01_a_late_approval_after_a_stand_in_has_no_effect() -> None:
    """The 0220 settles it: nothing is reversed, nothing moves twice, the late word is kept."""
    bench = Bench(scheme_of(TERMS))
    request = bench.request()
    bench.send("sea", request)
    seen = bench.taken("hill")
    bench.wait(11)
    reply = bench.taken("sea")
    assert (reply.fields[39], reply.fields[44]) == ("00", "1")
    assert outcome_of(bench) is Outcome.STOOD_IN_LATE
    advice = bench.taken("hill")
    assert advice.mti == "0220"
    assert str(advice.fields[90])[:20] == "0200" + str(seen.fields[11]) + str(seen.fields[7])
    bench.send("hill", answer_to(seen))
    assert "stray-answer" in bench.alarms
    bench.send("hill", answer_to(advice))
    bench.wait(120)
    assert not bench.inbox["hill"] and not bench.inbox["sea"]
    assert bench.nets() == {"SEA": 12_000, "HILL": -12_000}
    bench.expect_replay()


def _lose_the_line(bench: Bench, _: Message) -> None:
    bench.drop("hill")


def _answer_nonsense(bench: Bench, seen: Message) -> None:
    bench.send("hill", answer_to(seen, f4="000000000001"))


@pytest.mark.parametrize(
    ("happens", "outcome"),
    [
        (_lose_the_line, Outcome.STOOD_IN_LINK_LOST),
        (_answer_nonsense, Outcome.STOOD_IN_ANSWER_INVALID),
    ],
)
def test_f04_what_ends_without_an_answer_that_counts_is_stood_in_for(
    happens: Callable[[Bench, Message], None], outcome: Outcome
) -> None:
    """A line lost in flight, an answer to another question: approved, told, not reversed."""
    bench = Bench(scheme_of(TERMS))
    bench.send("sea", bench.request())
    happens(bench, bench.taken("hill"))
    assert bench.taken("sea").fields[39] == "00"
    assert outcome_of(bench) is outcome
    bench.up("hill")
    assert [message.mti for message in bench.inbox["hill"]] == ["0220"]
    bench.expect_replay()


def test_a_full_window_of_requests_in_flight_is_stood_in_for() -> None:
    """The issuer has all it can take; one more is decided here, and the issuer is told."""
    bench = Bench(scheme_of(TERMS), (terms_of("SEA"), terms_of("HILL", in_flight_max=1)))
    bench.send("sea", bench.request(card=CARDS[0]))
    bench.taken("hill")
    assert code_of(bench, card=CARDS[1]) == "00"
    assert outcome_of(bench) is Outcome.STOOD_IN_BUSY
    assert bench.taken("hill").mti == "0220"


def test_without_terms_in_force_nothing_changes() -> None:
    """No terms, terms of another time, of another product, of another currency: 91."""
    for terms in (
        (),
        (replace(TERMS, until_us=1),),
        (replace(TERMS, effective_us=2**62),),
        (replace(TERMS, product="GOLD"),),
        (replace(TERMS, currency="USD"),),
        (replace(TERMS, processing_codes=("01",)),),
    ):
        bench = Bench(scheme_of(*terms))
        bench.drop("hill")
        assert code_of(bench) == "91"
        assert outcome_of(bench) is Outcome.ISSUER_UNREACHABLE


def test_terms_take_force_and_end_at_their_instants() -> None:
    """One microsecond decides; the more specific terms go before the general ones."""
    bench = Bench()
    now_us = bench.now.utc_us
    gold = replace(TERMS, terms_id="GOLD", processing_codes=("01",), amount_max=100)
    soon = replace(TERMS, effective_us=now_us + 1, until_us=now_us + 2)
    for offset, code in ((0, "91"), (1, "00"), (2, "91")):
        bench = away(soon, gold)
        bench._utc_us = now_us + offset
        assert code_of(bench) == code
        assert code_of(bench, f3="010000", amount=101) == "61"
        assert code_of(bench, f3="010000", amount=100) == "00"


def test_a_suspended_issuer_is_never_stood_in_for() -> None:
    """Suspended before, 92; suspended while it was asked, declined and reversed."""
    bench = Bench(scheme_of(TERMS))
    bench.send("sea", bench.request())
    bench.inbox["hill"].clear()
    bench.activate(*_values(state="suspended"))
    bench.wait(11)
    assert bench.taken("sea").fields[39] == "91"
    assert outcome_of(bench) is Outcome.ISSUER_LATE
    assert bench.taken("hill").mti == "0420"
    bench.drop("hill")
    assert code_of(bench) == "92"
    bench.expect_replay()


def _values(**changes: Any) -> tuple[Any, ...]:
    ranges = bin_range("990001", "SEA"), bin_range("990002", "HILL")
    return SEA, replace(HILL, **changes), *ranges, TERMS


def test_f22_what_was_in_flight_at_a_restart_is_not_stood_in_for() -> None:
    """Whether the issuer approved is not known: declined, and reversed."""
    bench = Bench(scheme_of(TERMS))
    request = bench.request()
    bench.send("sea", request)
    bench.restart()
    assert bench.taken("hill").mti == "0420"
    assert bench.ask("sea", request).fields[39] == "91"


def test_a_reversal_in_flight_ends_it_without_stand_in() -> None:
    """The acquirer took it back before anybody answered: 21, and 00 for the reversal."""
    bench = Bench(scheme_of(TERMS))
    request = bench.request()
    bench.send("sea", request)
    bench.send("sea", bench.about(request))
    assert [message.fields[39] for message in bench.inbox["sea"]] == ["21", "00"]


@pytest.mark.parametrize("processing", ["200000", "310000", "700000"])
def test_credits_and_inquiries_are_not_stood_in_for(processing: str) -> None:
    """Only debits, where the terms do not name a credit by its processing code."""
    assert code_of(away(), f3=processing) == "91"


def test_a_credit_that_the_terms_name_is_stood_in_for() -> None:
    """A refund: the acquirer owes the issuer."""
    bench = away(replace(TERMS, processing_codes=("20",)))
    assert code_of(bench, f3="200000") == "00"
    assert bench.nets() == {"SEA": -12_000, "HILL": 12_000}
    assert code_of(bench) == "91"


def test_the_cap_holds_before_stand_in() -> None:
    """I8: what would cross the net debit cap is refused 61 whether the issuer answers or not."""
    bench = Bench(scheme_of(TERMS, net_debit_caps={"TRY": 20_000}))
    bench.drop("hill")
    assert code_of(bench) == "00"
    assert code_of(bench) == "61"
    assert outcome_of(bench) is Outcome.CAP_EXCEEDED


def test_f27_two_requests_race_for_the_last_of_a_window() -> None:
    """The first reserves, the second is refused: amount 61, then count 65, then the issuer's."""
    bench = away()
    assert code_of(bench, amount=50_001) == "61"
    assert outcome_of(bench) is Outcome.STAND_IN_AMOUNT
    assert code_of(bench, amount=40_000) == "00"
    assert code_of(bench, amount=20_001) == "61"
    assert outcome_of(bench) is Outcome.STAND_IN_WINDOW_AMOUNT
    assert code_of(bench, amount=10_000) == "00"
    assert code_of(bench, amount=100) == "00"
    assert code_of(bench, amount=100) == "65"
    assert outcome_of(bench) is Outcome.STAND_IN_WINDOW_COUNT
    assert code_of(bench, card=CARDS[2], amount=49_901) == "61", "all cards of the issuer together"
    assert code_of(bench, card=CARDS[2], amount=49_900) == "00"
    bench.expect_replay()


def test_f27_late_ones_in_flight_race_for_the_same_window() -> None:
    """Several time out in one step: each is judged on what the ones before have taken."""
    bench = Bench(scheme_of(TERMS))
    for _ in range(4):
        bench.send("sea", bench.request(amount=25_000))
    bench.inbox["hill"].clear()
    bench.wait(11)
    assert [message.fields[39] for message in bench.inbox["sea"]] == ["00", "00", "61", "61"]
    advised = [message.mti for message in bench.inbox["hill"]]
    assert sorted(advised) == ["0220", "0220", "0420", "0420"][: len(advised)]
    bench.expect_replay()


def test_f45_one_card_at_two_acquirers_within_a_second() -> None:
    """Both are judged on what is reserved, in the order of the journal."""
    bench = away(stand_in("HILL", Window(HOUR_S, "card", 20_000, 9)))
    hill_shop = bench.request(acquirer="400101", f41="TERM0002")
    assert code_of(bench) == "00"
    assert bench.ask("sea", hill_shop).fields[39] == "61"


@pytest.mark.parametrize(
    ("changes", "request_changes", "code", "outcome"),
    [
        ({"categories_refused": ("7995",)}, {"f18": "7995"}, "05", Outcome.STAND_IN_CATEGORY),
        ({"categories_allowed": ("5812",)}, {}, "05", Outcome.STAND_IN_CATEGORY),
        ({"entry_modes_refused": ("01",)}, {"f22": "012"}, "05", Outcome.STAND_IN_ENTRY_MODE),
        ({"entry_modes_allowed": ("05",)}, {"f22": "901"}, "05", Outcome.STAND_IN_ENTRY_MODE),
        ({}, {"f48": "CVV 123"}, "05", Outcome.STAND_IN_UNVERIFIED),
        ({"unverified": "allow"}, {"f48": "CVV 123"}, "00", Outcome.STOOD_IN_UNREACHABLE),
        ({}, {"f14": None}, "54", Outcome.STAND_IN_EXPIRED),
        ({"expiry_required": False}, {"f14": None}, "00", Outcome.STOOD_IN_UNREACHABLE),
    ],
)
def test_f28_the_rules_of_the_terms_refuse(
    changes: dict[str, Any], request_changes: dict[str, Any], code: str, outcome: Outcome
) -> None:
    """Category, entry mode, what nobody here can check, expiry: the answer names the stand-in."""
    bench = away(replace(TERMS, refusal_code="05", **changes))
    reply = bench.ask("sea", bench.request(**request_changes))
    assert (reply.fields[39], reply.fields[44]) == (code, "4")
    assert outcome_of(bench) is outcome
    bench.expect_replay()


def test_f28_a_wrong_value_is_refused_where_keys_are_held() -> None:
    """The verifier's word decides: wrong refuses, right goes through."""
    for found, code in ((Evidence.WRONG, "05"), (Evidence.RIGHT, "00")):
        bench = Bench(scheme_of(TERMS))
        bench.switch = Switch(bench.state, bench.terms, lambda *_, found=found: found)
        bench.up("sea")
        assert code_of(bench, f48="CVV 123") == code


def test_a_refusal_after_the_issuer_was_asked_is_reversed() -> None:
    """It may have approved; the refusal says that the issuer did not answer."""
    bench = Bench(scheme_of(replace(TERMS, amount_max=1)))
    bench.send("sea", bench.request())
    seen = bench.taken("hill")
    bench.wait(11)
    reply = bench.taken("sea")
    assert (reply.fields[39], reply.fields[44]) == ("61", "1")
    advice = bench.taken("hill")
    assert advice.mti == "0420"
    assert str(advice.fields[90])[4:20] == str(seen.fields[11]) + str(seen.fields[7])
    assert bench.held("HILL") == 0


def test_f29_a_window_begins_anew_only_when_its_advices_are_delivered() -> None:
    """Its time has passed, but the issuer has not booked what was counted: it goes on counting."""
    bench = away()
    for _ in range(3):
        assert code_of(bench, amount=100) == "00"
    bench.wait(HOUR_S + 1)
    assert code_of(bench, amount=100) == "65"
    bench.up("hill")
    while bench.inbox["hill"]:
        bench.send("hill", answer_to(bench.inbox["hill"].pop(0)))
    bench.drop("hill")
    assert code_of(bench, amount=100) == "00"
    bench.expect_replay()


def test_f25_limits_tighten_while_the_queue_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above half of the bound they are halved, above four fifths there is no stand-in."""
    monkeypatch.setattr(forwarding, "ADVICES_OWED_MAX", 10)
    bench = away(stand_in("HILL"))
    for number in range(6):
        assert code_of(bench, card=CARDS[number], amount=50_000) == "00"
    assert code_of(bench, amount=25_001) == "61"
    for _ in range(3):
        assert code_of(bench, amount=25_000) == "00"
    assert code_of(bench, amount=1) == "91"
    assert "stand-in-paused" in bench.alarms


def test_a_repeat_gets_the_same_answer_also_from_the_journal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From memory, after a restart, and after it has left memory: the same bytes."""
    monkeypatch.setattr(state, "FINISHED_MAX", 4)
    bench = away()
    request = bench.request()
    reply = bench.ask("sea", request)
    assert bench.ask("sea", request) == reply
    bench.restart()
    assert bench.ask("sea", request) == reply
    for _ in range(6):
        bench.buy("51")
    assert bench.ask("sea", request) == reply
    assert bench.nets() == {"SEA": 12_000, "HILL": -12_000}


@pytest.mark.parametrize("restarted", [False, True])
def test_a_reversal_of_a_stand_in_names_the_advice(restarted: bool) -> None:
    """The issuer knows the advice for certain; the request it may never have seen."""
    bench = away()
    request = bench.request()
    assert bench.ask("sea", request).fields[39] == "00"
    if restarted:
        bench.snapshot()
        bench.restart()
        bench.drop("hill")
    assert bench.ask("sea", bench.about(request)).fields[39] == "00"
    assert bench.nets() == {}
    bench.up("hill")
    told: list[Message] = []
    while bench.inbox["hill"]:
        told.append(bench.inbox["hill"].pop(0))
        bench.send("hill", answer_to(told[-1]))
    first, second = told
    assert (first.mti[:3], second.mti[:3]) == ("022", "042")
    named = str(second.fields[90])[:20]
    assert named == "0220" + str(first.fields[11]) + str(first.fields[7])
    bench.expect_replay()


def test_a_stand_in_can_be_completed_and_reversed_in_part() -> None:
    """A hold that stand-in gave is completed for less; a purchase is partly taken back."""
    bench = away()
    held = bench.request(mti="0100", amount=10_000)
    assert bench.ask("sea", held).fields[39] == "00"
    completion = bench.about(held, "0220", f4="000000007500")
    assert bench.ask("sea", completion).fields[39] == "00"
    bought = bench.request(amount=900)
    assert bench.ask("sea", bought).fields[39] == "00"
    assert bench.ask("sea", bench.about(bought, standing=400)).fields[39] == "00"
    assert bench.nets() == {"SEA": 7_900, "HILL": -7_900}
    assert bench.held("HILL") == 0
    bench.restart()
    bench.expect_replay()


def test_f24_an_advice_that_the_issuer_refuses_still_stands() -> None:
    """The money has moved by the rules; the refusal is written down and told to the operator."""
    bench = away()
    assert code_of(bench) == "00"
    bench.up("hill")
    bench.send("hill", answer_to(bench.taken("hill"), "51"))
    assert "advice-refused" in bench.alarms
    assert bench.nets() == {"SEA": 12_000, "HILL": -12_000}
    facts = [effect.body for effect in bench.effects if isinstance(effect, Record)]
    assert any(b'"delivered"' in body and b'"response_code": "51"' in body for body in facts)
    bench.expect_replay()


def test_a_restart_forgets_no_use_of_the_limits() -> None:
    """By snapshot and by replay: what was used stays used, and the day closes as it would have."""
    for snapshot in (False, True):
        bench = away()
        assert code_of(bench, amount=50_000) == "00"
        bench.step(CutOverOrdered())
        if snapshot:
            bench.snapshot()
        bench.restart()
        bench.drop("hill")
        bench.inbox["sea"].clear()
        assert code_of(bench, amount=10_001) == "61"
        assert code_of(bench, amount=10_000) == "00"
        bench.expect_replay()


@pytest.mark.parametrize("swept", [False, True])
@pytest.mark.parametrize("restarted", ["", "replayed", "from a snapshot"])
def test_t01_a_clock_set_back_brings_no_window_back(swept: bool, restarted: str) -> None:
    """Another card's stand-in showed that the window was over. It begins anew, at that instant,
    whether its counter was dropped meanwhile, and whatever a restart has in memory."""
    bench = away(stand_in("HILL", Window(60, "card", 10**9, 2)))
    for number in (0, 8, 9, 7, 0):  # leaves two counters in front of its own
        assert code_of(bench, card=CARDS[number], amount=1) == "00"
    bench.up("hill")
    while bench.inbox["hill"]:
        bench.send("hill", answer_to(bench.inbox["hill"].pop(0)))
    bench.drop("hill")
    bench.step_clock(70)
    for number in range(1, 4 if swept else 2):
        assert code_of(bench, card=CARDS[number], amount=1) == "00"
    if restarted:
        if restarted == "from a snapshot":
            bench.snapshot()
        bench.restart()
        bench.drop("hill")
        bench.inbox["sea"].clear()
    bench.step_clock(-30)
    codes = [code_of(bench, card=CARDS[0], amount=1) for _ in range(3)]
    assert codes == ["00", "00", "65"]
    bench.step_clock(89)
    assert code_of(bench, card=CARDS[0], amount=1) == "65"
    bench.expect_replay()


def test_the_table_of_counters_is_bounded_and_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full, it lets nothing more through; what is over for good makes room again."""
    monkeypatch.setattr(counters, "COUNTERS_MAX", 3)
    bench = away(stand_in("HILL", Window(60, "card", 10**9, 10**6)))
    for number in range(3):
        assert code_of(bench, card=CARDS[number]) == "00"
    assert code_of(bench, card=CARDS[3]) == "91"
    assert "stand-in-full" in bench.alarms
    bench.up("hill")
    while bench.inbox["hill"]:
        bench.send("hill", answer_to(bench.inbox["hill"].pop(0)))
    bench.drop("hill")
    bench.wait(61)
    for number in range(4, 7):
        assert code_of(bench, card=CARDS[number]) == "00"
    assert len(bench.state.stand_in) == 3


@pytest.mark.parametrize("sequence", [0, 1, 999_998, 999_999, 12_345_678])
def test_an_authorization_code_has_six_digits_and_is_never_zero(sequence: int) -> None:
    """Made of the entry's number: the same after a replay."""
    code = authorization_code(sequence)
    assert len(code) == 6 and code.isdecimal() and code != "000000"


@pytest.mark.parametrize("mti", ["0100", "0200"])
def test_t03_an_advice_is_of_the_business_day_on_which_its_money_moved(mti: str) -> None:
    """The day is closed while the issuer is awaited: answer, positions and advice say one day."""
    bench = Bench(scheme_of(TERMS))
    bench.send("sea", bench.request(mti=mti))
    bench.step(CutOverOrdered())
    for inbox in bench.inbox.values():
        inbox.clear()
    bench.wait(10.1)
    reply, advice = bench.taken("sea"), bench.taken("hill")
    assert (reply.fields[15], advice.fields[15]) == ("0705", "0705")
    assert {line.business_day for line in bench.state.positions.lines()} <= {0, 20260705}
    bench.expect_replay()


def test_f42_the_advice_of_a_verification_tells_no_amounts() -> None:
    """Nothing is paid, so there is no amount in another currency, as in the request itself."""
    foreign = replace(HILL, country="KZ", currency="KZT")
    ranges = bin_range("990001", "SEA"), bin_range("990002", "HILL", "KZT")
    rates = Rate("R-1", "USD", "TRY", 40, 0, 0), Rate("R-2", "USD", "KZT", 500, 0, 0)
    bench = Bench(registry_of(SEA, foreign, *ranges, *rates, replace(TERMS, currency="KZT")))
    bench.drop("hill")
    assert code_of(bench, amount=0, mti="0100") == "00"
    bench.up("hill")
    advice = bench.taken("hill")
    assert advice.fields[4] == "0" * 12
    assert not {5, 6, 9, 10, 50, 51} & set(advice.fields)
