"""Advices owed to an issuer: kept in order and repeated until it acknowledges them.

The queue is rebuilt from the journal: an entry with the flag FORWARDED puts an advice in, a
`delivered` fact takes it out. Repeats back off to a minute, spread so that many advices do
not come at once. The number under way is bounded, so that live traffic comes first.
"""

from collections import OrderedDict
from typing import Final

from altyn.clock import MICROSECONDS_PER_SECOND
from altyn.identifiers import ParticipantId
from altyn.transaction import entries

# Not Final: a compiled module has its constants written in, and tests lower this one.
ADVICES_OWED_MAX = 200_000
"""An issuer that acknowledges nothing for so long gets no new requests (F25)."""
UNDER_WAY_MAX: Final = 32
FIRST_WAIT_US: Final = 5 * MICROSECONDS_PER_SECOND
LONGEST_WAIT_US: Final = 60 * MICROSECONDS_PER_SECOND


class OwedAdvice:
    """One advice: its journal record, how often it was sent, and when to send it again."""

    __slots__ = ("attempts", "due_us", "record", "sequence", "stan")

    def __init__(self, sequence: int, record: bytes, stan: str, attempts: int = 0) -> None:
        """An advice not yet under way; `attempts` above zero makes the next one a repeat."""
        self.sequence = sequence
        self.record = record
        self.stan = stan
        self.attempts = attempts
        self.due_us = 0

    @property
    def received_us(self) -> int:
        """When it arose, UTC microseconds: its transmission time, in every repeat the same."""
        return entries.read_number(self.record, "received_us")


class AdviceQueue:
    """The advices owed to one participant, oldest first."""

    __slots__ = ("_waiting", "by_stan", "participant_id", "under_way")

    def __init__(self, participant_id: ParticipantId) -> None:
        """Nothing owed."""
        self.participant_id = participant_id
        self._waiting: OrderedDict[int, OwedAdvice] = OrderedDict()
        self.under_way: OrderedDict[int, OwedAdvice] = OrderedDict()
        self.by_stan: dict[str, OwedAdvice] = {}

    def __len__(self) -> int:
        """How many advices are owed."""
        return len(self._waiting) + len(self.under_way)

    def owes(self, sequence: int) -> bool:
        """Whether the advice of an entry is owed still."""
        return sequence in self._waiting or sequence in self.under_way

    def add(self, advice: OwedAdvice) -> None:
        """Owe one more."""
        self._waiting[advice.sequence] = advice
        self.by_stan[advice.stan] = advice

    def acknowledged(self, stan: str) -> OwedAdvice | None:
        """Take out the advice that was sent under a STAN; None when none is owed."""
        advice = self.by_stan.get(stan)
        return None if advice is None else self.remove(advice.sequence)

    def remove(self, sequence: int) -> OwedAdvice | None:
        """Take out an advice by the sequence number of its entry."""
        advice = self.under_way.pop(sequence, None) or self._waiting.pop(sequence, None)
        if advice is not None:
            del self.by_stan[advice.stan]
        return advice

    def stop(self) -> None:
        """The line is gone: what was under way is owed again, in its old order."""
        for advice in reversed(list(self.under_way.values())):
            advice.due_us = 0
            self._waiting[advice.sequence] = advice
            self._waiting.move_to_end(advice.sequence, last=False)
        self.under_way.clear()

    def due(self, now_us: int, under_way_max: int = UNDER_WAY_MAX) -> list[OwedAdvice]:
        """The advices to send now: repeats whose wait is over, then new ones."""
        under_way_max = min(under_way_max, UNDER_WAY_MAX)
        sending = [advice for advice in self.under_way.values() if advice.due_us <= now_us]
        while self._waiting and len(self.under_way) < under_way_max:
            sequence, advice = self._waiting.popitem(last=False)
            self.under_way[sequence] = advice
            sending.append(advice)
        for advice in sending:
            wait = min(FIRST_WAIT_US << min(advice.attempts, 8), LONGEST_WAIT_US)
            spread = advice.sequence * 2_654_435_761 % (wait // 4)
            advice.due_us = now_us + wait + spread
            advice.attempts += 1
        return sending

    def owed(self) -> list[OwedAdvice]:
        """All advices, those under way first."""
        return [*self.under_way.values(), *self._waiting.values()]
