"""A whole cycle of clearing, measured: `altyn bench clearing`.

The day is made by a process of its own, so that its memory is not counted. Then the cycle is
cleared in this one, from Parquet to Parquet, as `altyn clear` does it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from altyn.clearing import INPUT_TABLES
from altyn.runtime.clearing import (
    ClearingMemoryError,
    Resources,
    StepDone,
    open_engine,
    require_engine,
)
from altyn.runtime.engine_name import EngineName
from altyn.runtime.load.process_usage import cpu_seconds, family, peak_bytes
from altyn.runtime.output import UserError

_GIB: Final = 1 << 30
_MIB: Final = 1 << 20
_STAGES_SHOWN: Final = 12


class ClearingFigures(NamedTuple):
    """What was measured; seconds by stage, bytes, and rows of each result table."""

    engine: str
    records: int
    threads: int
    memory_bytes: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    spilled_bytes: int
    written_bytes: int
    rows: dict[str, int]
    stages: dict[str, float]

    def as_table(self) -> dict[str, object]:
        """The figures for a JSON file."""
        rate = round(self.records / self.seconds)
        return {**self._asdict(), "records_per_second": rate}


def run(
    folder: Path,
    engine_name: EngineName,
    records: int,
    memory_bytes: int,
    threads: int,
    tell: Callable[[str], None],
) -> ClearingFigures:
    """Make a day of so many presentments in `folder`, clear it, and say what that took.

    The start of the engine counts, and so do the processes that it starts. Raises UserError.
    """
    require_engine(engine_name)
    inputs_folder, target, spill = folder / "inputs", folder / "results", folder / "spill"
    for each in (inputs_folder, target, spill):
        each.mkdir()
    maker = (sys.executable, "-m", "altyn.runtime.clearing.bench_day")
    subprocess.run((*maker, str(inputs_folder), str(records)), check=True)  # noqa: S603
    tell(f"made {records:,} presentments, their authorizations, rules and history")
    inputs = {
        table.name: sorted(inputs_folder.glob(f"{table.name}*.parquet")) for table in INPUT_TABLES
    }
    # Arrow's buffers and the interpreter lie beside what the engine limits itself to.
    resources = Resources(spill, max(memory_bytes - _GIB, memory_bytes // 2), threads)
    stages: dict[str, float] = {}

    def progress(done: StepDone) -> None:
        stages[done.name] = stages.get(done.name, 0) + done.seconds
        if done.parts and done.name == "accepted":
            tell(f"slice {done.part} of {done.parts} priced and written")

    began, began_cpu = time.perf_counter(), time.process_time()
    try:
        with open_engine(engine_name, resources) as engine:
            figures = engine.run(inputs, target, progress)
            seconds, ours = time.perf_counter() - began, family(os.getpid())
            used_cpu, peak = cpu_seconds(ours) - began_cpu, peak_bytes(ours)
    except ClearingMemoryError as error:
        raise UserError(
            f"clearing ran out of memory: {error}",
            where=f"{records:,} records",
            do="give more `--memory`, or a folder with more room to `--keep`",
        ) from error
    return ClearingFigures(
        engine=engine_name,
        records=records,
        threads=threads,
        memory_bytes=memory_bytes,
        seconds=seconds,
        cpu_seconds=used_cpu,
        peak_bytes=peak,
        spilled_bytes=figures.spilled_bytes,
        written_bytes=sum(path.stat().st_size for path in target.iterdir()),
        rows=dict(figures.rows),
        stages=stages,
    )


def render(figures: ClearingFigures) -> RenderableType:
    """The page that people read."""
    summary = Table(box=box.SIMPLE, show_header=False)
    for name, value in (
        ("engine", figures.engine),
        ("presentments", f"{figures.records:,}"),
        ("seconds", f"{figures.seconds:.1f}"),
        ("processor seconds", f"{figures.cpu_seconds:.1f} on {figures.threads} threads"),
        ("presentments a second", f"{figures.records / figures.seconds:,.0f}"),
        ("peak memory", f"{figures.peak_bytes / _MIB:,.0f} MiB"),
        ("spilled to disk", f"{figures.spilled_bytes / _MIB:,.0f} MiB at most"),
        ("results", f"{figures.written_bytes / _MIB:,.0f} MiB"),
        *((f"  {name}", f"{count:,} rows") for name, count in figures.rows.items()),
    ):
        summary.add_row(name, value)
    stages = Table("stage", "seconds", box=box.SIMPLE)
    stages.columns[1].justify = "right"
    longest = sorted(figures.stages.items(), key=lambda stage: -stage[1])[:_STAGES_SHOWN]
    for name, seconds in longest:
        stages.add_row(name, f"{seconds:.2f}")
    return Group(summary, stages)
