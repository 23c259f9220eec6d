"""What every command of the back office needs: settings, registry and rules, read and checked."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from altyn.clearing import ClearingRules
from altyn.journal import Storage, StorageLostError, WrongJournalError
from altyn.registry import Registry
from altyn.runtime.backoffice.folders import Folders
from altyn.runtime.backoffice.journal import BackOfficeJournal
from altyn.runtime.backoffice.opening import open_for_reading, open_for_writing
from altyn.runtime.configuration.whole import load_configuration
from altyn.runtime.engine_name import EngineName
from altyn.runtime.journal.opening import open_reader
from altyn.runtime.output import UserError
from altyn.runtime.settings import Settings

__all__ = ["Office", "Progress", "load_office"]

Progress = Callable[[str, int], None]
"""Told what is being done, and how much of it is done."""


def _utc_us() -> int:
    return time.time_ns() // 1000


@dataclass(frozen=True)
class Office:
    """A configuration, as the back office uses it."""

    settings: Settings
    registry: Registry
    rules: ClearingRules
    now_us: Callable[[], int] = _utc_us

    def clearing_with(self, engine: EngineName) -> "Office":
        """The same with another engine than the settings name."""
        clearing = self.settings.clearing.model_copy(update={"engine": engine})
        return replace(self, settings=self.settings.model_copy(update={"clearing": clearing}))

    @property
    def folders(self) -> Folders:
        """Where files and results are."""
        return Folders(self.settings.clearing.folder)

    def writing(self) -> AbstractContextManager[BackOfficeJournal]:
        """The journal, held for this process; see `open_for_writing`."""
        return open_for_writing(self.settings.clearing, self.registry.scheme.scheme_id)

    def reading(self) -> AbstractContextManager[BackOfficeJournal]:
        """The journal as it stands; see `open_for_reading`."""
        return open_for_reading(self.settings.clearing, self.registry.scheme.scheme_id)

    @contextmanager
    def switch_journal(self) -> Iterator[Storage]:
        """The switch's journal, read beside the switch. Raises UserError."""
        journal = self.settings.journal
        where = "the switch's journal" if journal.address else str(journal.path)
        try:
            storage = open_reader(journal, self.registry.scheme.scheme_id)
        except (WrongJournalError, StorageLostError) as error:
            raise UserError(
                str(error).removeprefix(f"{where}: "),
                where=where,
                do="start the switch once with this configuration, or mend [journal]",
            ) from error
        try:
            yield storage
        finally:
            storage.close()


def load_office(path: Path) -> Office:
    """The back office of a settings file, or of a folder with an altyn.toml.

    Raises UserError, ConfigurationError with every problem of its files.
    """
    configuration = load_configuration(path, clearing=True)
    if not configuration.clearing_facts:
        raise UserError(
            "there are no rules of clearing",
            where=str(configuration.settings.clearing.rules),
            do="write them (`altyn init` writes an example), or name the file in [clearing]",
        )
    registry = Registry(configuration.facts)
    rules = ClearingRules(configuration.clearing_facts, registry)
    return Office(configuration.settings, registry, rules)
