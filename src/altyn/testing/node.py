"""The switch on a virtual machine: one process after the other over the same disk.

A VirtualProcess drives the production gateway (`altyn.gateway.Driver`) by virtual time; a
VirtualNode starts it, kills it where a fault says so, and starts the next one.
"""

import errno
from collections.abc import Callable, Mapping
from typing import Any, Final

from altyn.clock import BusinessDay, Instant, following_day
from altyn.gateway import CommitOrder, Gateway, Line, Outbound
from altyn.identifiers import LinkId
from altyn.journal import StorageFullError
from altyn.message import load_codec
from altyn.registry import Registry
from altyn.switch import (
    CutOverOrdered,
    LinkDown,
    LinkTerms,
    LinkUp,
    Recall,
    Recalled,
    RegistryActivated,
    Switch,
    SwitchState,
    TimeDue,
    recall,
    recover,
)
from altyn.testing.disk import VirtualDisk, VirtualStorage
from altyn.testing.faults import Faults
from altyn.testing.network import Circuit
from altyn.testing.observations import (
    Alarmed,
    Crashed,
    CutOver,
    Durable,
    LinkBroken,
    LinkRaised,
    Observe,
    RegistryChanged,
    Restarted,
    StorageFault,
    SwitchRead,
)
from altyn.testing.schedule import Schedule, stream

__all__ = ["SwitchFailedError", "VirtualNode"]

TICK_US: Final = 50_000
FLUSH_US: Final = (200, 1_500)
SLOW_FLUSH_US: Final = (20_000, 400_000)
START_US: Final = (200_000, 2_000_000)
LOOK_UP_US: Final = (300, 4_000)
FULL_US: Final = (500_000, 4_000_000)
FRAME_DEADLINE_US: Final = 5_000_000
SNAPSHOT_ENTRIES: Final = 250
CLOCK_STEP_US: Final = 120_000_000
MONOTONIC_START_US: Final = 1_000_000_000

POINTS: Final = (
    "before-write",
    "unsynced",
    "unreported",
    "before-sends",
    "between-sends",
    "idle",
)
"""Where a crash strikes: see `altyn.testing.Crashed`."""


class SwitchFailedError(Exception):
    """The switch raised what it must not raise: a fault of its own."""


class _StruckError(Exception):
    """The machine dies while a process reads its journal."""


class VirtualNode:
    """The machine: its disk, its clock, and at most one process."""

    def __init__(
        self,
        schedule: Schedule,
        faults: Faults,
        seed: int,
        observe: Observe,
        terms: tuple[LinkTerms, ...],
        dialects: Mapping[str, str],
        registry: Registry,
        start_utc_us: int,
        business_day: BusinessDay,
    ) -> None:
        """A machine with an empty disk; `dialects` by link."""
        self.schedule = schedule
        self.faults = faults
        self.observe = observe
        self.terms = terms
        self.dialects = dialects
        self.registry = registry
        self.first_day = business_day
        self.disk = VirtualDisk(registry.scheme.scheme_id)
        self.utc_start_us = start_utc_us
        self.clock_error_us = 0
        self.full_until = 0
        self.dice = stream(seed, "node")
        self.trouble = stream(seed, "node trouble")
        self.process: VirtualProcess | None = None
        self.crashes = 0
        self.entries = 0

    def now(self) -> Instant:
        """What the machine's clocks say, whatever the time is."""
        at = self.schedule.at
        return Instant(self.utc_start_us + at + self.clock_error_us, MONOTONIC_START_US + at)

    def start(self) -> None:
        """Start a process over the disk; it may die while it reads."""
        if self.full_until > self.schedule.at:
            self.schedule.after(self.full_until - self.schedule.at, self.start)
            return
        try:
            state = recover(VirtualStorage(self.disk, self._reading()))
        except _StruckError:
            self._crashed("recovery")
            return
        self.process = VirtualProcess(self, state)
        self.process.begin()

    def _reading(self) -> Callable[[], None] | None:
        if not (self.crashes and self.faults["crashes"].striking and self.trouble.random() < 0.15):
            return None
        left = self.trouble.randrange(1, 60)

        def read() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise _StruckError

        return read

    def crash(self, point: str, *, torn: bool = False) -> None:
        """The process dies; what was not flushed survives or not."""
        survived = self.disk.crash(self.trouble, torn)
        if torn:
            self.observe(StorageFault(self.schedule.at, "torn"))
        if survived is not None:
            self.observe(Durable(self.schedule.at, survived))
        self.process = None
        self._crashed(point)

    def _crashed(self, point: str) -> None:
        self.crashes += 1
        self.observe(Crashed(self.schedule.at, self.disk.end.sequence, point))
        self.schedule.after(self.trouble.randint(*START_US), self.start)

    def step_clock(self) -> None:
        """An operator, or a time server, sets the clock (T01)."""
        self.clock_error_us = self.trouble.randint(-CLOCK_STEP_US, CLOCK_STEP_US)

    def activate(self, registry: Registry) -> None:
        """The scheme decides; a process that is down hears of it when it starts."""
        self.registry = registry
        if self.process is not None:
            self.process.activate()

    def cut_over(self) -> None:
        """The operator ends the business day, if there is a process to end it."""
        if self.process is not None:
            self.process.cut_over()


class VirtualProcess:
    """One life of the switch."""

    def __init__(self, node: VirtualNode, state: SwitchState | None) -> None:
        """Over a recovered state, or a fresh one; `begin` makes it serve."""
        self.node = node
        self.alive = True
        self._schedule = node.schedule
        self._observe = node.observe
        self._fresh = state is None
        self.state = state or SwitchState(node.registry, node.first_day)
        self._sends_left: int | None = None
        self._standing: dict[str, list[Circuit]] = {}
        switch = Switch(self.state, node.terms)
        outbound = Outbound(node.registry.scheme.institution_id)
        self.gateway = Gateway(switch, outbound, self, SNAPSHOT_ENTRIES)
        for link, dialect in node.dialects.items():
            standing: list[Circuit] = []
            self._standing[link] = standing
            self.gateway.lines[LinkId(link)] = Line(LinkId(link), load_codec(dialect), standing)

    def begin(self) -> None:
        """Write what a start writes, then serve."""
        switch, now = self.gateway.switch, self.now()
        self._observe(Restarted(self._schedule.at, self.state.sequence))
        self.gateway.carry_out(switch.open(now) if self._fresh else switch.resume(now))
        self.activate()
        self._tick(0)

    # What the gateway asks of its driver

    def now(self) -> Instant:
        """Both clocks."""
        return self.node.now()

    def soon(self, callback: Callable[[], None]) -> None:
        """Call back once the frames at hand have been taken."""
        self._schedule.after(20, self._if_alive, callback)

    def commit(self, order: CommitOrder) -> None:
        """Write a batch; what happens to it next is for the disk, and the faults, to say."""
        node = self.node
        if not self.alive:
            return
        batch = order.builder.seal(node.disk.end.hash, self.now().utc_us)
        node.entries += len(batch.kinds)
        point = node.trouble.choice(POINTS) if node.faults["crashes"].strikes() else ""
        low, high = SLOW_FLUSH_US if node.faults["disk-slow"].strikes() else FLUSH_US
        flush_us = low + int(node.dice.random() * (high - low))
        if point == "before-write":
            self._schedule.after(1, self._die, point)
            return
        if node.faults["disk-full"].strikes():
            self._run_full(flush_us)
            return
        node.disk.write(batch)
        if node.faults["fsync"].strikes():
            self._schedule.after(flush_us, self._fail_flush)
        elif node.faults["torn"].strikes():
            self._schedule.after(flush_us // 2, self._die, "torn")
        elif point == "unsynced":
            self._schedule.after(flush_us // 2, self._die, point)
        else:
            self._schedule.after(flush_us, self._flushed, order, point)

    def look_up(self, wanted: Recall) -> None:
        """Look in the journal, a little later."""
        delay = self.node.dice.randint(*LOOK_UP_US)
        self._schedule.after(delay, self._looked_up, wanted)

    def alarm(self, name: str, details: str) -> None:
        """Tell the operator."""
        self._observe(Alarmed(self._schedule.at, name, details))

    def journal_failed(self, error: BaseException) -> None:
        """The process ends by itself (exit code 74)."""
        kind = "full" if isinstance(error, StorageFullError) else "fsync"
        self._observe(StorageFault(self._schedule.at, kind))
        self._schedule.after(1_000, self._die, "fsync")

    def switch_failed(self, error: BaseException) -> None:
        """In production the process ends (exit code 70); here the run ends, with the reason."""
        raise SwitchFailedError(f"the switch raised {type(error).__name__}: {error}") from error

    # The disk answers

    def _flushed(self, order: CommitOrder, point: str) -> None:
        if not self.alive:
            return
        batch = self.node.disk.flush()
        assert batch is not None, "what was written is flushed once"
        self._observe(Durable(self._schedule.at, batch))
        if point == "unreported":
            self._die(point)
            return
        if point == "before-sends":
            self._sends_left = 0
        elif point == "between-sends":
            self._sends_left = 1
        self.gateway.committed()
        if point == "idle":
            self._schedule.after(self.node.trouble.randrange(100_000), self._die, point)
        elif point:
            self._die(point)
        elif order.snapshot is not None:
            VirtualStorage(self.node.disk).save_snapshot(order.snapshot(batch.hash))

    def _run_full(self, flush_us: int) -> None:
        node = self.node
        node.full_until = self._schedule.at + node.trouble.randint(*FULL_US)
        self._schedule.after(flush_us, self._if_alive, self._fail_full)

    def _fail_full(self) -> None:
        self.gateway.commit_failed(StorageFullError("no room for another batch"))

    def _fail_flush(self) -> None:
        if self.alive:
            self.gateway.commit_failed(OSError(errno.EIO, "input/output error"))

    def _looked_up(self, wanted: Recall) -> None:
        if not self.alive:
            return
        storage = VirtualStorage(self.node.disk)
        found = [recall(storage, key, moment) for key, moment in wanted.wanted]
        entries = tuple(entry for several in found for entry in several)
        self.gateway.recalled(Recalled(wanted.request, entries))

    # Time and orders

    def _tick(self, count: int) -> None:
        if not self.alive:
            return
        self.gateway.tell(TimeDue())
        if count % 20 == 0:
            self._each_second()
        self._schedule.after(TICK_US, self._tick, count + 1)

    def _each_second(self) -> None:
        at = self._schedule.at
        for circuit in self._all_circuits():
            if circuit.partial_since and at - circuit.partial_since > FRAME_DEADLINE_US:
                circuit.refuse("a frame was not completed in time")

    def activate(self) -> None:
        """The registry that the scheme wants takes force."""
        registry = self.node.registry
        if registry.version != self.state.registry.version:
            facts: tuple[Any, ...] = registry.facts
            self._observe(RegistryChanged(self._schedule.at, facts))
            self.gateway.tell(RegistryActivated(facts))

    def cut_over(self) -> None:
        """The business day ends."""
        closed = self.state.business_day
        self._observe(CutOver(self._schedule.at, closed, following_day(closed)))
        self.gateway.tell(CutOverOrdered())

    # Circuits

    def accept(self, circuit: Circuit) -> None:
        """A bank has connected."""
        standing, link_id = self._standing[circuit.link], LinkId(circuit.link)
        standing.append(circuit)
        self.gateway.line_of[circuit] = self.gateway.lines[link_id]
        self._observe(LinkRaised(self._schedule.at, circuit.link))
        if len(standing) == 1:
            self.gateway.tell(LinkUp(link_id))

    def read(self, circuit: Circuit, frames: list[bytes]) -> None:
        """Frames came; before its death a process reads no more."""
        if not self.alive or circuit not in self.gateway.line_of:
            return
        at, link = self._schedule.at, circuit.link
        for frame in frames:
            self._observe(SwitchRead(at, link, frame))
        self.gateway.frames(circuit, frames)

    def let_out(self) -> bool:
        """Whether a write still leaves: a process that dies in between is stopped half-way."""
        if not self.alive:
            return False
        if self._sends_left is None:
            return True
        self._sends_left -= 1
        return self._sends_left >= 0

    def refused(self, circuit: Circuit, reason: str) -> None:
        """A connection is closed for a reason."""
        self.alarm("connection-refused", f"link {circuit.link}: {reason}")

    def gone(self, circuit: Circuit) -> None:
        """A connection is gone; with the last one the link is down."""
        line = self.gateway.line_of.pop(circuit)
        standing = self._standing[circuit.link]
        standing.remove(circuit)
        self._observe(LinkBroken(self._schedule.at, circuit.link))
        if not standing:
            self.gateway.tell(LinkDown(line.link_id))

    # Death

    def _if_alive(self, callback: Callable[[], None]) -> None:
        if self.alive:
            callback()

    def _die(self, point: str) -> None:
        if not self.alive:
            return
        self.alive = False
        self.node.crash(point, torn=point == "torn")
        for circuit in self._all_circuits():
            circuit.died()

    def _all_circuits(self) -> list[Circuit]:
        return [circuit for standing in self._standing.values() for circuit in standing]

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight, nothing is owed, and everything decided has left."""
        gateway, issuers = self.gateway, self.state.issuers.values()
        return gateway.released == self.state.sequence and not any(
            issuer.pending or len(issuer.advices) for issuer in issuers
        )
