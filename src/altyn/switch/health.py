"""The health of a link to an issuer: what is measured, and when the link is taken out.

A peer may be half dead: its line stands, it answers some requests, late. Whoever goes on asking it
loses more than by not asking at all (the outage of a European card network in 2018 was of this
kind). So every link is measured, and one that breaks a rule gets no more requests: the issuer's
other link carries them, or they end at once. It comes back by steps.

    HEALTHY ── FELL ──► SICK ── RESTED ──► TRIAL ── PROVED ──► HEALTHY
                         ▲                   │
                         └────── FELL ───────┘

- HEALTHY to SICK: the share of late and invalid answers, the share of slow ones, or late ones in a
  row are above the link's terms, or echo tests go unanswered.
- SICK to TRIAL: a rest is over, which doubles with every fall up to ten minutes, and some echo
  tests in a row were answered where such tests are agreed. The rest is never shorter than the
  longest reply time, so every request of before has ended when the trial begins.
- TRIAL: 1, 2, 4 … 256 requests, each step at least a second. A step in which more than a quarter
  fails, or more than half of the answers is slow, is a fall.

Counts only grow; what happened in a window or a step is the difference of two readings. That costs
a payment one addition when it is sent and one when it is answered.
"""

from collections import deque
from enum import IntEnum
from typing import Final, NamedTuple

from altyn.clock import MICROSECONDS_PER_SECOND

SLOT_US: Final = 2 * MICROSECONDS_PER_SECOND
SLOTS: Final = 15
REST_US_MAX: Final = 600 * MICROSECONDS_PER_SECOND
REST_DOUBLINGS_MAX: Final = 8
CALM_US: Final = 600 * MICROSECONDS_PER_SECOND
"""So long healthy, and earlier falls are forgotten."""

STEP_US_MIN: Final = MICROSECONDS_PER_SECOND
STEP_US_QUIET: Final = 60 * MICROSECONDS_PER_SECOND
"""So long a step waits for requests; then a good answer is enough to pass it."""

LAST_STEP: Final = 256
NO_LIMIT: Final = 1 << 60


class Condition(IntEnum):
    """How a link is."""

    HEALTHY = 1
    SICK = 2
    TRIAL = 3


class Sign(IntEnum):
    """What is found when a link is looked at."""

    FELL = 1
    RESTED = 2
    PROVED = 3


TRANSITIONS: Final = {
    (Condition.HEALTHY, Sign.FELL): Condition.SICK,
    (Condition.SICK, Sign.RESTED): Condition.TRIAL,
    (Condition.TRIAL, Sign.FELL): Condition.SICK,
    (Condition.TRIAL, Sign.PROVED): Condition.HEALTHY,
}


class HealthTerms(NamedTuple):
    """When a link is taken out, and when it may come back.

    samples_min: so many requests must have ended in the window before a share counts, and above
    a share (percent) the link falls; late_in_row_max: late or invalid answers without a good one
    between them; echoes_min: good echo tests in a row before a trial.
    """

    samples_min: int = 50
    late_percent_max: int = 20
    slow_percent_max: int = 50
    late_in_row_max: int = 10
    rest_us: int = 30 * MICROSECONDS_PER_SECOND
    echoes_min: int = 2


class Measured(NamedTuple):
    """Requests sent, and how those that ended did. Late and invalid ones are not among `answered`;
    slow ones are: less than half of the link's reply time was left."""

    sent: int
    answered: int
    slow: int
    late: int
    invalid: int

    @property
    def failed(self) -> int:
        """Without a valid answer in time."""
        return self.late + self.invalid

    @property
    def ended(self) -> int:
        """With any end."""
        return self.answered + self.late + self.invalid

    def since(self, earlier: "Measured") -> "Measured":
        """What came since an earlier reading."""
        return Measured(
            self.sent - earlier.sent,
            self.answered - earlier.answered,
            self.slow - earlier.slow,
            self.late - earlier.late,
            self.invalid - earlier.invalid,
        )


class Health:
    """How a link does. The switch adds to `sent`, `answered` and `slow` itself: it does so for
    every payment. A link may be sent requests while `sent` is below `sent_max`."""

    __slots__ = (
        "_failed_in_row",
        "_good_echoes",
        "_good_when_failed",
        "_readings",
        "_rest_us_min",
        "_rested_us",
        "_slot_ends_us",
        "_step",
        "_step_from",
        "_step_from_us",
        "_used_up_us",
        "answered",
        "condition",
        "falls",
        "invalid",
        "late",
        "reason",
        "sent",
        "sent_max",
        "since_us",
        "since_utc_us",
        "slow",
        "slow_left_us",
        "terms",
    )

    def __init__(self, terms: HealthTerms, reply_timeout_us: int, longest_timeout_us: int) -> None:
        """Healthy, and nothing measured."""
        self.condition = Condition.HEALTHY
        self.reason = ""
        self.since_us = 0
        self.since_utc_us = 0
        self.falls = 0
        self.sent = self.answered = self.slow = self.late = self.invalid = 0
        self.sent_max = NO_LIMIT
        self._failed_in_row = 0
        self._good_when_failed = 0
        self._good_echoes = 0
        self._readings: deque[Measured] = deque([self.total()], SLOTS)
        self._slot_ends_us = 0
        self._rested_us = 0
        self._step = 0
        self._step_from = self.total()
        self._step_from_us = 0
        self._used_up_us = 0
        self.agree(terms, reply_timeout_us, longest_timeout_us)

    def agree(self, terms: HealthTerms, reply_timeout_us: int, longest_timeout_us: int) -> None:
        """Other terms hold from now on. The rest is longer than any request may take."""
        self.terms = terms
        self.slow_left_us = reply_timeout_us // 2
        self._rest_us_min = max(terms.rest_us, longest_timeout_us)

    def total(self) -> Measured:
        """Everything since the start."""
        return Measured(self.sent, self.answered, self.slow, self.late, self.invalid)

    def window(self) -> Measured:
        """What came in the last half minute."""
        return self.total().since(self._readings[0])

    def as_json(self) -> dict[str, object]:
        """How the link does, for operators: what is measured is of the last half minute."""
        return {
            "condition": self.condition.name.lower(),
            "reason": self.reason,
            "since_utc_us": self.since_utc_us,
            "falls": self.falls,
            **self.window()._asdict(),
        }

    @property
    def advices_max(self) -> int:
        """How many advices may be under way: a link on trial gets as many as its step is wide."""
        if self.condition is Condition.TRIAL:
            return self._step
        return NO_LIMIT if self.condition is Condition.HEALTHY else 0

    @property
    def rest_us(self) -> int:
        """How long the link rests after as many falls as there were."""
        doubled = self._rest_us_min << min(max(self.falls - 1, 0), REST_DOUBLINGS_MAX)
        return max(self._rest_us_min, min(doubled, REST_US_MAX))

    def count_late(self) -> None:
        """A request got no answer in time."""
        self.late += 1
        self._count_failed()

    def count_invalid(self) -> None:
        """An answer could not be the request's."""
        self.invalid += 1
        self._count_failed()

    def _count_failed(self) -> None:
        if self.answered != self._good_when_failed:
            self._failed_in_row = 0
        self._good_when_failed = self.answered
        self._failed_in_row += 1

    def count_echo(self, *, good: bool) -> None:
        """An echo test was answered, or was not."""
        self._good_echoes = self._good_echoes + 1 if good else 0

    def return_early(self) -> None:
        """They signed on anew: whatever the rest has grown to, it is the shortest one this time.

        Nothing else is forgotten: a peer that signs on again and again proves nothing by it.
        """
        self._rested_us = min(self._rested_us, self.since_us + self._rest_us_min)

    def lose_line(self) -> None:
        """The line broke: what is under way may never end, and a trial begins its step anew."""
        self._good_echoes = 0
        if self.condition is Condition.TRIAL:
            self._begin_step(self._step, self._step_from_us)

    def look(self, now_us: int, *, reachable: bool, echoes: bool) -> Sign | None:
        """What to say of the link now; None when it stays as it is.

        reachable: whether it is usable; echoes: whether echo tests are agreed.
        """
        self._turn_slots(now_us)
        if self.condition is Condition.HEALTHY:
            return self._look_at_healthy(now_us)
        if self.condition is Condition.SICK:
            enough = not echoes or self._good_echoes >= self.terms.echoes_min
            return Sign.RESTED if reachable and enough and now_us >= self._rested_us else None
        return self._look_at_trial(now_us)

    def move(self, sign: Sign, now_us: int, utc_us: int, reason: str = "") -> None:
        """Change the condition by the table; `reason` where it is not one of measured shares."""
        self.condition = TRANSITIONS[self.condition, sign]
        self.since_us, self.since_utc_us = now_us, utc_us
        if self.condition is Condition.SICK:
            self.falls += 1
            self.sent_max = 0
            self.reason = reason or self.reason
            self._good_echoes = 0
            self._rested_us = now_us + self.rest_us
        elif self.condition is Condition.TRIAL:
            self._failed_in_row = 0
            self._readings = deque([self.total()], SLOTS)
            self._begin_step(1, now_us)
        else:
            self.reason = ""
            self.sent_max = NO_LIMIT

    def _turn_slots(self, now_us: int) -> None:
        """Begin new slots of the window as time passes."""
        if now_us < self._slot_ends_us:
            return
        passed = min((now_us - self._slot_ends_us) // SLOT_US + 1, SLOTS)
        self._readings.extend([self.total()] * passed)
        self._slot_ends_us = now_us + SLOT_US

    def _look_at_healthy(self, now_us: int) -> Sign | None:
        if self._breaks_a_rule():
            return Sign.FELL
        if self.falls and now_us - self.since_us > CALM_US:
            self.falls = 0
        return None

    def _breaks_a_rule(self) -> bool:
        terms = self.terms
        if self._failed_in_row >= terms.late_in_row_max and (
            self.answered == self._good_when_failed
        ):
            self.reason = f"{self._failed_in_row} late or invalid answers in a row"
            return True
        window = self.window()
        ended = window.ended
        if ended < terms.samples_min:
            return False
        if window.failed * 100 > terms.late_percent_max * ended:
            self.reason = f"{window.failed} of {ended} answers late or invalid"
            return True
        slow = window.slow + window.late
        if slow * 100 > terms.slow_percent_max * ended:
            self.reason = f"{slow} of {ended} answers slow"
            return True
        return False

    def _look_at_trial(self, now_us: int) -> Sign | None:
        step = self.total().since(self._step_from)
        if step.failed > self._step // 4:
            self.reason = f"on trial {step.failed} of {self._step} answers late or invalid"
            return Sign.FELL
        lasted_us = now_us - self._step_from_us
        quiet = lasted_us >= STEP_US_QUIET and step.answered > 0 and step.failed == 0
        if quiet or (step.ended >= self._step and lasted_us >= STEP_US_MIN):
            if step.slow > max(1, step.answered // 2):
                self.reason = f"on trial {step.slow} of {step.answered} answers slow"
                return Sign.FELL
            if self._step >= LAST_STEP:
                return Sign.PROVED
            self._begin_step(self._step * 2, now_us)
        elif step.sent < self._step:
            self._used_up_us = now_us
        elif now_us - self._used_up_us > self._rest_us_min:
            # What was sent will not end here any more: it was lost, or reversed in flight.
            self._begin_step(self._step, now_us)
        return None

    def _begin_step(self, size: int, now_us: int) -> None:
        self._step = size
        self._step_from = self.total()
        self._step_from_us = self._used_up_us = now_us
        self.sent_max = self.sent + size
