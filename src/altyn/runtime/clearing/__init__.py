"""Clearing run for real: engines that execute the plan over Parquet files."""

from altyn.runtime.clearing.duckdb_engine import DuckDBEngine
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

__all__ = [
    "ClearingMemoryError",
    "ClearingRefusedError",
    "DuckDBEngine",
    "Engine",
    "Inputs",
    "Progress",
    "Resources",
    "RunFigures",
    "StepDone",
]
