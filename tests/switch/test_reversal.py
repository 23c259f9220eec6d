"""Reversals and completions: what they take back, what they are answered, what the issuer gets."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.message import Message
from altyn.money import Rate
from altyn.switch import CutOverOrdered
from tests.switch.bench import (
    HILL,
    HILL_CARD,
    SEA,
    SEA_CARD,
    Bench,
    answer_to,
    bank,
    bin_range,
    card_number,
    registry_of,
    scheme,
    standing,
)


def code_of(bench: Bench, message: Message) -> str:
    """What Sea Bank is answered at once."""
    return str(bench.ask("sea", message).fields[39])


def test_f09_a_reversal_without_a_terminal_marks_its_original_at_any() -> None:
    """DE41 may be missing from a reversal; its original, when it comes, is refused all the same."""
    bench = Bench()
    late = bench.request()
    reversal = bench.about(late, f41=None)
    assert code_of(bench, reversal) == "25"
    assert code_of(bench, late) == "21"
    assert not bench.inbox["hill"]
    bench.restart()
    assert code_of(bench, late) == "21"
    assert bench.nets() == {}


def test_f09_another_original_is_not_marked() -> None:
    """The marker names one STAN and time; its neighbour is served."""
    bench = Bench()
    assert code_of(bench, bench.about(bench.request())) == "25"
    _, reply = bench.buy()
    assert reply.fields[39] == "00"


def test_f10_the_scheme_may_answer_unmatched_reversals_with_00() -> None:
    """25 or 00, as the scheme says; the alarm is raised either way."""
    registry = registry_of(scheme(unmatched="00"), SEA, HILL, bin_range("990002", "HILL"))
    bench = Bench(registry)
    assert code_of(bench, bench.about(bench.request())) == "00"
    assert bench.alarms == ["unmatched-reversal"]


def test_a_reversal_in_flight_ends_the_original() -> None:
    """The original is answered 21, the reversal 00, and the issuer is told to undo."""
    bench = Bench()
    request = bench.request()
    bench.send("sea", request)
    seen = bench.taken("hill")
    bench.send("sea", bench.about(request))
    assert [(m.mti, m.fields[39]) for m in bench.inbox["sea"]] == [("0210", "21"), ("0410", "00")]
    advice = bench.taken("hill")
    named = "0200" + str(seen.fields[11]) + str(seen.fields[7])
    assert advice.fields[90] == named + "00000400101" + "00000900001"
    bench.send("hill", answer_to(seen))
    assert bench.nets() == {}
    bench.expect_replay()


def test_a_reversal_of_another_card_does_not_match() -> None:
    """The card is part of the check: a wrong one is no match, and the money stays."""
    bench = Bench()
    request, _ = bench.buy()
    assert code_of(bench, bench.about(request, f2=card_number("990002", 2))) == "25"
    assert bench.nets() == {"SEA": 12_000, "HILL": -12_000}


def test_a_reversal_of_a_reversal_is_not_done() -> None:
    """What was taken back is not given again: 25."""
    bench = Bench()
    request, _ = bench.buy()
    reversal = bench.about(request)
    assert code_of(bench, reversal) == "00"
    assert code_of(bench, bench.about(reversal)) == "25"
    assert bench.nets() == {}


def test_a_declined_original_is_reversed_without_effect() -> None:
    """The acquirer may be sure of it: 00, and nothing moves or goes to the issuer."""
    bench = Bench()
    request, _ = bench.buy("51")
    assert code_of(bench, bench.about(request)) == "00"
    assert not bench.inbox["hill"]
    assert bench.nets() == {}


def test_a_reversal_of_another_amount_is_refused() -> None:
    """DE4 is the original amount; another one is 13 and takes nothing."""
    bench = Bench()
    request, _ = bench.buy()
    assert code_of(bench, bench.about(request, f4="000000012001")) == "13"
    assert bench.nets() == {"SEA": 12_000, "HILL": -12_000}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"f90": None}, "no DE90"),
        ({"f90": "0800" + "0" * 38}, "DE90 of no request"),
        ({"f95": "A" * 42}, "letters in DE95"),
    ],
)
def test_reversals_that_cannot_be_read(changes: dict[str, Any], reason: str) -> None:
    """Each is 30, and changes nothing."""
    bench = Bench()
    request, _ = bench.buy()
    assert code_of(bench, bench.about(request, **changes)) == "30", reason
    assert bench.nets() == {"SEA": 12_000, "HILL": -12_000}


def test_letters_in_de95_of_a_purchase_are_nobodys_business() -> None:
    """DE95 is read of reversals alone."""
    bench = Bench()
    _, reply = bench.buy(f95="A" * 42)
    assert reply.fields[39] == "00"


def test_a_completion_turns_the_hold_into_a_posting() -> None:
    """0220 for less than was held: that much is owed, the rest of the hold goes."""
    bench = Bench()
    hold, _ = bench.buy(mti="0100", amount=10_000)
    assert (bench.held("HILL"), bench.nets()) == (10_000, {})
    completion = bench.about(hold, "0220", f4="000000006500")
    assert code_of(bench, completion) == "00"
    assert (bench.held("HILL"), bench.nets()) == (0, {"SEA": 6_500, "HILL": -6_500})
    advice = bench.taken("hill")
    assert (advice.mti, advice.fields[4], advice.fields[39]) == ("0220", "000000006500", "00")
    bench.send("hill", answer_to(advice))
    assert code_of(bench, completion) == "00"
    assert code_of(bench, bench.about(hold, "0220", f4="000000000100")) == "25"
    assert code_of(bench, bench.about(hold)) == "25"
    assert code_of(bench, bench.about(completion)) == "00"
    assert bench.nets() == {}
    bench.expect_replay()


@pytest.mark.parametrize("amount", [0, 10_001])
def test_a_completion_is_for_what_is_held(amount: int) -> None:
    """Nothing, or more than stands, is 13; the hold stays."""
    bench = Bench()
    hold, _ = bench.buy(mti="0100", amount=10_000)
    assert code_of(bench, bench.about(hold, "0220", f4=f"{amount:012d}")) == "13"
    assert bench.held("HILL") == 10_000


def test_f40_a_completion_needs_its_original() -> None:
    """No original, a purchase, an inquiry: 25, never a guess."""
    bench = Bench()
    unknown = bench.request(mti="0100")
    assert code_of(bench, bench.about(unknown, "0220")) == "25"
    purchase, _ = bench.buy()
    assert code_of(bench, bench.about(purchase, "0220")) == "25"
    inquiry, _ = bench.buy(mti="0100", f3="310000")
    assert code_of(bench, bench.about(inquiry, "0220")) == "25"
    assert code_of(bench, bench.request(mti="0120")) == "25"


def test_f18_a_reversal_after_the_cut_over_belongs_to_the_new_day() -> None:
    """The closed day keeps its figure; the open one takes it back."""
    bench = Bench()
    request, _ = bench.buy(amount=5_000)
    bench.step(CutOverOrdered())
    for inbox in bench.inbox.values():
        inbox.clear()
    assert code_of(bench, bench.about(request)) == "00"
    lines = [(line.participant, line.business_day, line.net) for line in standing(bench.state)]
    assert lines == [
        ("HILL", 20260705, -5_000),
        ("HILL", 20260706, 5_000),
        ("SEA", 20260705, 5_000),
        ("SEA", 20260706, -5_000),
    ]


def test_a_refund_is_reversed_the_other_way() -> None:
    """What the acquirer owed it no longer owes."""
    bench = Bench()
    refund, _ = bench.buy(f3="200000", amount=700)
    assert bench.nets() == {"HILL": 700, "SEA": -700}
    assert code_of(bench, bench.about(refund, standing=200)) == "00"
    assert bench.nets() == {"HILL": 200, "SEA": -200}


def test_a_card_of_ones_own_is_reversed_too() -> None:
    """Issuer and acquirer in one: nothing moves, the advice goes out."""
    bench = Bench()
    request, _ = bench.buy(link="sea", card=SEA_CARD)
    bench.send("sea", bench.about(request))
    assert [message.mti for message in bench.inbox["sea"]] == ["0410", "0420"]
    assert bench.nets() == {}


DOLLARS = registry_of(
    bank("SEA", "400101"),
    bank("GULF", "400103", "KW", "KWD"),
    bin_range("990003", "GULF", "KWD"),
    Rate("R-1", "USD", "TRY", 4037, 2, 0),
    Rate("R-2", "KWD", "USD", 325, 2, 0),
)


@given(
    amount=st.integers(1, 10**9),
    shares=st.lists(st.integers(0, 999), min_size=1, max_size=6, unique=True),
)
def test_f16_parts_of_a_converted_amount_never_drift(amount: int, shares: list[int]) -> None:
    """However a purchase in lira is taken back piece by piece, the dollars end at nothing, never
    below it, and at every step at what the part that stands converts to."""
    bench = Bench(DOLLARS)
    request, _ = bench.buy(link="gulf", card=card_number("990003", 1), amount=amount)
    standing_now = amount
    for share in sorted(shares, reverse=True):
        left = amount * share // 1000
        if not standing_now:
            break
        expected = "00" if left < standing_now else "13"
        assert code_of(bench, bench.about(request, standing=left)) == expected
        bench.inbox["gulf"].clear()
        standing_now = left
        assert 0 <= bench.nets().get("SEA", 0) <= -(-amount * 100 // 4037)
    if standing_now:
        assert code_of(bench, bench.about(request)) == "00"
    assert bench.nets() == {}


def test_f16_what_stands_is_below_what_stood() -> None:
    """DE95 of as much or more than stands is 13; nothing is full; a minor unit is exact."""
    bench = Bench()
    request, _ = bench.buy(amount=1_001)
    for left, code in ((1_001, "13"), (1_002, "13"), (1_000, "00"), (1_000, "13"), (1, "00")):
        assert code_of(bench, bench.about(request, standing=left)) == code
    assert bench.nets() == {"SEA": 1, "HILL": -1}
    assert code_of(bench, bench.about(request, standing=0)) == "00"
    assert bench.nets() == {}
    assert code_of(bench, bench.about(request)) == "00"
    advices = bench.inbox["hill"]
    for advice in advices:  # each is told when the one before is taken, and so found here
        bench.send("hill", answer_to(advice))
    assert [str(advice.fields.get(95, ""))[:12] for advice in advices] == [
        "000000001000",
        "000000000001",
        "",
    ]
    assert advices[0].fields[2] == HILL_CARD


@pytest.mark.parametrize("standing_now", [0, 1])
def test_f16_nothing_can_be_left_of_a_verification(standing_now: int) -> None:
    """DE95 above what an authorization of nothing leaves to stand is 13; without it, 00."""
    bench = Bench()
    verified, _ = bench.buy(mti="0100", amount=0)
    answer = code_of(bench, bench.about(verified, standing=standing_now))
    assert answer == ("13" if standing_now else "00")
    bench.expect_replay()


def test_an_amount_in_another_currency_is_another_amount() -> None:
    """A completion or a reversal in dollars says nothing of a hold in lira: 13, nothing moves."""
    bench = Bench()
    hold, _ = bench.buy(mti="0100", amount=10_000)
    assert code_of(bench, bench.about(hold, "0220", f4="000000005000", f49="840")) == "13"
    assert code_of(bench, bench.about(hold, f49="840")) == "13"
    assert (bench.held("HILL"), bench.nets()) == (10_000, {})
    bench.expect_replay()
