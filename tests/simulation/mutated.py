"""One world under one deliberate fault, in a process of its own.

    python -m tests.simulation.mutated NAME              as in the tests
    python -m tests.simulation.mutated NAME --seeds 40   from seed 1 on, until it is found
    python -m tests.simulation.mutated NAME as-it-is     the same world without the fault

Prints a line of JSON: what was found (null when nothing was), and what it cost.
"""

import json
import sys
import time

from tests.simulation.mutants import BY_NAME, SEEDS_MAX, Mutant
from tests.simulation.mutated_source import mutate


def play(mutant: Mutant, seeds: range) -> dict[str, object]:
    """Play worlds until one finds something; what was put in must be in before this."""
    from altyn.testing.trial import run_trial
    from altyn.testing.world import WorldPlan

    began = time.perf_counter()
    transactions = 0
    found = None
    seed = seeds.start
    for seed in seeds:
        plan = WorldPlan(seed, days=mutant.days, transactions=mutant.transactions)
        trial = run_trial(plan)
        transactions += trial.figures.transactions
        found = trial.finding
        if found is not None:
            break
    return {
        "name": mutant.name,
        "seed": seed,
        "invariant": None if found is None else found.invariant,
        "what": None if found is None else found.what,
        "transactions": transactions,
        "seconds": round(time.perf_counter() - began, 2),
    }


def main(name: str, *said: str) -> None:
    """Put the fault in before anything of the program is imported, and play."""
    mutant = BY_NAME[name]
    if "as-it-is" not in said:
        mutate(mutant.package, mutant.old, mutant.new)
    seeds = range(mutant.seed, mutant.seed + (1 if "as-it-is" in said else SEEDS_MAX))
    if "--seeds" in said:
        seeds = range(1, 1 + int(said[-1]))
    sys.stdout.write(json.dumps(play(mutant, seeds)) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
