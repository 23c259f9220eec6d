"""Overload: from how long requests wait, which share of the new ones is refused at once.

The queue of a switch that is asked too much is not in the switch. It lies in the sockets that the
loop has not come to, for each turn of the loop takes what came during the turn before. So the
wait is what the sockets hold, divided by how fast they are read, and how late the loop's timer is;
a disk that holds back what is decided counts only beyond its patience, because a slow commit takes
the more at once.

The rule is that of controlled delay (CoDel, RFC 8289): only a wait that stands counts, the least
of an interval, so that a burst or one slow commit changes nothing. While it stands above the
target, more of the new requests are refused with every interval, and the longer the wait the more;
when it has gone, a twentieth less. Refusing is cheaper than serving, but not for nothing: never
more than four in five are refused, and what comes beyond that waits with the peers, who are read
no faster than they can be answered.
"""

from typing import Final

INTERVAL_US: Final = 200_000
TARGET_US: Final = 100_000
"""A wait that may stand."""

TAKEN_MIN: Final = 100
"""So many messages an interval must bring before it can be one of overload."""

COMMIT_PATIENCE_US: Final = 500_000
"""So long a commit may take before it counts as a wait."""

RISE: Final = 50
RISES_MAX: Final = 8
FALL: Final = 50
SHED_MAX: Final = 800
CALM_US: Final = 5_000_000
"""So long nothing must have been refused before the overload is over."""


class Overload:
    """How much is refused now, per thousand of the new requests."""

    __slots__ = (
        "_calm_since_us",
        "_chosen",
        "_interval_ends_us",
        "_least_us",
        "_taken",
        "active",
        "shed",
        "wait_us",
    )

    def __init__(self) -> None:
        """Nothing waits, nothing is refused."""
        self.shed = 0
        self.active = False
        self.wait_us = 0
        """The wait that stood in the last interval."""
        self._least_us: int | None = None
        self._interval_ends_us = 0
        self._calm_since_us = 0
        self._chosen = 0
        self._taken = 0

    def choose(self) -> bool:
        """Whether this new request is one of those that are refused; evenly spread."""
        self._chosen += self.shed
        if self._chosen < 1000:
            return False
        self._chosen -= 1000
        return True

    def sample(self, now_us: int, wait_us: int, taken: int) -> bool:
        """Take a measured wait, and how many messages were taken since the last one; True when
        `shed` or `active` has changed."""
        self._taken += taken
        if self._least_us is None or wait_us < self._least_us:
            self._least_us = wait_us
        if not self._interval_ends_us:
            self._interval_ends_us = now_us + INTERVAL_US
        if now_us < self._interval_ends_us:
            return False
        # A loop that is late with little to do is kept from its processor: refusing helps nobody.
        self.wait_us = self._least_us if self._taken >= TAKEN_MIN else 0
        self._least_us, self._taken = None, 0
        self._interval_ends_us = now_us + INTERVAL_US
        before = self.shed, self.active
        if self.wait_us > TARGET_US:
            self.shed = min(SHED_MAX, self.shed + RISE * min(RISES_MAX, self.wait_us // TARGET_US))
        elif self.wait_us < TARGET_US // 2:
            self.shed = max(0, self.shed - FALL)
        if self.shed:
            self.active = True
            self._calm_since_us = now_us
        elif now_us - self._calm_since_us > CALM_US:
            self.active = False
        return before != (self.shed, self.active)
