"""What no file of the repository may say."""

import re
from collections.abc import Iterator

import pytest

from tests.architecture.source import text_files

# Written in pieces: this file must pass its own rules.
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")
MACHINE = re.compile(r"(?<![\w.])/(?:work|home|root|opt|Users|usr/local)" + r"/[\w.]")
INDEX_HOST = re.compile(
    r"py" + r"pi\.org|python" + r"hosted\.org|--(?:extra-)?index" + r"-url|--find" + r"-links"
)
RULES = {"unfinished work": UNFINISHED, "a machine's path": MACHINE, "an index host": INDEX_HOST}


def text_problems(path: str, text: str) -> Iterator[str]:
    """What the text says that it must not, with the line."""
    for number, line in enumerate(text.splitlines(), start=1):
        for complaint, pattern in RULES.items():
            if pattern.search(line):
                yield f"{path}, line {number}: {complaint}"


def test_no_file_is_unfinished_or_tied_to_a_machine() -> None:
    """Nothing is left for later, and nothing works on one machine only."""
    assert [found for path, text in text_files() for found in text_problems(path, text)] == []


def test_the_rules_read_the_whole_repository() -> None:
    """The scan reaches the package, the tests, the scripts and the prose."""
    read = {path for path, _text in text_files()}
    assert {"dev", ".ci/run", "pyproject.toml", "src/altyn/__init__.py"} <= read
    assert "requirements/run.txt" in read
    assert not any(path.startswith((".git/", ".venv/")) for path in read)


@pytest.mark.parametrize(
    "text",
    [
        "# TO" + "DO: later",
        "path = '/wo" + "rk/main'",
        "cd /ho" + "me/me",
        "https://py" + "pi.org/simple",
        "--extra-index" + "-url somewhere",
    ],
)
def test_each_rule_of_text_bites(text: str) -> None:
    """A small bad example is found, with its line."""
    (found,) = text_problems("a.py", "first\n" + text)
    assert "a.py, line 2" in found


def test_rules_of_text_let_good_text_pass() -> None:
    """A path inside the repository and an address of a standard are fine."""
    assert list(text_problems("a.md", "see tests/work/a and https://www.rfc-editor.org")) == []
