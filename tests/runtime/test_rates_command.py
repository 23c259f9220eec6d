"""`altyn rates read`: a sheet as a table, as JSON, and as tables for scheme.toml."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from altyn.runtime.cli import main
from altyn.runtime.configuration.scheme_tables import RateEntry

SHEET = (
    '<CurrencyRates Name="Daily Exchange Rates" Date="24.05.2026">'
    '<Currency ISOCode="USD"><Nominal>1</Nominal><Value>87,4500</Value></Currency>'
    '<Currency ISOCode="KZT"><Nominal>10</Nominal><Value>1,8590</Value></Currency></CurrencyRates>'
)


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A sheet of the National Bank of the Kyrgyz Republic."""
    path = tmp_path / "rates.xml"
    path.write_text(SHEET)
    return path


def run(sheet: Path, *options: str) -> Result:
    """Read the sheet."""
    return CliRunner().invoke(main, ["rates", "read", "nbkr", str(sheet), *options])


def test_a_sheet_is_shown_as_it_was_published(sheet: Path) -> None:
    """With its nominals, and exit code 0."""
    result = run(sheet, "--on", "2026-05-24", "--need", "USD, KZT")
    assert result.exit_code == 0, result.output
    assert "87.4500" in result.output
    assert "1.8590" in result.output


def test_m10_a_stale_sheet_is_refused_with_exit_code_1(sheet: Path) -> None:
    """And gives no registry rates, whatever was asked for."""
    result = run(sheet, "--on", "2026-05-25", "--toml", "2026-05-25T00:00:00+06:00")
    assert result.exit_code == 1
    assert "refuse" in result.output
    assert "[[rate]]" not in result.output


def test_a_sheet_becomes_registry_rates(sheet: Path) -> None:
    """Each table is one that scheme.toml takes, exact to the last digit."""
    result = run(sheet, "--on", "2026-05-24", "--toml", "2026-05-25T00:00:00+06:00")
    tables = tomllib.loads(result.stdout)["rate"]
    rates = [RateEntry.model_validate(table).value() for table in tables]
    assert [(rate.rate_id, rate.base, rate.quote) for rate in rates] == [
        ("USD260524", "USD", "KGS"),
        ("KZT260524", "KZT", "KGS"),
    ]
    assert (rates[1].mantissa, rates[1].scale) == (18590, 5)
    assert rates[0].effective_us == 1_779_645_600_000_000


def test_a_jump_leaves_with_exit_code_3(sheet: Path, tmp_path: Path) -> None:
    """A second person is to look at it; the findings are in the JSON too."""
    before = tmp_path / "before.xml"
    before.write_text(SHEET.replace("24.05", "23.05").replace("87,4500", "8,7450"))
    result = run(sheet, "--on", "2026-05-24", "--previous", str(before), "--json", "-")
    assert result.exit_code == 3
    assert [each["currency"] for each in json.loads(result.stdout)["findings"]] == ["USD"]


def test_a_broken_sheet_is_told_with_its_place(sheet: Path) -> None:
    """What was wrong, where, and what to do."""
    sheet.write_text(SHEET.replace("<Value>1,", "<Value>x,"))
    result = run(sheet, "--on", "2026-05-24")
    assert result.exit_code == 1
    assert "line 1" in result.output
    assert "get the sheet" in result.output


@pytest.mark.parametrize(
    "options", [("--on", "24.05.2026"), ("--on", "2026-05-24", "--toml", "tomorrow")]
)
def test_what_is_no_day_and_no_instant_is_not_understood(
    sheet: Path, options: tuple[str, ...]
) -> None:
    """Exit code 2, as for every command that cannot be understood."""
    assert run(sheet, *options).exit_code == 2
