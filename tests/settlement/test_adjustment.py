"""A closed cycle is put right by postings that a later run settles (M16)."""

import pytest

from altyn.identifiers import ParticipantId
from altyn.ledger import SCHEME, AccountKind, Leg, PostingError
from altyn.settlement import (
    Adjusted,
    Form,
    Position,
    SettlementDesk,
    SettlementError,
    State,
    adjustment_of,
    waiting_adjustments,
)
from tests.settlement.scheme import (
    CYCLE,
    DAY,
    NETS,
    RUN,
    TWO,
    Office,
    account,
    net,
    settlement_bank,
    terms,
)

LATER = "2026-11-24/1"
OWED = AccountKind.OBLIGATION
LEGS = (Leg(account(OWED, "BANKA"), 700), Leg(account(OWED, "BANKB"), -700))
PRICED = f"{RUN}/priced"


def _settled_office(form: Form = Form.MULTILATERAL) -> Office:
    office = Office(settlement_bank(), form)
    office.settle()
    office.book.close(CYCLE)
    return office


@pytest.mark.parametrize("form", Form)
def test_m16_an_adjustment_is_moved_and_booked_once_by_a_later_run(form: Form) -> None:
    """The later run moves its own nets and the adjustment; afterwards nobody owes anything."""
    office = _settled_office(form)
    posting = adjustment_of("T-1", PRICED, 20261124, "counted twice", LEGS, TWO)
    assert office.book.post(posting)
    name = f"{LATER}/KZT"
    nets = (net("BANKA", -1000), net("BANKB", 1000))
    office.take(office.desk.open(LATER, "KZT", 20261124, office.tick()))
    office.take(office.desk.close(name, office.tick()))
    found = waiting_adjustments(office.book, office.desk.adjustments_taken, "KZT")
    assert found.keys == ("adjustments/T-1",)
    office.take(office.desk.price(name, nets, "01", office.tick(), found))
    assert dict(office.desk.run(name).positions) == {
        account(AccountKind.SETTLEMENT, "BANKA"): -300,
        account(AccountKind.SETTLEMENT, "BANKB"): 300,
    }
    taken = office.desk.adjustments_taken
    assert waiting_adjustments(office.book, taken, "KZT") == Adjusted()
    assert not office.desk.price(name, nets, "01", office.tick()).facts
    office.take(office.desk.instruct(name, office.tick()))
    assert office.desk.run(name).state is State.SETTLED
    assert not [
        units for each, units in office.book.balances().items() if each.kind is OWED and units
    ]
    again = SettlementDesk(terms(form), office.journal)
    assert again.adjustments_taken == {"adjustments/T-1"}


def test_m16_an_adjustment_waits_for_a_run_of_its_currency() -> None:
    """A run in another currency leaves it, and one booked after pricing waits for the next."""
    office = _settled_office()
    office.book.post(adjustment_of("T-1", PRICED, DAY, "counted twice", LEGS, TWO))
    assert waiting_adjustments(office.book, (), "USD") == Adjusted()
    office.book.post(adjustment_of("T-2", PRICED, DAY, "fee charged in error", (
        Leg(account(OWED, "BANKC"), 5), Leg(account(AccountKind.FEES, SCHEME), -5)
    ), TWO))  # fmt: skip
    found = waiting_adjustments(office.book, {"adjustments/T-1"}, "KZT")
    assert found == Adjusted(
        (
            Position(account(AccountKind.FEES, SCHEME), -5),
            Position(account(AccountKind.SETTLEMENT, "BANKC"), 5),
        ),
        ("adjustments/T-2",),
    )


def test_m16_an_adjustment_needs_two_persons_a_reason_and_what_it_corrects() -> None:
    """One person alone, no reason, no posting of a closed cycle: each is refused."""
    with pytest.raises(PostingError, match="two different persons"):
        adjustment_of("T-1", PRICED, DAY, "counted twice", LEGS, ("ann", "Ann "))
    with pytest.raises(PostingError, match="reason"):
        adjustment_of("T-1", PRICED, DAY, " ", LEGS, TWO)
    with pytest.raises(SettlementError, match="name its key"):
        adjustment_of("T-1", "", DAY, "counted twice", LEGS, TWO)
    office = Office(settlement_bank())
    office.settle()
    with pytest.raises(PostingError, match="close that one first"):
        office.book.post(adjustment_of("T-1", PRICED, DAY, "counted twice", LEGS, TWO))


def test_m16_only_what_a_run_moves_is_adjusted_in_one_currency() -> None:
    """Collateral and money that is settled are not owed; a run has one currency."""
    held = account(AccountKind.COLLATERAL, "BANKA")
    with pytest.raises(SettlementError, match="obligations"):
        adjustment_of("T", PRICED, DAY, "x", (Leg(held, 1), LEGS[1]._replace(minor_units=-1)), TWO)
    other = (Leg(account(OWED, "BANKA", "USD"), 7), Leg(account(OWED, "BANKB", "USD"), -7))
    with pytest.raises(SettlementError, match="one currency"):
        adjustment_of("T", PRICED, DAY, "x", (*LEGS, *other), TWO)
    with pytest.raises(SettlementError, match="40 characters"):
        adjustment_of("T" * 41, PRICED, DAY, "x", LEGS, TWO)


def test_m16_an_adjusted_run_refuses_other_nets() -> None:
    """What was priced with an adjustment is compared with clearing's part alone."""
    office = Office(settlement_bank())
    office.take(office.desk.open(CYCLE, "KZT", DAY, office.tick()))
    office.take(office.desk.close(RUN, office.tick()))
    adjusted = Adjusted(
        tuple(
            Position(account(AccountKind.SETTLEMENT, ParticipantId(name)), units)
            for name, units in (("BANKA", -5), ("BANKB", 5))
        ),
        ("adjustments/T",),
    )
    office.take(office.desk.price(RUN, NETS, "00", office.tick(), adjusted))
    assert not office.desk.price(RUN, NETS, "00", office.tick()).facts
    with pytest.raises(SettlementError, match="other nets"):
        office.desk.price(RUN, (net("BANKA", 1), net("BANKB", -1)), "00", office.tick())
