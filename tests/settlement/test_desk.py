"""A run from its opening to final money, and everything that may come between."""

from dataclasses import replace
from decimal import Decimal

import pytest

from altyn.ledger import AccountKind, Book
from altyn.settlement import (
    Answered,
    ExceptionRaised,
    Form,
    Instructed,
    Net,
    Outcome,
    Reconciled,
    SettlementDesk,
    SettlementError,
    State,
    Statement,
    Status,
    posting_of,
    read_answer,
)
from altyn.simulators import Mood
from tests.settlement.scheme import (
    BANKS,
    CYCLE,
    DAY,
    NETS,
    NOON_US,
    RUN,
    TWO,
    Office,
    account,
    net,
    settlement_bank,
    terms,
)

PAID = {
    "KZSBANKA": Decimal("-1500.00"),
    "KZSBANKB": Decimal("1000.00"),
    "KZSBANKC": Decimal("-300.00"),
    "KZSBANKD": Decimal("795.00"),
    "KZFEES": Decimal("5.00"),
}
FORMS = pytest.mark.parametrize("form", Form)


def assert_settled_once(office: Office) -> None:
    """The run is final, every account moved by its net once, and the book says so."""
    assert office.desk.run(RUN).state is State.SETTLED
    assert office.bank_moves() == PAID
    assert office.bank.balances["KZCLEAR", "KZT"] == 0
    for each in NETS:
        assert office.book.balance(account(AccountKind.OBLIGATION, each.agent)) == 0
        paid = office.book.balance(account(AccountKind.SETTLEMENT, each.agent))
        assert paid == each.minor_units
    assert sum(line.closing for line in office.book.trial_balance(DAY)) == 0


@FORMS
def test_a_run_is_settled_and_its_instant_of_finality_kept(form: Form) -> None:
    """Every net is moved once, and the bank's own instant says since when it is final."""
    office = Office(settlement_bank(), form)
    office.settle()
    assert_settled_once(office)
    moments = [each.at_us for each in office.bank.movements]
    assert office.desk.run(RUN).final_us == max(moments)
    assert office.desk.run(RUN).remaining() == tuple(
        each._replace(minor_units=0) for each in office.desk.run(RUN).remaining()
    )


@FORMS
def test_state_is_derived_from_facts_alone(form: Form) -> None:
    """A desk made from the journal stands where the live one stands, and books the same."""
    office = Office(settlement_bank(), form)
    office.settle()
    again = SettlementDesk(terms(form), office.journal)
    one, two = office.desk.run(RUN), again.run(RUN)
    assert (two.state, two.moved, two.final_us) == (one.state, one.moved, one.final_us)
    found = (posting_of(fact, again.runs[RUN]) for fact in office.journal)
    assert list(Book(each for each in found if each)) == list(office.book)
    assert [again.apply(fact) for fact in office.journal] == [False] * len(office.journal)


def test_pay_ins_are_settled_before_pay_outs_leave() -> None:
    """By participant, nobody is paid before everybody has paid in."""
    office = Office(settlement_bank((Mood.SLOW,)), Form.BY_PARTICIPANT)
    office.settle()
    assert not office.bank.movements
    for answer in office.bank.tick(office.tick()):
        office.hear(answer)
    assert {each.account for each in office.bank.movements} == {
        "KZSBANKA", "KZSBANKC", "KZCLEAR",
    }  # fmt: skip
    assert office.desk.run(RUN).state is State.INSTRUCTED
    for answer in office.bank.tick(office.tick()):
        office.hear(answer)
    assert_settled_once(office)


def test_sponsor_settles_for_its_participants() -> None:
    """A tiered participant's net is part of its sponsor's position."""
    office = Office(settlement_bank())
    office.settle((net("BANKA", -700), net("SMALL", -300, "BANKA"), net("BANKB", 1000)))
    assert office.bank_moves() == {"KZSBANKA": Decimal("-10.00"), "KZSBANKB": Decimal("10.00")}


def test_m03_zero_is_reported_without_a_transfer_and_negative_is_a_pay_in() -> None:
    """A position of nothing is kept and not moved; one below zero is taken in."""
    office = Office(settlement_bank())
    office.settle((net("BANKA", -500), net("BANKB", 500), net("BANKC", 0)))
    assert office.bank_moves() == {"KZSBANKA": Decimal("-5.00"), "KZSBANKB": Decimal("5.00")}
    positions = office.desk.run(RUN).positions
    assert positions[account(AccountKind.SETTLEMENT, "BANKC")] == 0


def test_m03_a_run_in_which_all_is_zero_is_final_without_the_bank() -> None:
    """Nothing is instructed when nothing is due, and the run still ends."""
    office = Office(settlement_bank())
    office.settle((net("BANKA", 0), net("BANKB", 0)))
    run = office.desk.run(RUN)
    assert run.state is State.SETTLED
    assert run.final_us > 0
    assert office.bank.movements == []


@FORMS
def test_m04_a_run_started_twice_is_one_run(form: Form) -> None:
    """Each step asked for again gives nothing new, before and after the end."""
    office = Office(settlement_bank(), form)
    for _again in range(2):
        office.prepare()
    for _again in range(2):
        office.take(office.desk.instruct(RUN, office.tick()))
    for _again in range(2):
        office.prepare()
        office.take(office.desk.instruct(RUN, office.tick()))
    assert_settled_once(office)
    assert sum(isinstance(fact, Instructed) for fact in office.journal) == 1
    with pytest.raises(SettlementError, match="other nets"):
        office.desk.price(RUN, (net("BANKA", 1), net("BANKB", -1)), "00", office.tick())


@FORMS
def test_m04_two_nodes_that_both_start_a_run_move_the_money_once(form: Form) -> None:
    """They write the same identifiers, and the bank acts on an identifier once."""
    bank = settlement_bank()
    one, two = Office(bank, form), Office(bank, form)
    one.prepare()
    two.prepare()
    two.now_us += 500_000
    one.take(one.desk.instruct(RUN, one.tick()))
    two.take(two.desk.instruct(RUN, two.tick()))
    assert_settled_once(one)
    assert_settled_once(two)


@FORMS
@pytest.mark.parametrize("mood", [Mood.DEAD_BEFORE, Mood.DEAD_AFTER, Mood.SLOW, Mood.PROMPT])
def test_m05_crash_after_the_order_is_ended_by_a_query_and_never_pays_twice(
    form: Form, mood: Mood
) -> None:
    """After a restart the bank is asked; only what it never received is sent again, unchanged."""
    office = Office(settlement_bank((mood,)), form)
    office.prepare()
    step = office.desk.instruct(RUN, office.tick())
    office.record(step)
    for message in step.sends:
        office.bank.receive(message.content, office.tick())  # the answers are lost in the crash
    office.bank.moods = (Mood.PROMPT,)
    office.restart()
    for answer in office.bank.tick(office.tick()):
        office.hear(answer)
    assert_settled_once(office)


def test_m05_a_repeat_is_the_same_bytes() -> None:
    """The order that is sent again has the same message id, UETR and time."""
    office = Office(settlement_bank((Mood.DEAD_BEFORE,)))
    office.prepare()
    step = office.desk.instruct(RUN, office.tick())
    office.record(step)
    (order,) = step.sends
    desk = SettlementDesk(terms(), office.journal)
    unknown = Status("X", order.message_id, Outcome.NOT_RECEIVED, "NOOR", (), NOON_US)
    assert desk.received(unknown, office.tick()).sends == (order,)


def test_m05_refusal_as_a_duplicate_is_no_rejection() -> None:
    """A bank that refuses a repeat as a repeat is asked what became of the first."""
    office = Office(settlement_bank((Mood.DEAD_AFTER,)))
    office.settle()
    (waiting,) = office.desk.run(RUN).open_orders()
    refused = Status("X", waiting.order.message_id, Outcome.DUPLICATE, "AM05", (), NOON_US)
    office.take(office.desk.received(refused, office.tick()))
    assert_settled_once(office)


@FORMS
def test_m06_rejection_leaves_the_position_unsettled_and_never_deletes_it(form: Form) -> None:
    """One who is short fails the run; when it has paid up, what remains is instructed again."""
    bank = settlement_bank()
    bank.balances["KZSBANKA", "KZT"] = Decimal(1)
    office = Office(bank, form)
    office.settle()
    run = office.desk.run(RUN)
    assert (run.state, run.reason, run.failing) == (State.FAILED, "AM04", (BANKS[0],))
    assert run.positions[account(AccountKind.SETTLEMENT, "BANKA")] == -150_000
    assert "AM04" in office.desk.exceptions[-1].reason
    paid_out = [each for each in bank.movements if each.account in ("KZSBANKB", "KZSBANKD")]
    assert paid_out == []
    bank.balances["KZSBANKA", "KZT"] = Decimal(5000)
    office.take(office.desk.release(RUN, "it has paid up", TWO, office.tick()))
    office.take(office.desk.instruct(RUN, office.tick()))
    assert_settled_once(office)


def test_m06_two_rejections_of_one_run_are_two_exceptions() -> None:
    """Each failed attempt is seen."""
    bank = settlement_bank(balance=0)
    office = Office(bank)
    office.settle()
    office.take(office.desk.release(RUN, "try again", TWO, office.tick()))
    office.take(office.desk.instruct(RUN, office.tick()))
    assert len(office.desk.exceptions) == 2
    assert bank.movements == []


@FORMS
def test_m07_answers_that_come_late_and_twice_have_one_effect(form: Form) -> None:
    """Every answer is heard three times; only the first counts."""
    office = Office(settlement_bank((Mood.TWICE,)), form)
    office.settle()
    for message_id, known in office.desk.run(RUN).orders.items():
        assert known.answer is not None
        again = Status("LATE", message_id, Outcome.SETTLED, "", (), known.answer.final_us)
        office.take(office.desk.received(again, office.tick()))
        overtaken = again._replace(outcome=Outcome.PENDING)
        office.take(office.desk.received(overtaken, office.tick()))
    assert_settled_once(office)
    assert not office.desk.exceptions


def test_m07_answer_to_an_order_that_is_not_ours_is_an_exception() -> None:
    """It changes nothing, and a person sees it once."""
    office = Office(settlement_bank())
    office.settle()
    before = len(office.journal)
    stray = Status("S9", "M00000000", Outcome.SETTLED, "", (), NOON_US)
    office.take(office.desk.received(stray, office.tick()))
    office.take(office.desk.received(stray, office.tick()))
    (raised,) = office.journal[before:]
    assert isinstance(raised, ExceptionRaised)
    assert_settled_once(office)


def test_m07_a_second_answer_that_contradicts_is_an_exception() -> None:
    """What is final stays final; the bank has to be called."""
    office = Office(settlement_bank())
    office.settle()
    (message_id,) = office.desk.run(RUN).orders
    other = Status("S9", message_id, Outcome.REJECTED, "AM04", (), NOON_US)
    office.take(office.desk.received(other, office.tick()))
    assert "contradicts" in office.desk.exceptions[-1].reason
    assert_settled_once(office)


def test_m07_answer_to_an_order_that_has_not_left_is_an_exception() -> None:
    """A pay-out cannot be settled before the pay-ins are."""
    office = Office(settlement_bank((Mood.DEAD_BEFORE,)), Form.BY_PARTICIPANT)
    office.settle()
    waiting = [each for each in office.desk.run(RUN).orders.values() if each.order.wave == 2]
    early = Status("S", waiting[0].order.message_id, Outcome.SETTLED, "", (), NOON_US)
    (raised,) = office.desk.received(early, office.tick()).facts
    assert isinstance(raised, ExceptionRaised)


def test_m07_a_silent_bank_is_asked_at_intervals_and_then_called() -> None:
    """Queries leave after the agreed time, at most so many; then a person must act."""
    office = Office(settlement_bank())
    office.prepare()
    office.record(office.desk.instruct(RUN, office.tick()))
    assert office.desk.due(office.now_us + 299_000_000).sends == ()
    sent = []
    for _turn in range(30):
        office.now_us += 300_000_000
        step = office.desk.due(office.now_us)
        sent += [message.message_id for message in step.sends]
        office.record(step)
    assert len(sent) == len(set(sent)) == 20
    assert "call the bank" in office.desk.exceptions[-1].reason


def test_m08_statement_that_matches_has_no_breaks() -> None:
    """Notification and statement of the day agree with every transfer."""
    office = Office(settlement_bank())
    office.settle()
    for content in office.bank.notifications(office.tick()):
        office.hear(content)
    office.hear(office.bank.statement("KZT", office.tick()))
    found = [fact for fact in office.journal if isinstance(fact, Reconciled)]
    assert [len(each.transfers) for each in found] == [5, 5]
    assert [each.breaks for each in found] == [(), ()]
    assert found[1].closing == 0


def test_m08_a_statement_heard_twice_is_reconciled_once() -> None:
    """The same document again changes nothing; the next one goes on where it closed."""
    office = Office(settlement_bank())
    office.settle()
    content = office.bank.statement("KZT", office.tick())
    office.hear(content)
    office.hear(content)
    office.hear(office.bank.statement("KZT", office.tick()))
    found = [fact for fact in office.journal if isinstance(fact, Reconciled)]
    assert [(len(each.transfers), each.breaks) for each in found] == [(5, ()), (0, ())]


def test_m08_differences_are_a_break_list_and_change_nothing() -> None:
    """A missing, a changed and a strange booking, and sums that do not fit, are each listed."""
    office = Office(settlement_bank())
    office.settle()
    ours = [each for each in office.bank.movements if each.account == "KZCLEAR"]
    others = [each for each in office.bank.movements if each.account != "KZCLEAR"]
    first, second, third, *rest = ours
    office.bank.movements = [
        *others,
        second._replace(amount=second.amount + 1),
        third._replace(reference="ELSEWHERE"),
        *rest,
    ]
    statement = read_answer(office.bank.statement("KZT", office.tick()))
    assert isinstance(statement, Statement)
    office.take(office.desk.stated(statement._replace(opening=7), office.tick()))
    found = office.journal[-2]
    assert isinstance(found, Reconciled)
    kinds = {(kind, reference) for kind, reference, _ours, _theirs in found.breaks}
    assert kinds == {
        ("arithmetic", ""),
        ("amount", second.reference),
        ("unexpected", "ELSEWHERE"),
        ("missing", first.reference),
        ("missing", third.reference),
    }
    assert isinstance(office.journal[-1], ExceptionRaised)
    assert office.desk.run(RUN).state is State.SETTLED


def test_m08_opening_must_be_where_the_statement_before_closed() -> None:
    """A gap between two statements is a break."""
    office = Office(settlement_bank())
    office.settle()
    office.hear(office.bank.statement("KZT", office.tick()))
    office.bank.balances["KZCLEAR", "KZT"] += 3
    office.hear(office.bank.statement("KZT", office.tick()))
    found = [fact for fact in office.journal if isinstance(fact, Reconciled)]
    assert found[1].breaks == (("opening", "", 0, 300),)


def test_statement_of_another_account_is_an_exception() -> None:
    """Somebody else's statement must not clear our transfers."""
    office = Office(settlement_bank())
    office.settle()
    office.bank.clearing = {"KZT": "KZFEES"}
    office.hear(office.bank.statement("KZT", office.tick()))
    assert "not ours" in office.desk.exceptions[-1].reason


def test_a_run_moves_only_along_the_table() -> None:
    """What cannot be done now is refused, with what can."""
    office = Office(settlement_bank((Mood.DEAD_BEFORE,)))
    desk = office.desk
    with pytest.raises(SettlementError, match="no such run"):
        desk.close(RUN, NOON_US)
    desk.open(CYCLE, "KZT", DAY, NOON_US)
    with pytest.raises(SettlementError, match="possible now: close"):
        desk.instruct(RUN, NOON_US)
    desk.close(RUN, NOON_US)
    desk.price(RUN, NETS, "00", NOON_US)
    desk.suspend(RUN, "a question", NOON_US)
    with pytest.raises(SettlementError, match="suspended"):
        desk.instruct(RUN, NOON_US)
    desk.release(RUN, "answered", TWO, NOON_US)
    desk.instruct(RUN, NOON_US)
    with pytest.raises(SettlementError, match="instructed"):
        desk.suspend(RUN, "too late", NOON_US)


@pytest.mark.parametrize(
    ("nets", "complaint"),
    [
        ((net("BANKA", 1), net("BANKB", 1)), "sum to zero"),
        ((net("BANKA", 1), net("BANKA", -1)), "two nets"),
        ((net("NOBODY", 1), net("BANKB", -1)), "no account"),
    ],
)
def test_nets_that_cannot_be_settled_are_refused(nets: tuple[Net, ...], complaint: str) -> None:
    """Before anything is recorded."""
    office = Office(settlement_bank())
    office.take(office.desk.open(CYCLE, "KZT", DAY, NOON_US))
    office.take(office.desk.close(RUN, NOON_US))
    with pytest.raises(SettlementError, match=complaint):
        office.desk.price(RUN, nets, "00", NOON_US)
    assert office.desk.run(RUN).state is State.CLOSED


def test_answered_is_kept_with_the_bank_s_reason() -> None:
    """The journal tells why a run failed."""
    bank = replace(settlement_bank(balance=0), seed=3)
    office = Office(bank)
    office.settle()
    (answer,) = [fact for fact in office.journal if isinstance(fact, Answered)]
    assert (answer.settled, answer.reason) == (False, "AM04")
    assert answer.failing == (BANKS[0], BANKS[2])
