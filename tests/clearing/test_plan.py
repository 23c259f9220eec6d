"""The plan: every file has its place, every macro expands, and no step can be a float."""

import re
from importlib.resources import files

import duckdb
import pytest

from altyn.clearing import DUCKDB, STEPS, Form, Plan, Slice, Statement
from altyn.money import Rounding, divide

PART = Slice(0, 1, 0, 10)
FLOAT = re.compile(r"\b(?:double|float|real|decimal|numeric)\b|\d\.\d|\d[eE]\d|[^/]/[^/]", re.I)
DUCKDB_ONLY = re.compile(
    r"\b(?:qualify|asof|using|filter|unnest|exclude|pivot|list|struct)\b|::|//", re.I
)
COMMENT = re.compile(r"--[^\n]*")


def statements() -> list[Statement]:
    """Every statement of the plan, as DuckDB is given it."""
    plan = Plan(DUCKDB)
    return [*plan.deciding(), *plan.sliced(PART), *plan.closing()]


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


def test_an_unknown_macro_is_refused() -> None:
    """A misspelt macro does not reach an engine."""
    from altyn.clearing.dialect import expand, macros

    with pytest.raises(AssertionError, match="no macro called half"):
        expand("SELECT @half(1)", macros(DUCKDB))


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize("divisor", [1, 2, 3, 7, 1_000_000, 10**24])
def test_divide_is_the_division_of_money(rounding: Rounding, divisor: int) -> None:
    """The macro gives what altyn.money.divide gives, ties and signs included."""
    from altyn.clearing.dialect import macros

    near = [divisor * step // 2 + more for step in range(-5, 6) for more in (-1, 0, 1)]
    far = [sign * (10**36 - step) for sign in (-1, 1) for step in range(3)]
    numbers = near + far
    text = macros(DUCKDB)["divide"]("n", f"CAST({divisor} AS HUGEINT)", f"'{rounding.value}'")
    values = ", ".join(f"({place}, {number})" for place, number in enumerate(numbers))
    with duckdb.connect() as connection:
        given = connection.execute(
            f"SELECT {text} FROM (SELECT p, CAST(n AS HUGEINT) AS n"
            f" FROM (VALUES {values}) AS v(p, n)) ORDER BY p"
        ).fetchall()
    assert [row[0] for row in given] == [divide(number, divisor, rounding) for number in numbers]


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize("parts", [0, 1, 333_333, 500_000, 1_000_000, 12_345])
def test_millionths_are_the_division_of_money(rounding: Rounding, parts: int) -> None:
    """Millionths of 64-bit amounts are exact although nothing is widened."""
    from altyn.clearing.dialect import macros

    numbers = [
        sign * each for sign in (1, -1) for each in (0, 1, 2, 3, 50, 149, 10**12, 9 * 10**17)
    ]
    numbers += [1_500_001, 2_500_000, 3_000_001]
    text = macros(DUCKDB)["millionths"]("n", str(parts), f"'{rounding.value}'")
    values = ", ".join(f"({place}, {number})" for place, number in enumerate(numbers))
    with duckdb.connect() as connection:
        given = connection.execute(
            f"SELECT {text} FROM (SELECT p, CAST(n AS BIGINT) AS n"
            f" FROM (VALUES {values}) AS v(p, n)) ORDER BY p"
        ).fetchall()
    wanted = [divide(number * parts, 1_000_000, rounding) for number in numbers]
    assert [row[0] for row in given] == wanted
