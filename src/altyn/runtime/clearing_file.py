"""The file of clearing rules, read into facts: clearing.toml, every fault with its line.

The file is one way in, as scheme.toml is for the registry: clearing knows facts alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from altyn.clearing import Rule, RuleFact, RuleFinding, rule_fact, rule_findings
from altyn.registry import Fact, Registry
from altyn.runtime.configuration.clearing_tables import ENTRIES, ClearingFile
from altyn.runtime.configuration.document import Document, parse_document, read_document
from altyn.runtime.configuration.problem import ConfigurationError, Place, Problem
from altyn.runtime.configuration.validation import field_problems, read_entries, read_table

__all__ = ["ClearingReading", "load_clearing", "parse_clearing", "read_clearing"]

_NO_FOLDER = Path()  # no key of the file is a path

_KEYS: Final = {
    "rule_id": "id",
    "terms_id": "id",
    "amount": "amount_from",
}
"""Keys of the file that have another name in the rule."""


@dataclass(frozen=True)
class ClearingReading:
    """What a file of clearing rules says; `facts` is empty when there are problems."""

    facts: list[RuleFact] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def load_clearing(path: str | Path, scheme: Sequence[Fact]) -> list[RuleFact]:
    """The facts of a file, held against those of the scheme.

    Raises ConfigurationError with every problem found.
    """
    return _facts(read_clearing(Path(path), scheme))


def parse_clearing(
    text: str, scheme: Sequence[Fact], file: str = "clearing.toml"
) -> list[RuleFact]:
    """The same from a text; `file` names it in problems."""
    return _facts(_reading(parse_document(text, file), scheme))


def read_clearing(path: Path, scheme: Sequence[Fact]) -> ClearingReading:
    """What a file says; raises nothing for a bad file.

    scheme: the facts of the scheme file, none when that has faults itself: then names of
    participants, products and currencies are not looked up.
    """
    try:
        return _reading(read_document(path), scheme)
    except ConfigurationError as error:
        return ClearingReading(problems=error.problems)


def _facts(reading: ClearingReading) -> list[RuleFact]:
    if reading.problems:
        raise ConfigurationError(reading.problems)
    return reading.facts


def _reading(document: Document, scheme: Sequence[Fact]) -> ClearingReading:
    whole = read_table(ClearingFile, document.data, _NO_FOLDER)
    problems = field_problems(document, ClearingFile, whole) if isinstance(whole, list) else []
    places: list[Place] = []
    rules: list[Rule] = []
    for name, model in ENTRIES.items():
        for index, entry in read_entries(model, document, name, _NO_FOLDER):
            places.append((name, index))
            rules.append(entry.value())
    findings = rule_findings(rules, Registry(scheme) if scheme else None)
    # A table with a fault of its own is not among the rules: what seems absent may be there.
    unsound = {problem.key for problem in problems}
    problems += [
        _problem(document, finding, places) for finding in findings if finding.key or not unsound
    ]
    problems.sort(key=lambda problem: problem.line or 0)
    return ClearingReading([] if problems else [rule_fact(rule) for rule in rules], problems)


def _problem(document: Document, finding: RuleFinding, places: Sequence[Place]) -> Problem:
    place: Place = ()
    if finding.key:
        place = (*places[finding.number], _KEYS.get(finding.key, finding.key))
    return document.problem(place, finding.reason, finding.do)
