"""Orders to a running switch over its local control channel: one JSON line out, one back."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

from altyn.runtime.output import UserError
from altyn.runtime.settings import ConfigurationError, load_settings

__all__ = ["give_order", "order_node"]

ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024
ORDER_PATIENCE_S: Final = 30.0


async def give_order(socket_path: Path, order: str, **words: object) -> dict[str, Any]:
    """The switch's answer to an order and its words.

    Raises UserError when it refuses, OSError when it is absent.
    """
    reader, writer = await asyncio.open_unix_connection(str(socket_path), limit=ANSWER_BYTES_MAX)
    try:
        writer.write(json.dumps({"order": order, **words}).encode() + b"\n")
        await writer.drain()
        line = await asyncio.wait_for(reader.readline(), ORDER_PATIENCE_S)
    finally:
        writer.close()
    answer: Any = json.loads(line) if line else None
    if not isinstance(answer, dict):
        raise UserError(
            f"the switch gave no answer to the order '{order}'",
            where=str(socket_path),
            do="look into the switch's log",
        )
    if not answer.get("ok"):
        reason = answer.get("error", "without a reason")
        raise UserError(f"the switch refused the order '{order}': {reason}", where=str(socket_path))
    return answer


def order_node(settings_path: Path, order: str, **words: object) -> dict[str, Any]:
    """What the running node of a settings file answers to an order; for commands.

    Raises UserError when the settings cannot be used, no node runs, or it refuses.
    """
    try:
        socket_path = load_settings(settings_path).control.socket
    except ConfigurationError as error:
        raise UserError(
            "the settings cannot be used",
            where=str(settings_path),
            do=f"run altyn check {settings_path}",
        ) from error
    try:
        return asyncio.run(give_order(socket_path, order, **words))
    except OSError as error:
        raise UserError(
            "no switch answers here", where=str(socket_path), do="start it with altyn serve"
        ) from error
