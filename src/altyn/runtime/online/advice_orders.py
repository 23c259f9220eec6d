"""An operator's orders about advices over the control channel: look, retry, close.

`advices` lists, `advice` shows one, `advice-retry` sends a dead letter again, `advice-close` ends
one with a reason. What they answer never holds a whole card number.
"""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import chain, islice
from typing import Any, Final, Literal

from altyn.card import mask, unseal
from altyn.clock import utc_datetime
from altyn.journal import Storage
from altyn.money import find_currency, format_amount
from altyn.runtime.online.loop_driver import LoopDriver
from altyn.switch import STAGE_NAMES, AdviceOrdered, AdviceQueue, OwedAdvice, order_problem
from altyn.transaction import TRANSACTION_ENTRY, Flag, Kind, entries

__all__ = ["advice_orders"]

LISTED_MAX: Final = 1_000
LISTED_UNLESS_TOLD: Final = 50
_MESSAGE_TYPES: Final = {
    Kind.AUTHORIZATION: "0120",
    Kind.FINANCIAL: "0220",
    Kind.AUTHORIZATION_ADVICE: "0120",
    Kind.FINANCIAL_ADVICE: "0220",
    Kind.REVERSAL: "0420",
    Kind.REVERSAL_ADVICE: "0420",
}

Order = Callable[[dict[str, Any]], Awaitable[dict[str, object]]]


def advice_orders(driver: LoopDriver, read_storage: Callable[[], Storage]) -> dict[str, Order]:
    """The orders by name. `read_storage` opens the journal, to say what an entry once was."""
    state = driver.gateway.switch.state

    async def listed(request: dict[str, Any]) -> dict[str, object]:
        limit = request.get("limit", LISTED_UNLESS_TOLD)
        limit = min(limit, LISTED_MAX) if isinstance(limit, int) and limit > 0 else LISTED_MAX
        queues = [
            side.advices
            for side in state.issuers.values()
            if request.get("issuer") in (None, "", side.participant_id)
        ]
        await driver.settle_journal()  # what an operator is shown must outlive a crash
        found = chain.from_iterable(
            ((queue, advice) for advice in queue.first(limit, dead_only=bool(request.get("dead"))))
            for queue in queues
        )
        return {
            "owed": sum(len(queue) for queue in queues),
            "dead_letters": sum(len(queue.dead) for queue in queues),
            "advices": [_line(queue, advice) for queue, advice in islice(found, limit)],
        }

    async def shown(request: dict[str, Any]) -> dict[str, object]:
        sequence = _sequence(request)
        await driver.settle_journal()
        found = state.find_advice(sequence)
        if found is None:
            return await _not_owed(sequence, read_storage)
        return {"advice": {**_line(*found), **_details(found[1])}}

    def ordered(act: Literal["retry", "close"]) -> Order:
        async def give(request: dict[str, Any]) -> dict[str, object]:
            order = AdviceOrdered(
                act,
                _sequence(request),
                str(request.get("actor", "")),
                str(request.get("reason", "")),
            )
            problem = order_problem(state, order)
            if problem and state.find_advice(order.advice) is None:
                return await _not_owed(order.advice, read_storage)
            if problem:
                return {"ok": False, "error": problem}
            driver.gateway.tell(order)
            await driver.settle_journal()
            return {"entry": order.advice, "done": "sent again" if act == "retry" else "closed"}

        return give

    return {
        "advices": listed,
        "advice": shown,
        "advice-retry": ordered("retry"),
        "advice-close": ordered("close"),
    }


def _sequence(request: dict[str, Any]) -> int:
    entry = request.get("entry")
    return entry if isinstance(entry, int) and not isinstance(entry, bool) else 0


async def _not_owed(sequence: int, read_storage: Callable[[], Storage]) -> dict[str, object]:
    """Say what an entry is that names no advice owed; the journal is read beside the loop."""

    def was_advice() -> bool:
        storage = read_storage()
        try:
            if not 0 < sequence <= storage.end().sequence:
                return False
            for entry in next(storage.batches(sequence)).entries(storage.record_bytes):
                if entry.sequence == sequence and entry.kind == TRANSACTION_ENTRY:
                    return bool(entries.read_number(entry.body, "flags") & Flag.FORWARDED)
            return False
        finally:
            storage.close()

    if await asyncio.get_running_loop().run_in_executor(None, was_advice):
        return {"ok": False, "error": "the advice of this entry was delivered or closed before"}
    return {"ok": False, "error": "this entry is no advice"}


def _line(queue: AdviceQueue, advice: OwedAdvice) -> dict[str, object]:
    record = advice.record
    currency = find_currency(entries.read_text(record, "currency"))
    amount = entries.read_number(record, "amount")
    return {
        "entry": advice.sequence,
        "issuer": queue.participant_id,
        "message_type": _MESSAGE_TYPES[Kind(entries.read_number(record, "kind"))],
        "stage": STAGE_NAMES[advice.stage],
        "tries_failed": advice.tries,
        "response_code": advice.response_code,
        "since": utc_datetime(advice.received_us).isoformat(timespec="seconds"),
        "rrn": entries.read_text(record, "rrn").strip(),
        "amount_text": "" if currency is None else format_amount(amount, currency.numeric),
        "currency": "" if currency is None else currency.alpha,
    }


def _details(advice: OwedAdvice) -> dict[str, object]:
    record = advice.record
    return {
        "stan": advice.stan,
        "card": mask(unseal(advice.card)),
        "business_day": entries.read_number(record, "business_day"),
        "original_entry": entries.read_number(record, "refers_to"),
        "acquirer": entries.read_text(record, "acquirer").strip(),
        "terminal": entries.read_text(record, "terminal").strip(),
        "merchant": entries.read_text(record, "merchant").strip(),
    }
