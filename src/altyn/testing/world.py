"""One seed, one world: banks, network, disk and switch, run by virtual time day after day.

A day is a burst of business with everything that goes wrong in it, then calm: faults stop,
lines return, everything is drained, and the books must agree (`Quiescent`). The rest of the
24 hours is skipped, for nothing happens in it.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final, NamedTuple

from altyn.clock import business_day, utc_datetime
from altyn.testing.bank import Bank
from altyn.testing.faults import FAULTS, Faults
from altyn.testing.memory import short_memory
from altyn.testing.network import Network, Stage
from altyn.testing.node import VirtualNode
from altyn.testing.observations import (
    DayBegan,
    Durable,
    LinkView,
    Observation,
    Observe,
    PositionView,
    Quiescent,
    SwitchRead,
    SwitchSent,
    WorldOpened,
)
from altyn.testing.schedule import Schedule, stream
from altyn.testing.scheme import BANKS_MAX, RegistryDesk, scheme_plan

__all__ = ["NotQuiescentError", "World", "WorldFigures", "WorldPlan"]

START_UTC_US: Final = 1_783_933_200_000_000
"""2026-07-13 09:00:00 UTC; seeds move it by up to two years."""
DAY_US: Final = 86_400_000_000
ARRIVAL_US: Final = 12_000
"""Mean time between two customers."""
DRAIN_US_MAX: Final = 3_600_000_000
SKEW_US: Final = 60_000_000
FINISHED_MAX: Final = (200, 800, 3000)
"""How many finished transactions a switch keeps in memory: the world's seed chooses."""
SUSPENDED_US: Final = (500_000, 6_000_000)


class WorldPlan(NamedTuple):
    """What makes a world: the same plan, the same observations.

    transactions: businesses that customers begin each day; faults: names of `FAULTS`.
    """

    seed: int
    days: int = 1
    banks: int = 4
    transactions: int = 1000
    faults: tuple[str, ...] = tuple(FAULTS)


class WorldFigures(NamedTuple):
    """What happened: `digest` is over all observations in order, 64 hexadecimal digits."""

    days: int
    transactions: int
    messages: int
    entries: int
    crashes: int
    faults: dict[str, int]
    virtual_us: int
    digest: str


class NotQuiescentError(Exception):
    """After faults had stopped something was still not drained within an hour (I12)."""


class World:
    """`run` plays all days and tells every observation; the world is then used up."""

    def __init__(self, plan: WorldPlan, observe: Observe | None = None) -> None:
        """Raises ValueError for figures that make no world."""
        if not 1 <= plan.banks <= BANKS_MAX or plan.days < 1 or plan.transactions < 1:
            raise ValueError(f"a world has 1 to {BANKS_MAX} banks, a day and a transaction")
        self.plan = plan
        self._told = observe
        self._digest = sha256()
        self._messages = 0
        self._begun = 0
        self._today = 0
        self._days = 0
        seed = plan.seed
        self.schedule = Schedule()
        self.faults = Faults(seed, plan.faults)
        self._dice = stream(seed, "world")
        self._finished_max = self._dice.choice(FINISHED_MAX)
        self._start_us = START_UTC_US + self._dice.randrange(730) * DAY_US
        skew_us = SKEW_US if self.faults["skew"].strikes() else 0
        self.scheme = scheme_plan(stream(seed, "scheme"), plan.banks, self._start_us, skew_us)
        self._open(seed)

    def _open(self, seed: int) -> None:
        scheme, plan = self.scheme, self.plan
        network = Network(self.schedule, self.faults, seed, self.observe)
        dialects = {link.link_id: link.dialect for bank in scheme.banks for link in bank.links}
        opened = business_day(utc_datetime(self._start_us).date())
        self.node = VirtualNode(
            self.schedule, self.faults, seed, self.observe, scheme.terms, dialects,
            scheme.registry, self._start_us, opened,
        )  # fmt: skip
        self._desk = RegistryDesk(stream(seed, "registry"), scheme.registry, scheme.banks)
        cards = [card for bank in scheme.banks for card in bank.cards]
        self.banks = [
            Bank(
                bank, number, cards, self.schedule, network, self.faults,
                (stream(seed, f"bank/{number}"), stream(seed, f"trouble/{number}")),
                self._start_us, self._find_switch,
            )
            for number, bank in enumerate(scheme.banks)
        ]  # fmt: skip
        self._acquirers = [bank.acquirer for bank in self.banks]
        views = tuple(
            LinkView(
                link.link_id, bank.bank_id, link.dialect,
                link.reply_timeout_us, link.reply_timeout_atm_us,
            )
            for bank in scheme.banks
            for link in bank.links
        )  # fmt: skip
        self._first = WorldOpened(0, scheme.registry.facts, opened, views)
        assert plan.banks == len(self.banks), "a plan is kept"

    def _find_switch(self) -> Stage | None:
        return self.node.process

    def observe(self, observation: Observation) -> None:
        """Add to the trace and tell whoever watches."""
        kind = observation.__class__
        if kind is SwitchRead or kind is SwitchSent:
            self._messages += 1
            self._digest.update(observation.frame)  # type: ignore[union-attr]  # of these two
        elif kind is Durable:
            self._digest.update(observation.batch.hash)  # type: ignore[union-attr]  # of a Durable
        else:
            self._digest.update(f"{observation.at}{kind.__name__}".encode())
        if self._told is not None:
            self._told(observation)

    def run(self) -> WorldFigures:
        """Play every day. What the observer raises ends the world."""
        with short_memory(self._finished_max):
            self.observe(self._first)
            self.node.start()
            for bank in self.banks:
                bank.open()
            for number in range(1, self.plan.days + 1):
                self._play_day(number)
        return self.figures

    @property
    def figures(self) -> WorldFigures:
        """What happened so far."""
        return WorldFigures(
            self._days,
            self._begun,
            self._messages,
            self.node.entries,
            self.node.crashes,
            self.faults.counts,
            self.schedule.at,
            self._digest.hexdigest(),
        )

    def _play_day(self, number: int) -> None:
        schedule = self.schedule
        began = schedule.at
        self._wait(self._lines_stand, "lines do not stand")
        self.observe(DayBegan(schedule.at, number))
        self.faults.storm()
        self._today = 0
        schedule.after(0, self._arrive)
        self._wait(lambda: self._today >= self.plan.transactions, "business does not go on")
        self.faults.calm()
        self._wait(self._quiet, "something is still not drained")
        if self.node.process is not None:
            self.node.process.cut_over()
        self._wait(self._quiet, "the cut-over is not drained")
        self._close_books()
        self._days += 1
        schedule.skip(max(0, began + DAY_US - schedule.at))

    def _arrive(self) -> None:
        """A customer comes, and others decide things about the scheme."""
        if self._today >= self.plan.transactions:
            return
        self._today += 1
        self._begun += 1
        faults, node = self.faults, self.node
        self.banks[int(self._dice.random() * len(self.banks))].begin()
        if faults["registry"].strikes():
            node.activate(self._desk.change(node.now().utc_us))
        if faults["restrictions"].strikes():
            bank_id = self.scheme.banks[node.trouble.randrange(len(self.banks))].bank_id
            node.activate(self._desk.restrict(bank_id))
            self.schedule.after(node.trouble.randint(*SUSPENDED_US), self._readmit, bank_id)
        if faults["cut-overs"].strikes():
            node.cut_over()
        if faults["clock"].strikes():
            node.step_clock()
        self.schedule.after(int(self._dice.expovariate(1 / ARRIVAL_US)), self._arrive)

    def _readmit(self, bank_id: str) -> None:
        self.node.activate(self._desk.readmit(bank_id))

    def _wait(self, until: Callable[[], bool], what: str) -> None:
        if not self.schedule.run(until, self.schedule.at + DRAIN_US_MAX):
            raise NotQuiescentError(f"{what} after an hour of virtual time")

    def _lines_stand(self) -> bool:
        process = self.node.process
        return (
            process is not None
            and all(line.usable for bank in self.banks for line in bank.lines)
            and all(link.usable for link in process.gateway.switch.links.values())
        )

    def _quiet(self) -> bool:
        process = self.node.process
        if process is None:
            return False
        for acquirer in self._acquirers:  # asked after every happening of a calm
            if not acquirer.idle:
                return False
        return process.idle and self._lines_stand()

    def _close_books(self) -> None:
        process = self.node.process
        assert process is not None, "a quiet world has a switch"
        state = process.state
        acquirers = [entry for bank in self.banks for entry in bank.acquirer.close_day()]
        issuers = [entry for bank in self.banks for entry in bank.issuer.close_day()]
        positions = tuple(
            PositionView(line.participant, line.currency, line.business_day, line.net, line.held)
            for line in state.positions.lines()
        )
        self.observe(
            Quiescent(
                self.schedule.at,
                positions,
                sum(len(side.pending) for side in state.issuers.values()),
                {name: len(side.advices) for name, side in state.issuers.items()},
                (),
                tuple(acquirers),
                tuple(issuers),
            )
        )
