"""Changes of an issuer's stop list: by a message over its link (0302), or by a file."""

from typing import Final

from altyn.card import PAN_DIGITS_MAX, PAN_DIGITS_MIN, luhn_valid, seal
from altyn.identifiers import ParticipantId
from altyn.registry import Registry
from altyn.switch.desk import Desk
from altyn.switch.effects import NetworkReply, Record
from altyn.switch.events import FileUpdateRequested, StopListLoaded
from altyn.switch.stop_list import (
    ACTIONS,
    DELETE,
    EDIT_ERROR,
    FOREIGN_CARD,
    NOT_SUCCESSFUL,
    STOP_CODES,
    STOP_LIST_ENTRY,
    SUCCESS,
    Listing,
    StopListUpdate,
)

STOP_LIST_FILE: Final = "STOPLIST"
UNREADABLE: Final = "30"
NOT_SIGNED_ON: Final = "91"
BY_MESSAGE: Final = "M"
BY_FILE: Final = "F"


def take_update(desk: Desk, event: FileUpdateRequested) -> None:
    """A file update from a participant: decide, record, answer. A repeat is answered as before."""
    link = desk.links[event.link_id]
    if not link.usable:
        code = NOT_SIGNED_ON
    elif not (event.stan and event.transmission and len(event.transmission) == 10):
        code = UNREADABLE
    else:
        code = _decide(desk, link.terms.participant_id, event)
    desk.effects.append(NetworkReply(event.origin, event.payload, code))


def _decide(desk: Desk, issuer: ParticipantId, event: FileUpdateRequested) -> str:
    stop_list = desk.state.stop_list
    known = stop_list.answered(issuer, event.stan, event.transmission)
    if known:
        return known
    listings: tuple[Listing, ...] = ()
    code = _find_fault(desk, issuer, event)
    if not code:
        asked = SUCCESS if event.action == DELETE else event.code
        listings = (Listing(event.action, seal(event.pan), asked, event.until or 0),)
        code = stop_list.outcome(issuer, listings[0])
    update = StopListUpdate(issuer, BY_MESSAGE, event.stan, event.transmission, code, listings)
    desk.record(Record(STOP_LIST_ENTRY, update.body()))
    stop_list.apply(update)
    return code


def _find_fault(desk: Desk, issuer: ParticipantId, event: FileUpdateRequested) -> str:
    """Why an update cannot be taken; empty when it can."""
    if event.file != STOP_LIST_FILE:
        return NOT_SUCCESSFUL
    if event.action not in ACTIONS or event.until is None:
        return EDIT_ERROR
    if event.action != DELETE and event.code not in STOP_CODES:
        return EDIT_ERROR
    if not owns_card(desk.state.registry, issuer, event.pan):
        return FOREIGN_CARD
    return ""


def owns_card(registry: Registry, issuer: ParticipantId, pan: str) -> bool:
    """Whether a number is one that an issuer may have given to a card."""
    if not PAN_DIGITS_MIN <= len(pan) <= PAN_DIGITS_MAX or not luhn_valid(pan):
        return False
    entry = registry.bins.find(pan)
    return entry is not None and entry.participant_id == issuer and len(pan) in entry.pan_lengths


def take_file(desk: Desk, event: StopListLoaded) -> None:
    """A part of a file: one entry, or none and an alarm when the list has no room for it."""
    if not desk.state.stop_list.has_room(len(event.listings)):
        desk.alarm("stop-list-full", f"issuer {event.issuer}: a file was not loaded")
        return
    update = StopListUpdate(event.issuer, BY_FILE, "", "", SUCCESS, event.listings)
    desk.record(Record(STOP_LIST_ENTRY, update.body()))
    desk.state.stop_list.apply(update)
