"""Clearing run for real: engines that execute the plan over Parquet files."""

from altyn.runtime.clearing.engine import (
    ClearingMemoryError,
    ClearingRefusedError,
    Engine,
    Inputs,
    Progress,
    Resources,
    RunFigures,
    StepDone,
)
from altyn.runtime.clearing.engines import open_engine, require_engine

__all__ = [
    "ClearingMemoryError",
    "ClearingRefusedError",
    "Engine",
    "Inputs",
    "Progress",
    "Resources",
    "RunFigures",
    "StepDone",
    "open_engine",
    "require_engine",
]
