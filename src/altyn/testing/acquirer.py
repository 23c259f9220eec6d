"""An acquirer of the simulated world: a day's business, its rule of repeats, its own book.

Every kind of business is a play: a generator that yields messages and is sent their answers. A
request that is not answered is repeated; after that it is taken back by a reversal, which is
repeated until it is answered, whatever comes (F13, F20, F21). Written from ISO 8583:1987 alone.
"""

from collections import deque
from collections.abc import Callable, Generator
from random import Random
from typing import Final

from altyn.message import Message
from altyn.testing.observations import AcquirerEntry
from altyn.testing.schedule import Schedule
from altyn.testing.scheme import BankPlan, CardPlan

__all__ = ["Acquirer"]

FIRST_WAIT_US: Final = 11_000_000
LONGEST_WAIT_US: Final = 30_000_000
REPEATS_MAX: Final = 2
CARRIED_OVER: Final = 20
KEPT: Final[tuple[int, ...]] = (2, 3, 4, 12, 13, 14, 18, 22, 25, 32, 37, 41, 42, 43, 49)
"""What a reversal or completion says again of its original."""
MAY_DIFFER_LATER: Final = frozenset({"", "30", "58", "91", "94", "96"})
"""Answers that need not bind the switch for ever: it may not even know who asked."""
NOT_TAKEN: Final = frozenset({"09", "91", "96"})
"""Answers that say nothing of a message that was, or must be, sent more than once."""
APPROVED: Final = "00"
CHIP_DATA: Final = bytes.fromhex("9F26080123456789ABCDEF9F3602001C95050000008000")
PIN_BLOCK: Final = bytes.fromhex("8F2C9A41D0E6B357")

Ask = tuple[Message, bool]
"""A message, and whether it is repeated until answered (else it is taken back in the end)."""
Play = Generator[Ask, str, None]


class Deal:
    """One business transaction as the acquirer sees it."""

    __slots__ = ("amount", "code", "request", "standing")

    def __init__(self, request: Message) -> None:
        self.request = request
        self.amount = int(str(request.fields[4]))
        self.standing = 0
        self.code = ""


class Exchange:
    """One message sent, and what became of it."""

    __slots__ = (
        "answer",
        "attempts",
        "deal",
        "in_book",
        "message",
        "open",
        "patient",
        "play",
        "takes_back",
    )

    def __init__(self, message: Message, deal: Deal, play: Play, patient: bool) -> None:
        self.message = message
        self.deal = deal
        self.play = play
        self.patient = patient
        self.attempts = 0
        self.answer = ""
        self.open = True
        self.takes_back = False
        self.in_book = True


Key = tuple[str, object, object]


class Acquirer:
    """`begin` starts a business; `receive` takes answers; `send` is how messages leave."""

    def __init__(
        self,
        plan: BankPlan,
        cards: list[CardPlan],
        schedule: Schedule,
        dice: Random,
        transmission: Callable[[], str],
        send: Callable[[Message, str], None],
        number: int,
    ) -> None:
        """An empty book; `cards` are those of all banks, `transmission` writes DE7 of now."""
        self.plan = plan
        self._cards = cards
        self._schedule = schedule
        self._dice = dice
        self._transmission = transmission
        self._send = send
        self._number = number
        self._stan = 999_000 + dice.randrange(900)
        self._rrns = 0
        self._waiting: dict[Key, Exchange] = {}
        self._given_up: set[Key] = set()
        self._book: list[Exchange] = []
        self._deal = Deal(Message("0200", {4: "0"}))
        self._answered: deque[tuple[Message, Deal]] = deque(maxlen=300)
        self._carried: list[Deal] = []
        self._plays = (
            (self._sale, 30),
            (self._cash, 10),
            (self._refund, 5),
            (self._inquiry, 4),
            (self._verification, 2),
            (self._completed, 12),
            (self._taken_back, 8),
            (self._partly_taken_back, 6),
            (self._taken_back_twice, 3),
            (self._too_much_taken_back, 2),
            (self._overtaken, 2),
            (self._never_sent, 1),
            (self._changed, 2),
            (self._wrong_card, 3),
            (self._foreign, 1),
            (self._asked_again, 3),
            (self._taken_back_late, 2),
        )
        self._kinds = [play for play, weight in self._plays for _ in range(weight)]

    @property
    def idle(self) -> bool:
        """Whether every message was answered."""
        return not self._waiting

    @property
    def waiting(self) -> int:
        """How many messages wait for their answers."""
        return len(self._waiting)

    def begin(self) -> None:
        """Start one more business."""
        kind = self._kinds[int(self._dice.random() * len(self._kinds))]
        self._advance(kind(), None)

    def receive(self, message: Message) -> None:
        """Take an answer; one that nobody waits for any more says nothing new."""
        fields = message.fields
        key = (message.mti, fields.get(11), fields.get(7))
        exchange = self._waiting.get(key)
        if exchange is None:
            return
        if fields[39] in NOT_TAKEN and (exchange.patient or exchange.attempts > 1):
            return  # of a repeat it says nothing about what became of the first
        del self._waiting[key]
        exchange.open = False
        exchange.answer = str(fields[39])
        if exchange.answer in NOT_TAKEN:
            self._given_up.add(key)
        if exchange.takes_back:
            exchange.deal.standing = 0
            self._advance(exchange.play, "")
            return
        if exchange.message.mti in ("0100", "0200"):
            exchange.deal.code = exchange.answer
            if exchange.answer not in MAY_DIFFER_LATER:
                self._answered.append((exchange.message, exchange.deal))
        self._advance(exchange.play, exchange.answer)

    def stands_by(self, message: Message) -> bool:
        """Whether a message may still be sent once more: not one that was answered 91 or 96,
        which the switch may not even remember."""
        return _answer_key(message) not in self._given_up

    def close_day(self) -> tuple[AcquirerEntry, ...]:
        """The book since the last time; a few deals stay in mind to be taken back tomorrow."""
        entries = tuple(self._entry(exchange) for exchange in self._book if exchange.in_book)
        standing = [x.deal for x in self._book if x.deal.standing and x.message.mti == "0200"]
        self._carried = standing[:CARRIED_OVER]
        self._given_up.clear()
        self._book = []
        return entries

    # How messages leave and come back

    def _advance(self, play: Play, answer: str | None) -> None:
        try:
            message, patient = next(play) if answer is None else play.send(answer)
        except StopIteration:
            return
        exchange = Exchange(message, self._deal, play, patient)
        exchange.in_book = message.mti[3] == "0"  # what is asked again is in the book already
        self._open(exchange)

    def _open(self, exchange: Exchange) -> None:
        message = exchange.message
        self._book.append(exchange)
        self._waiting[_answer_key(message)] = exchange
        self._transmit(exchange, message)

    def _transmit(self, exchange: Exchange, message: Message) -> None:
        exchange.attempts += 1
        wait = min(FIRST_WAIT_US * exchange.attempts, LONGEST_WAIT_US)
        self._schedule.after(wait, self._overdue, exchange, exchange.attempts)
        self._send(message, "")

    def _overdue(self, exchange: Exchange, attempts: int) -> None:
        if not exchange.open or exchange.attempts != attempts:
            return
        message = exchange.message
        if exchange.patient or attempts <= REPEATS_MAX:
            self._transmit(exchange, Message(message.mti[:3] + "1", message.fields))
            return
        exchange.open = False
        del self._waiting[_answer_key(message)]
        taking_back = Exchange(
            self._reversal(message, 0, self._take_stan()), exchange.deal, exchange.play, True
        )
        taking_back.takes_back = True
        self._open(taking_back)

    # What messages say

    def _take_stan(self) -> str:
        self._stan = self._stan + 1 if self._stan < 999_999 else 1
        return f"{self._stan:06d}"

    def _request(self, mti: str, service: str, card: CardPlan, amount: int) -> Message:
        dice, plan = self._dice, self.plan
        self._rrns += 1
        stan, transmission = self._take_stan(), self._transmission()
        currency = "840" if dice.random() < 0.1 else _NUMERIC[plan.currency]
        fields: dict[int, str | bytes] = {
            2: card.pan,
            3: service + "0000",
            4: f"{amount:012d}",
            7: transmission,
            11: stan,
            12: transmission[4:],
            13: transmission[:4],
            14: card.expiry,
            18: "6011" if service == "01" else "5411",
            22: "051",
            25: "00",
            32: plan.institution,
            37: f"{self._number:02d}{self._rrns:010d}",
            41: f"TERM{dice.randrange(40):04d}",
            42: "SHOP".ljust(15),
            43: "Shop under test".ljust(38) + plan.country,
            49: currency,
        }
        if dice.random() < 0.3:
            fields[55] = CHIP_DATA
        if service == "01":
            fields[52] = PIN_BLOCK
        message = Message(mti, fields)
        self._deal = Deal(message)
        return message

    def _reversal(self, original: Message, standing: int, stan: str) -> Message:
        source = original.fields
        fields = {number: source[number] for number in KEPT if number in source}
        fields[7] = self._transmission()
        fields[11] = stan
        fields[90] = _original_data(original)
        if standing:
            fields[95] = f"{standing:012d}".ljust(42, "0")
        return Message("0400", fields)

    def _card(self) -> CardPlan:
        return self._cards[int(self._dice.random() * len(self._cards))]

    def _amount(self) -> int:
        return int(10 ** (2 + 5 * self._dice.random()))

    # Plays

    def _ask(self, mti: str, service: str, amount: int) -> Generator[Ask, str, Deal]:
        """Send a request; gives the deal with what stands of it."""
        message = self._request(mti, service, self._card(), amount)
        deal = self._deal
        code = yield message, False
        deal.code = code
        if code == APPROVED:
            deal.standing = amount
        return deal

    def _take_back(self, deal: Deal, standing: int) -> Generator[Ask, str, str]:
        """Reverse a deal but for what stands; gives the answer."""
        self._deal = deal
        code = yield self._reversal(deal.request, standing, self._take_stan()), True
        if not standing:
            deal.standing = 0
        elif code == APPROVED:
            deal.standing = min(deal.standing, standing)
        return code

    def _sale(self) -> Play:
        yield from self._ask("0200", "00", self._amount())

    def _cash(self) -> Play:
        yield from self._ask("0200", "01", self._amount())

    def _refund(self) -> Play:
        yield from self._ask("0200", "20", self._amount())

    def _inquiry(self) -> Play:
        message = self._request("0100", "31", self._card(), 0)
        yield message, False

    def _verification(self) -> Play:
        message = self._request("0100", "00", self._card(), 0)
        yield message, False

    def _completed(self) -> Play:
        deal = yield from self._ask("0100", "00", self._amount())
        if not deal.standing:
            return
        final = deal.amount if self._dice.random() < 0.4 else 1 + self._dice.randrange(deal.amount)
        self._deal = deal
        source = deal.request.fields
        fields = {number: source[number] for number in KEPT if number in source}
        fields[4] = f"{final:012d}"
        fields[7] = self._transmission()
        fields[11] = self._take_stan()
        fields[90] = _original_data(deal.request)
        code = yield Message("0220", fields), True
        if code == APPROVED:
            deal.standing = final

    def _taken_back(self) -> Play:
        deal = yield from self._ask(self._dice.choice(("0100", "0200")), "00", self._amount())
        if deal.standing:
            yield from self._take_back(deal, 0)

    def _partly_taken_back(self) -> Play:
        deal = yield from self._ask(self._dice.choice(("0100", "0200")), "00", self._amount())
        if deal.standing > 1:
            yield from self._take_back(deal, 1 + self._dice.randrange(deal.standing - 1))

    def _taken_back_twice(self) -> Play:
        deal = yield from self._ask("0200", "00", self._amount())
        for _ in range(2):
            if deal.standing > 1:
                standing = 1 + self._dice.randrange(deal.standing - 1)
                whole = self._dice.random() < 0.4
                yield from self._take_back(deal, 0 if whole else standing)
        if self._dice.random() < 0.5 and deal.code == APPROVED:
            yield from self._take_back(deal, 0)

    def _too_much_taken_back(self) -> Play:
        """What stands after a reversal cannot be more than what stood (F16)."""
        deal = yield from self._ask("0200", "00", self._amount())
        if deal.standing:
            yield from self._take_back(deal, deal.standing + self._dice.randrange(1000))

    def _overtaken(self) -> Play:
        """A reversal comes before its original (F09)."""
        request = self._request("0200", "00", self._card(), self._amount())
        deal = self._deal
        yield from self._take_back(deal, 0)
        self._deal = deal
        code = yield request, False
        if code == APPROVED:
            deal.standing = deal.amount

    def _never_sent(self) -> Play:
        """A reversal whose original never comes (F10)."""
        self._request("0200", "00", self._card(), self._amount())
        yield from self._take_back(self._deal, 0)

    def _changed(self) -> Play:
        """The same key with another amount is another message, and is refused (F07)."""
        deal = yield from self._ask("0200", "00", self._amount())
        if deal.standing:
            other = {**deal.request.fields, 4: f"{deal.amount + 1:012d}"}
            self._deal = deal
            yield Message("0200", other), True

    def _wrong_card(self) -> Play:
        card = self._card()
        wrong = self._dice.choice(("9999991000000000", card.pan[:-1] + "0", "0" * 16))
        message = self._request("0200", "00", card._replace(pan=wrong), self._amount())
        deal = self._deal
        code = yield message, False
        if code == APPROVED:
            deal.standing = deal.amount

    def _foreign(self) -> Play:
        """Another bank's name in DE32 (F34): nothing of it is believed, so nothing is repeated."""
        message = self._request("0200", "00", self._card(), self._amount())
        foreign = Message("0200", {**message.fields, 32: "499999"})
        self._deal = Deal(foreign)
        yield foreign, True

    def _asked_again(self) -> Play:
        """A request of long ago is repeated: it may have left memory, the answer has not."""
        if not self._answered:
            return
        message, deal = self._answered[int(self._dice.random() * len(self._answered))]
        if _answer_key(message) in self._waiting:
            return
        self._deal = Deal(message)
        self._deal.standing = deal.standing
        yield Message(message.mti[:3] + "1", message.fields), True

    def _taken_back_late(self) -> Play:
        """A deal of the day before is taken back (F18)."""
        if not self._carried:
            return
        deal = self._carried.pop()
        if deal.standing:
            yield from self._take_back(deal, 0)

    def _entry(self, exchange: Exchange) -> AcquirerEntry:
        message, deal = exchange.message, exchange.deal
        fields = message.fields
        original = str(fields.get(90, ""))
        return AcquirerEntry(
            self.plan.bank_id,
            str(fields[32]),
            str(fields[37]),
            message.mti,
            str(fields[11]),
            str(fields[7]),
            (original[:4], original[4:10], original[10:20]),
            str(fields[3]),
            int(str(fields[4])),
            str(fields[49]),
            exchange.answer,
            deal.standing,
            not exchange.open,
        )


_NUMERIC: Final = {"KZT": "398", "RUB": "643", "TRY": "949", "KWD": "414", "USD": "840"}
"""Numeric codes of the world's currencies (ISO 4217)."""


def _answer_key(message: Message) -> Key:
    mti, fields = message.mti, message.fields
    return f"{mti[:2]}{int(mti[2]) + 1}0", fields[11], fields[7]


def _original_data(original: Message) -> str:
    """DE90 (n42): type, STAN, DE7, acquirer, forwarder."""
    fields = original.fields
    acquirer = str(fields[32]).zfill(11)
    return f"{original.mti[:3]}0{fields[11]!s}{fields[7]!s}{acquirer}{'0' * 11}"
