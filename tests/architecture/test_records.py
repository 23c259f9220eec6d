"""Decision records and the glossary keep their form."""

import re
from collections.abc import Iterator

import pytest

from tests.architecture.source import ROOT

RECORDS = sorted((ROOT / "docs" / "adr").glob("*.md"))
HEADINGS = ["Context", "Choice", "Rejected", "Price"]


def record_problems(name: str, text: str) -> Iterator[str]:
    """What is wrong with the form of a decision record."""
    number = re.fullmatch(r"(\d{4})-[a-z0-9-]+\.md", name)
    if not number:
        yield f"{name}: a record is named NNNN-title.md"
    elif not text.startswith(f"# {int(number[1])}. "):
        yield f"{name}: the title opens with the record's number"
    if re.findall(r"^## (\w+)", text, re.M) != HEADINGS:
        yield f"{name}: the headings are {', '.join(HEADINGS)}, in that order"


def glossary_problems(text: str) -> Iterator[str]:
    """Words that stand twice or out of order."""
    words = re.findall(r"^\*\*(.+?)\*\*", text, re.M)
    yield from (f"{word} stands twice" for word in sorted(set(words)) if words.count(word) > 1)
    ordered = sorted(words, key=str.casefold)
    pairs = zip(words, ordered, strict=True)
    yield from (f"{word} is out of order" for word, due in pairs if word != due)


def test_every_record_has_the_same_form() -> None:
    """Context, choice, what was rejected, and the price."""
    assert RECORDS
    found = [each for path in RECORDS for each in record_problems(path.name, path.read_text())]
    assert found == []


def test_no_two_records_share_a_number() -> None:
    """A number names one decision."""
    numbers = [path.name[:4] for path in RECORDS]
    assert len(numbers) == len(set(numbers))


def test_glossary_defines_each_word_once_in_order() -> None:
    """One word per thing, where a reader looks for it."""
    text = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
    assert list(glossary_problems(text)) == []
    assert len(re.findall(r"^\*\*(.+?)\*\*", text, re.M)) >= 40


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("journal.md", "# 1. A\n## Context\n## Choice\n## Rejected\n## Price\n"),
        ("0001-a.md", "# A\n## Context\n## Choice\n## Rejected\n## Price\n"),
        ("0001-a.md", "# 1. A\n## Context\n## Choice\n## Price\n"),
    ],
)
def test_rules_of_records_bite(name: str, text: str) -> None:
    """A wrong name, a title without its number and a missing heading are each found."""
    assert len(list(record_problems(name, text))) == 1


def test_rules_of_the_glossary_bite() -> None:
    """A word that stands twice or out of order is found."""
    assert list(glossary_problems("**hold**: a\n**hold**: b\n")) == ["hold stands twice"]
    assert len(list(glossary_problems("**link**: a\n**hold**: b\n"))) == 2
