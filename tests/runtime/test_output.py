"""Errors, JSON results and the line that names the machine."""

import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from altyn.runtime.output import UserError, hardware_line, open_console, write_json


@pytest.mark.parametrize(
    ("where", "do", "shown"),
    [
        ("", "", "no such day"),
        ("day.toml", "", "day.toml: no such day"),
        ("", "name a day", "no such day; name a day"),
        ("day.toml", "name\na day", "day.toml: no such day; name a day"),
    ],
)
def test_user_error_is_always_one_line(where: str, do: str, shown: str) -> None:
    """Absent parts leave no punctuation behind, and a line break becomes a space."""
    assert str(UserError("no such day", where=where, do=do)) == shown


def test_json_is_sorted_and_ends_with_a_newline(tmp_path: Path) -> None:
    """Two results with the same figures are the same bytes, whatever the order they came in."""
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    write_json(str(first), {"b": 1, "a": {"d": "ü", "c": 2}})
    write_json(str(second), {"a": {"c": 2, "d": "ü"}, "b": 1})
    assert first.read_bytes() == second.read_bytes()
    assert first.read_text().endswith("}\n")
    assert json.loads(first.read_text()) == {"a": {"c": 2, "d": "ü"}, "b": 1}


def test_json_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """A dash means standard output, so that a result can be piped."""
    write_json("-", {"rate_per_s": 12})
    assert capsys.readouterr().out == '{\n  "rate_per_s": 12\n}\n'


def test_json_that_cannot_be_written_leaves_the_old_file_alone(tmp_path: Path) -> None:
    """A result that JSON cannot hold is refused before the file is touched."""
    path = tmp_path / "result.json"
    write_json(str(path), {"rate_per_s": 12})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(str(path), {"rate_per_s": float("nan")})
    assert json.loads(path.read_text()) == {"rate_per_s": 12}
    assert [entry.name for entry in tmp_path.iterdir()] == ["result.json"]


def test_json_into_a_folder_that_is_absent_is_a_user_error(tmp_path: Path) -> None:
    """The error names the path and the reason the system gave."""
    path = str(tmp_path / "absent" / "result.json")
    with pytest.raises(UserError) as caught:
        write_json(path, {})
    assert caught.value.where == path
    assert "No such file or directory" in caught.value.what


def test_json_takes_the_place_of_no_journal_and_no_device(tmp_path: Path) -> None:
    """A slip of the fingers does not end the books, and a pipe stays a pipe."""
    journal = tmp_path / "journal.db"
    with closing(sqlite3.connect(journal)) as database:
        database.execute("CREATE TABLE entry (body BLOB)")
    held = journal.read_bytes()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for target, word in ((journal, "database"), (pipe, "ordinary"), (tmp_path, "ordinary")):
        with pytest.raises(UserError, match=word):
            write_json(str(target), {})
    assert journal.read_bytes() == held
    assert pipe.is_fifo()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["journal.db", "pipe"]


def test_console_is_100_columns_without_a_terminal() -> None:
    """A page captured by a program is the same on every machine."""
    assert open_console().width == 100
    assert open_console(errors=True).file is sys.stderr
    assert open_console(errors=True).width == 100


def test_hardware_line_is_one_line_with_cores_memory_and_python() -> None:
    """The line names what a figure depends on."""
    line = hardware_line()
    assert "\n" not in line
    assert " core" in line
    assert " GiB, CPython 3." in line
