"""A participant cannot pay: what is held, who bears it, what stays final (M14)."""

from decimal import Decimal

import pytest

from altyn.ledger import AccountKind, Leg, Posting
from altyn.settlement import (
    Covered,
    Defaulted,
    Form,
    Resources,
    SettlementDesk,
    SettlementError,
    State,
    notices_of,
    resources_in,
)
from altyn.simulators import Mood
from tests.settlement.scheme import (
    BANKS,
    CYCLE,
    DAY,
    NETS,
    RUN,
    TWO,
    Office,
    account,
    settlement_bank,
    terms,
)

A, B, C, D = BANKS
FORMS = pytest.mark.parametrize("form", Form)


def _office(form: Form, moods: tuple[Mood, ...] = (Mood.PROMPT,)) -> Office:
    """BANKA has nothing at the bank; collateral and fund are placed and booked."""
    bank = settlement_bank(moods)
    bank.balances["KZSBANKA", "KZT"] = Decimal(0)
    office = Office(bank, form)
    placed = (
        (AccountKind.COLLATERAL, A, 60_000),
        (AccountKind.GUARANTEE_FUND, A, 20_000),
        (AccountKind.GUARANTEE_FUND, B, 30_000),
        (AccountKind.GUARANTEE_FUND, D, 10_000),
    )
    legs = []
    for kind, name, units in placed:
        legs.append(Leg(account(kind, name), units))
        legs.append(Leg(account(AccountKind.SETTLEMENT, name), -units))
    office.book.post(Posting("deposits", "2026-11-22/1", 20261122, "placed", tuple(legs)))
    return office


def _resources(office: Office) -> Resources:
    return resources_in(office.book, "KZT", {B: 1, C: 1, D: 1}, {B: 50_000, C: 50_000, D: 50_000})


def _fail_and_cover(office: Office) -> None:
    office.take(office.desk.default(A, "no funds by the deadline", TWO, office.tick()))
    assert office.desk.run(RUN).state is State.SUSPENDED
    office.take(office.desk.cover(RUN, [A], _resources(office), TWO, office.tick()))
    office.take(office.desk.instruct(RUN, office.tick()))


@FORMS
def test_m14_default_is_covered_in_order_and_what_was_final_stays(form: Form) -> None:
    """150,000 are owed: 60,000 collateral, 60,000 fund, and 30,000 shared by the survivors."""
    office = _office(form)
    office.settle()
    before = list(office.bank.movements)
    assert office.desk.run(RUN).state is State.FAILED
    _fail_and_cover(office)
    run = office.desk.run(RUN)
    assert run.state is State.SETTLED
    assert office.bank.movements[: len(before)] == before
    assert office.bank_moves() == {
        "KZCBANKA": Decimal("-600.00"),
        "KZFUND": Decimal("-600.00"),
        "KZSBANKB": Decimal("900.00"),
        "KZSBANKC": Decimal("-400.00"),
        "KZSBANKD": Decimal("695.00"),
        "KZFEES": Decimal("5.00"),
    }
    assert office.bank.balances["KZCLEAR", "KZT"] == 0


@FORMS
def test_m14_the_book_says_who_bore_what_and_who_owes_it(form: Form) -> None:
    """No obligation is left open; collateral and fund are used; the loss is a claim."""
    office = _office(form)
    office.settle()
    _fail_and_cover(office)
    balances = {
        (each.kind.value, str(each.holder)): units
        for each, units in office.book.balances().items()
        if units and each.kind is not AccountKind.SETTLEMENT
    }
    assert balances == {
        ("loss", "BANKA"): -70_000,
        ("loss", "BANKB"): 40_000,
        ("loss", "BANKC"): 10_000,
        ("loss", "BANKD"): 20_000,
    }
    assert sum(line.closing for line in office.book.trial_balance(DAY)) == 0
    cash = account(AccountKind.SETTLEMENT, "BANKB")
    assert office.book.balance(cash) == 90_000 - 30_000


def test_m14_runs_already_final_are_not_touched() -> None:
    """A default after finality changes no run that is settled."""
    office = Office(settlement_bank())
    office.settle()
    moved = office.bank_moves()
    office.take(office.desk.default(A, "licence withdrawn", TWO, office.tick()))
    run = office.desk.run(RUN)
    assert run.state is State.SETTLED
    assert office.bank_moves() == moved
    with pytest.raises(SettlementError, match="final"):
        office.desk.cover(RUN, [A], _resources(office), TWO, office.tick())


def test_m14_what_is_with_the_bank_is_ended_by_its_answer_alone() -> None:
    """An order cannot be called back: the run is held only when the bank has refused it."""
    office = _office(Form.MULTILATERAL, (Mood.SLOW,))
    office.settle()
    office.take(office.desk.default(A, "no funds", TWO, office.tick()))
    assert office.desk.run(RUN).state is State.INSTRUCTED
    with pytest.raises(SettlementError, match="instructed"):
        office.desk.cover(RUN, [A], _resources(office), TWO, office.tick())
    for answer in office.bank.tick(office.tick()):
        office.hear(answer)
    assert office.desk.run(RUN).state is State.SUSPENDED


def test_m14_later_runs_in_which_it_would_pay_are_held_at_once() -> None:
    """The next cycle of a failed participant waits for people; one that pays it goes on."""
    office = Office(settlement_bank())
    office.take(office.desk.default(A, "no funds", TWO, office.tick()))
    office.prepare()
    assert office.desk.run(RUN).state is State.SUSPENDED
    with pytest.raises(SettlementError, match="cannot pay"):
        office.desk.release(RUN, "please", TWO, office.tick())
    office.take(office.desk.open(CYCLE[:-1] + "2", "KZT", DAY, office.tick()))
    second = f"{CYCLE[:-1]}2/KZT"
    office.take(office.desk.close(second, office.tick()))
    swapped = tuple(each._replace(minor_units=-each.minor_units) for each in NETS)
    office.take(office.desk.price(second, swapped, "00", office.tick()))
    assert office.desk.run(second).state is State.PRICED


def test_m14_too_small_resources_leave_the_run_held() -> None:
    """Nothing is half covered."""
    office = _office(Form.MULTILATERAL)
    office.settle()
    empty = Resources({}, {}, {}, {})
    before = office.desk.run(RUN).remaining()
    with pytest.raises(SettlementError, match="not enough"):
        office.desk.cover(RUN, [A], empty, TWO, office.tick())
    with pytest.raises(SettlementError, match="owes anything"):
        office.desk.cover(RUN, [B], _resources(office), TWO, office.tick())
    assert office.desk.run(RUN).remaining() == before


@pytest.mark.parametrize("persons", [(), ("ann",), ("ann", "ANN"), ("ann", " "), ("a", "b", "c")])
def test_m14_default_and_cover_are_decided_by_two_persons(persons: tuple[str, ...]) -> None:
    """One person alone, or twice, decides nothing."""
    office = _office(Form.MULTILATERAL)
    office.settle()
    with pytest.raises(SettlementError, match="two different persons"):
        office.desk.default(A, "x", persons, office.tick())
    with pytest.raises(SettlementError, match="two different persons"):
        office.desk.cover(RUN, [A], _resources(office), persons, office.tick())


@FORMS
def test_m14_state_after_a_default_comes_back_from_the_journal(form: Form) -> None:
    """A restart between any two facts of the default leads to the same end."""
    office = _office(form)
    office.settle()
    office.restart()
    office.take(office.desk.default(A, "no funds", TWO, office.tick()))
    office.restart()
    office.take(office.desk.cover(RUN, [A], _resources(office), TWO, office.tick()))
    office.restart()
    office.take(office.desk.instruct(RUN, office.tick()))
    office.restart()
    assert office.desk.run(RUN).state is State.SETTLED
    again = SettlementDesk(terms(form), office.journal)
    assert again.run(RUN).moved == office.desk.run(RUN).moved
    assert set(again.defaulted) == {A}


def test_m14_notices_tell_everybody_and_each_bearer_its_part() -> None:
    """All are told of the failure; who bears something is told how much."""
    office = _office(Form.MULTILATERAL)
    office.settle()
    _fail_and_cover(office)
    (default,) = [fact for fact in office.journal if isinstance(fact, Defaulted)]
    (cover,) = [fact for fact in office.journal if isinstance(fact, Covered)]
    told = notices_of(default, BANKS, "KZT")
    assert [(each.to, each.about) for each in told] == [(each, A) for each in BANKS]
    borne = notices_of(cover, BANKS, "KZT")
    assert sum(each.minor_units for each in borne) == 150_000
    assert {(each.to, each.minor_units) for each in borne if "loss" in each.subject} == {
        (B, 10_000), (C, 10_000), (D, 10_000),
    }  # fmt: skip
    assert notices_of(office.journal[0], BANKS, "KZT") == []
