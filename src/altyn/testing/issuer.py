"""An issuer of the simulated world: accounts, decisions and a book of its own.

Written from ISO 8583:1987 alone: it shares nothing with the switch but the codec. What it has
decided under a STAN, DE7 and DE32 it answers again and never does twice (F05). A reversal or an
advice that comes before its original is remembered, and the original is then declined (F09).
"""

from typing import Final

from altyn.message import Message
from altyn.testing.observations import IssuerEntry
from altyn.testing.scheme import BankPlan, CardPlan

__all__ = ["Issuer"]

CREDIT: Final = "20"
INQUIRIES: Final = ("30", "31")
ECHOED: Final[tuple[int, ...]] = (2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49)
CHIP_ANSWER: Final = bytes.fromhex("910A11223344556677883030")
_Leg = tuple[str, str]


class _Account:
    __slots__ = ("available", "card")

    def __init__(self, card: CardPlan) -> None:
        self.card = card
        self.available = card.balance


class _Decision:
    """What was decided and what stands of it; `billed` is what the account gave for that."""

    __slots__ = ("account", "amount", "billed", "code", "message", "standing", "told")

    def __init__(
        self, message: Message, account: _Account | None, code: str, amount: int, billed: int
    ) -> None:
        self.message = message
        self.account = account
        self.code = code
        self.amount = amount
        self.standing = amount
        self.billed = billed
        self.told = False

    def leave(self, standing: int) -> None:
        """Let only so much stand; the account gets its share of the rest back."""
        standing = min(standing, self.standing)
        if self.account is not None and self.standing:
            kept = self.billed * standing // self.standing
            self.account.available += self.billed - kept
            self.billed = kept
        self.standing = standing


class Issuer:
    """`answer` takes a message of the switch and gives what it deserves."""

    def __init__(self, plan: BankPlan) -> None:
        """An account for each card."""
        self.bank_id = plan.bank_id
        self._accounts = {card.pan: _Account(card) for card in plan.cards}
        self._decisions: dict[_Leg, _Decision] = {}
        self._answers: dict[tuple[str, str, str], Message] = {}
        self._undone_before: set[_Leg] = set()
        self._touched: dict[int, _Decision] = {}
        self._approvals = 0
        self.stopped = 0

    def answer(self, message: Message, month: str) -> Message:
        """The answer to a request, advice or reversal; `month` (YYMM) is now."""
        fields = message.fields
        key = (message.mti[:3], str(fields[11]), str(fields[7]))
        kept = self._answers.get(key)
        if kept is None:
            kind = message.mti[:3]
            if kind in ("040", "042"):
                code = self._reverse(message)
            elif kind in ("012", "022"):
                code = self._take_advice(message)
            else:
                code = self._decide(message, month)
            kept = self._answers[key] = self._written(message, code)
        return kept

    def close_day(self) -> tuple[IssuerEntry, ...]:
        """What was decided or changed since the last time; what cannot come again is let go."""
        entries = tuple(self._entry(decision) for decision in self._touched.values())
        for leg in [leg for leg, kept in self._decisions.items() if not kept.standing]:
            if self._decisions[leg].told:
                del self._decisions[leg]
            else:
                self._decisions[leg].told = True
        self._touched = {}
        self._answers = {}
        return entries

    def _decide(self, message: Message, month: str) -> str:
        fields = message.fields
        account = self._accounts.get(str(fields[2]))
        billed = int(str(fields.get(6) or fields[4])) if 4 in fields else 0
        service = str(fields[3])[:2]
        leg = (str(fields[11]), str(fields[7]))
        code = self._code(leg, account, billed if service != CREDIT else 0, month, fields)
        moves = code == "00" and service not in INQUIRIES
        if service == CREDIT:
            billed = -billed
        if moves and account is not None:
            account.available -= billed
        amount = int(str(fields[4])) if moves else 0
        self._keep(_Decision(message, account, code, amount, billed if moves else 0))
        return code

    def _code(
        self,
        leg: _Leg,
        account: _Account | None,
        cost: int,
        month: str,
        fields: dict[int, str | bytes],
    ) -> str:
        if leg in self._undone_before:
            return "21"
        if account is None:
            return "14"
        if account.card.conduct:
            return account.card.conduct
        if str(fields.get(14, "9912")) < month:
            return "54"
        return "51" if cost > account.available else "00"

    def _take_advice(self, message: Message) -> str:
        """What the scheme decided or an acquirer completed: it stands, whatever we think (F24)."""
        fields = message.fields
        account = self._accounts.get(str(fields[2]))
        if str(fields.get(39, "00")) not in ("00", "  "):
            self._keep(_Decision(message, account, str(fields[39]), 0, 0))
            return "00"
        original = self._original(message)
        if original is not None:
            original.leave(0)
            self._touched[id(original)] = original
        billed = int(str(fields.get(6) or fields[4]))
        if str(fields[3])[:2] == CREDIT:
            billed = -billed
        if account is not None:
            account.available -= billed
        self._keep(_Decision(message, account, "00", int(str(fields[4])), billed))
        return "00"

    def _reverse(self, message: Message) -> str:
        original = self._original(message)
        if original is not None:
            original.leave(int(str(message.fields.get(95, "0"))[:12]))
            self._touched[id(original)] = original
        return "00"

    def _original(self, message: Message) -> _Decision | None:
        """What DE90 names (positions 5-10 and 11-20); one that has not come is to be declined."""
        data = str(message.fields.get(90, ""))
        if not data:
            return None
        leg = (data[4:10], data[10:20])
        found = self._decisions.get(leg)
        if found is None:
            self._undone_before.add(leg)
        return found

    def _keep(self, decision: _Decision) -> None:
        fields = decision.message.fields
        self._decisions[str(fields[11]), str(fields[7])] = decision
        self._touched[id(decision)] = decision

    def _written(self, message: Message, code: str) -> Message:
        source = message.fields
        fields = {number: source[number] for number in ECHOED if number in source}
        fields[39] = code
        if code == "00" and message.mti[1] in "12":
            self._approvals = self._approvals % 999_999 + 1
            fields[38] = f"{self._approvals:06d}"
            if 55 in source:
                fields[55] = CHIP_ANSWER
        return Message(f"{message.mti[:2]}{int(message.mti[2]) + 1}0", fields)

    def _entry(self, decision: _Decision) -> IssuerEntry:
        message = decision.message
        fields = message.fields
        return IssuerEntry(
            self.bank_id,
            str(fields.get(32, "")).lstrip("0"),
            str(fields.get(37, "")),
            message.mti,
            str(fields[11]),
            str(fields[7]),
            str(fields.get(3, "")),
            int(str(fields.get(4, "0"))),
            str(fields.get(49, "")),
            decision.code,
            decision.standing,
        )
