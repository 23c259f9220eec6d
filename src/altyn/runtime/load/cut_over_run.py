"""Cut-overs at full load: every transaction belongs to exactly one business day (T04).

While a closed loop keeps the switch busy, cut-overs are ordered over the control channel as fast as
they are done. Afterwards the journal is read entry by entry: the cut-over facts say which day each
entry falls into, the records say which day they claim, and the replies that the generator saw say
what the acquirer was told.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from altyn.journal import Entry
from altyn.runtime.journal.opening import open_journal
from altyn.runtime.load.generator import LoadOrder
from altyn.runtime.load.journal_check import JournalCheck, check_journal
from altyn.runtime.load.measurement import generate_in_process, issuer_process, require_order
from altyn.runtime.load.switch_process import SwitchPlan, SwitchProcess, free_port
from altyn.switch import FACT_ENTRY
from altyn.transaction import TRANSACTION_ENTRY, Flag, Stage, entries

__all__ = ["CutOverFigures", "DatesFound", "find_dates", "run_cut_overs"]

_CONNECTIONS: Final = 8
_IN_FLIGHT: Final = 64
_WARMUP_S: Final = 1.0
_ANSWER_S: Final = 30.0
_MONTHS_AND_DAYS: Final = 10_000


class DatesFound(NamedTuple):
    """What the journal says of business days.

    dates: MMDD by trace number, of the load's terminals; misplaced: transactions that began in
    another day than the one they claim; in_two_days: those whose records claim different days;
    out_of_order: cut-overs that did not open the day after the one they closed.
    """

    cut_overs: int
    transactions: int
    dates: dict[str, str]
    misplaced: int
    in_two_days: int
    out_of_order: int


class CutOverFigures(NamedTuple):
    """What came of a run."""

    per_second: float
    p99_s: float
    found: DatesFound
    replies: int
    replies_otherwise: int
    """Replies with another date than the journal's, or of no transaction in it."""
    journal: JournalCheck

    @property
    def sound(self) -> bool:
        """Whether all is as it must be, and something was to be seen."""
        found = self.found
        wrong = found.misplaced + found.in_two_days + found.out_of_order + self.replies_otherwise
        return self.journal.holds and not wrong and found.cut_overs > 1 and self.replies > 0

    def lines(self) -> Iterator[str]:
        """For people."""
        found = self.found
        yield (
            f"{self.per_second:,.0f} authorizations a second, p99 {self.p99_s * 1000:,.0f} ms, "
            f"while {found.cut_overs:,} business days ended."
        )
        yield (
            f"{found.transactions:,} transactions in the journal: {found.misplaced} outside the "
            f"day they claim, {found.in_two_days} of two days, {found.out_of_order} days out of "
            "order."
        )
        yield f"{self.replies:,} replies: {self.replies_otherwise} with another date."
        yield f"The journal {'agrees' if self.journal.holds else 'DOES NOT AGREE'}."

    def as_table(self) -> dict[str, object]:
        """As plain values, for JSON."""
        found = self.found._asdict()
        del found["dates"]
        return {
            "per_second": self.per_second,
            "p99_s": self.p99_s,
            **found,
            "replies": self.replies,
            "replies_otherwise": self.replies_otherwise,
            "journal": {**self.journal._asdict(), "holds": self.journal.holds},
            "sound": self.sound,
        }


def run_cut_overs(folder: Path, seconds: float, tell: Callable[[str], None]) -> CutOverFigures:
    """Load a switch and cut over all the time. Raises UserError when the switch fails."""
    with issuer_process() as (issuer_port, issuer_id):
        plan = SwitchPlan(folder, free_port(), issuer_port)
        tell("starting the switch")
        with SwitchProcess(plan) as switch:
            probe = switch.probe()
            order = LoadOrder(
                host="127.0.0.1",
                port=plan.acquirer_port,
                connections=_CONNECTIONS,
                in_flight=_IN_FLIGHT,
                rate_per_second=0.0,
                warmup_s=_WARMUP_S,
                seconds=seconds,
                first_reference=probe.sent,
                switch_process_id=switch.process_id,
                issuer_process_id=issuer_id,
                keep_dates=True,
            )
            tell(f"cutting over under load: {_WARMUP_S:g} + {seconds:g} s")
            with _CuttingOver(folder / "data" / "control.sock"):
                result = generate_in_process(order, switch)
    require_order(switch)
    tell("reading the journal")
    seen = result["approvals_seen"] + probe.codes_outside[b"00"]
    unanswered = result["timed_out"] + result["unanswered"]
    unanswered += probe.sent - probe.codes_outside.total()
    found = _read_dates(plan.journal)
    told = [(trace, date) for date, traces in result["dates"].items() for trace in traces]
    return CutOverFigures(
        result["replies_per_second"],
        result["latency"]["p99"],
        found,
        len(told),
        sum(found.dates.get(trace) != date for trace, date in told),
        check_journal(plan.journal, seen, unanswered),
    )


class _CuttingOver:
    """A thread that orders one cut-over after the other, until the context is left."""

    def __init__(self, control_path: Path) -> None:
        self._path = control_path
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cutting-over", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(_ANSWER_S)
            control.connect(str(self._path))
            answers = control.makefile("rb")
            while not self._stopping.is_set():
                control.sendall(b'{"order": "cut-over"}\n')
                if not json.loads(answers.readline())["ok"]:
                    return


def _read_dates(journal: str) -> DatesFound:
    with open_journal(journal) as storage:
        return find_dates(
            entry for batch in storage.batches() for entry in batch.entries(storage.record_bytes)
        )


def find_dates(journal: Iterable[Entry]) -> DatesFound:
    """Walk a journal from its first entry on, and see which day every transaction is of."""
    today = cut_overs = misplaced = in_two_days = out_of_order = 0
    days: dict[str, int] = {}
    dates: dict[str, str] = {}
    for entry in journal:
        if entry.kind == FACT_ENTRY:
            fact = json.loads(entry.body)
            if fact["fact"] in ("opened", "cut-over"):
                in_order = fact["fact"] == "opened" or fact["closed"] == today < fact["opened"]
                out_of_order += not in_order
                cut_overs += fact["fact"] == "cut-over"
                today = fact["opened"]
        elif entry.kind == TRANSACTION_ENTRY:
            if entries.read_number(entry.body, "flags") & Flag.BY_SWITCH:
                continue
            day = entries.read_number(entry.body, "business_day")
            key = _key_of(entry.body)
            earlier = days.setdefault(key, day)
            in_two_days += earlier != day
            is_first = entries.stage_of(entry.body) == Stage.STARTED or key not in dates
            misplaced += is_first and earlier == day != today
            dates[key] = f"{day % _MONTHS_AND_DAYS:04d}"
    of_trace = {key.partition("/")[2][:6]: date for key, date in dates.items()}
    return DatesFound(cut_overs, len(days), of_trace, misplaced, in_two_days, out_of_order)


def _key_of(record: bytes) -> str:
    """Kind, then trace number, time and terminal."""
    kind = entries.read_number(record, "kind")
    texts = (entries.read_text(record, name) for name in ("stan", "transmission", "terminal"))
    return f"{kind}/{''.join(texts)}"
