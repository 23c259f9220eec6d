"""Requests: who may ask, what is checked in which order, what the issuer's answer does."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from altyn.money import Rate
from altyn.switch import CutOverOrdered, IntakeChanged, LinkTerms, forwarding
from altyn.transaction import APPROVALS_NOT_SERVED, Outcome, entries
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
    terms_of,
)


def code_of(bench: Bench, **changes: Any) -> str:
    """How a request of Sea Bank with one change is refused."""
    return str(bench.ask("sea", bench.request(**changes)).fields[39])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"f32": "400102"}, "58"),
        ({"f32": "400999"}, "58"),
        ({"f3": "990000"}, "12"),
        ({"f2": "9900020000000019"}, "14"),
        ({"f2": "0" * 16}, "14"),
        ({"f2": card_number("999999", 1)}, "15"),
        ({"f14": "2606"}, "54"),
        ({"f14": "5001"}, "54"),
        ({"f4": "0" * 12}, "13"),
        ({"f49": "398"}, "12"),
        ({"f7": None}, "30"),
        ({"f11": None}, "30"),
        ({"f2": None}, "30"),
    ],
)
def test_refusals(changes: dict[str, str | None], code: str) -> None:
    """Each defect has its code; nothing is held, nothing goes to an issuer."""
    bench = Bench()
    assert code_of(bench, **changes) == code
    assert not bench.inbox["hill"]
    assert bench.held("HILL") == 0
    bench.expect_replay()


@pytest.mark.parametrize("text", ["0230101112", "0229101112", "0000000000", "0705246060"])
def test_t06_a_time_that_never_was_is_unreadable(text: str) -> None:
    """A request that could not be found again by its DE7 is not taken: 30, nobody is asked."""
    bench = Bench()
    assert bench.ask("sea", bench.request(f7=text)).fields[39] == "30"
    assert not bench.inbox["hill"]


def test_the_first_reason_in_the_order_of_outcomes_is_answered() -> None:
    """A request wrong in every way is refused for the first thing that is checked."""
    wrong: dict[str, str | None] = {
        "f32": "400102",
        "f3": "990000",
        "f2": "0" * 16,
        "f14": "2401",
        "f4": "0" * 12,
    }
    right: dict[str, str | None] = {
        "f32": "400101",
        "f3": "000000",
        "f2": HILL_CARD,
        "f14": "4912",
        "f4": "000000000100",
    }
    bench = Bench()
    codes = []
    for key in wrong:
        codes.append(code_of(bench, **wrong))
        wrong[key] = right[key]
    assert codes == ["58", "12", "14", "54", "13"]


def test_t10_a_card_is_good_to_the_last_moment_of_its_month() -> None:
    """Expiry 2607: good on 31 July 2026 at 23:59:59, expired a second later."""
    bench = Bench(start=datetime(2026, 7, 31, 23, 59, 59, tzinfo=UTC))
    bench.send("sea", bench.request(f14="2607"))
    assert bench.taken("hill").mti == "0200"
    bench.wait(1)
    assert code_of(bench, f14="2607") == "54"


@pytest.mark.parametrize("expiry", ["4913", "4900"])
def test_t10_a_month_that_is_none_is_no_expiry(expiry: str) -> None:
    """Month 13 and month 00 are answered like a card that has expired."""
    bench = Bench()
    assert bench.ask("sea", bench.request(f14=expiry)).fields[39] == "54"


@pytest.mark.parametrize(("expiry", "code"), [("4912", None), ("5001", "54"), ("9912", "54")])
def test_t11_expiry_years_up_to_49_are_of_this_century(expiry: str, code: str | None) -> None:
    """2049 is to come; 50 to 99 have passed, whichever century was meant."""
    bench = Bench()
    bench.send("sea", bench.request(f14=expiry))
    assert [reply.fields[39] for reply in bench.inbox["sea"]] == ([code] if code else [])


def test_f34_a_stranger_does_not_decide_what_the_real_one_is_answered() -> None:
    """A spoofed request leaves no trace under the key; the owner's request is served."""
    bench = Bench()
    request = bench.request(f32="400101")
    assert bench.ask("hill", request).fields[39] == "58"
    assert "foreign-institution" in bench.alarms
    bench.send("sea", request)
    bench.send("hill", answer_to(bench.taken("hill")))
    assert bench.taken("sea").fields[39] == "00"


def test_f34_another_banks_purchase_cannot_be_reversed() -> None:
    """Hill Bank names a purchase of Sea Bank in DE90: refused with 58, the money stays."""
    bench = Bench()
    request, _ = bench.buy()
    spoof = bench.about(request)
    spoof.fields[32] = "400102"
    assert bench.ask("hill", spoof).fields[39] == "58"
    assert bench.nets() == {"SEA": 12_000, "HILL": -12_000}
    assert bench.ask("sea", bench.about(request)).fields[39] == "00"


def test_a_reversal_may_leave_the_acquirer_of_the_original_open() -> None:
    """DE90 with zeros for the acquirer means the one that sends the reversal."""
    bench = Bench()
    request, _ = bench.buy()
    reversal = bench.about(request)
    reversal.fields[90] = str(reversal.fields[90])[:20] + "0" * 22
    assert bench.ask("sea", reversal).fields[39] == "00"
    assert bench.nets() == {}


def test_f37_a_suspended_issuer_gets_no_new_requests() -> None:
    """92 at once; what was in flight finishes, and reversals still flow."""
    bench = Bench()
    first = bench.request()
    bench.send("sea", first)
    seen = bench.taken("hill")
    ranges = (bin_range("990001", "SEA"), bin_range("990002", "HILL"))
    bench.activate(SEA, replace(HILL, state="suspended"), *ranges)
    assert code_of(bench) == "92"
    bench.send("hill", answer_to(seen))
    assert bench.taken("sea").fields[39] == "00"
    assert bench.ask("sea", bench.about(first)).fields[39] == "00"
    bench.activate(replace(SEA, state="suspended"), HILL, *ranges)
    assert code_of(bench) == "58"


def test_two_terminals_may_use_one_stan() -> None:
    """The same STAN, time and acquirer at two terminals are two transactions."""
    bench = Bench()
    first = bench.request(f41="TERM0001", f11="000777", f37="RRN000000001")
    second = bench.request(f41="TERM0002", f11="000777", f37="RRN000000002", amount=500)
    for request in (first, second):
        bench.send("sea", request)
        bench.send("hill", answer_to(bench.taken("hill")))
        assert bench.taken("sea").fields[39] == "00"
    assert bench.nets() == {"SEA": 12_500, "HILL": -12_500}
    assert bench.ask("sea", bench.about(second)).fields[39] == "00"
    assert bench.nets() == {"SEA": 12_000, "HILL": -12_000}
    assert bench.ask("sea", first).fields[4] == first.fields[4]


@pytest.mark.parametrize("code", sorted(APPROVALS_NOT_SERVED))
def test_f43_a_conditional_approval_is_no_answer(code: str) -> None:
    """Ten (part of the amount) and its like reach no acquirer: 91, and the issuer reverses."""
    bench = Bench()
    request, reply = bench.buy(code)
    assert reply.fields[39] == "91"
    advice = bench.taken("hill")
    assert (advice.mti, advice.fields[4]) == ("0420", request.fields[4])
    assert bench.held("HILL") == 0


@pytest.mark.parametrize("code", ["00", "08", "85"])
def test_what_an_issuer_may_say_for_yes(code: str) -> None:
    """Approved, honour with identification, no reason to decline: money moves, code passes."""
    bench = Bench()
    _, reply = bench.buy(code)
    assert reply.fields[39] == code
    assert bench.nets() == {"SEA": 12_000, "HILL": -12_000}


def test_an_issuers_refusal_passes_with_its_reason() -> None:
    """The code, the additional data and no money; a repeat gets all of it again."""
    bench = Bench()
    request = bench.request()
    bench.send("sea", request)
    bench.send("hill", answer_to(bench.taken("hill"), "51", f44="LIMIT", f54="AMOUNTS"))
    reply = bench.taken("sea")
    assert (reply.fields[39], reply.fields[44], reply.fields[54]) == ("51", "LIMIT", "AMOUNTS")
    assert bench.nets() == {}
    assert bench.ask("sea", request) == reply
    bench.restart()
    assert bench.ask("sea", request) == reply


def test_m15_a_converted_amount_of_13_digits_is_refused() -> None:
    """DE6 has 12 digits: 10 thousand million lira at 1000 yen is 13, and never cut short."""
    yen = bank("YEN", "400103", "JP", "JPY")
    dollar, thousand = Rate("R-1", "USD", "TRY", 40, 0, 0), Rate("R-2", "TRY", "JPY", 1000, 0, 0)
    bench = Bench(registry_of(SEA, yen, bin_range("990003", "YEN", "JPY"), dollar, thousand))
    card = card_number("990003", 1)
    assert bench.ask("sea", bench.request(card, 100_000_000_000)).fields[39] == "13"
    bench.send("sea", bench.request(card, 99_999_999_999))
    seen = bench.taken("yen")
    assert (seen.fields[6], seen.fields[51]) == ("999999999990", "392")
    assert (seen.fields[5], seen.fields[50]) == ("002500000000", "840")


def test_m15_a_position_may_outgrow_64_bits() -> None:
    """Twenty million of the largest amount there is: positions are whole numbers without an end."""
    bench = Bench()
    largest = 999_999_999_999
    total = 20_000_000 * largest
    bench.state.positions.change(HILL.participant_id, SEA.participant_id, "949", 20260705, 0, total)
    bench.buy(amount=largest)
    assert total > 1 << 63
    assert bench.nets() == {"SEA": total + largest, "HILL": -total - largest}
    assert bench.state.positions.lines()[0].net == -total - largest


def test_m12_two_requests_race_for_the_last_of_a_cap() -> None:
    """The cap is reserved when a request leaves: the second of two in flight gets 61."""
    hill = bank("HILL", "400102", TRY=20_000)
    bench = Bench(registry_of(SEA, hill, bin_range("990002", "HILL")))
    first, second = bench.request(amount=12_000), bench.request(amount=8_001)
    bench.send("sea", first)
    seen = bench.taken("hill")
    assert bench.ask("sea", second).fields[39] == "61"
    bench.send("sea", bench.request(amount=8_000))
    assert bench.held("HILL") == 20_000
    bench.inbox["hill"].clear()
    bench.send("hill", answer_to(seen, "51"))
    assert bench.taken("sea").fields[39] == "51"
    assert bench.held("HILL") == 8_000


def test_a_credit_is_reserved_from_the_acquirer() -> None:
    """A refund makes the acquirer owe: its own cap decides, and the issuer's does not."""
    sea = bank("SEA", "400101", TRY=5_000)
    hill = bank("HILL", "400102", TRY=1)
    bench = Bench(registry_of(sea, hill, bin_range("990002", "HILL")))
    assert code_of(bench, f3="200000", f4="000000005001") == "61"
    bench.buy(amount=5_000, f3="200000")
    assert bench.nets() == {"SEA": -5_000, "HILL": 5_000}
    assert code_of(bench, f3="260000", f4="000000000001") == "61"


def test_a_cap_does_not_bind_a_bank_against_itself() -> None:
    """An issuer's card in its own shop costs nobody anything."""
    sea = bank("SEA", "400101", TRY=1)
    bench = Bench(registry_of(sea, bin_range("990001", "SEA")))
    _, reply = bench.buy(link="sea", card=SEA_CARD)
    assert reply.fields[39] == "00"
    assert bench.nets() == {}


def test_atm_requests_have_their_own_time() -> None:
    """A merchant category 6011 may take 25 seconds, everything else 10."""
    bench = Bench()
    shop, cash = bench.request(), bench.request(f18="6011", f3="010000")
    bench.send("sea", shop)
    bench.send("sea", cash)
    bench.wait(9.9)
    assert not bench.inbox["sea"]
    bench.wait(0.1)
    assert bench.taken("sea").fields[11] == shop.fields[11]
    bench.wait(14.9)
    assert not bench.inbox["sea"]
    bench.wait(0.1)
    late = bench.taken("sea")
    assert (late.fields[11], late.fields[39]) == (cash.fields[11], "91")


def test_too_many_in_flight_are_refused() -> None:
    """An issuer that answers nobody costs a bounded number of waiting requests."""
    terms: list[LinkTerms] = [terms_of("SEA"), terms_of("HILL", in_flight_max=2)]
    bench = Bench(terms=terms)
    bench.send("sea", bench.request())
    bench.send("sea", bench.request())
    assert code_of(bench) == "96"


def test_a_closed_intake_refuses_requests_and_takes_the_rest() -> None:
    """With the disk nearly full: 96 for new requests; answers and reversals go on (D01)."""
    bench = Bench()
    first = bench.request()
    bench.send("sea", first)
    seen = bench.taken("hill")
    bench.step(IntakeChanged(open=False, reason="test"))
    assert code_of(bench) == "96"
    bench.send("hill", answer_to(seen))
    assert bench.taken("sea").fields[39] == "00"
    assert bench.ask("sea", bench.about(first)).fields[39] == "00"
    bench.step(IntakeChanged(open=True, reason="test"))
    assert bench.taken("hill").mti == "0420"
    bench.send("sea", bench.request())
    assert bench.taken("hill").mti == "0200"


def test_many_repeats_in_flight_wait_up_to_a_bound() -> None:
    """Eight repeats of a request in flight are answered with it; more are dropped."""
    bench = Bench()
    request = bench.request()
    for _ in range(11):
        bench.send("sea", request)
    bench.send("hill", answer_to(bench.taken("hill")))
    assert [reply.fields[39] for reply in bench.inbox["sea"]] == ["00"] * 9


def test_t03_the_date_is_fixed_on_arrival() -> None:
    """Answered after the cut-over, a request still belongs to the day in which it came."""
    bench = Bench()
    bench.send("sea", bench.request())
    seen = bench.taken("hill")
    bench.step(CutOverOrdered())
    for link in ("sea", "hill"):
        assert bench.taken(link).fields[70] == "201"
    bench.send("hill", answer_to(seen))
    assert bench.taken("sea").fields[15] == "0705"
    (line, _) = bench.state.positions.lines()
    assert line.business_day == 20260705


def test_the_record_of_a_request_says_everything_about_it() -> None:
    """The columns that clearing reads hold what came, where it went, and how it ended."""
    bench = Bench()
    request, _ = bench.buy()
    record = [
        entry.body
        for batch in bench.storage.batches()
        for entry in batch.entries(bench.storage.record_bytes)
        if entry.kind == 1
    ][-1]
    for name, number in (("rrn", 37), ("stan", 11), ("terminal", 41), ("merchant_name", 43)):
        assert entries.read_text(record, name) == request.fields[number]
    assert entries.read_number(record, "outcome") == Outcome.APPROVED
    assert entries.read_number(record, "posted_change") == 12_000
    assert entries.read_text(record, "issuer_participant").rstrip() == "HILL"
    assert HILL_CARD.encode() not in record


def test_a_forwarded_request_carries_what_came_and_the_switchs_own_keys() -> None:
    """Unknown fields pass; STAN, time and forwarder are the switch's; a repeat goes as first."""
    bench = Bench()
    request = bench.request(mti="0201", f48="PRIVATE", f60="MORE", f33="123", f5="000000000001")
    bench.send("sea", request)
    seen = bench.taken("hill")
    assert seen.mti == "0200"
    assert (seen.fields[48], seen.fields[60], seen.fields[33]) == ("PRIVATE", "MORE", "900001")
    assert (seen.fields[11], seen.fields[7]) == ("000001", bench.transmission)
    assert 5 not in seen.fields


def test_m10_an_inquiry_without_a_rate_in_force_is_refused() -> None:
    """The bank's own rate begins tomorrow: 12, also where no money is asked for."""
    tomorrow = int(datetime(2026, 7, 6, tzinfo=UTC).timestamp()) * 1_000_000
    rate = Rate("R-1", "USD", "TRY", 40, 0, tomorrow)
    away = bank("AWAY", "400103", country="KZ", currency="KZT")
    registry = registry_of(SEA, away, bin_range("990003", "AWAY", "KZT"), rate)
    bench = Bench(registry)
    card = card_number("990003", 1)
    assert code_of(bench, f2=card, f3="310000", f49=None) == "12"
    assert code_of(bench, f2=card) == "12"


def test_f25_an_issuer_that_acknowledges_nothing_gets_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With too many advices owed to an issuer a new request is answered 96, not forwarded."""
    monkeypatch.setattr(forwarding, "ADVICES_OWED_MAX", 1)
    bench = Bench()
    requests = [bench.buy()[0] for _ in range(2)]
    for request in requests:
        assert bench.ask("sea", bench.about(request)).fields[39] == "00"
    assert bench.ask("sea", bench.request()).fields[39] == "96"
