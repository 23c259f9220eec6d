"""The plan: every file has its place, every macro expands, and no step can be a float."""

import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import duckdb
import pytest

from altyn.clearing import (
    BLOCK,
    DUCKDB,
    INPUT_TABLES,
    STEPS,
    Dialect,
    Form,
    Plan,
    Slice,
    Span,
    Statement,
    spans,
)
from altyn.clearing.dialect import expand, macros
from altyn.money import Rounding
from altyn.runtime.clearing.duckdb_engine import input_view
from tests.clearing import golden
from tests.clearing.cycle import day, entry, presentment, write_inputs

PART = Slice(0, 1, 0, 10)
FLOAT = re.compile(r"\b(?:double|float|real|decimal|numeric)\b|\d\.\d|\d[eE]\d|[^/]/[^/]", re.I)
DUCKDB_ONLY = re.compile(
    r"\b(?:qualify|asof|using|filter|unnest|exclude|pivot|list|struct)\b|::|//", re.I
)
COMMENT = re.compile(r"--[^\n]*")


def statements(dialect: Dialect = DUCKDB) -> list[Statement]:
    """Every statement of the plan, as an engine is given it."""
    plan = Plan(dialect)
    return [
        *plan.deciding(),
        *plan.sliced(PART, last=True),
        *plan.closing(),
        *plan.carrying(Span(0, 10), last=True),
    ]


def sources() -> dict[str, str]:
    """The files of SQL by name, without comments."""
    folder = files("altyn.clearing") / "sql"
    texts = {each.name: each.read_text(encoding="utf-8") for each in folder.iterdir()}
    return {name: COMMENT.sub("", text) for name, text in texts.items()}


def test_every_file_is_a_step_and_every_step_a_file() -> None:
    """Nothing lies there that is not run."""
    steps = {f"{step.name}.sql" for step in STEPS if step.form is not Form.RESULT}
    assert set(sources()) == steps


def test_every_file_says_what_it_gives() -> None:
    """A file opens with a sentence for whoever reads it."""
    folder = files("altyn.clearing") / "sql"
    assert [each.name for each in folder.iterdir() if each.read_text()[:3] != "-- "] == []


def test_no_text_names_a_float_or_divides() -> None:
    """Not before the macros are expanded, and but for whole quotients not after (I13)."""
    assert [name for name, text in sources().items() if FLOAT.search(text)] == []
    expanded = [COMMENT.sub("", each.text) for each in statements()]
    assert [text for text in expanded if FLOAT.search(text)] == []


def test_no_file_speaks_one_engine_alone() -> None:
    """What only DuckDB says is in its dialect."""
    assert [name for name, text in sources().items() if DUCKDB_ONLY.search(text)] == []


def test_no_column_is_bound_as_a_float(tmp_path: Path) -> None:
    """What DuckDB makes of a small day: whole numbers, texts, days, flags and bytes alone (I13)."""
    inputs = write_inputs(tmp_path, day(transactions=[entry()], presentments=[presentment(1)]))
    with duckdb.connect() as connection:
        for table in INPUT_TABLES:
            connection.execute(input_view(table, inputs.get(table.name, ())))
        for statement in statements():
            _bind(connection, statement)
        found = connection.execute(
            "SELECT table_name, data_type FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
    assert {step.name for step in STEPS} <= {name for name, _ in found}
    exact = {"BIGINT", "BLOB", "BOOLEAN", "DATE", "HUGEINT", "INTEGER", "VARCHAR"}
    assert [each for each in found if each[1] not in exact] == []


def test_rows_are_let_go_behind_their_last_reader() -> None:
    """DuckDB finds whatever a statement reads, and at the end nothing is left."""
    with duckdb.connect() as connection:
        for table in INPUT_TABLES:
            connection.execute(input_view(table, ()))
        for statement in statements():
            _bind(connection, statement)
            for name in statement.unread:
                connection.execute(f"DROP TABLE {name}")
        assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == []


def _bind(connection: duckdb.DuckDBPyConnection, statement: Statement) -> None:
    step = statement.step
    kind = "TABLE" if step.form in (Form.TABLE, Form.GATHERED) else "VIEW"
    name = f"written_{step.name}" if step.form is Form.RESULT else step.name
    connection.execute(f"CREATE {kind} {name} AS {statement.text}")


def test_a_slice_that_is_not_the_last_keeps_the_verdicts() -> None:
    """What was decided before the slices is let go with the last of them."""
    plan = Plan(DUCKDB)
    early = {name for each in plan.sliced(PART, last=False) for name in each.unread}
    late = {name for each in plan.sliced(PART, last=True) for name in each.unread}
    assert {"cleared", "charged", "prices"} <= early
    assert late - early == {"drafts_of_reversals", "rule_places"}


def test_authorizations_are_cut_by_how_many_there_are() -> None:
    """Wherever their numbers lie; nothing between two spans is left out, and none is empty."""
    counted = [(2, 5), (3, 5), (900, 4), (901, 11), (905, 1)]
    assert spans(counted, 10) == [
        Span(0, 4 * BLOCK),
        Span(900 * BLOCK, 901 * BLOCK),
        Span(901 * BLOCK, 902 * BLOCK),
        Span(905 * BLOCK, 906 * BLOCK),
    ]
    assert spans([], 10) == [Span(0, BLOCK)]


def test_an_unknown_macro_is_refused() -> None:
    """A misspelt macro does not reach an engine."""
    with pytest.raises(AssertionError, match="no macro called half"):
        expand("SELECT @half(1)", macros(DUCKDB))


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize("divisor", golden.DIVISORS)
def test_divide_is_the_division_of_money(rounding: Rounding, divisor: int) -> None:
    """The macro gives what altyn.money.divide gives, ties and signs included."""
    text = macros(DUCKDB)["divide"]("n", f"CAST({divisor} AS HUGEINT)", f"'{rounding.value}'")
    wanted = golden.divisions(divisor, rounding)
    assert _answers(text, "HUGEINT", wanted) == [each.answer for each in wanted]


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize("parts", golden.PARTS)
def test_millionths_are_the_division_of_money(rounding: Rounding, parts: int) -> None:
    """Millionths of 64-bit amounts are exact although nothing is widened."""
    text = macros(DUCKDB)["millionths"]("n", str(parts), f"'{rounding.value}'")
    wanted = golden.millionths(parts, rounding)
    assert _answers(text, "BIGINT", wanted) == [each.answer for each in wanted]


def _answers(text: str, type_: str, asked: Sequence[golden.Division]) -> list[int]:
    values = ", ".join(f"({place}, {each.number})" for place, each in enumerate(asked))
    with duckdb.connect() as connection:
        given = connection.execute(
            f"SELECT {text} FROM (SELECT p, CAST(n AS {type_}) AS n"
            f" FROM (VALUES {values}) AS v(p, n)) ORDER BY p"
        ).fetchall()
    return [row[0] for row in given]
