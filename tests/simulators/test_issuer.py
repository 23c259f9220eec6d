"""The simulated issuer decides once, and remembers what it decided."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.message import Message, load_codec
from altyn.simulators import CONDUCT_CODES, Moment, SimulatedCard, SimulatedIssuer, bank_of, deck

NOW = Moment(datetime(2026, 11, 23, 9, 30, 15, tzinfo=UTC), 0)
CARDS = deck("7", bank_of("BOSPHTR"))
DE7 = "1123093015"


def card_of(conduct: str) -> SimulatedCard:
    """The first card of a conduct."""
    return next(card for card in CARDS if card.conduct == conduct)


def request(stan: int, amount: int = 500, conduct: str = "ordinary", **extra: str) -> Message:
    """A forwarded 0100; `extra` is fields as f3="200000"."""
    card = card_of(conduct)
    fields: dict[int, str | bytes] = {
        2: card.pan[:], 3: "000000", 4: f"{amount:012d}", 7: DE7, 11: f"{stan:06d}",
        12: "123015", 13: "1123", 14: card.expiry(NOW.utc), 32: "400101", 33: "900001",
        37: "632709000001", 41: "STEP0001", 42: "STEPKZ005411001", 49: "949",
    }  # fmt: skip
    fields.update({int(name[1:]): value for name, value in extra.items()})
    return Message("0100", fields)


def reversal(stan: int, of: int, standing: int = 0) -> Message:
    """A 0420 for the leg `of`; `standing` is what remains (DE95)."""
    message = request(stan, f90=f"0100{of:06d}{DE7}" + "0" * 22)
    message.mti = "0420"
    if standing:
        message.fields[95] = f"{standing:012d}" + "0" * 30
    return message


def available(issuer: SimulatedIssuer, conduct: str = "ordinary") -> int:
    """What the account of a card has, as a change from its start."""
    card = card_of(conduct)
    return issuer.accounts[card.pan[:]].available - card.balance


def issuer_of() -> SimulatedIssuer:
    """A fresh issuer."""
    return SimulatedIssuer("400301", CARDS)


def test_approval_echoes_the_request_and_takes_the_money() -> None:
    """An approval is an 0110 with the echoed fields, an approval code and 00."""
    issuer = issuer_of()
    message = request(1)
    (answer,) = issuer.receive(message, NOW)
    assert answer.mti == "0110"
    assert answer.fields[39] == "00"
    assert len(str(answer.fields[38])) == 6
    assert all(answer.fields[n] == message.fields[n] for n in (2, 3, 4, 7, 11, 32, 37, 41, 42, 49))
    assert available(issuer) == -500
    load_codec("altyn87").encode(answer)


@pytest.mark.parametrize(("conduct", "code"), CONDUCT_CODES.items())
def test_each_conduct_is_declined_with_its_code(conduct: str, code: str) -> None:
    """A decline has the conduct's response code, no approval code, and moves no money."""
    issuer = issuer_of()
    (answer,) = issuer.receive(request(1, conduct=conduct), NOW)
    assert answer.fields[39] == code
    assert 38 not in answer.fields
    assert available(issuer, conduct) == 0


def test_card_of_nobody_is_declined() -> None:
    """A number that is not among the issuer's cards is an invalid card number."""
    (answer,) = issuer_of().receive(request(1, f2="9900030000000000"), NOW)
    assert answer.fields[39] == "14"


def test_f05_repeat_gets_the_same_answer_and_moves_nothing() -> None:
    """The same key answers the same, as 0100 or as 0101."""
    issuer = issuer_of()
    (first,) = issuer.receive(request(1), NOW)
    again = request(1)
    again.mti = "0101"
    assert issuer.receive(again, NOW) == [first]
    assert available(issuer) == -500
    assert issuer.figures.repeats == 1


def test_billing_amount_is_what_the_cardholder_pays() -> None:
    """Where DE6 is present the account moves by it and not by DE4."""
    issuer = issuer_of()
    issuer.receive(request(1, f6=f"{20_999:012d}", f51="949"), NOW)
    assert available(issuer) == -20_999


def test_refund_gives_and_inquiry_moves_nothing() -> None:
    """Processing code 20 credits the account; 30 answers the balance in DE54 (F42)."""
    issuer = issuer_of()
    issuer.receive(request(1, f3="200000"), NOW)
    assert available(issuer) == 500
    (answer,) = issuer.receive(request(2, amount=0, f3="300000"), NOW)
    balance = str(answer.fields[54])
    assert (balance[:8], len(balance)) == ("0002949C", 20)
    assert available(issuer) == 500


def test_completion_takes_the_place_of_the_hold() -> None:
    """After a completion the account has moved by the final amount only."""
    issuer = issuer_of()
    issuer.receive(request(1, amount=1000), NOW)
    advice = request(2, amount=700, f90=f"0100000001{DE7}" + "0" * 22)
    advice.mti = "0220"
    (answer,) = issuer.receive(advice, NOW)
    assert (answer.mti, answer.fields[39]) == ("0230", "00")
    assert available(issuer) == -700


def test_completion_without_a_billing_amount_bills_the_share_of_the_hold() -> None:
    """Where the hold had DE6 and the completion has none, the customer pays in proportion."""
    issuer = issuer_of()
    issuer.receive(request(1, amount=1000, f6=f"{30_000:012d}", f51="949"), NOW)
    advice = request(2, amount=700, f90=f"0100000001{DE7}" + "0" * 22)
    advice.mti = "0220"
    issuer.receive(advice, NOW)
    assert available(issuer) == -21_000


def test_f11_reversal_has_one_effect_however_often_it_comes() -> None:
    """A reversal, its repeat and a second reversal give the money back once (F11, F12)."""
    issuer = issuer_of()
    issuer.receive(request(1), NOW)
    for stan in (2, 2, 3):
        (answer,) = issuer.receive(reversal(stan, of=1), NOW)
        assert (answer.mti, answer.fields[39]) == ("0430", "00")
    assert available(issuer) == 0


def test_f09_original_that_comes_after_its_reversal_is_declined() -> None:
    """The reversal is kept, and the late original is not approved."""
    issuer = issuer_of()
    issuer.receive(reversal(2, of=1), NOW)
    assert issuer.figures.unmatched_reversals == 1
    (answer,) = issuer.receive(request(1), NOW)
    assert answer.fields[39] == "21"
    assert available(issuer) == 0


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(0, 10**9))
def test_partial_reversal_leaves_no_more_than_was_taken(
    amount: int, billed: int, standing: int
) -> None:
    """What stands is in proportion, never above the original, and a full reversal restores all."""
    issuer = issuer_of()
    issuer.receive(request(1, amount=amount, f6=f"{billed:012d}", f51="949"), NOW)
    issuer.receive(reversal(2, of=1, standing=standing), NOW)
    assert 0 <= -available(issuer) <= billed
    decision = issuer.decisions["000001", DE7, "400101"]
    assert decision.standing == min(standing, amount)
    issuer.receive(reversal(3, of=1), NOW)
    assert available(issuer) == 0


def test_echo_is_answered_and_sign_on_uses_de33() -> None:
    """An issuer signs on under DE33 and answers an echo."""
    issuer = issuer_of()
    (sign_on,) = issuer.connected(NOW)
    assert (sign_on.mti, sign_on.fields[33], sign_on.fields[70]) == ("0800", "400301", "001")
    assert issuer.receive(Message("0810", {**sign_on.fields, 39: "00"}), NOW) == []
    assert issuer.signed_on
    (answer,) = issuer.receive(Message("0800", {7: DE7, 11: "000001", 70: "301"}), NOW)
    assert (answer.mti, answer.fields[39]) == ("0810", "00")
