"""What the switch reads: requests remembered as they were asked, answers judged as they come."""

from typing import Final

from altyn.card import PAN_DIGITS_MAX
from altyn.message import Codec, Message, MessageError, load_codec
from altyn.testing.audit.case import Asked, Case, Content, OwedAdvice, Verdict, original_key_of
from altyn.testing.audit.claim import KEY_LETTERS, transaction_key
from altyn.testing.audit.model import Model
from altyn.testing.observations import SwitchRead
from altyn.transaction import APPROVAL_CODES, APPROVALS_NOT_SERVED

__all__ = ["Intake", "key_of", "text_of"]

REQUEST_KINDS: Final = {"010": 1, "020": 2, "012": 3, "022": 4, "040": 5, "042": 6}
ANSWER_KINDS: Final = {"011": 1, "021": 2}
ACKNOWLEDGEMENTS: Final = frozenset({"013", "023", "041", "043"})
SIGN_OFF: Final = "002"
WAITING_MAX: Final = 9
"""An original and eight repeats are answered together; more are not (I12)."""
ANSWER_MARGIN_US: Final = 15_000_000
VERDICTS_MAX: Final = 4
CONTENTS_MAX: Final = 16


def text_of(message: Message, number: int) -> str:
    """A field as text; empty when it is absent or binary."""
    value = message.fields.get(number, "")
    return value if isinstance(value, str) else ""


def key_of(message: Message, letter: str) -> str:
    """The key of a request, or of the reply that repeats its fields."""
    return transaction_key(
        letter,
        text_of(message, 32).strip().lstrip("0"),
        text_of(message, 11).strip(),
        text_of(message, 7).strip(),
        text_of(message, 41).rstrip(),
    )


class Intake:
    """Takes every frame that reached the switch."""

    def __init__(self, model: Model) -> None:
        """Work on the auditor's model."""
        self._model = model
        self._codecs: dict[str, Codec] = {}

    def read(self, seen: SwitchRead) -> None:
        """One frame."""
        codec = self._codecs.get(seen.link)
        if codec is None:
            codec = self._codecs[seen.link] = load_codec(self._model.views[seen.link].dialect)
        sound = True
        try:
            message = codec.decode(seen.frame)
        except MessageError as error:
            if error.partial is None:
                return
            message, sound = error.partial, False
        kind = REQUEST_KINDS.get(message.mti[:3])
        if kind is not None:
            self._request(seen, message, kind)
        elif message.mti[:3] in ANSWER_KINDS:
            self._answer(seen, message, ANSWER_KINDS[message.mti[:3]], sound)
        elif message.mti[:3] in ACKNOWLEDGEMENTS:
            self._acknowledgement(seen, message)
        elif message.mti[:3] == "080" and text_of(message, 70) == SIGN_OFF:
            self._model.lost_at[self._model.bank_of[seen.link]] = seen.at

    def _request(self, seen: SwitchRead, message: Message, kind: int) -> None:
        model = self._model
        key = key_of(message, KEY_LETTERS[kind])
        content = content_of(message, kind)
        epoch = model.epoch(seen.link)
        asked = model.asked.get(key)
        if asked is None:
            asked = model.asked[key] = Asked(seen.at, epoch, seen.link, content)
        asked.read(seen.at, epoch, seen.link, content)
        model.expect("I12", len(asked.contents) <= CONTENTS_MAX, True, "bound on variants")
        if len(content.pan) <= PAN_DIGITS_MAX:
            model.cards.add(content.pan)
        if asked.reads <= WAITING_MAX:
            limit = seen.at + model.answer_limit_us + ANSWER_MARGIN_US
            model.open.append((limit, key, seen.link, epoch, asked.reads))
        if kind >= 5:
            original = model.cases.get(
                original_key_of(
                    content.original,
                    text_of(message, 32).lstrip("0"),
                    text_of(message, 41).rstrip(),
                )
            )
            if original is not None and original.reversal_read_at < 0:
                original.reversal_read_at = seen.at

    def _answer(self, seen: SwitchRead, message: Message, kind: int, sound: bool) -> None:
        """An issuer's answer counts for the request in flight under its STAN and DE7 (F03)."""
        model = self._model
        case = model.by_stan.get((model.bank_of[seen.link], text_of(message, 11)))
        if not isinstance(case, Case) or case.state != "in flight" or case.life != model.life:
            return
        if text_of(message, 7) not in ("", case.issuer_transmission):
            return
        if len(case.verdicts) < VERDICTS_MAX:
            means = self._meaning(case, message, kind) if sound else "invalid"
            case.verdicts.append(
                Verdict(seen.at, means, text_of(message, 39), text_of(message, 38))
            )

    def _meaning(self, case: Case, message: Message, kind: int) -> str:
        content, code = case.content, text_of(message, 39)
        assert content is not None, "a case in flight has what was asked"
        amount, pan = text_of(message, 4), text_of(message, 2)
        if (
            kind != case.kind
            or (amount and int(amount) != content.amount)
            or (pan and pan != content.pan)
            or len(code) < 2
            or code in APPROVALS_NOT_SERVED
        ):
            return "invalid"
        return "approve" if code in APPROVAL_CODES else "decline"

    def _acknowledgement(self, seen: SwitchRead, message: Message) -> None:
        model = self._model
        advice = model.by_stan.get((model.bank_of[seen.link], text_of(message, 11)))
        if not isinstance(advice, OwedAdvice):
            return
        if text_of(message, 7) in ("", advice.transmission):
            advice.acknowledged.append(text_of(message, 39))


def content_of(message: Message, kind: int) -> Content:
    """What a request says, as far as the auditor needs it."""
    pan, track = text_of(message, 2), text_of(message, 35)
    expiry = text_of(message, 14).rstrip()
    if track:
        on_track = track.replace("D", "=").partition("=")
        pan = pan or on_track[0]
        expiry = expiry if 14 in message.fields else on_track[2][:4]
    amount, replacement = text_of(message, 4), text_of(message, 95)[:12]
    return Content(
        kind,
        pan,
        text_of(message, 3),
        int(amount) if amount.isdecimal() else 0,
        text_of(message, 49),
        text_of(message, 37).rstrip(),
        text_of(message, 18),
        expiry,
        text_of(message, 90),
        int(replacement) if replacement.isdecimal() else 0,
    )
