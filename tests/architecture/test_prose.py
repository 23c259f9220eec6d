"""What the prose points at is there."""

import re
from collections.abc import Callable, Iterator

import pytest

from tests.architecture.source import ROOT, text_files

PROSE = {path: text for path, text in text_files() if path.endswith(".md")}

# A path of ours in backticks; one with a placeholder (`<name>`) is a pattern and no promise.
OURS = re.compile(r"`((?:src|tests|docs|requirements|examples|vectors|\.ci)/[^`\s<>*]*)`")
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)(?:#[^)]*)?\)")
VERB = re.compile(r"\./dev (\w+)")


def pointer_problems(
    path: str, text: str, exists: Callable[[str], bool], verbs: set[str]
) -> Iterator[str]:
    """Paths, links and verbs of ./dev that a page names and that are not there."""
    folder = path.rpartition("/")[0]
    for number, line in enumerate(text.splitlines(), start=1):
        named = [match[1] for match in OURS.finditer(line)]
        named += [f"{folder}/{match[1]}" if folder else match[1] for match in LINK.finditer(line)]
        yield from (f"{path}, line {number}: no {each}" for each in named if not exists(each))
        absent = [match[1] for match in VERB.finditer(line) if match[1] not in verbs]
        yield from (f"{path}, line {number}: ./dev has no verb {each}" for each in absent)


def _verbs_of_dev() -> set[str]:
    text = (ROOT / "dev").read_text(encoding="utf-8")
    cases = re.findall(r"^    ([a-z |]+)\) ", text[text.index("case $verb in") :], re.M)
    return {verb.strip() for case in cases for verb in case.split("|")}


@pytest.mark.parametrize("path", PROSE)
def test_every_path_link_and_verb_in_prose_is_there(path: str) -> None:
    """A page sends nobody to a file or a verb that does not exist."""
    found = pointer_problems(
        path, PROSE[path], lambda each: (ROOT / each).exists(), _verbs_of_dev()
    )
    assert list(found) == []


def test_verbs_of_dev_are_found() -> None:
    """The list of verbs is read from the script itself."""
    assert {"setup", "demo", "test", "check", "bench"} <= _verbs_of_dev()


@pytest.mark.parametrize(
    "text",
    ["see `src/altyn/absent.py`", "see [there](absent.md)", "run `./dev fly`"],
)
def test_rule_of_pointers_bites(text: str) -> None:
    """An absent path, a dead link and an unknown verb are each found."""
    assert len(list(pointer_problems("a.md", text, lambda _path: False, {"test"}))) == 1


def test_rule_of_pointers_lets_good_prose_pass() -> None:
    """A pattern, an address elsewhere and a link from a folder are fine."""
    text = "`src/altyn/<name>.py`, [x](https://example.org), [y](0001-a.md#choice), `./dev test`"
    good = pointer_problems("docs/adr/0002-b.md", text, "docs/adr/0001-a.md".__eq__, {"test"})
    assert list(good) == []
