"""Advices on their way to issuers: what an issuer answers to one, and an operator's orders.

An answer means one of three things. The issuer has it, whatever it thinks of it: delivered. It
cannot be read or worked on: the try has failed, and after so many the advice is a dead letter.
Not now: it comes again, and that counts only when the issuer takes others meanwhile.
"""

import re
from typing import Final

from altyn.card import PAN_DIGITS_MIN
from altyn.switch.desk import Desk
from altyn.switch.events import AdviceOrdered
from altyn.switch.forwarding import AdviceQueue, AdviceStage, OwedAdvice
from altyn.switch.link import Link
from altyn.switch.state import SwitchState
from altyn.transaction import Response

LATER_CODES: Final = frozenset({"91", "96"})
"""Issuer inoperative, system malfunction (ISO 8583:1987, DE39): not now."""
UNREAD_CODES: Final = frozenset({"06", "12", "30", "40"})
"""Error, invalid transaction, format error, function not supported: it has not been worked on."""

ACTOR_CHARACTERS_MAX: Final = 64
REASON_CHARACTERS_MAX: Final = 200
_MAYBE_CARD: Final = re.compile(rf"\d(?:[ ._/-]?\d){{{PAN_DIGITS_MIN - 1}}}")
"""As many digits in a row as a card number has, whatever stands between them or around."""


def take_acknowledgement(desk: Desk, response: Response, link: Link) -> None:
    """An issuer's answer to an advice, matched by STAN and transmission time."""
    queue = desk.state.issuer(link.terms.participant_id).advices
    advice = queue.by_stan.get(response.stan)
    if len(response.response_code) < 2:
        desk.alarm("invalid-answer", f"link {link.terms.link_id}, STAN {response.stan}")
        return
    if advice is None or response.transmission not in (
        "",
        desk.transmission.write(advice.received_us),
    ):
        desk.alarm("stray-answer", f"link {link.terms.link_id}, STAN {response.stan}")
        return
    if response.response_code in LATER_CODES:
        advice.response_code = response.response_code
        queue.rest(advice)
    elif response.response_code in UNREAD_CODES:
        _refused_unread(desk, queue, advice, response.response_code)
    else:
        _delivered(desk, queue, advice, response.response_code)
    desk.send_advices(queue.participant_id)


def _delivered(desk: Desk, queue: AdviceQueue, advice: OwedAdvice, code: str) -> None:
    """The issuer has it: its effect stands, also when the issuer would have it otherwise (F24)."""
    queue.taken_us = max(queue.taken_us, advice.sent_us)
    desk.record_fact(
        fact="delivered",
        participant=queue.participant_id,
        advice=advice.sequence,
        response_code=code,
    )
    desk.state.end_advice(queue.participant_id, advice.sequence)
    if code != "00":
        desk.alarm("advice-refused", f"issuer {queue.participant_id}, entry {advice.sequence}")
    desk.watch_level(queue)


def _refused_unread(desk: Desk, queue: AdviceQueue, advice: OwedAdvice, code: str) -> None:
    if advice.stage == AdviceStage.DEAD or advice.failed_attempt == advice.attempts:
        return  # said twice of one sending
    queue.rest(advice)
    desk.fail_try(queue, advice, code)


def order_problem(state: SwitchState, order: AdviceOrdered) -> str:
    """Why an operator's order about an advice changes nothing; empty when it does."""
    problem = _text_problem("the name", order.actor, ACTOR_CHARACTERS_MAX)
    if not problem and order.act == "close":
        problem = _text_problem("the reason", order.reason, REASON_CHARACTERS_MAX)
    if problem:
        return problem
    found = state.find_advice(order.advice)
    if found is None:
        return "no advice of this entry is owed: it was delivered or closed, or never was one"
    if order.act == "retry" and found[1].stage != AdviceStage.DEAD:
        return "it is no dead letter: the switch sends it by itself"
    return ""


def _text_problem(what: str, text: str, characters_max: int) -> str:
    if not text.strip() or len(text) > characters_max:
        return f"{what} must have 1 to {characters_max} characters"
    if not text.isprintable():
        return f"{what} must be one line without control characters"
    if _MAYBE_CARD.search(text):
        return f"{what} must not hold {PAN_DIGITS_MIN} digits in a row: it may be a card number"
    return ""


def carry_out(desk: Desk, order: AdviceOrdered) -> None:
    """An operator retries a dead letter, or closes an advice that nobody will take."""
    found = None if order_problem(desk.state, order) else desk.state.find_advice(order.advice)
    if found is None:
        desk.alarm("advice-order-refused", f"entry {order.advice}")
        return
    queue, advice = found
    if order.act == "retry":
        desk.record_fact(
            fact="advice-retried",
            participant=queue.participant_id,
            advice=advice.sequence,
            actor=order.actor,
        )
        queue.revive(advice)
    else:
        desk.record_fact(
            fact="advice-closed",
            participant=queue.participant_id,
            advice=advice.sequence,
            actor=order.actor,
            reason=order.reason,
        )
        desk.state.end_advice(queue.participant_id, advice.sequence)
        desk.watch_level(queue)
    desk.send_advices(queue.participant_id)
