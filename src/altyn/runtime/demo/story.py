"""The demonstration's day as it is played: processes, phases, barriers, cut-over.

Whatever an outcome could depend on is waited for: nobody trades before all have signed on, an
issuer is away before cards of it are refused, and what is owed to it is delivered before the
evening. So the same seed gives the same outcomes on a slow machine and on a fast one.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

from altyn.runtime.demo.bank_spec import BankSpec
from altyn.runtime.demo.children import BankChild, ProgramChild, run_altyn
from altyn.runtime.demo.claim_files import FORM_OF_BANK
from altyn.runtime.demo.cycles import CycleBook
from altyn.runtime.demo.scheme_files import BankLink, DemoScheme
from altyn.runtime.demo.screen import Screen
from altyn.runtime.demo.tally import DayTally
from altyn.runtime.online.orders import give_order
from altyn.runtime.output import UserError
from altyn.simulators import AWAY_ISSUER, PHASES, Phase, phase_shares

__all__ = ["STAGES", "Demonstration"]

START_PATIENCE_S: Final = 30.0
STALL_PATIENCE_S: Final = 60.0
POLL_S: Final = 0.1
LAST_OF_CYCLE_1: Final = "lost"
"""The phase after which the first cycle ends."""
SWITCH_NOTICES_S: Final = 5.0

STAGES: Final = (
    ("start", "The switch starts"),
    ("sign-on", "The banks sign on"),
    ("morning", "Morning trade"),
    ("away", "Bosphorus Bank is away"),
    ("back", "Bosphorus Bank is back"),
    ("lost", "Answers are lost on the way"),
    ("files-1", "Acquirers send files of presentments"),
    ("clear-1", "Cycle 1 is cleared"),
    ("settle-1", "Cycle 1 is settled"),
    ("evening", "Evening trade"),
    ("cap", "Pearl Gulf Bank reaches its cap"),
    ("cut-over", "The business day is closed"),
    ("files-2", "Acquirers send the rest"),
    ("clear-2", "Cycle 2 is cleared"),
    ("settle-2", "Cycle 2 is settled"),
    ("books", "The books are checked and written"),
)
"""Names and titles of the story's stages, in order."""


class Demonstration:
    """All processes of one demonstration and the day they play together."""

    def __init__(self, scheme: DemoScheme, seed: str, transactions: int, screen: Screen) -> None:
        """Nothing is started yet."""
        self.scheme = scheme
        self.seconds_traded = 0.0
        self.closed: dict[str, Any] = {}
        self._shares = phase_shares(transactions)
        self._screen = screen
        logs = scheme.folder / "logs"
        serve = ("serve", "-c", str(scheme.settings))
        self._switch = ProgramChild("the switch", serve, logs / "switch.out")
        self._settlement_bank = ProgramChild(
            "the settlement bank", scheme.bank_arguments(), logs / "settlement-bank.out"
        )
        self._cycles: CycleBook | None = None
        specs = [_spec(scheme, link, seed, transactions) for link in scheme.links]
        folder = scheme.folder / "banks"
        self._banks = {spec.name: BankChild(spec, folder, self._hear) for spec in specs}
        self.tally = DayTally([(spec.name, spec.role) for spec in specs])
        self._phases_done: set[tuple[str, str]] = set()
        self._books_written: set[str] = set()
        self._presented: dict[str, dict[str, Any]] = {}
        self._ended: dict[str, str] = {}
        self._stopping = False
        self._news = asyncio.Event()
        screen.follow(self.tally)

    # Start and stop.

    async def open(self) -> None:
        """Start the switch, then the banks; returns when all lines are signed on."""
        with self._screen.stage("start") as stage:
            await asyncio.gather(self._switch.start(), *self._starts("issuer"))
            await self._switch_has_started()
            stage.note = f"{len(self.scheme.links)} lines, all from one settings file"
            status = await give_order(self.scheme.control_socket, "status")
            self._cycles = CycleBook(self.scheme, int(status["business_day"]))
            await self._settlement_bank.start()
        with self._screen.stage("sign-on") as stage:
            # An acquirer's line must not be a bank's only one while requests for its cards come.
            await self._until_signed_on(self._names("issuer"))
            await asyncio.gather(*self._starts("acquirer"))
            await self._until_signed_on(self._names("acquirer"))
            stage.note = f"{len(self._banks)} processes"

    def _names(self, role: str) -> list[str]:
        return [name for name, bank in self._banks.items() if bank.spec.role == role]

    def _starts(self, role: str) -> list[Coroutine[Any, Any, None]]:
        return [self._banks[name].start() for name in self._names(role)]

    async def stop(self) -> None:
        """End every process, the switch last."""
        self._stopping = True
        await asyncio.gather(*(bank.stop() for bank in self._banks.values()))
        await self._settlement_bank.stop()
        await self._switch.stop()

    async def stay(self) -> None:
        """Keep everything running until cancelled; raises UserError when a process ends."""
        await self._until(_never, "the end", None)

    # The day.

    async def play(self) -> None:
        """All phases, with the issuer's absence in its place."""
        for phase in PHASES:
            if phase.name == "away":
                await self._play_absence(phase)
            else:
                await self._play_phase(phase)
            if phase.name == LAST_OF_CYCLE_1:
                await self.settle_cycle(1)
        await self._until_delivered()

    @property
    def cycles(self) -> CycleBook:
        """The cycles of the day; they begin with the switch."""
        assert self._cycles is not None, "the switch has started"
        return self._cycles

    async def settle_cycle(self, number: int) -> None:
        """Files come in, the cycle is cleared, and the settlement bank settles it."""
        cycles = self.cycles
        with self._screen.stage(f"files-{number}") as stage:
            files = cycles.open()
            self._presented.clear()
            for acquirer, file in files:
                self._banks[f"{acquirer.lower()}-acquirer"].order("present", **file._asdict())
            await self._until(
                lambda: self._presented.keys() >= FORM_OF_BANK.keys(),
                "the files of presentments",
                STALL_PATIENCE_S,
            )
            stage.note = await cycles.take(files, self._presented)
        with self._screen.stage(f"clear-{number}") as stage:
            stage.note = await cycles.clear()
        with self._screen.stage(f"settle-{number}") as stage:
            stage.note = await cycles.settle()

    async def end_bank_day(self) -> None:
        """The settlement bank writes its statements, and they are held against the runs."""
        await self._settlement_bank.stop()
        code, _, errors = await run_altyn(*self.scheme.bank_arguments(), "--statement-now")
        if code:
            raise UserError("the settlement bank wrote no statement", where=errors.strip()[-200:])
        await self.cycles.reconcile()
        await self.cycles.report()

    async def _play_phase(self, phase: Phase) -> None:
        before = self.tally.requests_by_code()
        with self._screen.stage(phase.name, sum(self._shares[phase.name].values())) as stage:
            seconds = await self._trade(phase)
            stage.note = f"{stage.transactions:,} transactions, {seconds:.1f} s"
            if phase.name == "lost":
                reversals = f"{stage.transactions:,} answers dropped, each taken back"
                stage.note = f"{reversals} by 0400 and 0401"
            if phase.name == "cap":
                after = self.tally.requests_by_code()
                refused = after.get("61", 0) - before.get("61", 0)
                stage.note = f"{stage.transactions - refused} approved, {refused} declined 61"

    async def _play_absence(self, phase: Phase) -> None:
        issuer, acquirer = (f"{AWAY_ISSUER.lower()}-{role}" for role in ("issuer", "acquirer"))
        outcome = "cancelled-while-away/reversal/00"
        delivered_before = self.tally.banks[issuer].count("reversals")
        with self._screen.stage(phase.name, sum(self._shares[phase.name].values())) as stage:
            for name in (acquirer, issuer):
                self._banks[name].order("go-away")
                await self._until(
                    self._state_is(name, "away"), "the bank to leave", START_PATIENCE_S
                )
                await self._switch_has_noticed(name)
            await self._trade(phase, but=acquirer)
            queued = self.tally.outcomes.get(outcome, 0)
            refused = self.tally.requests_by_code().get("91", 0)
            stood_in = self.tally.stood_in
            stage.note = f"{stood_in} stood in for, {refused} declined 91, {queued} reversals kept"
        with self._screen.stage("back") as stage:
            for name in (issuer, acquirer):
                self._banks[name].order("come-back")
                await self._until_signed_on([name])
            await self._until(
                lambda: (
                    self.tally.banks[issuer].count("reversals") >= delivered_before + queued
                    and self.tally.banks[issuer].count("stand_ins") >= stood_in
                ),
                "the kept advices to be delivered",
                STALL_PATIENCE_S,
            )
            regrets = self.tally.banks[issuer].count("regrets")
            told = f"{stood_in} stand-ins told, {regrets} of them regretted"
            stage.note = f"{told}, {queued} reversals delivered"

    async def _trade(self, phase: Phase, but: str = "") -> float:
        """Let all acquirers play a phase; seconds from the first order to the last answer."""
        began = time.monotonic()
        acquirers = [name for name in self._names("acquirer") if name != but]
        for name in acquirers:
            self._banks[name].order("play", phase=phase.name)
        for name in acquirers:
            await self._until_done(name, phase.name)
        seconds = time.monotonic() - began
        self.seconds_traded += seconds
        return seconds

    async def _until_done(self, name: str, phase: str) -> None:
        """Wait for an acquirer's phase as long as anything moves at all."""
        done = (name, phase)
        while done not in self._phases_done:
            answered = self.tally.messages_answered
            await self._until(
                lambda answered=answered: (  # type: ignore[misc]
                    done in self._phases_done or self.tally.messages_answered > answered
                ),
                f"answers to {name}",
                STALL_PATIENCE_S,
            )

    async def _until_delivered(self) -> None:
        """Wait until issuers have every reversal and completion that acquirers were promised."""
        tally = self.tally
        await self._until(
            lambda: (
                tally.issuer_total("reversals") >= tally.actions("reversal", accepted_only=True)
                and tally.issuer_total("advices") >= tally.actions("completion", accepted_only=True)
            ),
            "the last advices to be delivered",
            STALL_PATIENCE_S,
        )

    async def close_day(self) -> dict[str, Any]:
        """Cut-over; returns the switch's positions with the closed day's number."""
        with self._screen.stage("cut-over") as stage:
            self.closed = await give_order(self.scheme.control_socket, "cut-over")
            positions = await give_order(self.scheme.control_socket, "positions")
            day = str(self.closed["business_day_closed"])
            stage.note = f"{day[:4]}-{day[4:6]}-{day[6:]}, at one entry of the journal"
        return positions

    async def write_books(self) -> None:
        """Let every bank write what it believes."""
        for bank in self._banks.values():
            bank.order("write-books")
        await self._until(
            lambda: self._books_written >= self._banks.keys(), "the banks' books", STALL_PATIENCE_S
        )

    # What is waited for.

    def _hear(self, name: str, report: dict[str, Any]) -> None:
        kind = report["report"]
        bank = self.tally.banks[name]
        if kind == "figures":
            self.tally.hear_figures(name, report)
        elif kind == "line":
            bank.state = report["state"]
        elif kind == "away":
            bank.state = "away"
        elif kind == "phase-done":
            self._phases_done.add((name, report["phase"]))
        elif kind == "presented":
            self._presented[bank_id_of(name)] = report
        elif kind == "books-written":
            self._books_written.add(name)
        elif kind == "ended" and not self._stopping:
            self._ended[name] = report["errors"]
        self._news.set()

    async def _until(
        self, condition: Callable[[], bool], what: str, patience_s: float | None
    ) -> None:
        deadline = None if patience_s is None else time.monotonic() + patience_s
        while not condition():
            self._switch.check()
            for name, errors in self._ended.items():
                raise UserError(f"the bank process {name} ended by itself", where=errors)
            if deadline is not None and time.monotonic() > deadline:
                raise UserError(
                    f"waited {patience_s:.0f} s for {what}, in vain",
                    where=str(self.scheme.folder / "logs"),
                    do="the logs there say what went on",
                )
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), POLL_S)
            except TimeoutError:
                continue

    async def _switch_has_started(self) -> None:
        """Wait until the switch answers an order; its lines are open then."""
        deadline = time.monotonic() + START_PATIENCE_S
        while True:
            self._switch.check()
            try:
                await give_order(self.scheme.control_socket, "status")
            except OSError as error:
                if time.monotonic() > deadline:
                    raise UserError(
                        f"the switch did not start in {START_PATIENCE_S:.0f} s",
                        where=str(self.scheme.folder / "logs"),
                        do="the logs there say what went on",
                    ) from error
                await asyncio.sleep(POLL_S / 2)
                continue
            return

    async def _until_signed_on(self, names: list[str]) -> None:
        for name in names:
            await self._until(
                self._state_is(name, "signed-on"), f"{name} to sign on", START_PATIENCE_S
            )

    def _state_is(self, name: str, state: str) -> Callable[[], bool]:
        return lambda: self.tally.banks[name].state == state

    async def _switch_has_noticed(self, link: str) -> None:
        """Wait until the switch itself says that a line is not in service."""
        deadline = time.monotonic() + SWITCH_NOTICES_S
        while time.monotonic() < deadline:
            status = await give_order(self.scheme.control_socket, "status")
            if not _in_service(status, link):
                return
            await asyncio.sleep(POLL_S / 10)
        raise UserError(f"the switch still believes that {link} is there")


def _in_service(status: dict[str, Any], link: str) -> bool:
    found = [entry for entry in status.get("links", ()) if entry.get("id") == link]
    return bool(found) and bool(found[0].get("signed_on", found[0].get("connections")))


def bank_id_of(process: str) -> str:
    """The bank of a process that is named after it and its role."""
    return process.partition("-")[0].upper()


def _never() -> bool:
    return False


def _spec(scheme: DemoScheme, link: BankLink, seed: str, transactions: int) -> BankSpec:
    folder = scheme.folder.absolute()
    return BankSpec(
        name=link.name,
        bank_id=link.bank.bank_id,
        role="issuer" if link.role == "issuer" else "acquirer",
        port=link.port,
        mode="connect" if link.mode == "listen" else "listen",
        seed=seed,
        transactions=transactions,
        log=str(folder / "logs" / f"{link.name}.jsonl"),
        books=str(folder / "banks" / f"{link.name}.books.json"),
    )
