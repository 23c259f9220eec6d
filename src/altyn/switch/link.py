"""Links as the switch sees them: connected or not, signed on or not, answering or not."""

from typing import Final, Literal, NamedTuple

from altyn.identifiers import LinkId, ParticipantId

SignOn = Literal["peer", "switch", "none"]
Carries = Literal["both", "acquiring", "issuing"]

ECHOES_UNANSWERED_MAX: Final = 3


class LinkTerms(NamedTuple):
    """What is agreed for a link. Times are microseconds; an echo interval of 0 means none.

    sign_on: `peer` they sign on first, `switch` we do after connecting, `none` nobody does.
    carries: over an `acquiring` link nothing is sent to the participant as issuer.
    """

    link_id: LinkId
    participant_id: ParticipantId
    sign_on: SignOn
    reply_timeout_us: int
    reply_timeout_atm_us: int
    echo_interval_us: int
    in_flight_max: int
    carries: Carries = "both"


class Link:
    """A link and how it stands now."""

    __slots__ = ("connected", "echo_due_us", "echoes_unanswered", "signed_on", "terms", "usable")

    def __init__(self, terms: LinkTerms) -> None:
        """Not connected yet."""
        self.terms = terms
        self.connected = False
        self.signed_on = False
        self.echo_due_us = 0
        self.echoes_unanswered = 0
        self.usable = False
        """Whether traffic may flow: connected, and signed on where that is agreed."""

    def agree(self, terms: LinkTerms) -> None:
        """Other terms hold from now on."""
        self.terms = terms
        self._judge()

    def sign_on(self) -> bool:
        """Somebody signed on; False when that was so already."""
        changed = not self.signed_on
        self.signed_on = True
        self._judge()
        return changed

    def sign_off(self) -> bool:
        """They signed off; False when nobody was signed on."""
        changed = self.signed_on
        self.signed_on = False
        self._judge()
        return changed

    def _judge(self) -> None:
        self.usable = self.connected and (self.signed_on or self.terms.sign_on == "none")

    def up(self, now_us: int) -> None:
        """A first connection stands; nobody has signed on over it yet."""
        self.connected = True
        self.signed_on = False
        self.echoes_unanswered = 0
        self.echo_due_us = now_us + self.terms.echo_interval_us
        self._judge()

    def down(self) -> None:
        """The last connection is gone."""
        self.connected = False
        self.signed_on = False
        self._judge()
