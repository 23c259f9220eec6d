"""All files together: what each says must fit what the others say."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from altyn.registry import Fact
from altyn.runtime.configuration.certificates import tls_problem
from altyn.runtime.configuration.dialects import link_codec
from altyn.runtime.configuration.problem import ConfigurationError, Problem
from altyn.runtime.configuration.validation import stated
from altyn.runtime.scheme_file import SchemeReading, read_scheme
from altyn.runtime.settings import Settings, SettingsReading, read_settings

if TYPE_CHECKING:
    from altyn.clearing import RuleFact

__all__ = ["SETTINGS_FILE", "Configuration", "load_configuration"]

SETTINGS_FILE: Final = "altyn.toml"


@dataclass(frozen=True)
class Configuration:
    """A node's whole configuration, checked: its settings, and the facts of its scheme.

    clearing_facts: the rules of clearing; none where they were not asked for, or where there is
    no such file, and none is named.
    """

    settings: Settings
    facts: list[Fact]
    clearing_facts: "list[RuleFact]" = field(default_factory=list)


def load_configuration(path: Path, *, clearing: bool = False) -> Configuration:
    """The configuration a settings file, or a folder with an altyn.toml, begins.

    clearing: read and check the rules of clearing, too. A switch does without: a fault in a price
    must not keep it from starting, and their libraries take half a second and 60 MB.
    Raises ConfigurationError with every problem of the files and between them.
    """
    settings = read_settings(path / SETTINGS_FILE if path.is_dir() else path)
    scheme = read_scheme(settings.scheme_path) if settings.scheme_path else SchemeReading()
    problems = [*settings.problems, *_dialect_problems(settings), *_tls_problems(settings)]
    if scheme.tables is not None:
        problems += _stranger_links(settings, scheme)
    # File by file: the settings first, as people read them.
    problems.sort(key=lambda problem: problem.line or 0)
    problems += scheme.problems
    if scheme.tables is not None and settings.document is not None:
        problems += _unserved_participants(settings, scheme)
    rules, faults = _clearing(settings, scheme) if clearing else ([], [])
    problems += faults
    if problems or settings.settings is None:
        raise ConfigurationError(problems)
    return Configuration(settings.settings, scheme.facts, rules)


def _clearing(
    settings: SettingsReading, scheme: SchemeReading
) -> "tuple[list[RuleFact], Sequence[Problem]]":
    """The rules of clearing where the settings name a file, or the usual one is there, and what is
    wrong with them."""
    from altyn.runtime.clearing_file import read_clearing  # noqa: PLC0415 not for the switch

    if settings.settings is None or settings.document is None:
        return [], []
    path = settings.settings.clearing.rules
    named = "rules" in settings.document.data.get("clearing", {})
    if not named and not path.exists():
        return [], []
    reading = read_clearing(path, scheme.facts)
    return reading.facts, reading.problems


def _dialect_problems(settings: SettingsReading) -> list[Problem]:
    """Dialects that do not load; a file that several links name is told once."""
    problems: list[Problem] = []
    seen: set[str] = set()
    for index, link in settings.links:
        if link.dialect in seen or settings.document is None:
            continue
        seen.add(link.dialect)
        try:
            link_codec(link)
        except ConfigurationError as error:
            place = ("link", index, "dialect")
            for problem in error.problems:
                problems.append(settings.document.problem(place, problem.reason, problem.do))
    return problems


def _tls_problems(settings: SettingsReading) -> list[Problem]:
    """Certificates, keys and lists that cannot be used."""
    problems = []
    for index, link in settings.links:
        error = tls_problem(link)
        if error is not None and settings.document is not None:
            place, told = ("link", index, "tls", error.key), error.problems[0]
            problems.append(settings.document.problem(place, told.reason, told.do))
    return problems


def _stranger_links(settings: SettingsReading, scheme: SchemeReading) -> list[Problem]:
    """Links to a participant that the scheme does not have."""
    if settings.document is None or scheme.tables is None:
        return []
    known = {text for _, text in stated(scheme.tables.document, "participant", "id")}
    do = f"name the id of a [[participant]] of {scheme.tables.document.file}"
    return [
        settings.document.problem(
            ("link", index, "participant"), "the scheme has no such participant", do
        )
        for index, link in settings.links
        if link.participant not in known
    ]


def _unserved_participants(settings: SettingsReading, scheme: SchemeReading) -> list[Problem]:
    """Participants with cards or shops that no link reaches."""
    if settings.document is None or scheme.tables is None:
        return []
    linked = {text for _, text in stated(settings.document, "link", "participant")}
    with_cards = {entry.participant for _, entry in scheme.tables.bins}
    do = f"add a [[link]] for it to {settings.document.file}"
    problems = []
    for index, entry in scheme.tables.participants:
        acquires = "acquirer" in entry.roles and entry.institution_ids
        if entry.id not in linked and (acquires or entry.id in with_cards):
            what = "BIN prefixes" if entry.id in with_cards else "institution ids"
            reason = f"this participant has {what} and no link"
            place = ("participant", index, "id")
            problems.append(scheme.tables.document.problem(place, reason, do))
    return problems
