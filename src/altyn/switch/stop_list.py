"""Cards that stand-in must refuse, as their issuers listed them (F28).

An issuer changes its list by a file update over its link, or the operator loads a file for it.
Either is one journal entry of kind STOP_LIST_ENTRY, whose body is binary:

    issuer 8, source 1 (`M` message, `F` file), STAN 6, transmission time 10, DE39 2 (answered),
    and for each card: action 1 (DE91), sealed card number 10, DE39 for the card 2, last day of
    the listing 4 (YYYYMMDD, little-endian, 0 for none)

An entry whose answer is no success changes nothing; it is kept so that a repeat gets the same.
"""

import base64
import struct
from collections import OrderedDict
from typing import Any, Final, NamedTuple

from altyn.card import STORED_PAN_BYTES
from altyn.clock import BusinessDay
from altyn.identifiers import ParticipantId

STOP_LIST_ENTRY: Final = 4
"""The kind number of these entries in the journal."""

# Not Final: a compiled module has its constants written in, and tests lower this one.
CARDS_MAX = 1_000_000
ANSWERED_MAX: Final = 4_096

ADD: Final = "1"
CHANGE: Final = "2"
DELETE: Final = "3"
ACTIONS: Final = frozenset({ADD, CHANGE, DELETE})

STOP_CODES: Final = frozenset({"04", "05", "07", "41", "43", "62"})
"""What a listed card may be answered (ISO 8583:1987, DE39): pick up, do not honour, pick up under
special condition, lost, stolen, restricted."""

SUCCESS: Final = "00"
NOT_FOUND: Final = "25"
REPLACED: Final = "26"
EDIT_ERROR: Final = "27"
NOT_SUCCESSFUL: Final = "29"
FOREIGN_CARD: Final = "58"

_HEADER = struct.Struct("<8ss6s10s2s")
_LISTING = struct.Struct(f"<s{STORED_PAN_BYTES}s2sI")


class Listing(NamedTuple):
    """One change: `action` is DE91, `card` a sealed number, `until` 0 for no end."""

    action: str
    card: bytes
    code: str
    until: BusinessDay


class StopListUpdate(NamedTuple):
    """A change of one issuer's list; STAN and transmission are blank for a file."""

    issuer: ParticipantId
    source: str
    stan: str
    transmission: str
    response_code: str
    listings: tuple[Listing, ...]

    def body(self) -> bytes:
        """The body of its entry."""
        header = (self.issuer, self.source, self.stan, self.transmission, self.response_code)
        widths = (8, 1, 6, 10, 2)
        fields = (
            f"{text:{width}.{width}}".encode("ascii", "replace")
            for text, width in zip(header, widths, strict=True)
        )
        return _HEADER.pack(*fields) + b"".join(
            _LISTING.pack(each.action.encode(), each.card, each.code.encode(), each.until)
            for each in self.listings
        )


def read_update(body: bytes) -> StopListUpdate:
    """The update of an entry's body."""
    issuer, source, stan, transmission, code = (
        field.decode("ascii") for field in _HEADER.unpack_from(body)
    )
    listings = tuple(
        Listing(action.decode("ascii"), card, card_code.decode("ascii"), until)
        for action, card, card_code, until in _LISTING.iter_unpack(body[_HEADER.size :])
    )
    return StopListUpdate(
        ParticipantId(issuer.rstrip()), source, stan, transmission, code, listings
    )


class StopList:
    """The cards listed now, by issuer and sealed number, and the updates answered lately."""

    __slots__ = ("_answered", "_by_issuer", "_count")

    def __init__(self) -> None:
        """Nobody is listed."""
        self._by_issuer: dict[ParticipantId, dict[bytes, tuple[str, BusinessDay]]] = {}
        self._count = 0
        self._answered: OrderedDict[tuple[str, str, str], str] = OrderedDict()

    def __len__(self) -> int:
        """How many cards are listed."""
        return self._count

    def has_room(self, cards: int) -> bool:
        """Whether so many more may be listed."""
        return self._count + cards <= CARDS_MAX

    def counts(self) -> dict[ParticipantId, int]:
        """How many cards of each issuer are listed."""
        return {issuer: len(cards) for issuer, cards in sorted(self._by_issuer.items()) if cards}

    def code_of(self, issuer: ParticipantId, card: bytes, day: BusinessDay) -> str:
        """What a listed card is to be answered on a day; empty for a card that is not listed."""
        found = self._by_issuer.get(issuer, {}).get(card)
        if found is None:
            return ""
        code, until = found
        return code if until in (0, day) or until > day else ""

    def drop_ended(self, day: BusinessDay) -> None:
        """Make room at the start of a day, once more than half is taken: listings whose last day
        has passed say nothing any more."""
        if self._count * 2 <= CARDS_MAX:
            return
        for issuer, cards in self._by_issuer.items():
            kept = {card: each for card, each in cards.items() if not 0 < each[1] < day}
            self._by_issuer[issuer] = kept
            self._count -= len(cards) - len(kept)

    def answered(self, issuer: ParticipantId, stan: str, transmission: str) -> str:
        """What the same update was answered before; empty when it is new."""
        return self._answered.get((issuer, stan, transmission), "")

    def outcome(self, issuer: ParticipantId, listing: Listing) -> str:
        """DE39 for one change if it were made now."""
        listed = listing.card in self._by_issuer.get(issuer, {})
        if listing.action == ADD:
            if listed:
                return REPLACED
            return SUCCESS if self._count < CARDS_MAX else NOT_SUCCESSFUL
        return SUCCESS if listed else NOT_FOUND

    def apply(self, update: StopListUpdate) -> None:
        """Change the list as an update says that was decided."""
        if update.stan.strip():
            self._answered[update.issuer, update.stan, update.transmission] = update.response_code
            if len(self._answered) > ANSWERED_MAX:
                self._answered.popitem(last=False)
        if update.response_code not in (SUCCESS, REPLACED):
            return
        cards = self._by_issuer.setdefault(update.issuer, {})
        before = len(cards)
        for listing in update.listings:
            if listing.action == DELETE:
                cards.pop(listing.card, None)
            else:
                cards[listing.card] = (listing.code, listing.until)
        self._count += len(cards) - before

    def dump(self) -> dict[str, Any]:
        """The list as JSON can carry it; `load` is the inverse."""
        return {
            "cards": {
                issuer: [
                    [base64.b64encode(card).decode("ascii"), code, until]
                    for card, (code, until) in cards.items()
                ]
                for issuer, cards in self._by_issuer.items()
            },
            "answered": [[*key, code] for key, code in self._answered.items()],
        }

    def load(self, dumped: dict[str, Any]) -> None:
        """Take the list of a `dump`."""
        for issuer, cards in dumped["cards"].items():
            listed = {base64.b64decode(card): (code, until) for card, code, until in cards}
            self._by_issuer[ParticipantId(issuer)] = listed
            self._count += len(listed)
        for issuer, stan, transmission, code in dumped["answered"]:
            self._answered[issuer, stan, transmission] = code
