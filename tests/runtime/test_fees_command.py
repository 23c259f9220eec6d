"""`altyn fees`: a fee table shown, and held against cases."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from altyn.runtime.cli import main

CASES = """\
[[case]]
name = "groceries by chip"
on = "2026-11-23"
amount = 1000000
currency = "KZT"
product = "CLASSIC"
category = "5411"
entry_mode = "05"
[[case.expect]]
fee = "interchange"
rule = "ich-groceries"
amount = 6000
[[case.expect]]
fee = "conversion-margin"
[[case.expect]]
fee = "scheme-acquirer"
rule = "sch-acquirer-kzt"
amount = 800

[[case]]
name = "cash abroad"
on = "2026-11-23"
amount = 10000
currency = "USD"
processing = "01"
leg = "cross-border"
converted = true
[[case.expect]]
fee = "interchange"
rule = "ich-cash-abroad"
amount = 150
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A scheme as `altyn init` writes it, with cases beside it."""
    assert CliRunner().invoke(main, ["init", str(tmp_path)]).exit_code == 0
    (tmp_path / "cases.toml").write_text(CASES)
    return tmp_path


def run(*words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    result = CliRunner().invoke(main, ["fees", *words])
    return result.exit_code, result.stdout, result.stderr


def test_cases_that_hold_pass(folder: Path) -> None:
    """A rule, an amount, and that no rule holds."""
    code, output, _ = run("test", str(folder / "cases.toml"), "-c", str(folder))
    assert code == 0
    assert "4 fees tried, 0 not as expected." in output
    assert max(map(len, output.splitlines())) <= 100


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (
            '"ich-groceries"\namount = 6000',
            '"ich-chip"\namount = 9000',
            "ich-chip is less specific",
        ),
        ('"ich-groceries"', '"ich-public"', "ich-public is for other categories"),
        ('"ich-groceries"', '"ich-lost"', "this fee has no rule ich-lost"),
        ("amount = 6000", "amount = 6001", "the amount is another"),
        ('"conversion-margin"', '"lottery"\nrule = "x"', "there is no rule of this fee"),
        ('\nrule = "sch-acquirer-kzt"\namount = 800', "", "a rule holds, and none should"),
    ],
)
def test_a_case_that_does_not_hold_says_why(folder: Path, old: str, new: str, why: str) -> None:
    """Exit code 1, and the reason for a person and for a program."""
    cases = folder / "cases.toml"
    assert old in CASES
    cases.write_text(CASES.replace(old, new))
    code, output, _ = run("test", str(cases), "-c", str(folder), "--json", "-")
    result = json.loads(output)
    assert (code, result["failed"]) == (1, 1)
    assert [each["why"] for each in result["fees"] if not each["passed"]] == [why]
    assert "FAIL" in run("test", str(cases), "-c", str(folder))[1]


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('"2026-11-23"', '"2026-11-31"', "no day of the calendar"),
        ("amount = 1000000\n", "", "missing"),
        ('fee = "conversion-margin"', 'fee = "interchange"', "expected twice"),
        ("[[case]]", "[case]", "not TOML"),
    ],
)
def test_a_file_of_cases_with_a_fault_is_refused(
    folder: Path, old: str, new: str, word: str
) -> None:
    """With the place, before anything is tried."""
    cases = folder / "cases.toml"
    cases.write_text(CASES.replace(old, new))
    code, _, errors = run("test", str(cases), "-c", str(folder))
    assert code == 1
    assert "cases.toml" in errors
    if word != "not TOML":
        assert word in errors


def test_rules_are_shown_most_specific_first(folder: Path) -> None:
    """So that the first one that is for an item is the one that holds; readable at 100 columns."""
    code, output, _ = run("show", "-c", str(folder), "--on", "2026-11-23")
    assert code == 0
    assert output.index("ich-large") < output.index("ich-groceries") < output.index("ich-rest")
    assert "at most 500.00 KZT" in output
    assert max(map(len, output.splitlines())) <= 100
    result = json.loads(run("show", "-c", str(folder), "--fee", "scheme-issuer", "--json", "-")[1])
    assert [(each["rule"], each["costs"]) for each in result["rules"]] == [("sch-issuer", "0.05%")]


def test_a_day_before_the_table_has_no_rules(folder: Path) -> None:
    """And what is no day is refused."""
    assert run("show", "-c", str(folder), "--on", "2025-12-31")[1] == "0 rules.\n"
    code, _, errors = run("show", "-c", str(folder), "--on", "yesterday")
    assert code == 1
    assert "no day of the calendar" in errors


def test_without_a_table_it_is_told_how_to_get_one(folder: Path) -> None:
    """Where the settings name no rules and none are there."""
    (folder / "clearing.toml").unlink()
    settings = folder / "altyn.toml"
    lines = settings.read_text().splitlines()
    settings.write_text("\n".join(line for line in lines if not line.startswith("rules =")))
    code, _, errors = run("show", "-c", str(folder))
    assert code == 1
    assert "write a clearing.toml" in errors
