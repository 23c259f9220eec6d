"""A simulated issuer: accounts, decisions, and a memory that answers a repeat as before.

It is given messages and instants and gives messages back. A decision is kept under the key the
switch writes (DE11, DE7, DE32); a repeat gets the stored answer and moves no money (F05, F08). A
reversal finds its original by DE90, which carries the switch's own type, STAN and DE7; one that
comes before its original is remembered, and the original is then declined (F09).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from altyn.card import mask
from altyn.message import Message
from altyn.money import Rounding, currency_of, divide
from altyn.simulators.cards import CONDUCT_CODES, SimulatedCard
from altyn.simulators.network import (
    SIGN_OFF,
    SIGN_ON,
    Moment,
    answer_type,
    field_text,
    is_answer,
    network_answer,
    network_request,
)

__all__ = ["Account", "Decision", "IssuerFigures", "SimulatedIssuer"]

INSTITUTION_FIELD: Final = 33
REFUND: Final = "20"
INQUIRIES: Final = ("30", "31")
REVERSAL_TYPES: Final = ("0400", "0420")
ADVICE_TYPES: Final = ("0120", "0220")
REVERSED_BEFORE: Final = "21"
STAND_IN_SOURCES: Final = ("1", "4")
"""DE44, position 1, of what was decided in the place of an issuer."""
# Tag 91, issuer authentication data (EMV Book 3): what a chip would check.
_ISSUER_CHIP_DATA: Final = bytes.fromhex("910A11223344556677883030")
_ECHOED: Final[tuple[int, ...]] = (2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49)

State = Literal["declined", "stands", "reversed", "informed"]
Key = tuple[str, str, str]
RequestKey = tuple[str, str, str, str]
Leg = tuple[str, str]


@dataclass(slots=True)
class Account:
    """A card's account: `available` is in minor units of the card's billing currency."""

    card: SimulatedCard
    available: int


@dataclass(slots=True)
class Decision:
    """What was decided for one request and what stands of it.

    `amount` and `standing` are in minor units of the transaction currency, `billed` in those of
    the card: positive takes money from the account, negative gives (a refund).
    """

    mti: str
    stan: str
    transmission: str
    acquirer_id: str
    code: str
    approval: str
    amount: int
    standing: int
    billed: int
    state: State
    account: Account | None
    answer: Message

    @property
    def masked_pan(self) -> str:
        """The card, six digits, stars and four digits; empty for a card that is not ours."""
        return mask(self.account.card.pan) if self.account else ""


class IssuerFigures(NamedTuple):
    """Counts for a display and a comparison; `codes` by response code given.

    stand_ins: advices of what was decided in its place; regrets: those it would have refused.
    """

    requests: int
    repeats: int
    advices: int
    stand_ins: int
    regrets: int
    reversals: int
    unmatched_reversals: int
    codes: dict[str, int]


class SimulatedIssuer:
    """An issuer on one line: `connected` gives the sign-on, `receive` answers every message."""

    def __init__(
        self, institution_id: str, cards: Iterable[SimulatedCard], first_stan: int = 1
    ) -> None:
        """Open an account for each card. `first_stan` (1 to 999999) is for sign-on messages."""
        self.institution_id = institution_id
        self.accounts = {card.pan[:]: Account(card, card.balance) for card in cards}
        self.decisions: dict[Key, Decision] = {}
        self.signed_on = False
        self._legs: dict[Leg, Decision] = {}
        self._reversed_before: set[Leg] = set()
        self._acknowledged: dict[RequestKey, Message] = {}
        self._counts: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._next_stan = first_stan
        self._approvals = 0

    @property
    def figures(self) -> IssuerFigures:
        """What it has done so far."""
        count = self._counts
        return IssuerFigures(
            requests=count["requests"],
            repeats=count["repeats"],
            advices=count["advices"],
            stand_ins=count["stand_ins"],
            regrets=count["regrets"],
            reversals=count["reversals"],
            unmatched_reversals=count["unmatched"],
            codes=dict(self._codes),
        )

    def connected(self, moment: Moment) -> list[Message]:
        """The line is up: the sign-on."""
        self.signed_on = False
        return [self._network(SIGN_ON, moment)]

    def sign_off(self, moment: Moment) -> list[Message]:
        """The sign-off, before the line is closed on purpose."""
        return [self._network(SIGN_OFF, moment)]

    def disconnected(self) -> None:
        """The line broke."""
        self.signed_on = False

    def receive(self, message: Message, moment: Moment) -> list[Message]:
        """Take a message from the line; the answer, if it wants one, comes back."""
        kind = message.mti[:3] + "0"
        if kind == "0800":
            return [network_answer(message)]
        if message.mti == "0810":
            if field_text(message, 70) == SIGN_ON:
                self.signed_on = field_text(message, 39) == "00"
            return []
        if is_answer(message.mti):
            return []
        key = _key(message)
        stored = self._acknowledged.get(key)
        if stored is not None:
            self._counts["repeats"] += 1
            return [stored]
        answer = self._answer(kind, message, moment)
        self._acknowledged[key] = answer
        return [answer]

    def _answer(self, kind: str, message: Message, moment: Moment) -> Message:
        if kind in REVERSAL_TYPES:
            return self._reverse(message)
        if kind in ADVICE_TYPES:
            return self._advised(message, moment)
        return self._decide(message, moment)

    def _decide(self, message: Message, moment: Moment) -> Message:
        self._counts["requests"] += 1
        account = self.accounts.get(field_text(message, 2))
        billed = _billed(message)
        code = self._code(message, account, billed, moment)
        moves = code == "00" and _service(message) not in INQUIRIES
        if moves and account is not None:
            account.available -= billed
        approval = ""
        if code == "00":
            self._approvals += 1
            approval = f"{self._approvals:06d}"
        self._codes[code] += 1
        answer = _answer_to(message, code, approval, account)
        state: State = "declined" if code != "00" else "stands" if moves else "informed"
        self._keep(message, code, approval, billed if moves else 0, state, account, answer)
        return answer

    def _code(self, message: Message, account: Account | None, billed: int, moment: Moment) -> str:
        """The response code; the first reason that holds is the one that is given."""
        if (field_text(message, 11), field_text(message, 7)) in self._reversed_before:
            return REVERSED_BEFORE
        if account is None:
            return "14"
        code = CONDUCT_CODES.get(account.card.conduct, "00")
        if account.card.conduct == "short":
            code = "51" if billed > account.available else "00"
        if code == "00" and _past(field_text(message, 14), moment):
            return "54"
        if code == "00" and billed > account.available:
            return "51"
        return code

    def _keep(
        self,
        message: Message,
        code: str,
        approval: str,
        billed: int,
        state: State,
        account: Account | None,
        answer: Message,
    ) -> Decision:
        stan, transmission = field_text(message, 11), field_text(message, 7)
        acquirer_id = field_text(message, 32)
        amount = int(field_text(message, 4) or "0")
        decision = Decision(
            mti=message.mti,
            stan=stan,
            transmission=transmission,
            acquirer_id=acquirer_id,
            code=code,
            approval=approval,
            amount=amount,
            standing=amount if state == "stands" else 0,
            billed=billed,
            state=state,
            account=account,
            answer=answer,
        )
        self.decisions[stan, transmission, acquirer_id] = decision
        self._legs[stan, transmission] = decision
        return decision

    def _advised(self, message: Message, moment: Moment) -> Message:
        """A completion, or word of a stand-in: the effect stands, whatever the issuer thinks of it.

        Of a stand-in it says by DE39 what it would have decided itself (F24).
        """
        is_stand_in = field_text(message, 44)[:1] in STAND_IN_SOURCES
        self._counts["stand_ins" if is_stand_in else "advices"] += 1
        account = self.accounts.get(field_text(message, 2))
        original = self._legs.get(_original_leg(message))
        billed = _billed(message)
        if original is not None and original.state == "stands":
            if 6 not in message.fields and original.standing:
                # Without a billing amount the customer pays the share of the one that was held.
                amount = int(field_text(message, 4) or "0")
                billed = divide(original.billed * amount, original.standing, Rounding.HALF_UP)
            # The final amount takes the place of the amount that was held.
            self._give_back(original, 0)
        code = self._code(message, account, billed, moment) if is_stand_in else "00"
        if code != "00":
            self._counts["regrets"] += 1
        if account is not None:
            account.available -= billed
        answer = _answer_to(message, code, "", account)
        self._keep(message, code, "", billed, "stands", account, answer)
        return answer

    def _reverse(self, message: Message) -> Message:
        self._counts["reversals"] += 1
        leg = _original_leg(message)
        original = self._legs.get(leg)
        if original is None:
            self._counts["unmatched"] += 1
            self._reversed_before.add(leg)
        elif original.state == "stands":
            self._give_back(original, int(field_text(message, 95)[:12] or "0"))
        return _answer_to(message, "00", "", None)

    def _give_back(self, decision: Decision, standing: int) -> None:
        """Leave `standing` of a decision (transaction currency) and give the rest back."""
        standing = min(standing, decision.standing)
        # The issuer's own rule for its customer: the billed amount shrinks in proportion.
        kept = 0
        if standing:
            kept = divide(decision.billed * standing, decision.standing, Rounding.HALF_UP)
        if decision.account is not None:
            decision.account.available += decision.billed - kept
        decision.billed = kept
        decision.standing = standing
        decision.state = "stands" if standing else "reversed"

    def _network(self, code: str, moment: Moment) -> Message:
        stan = f"{self._next_stan:06d}"
        self._next_stan = self._next_stan % 999_999 + 1
        return network_request(code, stan, moment, INSTITUTION_FIELD, self.institution_id)


def _key(message: Message) -> RequestKey:
    # The third digit tells a request from a reversal; repeats differ in the fourth only.
    stan, transmission = field_text(message, 11), field_text(message, 7)
    return message.mti[:3], stan, transmission, field_text(message, 32)


def _service(message: Message) -> str:
    return field_text(message, 3)[:2]


def _billed(message: Message) -> int:
    """What the cardholder pays, minor units of the billing currency; negative for a refund."""
    # DE6 is there when the billing currency is not the transaction's.
    amount = int(field_text(message, 6) or field_text(message, 4) or "0")
    return -amount if _service(message) == REFUND else amount


def _past(expiry: str, moment: Moment) -> bool:
    """Whether a card is past the last moment of its month (T10); an absent expiry is not."""
    return bool(expiry) and expiry < moment.utc.strftime("%y%m")


def _original_leg(message: Message) -> Leg:
    """STAN and DE7 of the original, from DE90 (positions 5-10 and 11-20)."""
    original = field_text(message, 90)
    return original[4:10], original[10:20]


def _answer_to(message: Message, code: str, approval: str, account: Account | None) -> Message:
    fields = {n: message.fields[n] for n in _ECHOED if n in message.fields}
    fields[39] = code
    if approval:
        fields[38] = approval
    if code == "00" and account is not None and _service(message) in INQUIRIES:
        fields[54] = _balance(account)
    if 55 in message.fields and message.mti[:3] in ("010", "020"):
        fields[55] = _ISSUER_CHIP_DATA
    return Message(answer_type(message.mti), fields)


def _balance(account: Account) -> str:
    """DE54: account type 00, amount type 02 (available), currency, C or D, twelve digits."""
    sign = "D" if account.available < 0 else "C"
    # Twelve digits hold no more; an account beyond is shown as the most they can say.
    amount = min(abs(account.available), 10**12 - 1)
    return f"0002{currency_of(account.card.currency).numeric}{sign}{amount:012d}"
