"""One world, run and judged; a failing one made smaller, and told as a story.

A trial is its plan: the same plan gives the same observations and the same finding, in any
process. That is what lets a swarm hand plans to processes, and a person replay a finding.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from altyn.testing.audit import AuditFailure, Auditor
from altyn.testing.faults import FAULTS
from altyn.testing.node import SwitchFailedError
from altyn.testing.observations import Observation
from altyn.testing.schedule import stream
from altyn.testing.world import NotQuiescentError, World, WorldFigures, WorldPlan

__all__ = ["Finding", "Trial", "command_of", "run_trial", "shrink", "swarm_plan"]

SHRINK_TRIALS_MAX: Final = 120


class Finding(NamedTuple):
    """What was wrong: the invariant, when (virtual microseconds), whose transaction, and what."""

    invariant: str
    at: int
    key: tuple[str, str]
    what: str


class Trial(NamedTuple):
    """A plan, what happened, and what was found; None when every check held."""

    plan: WorldPlan
    figures: WorldFigures
    finding: Finding | None


def run_trial(
    plan: WorldPlan, told: Callable[[Observation], None] | None = None, audited: bool = True
) -> Trial:
    """Run a world under its auditor; `told` sees every observation before the auditor does."""
    auditor = Auditor()

    def observe(observation: Observation) -> None:
        if told is not None:
            told(observation)
        if audited:
            auditor.observe(observation)

    world = World(plan, auditor.observe if audited and told is None else observe)
    finding = None
    try:
        world.run()
    except AuditFailure as failure:
        finding = Finding(failure.invariant, failure.at, failure.key, failure.what)
    except NotQuiescentError as failure:
        finding = Finding("I12", world.schedule.at, ("", ""), str(failure))
    except SwitchFailedError as failure:
        finding = Finding("SWITCH", world.schedule.at, ("", ""), str(failure))
    return Trial(plan, world.figures, finding)


def swarm_plan(seed: int) -> WorldPlan:
    """The plan of one seed of a swarm: small and large worlds, all faults or some of them."""
    dice = stream(seed, "swarm")
    faults = tuple(FAULTS)
    if dice.random() < 0.4:
        share = dice.random()
        faults = tuple(name for name in FAULTS if dice.random() < share)
    return WorldPlan(
        seed,
        days=dice.choice((1, 1, 2, 3)),
        banks=dice.choice((2, 3, 4, 5, 8)),
        transactions=dice.choice((200, 500, 1000, 2000)),
        faults=faults,
    )


def shrink(trial: Trial, trials_max: int = SHRINK_TRIALS_MAX) -> Trial:
    """The smallest trial that was found to fail in the same way: days, transactions, banks and
    faults are taken away one after the other as long as the same invariant breaks."""
    assert trial.finding is not None, "only what fails can fail smaller"
    best, left = trial, trials_max
    smaller = True
    while smaller and left > 0:
        smaller = False
        for plan in _smaller(best.plan):
            left -= 1
            attempt = run_trial(plan)
            found = attempt.finding
            if found is not None and found.invariant == trial.finding.invariant:
                best, smaller = attempt, True
                break
            if left <= 0:
                break
    return best


def _smaller(plan: WorldPlan) -> Iterator[WorldPlan]:
    """Plans that are smaller in one way each, the boldest first."""
    if plan.days > 1:
        yield plan._replace(days=1)
        yield plan._replace(days=plan.days - 1)
    if plan.banks > 2:
        yield plan._replace(banks=2)
        yield plan._replace(banks=plan.banks - 1)
    for divisor in (8, 2):
        if plan.transactions >= divisor:
            yield plan._replace(transactions=plan.transactions // divisor)
    count = len(plan.faults)
    if count:
        yield plan._replace(faults=())
    for parts in (2, 4, 8):
        size = -(-count // parts)
        if size > 1:
            for start in range(0, count, size):
                yield plan._replace(faults=plan.faults[:start] + plan.faults[start + size :])
    for place in range(count) if count > 1 else ():
        yield plan._replace(faults=plan.faults[:place] + plan.faults[place + 1 :])
    if plan.transactions > 8:
        yield plan._replace(transactions=plan.transactions * 9 // 10)


def command_of(plan: WorldPlan) -> str:
    """The command line that replays a plan."""
    faults = ",".join(plan.faults) or "none"
    if plan.faults == tuple(FAULTS):
        faults = "all"
    return (
        f"altyn simulate --seed {plan.seed} --days {plan.days} --banks {plan.banks} "
        f"--transactions {plan.transactions} --faults {faults}"
    )
