"""An event loop whose links pass a write point before and after each write to a peer.

Every connection of a link gets a transport that tells of its writes; the switch's own protocol
knows nothing of it. The sends that one group commit releases leave in one turn of the loop, so the
first write of a turn comes before all sends, and a second one lies between them.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import uvloop

from altyn.runtime.drill.write_points import Killer

__all__ = ["killing_loop_factory"]


class _Writes:
    """Counts the writes of one turn of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, killer: Killer) -> None:
        self._loop = loop
        self._killer = killer
        self._in_this_turn = 0

    def before(self) -> None:
        if self._in_this_turn == 0:
            self._loop.call_soon(self._end_turn)
        self._killer.passes("between-sends" if self._in_this_turn else "before-sends")
        self._in_this_turn += 1

    def after(self) -> None:
        self._killer.passes("after-sends")

    def _end_turn(self) -> None:
        self._in_this_turn = 0


class _WatchedTransport:
    """A transport but for `write`."""

    def __init__(self, transport: asyncio.Transport, writes: _Writes) -> None:
        self._transport = transport
        self._writes = writes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._writes.before()
        self._transport.write(data)
        self._writes.after()


class _WatchedProtocol(asyncio.BufferedProtocol):
    """Hands the switch's protocol a watched transport, and everything else on."""

    def __init__(self, protocol: asyncio.BufferedProtocol, writes: _Writes) -> None:
        self._protocol = protocol
        self._writes = writes
        self.get_buffer = protocol.get_buffer  # type: ignore[method-assign] # one call less a read
        self.buffer_updated = protocol.buffer_updated  # type: ignore[method-assign] # as above

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        watched = _WatchedTransport(cast("asyncio.Transport", transport), self._writes)
        self._protocol.connection_made(cast("asyncio.BaseTransport", watched))

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)


def killing_loop_factory(killer: Killer) -> Callable[[], asyncio.AbstractEventLoop]:
    """Makes uvloop's loop, as the switch has it, with watched connections."""

    class KillingLoop(uvloop.Loop):
        # Whatever else the two take goes through untouched, whichever overload is meant.
        async def create_server(  # type: ignore[override]
            self, factory: Any, *places: Any, **options: Any
        ) -> Any:
            return await super().create_server(self._watched(factory), *places, **options)

        async def create_connection(  # type: ignore[override]
            self, factory: Any, *places: Any, **options: Any
        ) -> Any:
            return await super().create_connection(self._watched(factory), *places, **options)

        def _watched(self, factory: Callable[[], Any]) -> Callable[[], _WatchedProtocol]:
            writes = _Writes(self, killer)
            return lambda: _WatchedProtocol(factory(), writes)

    return KillingLoop
