"""Links as the switch sees them: connected or not, signed on or not, answering or not."""

from typing import Final, Literal, NamedTuple

from altyn.identifiers import LinkId, ParticipantId

SignOn = Literal["peer", "switch", "none"]

ECHOES_UNANSWERED_MAX: Final = 3


class LinkTerms(NamedTuple):
    """What is agreed for a link. Times are microseconds; an echo interval of 0 means none.

    sign_on: `peer` they sign on first, `switch` we do after connecting, `none` nobody does.
    """

    link_id: LinkId
    participant_id: ParticipantId
    sign_on: SignOn
    reply_timeout_us: int
    reply_timeout_atm_us: int
    echo_interval_us: int
    in_flight_max: int


class Link:
    """A link and how it stands now."""

    __slots__ = ("connected", "echo_due_us", "echoes_unanswered", "signed_on", "terms")

    def __init__(self, terms: LinkTerms) -> None:
        """Not connected yet."""
        self.terms = terms
        self.connected = False
        self.signed_on = False
        self.echo_due_us = 0
        self.echoes_unanswered = 0

    @property
    def usable(self) -> bool:
        """Whether traffic may flow."""
        return self.connected and (self.signed_on or self.terms.sign_on == "none")

    def up(self, now_us: int) -> None:
        """A first connection stands; nobody has signed on over it yet."""
        self.connected = True
        self.signed_on = False
        self.echoes_unanswered = 0
        self.echo_due_us = now_us + self.terms.echo_interval_us

    def down(self) -> None:
        """The last connection is gone."""
        self.connected = False
        self.signed_on = False
