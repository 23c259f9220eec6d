"""Whatever is lost, repeated, late or dies: the money moves once, and the journal knows."""

import json
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from altyn.ledger import Book
from altyn.settlement import (
    Form,
    SettlementDesk,
    State,
    Status,
    Step,
    fact_object,
    posting_of,
    read_answer,
    read_fact,
)
from altyn.simulators import Mood
from tests.settlement.scheme import CYCLE, DAY, NETS, RUN, TWO, Office, settlement_bank, terms

PAID = {
    "KZSBANKA": Decimal("-1500.00"),
    "KZSBANKB": Decimal("1000.00"),
    "KZSBANKC": Decimal("-300.00"),
    "KZSBANKD": Decimal("795.00"),
    "KZFEES": Decimal("5.00"),
}
PICK = st.integers(0, 10**6)
LINE_MAX = 40


class SettlementUnderFaults(RuleBasedStateMachine):
    """A desk and a bank with a line between them that keeps, loses, repeats and reorders."""

    def __init__(self) -> None:
        """Nothing has happened."""
        super().__init__()
        self.to_bank: list[bytes] = []
        self.to_us: list[bytes] = []

    @initialize(form=st.sampled_from(Form), seed=PICK, short=st.booleans(), priced=st.booleans())
    def begin(self, form: Form, seed: int, short: bool, priced: bool) -> None:
        """A scheme and a bank that may be in any mood; one participant may be short."""
        bank = settlement_bank(tuple(Mood), seed)
        if short:
            bank.balances["KZSBANKA", "KZT"] = Decimal(0)
        self.office = Office(bank, form)
        if priced:  # what lies behind instructing is where most can go wrong
            self.office.prepare()

    def _keep(self, step: Step) -> None:
        self.office.record(step)
        self.to_bank = (self.to_bank + [each.content for each in step.sends])[-LINE_MAX:]

    def _crash(self) -> None:
        """What the journal does not have is gone; facts pass through their JSON form."""
        facts = [read_fact(json.loads(json.dumps(fact_object(f)))) for f in self.office.journal]
        assert facts == self.office.journal
        self.office.desk = SettlementDesk(terms(self.office.form), facts)

    def _next(self, desk: SettlementDesk) -> Step:
        """The step that a run is due for."""
        at_us = self.office.tick()
        if RUN not in desk.runs:
            return desk.open(CYCLE, "KZT", DAY, at_us)
        state = desk.run(RUN).state
        if state is State.OPEN:
            return desk.close(RUN, at_us)
        if state is State.CLOSED:
            return desk.price(RUN, NETS, "00", at_us)
        return desk.instruct(RUN, at_us) if state is State.PRICED else Step()

    @rule()
    def proceed(self) -> None:
        """The desk goes on."""
        self._keep(self._next(self.office.desk))

    @rule()
    def proceed_and_crash_before_the_record(self) -> None:
        """A step that was never durable has sent nothing."""
        self._next(self.office.desk)
        self._crash()

    @rule()
    def proceed_and_crash_before_the_sends(self) -> None:
        """A step is durable, and its messages never left."""
        self.office.record(self._next(self.office.desk))
        self._crash()

    @rule()
    def another_node_proceeds(self) -> None:
        """A stale node sends what it would send; its facts are refused by the fence."""
        other = SettlementDesk(terms(self.office.form), self.office.journal)
        self.to_bank += [each.content for each in self._next(other).sends]

    @rule()
    def resume(self) -> None:
        """A restart asks for what is open."""
        self._crash()
        self._keep(self.office.desk.resume(self.office.tick()))

    @rule()
    def wait(self) -> None:
        """Five minutes pass without an answer."""
        self.office.now_us += 300_000_000
        self._keep(self.office.desk.due(self.office.now_us))

    @precondition(lambda self: self.to_bank)
    @rule(which=PICK, again=st.booleans(), lost=st.booleans())
    def deliver(self, which: int, again: bool, lost: bool) -> None:
        """Any message reaches the bank, or is lost, or will come again."""
        place = which % len(self.to_bank)
        content = self.to_bank[place] if again else self.to_bank.pop(place)
        if not lost:
            self.to_us += self.office.bank.receive(content, self.office.tick())

    @precondition(lambda self: self.to_us)
    @rule(which=PICK, again=st.booleans(), crash=st.booleans())
    def hear(self, which: int, again: bool, crash: bool) -> None:
        """Any answer is heard, perhaps again later; perhaps we die over it."""
        place = which % len(self.to_us)
        content = self.to_us[place] if again else self.to_us.pop(place)
        answer = read_answer(content)
        assert isinstance(answer, Status)
        step = self.office.desk.received(answer, self.office.tick())
        if crash:
            self._crash()
        else:
            self._keep(step)

    @rule()
    def bank_works(self) -> None:
        """The bank executes what it put off."""
        self.to_us += self.office.bank.tick(self.office.tick())

    @rule()
    def participant_pays_up(self) -> None:
        """Who was short has money now, and a failed run goes on."""
        self.office.bank.balances["KZSBANKA", "KZT"] = Decimal(5000)
        self._release()

    def _release(self) -> None:
        desk = self.office.desk
        if RUN in desk.runs and desk.run(RUN).state is State.FAILED:
            self._keep(desk.release(RUN, "paid up", TWO, self.office.tick()))

    @invariant()
    def nothing_is_moved_twice(self) -> None:
        """Each account has moved by its net or not at all, and final means moved."""
        if not hasattr(self, "office"):
            return
        moved = self.office.bank_moves()
        assert all(PAID[name] == units for name, units in moved.items())
        run = self.office.desk.runs.get(RUN)
        if run is not None and run.state is State.SETTLED:
            assert moved == PAID

    def teardown(self) -> None:
        """From wherever it stands, a calm line and a prompt bank end it, and once."""
        if not hasattr(self, "office"):
            return
        self.office.bank.moods = (Mood.PROMPT,)
        self._crash()
        for _turn in range(12):
            self.participant_pays_up()
            self.proceed()
            self._keep(self.office.desk.resume(self.office.tick()))
            while self.to_bank:
                self.to_us += self.office.bank.receive(self.to_bank.pop(0), self.office.tick())
            self.bank_works()
            while self.to_us:
                self.hear(0, again=False, crash=False)
        self.nothing_is_moved_twice()
        assert self.office.desk.run(RUN).state is State.SETTLED
        again = SettlementDesk(terms(self.office.form), self.office.journal)
        assert again.run(RUN).moved == self.office.desk.run(RUN).moved
        found = (
            posting_of(fact, again.runs[RUN])
            for fact in self.office.journal
            if getattr(fact, "run", "") == RUN
        )
        assert Book(each for each in found if each).balances() == self.office.book.balances()


TestSettlementUnderFaults = SettlementUnderFaults.TestCase
