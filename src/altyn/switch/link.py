"""Links as the switch sees them: connected or not, signed on or not, answering or not."""

from collections import deque
from typing import Final, Literal, NamedTuple
from zlib import crc32

from altyn.clock import MICROSECONDS_PER_SECOND
from altyn.identifiers import LinkId, ParticipantId
from altyn.switch.health import Condition, Health, HealthTerms
from altyn.transaction import Transaction

SignOn = Literal["peer", "switch", "none"]
Carries = Literal["both", "acquiring", "issuing"]

ECHOES_UNANSWERED_MAX: Final = 3
WATCH_US: Final = MICROSECONDS_PER_SECOND // 2
"""A healthy link is looked at so often; a late or invalid answer is looked at when it comes."""
ECHO_US_SICK: Final = 5 * MICROSECONDS_PER_SECOND
"""A link that was taken out is tested at least so often."""


class LinkTerms(NamedTuple):
    """What is agreed for a link. Times are microseconds; an echo interval of 0 means none.

    sign_on: `peer` they sign on first, `switch` we do after connecting, `none` nobody does.
    carries: over an `acquiring` link nothing is sent to the participant as issuer.
    advices_per_s: no more advices than that are sent to the participant as issuer.
    """

    link_id: LinkId
    participant_id: ParticipantId
    sign_on: SignOn
    reply_timeout_us: int
    reply_timeout_atm_us: int
    echo_interval_us: int
    in_flight_max: int
    carries: Carries = "both"
    health: HealthTerms = HealthTerms()
    advices_per_s: int = 500


class Link:
    """A link and how it stands now.

    deadlines: what was asked over it and may still be answered, by the time that it was given.
    """

    __slots__ = (
        "asked",
        "connected",
        "deadlines",
        "echo_due_us",
        "echo_interval_us",
        "echoes_unanswered",
        "health",
        "sign_on_due_us",
        "signed_on",
        "signed_on_s",
        "terms",
        "up_since_us",
        "usable",
        "watch_due_us",
        "watch_phase_us",
    )

    def __init__(self, terms: LinkTerms) -> None:
        """Not connected yet."""
        self.terms = terms
        self.connected = False
        self.signed_on = False
        self.signed_on_s = 0
        """DE7 of their latest sign-on, UTC seconds since 1970; 0 when it had none."""
        self.echo_due_us = 0
        self.echoes_unanswered = 0
        self.usable = False
        """Whether traffic may flow: connected, and signed on where that is agreed."""
        self.up_since_us = 0
        self.sign_on_due_us = 0
        """When our sign-on, which nobody has answered yet, is to be sent again; 0 for never."""
        self.watch_due_us = 0
        """When it is to be looked at next: at the next tick when anything about it has changed."""
        self.watch_phase_us = crc32(terms.link_id.encode()) % WATCH_US
        """A thousand links are not looked at in one tick."""
        self.deadlines: dict[int, deque[Transaction]] = {}
        self.health = Health(terms.health, terms.reply_timeout_us, terms.reply_timeout_atm_us)
        self.agree(terms)

    def agree(self, terms: LinkTerms) -> None:
        """Other terms hold from now on."""
        self.terms = terms
        longest_us = max(terms.reply_timeout_us, terms.reply_timeout_atm_us)
        self.health.agree(terms.health, terms.reply_timeout_us, longest_us)
        self.asked = terms.carries != "acquiring"
        self._choose_echo_interval()
        self._judge()

    def _choose_echo_interval(self) -> None:
        agreed_us = self.terms.echo_interval_us
        is_sick = self.health.condition is Condition.SICK
        self.echo_interval_us = min(agreed_us, ECHO_US_SICK) if is_sick else agreed_us

    def set_echo_interval(self, now_us: int) -> None:
        """Test more often while the link is out, as often as agreed otherwise."""
        self._choose_echo_interval()
        self.echo_due_us = min(self.echo_due_us, now_us + self.echo_interval_us)
        self.watch_due_us = 0

    def sign_on(self) -> bool:
        """Somebody signed on; False when that was so already."""
        changed = not self.signed_on
        self.signed_on = True
        self.sign_on_due_us = 0
        self._judge()
        return changed

    def sign_off(self) -> bool:
        """They signed off; False when nobody was signed on."""
        changed = self.signed_on
        self.signed_on = False
        self.sign_on_due_us = 0
        self._judge()
        return changed

    def watched(self, now_us: int) -> None:
        """It was looked at: again at its next echo test or sign-on, and twice a second anyway; at
        every tick while it is out or on trial."""
        if self.asked and self.health.condition is not Condition.HEALTHY:
            return
        due_us = now_us + WATCH_US - (now_us + self.watch_phase_us) % WATCH_US
        if self.usable and self.echo_interval_us:
            due_us = min(due_us, self.echo_due_us)
        if self.sign_on_due_us:
            due_us = min(due_us, self.sign_on_due_us)
        self.watch_due_us = due_us

    def _judge(self) -> None:
        self.watch_due_us = 0
        self.usable = self.connected and (self.signed_on or self.terms.sign_on == "none")

    def up(self, now_us: int) -> None:
        """A first connection stands; nobody has signed on over it yet."""
        self.connected = True
        self.signed_on = False
        self.echoes_unanswered = 0
        self.up_since_us = now_us
        self.echo_due_us = now_us + self.echo_interval_us
        self._judge()

    def down(self) -> None:
        """The last connection is gone."""
        self.connected = False
        self.signed_on = False
        self.sign_on_due_us = 0
        self.health.lose_line()
        self._judge()
