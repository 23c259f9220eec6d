"""How a switch's memory and its start grow with its journal: `altyn bench restart`.

The journal is made by the real state machine and the real store, without sockets: requests and
answers are told to the switch in this process as fast as it takes them. Then the real
`altyn serve` is started on that journal, killed with SIGKILL, and started again; what counts
is the time from the start of the process to the first approved purchase.
"""

import gc
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from altyn.clock import Instant
from altyn.identifiers import LinkId, ParticipantId
from altyn.journal import BatchBuilder
from altyn.message import Message, dialect, load_codec
from altyn.registry import Registry
from altyn.runtime.load.measurement import issuer_process
from altyn.runtime.load.process_usage import memory_bytes
from altyn.runtime.load.request_book import VARIANTS, request_message
from altyn.runtime.load.switch_process import SCHEME_ID, SwitchPlan, SwitchProcess, free_port
from altyn.runtime.scheme_file import load_scheme
from altyn.runtime.sqlite_storage import SqliteStorage
from altyn.switch import Effect, Forward, LinkTerms, LinkUp, Record, Switch, SwitchState, TimeDue
from altyn.switch import save_snapshot as snapshot_of
from altyn.transaction import Kind, Request, Response, entries

ENTRIES_OF_A_TRANSACTION: Final = 2
BATCH_TRANSACTIONS: Final = 200
SNAPSHOT_EVERY_ENTRIES: Final = 200_000
SAMPLES: Final = 10
RESTARTS: Final = 3
FIRST_DAY: Final = 20_260_101
RATE_OF_MADE_TRAFFIC: Final = 20_000
LINE_START_S: Final = 10.0
LINE_MEMORY_MIB: Final = 1024.0
_MIB: Final = 1 << 20
_MICROSECONDS: Final = 1_000_000


class MemorySample(NamedTuple):
    """Resident memory of the process that holds the switch, after so many transactions."""

    transactions: int
    mebibytes: float


class RestartFigures(NamedTuple):
    """What was measured; times in seconds, memory in MiB."""

    transactions: int
    entries: int
    journal_bytes: int
    made_s: float
    memory: list[MemorySample]
    starts_s: list[float]
    serving_mebibytes: float

    def as_table(self) -> dict[str, object]:
        """The figures for a JSON file."""
        return {
            "transactions": self.transactions,
            "entries": self.entries,
            "journal_bytes": self.journal_bytes,
            "made_s": round(self.made_s, 1),
            "transactions_per_second": round(self.transactions / self.made_s),
            "memory": [sample._asdict() for sample in self.memory],
            "starts_s": [round(value, 2) for value in self.starts_s],
            "serving_mebibytes": round(self.serving_mebibytes, 1),
        }


class _Drive:
    """The switch and its journal in this process, with made requests and answers."""

    def __init__(self, plan: SwitchPlan) -> None:
        plan.write()
        registry = Registry(load_scheme(plan.folder / "scheme.toml"))
        terms = [
            LinkTerms(LinkId(name), ParticipantId(owner), "none", 10**7, 10**7, 0, 10**6)
            for name, owner in (("acquirer", "LOADACQ"), ("issuer", "LOADISS"))
        ]
        self.switch = Switch(SwitchState(registry, FIRST_DAY), terms)
        self.storage = SqliteStorage(plan.journal_path, SCHEME_ID, entries.RECORD_BYTES)
        self._hash = self.storage.end().hash
        self._next_snapshot = SNAPSHOT_EVERY_ENTRIES
        self._now = Instant(time.time_ns() // 1000 - 10**11, 0)
        codec = load_codec("altyn87")
        self._messages = [
            codec.decode(codec.encode(request_message(number))) for number in range(VARIANTS)
        ]
        opening = self.switch.open(self._now)
        for link_id in ("acquirer", "issuer"):
            opening += self.switch.step(LinkUp(LinkId(link_id)), self._now)
        self._commit(opening)

    def batch(self, first: int, count: int) -> None:
        """So many transactions in two group commits: requests, then their answers."""
        passed = count * _MICROSECONDS // RATE_OF_MADE_TRAFFIC
        self._now = Instant(self._now.utc_us + passed, self._now.monotonic_us + passed)
        effects: list[Effect] = []
        for number in range(first, first + count):
            effects += self.switch.step(self._request(number), self._now)
        self._commit(effects)
        answers: list[Effect] = []
        for effect in effects:
            if isinstance(effect, Forward):
                answers += self.switch.step(_answer(effect), self._now)
        self._commit(answers + self.switch.step(TimeDue(), self._now))

    def _request(self, number: int) -> Request:
        source = self._messages[number % VARIANTS]
        fields = dict(source.fields)
        fields[7] = time.strftime("%m%d%H%M%S", time.gmtime(self._now.utc_us // _MICROSECONDS))
        fields[11] = f"{number % 999_999 + 1:06d}"
        fields[37] = f"{number:012d}"
        request = dialect.read(Message(source.mti, fields), "acquirer", None)
        assert isinstance(request, Request), "a made request is one"
        return request

    def _commit(self, effects: list[Effect]) -> None:
        state = self.switch.state
        records = [effect for effect in effects if isinstance(effect, Record)]
        builder = BatchBuilder(state.sequence - len(records) + 1)
        for record in records:
            builder.append(*record)
        batch = builder.seal(self._hash, self._now.utc_us)
        self.storage.append(batch)
        self._hash = batch.hash
        if state.sequence >= self._next_snapshot:
            self._next_snapshot += SNAPSHOT_EVERY_ENTRIES
            self.storage.save_snapshot(snapshot_of(state)(self._hash))


def _answer(effect: Forward) -> Response:
    transaction = effect.transaction
    return Response(
        Kind.AUTHORIZATION,
        transaction.issuer_stan,
        transaction.issuer_transmission,
        "00",
        "123456",
        transaction.amount,
        None,
        b"",
        "issuer",
    )


def run(folder: Path, transactions: int, tell: Callable[[str], None]) -> RestartFigures:
    """Make the journal in a folder, then start, kill and start the switch on it."""
    with issuer_process() as (issuer_port, _):
        plan = SwitchPlan(folder, free_port(), issuer_port)
        drive = _Drive(plan)
        gc.collect()
        gc.disable()  # as in the switch itself
        memory = [_sample(0)]
        began = time.monotonic()
        for first in range(0, transactions, BATCH_TRANSACTIONS):
            drive.batch(first, min(BATCH_TRANSACTIONS, transactions - first))
            done = first + BATCH_TRANSACTIONS
            if done * SAMPLES // transactions > len(memory) - 1:
                memory.append(_sample(done))
                tell(
                    f"{done:,} transactions made, {drive.switch.state.sequence:,} entries, "
                    f"{memory[-1].mebibytes:.0f} MiB"
                )
        made_s = time.monotonic() - began
        gc.enable()
        sequence = drive.switch.state.sequence
        drive.storage.close()
        del drive
        starts: list[float] = []
        serving = 0.0
        for _ in range(RESTARTS):
            began = time.monotonic()
            process = SwitchProcess(plan)
            process.probe()
            starts.append(time.monotonic() - began)
            serving = process.memory_bytes() / _MIB
            process.kill()
            tell(f"serving after {starts[-1]:.1f} s, then killed")
    size = sum(path.stat().st_size for path in plan.journal_path.parent.glob("journal.db*"))
    return RestartFigures(transactions, sequence, size, made_s, memory, starts, serving)


def _sample(transactions: int) -> MemorySample:
    return MemorySample(transactions, memory_bytes([os.getpid()]) / _MIB)


def render(figures: RestartFigures) -> RenderableType:
    """Tables: memory as transactions pass, and the time from a start to the first approval."""
    memory = Table(title="Memory of the switch's process", title_justify="left", box=box.SIMPLE)
    memory.add_column("transactions", justify="right")
    memory.add_column("MiB", justify="right")
    for sample in figures.memory:
        memory.add_row(f"{sample.transactions:,}", f"{sample.mebibytes:,.0f}")
    starts = Table(title="Start after kill -9", title_justify="left", box=box.SIMPLE)
    starts.add_column("what")
    starts.add_column("figure", justify="right")
    starts.add_column("line", justify="right")
    slowest = max(figures.starts_s)
    starts.add_row("entries in the journal", f"{figures.entries:,}", "")
    starts.add_row("journal", f"{figures.journal_bytes / _MIB:,.0f} MiB", "")
    starts.add_row("serving after, slowest", f"{slowest:.1f} s", f"{LINE_START_S:.0f} s")
    starts.add_row(
        "memory when serving",
        f"{figures.serving_mebibytes:,.0f} MiB",
        f"{LINE_MEMORY_MIB:,.0f} MiB",
    )
    starts.add_row("made at", f"{figures.transactions / figures.made_s:,.0f} transactions/s", "")
    return Group(memory, starts)
