"""I7: stand-in never exceeds a limit, whatever comes, in whatever order, and after any restart.

The model counts for itself: it keeps every stand-in with its time and every advice delivered, and
says what each window may still take.
"""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from altyn.message import Message
from altyn.registry import Window
from altyn.switch import HealthTerms
from tests.switch.bench import (
    HILL,
    SEA,
    Bench,
    answer_to,
    bin_range,
    card_number,
    registry_of,
    stand_in,
    terms_of,
)

MOST_EACH = 500
WINDOWS = (
    Window(60, "card", 900, 3),
    Window(600, "card", 2_000, 5),
    Window(300, "issuer", 3_000, 8),
)
CARDS = [card_number("990002", number) for number in range(1, 4)]
REGISTRY = registry_of(
    SEA,
    HILL,
    bin_range("990001", "SEA"),
    bin_range("990002", "HILL"),
    stand_in("HILL", *WINDOWS, amount_max=MOST_EACH),
)
PATIENT = HealthTerms(samples_min=10_000, late_in_row_max=10_000)
"""The model does not know that a link which is late again and again is taken out."""


@dataclass
class Use:
    """What a window has taken since it began, by the model."""

    begun_s: float
    amount: int = 0
    references: list[str] = field(default_factory=list)  # DE37 of what it counted


class Outages(RuleBasedStateMachine):
    """An issuer that comes and goes, is late or silent; a switch that dies."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(REGISTRY, terms=(terms_of("SEA"), terms_of("HILL", health=PATIENT)))
        self.now_s = 0.0
        self.is_away = False
        self.uses: dict[tuple[Window, str], Use] = {}
        self.delivered: set[str] = set()
        self.asked: list[tuple[float, Message]] = []

    def use(self, window: Window, card: str) -> Use:
        """The use that counts now; a window begins anew when all it counted is delivered."""
        key = (window, card if window.per == "card" else "")
        found = self.uses.get(key)
        if found is not None:
            is_told = set(found.references) <= self.delivered
            if self.now_s < found.begun_s + window.length_s or not is_told:
                return found
        return Use(self.now_s)

    def expected(self, message: Message) -> str:
        """What stand-in must say, and what it uses up when that is yes."""
        card, amount = str(message.fields[2]), int(str(message.fields[4]))
        if amount > MOST_EACH:
            return "61"
        uses = [(window, self.use(window, card)) for window in WINDOWS]
        if any(use.amount + amount > window.amount_max for window, use in uses):
            return "61"
        if any(len(use.references) + 1 > window.count_max for window, use in uses):
            return "65"
        for window, use in uses:
            use.amount += amount
            use.references.append(str(message.fields[37]))
            self.uses[window, card if window.per == "card" else ""] = use
        return "00"

    def replies(self) -> dict[str, str]:
        """The answers that lie at the acquirer's, by DE37, taken out."""
        inbox = self.bench.inbox["sea"]
        found = {str(each.fields[37]): str(each.fields[39]) for each in inbox}
        inbox.clear()
        return found

    def end_of(self, messages: list[Message]) -> None:
        """These are decided by stand-in now, in this order."""
        wanted = {str(message.fields[37]): self.expected(message) for message in messages}
        assert self.replies() == wanted

    def pass_time(self, seconds: float) -> None:
        """Let time pass; what is asked too long is stood in for."""
        self.now_s += seconds
        late = [message for asked_s, message in self.asked if self.now_s >= asked_s + 10]
        self.asked = [entry for entry in self.asked if entry[1] not in late]
        self.bench.wait(seconds)
        self.end_of(late)

    @rule(card=st.sampled_from(CARDS), amount=st.integers(1, MOST_EACH + 50), mti=st.booleans())
    def buy(self, card: str, amount: int, mti: bool) -> None:
        """Away: decided at once. There: asked."""
        message = self.bench.request(card, amount, "0100" if mti else "0200")
        self.bench.send("sea", message)
        if self.is_away:
            self.end_of([message])
        else:
            self.asked.append((self.now_s, message))

    @rule(seconds=st.sampled_from([1, 9, 11, 40, 61, 310, 601]))
    def wait(self, seconds: int) -> None:
        """Time passes in one step, also over the end of windows."""
        self.pass_time(seconds)

    @precondition(lambda self: not self.is_away)
    @rule()
    def leave(self) -> None:
        """The line breaks: what was asked is decided here."""
        messages = [message for _, message in self.asked]
        self.asked.clear()
        self.is_away = True
        self.bench.drop("hill")
        self.end_of(messages)

    @precondition(lambda self: self.is_away)
    @rule()
    def come_back(self) -> None:
        """The line stands again."""
        self.is_away = False
        self.bench.up("hill")

    @precondition(lambda self: bool(self.bench.inbox["hill"]))
    @rule(code=st.sampled_from(["00", "51"]), most=st.integers(1, 6))
    def acknowledge(self, code: str, most: int) -> None:
        """The issuer takes some advices; it does not answer requests."""
        for _ in range(most):
            inbox = self.bench.inbox["hill"]
            at = next((n for n, each in enumerate(inbox) if each.mti[2] == "2"), None)
            if at is None:
                return
            advice = inbox.pop(at)
            self.bench.send("hill", answer_to(advice, code))
            if advice.mti[:3] in ("012", "022"):
                self.delivered.add(str(advice.fields[37]))

    @rule(snapshot=st.booleans())
    def restart(self, snapshot: bool) -> None:
        """The switch dies; what was asked is declined and reversed, never stood in for (F22)."""
        if snapshot:
            self.bench.snapshot()
        self.asked.clear()
        self.bench.restart()
        self.bench.inbox["sea"].clear()
        if self.is_away:
            self.bench.drop("hill")

    def teardown(self) -> None:
        """The entries alone give the same counters."""
        self.bench.expect_replay()


TestOutages = Outages.TestCase
TestOutages.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
