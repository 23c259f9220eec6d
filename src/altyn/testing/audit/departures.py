"""What leaves the switch: nothing may that is not durable, asked for, and what was decided."""

from typing import Final

from altyn.card import unseal
from altyn.message import Message
from altyn.testing.audit.case import Case, OwedAdvice
from altyn.testing.audit.intake import key_of, text_of
from altyn.testing.audit.model import Model
from altyn.testing.observations import SwitchSent

__all__ = ["Departures"]

REPLY_LETTERS: Final = {"011": "1", "021": "2", "013": "a", "023": "b", "041": "r", "043": "r"}
FORWARDS: Final = frozenset({"010", "020"})
ADVICES: Final = frozenset({"012", "022", "042"})
BUSINESS_FIELDS: Final = (2, 3, 4, 15, 37, 38, 39, 41, 44, 49, 54, 55, 62, 63)
"""What two answers to one transaction must have in common (F05)."""
SEND_GRACE_US: Final = 2_000_000
"""A repeat decided before its acknowledgement came may leave with the batch that records it."""


class Departures:
    """Takes every frame that left the switch."""

    def __init__(self, model: Model) -> None:
        """Work on the auditor's model."""
        self._model = model

    def sent(self, seen: SwitchSent) -> None:
        """One frame."""
        head = seen.message.mti[:3]
        letter = REPLY_LETTERS.get(head)
        if letter is not None:
            self._reply(seen.link, seen.message, letter)
        elif head in FORWARDS:
            self._forward(seen.link, seen.message)
        elif head in ADVICES:
            self._advice(seen.link, seen.message)

    def _reply(self, link: str, message: Message, letter: str) -> None:
        model = self._model
        key = key_of(message, letter)
        asked = model.asked.get(key)
        name = text_of(message, 32).lstrip("0"), text_of(message, 37)
        if asked is None:
            model.fail("I2", "an answer to a message that was never read", name)
        if link not in asked.links:
            model.fail("I2", f"an answer over link {link}, from which nobody asked", name)
        asked.replies += 1
        asked.answered_ever += 1
        if asked.answered_ever > asked.read_ever:
            model.fail("I2", "more answers than messages", name)
        pan, amount = text_of(message, 2), int(text_of(message, 4) or "0")
        rrn = text_of(message, 37).rstrip()
        names_card = 2 in message.fields
        for content in asked.contents:
            said = content.pan if names_card else ""
            if (said, content.amount, content.rrn) == (pan, amount, rrn):
                break
        else:
            model.fail("I2", "the answer repeats other fields than were asked (DE2, 4, 37)", name)
        code = text_of(message, 39)
        case = model.cases.get(key)
        refused = code in model.refusals.get(key, ())
        if case is not None and case.state not in ("in flight", "marker") and code == case.code:
            if not refused:  # a refusal that is not remembered may have the same code
                self._same_answer(case, message)
        elif not refused:
            recorded = "nothing" if case is None else case.code or "no outcome yet"
            model.fail("I4", f"answer {code} left, the durable journal tells {recorded}", name)

    def _same_answer(self, case: Case, message: Message) -> None:
        model = self._model
        answer = tuple(message.fields.get(number) for number in BUSINESS_FIELDS)
        if case.replied is None:
            case.replied = answer
            code, date = text_of(message, 38).strip(), text_of(message, 15)
            model.expect("I2", code, case.authorization_code, "authorization code", case.name)
            day = f"{case.business_day % 10_000:04d}"
            model.expect("I2", date, day, "settlement date (DE15)", case.name)
            return
        if case.replied == answer:
            return
        differing = [
            number
            for number, one, other in zip(BUSINESS_FIELDS, case.replied, answer, strict=True)
            if one != other
        ]
        model.fail("I2", f"another answer than before, in fields {differing}", case.name)

    def _forward(self, link: str, message: Message) -> None:
        model = self._model
        stan = text_of(message, 11)
        case = model.by_stan.get((model.bank_of[link], stan))
        name = text_of(message, 32).lstrip("0"), text_of(message, 37)
        if not isinstance(case, Case) or case.issuer_transmission != text_of(message, 7):
            model.fail("I4", "a request went to its issuer before its record was durable", name)
        case.forwarded += 1
        model.expect("I2", case.forwarded, 1, "how often a request was forwarded", case.name)
        model.expect("I2", case.life, model.life, "the life in which it was forwarded", case.name)
        content = case.content
        assert content is not None, "a case that was started was asked"
        same = (
            text_of(message, 2) == content.pan
            and int(text_of(message, 4) or "0") == content.amount
            and text_of(message, 37).rstrip() == content.rrn
            and text_of(message, 3) == content.processing_code
        )
        model.expect("I2", same, True, "that the issuer is asked what was asked", case.name)
        settled = text_of(message, 5)
        if settled:
            model.expect("I1", int(settled), case.settlement_amount, "DE5", case.name)

    def _advice(self, link: str, message: Message) -> None:
        model = self._model
        issuer = model.bank_of[link]
        advice = model.by_stan.get((issuer, text_of(message, 11)))
        name = text_of(message, 32).lstrip("0"), text_of(message, 37)
        if not isinstance(advice, OwedAdvice) or advice.transmission != text_of(message, 7):
            model.fail("I4", "an advice left that no durable record owes", name)
        if advice.state != "owed" and model.now - advice.ended_at > SEND_GRACE_US:
            model.fail("I6", f"an advice left that is {advice.state}", advice.name)
        advice.sends += 1
        same = (
            message.mti[:3] == advice.message_type[:3]
            and text_of(message, 2) == unseal(advice.pan)[:]
            and int(text_of(message, 4) or "0") == advice.amount
            and text_of(message, 90)[:20] == advice.original
            and int(text_of(message, 95)[:12] or "0") == advice.remaining
        )
        model.expect("I6", same, True, "that the advice says what is owed", advice.name)
        if advice.state == "owed":
            self._in_order(advice)

    def _in_order(self, advice: OwedAdvice) -> None:
        """The advices of a card reach their issuer one after another, oldest first."""
        waiting = self._model.owed_by_card.get((advice.issuer, advice.pan), {})
        first = min(waiting, default=advice.sequence)
        if first < advice.sequence:
            what = f"advice {advice.sequence} left while {first} of the same card is owed"
            self._model.fail("I6", what, advice.name)
