"""The scheme file: what the scheme decides, read into registry facts.

The file is one way in. Its tables become the same facts that the journal keeps; the registry
is built from facts alone and never sees this file.
"""

from dataclasses import dataclass, field
from pathlib import Path

from altyn.registry import Fact, fact_of
from altyn.runtime.configuration.document import Document, parse_document, read_document
from altyn.runtime.configuration.problem import ConfigurationError, Problem
from altyn.runtime.configuration.scheme_rules import SoundTables, scheme_problems
from altyn.runtime.configuration.scheme_tables import (
    BinEntry,
    ParticipantEntry,
    RateEntry,
    SchemeFile,
    SchemeTable,
)
from altyn.runtime.configuration.stand_in_tables import StandInEntry
from altyn.runtime.configuration.validation import field_problems, read_entries, read_table

__all__ = [
    "ConfigurationError",
    "Problem",
    "SchemeReading",
    "load_scheme",
    "parse_scheme",
    "read_scheme",
]

_NO_FOLDER = Path()  # no key of the scheme file is a path


@dataclass(frozen=True)
class SchemeReading:
    """What could be read of a scheme file, and what is wrong with it.

    `facts` is empty when there are problems; `tables` are those that are sound, so that the
    rest of the configuration can be checked all the same.
    """

    tables: SoundTables | None = None
    facts: list[Fact] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def load_scheme(path: str | Path) -> list[Fact]:
    """The registry facts in a scheme file; raises ConfigurationError with every problem found.

    The facts are in the file's order: the scheme, participants, BIN ranges, rates, stand-in.
    """
    return _facts(read_scheme(Path(path)))


def parse_scheme(text: str, file: str = "scheme.toml") -> list[Fact]:
    """The same from a text; `file` names it in problems."""
    return _facts(_reading(parse_document(text, file)))


def read_scheme(path: Path) -> SchemeReading:
    """A scheme file as far as it is sound; raises nothing for a bad file."""
    try:
        return _reading(read_document(path))
    except ConfigurationError as error:
        return SchemeReading(problems=error.problems)


def _facts(reading: SchemeReading) -> list[Fact]:
    if reading.problems:
        raise ConfigurationError(reading.problems)
    return reading.facts


def _reading(document: Document) -> SchemeReading:
    whole = read_table(SchemeFile, document.data, _NO_FOLDER)
    tables = _sound_tables(document)
    problems = field_problems(document, SchemeFile, whole) if isinstance(whole, list) else []
    problems += scheme_problems(tables)
    problems.sort(key=lambda problem: problem.line or 0)
    if isinstance(whole, list) or problems:
        return SchemeReading(tables, problems=problems)
    entries: list[SchemeTable | ParticipantEntry | BinEntry | RateEntry | StandInEntry]
    entries = [whole.scheme, *whole.participants, *whole.bins, *whole.rates, *whole.stand_ins]
    return SchemeReading(tables, [fact_of(entry.value()) for entry in entries])


def _sound_tables(document: Document) -> SoundTables:
    scheme = document.data.get("scheme")
    table = read_table(SchemeTable, scheme, _NO_FOLDER) if isinstance(scheme, dict) else []
    return SoundTables(
        document,
        scheme=None if isinstance(table, list) else table,
        participants=list(read_entries(ParticipantEntry, document, "participant", _NO_FOLDER)),
        bins=list(read_entries(BinEntry, document, "bin", _NO_FOLDER)),
        rates=list(read_entries(RateEntry, document, "rate", _NO_FOLDER)),
        stand_ins=list(read_entries(StandInEntry, document, "stand_in", _NO_FOLDER)),
    )
