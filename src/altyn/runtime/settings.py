"""Settings of one node: where things run. What the scheme decides is in the scheme file.

One typed, frozen object, read at the edge; paths are taken from the settings file's folder.
docs/reference/settings.md is made from the descriptions of its tables
(`configuration/node_tables.py`, `configuration/link_tables.py`).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import Field

from altyn.runtime.configuration.document import Document, read_document
from altyn.runtime.configuration.link_tables import LinkSettings, TlsSettings
from altyn.runtime.configuration.node_tables import (
    ClearingSettings,
    ControlSettings,
    JournalSettings,
    LimitSettings,
    LogSettings,
    SettlementSettings,
    StatusSettings,
)
from altyn.runtime.configuration.problem import ConfigurationError, Problem
from altyn.runtime.configuration.setting_paths import FilePath
from altyn.runtime.configuration.validation import (
    Table,
    field_problems,
    read_entries,
    read_table,
    repeated,
    stated,
)

__all__ = [
    "ClearingSettings",
    "ConfigurationError",
    "ControlSettings",
    "JournalSettings",
    "LimitSettings",
    "LinkSettings",
    "LogSettings",
    "Problem",
    "Settings",
    "SettingsReading",
    "SettlementSettings",
    "StatusSettings",
    "TlsSettings",
    "load_settings",
    "read_settings",
]

OPTIONAL_TABLES: Final = ("journal", "limits", "log", "status", "control", "clearing", "settlement")
SQLITE_NEIGHBOURS: Final = ("-wal", "-shm", ".lock")
WILDCARD_HOSTS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, never bound here


class Settings(Table):
    """The whole of altyn.toml, every path absolute."""

    scheme_path: FilePath = Field(
        "scheme.toml", validate_default=True, alias="scheme", description="The scheme file."
    )
    journal: JournalSettings
    limits: LimitSettings
    log: LogSettings
    status: StatusSettings
    control: ControlSettings
    clearing: ClearingSettings
    settlement: SettlementSettings
    links: tuple[LinkSettings, ...] = Field(
        alias="link", min_length=1, description="The lines to participants."
    )


@dataclass(frozen=True)
class SettingsReading:
    """What could be read of a settings file, and what is wrong with it.

    `settings` is None when there are problems; `links` are the sound ones, each with its place
    in the file, so that the rest can be checked all the same.
    """

    path: Path
    document: Document | None = None
    settings: Settings | None = None
    scheme_path: Path | None = None
    links: list[tuple[int, LinkSettings]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def load_settings(path: str | Path) -> Settings:
    """The settings in a TOML file; raises ConfigurationError with every problem found."""
    reading = read_settings(Path(path))
    if reading.settings is None:
        raise ConfigurationError(reading.problems)
    return reading.settings


def read_settings(path: Path) -> SettingsReading:
    """The settings in a TOML file as far as they are sound; raises nothing for a bad file."""
    try:
        document = read_document(path)
    except ConfigurationError as error:
        return SettingsReading(path, problems=error.problems)
    folder = path.absolute().parent
    # An absent table has its defaults; they are paths, which only a reading can resolve.
    data = {name: {} for name in OPTIONAL_TABLES} | document.data
    settings = read_table(Settings, data, folder)
    problems = (
        [] if isinstance(settings, Settings) else field_problems(document, Settings, settings)
    )
    links = list(read_entries(LinkSettings, document, "link", folder))
    problems += repeated(document, stated(document, "link", "id"), "id")
    problems += _shared_addresses(document, links)
    if isinstance(settings, Settings):
        problems += _shared_files(document, settings, path)
        problems += _two_journals(document, settings)
    scheme = document.data.get("scheme", "scheme.toml")
    return SettingsReading(
        path=path,
        document=document,
        settings=settings if isinstance(settings, Settings) and not problems else None,
        scheme_path=path.parent / scheme if isinstance(scheme, str) and scheme else None,
        links=links,
        problems=sorted(problems, key=lambda problem: problem.line or 0),
    )


def _shared_addresses(document: Document, links: list[tuple[int, LinkSettings]]) -> list[Problem]:
    """Two links on one port: the second could not listen, or would reach the first's peer."""
    problems = []
    for number, (index, link) in enumerate(links):
        for earlier, other in links[:number]:
            wildcard = WILDCARD_HOSTS & {link.host, other.host}
            if link.port == other.port and (link.host == other.host or wildcard):
                reason = f"link[{earlier + 1}] already uses this host and port"
                problems.append(document.problem(("link", index, "port"), reason, "choose another"))
                break
    return problems


def _two_journals(document: Document, settings: Settings) -> list[Problem]:
    """Each journal is kept once: with two places stated nobody could say which one counts."""
    problems = []
    journal, clearing = settings.journal.address, settings.clearing.address
    for table, key, address in (("journal", "path", journal), ("clearing", "journal", clearing)):
        if address and key in document.data[table]:
            reason = f"this journal is a database already, by {table}.address"
            problems.append(document.problem((table, key), reason, "remove one of the two"))
    if journal and journal == clearing:
        reason = "this database has the switch's journal, and holds one"
        problems.append(
            document.problem(("clearing", "address"), reason, "name another database for this one")
        )
    return problems


def _shared_files(document: Document, settings: Settings, path: Path) -> list[Problem]:
    """Two keys for one file: what one writes would take the place of what the other keeps, and
    of these one is the journal."""
    journal = None if settings.journal.address else settings.journal.path
    clearing = settings.clearing
    books = None if clearing.address else clearing.journal
    taken = {path.resolve(): "the settings", settings.scheme_path.resolve(): "the scheme"}
    taken |= _neighbours(journal, "the journal") | _neighbours(books, "the back office's journal")
    named: tuple[tuple[tuple[str, str], Path | None], ...] = (
        (("journal", "path"), journal),
        (("clearing", "journal"), books),
        (("clearing", "rules"), clearing.rules),
        (("clearing", "folder"), clearing.folder),
        (("settlement", "outbox"), settings.settlement.outbox),
        (("settlement", "inbox"), settings.settlement.inbox),
        (("settlement", "archive"), settings.settlement.archive),
        (("log", "file"), settings.log.file),
        (("status", "file"), settings.status.file),
        (("control", "socket"), settings.control.socket),
    )
    problems = []
    for place, file in named:
        if file is None:
            continue
        owner = taken.setdefault(file.resolve(), ".".join(place))
        if owner != ".".join(place):
            reason = f"this file is used already, by {owner}"
            problems.append(document.problem(place, reason, "name another file"))
    return problems


def _neighbours(journal: Path | None, owner: str) -> dict[Path, str]:
    """The files that SQLite and we keep beside a journal, and whose they are."""
    if journal is None:
        return {}
    return {
        journal.with_name(journal.name + ending).resolve(): owner for ending in SQLITE_NEIGHBOURS
    }
