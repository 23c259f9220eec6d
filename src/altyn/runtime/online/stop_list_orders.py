"""An operator's orders about stop lists over the control channel: load a part, count."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from altyn.card import seal
from altyn.identifiers import ParticipantId
from altyn.runtime.online.loop_driver import LoopDriver
from altyn.switch import STOP_CODES, Listing, StopListLoaded, owns_card

__all__ = ["LINES_AT_ONCE_MAX", "stop_list_orders"]

LINES_AT_ONCE_MAX: Final = 500
_DELETE: Final = "3"
_DONE: Final = "00"
"""What stands in the place of a code where none is kept: whatever came is not written down."""

Order = Callable[[dict[str, Any]], Awaitable[dict[str, object]]]


def stop_list_orders(driver: LoopDriver) -> dict[str, Order]:
    """The orders by name."""
    gateway = driver.gateway
    state = gateway.switch.state

    async def count(_: dict[str, Any]) -> dict[str, object]:
        return {"cards": dict(state.stop_list.counts())}

    async def load(request: dict[str, Any]) -> dict[str, object]:
        issuer = ParticipantId(str(request.get("issuer", "")))
        lines = request.get("lines")
        if not isinstance(lines, list) or not 0 < len(lines) <= LINES_AT_ONCE_MAX:
            return {"ok": False, "error": f"an order has 1 to {LINES_AT_ONCE_MAX} lines"}
        listings = []
        for line in lines:
            listing = _listing(line)
            if listing is None or not owns_card(state.registry, issuer, str(line[1])):
                return {"ok": False, "error": "a line cannot be used; none of these was loaded"}
            listings.append(listing)
        if not state.stop_list.has_room(len(listings)):
            return {"ok": False, "error": "the stop list is full"}
        gateway.tell(StopListLoaded(issuer, tuple(listings)))
        await driver.settle_journal()
        return {"loaded": len(listings)}

    return {"stop-list-count": count, "stop-list-load": load}


def _listing(line: object) -> Listing | None:
    """The change of a line as it comes in an order; None when it is none."""
    if not isinstance(line, list) or len(line) != 4:
        return None
    action, card, code, until = line
    if not (isinstance(card, str) and card.isascii() and card.isdecimal() and len(card) <= 19):
        return None
    if action not in ("1", _DELETE) or not isinstance(until, int):
        return None
    if not 0 <= until <= 99991231 or (action != _DELETE and code not in STOP_CODES):
        return None
    return Listing(action, seal(card), _DONE if action == _DELETE else str(code), until)
