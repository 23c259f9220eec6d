"""Regret: what the issuer says to what was decided in its place, from the journal alone."""

from typing import Any

from altyn.message import Message
from altyn.switch import CutOverOrdered, Record, Regret, RegretLine
from altyn.transaction import Outcome
from tests.switch.bench import Bench, answer_to
from tests.switch.test_standin import CARDS, away, code_of


def regret_of(bench: Bench, business_day: int = 0) -> Regret:
    """The figures of a bench's whole journal."""
    regret = Regret(business_day)
    for batch in bench.storage.batches():
        for entry in batch.entries(bench.storage.record_bytes):
            regret.take(entry)
    return regret


def lines_of(regret: Regret) -> dict[Outcome, RegretLine]:
    """The lines of Hill Bank by outcome."""
    assert {key[:2] for key in regret.lines} <= {("HILL", "TRY")}
    return {key.outcome: line for key, line in regret.lines.items()}


def acknowledge(bench: Bench, *codes: str) -> list[Message]:
    """Hill Bank comes back and answers one advice after the other, each with the next code."""
    bench.up("hill")
    told = []
    for code in codes:
        told.append(bench.inbox["hill"].pop(0))
        bench.send("hill", answer_to(told[-1], code))
    return told


def test_f24_the_cost_is_what_the_issuer_would_have_refused() -> None:
    """Three approvals: one agreed, one refused, one not told yet; and a refusal of stand-in."""
    bench = away()
    for card, amount in zip(CARDS, (10_000, 20_000, 30_000), strict=False):
        assert code_of(bench, card=card, amount=amount) == "00"
    assert code_of(bench, amount=50_001) == "61"
    acknowledge(bench, "00", "51")
    lines = lines_of(regret_of(bench))
    approved = lines[Outcome.STOOD_IN_UNREACHABLE]
    assert (approved.count, approved.amount) == (3, 60_000)
    assert (approved.delivered, approved.agreed, approved.outstanding) == (2, 1, 1)
    assert (approved.regretted, approved.cost) == ({"51": 1}, 20_000)
    refused = lines[Outcome.STAND_IN_AMOUNT]
    assert (refused.count, refused.amount) == (1, 50_001)
    assert refused.outstanding == 0


def test_a_reason_has_its_own_line_and_a_day_may_be_chosen() -> None:
    """Late on the first day, unreachable on the second; what reversals owe is no regret."""
    bench = away()
    bench.up("hill")
    request = bench.request()
    bench.send("sea", request)
    bench.wait(11)
    bench.inbox["hill"].clear()
    assert bench.taken("sea").fields[39] == "00"
    assert bench.ask("sea", bench.about(request)).fields[39] == "00"
    bench.drop("hill")
    bench.step(CutOverOrdered())
    bench.inbox["sea"].clear()
    assert code_of(bench, card=CARDS[1]) == "00"
    counts = {outcome: line.count for outcome, line in lines_of(regret_of(bench)).items()}
    assert counts == {Outcome.STOOD_IN_LATE: 1, Outcome.STOOD_IN_UNREACHABLE: 1}
    assert set(lines_of(regret_of(bench, 20260705))) == {Outcome.STOOD_IN_LATE}
    assert set(lines_of(regret_of(bench, 20260706))) == {Outcome.STOOD_IN_UNREACHABLE}
    assert not regret_of(bench, 20260707).lines


def test_dead_letters_come_and_go() -> None:
    """Dead, sent again, dead again, closed by an operator: each is told once."""
    bench = away()
    assert code_of(bench) == "00"
    advice = next(iter(bench.state.issuers.values())).advices.owed()[0].sequence

    def told(fact: str, **values: Any) -> tuple[int, int, int, int]:
        desk = bench.switch._desk
        desk.effects = []
        desk.record_fact(fact=fact, participant="HILL", advice=advice, **values)
        bench.storage.write([each for each in desk.effects if isinstance(each, Record)])
        (line,) = lines_of(regret_of(bench)).values()
        return line.outstanding, line.dead, line.closed, line.delivered

    assert told("dead-letter", response_code="30") == (0, 1, 0, 0)
    assert told("advice-retried", actor="A") == (1, 0, 0, 0)
    assert told("dead-letter", response_code="30") == (0, 1, 0, 0)
    assert told("advice-closed", actor="A", reason="R") == (0, 0, 1, 0)
