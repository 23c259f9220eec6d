"""What the switch can be told. A Request or a Response of `altyn.transaction` is an event too."""

from typing import Literal, NamedTuple

from altyn.card import Pan
from altyn.clock import BusinessDay
from altyn.identifiers import LinkId, ParticipantId
from altyn.registry import Fact
from altyn.switch.link import LinkTerms
from altyn.switch.stop_list import Listing
from altyn.transaction import Request, Transaction


class LinkUp(NamedTuple):
    """The first connection of a link stands."""

    link_id: LinkId


class LinkDown(NamedTuple):
    """The last connection of a link is gone."""

    link_id: LinkId


class NetworkRequested(NamedTuple):
    """A participant sent a network management request; `code` is DE70.

    transmission: DE7, empty when it had none; None from who has no message and is believed.
    """

    link_id: LinkId
    code: str
    institution: str
    origin: object
    payload: object
    transmission: str | None = None


class NetworkAnswered(NamedTuple):
    """A participant answered a network management request of ours."""

    link_id: LinkId
    code: str
    stan: str
    response_code: str


class FileUpdateRequested(NamedTuple):
    """A participant wants a file of the scheme changed (0302).

    action: DE91; file: DE101; code: what a listed card is answered; until: the last day of the
    listing, 0 for none, None for one that is no day.
    """

    link_id: LinkId
    action: str
    file: str
    pan: Pan
    code: str
    until: BusinessDay | None
    stan: str
    transmission: str
    origin: object
    payload: object


class StopListLoaded(NamedTuple):
    """The operator changes an issuer's stop list from a file; every listing is valid by itself."""

    issuer: ParticipantId
    listings: tuple[Listing, ...]


class Unserved(NamedTuple):
    """A message of a type the scheme does not speak; `wants_reply` by its type."""

    link_id: LinkId
    message_type: str
    wants_reply: bool
    origin: object
    payload: object


class TimeDue(NamedTuple):
    """Look at the clock: deadlines, repeats of advices, echo tests."""


class Recalled(NamedTuple):
    """The journal's answer to a Recall: what it holds under the wanted keys."""

    request: Request
    found: tuple[Transaction, ...]


class RegistryActivated(NamedTuple):
    """A new version of the registry takes force."""

    facts: tuple[Fact, ...]


class CutOverOrdered(NamedTuple):
    """End the business day."""


class AdviceOrdered(NamedTuple):
    """An operator's order about the advice of an entry: `actor` says who gave it.

    retry: send a dead letter again. close: owe an advice no more, for a `reason`.
    """

    act: Literal["retry", "close"]
    advice: int
    actor: str
    reason: str = ""


class IntakeChanged(NamedTuple):
    """New requests are refused from now on, or taken again: the store is nearly full, or the
    switch is being stopped. Answers, reversals and advices go on."""

    open: bool
    reason: str


class LoadMeasured(NamedTuple):
    """More requests come than can be served, or no longer; of a thousand new ones, `shed` are
    refused unread from now on."""

    shed: int
    overloaded: bool


class ShedRequest(NamedTuple):
    """One of them: its key and terminal, its moment in seconds, and where the reply goes."""

    key: str
    terminal: str
    transmitted_s: int
    origin: object
    payload: object


class Shed(NamedTuple):
    """New requests that were refused unread because there are too many; see `Switch.may_shed`."""

    link_id: LinkId
    requests: tuple[ShedRequest, ...]


class LinksChanged(NamedTuple):
    """The links agreed from now on; those that stay keep how they stand."""

    terms: tuple[LinkTerms, ...]
