"""The command line's root: the table of commands, and where errors end."""

import errno
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

import altyn
from altyn.runtime.cli import main
from altyn.runtime.commands import COMMANDS, CommandEntry
from altyn.runtime.compiled import prefer_compiled
from altyn.runtime.output import UserError

ROOT = Path(__file__).parents[2]
TEST_PAN = "5454545454545454"

Install = Callable[[Callable[[], None]], None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a command called `trial` into the table."""

    def install(body: Callable[[], None]) -> None:
        module = ModuleType("trial_command")
        module.__dict__["command"] = click.command("trial")(body)
        monkeypatch.setitem(sys.modules, "trial_command", module)
        monkeypatch.setitem(COMMANDS, "trial", CommandEntry("trial_command", "A trial."))

    yield install


def test_help_lists_every_command_in_the_order_of_the_table() -> None:
    """The list shows each command with its summary, first things first."""
    output = CliRunner().invoke(main, ["--help"]).output
    places = [output.index(f"  {name} ") for name in COMMANDS]
    assert places == sorted(places)
    assert all(entry.summary in output for entry in COMMANDS.values())


@pytest.mark.process
def test_help_imports_nothing_heavy() -> None:
    """Listing the commands costs neither the switch nor the numeric libraries."""
    program = (
        "import sys\nfrom altyn.runtime.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "heavy = {'numpy', 'pyarrow', 'pydantic', 'rich', 'altyn.switch', 'altyn.message'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_version_is_the_one_in_pyproject() -> None:
    """The version shown, the package's and the distribution's are one; the build stands behind."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert altyn.__version__ == declared
    shown = CliRunner().invoke(main, ["--version"]).output
    assert shown == f"altyn {declared}, {prefer_compiled()}\n"


EXAMPLES = "demo init check serve journal_verify journal_export journal_replay bench_codec"


@pytest.mark.parametrize("name", [*EXAMPLES.split(), "bench_switch", "bench_restart"])
def test_help_of_every_command_has_something_to_copy(name: str) -> None:
    """As the README says: each has an example, on a line of its own."""
    words = name.split("_")
    output = CliRunner().invoke(main, [*words, "--help"]).output
    assert re.search(rf"^ +altyn (.* && altyn )?{' '.join(words)}", output, re.MULTILINE)


def test_unknown_command_is_refused_by_name() -> None:
    """A command that is not in the table is a usage error, exit code 2."""
    result = CliRunner().invoke(main, ["settle-everything"])
    assert result.exit_code == 2
    assert "No such command" in result.stderr


def test_missing_module_names_itself_and_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, install: Install
) -> None:
    """A command whose module is absent says so, and the next one still runs."""
    monkeypatch.setitem(COMMANDS, "absent", CommandEntry("altyn.absent_module", "Absent."))
    result = CliRunner().invoke(main, ["absent"])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: altyn.absent_module: the command 'absent' is missing")
    install(lambda: click.echo("here"))
    assert CliRunner().invoke(main, ["trial"]).output == "here\n"


def test_user_error_is_one_line_without_a_traceback(install: Install) -> None:
    """What a person can put right is told in one line: where, what, what to do."""

    def fail() -> None:
        raise UserError("unknown key", where="settings.toml, line 4", do="remove the key")

    install(fail)
    result = CliRunner().invoke(main, ["trial"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: settings.toml, line 4: unknown key; remove the key\n"


def test_fault_of_our_own_shows_the_place_and_hides_the_message(install: Install) -> None:
    """An unexpected exception gives its type and line, exit code 70, and none of its text."""

    def fail() -> None:
        raise KeyError(TEST_PAN)

    install(fail)
    result = CliRunner(env={"ALTYN_DEBUG": None}).invoke(main, ["trial"])
    assert result.exit_code == 70
    assert "KeyError in fail, test_cli.py line" in result.stderr
    assert TEST_PAN not in result.output
    assert "Traceback" not in result.output


def test_full_disk_is_no_fault_of_ours(install: Install) -> None:
    """Wherever it was met, the person at the terminal can put it right."""

    def body() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    install(body)
    result = CliRunner().invoke(main, ["trial"])
    assert result.exit_code == 1
    assert result.stderr == "error: a disk is full; make room there, then try again\n"


def test_debug_traceback_hides_digits_and_local_variables(install: Install) -> None:
    """With ALTYN_DEBUG the way there is shown, but no digit of the message and no variable."""

    def fail() -> None:
        number = TEST_PAN
        raise ValueError("refused " + number)

    install(fail)
    result = CliRunner(env={"ALTYN_DEBUG": "1"}).invoke(main, ["trial"])
    assert result.exit_code == 70
    assert "ValueError: refused ################" in result.stderr
    assert 'raise ValueError("refused " + number)' in result.stderr
    assert TEST_PAN not in result.output


@pytest.mark.process
def test_refuses_to_run_without_assertions() -> None:
    """Under -O the program stops before the command and says how to start it."""
    done = subprocess.run(
        [sys.executable, "-O", "-c", "from altyn.runtime.cli import main; main(['demo'])"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: Python runs without assertions")


@pytest.mark.process
def test_a_command_runs_without_standard_output(tmp_path: Path) -> None:
    """With `>&-` there is nobody to tell; the exit code says how it went all the same."""
    program = "from altyn.runtime.cli import main; main(prog_name='altyn')"
    for arguments, code in (("init new", 0), ("check new", 0), ("check new/scheme.toml", 1)):
        done = subprocess.run(
            ["/bin/sh", "-c", f'exec "$0" -c "$1" {arguments} >&-', sys.executable, program],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (code, b"")
