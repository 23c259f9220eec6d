"""What an engine of clearing is: it runs the plan over Parquet files and writes Parquet files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TypeAlias

Inputs: TypeAlias = Mapping[str, Sequence[Path]]
"""Parquet files by name of the table (`altyn.clearing.INPUT_TABLES`), none for an empty one."""

ROWS_OF_A_SLICE: Final = 1_000_000


class StepDone(NamedTuple):
    """A step of the plan that has ended. `part` of `parts` slices, 0 of 0 outside of them."""

    name: str
    seconds: float
    part: int
    parts: int


Progress: TypeAlias = Callable[[StepDone], None]


class RunFigures(NamedTuple):
    """Rows of each result table, and the most that lay on disk for want of memory."""

    rows: Mapping[str, int]
    spilled_bytes: int


@dataclass(frozen=True, slots=True)
class Resources:
    """What a run may use. The folder takes what does not fit into memory, and nothing else.

    memory_bytes is the engine's own limit; the process needs some 300 MB beside it.
    """

    folder: Path
    memory_bytes: int = 3 << 30
    threads: int = 2
    rows_of_a_slice: int = ROWS_OF_A_SLICE


class ClearingRefusedError(Exception):
    """The cycle cannot be cleared: a proof inside the run failed. Never tells card data."""

    def __init__(self, step: str, problems: Sequence[str]) -> None:
        """The step that found it, and what it found."""
        super().__init__(f"{step}: " + "; ".join(problems))
        self.step = step
        self.problems = tuple(problems)


class ClearingMemoryError(Exception):
    """The cycle needs more memory, or disk to put the rest on, than the run was given."""

    def __init__(self, step: str) -> None:
        """The step that found no room."""
        super().__init__(f"no memory left at the step {step}")
        self.step = step


class Engine(Protocol):
    """Runs the plan."""

    def run(self, inputs: Inputs, target: Path, progress: Progress | None = None) -> RunFigures:
        """Clear a cycle: one Parquet file for each result table, in the folder `target`.

        The same inputs give the same bytes, in whatever order rows and files come. Raises
        ClearingRefusedError when a proof fails, ClearingMemoryError, and OSError (ENOSPC, EDQUOT)
        when a disk is full; what lies in `target` then is worth nothing.
        """
