"""The settlement desk: what must happen next, decided from facts, without a clock or a line.

Every method returns a Step: facts that are to be made durable, then messages that leave. The state
has changed already; a crash before the facts are durable has sent nothing, one after it is resumed
by `resume`, which asks the bank what became of everything unanswered and sends again only what
it says it never received, with the same identifiers (ADR 30).
"""

from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from altyn.clock import MICROSECONDS_PER_SECOND, BusinessDay
from altyn.identifiers import ParticipantId
from altyn.money import currency_of
from altyn.settlement.adjustment import NOT_ADJUSTED, Adjusted
from altyn.settlement.answer import Notification, Outcome, Statement, Status
from altyn.settlement.facts import (
    Answered,
    Closed,
    Covered,
    Defaulted,
    ExceptionRaised,
    Fact,
    Instructed,
    NothingDue,
    Opened,
    Priced,
    Queried,
    Reconciled,
    Released,
    Suspended,
    Transfer,
)
from altyn.settlement.instruction import (
    Correspondence,
    Form,
    Message,
    check_accounts,
    orders_of,
    write_order,
    write_query,
)
from altyn.settlement.lifecycle import Move, SettlementError, State, next_state
from altyn.settlement.position import Net, add_positions, check_zero_sum, positions_of
from altyn.settlement.reconciliation import (
    Comparison,
    compare_notification,
    compare_statement,
)
from altyn.settlement.run import OrderState, Run
from altyn.settlement.waterfall import Resources, waterfall

RUN_NAME_MAX: Final = 35
QUERIES_MAX: Final = 20
EXCEPTIONS_MAX: Final = 10_000
APPROVERS: Final = 2


class Terms(NamedTuple):
    """What the scheme agreed with its settlement bank."""

    correspondence: Correspondence
    form: Form = Form.MULTILATERAL
    answer_timeout_s: int = 300


class Step(NamedTuple):
    """Facts to make durable, all of them in one batch, and messages that leave after that."""

    facts: tuple[Fact, ...] = ()
    sends: tuple[Message, ...] = ()


class SettlementDesk:
    """All runs, made from facts. `exceptions`: the newest of what a person must look at;
    `adjustments_taken`: the keys of those that a run was priced with."""

    def __init__(self, terms: Terms, facts: Iterable[Fact] = ()) -> None:
        """A desk as the facts of the journal left it."""
        self._terms = terms
        self._keys: set[str] = set()
        self._run_of: dict[str, str] = {}
        self._transfers: dict[str, Transfer] = {}
        self._reconciled: dict[str, set[str]] = {}
        self._closings: dict[tuple[str, str], int] = {}
        self.runs: dict[str, Run] = {}
        self.adjustments_taken: set[str] = set()
        self.defaulted: dict[ParticipantId, Defaulted] = {}
        self.exceptions: deque[ExceptionRaised] = deque(maxlen=EXCEPTIONS_MAX)
        for fact in facts:
            self.apply(fact)

    def apply(self, fact: Fact) -> bool:
        """Change the state by a fact; False when it is known already."""
        if fact.key in self._keys:
            return False
        match fact:
            case Opened():
                self.runs[fact.run] = Run(fact)
            case Defaulted():
                self.defaulted[fact.participant] = fact
            case ExceptionRaised():
                self.exceptions.append(fact)
            case Reconciled():
                self._apply_reconciled(fact)
            case _:
                self.runs[fact.run].apply(fact)
                if isinstance(fact, Priced):
                    self.adjustments_taken.update(fact.adjustments)
                if isinstance(fact, Instructed):
                    self._index(fact)
        self._keys.add(fact.key)
        return True

    def _index(self, fact: Instructed) -> None:
        for order in fact.orders:
            self._run_of[order.message_id] = fact.run
            for transfer in order.transfers:
                self._transfers[transfer.transfer_id] = transfer

    def _apply_reconciled(self, fact: Reconciled) -> None:
        kind = "notification" if fact.closing is None else "statement"
        self._reconciled.setdefault(kind, set()).update(fact.transfers)
        if fact.closing is not None:
            self._closings[fact.account, fact.currency] = fact.closing

    def _done(self, *facts: Fact, sends: tuple[Message, ...] = ()) -> Step:
        """The facts that were new, applied."""
        return Step(tuple(fact for fact in facts if self.apply(fact)), sends)

    def run(self, name: str) -> Run:
        """A run by name; SettlementError when there is none."""
        found = self.runs.get(name)
        if found is None:
            raise SettlementError("there is no such run; open its cycle first")
        return found

    def open(self, cycle: str, currency: str, business_day: BusinessDay, at_us: int) -> Step:
        """Begin a run for a cycle and currency; nothing when it has begun (M04)."""
        alpha = currency_of(currency).alpha
        name = f"{cycle}/{alpha}"
        if len(name) > RUN_NAME_MAX:
            raise SettlementError(
                f"the run's name is longer than {RUN_NAME_MAX}; shorten the cycle"
            )
        return self._done(Opened(name, cycle, alpha, business_day, at_us))

    def close(self, name: str, at_us: int) -> Step:
        """The cut-off of a run; nothing when it is closed already."""
        if self.run(name).state is not State.OPEN:
            return Step()
        return self._done(Closed(name, at_us))

    def price(
        self,
        name: str,
        nets: Iterable[Net],
        source_hash: str,
        at_us: int,
        adjusted: Adjusted = NOT_ADJUSTED,
    ) -> Step:
        """Take over clearing's nets, and what adjustments add; nothing when they are here already.

        Raises SettlementError for other nets than those, nets that are not zero in sum, and an
        agent without an account. A run in which a failed participant would pay is held at once.
        """
        run = self.run(name)
        cleared = positions_of(nets, run.currency)
        if run.priced is not None:
            known = add_positions(cleared, run.priced.adjusted)
            if (run.priced.positions, run.priced.source_hash) == (known, source_hash):
                return Step()
            raise SettlementError("the run has other nets; correct them in a later cycle (M16)")
        positions = add_positions(cleared, adjusted.positions)
        check_accounts(positions, self._terms.correspondence)
        step = self._done(
            Priced(name, positions, source_hash, at_us, adjusted.positions, adjusted.keys)
        )
        held = self._hold(run, at_us)
        return Step(step.facts + held.facts)

    def instruct(self, name: str, at_us: int, day: BusinessDay | None = None) -> Step:
        """Send a priced run to the bank, to be settled on a day: the run's own unless told
        otherwise. Nothing when it was sent or is final (M04)."""
        run = self.run(name)
        if run.state in (State.INSTRUCTED, State.SETTLED):
            return Step()
        next_state(run.state, Move.INSTRUCT)
        remaining = run.remaining()
        if not any(each.minor_units for each in remaining):
            return self._done(NothingDue(name, at_us))
        check_zero_sum(list(run.positions.values()))
        check_accounts(remaining, self._terms.correspondence)
        attempt = run.attempt + 1
        orders = orders_of(name, attempt, remaining, self._terms.form)
        day = run.business_day if day is None else day
        fact = Instructed(name, attempt, orders, at_us, day)
        # Written before it is recorded: what cannot be written must not become a fact.
        messages = {
            order.message_id: write_order(order, name, day, at_us, self._terms.correspondence)
            for order in orders
        }
        step = self._done(fact)
        first = [messages[known.order.message_id] for known in run.open_orders()]
        return step._replace(sends=tuple(first))

    def _message(self, run: Run, known: OrderState) -> Message:
        """The same bytes as ever: they follow from the recorded order."""
        return write_order(
            known.order, run.name, known.day, known.sent_us, self._terms.correspondence
        )

    def received(self, status: Status, at_us: int) -> Step:
        """Take a status in; a repeat has no effect, what cannot be is an exception (M07)."""
        name = self._run_of.get(status.original_id)
        run = self.runs[name] if name is not None else None
        known = run.orders.get(status.original_id) if run is not None else None
        if run is None or known is None:
            return self._exception(status.answer_id, "a status of an order that is not ours", at_us)
        if known.answer is not None:
            return self._second_answer(known.answer, status, at_us)
        if known not in run.open_orders():
            return self._exception(status.original_id, "a status of an order not yet sent", at_us)
        if status.outcome is Outcome.PENDING:
            return Step()
        if status.outcome is Outcome.DUPLICATE:
            return self._ask(run, known, at_us)
        if status.outcome is Outcome.NOT_RECEIVED:
            return Step((), (self._message(run, known),))
        answer = Answered(
            run.name,
            status.original_id,
            status.outcome is Outcome.SETTLED,
            status.reason,
            self._named_failing(status),
            status.final_us,
            at_us,
        )
        step = self._done(answer)
        if answer.settled and run.state is State.INSTRUCTED:
            if any(each.order.wave == known.order.wave for each in run.open_orders()):
                return step  # the wave is not complete
            return step._replace(
                sends=tuple(self._message(run, each) for each in run.open_orders())
            )
        if run.state is State.FAILED:
            held = self._hold(run, at_us)
            raised = self._exception(
                status.original_id, f"not settled: {run.reason or 'no reason'}", at_us
            )
            return Step(step.facts + held.facts + raised.facts)
        return step

    def _named_failing(self, status: Status) -> tuple[ParticipantId, ...]:
        named = {
            self._transfers[each].position.account.holder
            for each in status.failing
            if each in self._transfers
        }
        return tuple(sorted(named))

    def _second_answer(self, first: Answered, status: Status, at_us: int) -> Step:
        if status.outcome in (Outcome.PENDING, Outcome.DUPLICATE):
            return Step()  # overtaken
        if status.outcome is (Outcome.SETTLED if first.settled else Outcome.REJECTED):
            return Step()
        return self._exception(
            status.original_id, "the bank contradicts its first answer, which stands", at_us
        )

    def _exception(self, subject: str, reason: str, at_us: int) -> Step:
        return self._done(ExceptionRaised(subject, reason, at_us))

    def due(self, at_us: int) -> Step:
        """Ask for every order that the bank has left unanswered for too long."""
        timeout_us = self._terms.answer_timeout_s * MICROSECONDS_PER_SECOND
        step = Step()
        for run, known in self._unanswered():
            if at_us - max(known.sent_us, known.asked_us) >= timeout_us:
                step = _joined(step, self._ask(run, known, at_us))
        return step

    def resume(self, at_us: int) -> Step:
        """After a restart, or when a person asks for it: ask for every open order (M05).

        However often the bank was asked before: the limit is for what nobody watches.
        """
        step = Step()
        for run, known in self._unanswered():
            step = _joined(step, self._query(run, known, at_us))
        return step

    def _unanswered(self) -> list[tuple[Run, OrderState]]:
        return [(run, known) for run in self.runs.values() for known in run.open_orders()]

    def _ask(self, run: Run, known: OrderState, at_us: int) -> Step:
        if known.queries >= QUERIES_MAX:
            return self._exception(
                known.order.message_id,
                f"unanswered after {QUERIES_MAX} queries; call the bank",
                at_us,
            )
        return self._query(run, known, at_us)

    def _query(self, run: Run, known: OrderState, at_us: int) -> Step:
        number = known.queries + 1
        query = write_query(known.order, number, at_us, self._terms.correspondence)
        return self._done(Queried(run.name, known.order.message_id, number, at_us), sends=(query,))

    def unanswered_transfers(self) -> frozenset[str]:
        """Transfers that are with the bank: its books may know more of them than we do."""
        return frozenset(
            transfer.transfer_id
            for _run, known in self._unanswered()
            for transfer in known.order.transfers
        )

    def notified(self, notification: Notification, at_us: int) -> Step:
        """Hold a notification against what is settled."""
        found = compare_notification(
            notification, self._settled(None), self._reconciled.get("notification", ())
        )
        currencies = {entry.currency for entry in notification.entries}
        currency = currencies.pop() if len(currencies) == 1 else ""
        return self._reconcile(
            notification.document_id, notification.account, currency, None, found, at_us
        )

    def stated(self, statement: Statement, at_us: int) -> Step:
        """Hold a statement against what is settled; differences are a break list (M08)."""
        clearing = self._terms.correspondence.clearing_accounts.get(statement.currency)
        if clearing is None or clearing.number != statement.account:
            return self._exception(
                statement.document_id, "a statement of an account that is not ours", at_us
            )
        known = self._reconciled.get("statement", set())
        settled = self._settled(statement.currency)
        due = [
            identifier
            for identifier in self._settled(statement.currency, statement.until_us)
            if identifier not in known
        ]
        found = compare_statement(
            statement,
            settled,
            due,
            known,
            self._closings.get((statement.account, statement.currency)),
        )
        return self._reconcile(
            statement.document_id,
            statement.account,
            statement.currency,
            statement.closing,
            found,
            at_us,
        )

    def _settled(self, currency: str | None, until_us: int = 0) -> dict[str, Transfer]:
        """Transfers that are final, by identifier: all, or those final before an instant."""
        return {
            transfer.transfer_id: transfer
            for run in self.runs.values()
            if currency is None or run.currency == currency
            for transfer, final_us in run.settled_transfers()
            if not until_us or final_us <= until_us
        }

    def _reconcile(
        self,
        document: str,
        account: str,
        currency: str,
        closing: int | None,
        found: Comparison,
        at_us: int,
    ) -> Step:
        breaks = tuple(
            (each.kind.name.lower(), each.transfer_id, each.ours, each.theirs)
            for each in found.differences
        )
        fact = Reconciled(document, account, currency, closing, found.agreed, breaks, at_us)
        step = self._done(fact)
        if breaks and step.facts:
            return _joined(step, self._exception(document, "the bank's books differ", at_us))
        return step

    def default(
        self,
        participant: ParticipantId,
        reason: str,
        approved_by: tuple[str, ...],
        at_us: int,
    ) -> Step:
        """A participant cannot pay: hold every run in which it still would (M14).

        What is settled stays settled. What is with the bank is ended by the bank's answer.
        """
        check_two_persons(approved_by)
        step = self._done(Defaulted(participant, reason, approved_by, at_us))
        for run in list(self.runs.values()):
            step = _joined(step, self._hold(run, at_us))
        return step

    def _hold(self, run: Run, at_us: int) -> Step:
        """Suspend a run that is not with the bank and in which a failed participant would pay."""
        if run.state not in (State.PRICED, State.FAILED):
            return Step()
        if not any(name in self.defaulted for name in run.shortfalls()):
            return Step()
        number = run.suspensions + 1
        return self._done(Suspended(run.name, number, "a participant cannot pay", at_us))

    def suspend(self, name: str, reason: str, at_us: int) -> Step:
        """Hold a priced run; SettlementError when it is with the bank or final."""
        run = self.run(name)
        next_state(run.state, Move.SUSPEND)
        return self._done(Suspended(name, run.suspensions + 1, reason, at_us))

    def release(self, name: str, reason: str, approved_by: tuple[str, ...], at_us: int) -> Step:
        """Let a held or failed run go on as it was, its cause having been put right.

        Raises SettlementError while somebody who cannot pay would have to.
        """
        run = self.run(name)
        next_state(run.state, Move.RELEASE)
        check_two_persons(approved_by)
        if any(participant in self.defaulted for participant in run.shortfalls()):
            raise SettlementError("a participant in it cannot pay; cover its shortfall first")
        return self._done(Released(name, run.releases + 1, reason, approved_by, at_us))

    def cover(
        self,
        name: str,
        failing: Iterable[ParticipantId],
        resources: Resources,
        approved_by: tuple[str, ...],
        at_us: int,
    ) -> Step:
        """Let others bear what failing participants do not pay; the run is then instructed anew.

        Nothing that is final is unwound: only what remains is shared. Raises SettlementError when
        nobody of them owes anything, or when the resources are not enough: the run stays as it is.
        """
        run = self.run(name)
        next_state(run.state, Move.COVER)
        check_two_persons(approved_by)
        owed = run.shortfalls()
        shortfalls = {each: owed[each] for each in sorted(set(failing)) if each in owed}
        if not shortfalls:
            raise SettlementError("none of these owes anything in this run; name those who do")
        found = waterfall(shortfalls, resources)
        if found.uncovered:
            raise SettlementError(
                "collateral, fund and loss sharing are not enough; the run stays held"
            )
        return self._done(
            Covered(name, run.covers + 1, tuple(shortfalls), found.shares, approved_by, at_us)
        )


def check_two_persons(approved_by: tuple[str, ...]) -> None:
    """Raises SettlementError when these are not two different persons."""
    named = {person.strip().casefold() for person in approved_by}
    if len(approved_by) != APPROVERS or len(named) != APPROVERS or "" in named:
        raise SettlementError("this needs two different persons; name both")


def _joined(first: Step, second: Step) -> Step:
    return Step(first.facts + second.facts, first.sends + second.sends)
