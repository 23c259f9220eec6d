"""Advices owed to an issuer: kept in order per card, repeated until they are acknowledged.

    WAITING --send--> UNDER_WAY --no answer in time, or "later"--> RESTING --its wait is over--+
       ^                  |                                           |                       |
       |                  +--acknowledged, closed: gone               +--too many tries--> DEAD
       +----------------------------------------------------------------retry, or--------------+

One advice of a card at a time is sent and unacknowledged; the card's next one leaves when it is
taken, closed or a dead letter. Different cards go side by side, so many at once as the window
says, and no quicker than the issuer's rate. The queue is rebuilt from the journal: an entry with
the flag FORWARDED puts an advice in, facts move it and take it out. Nothing here looks through
the whole queue in a step: docs/adr/0016-store-and-forward.md says how.
"""

from heapq import heappop, heappush
from itertools import islice
from typing import Final

from altyn.clock import MICROSECONDS_PER_SECOND
from altyn.identifiers import ParticipantId
from altyn.transaction import entries

# Not Final: a compiled module has its constants written in, and tests lower these two.
ADVICES_OWED_MAX = 200_000
"""An issuer that acknowledges nothing for so long gets no new requests (F25)."""
ADVICES_RESERVE = 100_000
"""Room above ADVICES_OWED_MAX for reversals and completions of what was approved before."""

UNDER_WAY_MAX: Final = 32
UNDER_WAY_MIN: Final = 2
LIVE_PER_PLACE: Final = 16
"""So many live requests in flight take one place from the advices under way."""
ANSWER_WAIT_US: Final = 5 * MICROSECONDS_PER_SECOND
"""An advice without an answer for so long gives its place to another card's."""
FIRST_WAIT_US: Final = 5 * MICROSECONDS_PER_SECOND
LONGEST_WAIT_US: Final = 60 * MICROSECONDS_PER_SECOND
BURST_US: Final = MICROSECONDS_PER_SECOND // 10
"""What the rate allows in so long may leave at once."""
LOOK_AGAIN_US: Final = MICROSECONDS_PER_SECOND // 10
TRIES_MAX: Final = 8
"""So many failed tries make an advice a dead letter."""
NEVER_US: Final = 1 << 62

LEVELS_PERCENT: Final = (50, 80, 95)
HYSTERESIS_PERCENT: Final = 5


class AdviceStage:
    """Where an advice stands."""

    WAITING: Final = 0
    UNDER_WAY: Final = 1
    RESTING: Final = 2
    DEAD: Final = 3


STAGE_NAMES: Final = ("waiting", "under way", "resting", "dead letter")


class OwedAdvice:
    """One advice: its journal record, how often it was sent, and when to send it again.

    card: the sealed card number, by which the order is kept; attempts: how often it was sent,
    at least one when it may have been sent before a restart; tries: how many of them failed;
    response_code: the issuer's latest to it, empty for none.
    """

    __slots__ = (
        "attempts",
        "card",
        "due_us",
        "earlier",
        "failed_attempt",
        "later",
        "record",
        "response_code",
        "sent_us",
        "sequence",
        "stage",
        "stan",
        "tries",
    )

    def __init__(self, sequence: int, record: bytes, stan: str, attempts: int = 0) -> None:
        """An advice not yet under way; `attempts` above zero makes the next one a repeat."""
        self.sequence = sequence
        self.record = record
        self.stan = stan
        self.card = entries.read_bytes(record, entries.PAN_COLUMN)
        self.attempts = attempts
        self.tries = 0
        self.failed_attempt = 0
        self.response_code = ""
        self.stage = AdviceStage.WAITING
        self.sent_us = 0
        self.due_us = 0
        self.earlier: OwedAdvice | None = None
        self.later: OwedAdvice | None = None

    @property
    def received_us(self) -> int:
        """When it arose, UTC microseconds: its transmission time, in every repeat the same."""
        return entries.read_number(self.record, "received_us")


class AdviceQueue:
    """The advices owed to one participant, in the order of the journal."""

    __slots__ = (
        "_busy",
        "_free_us",
        "_last_of_card",
        "_owed",
        "_ready",
        "_resting",
        "by_stan",
        "dead",
        "level_percent",
        "participant_id",
        "taken_us",
        "under_way",
        "wake_us",
    )

    def __init__(self, participant_id: ParticipantId) -> None:
        """Nothing owed."""
        self.participant_id = participant_id
        self.by_stan: dict[str, OwedAdvice] = {}
        """All of them, dead letters too: a late answer still finds one, and no STAN comes twice."""
        self.dead: dict[int, OwedAdvice] = {}
        self.under_way: dict[int, OwedAdvice] = {}
        self.taken_us = 0
        """When the latest-sent advice that the issuer took was sent, monotonic."""
        self.wake_us = NEVER_US
        """When the switch means to look here next."""
        self.level_percent = 0
        """The level of LEVELS_PERCENT it has last risen to."""
        self._owed: dict[int, OwedAdvice] = {}
        self._last_of_card: dict[bytes, OwedAdvice] = {}
        self._busy: dict[bytes, OwedAdvice] = {}
        self._ready: list[int] = []  # heap of sequence numbers; some may be out of date
        self._resting: list[tuple[int, int]] = []  # heap of (due_us, sequence number); the same
        self._free_us = 0

    def __len__(self) -> int:
        """How many advices the issuer has not taken, dead letters included."""
        return len(self._owed) + len(self.dead)

    @property
    def sendable(self) -> int:
        """How many are owed that are not dead letters."""
        return len(self._owed)

    @property
    def full(self) -> bool:
        """Whether the issuer owes so many acknowledgements that it gets no new requests."""
        return len(self._owed) + len(self.dead) >= ADVICES_OWED_MAX

    @property
    def has_room(self) -> bool:
        """Whether an acquirer's reversal or completion may still be taken."""
        return len(self) < ADVICES_OWED_MAX + ADVICES_RESERVE

    def find(self, sequence: int) -> OwedAdvice | None:
        """The advice of an entry, dead or not; None when none is owed."""
        return self._owed.get(sequence) or self.dead.get(sequence)

    def owed(self) -> list[OwedAdvice]:
        """All advices in the order of the journal, dead letters included."""
        return sorted(self.by_stan.values(), key=_sequence_of)

    def standing(self) -> list[tuple[int, str, int, bool]]:
        """Of each advice the entry, the STAN, the failed tries, and whether it is a dead letter:
        what a restart must find again."""
        return [
            (each.sequence, each.stan, each.tries, each.stage == AdviceStage.DEAD)
            for each in self.owed()
        ]

    def first(self, count: int, *, dead_only: bool = False) -> list[OwedAdvice]:
        """So many of the advices at most, dead letters before the others; looks at no more."""
        found = list(islice(self.dead.values(), count))
        if not dead_only:
            found += islice(self._owed.values(), count - len(found))
        return found

    def owes(self, sequence: int) -> bool:
        """Whether the advice of an entry is owed still, as a dead letter even."""
        return sequence in self._owed or sequence in self.dead

    def add(self, advice: OwedAdvice) -> None:
        """Owe one more; one of an earlier entry takes its old place among those of its card."""
        self.by_stan[advice.stan] = advice
        self._owed[advice.sequence] = advice
        card = advice.card
        before = self._last_of_card.get(card)
        after: OwedAdvice | None = None
        while before is not None and before.sequence > advice.sequence:
            before, after = before.earlier, before
        advice.earlier, advice.later = before, after
        if before is not None:
            before.later = advice
        if after is not None:
            after.earlier = advice
        else:
            self._last_of_card[card] = advice
        if before is None and card not in self._busy:
            heappush(self._ready, advice.sequence)

    def remove(self, sequence: int) -> OwedAdvice | None:
        """Take out an advice by the sequence number of its entry; the card's next is free."""
        advice = self._owed.pop(sequence, None)
        if advice is not None:
            self._leave_card(advice)
        else:
            advice = self.dead.pop(sequence, None)
        if advice is not None:
            del self.by_stan[advice.stan]
        return advice

    def give_up(self, advice: OwedAdvice) -> None:
        """Make a dead letter of an advice: it is sent no more and holds up nothing."""
        del self._owed[advice.sequence]
        self._leave_card(advice)
        advice.stage = AdviceStage.DEAD
        self.dead[advice.sequence] = advice

    def fail(self, advice: OwedAdvice, response_code: str) -> None:
        """Count a failed try; `response_code` is the issuer's, empty for no answer."""
        advice.tries += 1
        advice.failed_attempt = advice.attempts
        advice.response_code = response_code

    def revive(self, advice: OwedAdvice) -> None:
        """Owe a dead letter again, in its old place, with all its tries before it."""
        del self.dead[advice.sequence]
        advice.stage = AdviceStage.WAITING
        advice.tries = 0
        advice.attempts = 1
        advice.failed_attempt = 0
        self.add(advice)

    def _leave_card(self, advice: OwedAdvice) -> None:
        before, after, card = advice.earlier, advice.later, advice.card
        advice.earlier = advice.later = None
        if before is not None:
            before.later = after
        if after is not None:
            after.earlier = before
        elif before is not None:
            self._last_of_card[card] = before
        else:
            del self._last_of_card[card]
        self.under_way.pop(advice.sequence, None)
        busy = self._busy.get(card)
        if busy is advice:
            del self._busy[card]
        elif busy is not None or before is not None:
            return  # another one of the card is its first still, or was sent and is awaited
        first = before or after
        while first is not None and first.earlier is not None:
            first = first.earlier
        if first is not None:
            heappush(self._ready, first.sequence)

    def stop(self) -> None:
        """The line is gone: what was sent is owed again, in its old order, as a repeat."""
        for advice in self._busy.values():
            advice.stage = AdviceStage.WAITING
            advice.attempts = 1
            advice.failed_attempt = 0
        for advice in self._busy.values():
            first = advice
            while first.earlier is not None:
                first = first.earlier
            heappush(self._ready, first.sequence)
        self._busy.clear()
        self.under_way.clear()
        self._resting.clear()

    def rest(self, advice: OwedAdvice) -> None:
        """Free the place of an advice that is to come again when its wait is over."""
        if advice.stage == AdviceStage.UNDER_WAY:
            del self.under_way[advice.sequence]
            advice.stage = AdviceStage.RESTING
            heappush(self._resting, (advice.due_us, advice.sequence))

    def lapse(self, now_us: int, heard_us: int) -> list[OwedAdvice]:
        """Free the places of what found no answer, and make ready whose wait is over.

        heard_us: the issuer has taken something that was sent then. Gives the advices that were
        sent before that and are not taken: the issuer is there, so their try has failed.
        """
        while self.under_way:
            first = next(iter(self.under_way.values()))
            if first.sent_us + ANSWER_WAIT_US > now_us:
                break
            self.rest(first)
        failed: list[OwedAdvice] = []
        while self._resting and self._resting[0][0] <= now_us:
            due_us, sequence = heappop(self._resting)
            advice = self._owed.get(sequence)
            if advice is None or advice.stage != AdviceStage.RESTING or advice.due_us != due_us:
                continue  # it was taken, or sent again, meanwhile
            advice.stage = AdviceStage.WAITING
            heappush(self._ready, sequence)
            if heard_us > advice.sent_us and advice.failed_attempt != advice.attempts:
                failed.append(advice)
        return failed

    def due(self, now_us: int, window: int, per_second: int) -> list[OwedAdvice]:
        """The advices to send now, oldest first: within the window and the issuer's rate."""
        sending: list[OwedAdvice] = []
        interval_us = MICROSECONDS_PER_SECOND // per_second
        while self._ready and len(self.under_way) < window and self._free_us <= now_us + BURST_US:
            advice = self._owed.get(heappop(self._ready))
            if advice is None or advice.stage != AdviceStage.WAITING:
                continue
            busy = self._busy.get(advice.card)
            if busy is not advice and (busy is not None or advice.earlier is not None):
                continue  # it is made ready when its turn comes
            self._free_us = max(self._free_us, now_us) + interval_us
            wait_us = min(FIRST_WAIT_US << min(advice.attempts, 8), LONGEST_WAIT_US)
            advice.due_us = now_us + wait_us + advice.sequence * 2_654_435_761 % (wait_us // 4)
            advice.attempts += 1
            advice.sent_us = now_us
            advice.stage = AdviceStage.UNDER_WAY
            self._busy[advice.card] = advice
            self.under_way[advice.sequence] = advice
            sending.append(advice)
        return sending

    def next_us(self, now_us: int, window: int) -> int:
        """When there may be something to do here again if nobody says anything until then."""
        next_us = NEVER_US
        if self.under_way:
            next_us = next(iter(self.under_way.values())).sent_us + ANSWER_WAIT_US
        if self._resting:
            next_us = min(next_us, self._resting[0][0])
        if self._ready and len(self.under_way) < window:
            next_us = min(next_us, self._free_us - BURST_US)
        elif self._ready and window < UNDER_WAY_MAX:
            next_us = min(next_us, now_us + LOOK_AGAIN_US)  # live traffic may have grown less
        return next_us

    def cross(self) -> list[tuple[int, bool]]:
        """The levels crossed since the last time, each with whether upwards.

        A level is left below when five percent less than it are owed: it does not flutter.
        """
        percent = len(self) * 100 // ADVICES_OWED_MAX
        crossed: list[tuple[int, bool]] = []
        for level in LEVELS_PERCENT:
            if self.level_percent < level <= percent:
                self.level_percent = level
                crossed.append((level, True))
        for place in range(len(LEVELS_PERCENT) - 1, -1, -1):
            level = LEVELS_PERCENT[place]
            if self.level_percent == level and percent < level - HYSTERESIS_PERCENT:
                self.level_percent = LEVELS_PERCENT[place - 1] if place else 0
                crossed.append((level, False))
        return crossed


def _sequence_of(advice: OwedAdvice) -> int:
    return advice.sequence


def window_of(live: int) -> int:
    """How many advices may be under way to an issuer with so many live requests in flight."""
    return max(UNDER_WAY_MIN, UNDER_WAY_MAX - live // LIVE_PER_PLACE)
