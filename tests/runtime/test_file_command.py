"""`altyn file`: a presentment file is read to its end and its answer shown."""

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from altyn.presentment import FORMS, Totals
from altyn.runtime.cli import main
from tests.presentment.samples import sale, written

ROOT = Path(__file__).parents[2]
DAY = [sale(1), sale(2, category="58A2"), sale(3), sale(4)]


def check(path: Path, *options: str, acquirer: str = "SEA") -> Result:
    """Check a file."""
    return CliRunner().invoke(main, ["file", "check", str(path), "--acquirer", acquirer, *options])


def test_layout_is_the_page_of_the_reference() -> None:
    """docs/reference/presentment.md is what `altyn file layout` prints."""
    page = (ROOT / "docs" / "reference" / "presentment.md").read_text(encoding="utf-8")
    result = CliRunner().invoke(main, ["file", "layout"])
    assert (result.exit_code, result.stdout) == (0, page)


@pytest.mark.parametrize("name", ["day.csv", "day.parquet", "day.csv.gz", "DAY.CSV"])
def test_a_good_file_is_accepted(tmp_path: Path, name: str) -> None:
    """Its form is told by its name, packed or not."""
    path = tmp_path / name
    data = written("parquet" if "parquet" in name else "csv", [sale(1), sale(2)])
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    result = check(path)
    assert result.exit_code == 0, result.output
    assert "SEA-20261123-1" in result.output
    assert "1 to 2" in result.output


@pytest.mark.parametrize("form", [form for form in FORMS if not form.startswith("ipm")])
def test_a_bad_record_is_shown_with_its_place_and_no_value(tmp_path: Path, form: str) -> None:
    """Exit code 3, and runs of records around it."""
    path = tmp_path / "day"
    path.write_bytes(written(form, DAY))
    result = check(path, "--form", form)
    assert result.exit_code == 3, result.output
    assert "3 to 4" in result.output
    assert "FORM" in result.output
    assert "58A2" not in result.output
    assert "9900000" not in result.output


def test_a_refused_file_is_told_with_exit_code_1(tmp_path: Path) -> None:
    """The reason has a code and words."""
    path = tmp_path / "day.ipm"
    path.write_bytes(written("ipm", [sale(1)], totals=Totals(1, {"398": 7})))
    result = check(path)
    assert result.exit_code == 1
    assert "CONTROL_TOTAL: the sum of amounts is not the one in the trailer" in result.output


@pytest.mark.parametrize("form", FORMS)
def test_the_answer_is_written_in_the_form_of_the_file(tmp_path: Path, form: str) -> None:
    """And the same as JSON."""
    path, answer = tmp_path / "day", tmp_path / "answer"
    path.write_bytes(written(form, [sale(1), sale(2, function="450")]))
    result = check(path, "--form", form, "--answer", str(answer), "--json", "-")
    assert result.exit_code == 3
    found = json.loads(result.stdout)
    assert found["rejections"] == [
        {"record_number": 2, "reason": "FUNCTION", "field": "function", "byte": None}
    ]
    starts = {"csv": b"altyn-acknowledgement,1,SEA-", "parquet": b"PAR1"}
    assert answer.read_bytes().startswith(starts.get(form, b"\x00\x00\x00"))


def test_a_header_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    """Nobody could be answered, so it is an error of the command."""
    path = tmp_path / "day.csv"
    path.write_bytes(written("parquet", [sale(1)]))
    result = check(path)
    assert result.exit_code != 0
    assert "presentment.md" in result.output
    path.write_bytes(written("csv", [sale(1)]))
    assert "another acquirer" in check(path, acquirer="HILL").output
    unnamed = tmp_path / "day.bin"
    unnamed.write_bytes(b"")
    assert "--form" in check(unnamed).output
