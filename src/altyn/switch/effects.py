"""What must happen next. The runtime records first and only then lets anything leave."""

from typing import NamedTuple

from altyn.identifiers import LinkId
from altyn.journal import NO_SPAN
from altyn.switch.routing import Route
from altyn.transaction import Request, Transaction

FACT_ENTRY = 2
"""Journal kind of entries that are JSON objects with the key `fact`."""

ADDITIONAL_ENTRY = 3
"""Journal kind of what an issuer added to the answer that the entry before is about."""


NO_SOURCE = ""
ISSUER_DID_NOT_ANSWER = "1"
ISSUER_NOT_ASKED = "4"
"""Who an answer comes from (DE44, position 1): the issuer, or stand-in after the issuer was asked
and gave no answer that counts, or stand-in for an issuer that could not be asked."""


class Record(NamedTuple):
    """Write an entry. Entries of one step are written in the order of the effects."""

    kind: int
    body: bytes
    span: int = NO_SPAN
    refers_to: int = 0


class Reply(NamedTuple):
    """Answer a request on the connection it came by; `payload` is that request's message."""

    origin: object
    payload: object
    response_code: str
    authorization_code: str
    additional: bytes
    settlement_date: str
    source: str = NO_SOURCE


class Forward(NamedTuple):
    """Send a request on to its issuer over a link."""

    link_id: LinkId
    transaction: Transaction
    payload: object
    route: Route


class Advise(NamedTuple):
    """Send an advice, or its repeat, to an issuer; `record` is its journal record."""

    link_id: LinkId
    record: bytes
    repeat: bool


class NetworkRequest(NamedTuple):
    """Send a network management request: `code` is DE70."""

    link_id: LinkId
    code: str
    stan: str


class NetworkReply(NamedTuple):
    """Answer a network management request, or a message type nobody serves."""

    origin: object
    payload: object
    response_code: str


class Disconnect(NamedTuple):
    """Close every connection of a link that no longer answers."""

    link_id: LinkId


class Recall(NamedTuple):
    """Look in the journal for transactions by key and moment, then tell `Recalled`."""

    request: Request
    wanted: tuple[tuple[str, int], ...]


class Alarm(NamedTuple):
    """Tell the operator: `name` counts it, `details` never hold card data."""

    name: str
    details: str


Effect = (
    Record | Reply | Forward | Advise | NetworkRequest | NetworkReply | Disconnect | Recall | Alarm
)
