"""A drill from the first start to the last word: trade, faults on the lines, kills, rest, audit."""

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from altyn.runtime.drill.audit import Audit, Difference, audit
from altyn.runtime.drill.children import ReportingChild, SwitchChild
from altyn.runtime.drill.drill_scheme import DrillFiles, write_drill
from altyn.runtime.drill.write_points import WRITE_POINTS, KillPoint
from altyn.runtime.journal.opening import open_journal
from altyn.runtime.online.node import EXIT_REPLACED
from altyn.runtime.online.orders import give_order
from altyn.runtime.output import UserError
from altyn.runtime.postgres.server import OwnServer

__all__ = ["RANDOM", "Drill", "DrillPlan", "DrillReport"]

RANDOM: Final = "at random"
KILLED: Final = -signal.SIGKILL
REACH_S: Final = 4.0
"""A point that is not passed within this is given up, and the switch killed where it stands."""

LOAD_S: Final = 5.0
STALE_S: Final = 20.0
"""How long a node that was replaced may take to notice once it goes on."""

SERVER_KILL_EVERY: Final = 5
STALL_EVERY: Final = 5
LEASE_S: Final = 2
BEFORE_KILL_S: Final = (0.02, 0.5)
REST_S: Final = 120.0
_BANKS: Final = "altyn.runtime.drill.bank_house"
_PROXY: Final = "altyn.runtime.drill.fault_proxy"


class DrillPlan(NamedTuple):
    """What a drill is to be: how many kills, which faults on the lines (names of
    fault_proxy.FAULTS), after how many seconds no further kill begins, the server that keeps the
    journal (None: a file), and which module is run as the switch."""

    folder: Path
    kills: int
    seed: str
    faults: tuple[str, ...]
    budget_s: float
    server: OwnServer | None = None
    switch_module: str = "altyn.runtime.drill.switch_child"


@dataclass
class DrillReport:
    """What happened. `kills` by write point; `missed` were killed at random instead; `live`: the
    last status and positions that the switch told; `stalls`: nodes that stood still while another
    took over."""

    seed: str
    kills: dict[str, int] = field(default_factory=dict)
    missed: int = 0
    server_kills: int = 0
    stalls: int = 0
    ready_ms: list[float] = field(default_factory=list)
    answered: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    differences: list[Difference] = field(default_factory=list)
    live: dict[str, Any] = field(default_factory=dict)
    audit: Audit | None = None

    @property
    def killed(self) -> int:
        """How many kills there were."""
        return sum(self.kills.values())

    def as_table(self) -> dict[str, object]:
        """For --json."""
        audited = self.audit
        return {
            "seed": self.seed,
            "kills": self.killed,
            "kills_by_point": dict(sorted(self.kills.items())),
            "points_missed": self.missed,
            "database_kills": self.server_kills,
            "stalls": self.stalls,
            "restart_ms_median": round(median(self.ready_ms), 1) if self.ready_ms else None,
            "restart_ms_max": round(max(self.ready_ms), 1) if self.ready_ms else None,
            "requests_answered": self.answered,
            "line_faults": self.faults,
            "seconds": round(self.seconds, 1),
            "differences": [difference.what for difference in self.differences],
            **({} if audited is None else _audited(audited)),
        }


def _journal(server: OwnServer | None) -> str:
    """Where the journal is, as the settings say it."""
    if server is None:
        return 'path = "data/journal.db"'
    return f'address = "{server.make_database()}"\nlease_s = {LEASE_S}'


def _audited(audited: Audit) -> dict[str, object]:
    return {
        "bank_messages": audited.messages,
        "transactions": audited.transactions,
        "approved": audited.approved,
        "standing": audited.standing,
        "journal_entries": audited.entries,
    }


class Drill:
    """One drill; `run` does all of it."""

    def __init__(self, plan: DrillPlan, tell: Callable[[str], None]) -> None:
        """Write the files; `tell` gets a line of progress now and then."""
        self.plan = plan
        self.files: DrillFiles = write_drill(
            plan.folder, plan.seed, plan.faults, _journal(plan.server)
        )
        self.report = DrillReport(plan.seed)
        self._tell = tell
        self._chance = random.Random(f"{plan.seed}/kills")  # noqa: S311 - seeded on purpose
        self._children: list[ReportingChild] = []
        self._switches: list[SwitchChild] = []
        self._lives = 0

    async def run(self) -> DrillReport:
        """Trade under kills until they are done, come to rest, and audit."""
        began = time.monotonic()
        try:
            await self._open()
            await self._kill_on(began + self.plan.budget_s)
            self.report.live = await self._rest()
            await self._close()
        finally:
            await self._abandon()
        self._tell("the books are compared")
        self._audit()
        self.report.seconds = time.monotonic() - began
        return self.report

    async def _open(self) -> None:
        files = self.files
        self._proxy = await ReportingChild.start(_PROXY, "--plan", files.proxy_plan)
        self._issuers = await ReportingChild.start(_BANKS, "--specs", files.issuers)
        self._acquirers = await ReportingChild.start(_BANKS, "--specs", files.acquirers)
        self._children = [self._acquirers, self._issuers, self._proxy]
        self._acquirers.order("trade")
        self._proxy.order("storm")

    def schedule(self) -> list[KillPoint | None]:
        """Half of the kills at write points, each in its turn, the rest at random (None)."""
        points = self._chance.sample(WRITE_POINTS, len(WRITE_POINTS))
        kills: list[KillPoint | None] = []
        for number in range(self.plan.kills):
            point = points[number // 2 % len(points)]
            passing = self._chance.randint(1, point.passings_max)
            kills.append(None if number % 2 else KillPoint(point.name, passing))
        return kills

    async def _kill_on(self, until: float) -> None:
        """One life of the switch for each kill; a stall ends one without a kill."""
        schedule = self.schedule()
        switch = await self._load(schedule[0], standby=False)
        for number, point in enumerate(schedule):
            if time.monotonic() > until:
                self._tell(f"the budget ends after {number} of {len(schedule)} kills")
                break
            if self.plan.server is not None and number % STALL_EVERY == STALL_EVERY - 1:
                # A stalled node is not to meet a point of its own while it stands still.
                switch = await self._stall(switch, point)
            later = schedule[number + 1] if number + 1 < len(schedule) else None
            # The next life loads its program while this one is under load.
            loading = asyncio.create_task(self._load(later, standby=False))
            await self._live_and_die(switch, number)
            switch = await loading
            if (number + 1) % 10 == 0:
                answered = self._acquirers.figures.get("answered", 0)
                self._tell(f"{number + 1} kills, {answered:,} answers")
        await self._bury(switch)

    async def _load(self, point: KillPoint | None, *, standby: bool) -> SwitchChild:
        """The next life, on the other node's ports."""
        self._lives += 1
        node = self._lives % 2
        module = self.plan.switch_module
        switch = await SwitchChild.load(module, self.files, node, point, standby=standby)
        self._switches.append(switch)
        return switch

    async def _begin(self, switch: SwitchChild) -> bool:
        """Let a life begin, with all lines on it; False when it has ended already."""
        self._proxy.order(str(switch.node))
        return await switch.go()

    async def _bury(self, switch: SwitchChild) -> None:
        await switch.stop()
        self._switches.remove(switch)

    async def _stall(self, doomed: SwitchChild, point: KillPoint | None) -> SwitchChild:
        """D09: a node stands still under load, its standby takes over, and then it wakes up: it
        must write nothing more, and end. Gives the standby, which serves by then."""
        await self._bury(doomed)
        sleeper = await self._load(None, standby=False)
        if not await self._begin(sleeper):
            self._differs("a node did not come to serve before its stall")
        await self._until_answers_come()
        standby = await self._load(point, standby=True)
        sleeper.pause()
        self.report.stalls += 1
        await self._begin(standby)
        await asyncio.sleep(self._chance.uniform(*BEFORE_KILL_S))
        sleeper.resume()
        code = await sleeper.ended(STALE_S)
        if code != EXIT_REPLACED:
            self._differs(f"a node that was replaced ended with {code}, not {EXIT_REPLACED}")
        await self._bury(sleeper)
        return standby

    async def _live_and_die(self, switch: SwitchChild, number: int) -> None:
        """One life: it serves under load until it is killed."""
        point = switch.point
        if await self._begin(switch):
            self.report.ready_ms.append(1000 * switch.ready_s)
            if self.plan.server is not None and number % SERVER_KILL_EVERY == 1:
                await self._kill_server(self.plan.server)
            if point is None or point.name == "within-close":
                await self._until_answers_come()
                await asyncio.sleep(self._chance.uniform(*BEFORE_KILL_S))
                switch.kill() if point is None else switch.terminate()
        code = await switch.ended(REACH_S)
        reached = code == KILLED
        if code is None or (code == 0 and point is not None and point.name == "within-close"):
            code = KILLED
        await self._bury(switch)
        if code != KILLED:
            self._differs(f"the switch ended with exit code {code} instead of being killed")
        name = point.name if point is not None and reached else RANDOM
        self.report.missed += point is not None and not reached
        self.report.kills[name] = self.report.kills.get(name, 0) + 1
        for child in self._children:
            child.check()

    async def _kill_server(self, server: OwnServer) -> None:
        """D08: the database dies under load and comes back; commits under way are looked for."""
        await self._until_answers_come()
        await asyncio.to_thread(server.kill)
        self.report.server_kills += 1
        await asyncio.sleep(self._chance.uniform(*BEFORE_KILL_S))
        await asyncio.to_thread(server.start)
        await self._until_answers_come()

    async def _until_answers_come(self) -> None:
        """Wait until acquirers are answered by this life of the switch."""
        before = (await self._acquirers.next_figures())["answered"]
        until = time.monotonic() + LOAD_S
        while time.monotonic() < until:
            if (await self._acquirers.next_figures())["answered"] > before:
                return

    async def _rest(self) -> dict[str, Any]:
        """No more faults; wait until nothing is open anywhere. Gives the switch's last words."""
        self._tell("no more faults; everything comes to rest")
        self._proxy.order("calm")
        self._acquirers.order("rest")
        switch = await self._load(None, standby=False)
        self._serving = switch
        if not await self._begin(switch):
            raise UserError("the switch does not start any more", where=str(self.plan.folder))
        until = time.monotonic() + REST_S
        status: dict[str, Any] = {}
        while time.monotonic() < until:
            figures = await self._acquirers.next_figures()
            status = await self._order("status")
            owed = any(status["advices_owed"].values()) or any(status["in_flight"].values())
            if not figures["busy"] and not owed:
                break
        else:
            self._differs("requests or advices were still open after two minutes of rest")
        live = await self._order("positions") | await self._order("status")
        self.report.answered = self._acquirers.figures["answered"]
        switch.terminate()
        code = await switch.ended(REST_S)
        if code != 0:
            self._differs(f"the switch stopped in order with exit code {code}")
        return live

    async def _order(self, name: str) -> dict[str, Any]:
        return await give_order(self.files.control_socket(self._serving.node), name)

    async def _close(self) -> None:
        self._proxy.order("figures")
        with contextlib.suppress(UserError):
            self.report.faults = await self._proxy.next_figures()
        for child in self._children:
            if child.unreadable:
                self._differs(f"banks could not read {child.unreadable} messages")

    async def _abandon(self) -> None:
        """End every process, whatever happened."""
        for switch in self._switches:
            await switch.stop()
        for child in self._children:
            await child.stop()

    def _audit(self) -> None:
        files = self.files
        with open_journal(files.scheme.settings) as storage:
            audited = audit(files.acquirer_logs, files.issuer_logs, storage, self.report.live)
        self.report.audit = audited
        self.report.differences += audited.differences

    def _differs(self, what: str) -> None:
        self.report.differences.append(Difference(what))
