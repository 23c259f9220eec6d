"""A whole measurement: start switch and issuer, run each profile, stop, look into the journal."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from altyn.runtime.load.generator import LoadOrder
from altyn.runtime.load.journal_check import JournalCheck, check_journal
from altyn.runtime.load.profiles import LoadProfile
from altyn.runtime.load.switch_process import SwitchPlan, SwitchProcess, free_port
from altyn.runtime.output import UserError, hardware_line

__all__ = [
    "Measurement",
    "MeasurementPlan",
    "ProfileFigures",
    "generate_in_process",
    "issuer_process",
    "measure",
    "require_order",
]

_BEYOND_THE_RUN_S: Final = 60
_ISSUER_STOP_S: Final = 10


@dataclass(frozen=True, slots=True)
class MeasurementPlan:
    """What to measure, and for how long each; `address`: of the journal, when it is a database."""

    profiles: Sequence[LoadProfile]
    seconds: float
    warmup_s: float
    extra_flush_ms: int
    folder: Path
    address: str = ""


@dataclass(frozen=True, slots=True)
class ProfileFigures:
    """What one profile gave: `result` is `LoadResult.as_table`; memory when it ended."""

    profile: LoadProfile
    result: dict[str, Any]
    switch_memory_bytes: int

    @property
    def lost(self) -> int:
        """Requests without a proper answer, and answers without a request."""
        reasons = ("timed_out", "unanswered", "unmatched", "mismatched", "malformed")
        return sum(self.result[reason] for reason in reasons)


@dataclass(frozen=True, slots=True)
class Measurement:
    """All figures of a measurement and the machine they were taken on."""

    plan: MeasurementPlan
    hardware: str
    figures: list[ProfileFigures]
    journal: JournalCheck

    @property
    def sound(self) -> bool:
        """Whether nothing was lost and the journal holds what was answered."""
        return self.journal.holds and not any(figures.lost for figures in self.figures)

    def as_table(self) -> dict[str, object]:
        """The same as plain values, for JSON: seconds and bytes."""
        return {
            "hardware": self.hardware,
            "seconds_per_profile": self.plan.seconds,
            "warmup_s": self.plan.warmup_s,
            "extra_flush_ms": self.plan.extra_flush_ms,
            "store": "postgresql" if self.plan.address else "sqlite",
            "profiles": [
                {
                    **figures.profile._asdict(),
                    **figures.result,
                    "lost": figures.lost,
                    "switch_memory_bytes": figures.switch_memory_bytes,
                }
                for figures in self.figures
            ],
            "journal": {**self.journal._asdict(), "holds": self.journal.holds},
            "sound": self.sound,
        }


@contextmanager
def issuer_process() -> Iterator[tuple[int, int]]:
    """A running issuer: its port and its process id. It ends with us, however we end."""
    with subprocess.Popen(
        [sys.executable, "-m", "altyn.runtime.load", "issuer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None, "pipes were asked for"
        try:
            yield int(process.stdout.readline()), process.pid
        finally:
            # The end of its standard input is what it waits for.
            process.stdin.close()
            process.wait(_ISSUER_STOP_S)


def measure(plan: MeasurementPlan, tell: Callable[[str], None]) -> Measurement:
    """Carry out the plan; `tell` hears what goes on. Raises UserError when it cannot go on."""
    with issuer_process() as (issuer_port, issuer_id):
        switch_plan = SwitchPlan(
            plan.folder, free_port(), issuer_port, plan.extra_flush_ms, plan.address
        )
        tell("starting the switch")
        with SwitchProcess(switch_plan) as switch:
            probe = switch.probe()
            sent, seen, figures = probe.sent, probe.codes_outside[b"00"], list[ProfileFigures]()
            for profile in plan.profiles:
                tell(f"{profile.name}: {plan.warmup_s:g} + {plan.seconds:g} s")
                order = _order(plan, profile, switch, issuer_id, sent)
                result = generate_in_process(order, switch)
                sent += result["sent"]
                seen += result["approvals_seen"]
                figures.append(ProfileFigures(profile, result, switch.memory_bytes()))
    require_order(switch)
    tell("verifying the journal")
    unanswered = sum(each.result["timed_out"] + each.result["unanswered"] for each in figures)
    unanswered += probe.sent - probe.codes_outside.total()
    check = check_journal(switch_plan.journal, seen, unanswered)
    return Measurement(plan, hardware_line(), figures, check)


def require_order(switch: SwitchProcess) -> None:
    """Raise UserError when the switch, which has been stopped, did not end in order."""
    code = switch.stop()
    if code:
        raise UserError(
            f"the switch ended with exit code {code}: {switch.last_words()}",
            where=str(switch.plan.log_path),
            do="read the log; with --keep DIR it stays",
        )


def _order(
    plan: MeasurementPlan, profile: LoadProfile, switch: SwitchProcess, issuer_id: int, sent: int
) -> LoadOrder:
    return LoadOrder(
        host="127.0.0.1",
        port=switch.plan.acquirer_port,
        connections=profile.connections,
        in_flight=profile.in_flight,
        rate_per_second=profile.rate_per_second,
        warmup_s=plan.warmup_s,
        seconds=plan.seconds,
        first_reference=sent,
        switch_process_id=switch.process_id,
        issuer_process_id=issuer_id,
    )


def generate_in_process(order: LoadOrder, switch: SwitchProcess) -> dict[str, Any]:
    """Run the generator in its own process, so that it shares nothing with what it measures."""
    generator = subprocess.run(
        [sys.executable, "-m", "altyn.runtime.load", "generator"],
        input=order.as_line(),
        capture_output=True,
        text=True,
        timeout=order.warmup_s + order.seconds + _BEYOND_THE_RUN_S,
        check=False,
    )
    if generator.returncode:
        said = generator.stderr.strip().rpartition("\n")[2]
        raise UserError(
            f"the load generator gave up: {said}; the switch said last: {switch.last_words()}",
            where=str(switch.plan.log_path),
            do="read the log; with --keep DIR it stays",
        )
    result: dict[str, Any] = json.loads(generator.stdout)
    return result
