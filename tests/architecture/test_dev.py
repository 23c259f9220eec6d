"""The developer's door: its verbs, and what it says when Python is not as needed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

pytestmark = pytest.mark.process

TOO_OLD = "#!/bin/sh\nexit 1\n"
WITHOUT_ENSUREPIP = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\nexit 0\n'


def run_dev(folder: Path, *arguments: str, path: str | None = None) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ./dev in a folder."""
    shell = shutil.which("sh")
    assert shell is not None
    done = subprocess.run(
        [shell, str(folder / "dev"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": path} if path else None,
    )
    return done.returncode, done.stdout, done.stderr


def test_help_names_every_verb() -> None:
    """What ./dev can do is what it says it can do."""
    code, output, _errors = run_dev(ROOT, "help")
    assert code == 0
    text = (ROOT / "dev").read_text(encoding="utf-8")
    cases = re.findall(r"^    ([a-z |]+)\) ", text[text.index("case $verb in") :], re.M)
    verbs = {verb.strip() for case in cases for verb in case.split("|")} - {"help"}
    assert set(re.findall(r"^  (\w+) ", output, re.M)) == verbs


def test_unknown_verb_is_refused() -> None:
    """A slip of the keyboard shows the verbs and fails."""
    code, output, errors = run_dev(ROOT, "tset")
    assert (code, output) == (1, "")
    assert "no verb called 'tset'" in errors


@pytest.mark.parametrize(
    ("python", "said"),
    [
        ("", "no Python 3.11 or newer found"),
        (TOO_OLD, "no Python 3.11 or newer found"),
        (WITHOUT_ENSUREPIP, "sudo apt install python3-venv"),
    ],
)
def test_unfit_python_is_said_with_the_remedy(tmp_path: Path, python: str, said: str) -> None:
    """Without a fit Python the script stops before it makes anything, and says what to install."""
    tools = tmp_path / "tools"
    tools.mkdir()
    dirname = shutil.which("dirname")
    assert dirname is not None
    (tools / "dirname").symlink_to(dirname)
    if python:
        (tools / "python3").write_text(python)
        (tools / "python3").chmod(0o755)
    shutil.copy(ROOT / "dev", tmp_path / "dev")
    code, _output, errors = run_dev(tmp_path, "setup", path=str(tools))
    assert code == 1
    assert said in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dev", "tools"]


def test_pinned_files_agree_with_each_other() -> None:
    """A library that stands in two pinned files has one version: installing both is no quarrel."""
    pins: dict[str, set[str]] = {}
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", path.read_text(), re.M):
            pins.setdefault(name, set()).add(version)
    assert len(pins) > 20
    assert {name: versions for name, versions in pins.items() if len(versions) > 1} == {}
