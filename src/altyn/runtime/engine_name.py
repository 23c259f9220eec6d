"""The engines of clearing by name: apart, so that `--help` need not load settings or an engine."""

from typing import Literal, TypeAlias

__all__ = ["EngineName"]

EngineName: TypeAlias = Literal["duckdb", "spark"]
