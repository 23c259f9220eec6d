"""What stand-in has used of an issuer's limits, by window.

A window begins with its first stand-in. When its time has passed it begins anew, but not before
every advice that tells the issuer of what was counted in it is delivered or closed: until then
the issuer has not booked it (F29). Both are judged from the records alone, so that a replay comes
to the same counters.

Time goes on by the latest stand-in that was counted: a clock that is set back opens no window
again that was over (T01), so one that is over stays so, whether it was dropped or not.
"""

import base64
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from altyn.clock import MICROSECONDS_PER_SECOND
from altyn.identifiers import ParticipantId
from altyn.registry import StandInTerms, Window

# Not Final: a compiled module has its constants written in, and tests lower this one.
COUNTERS_MAX = 1_000_000
SWEPT_AT_ONCE: Final = 2
SWEPT_WHEN_FULL: Final = 64
ISSUER_AS_WHOLE: Final = b""


class CounterKey(NamedTuple):
    """Whose window: `card` is the sealed number, empty for the issuer as a whole."""

    issuer: ParticipantId
    terms_id: str
    length_s: int
    card: bytes


class Counter:
    """Use of one window: minor units of the terms' currency, and how many stand-ins.

    last_advice: sequence number of the entry of the newest advice about what is counted here.
    """

    __slots__ = ("amount", "begun_us", "count", "last_advice")

    def __init__(self, begun_us: int) -> None:
        """A window that begins now."""
        self.begun_us = begun_us
        self.amount = 0
        self.count = 0
        self.last_advice = 0


class StandInCounters:
    """All counters, oldest first; those that can no longer count are dropped on the way.

    latest_us: the latest instant UTC at which a stand-in was counted; no window knows an earlier.
    """

    __slots__ = ("_counters", "_oldest_owed", "latest_us")

    def __init__(self, oldest_owed: Callable[[ParticipantId], int]) -> None:
        """No use yet. `oldest_owed` gives the entry of the oldest stand-in advice that an issuer
        is owed still, a number above every entry when none is."""
        self._counters: OrderedDict[CounterKey, Counter] = OrderedDict()
        self._oldest_owed = oldest_owed
        self.latest_us = 0

    def __len__(self) -> int:
        """How many there are."""
        return len(self._counters)

    def has_room(self, terms: StandInTerms, card: bytes, now_us: int) -> bool:
        """Whether the table takes what one more stand-in adds; a full one is swept for it.

        What is swept counts no more, now or later, so a replay that keeps it decides the same.
        """
        counters = self._counters
        new = sum(_key(terms, window, card) not in counters for window in terms.windows)
        if len(counters) + new > COUNTERS_MAX:
            self._sweep(now_us, SWEPT_WHEN_FULL)
            new = sum(_key(terms, window, card) not in counters for window in terms.windows)
        return len(counters) + new <= COUNTERS_MAX

    def used(
        self, terms: StandInTerms, window: Window, card: bytes, now_us: int
    ) -> tuple[int, int]:
        """Amount and count that a window has used up at an instant."""
        key = _key(terms, window, card)
        counter = self._counters.get(key)
        if counter is None or self._is_over(key, counter, now_us):
            return 0, 0
        return counter.amount, counter.count

    def reserve(
        self, terms: StandInTerms, card: bytes, amount: int, now_us: int, advice: int
    ) -> None:
        """Count a stand-in in each window; `advice` is the entry that tells the issuer of it."""
        counters = self._counters
        now_us = self.latest_us = max(self.latest_us, now_us)
        for window in terms.windows:
            self._sweep(now_us, SWEPT_AT_ONCE)
            key = _key(terms, window, card)
            counter = counters.get(key)
            if counter is None or self._is_over(key, counter, now_us):
                counters.pop(key, None)
                counter = counters[key] = Counter(now_us)
            counter.amount += amount
            counter.count += 1
            counter.last_advice = advice

    def _is_over(self, key: CounterKey, counter: Counter, now_us: int) -> bool:
        end_us = counter.begun_us + key.length_s * MICROSECONDS_PER_SECOND
        return (
            max(now_us, self.latest_us) >= end_us
            and self._oldest_owed(key.issuer) > counter.last_advice
        )

    def _sweep(self, now_us: int, most: int) -> None:
        """Look at a few of the oldest: drop what is over for good, put the rest behind."""
        counters = self._counters
        for _ in range(min(most, len(counters))):
            key, counter = counters.popitem(last=False)
            if not self._is_over(key, counter, now_us):
                counters[key] = counter

    def dump(self) -> list[list[Any]]:
        """The counters as JSON can carry them, in their order; `load` is the inverse."""
        return [
            [
                *key[:3],
                base64.b64encode(key.card).decode("ascii"),
                each.begun_us,
                each.amount,
                each.count,
                each.last_advice,
            ]
            for key, each in self._counters.items()
        ]

    def load(self, dumped: list[list[Any]]) -> None:
        """Take the counters of a `dump`."""
        for issuer, terms_id, length_s, card, begun_us, amount, count, last_advice in dumped:
            counter = Counter(begun_us)
            counter.amount, counter.count, counter.last_advice = amount, count, last_advice
            subject = base64.b64decode(card)
            self._counters[CounterKey(ParticipantId(issuer), terms_id, length_s, subject)] = counter


def _key(terms: StandInTerms, window: Window, card: bytes) -> CounterKey:
    subject = card if window.per == "card" else ISSUER_AS_WHOLE
    return CounterKey(terms.participant_id, terms.terms_id, window.length_s, subject)
