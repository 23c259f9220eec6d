"""A swarm: seeds on all cores until a budget of time ends, and the first failure made smaller."""

import gc
import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import NamedTuple

from altyn.testing import Trial, run_trial, shrink, swarm_plan

__all__ = ["Swarm", "SwarmFigures"]


class SwarmFigures(NamedTuple):
    """What a swarm did. A clean run is a world that ended with every check held."""

    cores: int
    seeds: int
    days: int
    transactions: int
    messages: int
    crashes: int
    faults: dict[str, int]
    longest_clean_days: int
    longest_clean_transactions: int
    elapsed_s: float
    failure: Trial | None

    @property
    def days_per_s(self) -> float:
        """Simulated scheme-days in a second of real time, over all cores."""
        return self.days / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def transactions_per_s(self) -> float:
        """Simulated transactions in a second of real time, over all cores."""
        return self.transactions / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def transactions_per_core_s(self) -> float:
        """Simulated transactions in a second of real time on each core."""
        return self.transactions_per_s / self.cores


def _run_seed(seed: int) -> Trial:
    """One world. Its garbage is collected when it is over: nothing it makes goes before, and to
    look again and again costs a tenth of the time. What then is left stays, and is passed over
    when the next world is collected."""
    gc.disable()
    try:
        return run_trial(swarm_plan(seed))
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


class Swarm:
    """`run` plays seeds from `from_seed` on, on so many processes."""

    def __init__(self, cores: int, from_seed: int) -> None:
        """Start the processes, before this one shows anything or starts a thread."""
        self._cores = cores
        self._from_seed = from_seed
        # Forked where that can be: a program that was not started as a file starts no other way.
        method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
        context = multiprocessing.get_context(method)
        self._pool = context.Pool(cores) if cores > 1 else None

    def run(self, budget_s: float, told: Callable[[SwarmFigures], None]) -> SwarmFigures:
        """Run until the budget ends or a seed fails; `told` hears of the figures after each."""
        figures = SwarmFigures(self._cores, 0, 0, 0, 0, 0, {}, 0, 0, 0.0, None)
        began = time.monotonic()
        for trial in self._trials(began + budget_s):
            figures = _added(figures, trial, time.monotonic() - began)
            told(figures)
            if trial.finding is not None:
                break
        if figures.failure is not None:
            figures = figures._replace(failure=shrink(figures.failure))
        return figures

    def _trials(self, until: float) -> Iterator[Trial]:
        def seeds() -> Iterator[int]:
            for seed in count(self._from_seed):
                if time.monotonic() >= until:
                    return
                yield seed

        if self._pool is None:
            yield from map(_run_seed, seeds())
            return
        with self._pool as pool:
            following = seeds()
            ahead = islice(following, 2 * self._cores)
            waiting = deque(pool.apply_async(_run_seed, (seed,)) for seed in ahead)
            while waiting:
                yield waiting.popleft().get()
                for seed in islice(following, 1):
                    waiting.append(pool.apply_async(_run_seed, (seed,)))


def _added(figures: SwarmFigures, trial: Trial, elapsed_s: float) -> SwarmFigures:
    done = trial.figures
    clean = trial.finding is None
    faults = dict(figures.faults)
    for name, strikes in done.faults.items():
        faults[name] = faults.get(name, 0) + strikes
    return SwarmFigures(
        figures.cores,
        figures.seeds + 1,
        figures.days + done.days,
        figures.transactions + done.transactions,
        figures.messages + done.messages,
        figures.crashes + done.crashes,
        faults,
        max(figures.longest_clean_days, done.days if clean else 0),
        max(figures.longest_clean_transactions, done.transactions if clean else 0),
        elapsed_s,
        None if clean else trial,
    )
