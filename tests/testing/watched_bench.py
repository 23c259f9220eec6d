"""A switch on a bench that is watched: all that happens is kept as observations for an auditor."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from altyn.clock import following_day
from altyn.identifiers import LinkId
from altyn.message import Message
from altyn.registry import Registry
from altyn.switch import CutOverOrdered, Effect, LinkDown, LinkTerms, Record, RegistryActivated
from altyn.testing import (
    AcquirerEntry,
    Crashed,
    CutOver,
    DayBegan,
    Durable,
    IssuerEntry,
    LinkBroken,
    LinkView,
    Observation,
    PositionView,
    Quiescent,
    RegistryChanged,
    Restarted,
    SwitchRead,
    SwitchSent,
    WorldOpened,
)
from altyn.testing.audit import Auditor
from tests.switch.bench import CODEC, START, TWO_BANKS, Bench, answer_to

Change = Callable[[Observation], list[Observation]]


class WatchedBench(Bench):
    """A bench whose observations lie in `seen`."""

    def __init__(
        self,
        registry: Registry = TWO_BANKS,
        terms: Iterable[LinkTerms] | None = None,
        start: datetime = START,
    ) -> None:
        self.seen: list[Observation] = []
        self.acquirers: list[AcquirerEntry] = []
        self.issuers: list[IssuerEntry] = []
        self._opened = self._holding = False
        super().__init__(registry, terms, start)

    @property
    def at(self) -> int:
        """Virtual microseconds."""
        return self.now.monotonic_us

    def _take(self, effects: list[Effect]) -> None:
        if not self._opened:
            self._open()
        before = self.storage.end().sequence
        written = [effect for effect in effects if isinstance(effect, Record)]
        self._holding = True
        super()._take(effects)
        self._holding = False
        if written:
            (batch,) = self.storage.batches(before + 1)
            self.seen.append(Durable(self.at, batch))
        for effect in effects:
            self._carry_out(effect)

    def take_unchecked(self, effects: list[Effect]) -> None:
        """Record and carry out what the bench's own check does not know: a fact with replies."""
        self.storage.write([effect for effect in effects if isinstance(effect, Record)])
        (batch,) = list(self.storage.batches())[-1:]
        self.seen.append(Durable(self.at, batch))
        for effect in effects:
            self._carry_out(effect)

    def _carry_out(self, effect: Effect) -> None:
        if not self._holding:
            super()._carry_out(effect)

    def _open(self) -> None:
        self._opened = True
        views = tuple(
            LinkView(
                entry.link_id,
                entry.participant_id,
                "altyn87",
                entry.reply_timeout_us,
                entry.reply_timeout_atm_us,
            )
            for entry in self.terms
        )
        facts = self.registry.facts
        self.seen.append(WorldOpened(0, facts, self.state.business_day, views))
        self.seen.append(DayBegan(0, 1))

    def send(self, link: str, message: Message) -> None:
        """A message is read."""
        self.seen.append(SwitchRead(self.at, link, CODEC.encode(message)))
        super().send(link, message)

    def _deliver(self, link: str, message: Any) -> None:
        if self.switch.links[LinkId(link)].connected:
            encoded = isinstance(message, Message)
            frame = CODEC.encode(message) if encoded else CODEC.derive(*message)
            self.seen.append(SwitchSent(self.at, link, frame, CODEC.decode(frame)))
        super()._deliver(link, message)

    def step(self, event: object) -> list[Effect]:
        """What the switch is told beside messages is seen, too."""
        if isinstance(event, LinkDown):
            self.seen.append(LinkBroken(self.at, event.link_id))
        elif isinstance(event, RegistryActivated):
            self.seen.append(RegistryChanged(self.at, event.facts))
        elif isinstance(event, CutOverOrdered):
            day = self.state.business_day
            self.seen.append(CutOver(self.at, day, following_day(day)))
        return super().step(event)

    def cut_over(self) -> None:
        """The day ends, and every link is told so."""
        self.step(CutOverOrdered())
        for messages in self.inbox.values():
            messages.clear()

    def restart(self) -> None:
        """The switch dies and stands again."""
        end = self.storage.end().sequence
        self.seen.append(Crashed(self.at, end, "idle"))
        self.seen.append(Restarted(self.at, end))
        super().restart()

    def rest(self) -> None:
        """Everything is drained."""
        lines = tuple(PositionView(*line) for line in self.state.positions.lines())
        issuers = self.state.issuers.values()
        self.seen.append(
            Quiescent(
                self.at,
                lines,
                sum(len(issuer.pending) for issuer in issuers),
                {issuer.participant_id: len(issuer.advices) for issuer in issuers},
                (),
                tuple(self.acquirers),
                tuple(self.issuers),
            )
        )


def audit(seen: list[Observation], change: Change = lambda observation: [observation]) -> None:
    """Let an auditor see observations, each after a change."""
    auditor = Auditor()
    for observation in seen:
        for changed in change(observation):
            auditor.observe(changed)


def busy_day() -> WatchedBench:
    """A day with everything in it; all of it sound."""
    bench = WatchedBench()
    for message_type in ("0200", "0100"):
        request, _ = bench.buy(mti=message_type)
        bench.ask("sea", Message(message_type[:3] + "1", request.fields))
        bench.ask("sea", bench.about(request, standing=2_000))
        acknowledge(bench)
        bench.ask("sea", bench.about(request))
        acknowledge(bench)
    request, _ = bench.buy(mti="0100")
    bench.ask("sea", bench.about(request, "0220", f4=f"{9_000:012d}"))
    acknowledge(bench)
    bench.buy("51")
    bench.send("sea", bench.request())
    late = bench.taken("hill")
    for _ in range(11):
        bench.wait(1)
    acknowledge(bench)
    bench.send("hill", answer_to(late))
    bench.inbox["sea"].clear()
    bench.send("sea", bench.request())
    bench.restart()
    acknowledge(bench)
    bench.cut_over()
    bench.buy()
    return bench


def acknowledge(bench: Bench) -> None:
    """HILL acknowledges what it is advised of."""
    for message in [each for each in bench.inbox["hill"] if each.mti[1:3] in ("42", "22", "12")]:
        bench.send("hill", answer_to(message))
    bench.inbox["hill"].clear()
