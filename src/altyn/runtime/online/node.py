"""One node: assembles journal, switch, links and control channel, and runs until stopped."""

import asyncio
import gc
import json
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, time
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final
from zoneinfo import ZoneInfo

from altyn.clock import BusinessDay, business_day, calendar_date, following_day
from altyn.gateway import Outbound, find_evidence
from altyn.journal import JournalDamagedError, WriterReplacedError
from altyn.money import currency_of, format_amount
from altyn.registry import Registry, Scheme
from altyn.runtime.configuration.problem import ConfigurationError
from altyn.runtime.configuration.whole import load_configuration
from altyn.runtime.journal.opening import OpenStorage, open_for_writing, open_readers
from altyn.runtime.online.advice_orders import advice_orders
from altyn.runtime.online.control import Control
from altyn.runtime.online.links import LinkError, Links, terms_of
from altyn.runtime.online.log import Log
from altyn.runtime.online.loop_driver import LoopDriver, read_clocks
from altyn.runtime.online.stop_list_orders import stop_list_orders
from altyn.runtime.output import UserError
from altyn.switch import (
    CutOverOrdered,
    IntakeChanged,
    RegistryActivated,
    Switch,
    SwitchState,
    TimeDue,
    recover,
)

TICK_S: Final = 0.02
DAYS_AT_ONCE_MAX: Final = 1000
STATUS_S: Final = 1.0
RESERVE_BYTES: Final = 64 << 20
STOP_WAIT_S: Final = 30.0
COLLECT_AFTER_QUIET_S: Final = 60
SWITCH_INTERVAL_S: Final = 0.0001
"""How long the loop may keep the committer waiting for the interpreter."""

EXIT_SOFTWARE: Final = 70
EXIT_JOURNAL: Final = 74
EXIT_REPLACED: Final = 75


class Node:
    """The switch process. `run` returns its exit code."""

    def __init__(self, settings_path: Path, *, standby: bool = False) -> None:
        """Read settings and scheme, open the journal, recover. Raises UserError, and
        ConfigurationError with every problem of the two files.

        As a standby, wait before that until the node that writes the journal is gone.
        """
        self._settings_path = settings_path
        configuration = load_configuration(settings_path)
        self._settings = configuration.settings
        registry = Registry(configuration.facts)
        self._scheme: Scheme = registry.scheme
        with _opening(self._settings.log.file):
            self._log = Log(self._settings.log.file, self._settings.log.level)
        self._standby = standby
        journal = self._settings.journal
        with _opening(journal.path):
            self._storage = self._open_storage()
        self._opened_s = monotonic()
        self._read_storage = open_readers(journal, self._scheme.scheme_id)
        try:
            recovered = recover(self._storage, partial(self._log.alarm, "snapshot-damaged"))
        except (JournalDamagedError, ValueError) as error:
            raise UserError(
                str(error),
                where=self._storage.name,
                do="restore the journal from a copy; `altyn journal verify` says what is sound",
            ) from error
        self._storage.make_room()
        self._fresh = recovered is None
        today = business_day_at(datetime.now(UTC), registry.scheme)
        self._state = recovered or SwitchState(registry, today)
        self._wanted = registry
        self._stopping = asyncio.Event()
        self._exit_code = 0
        self._quiet_s = 0
        self._last_total = -1

    def _open_storage(self) -> OpenStorage:
        notice = partial(self._log.alarm, "standing-by") if self._standby else None
        return open_for_writing(self._settings.journal, self._scheme.scheme_id, notice)

    async def run(self, ready: Callable[[], None]) -> int:
        """Serve until SIGTERM or SIGINT, or until the journal cannot be written."""
        settings = self._settings
        terms = tuple(terms_of(link, settings.limits) for link in settings.links)
        switch = Switch(self._state, terms, find_evidence)
        self._driver = LoopDriver(
            switch,
            Outbound(self._scheme.institution_id),
            self._storage,
            self._read_storage,
            settings.journal.snapshot_every_entries,
            self._log.alarm,
            self._journal_failed,
            self._switch_failed,
        )
        self._gateway = gateway = self._driver.gateway
        now = read_clocks()
        gateway.carry_out(switch.open(now) if self._fresh else switch.resume(now))
        self._activate_at_start()
        self._check_room()  # at once: a disk that was full before the start is full now
        self._links = Links(gateway, settings.limits, self._log.alarm)
        control = Control(settings.control.socket, self._orders())
        try:
            await self._links.open(settings.links)
            await control.open()
        except LinkError as error:
            raise UserError(
                error.strerror or "this address cannot be had",
                where=f"link {error.link_id}, {error.address}",
                do="see which process holds the port, or change it in the settings",
            ) from error
        except OSError as error:
            raise UserError(
                error.strerror or "this socket cannot be opened",
                where=str(settings.control.socket),
                do="name another control socket in the settings",
            ) from error
        self._watch_signals()
        self._watch_journal()
        gc.collect()
        gc.freeze()
        if self._standby:
            self._log.alarm("taken-over", f"serving after {monotonic() - self._opened_s:.2f} s")
        ready()
        ticking = asyncio.create_task(self._tick())
        ticking.add_done_callback(self._ticking_ended)
        await self._stopping.wait()
        await self._wind_down()
        ticking.cancel()
        await control.close()
        return self._exit_code

    def _watch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    def _watch_journal(self) -> None:
        """Hear of a journal that is another node's by now, also when nothing is written."""
        loop = asyncio.get_running_loop()

        def lost(error: BaseException) -> None:
            with suppress(RuntimeError):  # the loop is closed: a node that ended at once
                loop.call_soon_threadsafe(self._gateway.commit_failed, error)

        self._storage.watch(lost)

    def _journal_failed(self, error: BaseException) -> None:
        """Nothing more may leave: what the disk holds is uncertain, a restart reads it (D02), or
        another node has the journal (D09)."""
        replaced = isinstance(error, WriterReplacedError)
        name = "journal-taken-over" if replaced else "journal-failed"
        self._log.alarm(name, f"{type(error).__name__}: {error}")
        self._exit_code = EXIT_REPLACED if replaced else EXIT_JOURNAL
        self._stopping.set()

    def _switch_failed(self, error: BaseException) -> None:
        """Say where, never what: the words of an exception that we did not write may hold data."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}, line {place.lineno}"
        self._log.alarm("switch-failed", f"{type(error).__name__} in {where}")
        self._exit_code = EXIT_SOFTWARE
        self._stopping.set()

    async def _wind_down(self) -> None:
        """Take no new request, let what is in flight end, close (no transaction is lost)."""
        self._links.stop_listening()
        if self._exit_code == 0:
            self._gateway.tell(IntakeChanged(open=False, reason="the switch is being stopped"))
            try:
                await asyncio.wait_for(self._driver.settle(), STOP_WAIT_S)
            except TimeoutError:
                self._log.alarm("stopped-in-flight", "some requests end at the next start")
        await self._links.close()
        if self._exit_code == 0:
            await self._driver.settle_journal()
        if self._exit_code == 0:  # the disk may have failed just now
            self._driver.stop()
            self._write_status(serving=False)
            self._storage.close()

    async def _tick(self) -> None:
        gateway = self._gateway
        loop = asyncio.get_running_loop()
        second_ends = loop.time() + STATUS_S
        while True:
            await asyncio.sleep(TICK_S)
            gateway.watch(self._links.unread_us(), round(TICK_S * 1_000_000))
            gateway.tell(TimeDue())
            if loop.time() >= second_ends:
                second_ends = loop.time() + STATUS_S
                self._each_second()

    def _ticking_ended(self, ticking: "asyncio.Task[None]") -> None:
        """A switch without timers must not go on: requests would wait for ever (I12)."""
        if not ticking.cancelled():
            self._log.alarm("timers-failed", type(ticking.exception()).__name__)
            self._exit_code = EXIT_SOFTWARE
            self._stopping.set()

    def _each_second(self) -> None:
        self._links.check_deadlines()
        self._write_status(serving=True)
        self._check_room()
        self._cut_over_if_due()
        self._collect_if_quiet()

    def _check_room(self) -> None:
        """Refuse new requests while room for the rest remains (D01), and when stopping."""
        if self._stopping.is_set() or self._settings.journal.address:
            return  # a database's disk is not ours to see; its server says when it is full
        free = shutil.disk_usage(self._settings.journal.path.parent).free
        if free < RESERVE_BYTES:
            self._gateway.close_intake("the journal's disk is nearly full")
        elif free > 2 * RESERVE_BYTES:
            self._gateway.open_intake("there is room again")

    def _cut_over_if_due(self) -> None:
        """One cut-over for each day that is over: several after a switch that was down for days."""
        scheme = self._state.registry.scheme
        for _ in range(DAYS_AT_ONCE_MAX if scheme.cut_over_time else 0):
            day = self._state.business_day
            if datetime.now(UTC) < cut_over_instant(day, scheme):
                return
            self._gateway.tell(CutOverOrdered())
            if self._state.business_day == day:
                return  # the switch takes nothing any more

    def _collect_if_quiet(self) -> None:
        """The collector is off while serving: a full collection stops everything for 100 ms
        or more. What closed connections left in cycles is collected when nobody waits."""
        total = self._gateway.traffic.total()
        self._quiet_s = self._quiet_s + 1 if total == self._last_total else 0
        self._last_total = total
        if self._quiet_s == COLLECT_AFTER_QUIET_S:
            gc.collect()

    def _reload(self) -> None:
        """SIGHUP: read settings and scheme again; a faulty file changes nothing (F38)."""
        if self._stopping.is_set():
            return
        try:
            configuration = load_configuration(self._settings_path)
        except ConfigurationError as error:
            for problem in error.problems:
                self._log.alarm("reload-refused", f"{problem.where}: {problem.reason}")
            return
        registry = Registry(configuration.facts)
        if registry.scheme.scheme_id != self._scheme.scheme_id:
            self._log.alarm("reload-refused", "the scheme file is of another scheme")
            return
        self._activate(registry)
        self._reloading = asyncio.ensure_future(self._links.open(configuration.settings.links))
        self._reloading.add_done_callback(self._reloading_ended)
        self._log.alarm("reloaded", f"registry version {registry.version}")

    def _reloading_ended(self, reloading: "asyncio.Future[None]") -> None:
        error = None if reloading.cancelled() else reloading.exception()
        if error is not None:
            self._log.alarm("link-not-opened", f"{type(error).__name__}: {error}")

    def _activate_at_start(self) -> None:
        """A node that starts brings its scheme file into force. One that takes over does not: the
        file beside it may be older than what the scheme has decided since, which the journal has.
        """
        if not self._standby:
            self._activate(self._wanted)
        elif self._wanted.version != self._state.registry.version:
            details = (
                "the scheme file here differs from the journal's registry; SIGHUP activates it"
            )
            self._log.alarm("registry-differs", details)

    def _activate(self, registry: Registry) -> None:
        if registry.version != self._state.registry.version:
            self._gateway.tell(RegistryActivated(registry.facts))

    def _orders(self) -> dict[str, Any]:
        async def status(_: dict[str, Any]) -> dict[str, object]:
            return self._status(serving=True)

        async def positions(_: dict[str, Any]) -> dict[str, object]:
            return self._positions()

        async def cut_over(_: dict[str, Any]) -> dict[str, object]:
            closed = self._state.business_day
            self._gateway.tell(CutOverOrdered())
            await self._driver.settle_journal()
            return {"business_day_closed": closed, "business_day": self._state.business_day}

        return {
            "status": status,
            "positions": positions,
            "cut-over": cut_over,
            **advice_orders(self._driver, self._read_storage),
            **stop_list_orders(self._driver),
        }

    def _positions(self) -> dict[str, object]:
        positions = self._state.positions
        return {
            "business_day": self._state.business_day,
            "positions": [
                {
                    "participant": line.participant,
                    "currency": currency_of(line.currency).alpha,
                    "business_day": line.business_day,
                    "net": line.net,
                    "held": line.held,
                    "net_text": format_amount(line.net, line.currency),
                }
                for line in positions.lines()
            ],
            "zero_sum": not positions.imbalances(),
        }

    def _status(self, *, serving: bool) -> dict[str, object]:
        state = self._state
        return {
            "serving": serving,
            "scheme": self._scheme.scheme_id,
            "business_day": state.business_day,
            "sequence": state.sequence,
            "registry_version": state.registry.version,
            "in_flight": {p: len(side.pending) for p, side in state.issuers.items()},
            "advices_owed": {p: len(side.advices) for p, side in state.issuers.items()},
            "dead_letters": {p: len(side.advices.dead) for p, side in state.issuers.items()},
            "alarms": dict(self._log.counts),
            "traffic": self._gateway.traffic.as_json(),
            "overload": {
                "active": self._gateway.overload.active,
                "refused_of_1000": self._gateway.overload.shed,
                "wait_ms": self._gateway.overload.wait_us // 1000,
            },
            "links": self._links.as_json(),
        }

    def _write_status(self, *, serving: bool) -> None:
        path = self._settings.status.file
        temporary = path.with_name(path.name + ".new")
        text = json.dumps(self._status(serving=serving)) + "\n"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(path)
        except OSError as error:
            # Nobody's payment waits for this file (D14).
            self._log.alarm("status-not-written", error.strerror or type(error).__name__)


@contextmanager
def _opening(path: Path | None) -> Iterator[None]:
    """What the system refuses here is for the operator to mend, and no fault of ours."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"cannot be opened for writing ({error.strerror})",
            where=str(path),
            do="change the path in the settings, or make its folder one that may be written to",
        ) from error


def business_day_at(now: datetime, scheme: Scheme) -> BusinessDay:
    """The business day of an instant: the local date, or the next one after the cut-over."""
    day = business_day(now.astimezone(ZoneInfo(scheme.timezone)).date())
    if scheme.cut_over_time and now >= cut_over_instant(day, scheme):
        return following_day(day)
    return day


def cut_over_instant(day: BusinessDay, scheme: Scheme) -> datetime:
    """When a business day ends. A local time that comes twice counts the first time (T05)."""
    clock = time.fromisoformat(scheme.cut_over_time)
    local = datetime.combine(calendar_date(day), clock, ZoneInfo(scheme.timezone))
    return local.astimezone(UTC)


def serve(settings_path: Path, ready: Callable[[], None], *, standby: bool = False) -> int:
    """Run a node in this process; gives its exit code. `ready` is called when links are open."""
    return run_node(Node(settings_path, standby=standby), ready, _loop_factory())


def run_node(
    node: Node,
    ready: Callable[[], None],
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None,
) -> int:
    """Run a node that has been made, on a loop of this factory; None: asyncio's own."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.disable()
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(node.run(ready))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop, but on Windows: it needs 10 to 15 % less processor time on plain TCP."""
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 not to be had on every platform

    return uvloop.new_event_loop
