"""The switch beyond its capacity: how much it still serves, how soon, and whether it recovers.

Four runs on one switch: a closed loop finds the capacity, open loops ask for a half and for the
wanted multiple of it, and one at half of it shows the recovery. Beside each, a probe buys and
reverses on a line of its own.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from altyn.runtime.load.generator import LoadOrder
from altyn.runtime.load.journal_check import JournalCheck, check_journal
from altyn.runtime.load.measurement import generate_in_process, issuer_process, require_order
from altyn.runtime.load.reversal_probe import ReversalProbe
from altyn.runtime.load.switch_process import SwitchPlan, SwitchProcess, free_port
from altyn.runtime.output import hardware_line
from altyn.runtime.percentiles import percentiles

__all__ = ["OverloadFigures", "render", "run_overload"]

_CONNECTIONS: Final = 8
_CLOSED_IN_FLIGHT: Final = 64
_WARMUP_S: Final = 3.0
_RECOVERY_S: Final = 8.0
"""Before the run that shows the recovery: the refusals fade within five seconds."""

_DRAIN_S: Final = 15.0
_PROBE_STANS: Final = 200_000
_MS: Final = 1000.0


class Phase(NamedTuple):
    """One run: requests a second asked for (0: a closed loop), what came, what the probe saw."""

    name: str
    rate: float
    result: dict[str, Any]
    reversals: dict[str, int]
    reversals_unanswered: int
    reversal_p99: float

    @property
    def approved_per_second(self) -> float:
        """The goodput."""
        return float(self.result["approved"]) / float(self.result["seconds"])

    @property
    def declined_per_second(self) -> float:
        """What was refused."""
        declined: dict[str, int] = self.result["declined"]
        return sum(declined.values()) / float(self.result["seconds"])


class OverloadFigures(NamedTuple):
    """All phases, and whether the journal agrees with what was answered."""

    phases: list[Phase]
    journal: JournalCheck

    @property
    def capacity(self) -> float:
        """Approvals a second of the closed loop."""
        return self.phases[0].approved_per_second

    @property
    def sound(self) -> bool:
        """Whether the journal holds, no reversal was lost, and the last run refused nothing."""
        recovered = not self.phases[-1].result["declined"]
        answered = not any(phase.reversals_unanswered for phase in self.phases)
        return self.journal.holds and answered and recovered

    def as_table(self) -> dict[str, object]:
        """The same as plain values, for JSON."""
        return {
            "phases": [phase._asdict() for phase in self.phases],
            "capacity_per_second": self.capacity,
            "journal": {**self.journal._asdict(), "holds": self.journal.holds},
            "sound": self.sound,
        }


def run_overload(
    folder: Path, seconds: float, times: float, tell: Callable[[str], None]
) -> OverloadFigures:
    """Run the four phases, each `seconds` long. Raises UserError when the switch fails."""
    with issuer_process() as (issuer_port, issuer_id):
        plan = SwitchPlan(folder, free_port(), issuer_port)
        tell("starting the switch")
        with SwitchProcess(plan) as switch:
            probe = switch.probe()
            run = _Run(switch, issuer_id, seconds, probe.sent, tell)
            run.seen += probe.codes_outside[b"00"]
            capacity = run.phase("closed loop", 0.0, _WARMUP_S).approved_per_second
            run.phase("half", capacity / 2, _WARMUP_S)
            run.phase(f"{times:g} times", capacity * times, _WARMUP_S)
            run.phase("half again", capacity / 2, _RECOVERY_S)
    require_order(switch)
    tell("verifying the journal")
    return OverloadFigures(run.phases, check_journal(plan.journal, run.seen, run.unanswered))


class _Run:
    def __init__(
        self,
        switch: SwitchProcess,
        issuer_id: int,
        seconds: float,
        sent: int,
        tell: Callable[[str], None],
    ) -> None:
        self.switch, self.issuer_id, self.seconds, self.sent = switch, issuer_id, seconds, sent
        self.tell = tell
        self.seen = self.unanswered = 0
        self.phases: list[Phase] = []

    def phase(self, name: str, rate: float, warmup_s: float) -> Phase:
        self.tell(f"{name}: {warmup_s:g} + {self.seconds:g} s")
        order = LoadOrder(
            host="127.0.0.1",
            port=self.switch.plan.acquirer_port,
            connections=_CONNECTIONS,
            in_flight=0 if rate else _CLOSED_IN_FLIGHT,
            rate_per_second=rate,
            warmup_s=warmup_s,
            seconds=self.seconds,
            first_reference=self.sent,
            switch_process_id=self.switch.process_id,
            issuer_process_id=self.issuer_id,
            drain_s=_DRAIN_S,
        )
        first_stan = len(self.phases) * _PROBE_STANS
        with ReversalProbe(self.switch.plan.acquirer_port, first_stan) as probe:
            result = generate_in_process(order, self.switch)
        result.pop("dates")
        self.sent += result["sent"]
        self.seen += result["approvals_seen"] + probe.purchases["00"]
        self.unanswered += result["timed_out"] + result["unanswered"] + probe.unanswered
        p99 = percentiles(probe.latencies).p99
        phase = Phase(name, rate, result, dict(probe.reversals), probe.unanswered, p99)
        self.phases.append(phase)
        return phase


def render(figures: OverloadFigures) -> RenderableType:
    """The table and the closing lines."""
    table = Table(title="Beyond capacity, latencies in milliseconds", title_justify="left")
    table.box = box.SIMPLE_HEAD
    table.add_column("asked", no_wrap=True)
    columns = ("per s", "approved/s", "share", "p50", "p99", "refused/s", "p99 ")
    for column in (*columns, "reversed", "p99  "):
        table.add_column(column, justify="right", no_wrap=True)
    for phase in figures.phases:
        approved, declined = phase.result["latency"], phase.result["latency_declined"]
        table.add_row(
            phase.name,
            f"{phase.rate:,.0f}" if phase.rate else "",
            f"{phase.approved_per_second:,.0f}",
            f"{phase.approved_per_second / figures.capacity:.2f}" if figures.capacity else "",
            *(f"{approved[point] * _MS:,.0f}" for point in ("p50", "p99")),
            f"{phase.declined_per_second:,.0f}",
            f"{declined['p99'] * _MS:,.0f}" if declined["count"] else "",
            f"{sum(phase.reversals.values()):,}",
            f"{phase.reversal_p99 * _MS:,.0f}",
        )
    journal = figures.journal
    held = "agrees with every approval seen" if journal.holds else "DOES NOT AGREE"
    lost = sum(phase.reversals_unanswered for phase in figures.phases)
    others = max(phase.result["other_cpu"] for phase in figures.phases)
    closing = [
        f"The journal {held}; {lost} reversals were not answered.",
        f"Other programs used up to {others:.2f} processors.",
        f"Measured on {hardware_line()}.",
    ]
    return Group(table, *(Text(text) for text in closing))
