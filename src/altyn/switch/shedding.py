"""Refusing new requests unread, when more come than can be served.

A refusal costs what it must and no more: the key is remembered, so that a repeat is refused as
well and never approved after its first answer (I2); the keys of one read are one fact in the
journal, before the replies leave (I4); nothing else of the request is looked at. What may be
shed is a new request of the link's own participant. Whatever may have been seen before takes the
ordinary road, and so do reversals, advices, answers and network messages.
"""

from collections.abc import Iterable
from typing import Final

from altyn.clock import MICROSECONDS_PER_SECOND
from altyn.identifiers import LinkId
from altyn.switch.desk import Desk
from altyn.switch.effects import Reply
from altyn.switch.events import Shed, ShedRequest
from altyn.switch.state import SwitchState
from altyn.transaction import (
    KEY_LETTERS,
    RESPONSE_CODES,
    Kind,
    Outcome,
    State,
    Transaction,
    original_of,
)

_OVERLOADED: Final = Outcome.OVERLOADED
_CODE: Final = RESPONSE_CODES[Outcome.OVERLOADED]
_NO_CODE: Final = " " * 6
_CLOCK_MAX_S: Final = 3600
"""A request of another hour takes the ordinary road, which knows what to do with it."""


def may_shed(
    desk: Desk,
    link_id: LinkId,
    kind: Kind,
    acquirer: str,
    stan: str,
    transmission: str,
    terminal: str,
) -> tuple[str, int] | None:
    """The key and the moment of a new request that may be refused unread; None when it may not.

    Another terminal's request under the same key is another request.
    """
    link = desk.links.get(link_id)
    participant = desk.state.registry.by_institution.get(acquirer)
    if link is None or not link.usable or participant is None:
        return None
    if participant.participant_id != link.terms.participant_id:
        return None
    moment = desk.moment_of(transmission)
    if abs(moment - desk.now.utc_us // MICROSECONDS_PER_SECOND) > _CLOCK_MAX_S:
        return None
    key = f"{KEY_LETTERS[kind]}{acquirer}/{stan}{transmission}"
    state = desk.state
    if state.find(key, terminal) is not None or state.may_be_elsewhere(key, acquirer, moment):
        return None
    return key, moment


def shed(desk: Desk, event: Shed) -> None:
    """Remember, record and answer; one fact for each second that the requests were sent in."""
    by_moment: dict[int, list[ShedRequest]] = {}
    for request in event.requests:
        by_moment.setdefault(request.transmitted_s, []).append(request)
    state = desk.state
    date = state.settlement_date(state.business_day)
    for moment, requests in by_moment.items():
        sequence = desk.record_fact(
            moment,
            fact="shed",
            link=event.link_id,
            business_day=state.business_day,
            moment=moment,
            requests=[[request.key, request.terminal] for request in requests],
        )
        for request in requests:
            remember(state, request.key, request.terminal, moment, sequence)
            desk.effects.append(Reply(request.origin, request.payload, _CODE, _NO_CODE, b"", date))
    desk.refusals += len(event.requests)


def remember_all(
    state: SwitchState, requests: Iterable[tuple[str, str]], moment: int, sequence: int
) -> None:
    """What `shed` remembers, from its fact."""
    for key, terminal in requests:
        remember(state, key, terminal, moment, sequence)


def remember(state: SwitchState, key: str, terminal: str, moment: int, sequence: int) -> None:
    """Keep the name of a request that was refused unread, for its repeats."""
    refused = refused_unread(key, terminal, moment, sequence)
    state.remember(refused)
    state.finish(refused)


def refused_unread(key: str, terminal: str, moment: int, sequence: int) -> Transaction:
    """A transaction of which only its name is known, and that it was refused."""
    original = original_of(key)
    refused = Transaction(key, original.kind, 0, original.acquirer, terminal, "", 0, moment, 0, b"")
    refused.state = State.DECLINED
    refused.outcome = _OVERLOADED
    refused.response_code = _CODE
    refused.sequence = sequence
    return refused
