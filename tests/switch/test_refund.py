"""Refunds: never above what stands of their purchase, live, after restarts and from the journal."""

from dataclasses import replace
from typing import Any

import pytest

from altyn.message import Message
from altyn.switch import recall
from altyn.switch import state as state_module
from altyn.transaction import Kind, Original, Transaction, original_key
from tests.switch.bench import (
    HILL,
    SEA,
    TWO_BANKS,
    Bench,
    answer_to,
    bin_range,
    card_number,
    registry_of,
    stand_in,
)


def refund_of(bench: Bench, purchase: Message, amount: int, **changes: Any) -> Message:
    """A refund of part of a purchase, which it names."""
    return bench.about(purchase, "0200", f3="200000", f4=f"{amount:012d}", **changes)


def given(bench: Bench, refund: Message, code: str = "00") -> str:
    """How a refund is answered by its issuer, or refused before that."""
    bench.inbox["hill"].clear()
    bench.send("sea", refund)
    if bench.inbox["hill"]:
        bench.send("hill", answer_to(bench.taken("hill"), code))
    return str(bench.taken("sea").fields[39])


def refunded(bench: Bench, purchase: Message) -> int:
    """What the switch counts as refunded, or on its way, of a purchase in memory."""
    acquirer, stan, moment, terminal = (str(purchase.fields[n]) for n in (32, 11, 7, 41))
    original = Original(Kind.FINANCIAL, stan, moment, acquirer)
    found = bench.state.find(original_key(original), terminal)
    assert found is not None
    return found.refunds


def test_f44_refunds_together_are_never_above_their_purchase() -> None:
    """Parts up to the whole are given, money moves back, and not a kurush more."""
    bench = Bench()
    purchase, _ = bench.buy(amount=10_000)
    assert given(bench, refund_of(bench, purchase, 10_001)) == "13"
    assert given(bench, refund_of(bench, purchase, 6_000)) == "00"
    assert given(bench, refund_of(bench, purchase, 4_001)) == "13"
    assert given(bench, refund_of(bench, purchase, 4_000, f41="TERM0002")) == "00"
    assert given(bench, refund_of(bench, purchase, 1)) == "13"
    assert not bench.nets()
    bench.expect_replay()


def test_f44_two_refunds_race_for_what_stands() -> None:
    """What is in flight counts; what is declined does not any more."""
    bench = Bench()
    purchase, _ = bench.buy(amount=10_000)
    bench.send("sea", refund_of(bench, purchase, 6_000))
    asked = bench.taken("hill")
    assert given(bench, refund_of(bench, purchase, 4_001)) == "13"
    bench.send("hill", answer_to(asked, "51"))
    assert bench.taken("sea").fields[39] == "51"
    assert given(bench, refund_of(bench, purchase, 10_000)) == "00"


def test_f44_a_refund_whose_issuer_says_nothing_counts_no_more() -> None:
    """It ends declined and is reversed at the issuer: the whole may be refunded again."""
    bench = Bench()
    purchase, _ = bench.buy(amount=10_000)
    bench.send("sea", refund_of(bench, purchase, 10_000))
    bench.wait(11)
    assert bench.taken("sea").fields[39] == "91"
    assert refunded(bench, purchase) == 0


def test_f44_a_refund_that_is_reversed_gives_its_purchase_back() -> None:
    """In part and whole."""
    bench = Bench()
    purchase, _ = bench.buy(amount=10_000)
    refund = refund_of(bench, purchase, 8_000)
    assert given(bench, refund) == "00"
    bench.send("sea", bench.about(refund, standing=5_000))
    assert bench.taken("sea").fields[39] == "00"
    assert refunded(bench, purchase) == 5_000
    bench.restart()
    assert refunded(bench, purchase) == 5_000
    bench.send("sea", bench.about(refund))
    assert bench.taken("sea").fields[39] == "00"
    assert refunded(bench, purchase) == 0


def test_f44_a_purchase_that_was_refunded_is_not_reversed() -> None:
    """Else the cardholder would have it twice; the acquirer reverses the refund first."""
    bench = Bench()
    purchase, _ = bench.buy(amount=10_000)
    assert given(bench, refund_of(bench, purchase, 1_000)) == "00"
    assert bench.ask("sea", bench.about(purchase)).fields[39] == "25"
    assert "reversal-of-refunded" in bench.alarms
    assert bench.nets() == {"SEA": 9_000, "HILL": -9_000}


def test_f44_what_is_no_purchase_of_this_card_is_not_refunded() -> None:
    """Unknown, of another card, declined, reversed, a hold, a refund, in another currency."""
    bench = Bench()
    purchase, _ = bench.buy(amount=10_000)
    declined, _ = bench.buy("51", amount=10_000)
    hold, _ = bench.buy(amount=10_000, mti="0100")
    reversed_, _ = bench.buy(amount=10_000)
    bench.ask("sea", bench.about(reversed_))
    refund = refund_of(bench, purchase, 1)
    assert given(bench, refund) == "00"
    for wrong in (bench.request(), declined, hold, reversed_, refund):
        assert given(bench, refund_of(bench, wrong, 1)) == "25"
    other = refund_of(bench, purchase, 1, f2=card_number("990002", 2))
    assert given(bench, other) == "25"
    assert given(bench, refund_of(bench, purchase, 1, f49="840")) == "13"


@pytest.mark.parametrize("with_snapshot", [False, True])
def test_f44_a_restart_forgets_no_refund(with_snapshot: bool) -> None:
    """One that was given counts; one in flight is declined when the switch comes back."""
    bench = Bench()
    purchase, _ = bench.buy(amount=10_000)
    assert given(bench, refund_of(bench, purchase, 3_000)) == "00"
    bench.send("sea", refund_of(bench, purchase, 5_000))
    assert refunded(bench, purchase) == 8_000
    if with_snapshot:
        bench.snapshot()
    bench.restart()
    assert refunded(bench, purchase) == 3_000
    assert given(bench, refund_of(bench, purchase, 7_001)) == "13"
    assert given(bench, refund_of(bench, purchase, 7_000)) == "00"
    bench.expect_replay()


def test_f44_a_purchase_from_long_ago_is_refunded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has left memory, and so have its refunds: the journal tells what stands of it."""
    monkeypatch.setattr(state_module, "FINISHED_MAX", 1)
    bench = Bench()
    purchase, _ = bench.buy(amount=10_000)
    first = refund_of(bench, purchase, 6_000)
    assert given(bench, first) == "00"
    bench.send("sea", bench.about(first, standing=2_000))
    assert bench.taken("sea").fields[39] == "00"
    bench.wait(1)
    for _ in range(3):
        bench.buy(amount=1)
    assert given(bench, refund_of(bench, purchase, 8_001)) == "13"
    bench.send("sea", refund_of(bench, purchase, 5_000))
    asked = bench.inbox["hill"].pop()
    for _ in range(3):
        bench.buy(amount=1)
    assert given(bench, refund_of(bench, purchase, 3_001)) == "13"
    bench.send("hill", answer_to(asked))
    assert bench.taken("sea").fields[39] == "00"
    assert given(bench, refund_of(bench, purchase, 3_000)) == "00"


def test_f44_refunds_without_a_purchase_have_a_limit_of_the_scheme() -> None:
    """By currency; one that is not named allows none. Without any the issuer alone decides."""
    free = Bench()
    assert given(free, free.request(f3="200000", amount=10**9)) == "00"
    limited = replace(TWO_BANKS.scheme, unlinked_refund_limits={"TRY": 5_000})
    bench = Bench(registry_of(limited, SEA, HILL, bin_range("990002", "HILL")))
    assert given(bench, bench.request(f3="200000", amount=5_001)) == "61"
    assert given(bench, bench.request(f3="200000", amount=5_000)) == "00"
    assert given(bench, bench.request(f3="200000", amount=1, f49="840")) == "61"
    purchase, _ = bench.buy(amount=10_000)
    assert given(bench, refund_of(bench, purchase, 10_000)) == "00"


def test_f44_a_refund_of_a_purchase_is_not_stood_in_for() -> None:
    """It can wait until its issuer is back; the terms would allow a credit."""
    terms = replace(stand_in("HILL"), processing_codes=("20",))
    bench = Bench(registry_of(SEA, HILL, bin_range("990002", "HILL"), terms))
    purchase, _ = bench.buy(amount=10_000)
    bench.send("sea", refund_of(bench, purchase, 1_000))
    bench.wait(11)
    assert bench.taken("sea").fields[39] == "91"
    bench.drop("hill")
    assert bench.ask("sea", refund_of(bench, purchase, 1_000)).fields[39] == "91"
    assert refunded(bench, purchase) == 0


def test_f44_a_refund_that_ends_while_its_purchase_is_looked_up_still_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The purchase leaves memory while its refund is in flight. A second refund asks the journal,
    and the first is approved after the journal was read and before its answer is taken."""
    monkeypatch.setattr(state_module, "FINISHED_MAX", 3)
    bench = Bench()
    purchase, _ = bench.buy(amount=10_000)
    bench.send("sea", refund_of(bench, purchase, 10_000))
    first = bench.inbox["hill"].pop()
    for _ in range(4):
        bench.buy()

    def slow_recall(*asked: Any) -> list[Transaction]:
        found = recall(*asked)
        bench.send("hill", answer_to(first))
        assert bench.taken("sea").fields[39] == "00"
        return found

    monkeypatch.setattr("tests.switch.bench.recall", slow_recall)
    assert bench.ask("sea", refund_of(bench, purchase, 10_000)).fields[39] == "13"


def test_f44_the_oldest_purchase_in_memory_is_refunded_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It stays in memory when its refund ends: the journal does not know of that one yet."""
    monkeypatch.setattr(state_module, "FINISHED_MAX", 4)
    bench = Bench()
    purchase, _ = bench.buy(amount=10_000)
    for _ in range(3):
        bench.buy()
    oldest = bench.state.finished[0].key
    of_then = recall(bench.storage, oldest, bench.state.finished[0].transmitted_s)
    assert [transaction.refunds for transaction in of_then] == [0]
    monkeypatch.setattr(
        "tests.switch.bench.recall",
        lambda storage, key, moment: of_then if key == oldest else recall(storage, key, moment),
    )
    assert given(bench, refund_of(bench, purchase, 10_000)) == "00"
    assert given(bench, refund_of(bench, purchase, 10_000)) == "13"


@pytest.mark.parametrize("with_snapshot", [False, True])
def test_f44_a_restart_counts_a_refund_at_its_own_purchase(
    monkeypatch: pytest.MonkeyPatch, with_snapshot: bool
) -> None:
    """Two terminals used one trace number in one second. The refunded purchase has left memory;
    the other one, which has not, is still refunded in full."""
    monkeypatch.setattr(state_module, "FINISHED_MAX", 3)
    bench = Bench()
    refunded_one, _ = bench.buy(amount=10_000)
    kept = Message("0200", {**refunded_one.fields, 41: "TERM0002"})
    for _ in range(2):
        bench.buy()
    bench.send("sea", kept)
    bench.send("hill", answer_to(bench.taken("hill")))
    assert bench.taken("sea").fields[39] == "00"
    assert given(bench, refund_of(bench, refunded_one, 10_000)) == "00"
    if with_snapshot:
        bench.snapshot()
    bench.restart()
    bench.inbox["hill"].clear()
    assert given(bench, refund_of(bench, kept, 10_000)) == "00"
