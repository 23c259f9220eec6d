"""A simulated acquirer: plays scripts, keeps books, repeats what is not answered.

It is given messages and instants and gives messages back; sockets, files and clocks are its
process's business (`altyn.runtime.demo`). Every request it sends stays open until it is answered:
after a time-out or a broken line it is sent again as a repeat, and after enough of that taken back
by a reversal, which is repeated without end (failure scenarios F13, F20, F21).
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from altyn.message import Message
from altyn.simulators.network import (
    SIGN_OFF,
    SIGN_ON,
    Moment,
    answer_type,
    field_text,
    is_answer,
    network_answer,
    network_request,
    repeat_type,
)
from altyn.simulators.requests import TradeSide, completion, purchase, reversal
from altyn.simulators.script import Play, Step

__all__ = ["AcquirerTerms", "Exchange", "SimulatedAcquirer", "Surprise", "Tally"]

INSTITUTION_FIELD: Final = 32
STAN_MAX: Final = 999_999
ADVICE_TYPES: Final = ("0220", "0400", "0420")
"""Messages that must reach the switch: they are repeated until answered, never given up."""

Fate = Literal["waiting", "answered", "lost", "abandoned"]
Key = tuple[str, str, str]


class AcquirerTerms(NamedTuple):
    """How patient an acquirer is: it waits, repeats so often, then reverses."""

    answer_timeout_ms: int = 15_000
    repeats_max: int = 2


@dataclass(slots=True)
class Exchange:
    """A request sent and what became of it; `attempts` counts every sending."""

    play: Play
    position: int
    step: Step
    request: Message
    first_sent_us: int
    sent_us: int
    attempts: int = 1
    answer: Message | None = None
    fate: Fate = "waiting"
    takes_back: bool = False

    @property
    def key(self) -> Key:
        """What the answer to it must carry: message type, STAN (DE11), DE7."""
        return _key(answer_type(self.request.mti), self.request)


class Surprise(NamedTuple):
    """An answer that the script did not expect; holds no card data."""

    play_id: str
    kind: str
    action: str
    code: str
    what: str


@dataclass(slots=True)
class Tally:
    """Figures for a display: messages sent, answers, plays done, latencies in microseconds."""

    sent: int = 0
    answered: int = 0
    plays_done: int = 0
    late: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    latencies_us: list[int] = field(default_factory=list)
    surprises: list[Surprise] = field(default_factory=list)


def _key(mti: str, message: Message) -> Key:
    return mti, field_text(message, 11), field_text(message, 7)


class SimulatedAcquirer:
    """An acquirer on one line.

    The line's life: `connected` gives the sign-on; `receive` takes every message; `due` gives
    what is to be sent now and must be called again after each of them and as time passes;
    `disconnected` says that the line broke. Nothing is sent before the sign-on is answered.
    """

    def __init__(
        self, side: TradeSide, terms: AcquirerTerms | None = None, first_stan: int = 1
    ) -> None:
        """Start with empty books; STANs run from `first_stan` (1 to 999999) and wrap (T07)."""
        self.side = side
        self.terms = terms or AcquirerTerms()
        self.signed_on = False
        self.tally = Tally()
        self.exchanges: list[Exchange] = []
        self._waiting: dict[Key, Exchange] = {}
        self._plays: deque[Play] = deque()
        self._running = 0
        self._window = 1
        self._next_stan = first_stan
        self._first_requests: dict[str, Exchange] = {}
        self._sign_on_key: Key | None = None
        self._resend: list[Exchange] = []

    @property
    def idle(self) -> bool:
        """Whether every play given is over and nothing waits for an answer."""
        return not self._plays and not self._running and not self._waiting

    @property
    def unanswered(self) -> int:
        """How many requests wait for an answer."""
        return len(self._waiting)

    def begin(self, plays: Iterable[Play], window: int) -> None:
        """Add plays to those to be done, at most `window` of them side by side."""
        assert window > 0, "a window of no plays would never end"
        self._plays.extend(plays)
        self._window = window

    @property
    def not_begun(self) -> int:
        """How many plays given have not begun."""
        return len(self._plays)

    def begin_no_more(self) -> None:
        """Forget the plays that have not begun; those under way go on to their end."""
        self._plays.clear()

    def connected(self, moment: Moment) -> list[Message]:
        """The line is up: the sign-on."""
        self.signed_on = False
        request = self._network(SIGN_ON, moment)
        self._sign_on_key = _key("0810", request)
        return [request]

    def sign_off(self, moment: Moment) -> list[Message]:
        """The sign-off, before the line is closed on purpose."""
        self.signed_on = False
        return [self._network(SIGN_OFF, moment)]

    def disconnected(self) -> None:
        """The line broke. Whatever waits for an answer will be sent again after the sign-on."""
        self.signed_on = False
        self._resend = list(self._waiting.values())

    def receive(self, message: Message, moment: Moment) -> list[Message]:
        """Take a message from the line; what must be sent at once comes back."""
        if message.mti == "0800":
            return [network_answer(message)]
        if not is_answer(message.mti):
            return []
        key = _key(message.mti, message)
        if key == self._sign_on_key:
            self.signed_on = field_text(message, 39) == "00"
            return []
        exchange = self._waiting.pop(key, None)
        if exchange is None:
            self.tally.late += message.mti != "0810"
            return []
        return self._answered(exchange, message, moment)

    def due(self, moment: Moment) -> list[Message]:
        """What is to be sent now: repeats after a break, repeats after time-outs, new plays."""
        if not self.signed_on:
            return []
        messages = [self._again(exchange, moment) for exchange in self._resend]
        self._resend = []
        messages += self._overdue(moment)
        while self._plays and self._running < self._window:
            play = self._plays.popleft()
            self._running += 1
            messages.append(self._send(play, 0, moment))
        return messages

    def _answered(self, exchange: Exchange, answer: Message, moment: Moment) -> list[Message]:
        self.tally.answered += 1
        exchange.answer = answer
        exchange.fate = "lost" if exchange.step.answer_lost else "answered"
        if exchange.attempts == 1:
            self.tally.latencies_us.append(moment.monotonic_us - exchange.first_sent_us)
        play = exchange.play
        if exchange.takes_back:
            self._count(play.kind, "taken back", field_text(answer, 39))
            return self._done()
        self._judge(exchange, answer)
        position = exchange.position + 1
        refused = exchange.step.action == "request" and field_text(answer, 39) != "00"
        if refused:
            # Nothing stands that could be completed or taken back; a repeat still makes sense.
            while position < len(play.steps) and play.steps[position].action != "repeat":
                position += 1
        if position == len(play.steps):
            return self._done()
        return [self._send(play, position, moment)]

    def _done(self) -> list[Message]:
        self._running -= 1
        self.tally.plays_done += 1
        return []

    def _judge(self, exchange: Exchange, answer: Message) -> None:
        """Count the answer, and note it when the script expected another."""
        play, step = exchange.play, exchange.step
        code = field_text(answer, 39)
        self._count(play.kind, step.action, code)
        if code not in step.expected:
            self._surprise(exchange, code, "the script expected another response code")
        if step.action == "repeat":
            before = self._answer_before(exchange)
            if before is not None and before.fields != answer.fields:
                self._surprise(exchange, code, "the repeat was answered differently (F05)")

    def _answer_before(self, exchange: Exchange) -> Message | None:
        """The answer to the message that this repeat repeats."""
        stan, transmission = exchange.request.fields[11], exchange.request.fields[7]
        for earlier in reversed(self.exchanges):
            same = earlier.request.fields
            if earlier is not exchange and (same[11], same[7]) == (stan, transmission):
                return earlier.answer
        return None

    def _count(self, kind: str, action: str, code: str) -> None:
        outcome = f"{kind}/{action}/{code}"
        self.tally.outcomes[outcome] = self.tally.outcomes.get(outcome, 0) + 1

    def _surprise(self, exchange: Exchange, code: str, what: str) -> None:
        play, step = exchange.play, exchange.step
        self.tally.surprises.append(Surprise(play.play_id, play.kind, step.action, code, what))

    def _send(self, play: Play, position: int, moment: Moment) -> Message:
        step = play.steps[position]
        request = self._request(play, position, moment)
        now_us = moment.monotonic_us
        exchange = Exchange(play, position, step, request, now_us, now_us)
        if position == 0 and step.action == "request":
            self._first_requests[play.play_id] = exchange
        return self._open(exchange)

    def _open(self, exchange: Exchange) -> Message:
        self.exchanges.append(exchange)
        self._waiting[exchange.key] = exchange
        self.tally.sent += 1
        return exchange.request

    def _request(self, play: Play, position: int, moment: Moment) -> Message:
        step = play.steps[position]
        if step.action == "request":
            return purchase(self.side, play, step, self._stan(), moment)
        if step.action == "repeat":
            before = self._last_of(play)
            return Message(repeat_type(before.request.mti), dict(before.request.fields))
        original = self._first_requests[step.original_id or play.play_id]
        if step.action == "completion":
            return completion(self.side, step, original.request, self._stan(), moment)
        return reversal(step, original.request, original.answer, self._stan(), moment)

    def _last_of(self, play: Play) -> Exchange:
        return next(entry for entry in reversed(self.exchanges) if entry.play is play)

    def _overdue(self, moment: Moment) -> list[Message]:
        limit_us = moment.monotonic_us - self.terms.answer_timeout_ms * 1000
        # All are looked at: few wait at a time, and a repeat moves an exchange's instant.
        late = [exchange for exchange in self._waiting.values() if exchange.sent_us <= limit_us]
        return [self._again(exchange, moment) for exchange in late]

    def _again(self, exchange: Exchange, moment: Moment) -> Message:
        """The same message as a repeat, or the reversal that takes it back for good."""
        patient = exchange.attempts <= self.terms.repeats_max
        if patient or exchange.request.mti[:3] + "0" in ADVICE_TYPES:
            exchange.attempts += 1
            exchange.sent_us = moment.monotonic_us
            self.tally.sent += 1
            return Message(repeat_type(exchange.request.mti), exchange.request.fields)
        del self._waiting[exchange.key]
        exchange.fate = "abandoned"
        step = Step("reversal")
        request = reversal(step, exchange.request, None, self._stan(), moment)
        now_us = moment.monotonic_us
        play, position = exchange.play, exchange.position
        return self._open(Exchange(play, position, step, request, now_us, now_us, takes_back=True))

    def _network(self, code: str, moment: Moment) -> Message:
        institution_id = self.side.institution_id
        return network_request(code, self._stan(), moment, INSTITUTION_FIELD, institution_id)

    def _stan(self) -> str:
        stan = self._next_stan
        self._next_stan = 1 if stan == STAN_MAX else stan + 1
        return f"{stan:06d}"
