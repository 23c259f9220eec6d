"""The local control channel: one JSON line in, one JSON line out, on a socket of this machine.

Only the owner of the switch can open it (file mode 0600). Orders: `status`, `positions`,
`cut-over`, and those of `advice_orders` and `stop_list_orders`. Who gives them uses `orders`.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

ORDER_BYTES_MAX: Final = 65_536

Order = Callable[[dict[str, Any]], Awaitable[dict[str, object]]]


class Control:
    """Listens for orders."""

    def __init__(self, path: Path, orders: dict[str, Order]) -> None:
        """Orders by name; each gets the whole request and gives what the answer says."""
        self._path = path
        self._orders = orders
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen; a socket left by an earlier process is replaced."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(
            self._serve, self._path, limit=ORDER_BYTES_MAX
        )
        self._path.chmod(0o600)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self.answer(line)).encode() + b"\n")
                await writer.drain()
        except (ValueError, ConnectionError):
            pass  # a line too long, or a caller that has gone
        finally:
            writer.close()

    async def answer(self, line: bytes) -> dict[str, object]:
        """What is said to one line; a line that is no order is told so and raises nothing."""
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):  # lists a thousand deep are no order either
            return {"ok": False, "error": "an order is one line of JSON"}
        name = request.get("order") if isinstance(request, dict) else None
        order = self._orders.get(name) if isinstance(name, str) else None
        if order is None:
            known = ", ".join(sorted(self._orders))
            return {"ok": False, "error": f"no such order; there are {known}"}
        return {"ok": True, **await order(request)}

    async def close(self) -> None:
        """Stop listening and take the socket away."""
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)
