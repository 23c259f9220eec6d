"""What the switch remembers, changed in the same way when it runs and when it recovers.

Memory is bounded: finished transactions leave it in order of age, and from then on a
message about one of them is looked up in the journal. `horizons` says per acquirer from
which transmission time on memory is complete.
"""

from collections import deque
from typing import Final

from altyn.clock import BusinessDay
from altyn.identifiers import ParticipantId
from altyn.registry import Registry, StandInTerms
from altyn.switch import forwarding
from altyn.switch.forwarding import AdviceQueue, OwedAdvice
from altyn.switch.positions import Positions
from altyn.switch.routing import Router
from altyn.switch.sightings import Sightings
from altyn.switch.stand_in_counters import StandInCounters
from altyn.switch.stop_list import StopList
from altyn.transaction import (
    Flag,
    Kind,
    Move,
    Original,
    State,
    Transaction,
    entries,
    original_key,
)

# Not Final: a compiled module has its constants written in, and tests lower this one.
FINISHED_MAX = 131_072
STAN_MAX: Final = 999_999
NO_ENTRY: Final = 2**62

_APPROVE: Final = Move.APPROVE  # a member looked up on its class costs 0.2 us
_DECLINE: Final = Move.DECLINE
_AUTHORIZATION: Final = Kind.AUTHORIZATION


class IssuerSide:
    """What is under way towards one issuer: requests by the switch's STAN, and advices."""

    __slots__ = (
        "_stand_ins",
        "advices",
        "approved_deadline_us",
        "last_stan",
        "participant_id",
        "pending",
    )

    def __init__(self, participant_id: ParticipantId) -> None:
        """Nothing under way."""
        self.participant_id = participant_id
        self.pending: dict[str, Transaction] = {}
        self.advices = AdviceQueue(participant_id)
        self.last_stan = 0
        self._stand_ins: deque[int] = deque()
        self.approved_deadline_us = 0
        """The deadline of the request it approved last, monotonic: it was there then."""

    def next_stan(self) -> str:
        """The next STAN, 000001 to 999999, that no request or advice under way carries (T07)."""
        stan = self.last_stan
        for _ in range(STAN_MAX):
            stan = stan + 1 if stan < STAN_MAX else 1
            text = f"{stan:06d}"
            if text not in self.pending and text not in self.advices.by_stan:
                self.last_stan = stan
                return text
        raise AssertionError("every STAN is under way: the bounds of advices are not held")

    def note_stand_in(self, sequence: int) -> None:
        """The entry of an advice that tells of a stand-in; these come in order."""
        noted = self._stand_ins
        noted.append(sequence)
        if len(noted) > 2 * forwarding.ADVICES_OWED_MAX:
            owes = self.advices.owes
            self._stand_ins = deque(each for each in noted if owes(each) or each == sequence)

    def stand_ins_told(self) -> list[int]:
        """The entries of the stand-in advices noted, oldest first."""
        return list(self._stand_ins)

    def oldest_stand_in(self) -> int:
        """The entry of the oldest stand-in advice owed still, above every entry when none is."""
        noted = self._stand_ins
        while noted and not self.advices.owes(noted[0]):
            noted.popleft()
        return noted[0] if noted else NO_ENTRY


class SwitchState:
    """Registry version, business day, positions, and the transactions in memory."""

    def __init__(self, registry: Registry, business_day: BusinessDay) -> None:
        """An empty scheme on its first business day."""
        self.sequence = 0
        self.positions = Positions()
        self.known: dict[str, Transaction] = {}
        self.finished: deque[Transaction] = deque()
        self.horizons: dict[str, int] = {}
        self.sightings = Sightings()
        self.issuers: dict[ParticipantId, IssuerSide] = {}
        self.stand_in = StandInCounters(self._oldest_stand_in)
        self.stop_list = StopList()
        self.begin_day(business_day)
        self.activate(registry)

    def activate(self, registry: Registry) -> None:
        """Take a registry version into force for transactions that begin from now on."""
        self.registry = registry
        self.router = Router(registry)

    def begin_day(self, business_day: BusinessDay) -> None:
        """Start a business day."""
        self.business_day = business_day
        self._settlement_date = settlement_date(business_day)
        self.stop_list.drop_ended(business_day)

    def settlement_date(self, day: BusinessDay) -> str:
        """DE15 of a business day; the current one is kept ready."""
        return self._settlement_date if day == self.business_day else settlement_date(day)

    def issuer(self, participant_id: ParticipantId) -> IssuerSide:
        """What is under way towards a participant as issuer."""
        found = self.issuers.get(participant_id)
        if found is None:
            found = self.issuers[participant_id] = IssuerSide(participant_id)
        return found

    def _oldest_stand_in(self, participant_id: ParticipantId) -> int:
        return self.issuer(participant_id).oldest_stand_in()

    def count_stand_in(self, transaction: Transaction, terms: StandInTerms, now_us: int) -> None:
        """Count a recorded stand-in in the windows of its terms; the next entry is its advice."""
        amount = entries.read_number(transaction.head, "billing_amount")
        card = entries.read_bytes(transaction.head, entries.PAN_COLUMN)
        self.stand_in.reserve(terms, card, amount, now_us, transaction.sequence + 1)

    def find_advice(self, sequence: int) -> tuple[AdviceQueue, OwedAdvice] | None:
        """The advice owed for an entry, dead letter or not, and its queue."""
        for issuer in self.issuers.values():
            advice = issuer.advices.find(sequence)
            if advice is not None:
                return issuer.advices, advice
        return None

    def end_advice(self, participant_id: ParticipantId, sequence: int) -> OwedAdvice | None:
        """An advice is owed no more: its issuer has taken it, or an operator has closed it.

        The one place where one ends, when the switch runs and when it recovers.
        """
        return self.issuer(participant_id).advices.remove(sequence)

    def find(self, key: str, terminal: str) -> Transaction | None:
        """The transaction in memory under a key; several terminals may share one.

        A blank terminal fits when only one transaction has the key. A reversal that named no
        terminal is a marker for the original of any (F09).
        """
        found = self.known.get(key)
        if found is None or found.terminal == terminal:
            return found
        if not terminal.strip() and found.next_same_key is None:
            return found
        while found is not None and found.terminal != terminal:
            if found.state is State.MARKER and not found.terminal.strip():
                return found
            found = found.next_same_key
        return found

    def remember(self, transaction: Transaction) -> None:
        """Put a transaction under its key, in front of others that share it."""
        known = self.known
        transaction.next_same_key = known.get(transaction.key)
        known[transaction.key] = transaction

    def replace(self, earlier: Transaction, later: Transaction) -> None:
        """Put a transaction in the place of its earlier self."""
        later.next_same_key = earlier.next_same_key
        head = self.known[earlier.key]
        if head is earlier:
            self.known[earlier.key] = later
            return
        while head.next_same_key is not earlier:
            assert head.next_same_key is not None, "the earlier self is not under its key"
            head = head.next_same_key
        head.next_same_key = later

    def start(self, transaction: Transaction) -> None:
        """A request goes to its issuer; what it may cost is held."""
        self.remember(transaction)
        if transaction.purchase is not None:
            transaction.purchase.refunds += transaction.amount
        self.issuer(transaction.issuer).pending[transaction.issuer_stan] = transaction
        if transaction.settlement_amount:
            self.positions.change(
                transaction.debtor,
                transaction.creditor,
                transaction.settlement_currency,
                transaction.business_day,
                transaction.settlement_amount,
                0,
            )

    def decide(self, transaction: Transaction, approved: bool) -> tuple[int, int]:
        """Move a transaction in flight to its end.

        Returns the changes of holds and postings: a financial request's hold becomes a
        posting, an authorization's stays, a declined one's goes.
        """
        transaction.move(_APPROVE if approved else _DECLINE)
        amount = transaction.settlement_amount
        if not approved:
            if transaction.purchase is not None:
                transaction.purchase.refunds -= transaction.amount
            transaction.remaining = 0
            return -amount, 0
        return (0, 0) if transaction.kind is _AUTHORIZATION else (-amount, amount)

    def finish(self, transaction: Transaction) -> None:
        """Keep a transaction that has ended, and let the oldest go when there are too many."""
        if transaction.issuer_stan:
            # One that comes back from the journal is as old as may be: its STAN may be in use.
            pending = self.issuer(transaction.issuer).pending
            asked = pending.get(transaction.issuer_stan)
            if asked is not None and asked.key == transaction.key:
                del pending[transaction.issuer_stan]
        transaction.payload = None
        transaction.origin = None
        transaction.pan = ""
        purchase = transaction.purchase
        if purchase is not None:
            transaction.purchase = None
            self._keep(purchase)
        self.renew(transaction)

    def renew(self, transaction: Transaction) -> None:
        """Put one that ends last in the order in which memory is left, and let the oldest go.

        One that has ended, and changes again, leaves memory as late as one that ends now:
        the journal, if it is asked at this moment, does not know of the change yet (F12)."""
        finished = self.finished
        finished.append(transaction)
        transaction.places += 1
        if len(finished) > FINISHED_MAX:
            self._forget(finished.popleft())

    def _keep(self, purchase: Transaction) -> None:
        """A purchase whose refund ends stays in memory: the journal, if it is asked about the
        purchase at this moment, does not know of that refund yet."""
        kept = self.find(purchase.key, purchase.terminal)
        if kept is not None:
            self.renew(kept)
            return
        self.remember(purchase)
        self.finish(purchase)

    def _forget(self, oldest: Transaction) -> None:
        acquirer = oldest.acquirer
        if oldest.transmitted_s > self.horizons.get(acquirer, -1):
            self.horizons[acquirer] = oldest.transmitted_s
        self.sightings.add(oldest.key, acquirer, oldest.transmitted_s)
        oldest.places -= 1
        if oldest.places:
            return  # renewed; a snapshot counts it as gone, for its entry is older than its place
        head = self.known.get(oldest.key)
        if head is oldest:
            if oldest.next_same_key is None:
                del self.known[oldest.key]
            else:
                self.known[oldest.key] = oldest.next_same_key
            return
        while head is not None:
            if head.next_same_key is oldest:
                head.next_same_key = oldest.next_same_key
                return
            head = head.next_same_key

    def mark(self, original: Original, terminal: str, transmitted_s: int, sequence: int) -> None:
        """Remember that an original which has not come yet is reversed already (F09).

        sequence: of the reversal's entry, which a recovery must read to mark it again.
        """
        mark = mark_of(original, terminal, transmitted_s, sequence)
        self.remember(mark)
        self.finish(mark)

    def may_be_elsewhere(self, key: str, acquirer: str, transmitted_s: int) -> bool:
        """Whether a transaction that is not in memory may yet stand in the journal."""
        if transmitted_s > self.horizons.get(acquirer, -1):
            return False
        return not self.sightings.excludes(key, acquirer, transmitted_s)


def mark_of(original: Original, terminal: str, transmitted_s: int, sequence: int) -> Transaction:
    """What stands in the place of an original that is reversed before it came."""
    mark = Transaction(
        original_key(original),
        original.kind,
        Flag.UNMATCHED,
        original.acquirer,
        terminal,
        "",
        0,
        transmitted_s,
        0,
        b"",
    )
    mark.state = State.MARKER
    mark.sequence = sequence
    return mark


def settlement_date(day: BusinessDay) -> str:
    """MMDD of a business day (DE15)."""
    return f"{day % 10_000:04d}"
