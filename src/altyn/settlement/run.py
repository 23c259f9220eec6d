"""A run: one cycle in one currency, as the facts about it made it."""

from typing import NamedTuple

from altyn.clock import BusinessDay
from altyn.identifiers import ParticipantId
from altyn.ledger import Account, AccountKind
from altyn.settlement.facts import (
    Answered,
    Closed,
    Covered,
    Instructed,
    NothingDue,
    Opened,
    Order,
    Priced,
    Queried,
    Released,
    Suspended,
    Transfer,
)
from altyn.settlement.lifecycle import Move, State, next_state
from altyn.settlement.position import Position
from altyn.settlement.waterfall import accounts_of

RunFact = (
    Closed | Priced | Instructed | NothingDue | Queried | Answered | Suspended | Released | Covered
)


class OrderState(NamedTuple):
    """What we know of an order: the answer, and how often and when the bank was last asked."""

    order: Order
    attempt: int
    sent_us: int
    day: BusinessDay
    queries: int = 0
    asked_us: int = 0
    answer: Answered | None = None


class Run:
    """State of a run; changed only by `apply`, live and in recovery.

    positions: as priced and covered; moved: what is final already, by account; final_us: the
    instant of finality, UTC microseconds, 0 before.
    """

    def __init__(self, opened: Opened) -> None:
        """A run that has just been opened."""
        self.name = opened.run
        self.cycle = opened.cycle
        self.currency = opened.currency
        self.business_day: BusinessDay = opened.business_day
        self.state = State.OPEN
        self.priced: Priced | None = None
        self.positions: dict[Account, int] = {}
        self.moved: dict[Account, int] = {}
        self.orders: dict[str, OrderState] = {}
        self.attempt = 0
        self.covers = 0
        self.suspensions = 0
        self.releases = 0
        self.final_us = 0
        self.reason = ""
        self.failing: tuple[ParticipantId, ...] = ()

    def remaining(self) -> tuple[Position, ...]:
        """What is still to be moved, by account, zeros included."""
        return tuple(
            Position(account, units - self.moved.get(account, 0))
            for account, units in sorted(self.positions.items(), key=_by_name)
        )

    def shortfalls(self) -> dict[ParticipantId, int]:
        """What each participant still has to pay in, minor units above zero."""
        return {
            account.holder: -units
            for account, units in self.remaining()
            if units < 0 and account.kind is AccountKind.SETTLEMENT
        }

    def open_orders(self) -> list[OrderState]:
        """The orders of this attempt that may be with the bank and are not answered."""
        if self.state is not State.INSTRUCTED:
            return []
        waiting = [each for each in self.orders.values() if each.answer is None]
        first = min((each.order.wave for each in waiting), default=0)
        return [each for each in waiting if each.order.wave == first]

    def settled_transfers(self) -> list[tuple[Transfer, int]]:
        """Every transfer that is final, and since when."""
        return [
            (transfer, each.answer.final_us)
            for each in self.orders.values()
            if each.answer is not None and each.answer.settled
            for transfer in each.order.transfers
        ]

    def apply(self, fact: RunFact) -> None:
        """Change the state by a fact; raises SettlementError where the table has no such move."""
        match fact:
            case Closed():
                self._move(Move.CLOSE)
            case Priced(positions=positions):
                self._move(Move.PRICE)
                self.priced = fact
                self.positions = dict(positions)
            case Instructed():
                self._move(Move.INSTRUCT)
                self.attempt = fact.attempt
                self.reason = ""
                for order in fact.orders:
                    self.orders[order.message_id] = OrderState(
                        order, fact.attempt, fact.at_us, fact.day
                    )
            case NothingDue(at_us=at_us):
                self._move(Move.NOTHING_DUE)
                self.final_us = at_us
            case Queried(message_id=message_id):
                known = self.orders[message_id]
                self.orders[message_id] = known._replace(queries=fact.number, asked_us=fact.at_us)
            case Answered():
                self._answer(fact)
            case Suspended(number=number, reason=reason):
                self._move(Move.SUSPEND)
                self.suspensions, self.reason = number, reason
            case Released(number=number):
                self._move(Move.RELEASE)
                self.releases = number
                self.failing = ()
            case Covered():
                self._cover(fact)

    def _move(self, move: Move) -> None:
        self.state = next_state(self.state, move)

    def _answer(self, answer: Answered) -> None:
        known = self.orders[answer.message_id]
        assert known.answer is None, "an order has one answer"
        self.orders[answer.message_id] = known._replace(answer=answer)
        if answer.settled:
            for transfer in known.order.transfers:
                account, units = transfer.position
                self.moved[account] = self.moved.get(account, 0) + units
        else:
            self.reason = answer.reason
            self.failing = tuple(sorted({*self.failing, *answer.failing}))
        self._end_wave(known.order.wave)

    def _end_wave(self, wave: int) -> None:
        """When all of a wave is answered: fail, go on, or be final."""
        attempt = [each for each in self.orders.values() if each.attempt == self.attempt]
        if any(each.answer is None for each in attempt if each.order.wave == wave):
            return
        if any(each.answer is not None and not each.answer.settled for each in attempt):
            self._move(Move.FAIL)
            # Later waves never left; what they would move is instructed by another attempt.
            for each in attempt:
                if each.answer is None:
                    del self.orders[each.order.message_id]
        elif all(each.answer is not None for each in attempt):
            self._move(Move.SETTLE)
            assert not any(units for _account, units in self.remaining()), "all is moved"
            self.final_us = max(each.answer.final_us for each in attempt if each.answer)

    def _cover(self, fact: Covered) -> None:
        self._move(Move.COVER)
        self.covers = fact.number
        self.failing = ()
        for share in fact.shares:
            failing = Account(AccountKind.SETTLEMENT, share.failing, self.currency)
            self.positions[failing] += share.minor_units
        for account, units in accounts_of(fact.shares, self.currency).items():
            self.positions[account] = self.positions.get(account, 0) - units


def _by_name(item: tuple[Account, int]) -> str:
    return str(item[0])
