"""A journal by what a person gives: its file, its address, or the configuration that names it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from altyn.journal import Storage, StorageLostError, WrongJournalError
from altyn.runtime.configuration.whole import SETTINGS_FILE
from altyn.runtime.output import UserError
from altyn.runtime.scheme_file import load_scheme
from altyn.runtime.settings import ConfigurationError, JournalSettings, load_settings
from altyn.runtime.sqlite_storage import SqliteStorage, read_identity
from altyn.transaction import entries

__all__ = [
    "NamedStorage",
    "OpenStorage",
    "open_for_writing",
    "open_journal",
    "open_reader",
    "open_readers",
]

ADDRESS_STARTS: Final = ("postgresql:/", "postgres:/")


class NamedStorage(Storage, Protocol):
    """A store with a name for people: its file, or its address without user and password."""

    @property
    def name(self) -> str:
        """What messages call it."""


class OpenStorage(NamedStorage, Protocol):
    """A store that is open for writing by this node."""

    def make_room(self) -> None:
        """Do once, before there is traffic, what would hold up commits later."""

    def watch(self, told: Callable[[BaseException], None]) -> None:
        """Tell, on any thread, when this node has lost the journal between commits."""


def open_for_writing(
    journal: JournalSettings, scheme_id: str, standby: Callable[[str], None] | None = None
) -> OpenStorage:
    """The journal of the settings, held by this node; made where there is none.

    With `standby` wait until the node that holds it is gone, and tell what is waited for.
    Raises WrongJournalError, and StorageLostError when a database cannot be reached.
    """
    if journal.address:
        # Here and not above: a journal in a file needs nothing of it.
        from altyn.runtime.postgres.storage import PostgresStorage  # noqa: PLC0415

        return PostgresStorage(
            journal.address,
            scheme_id,
            entries.RECORD_BYTES,
            standby=standby,
            lease_s=journal.lease_s,
            outage_s_max=journal.outage_s_max,
            extra_flush_ms=journal.extra_flush_ms,
        )
    if standby is not None:
        raise WrongJournalError(
            f"{journal.path}: a journal in a file has no standby; give the journal an address "
            "(journal.address), or start this node without --standby"
        )
    return SqliteStorage(
        journal.path, scheme_id, entries.RECORD_BYTES, extra_flush_ms=journal.extra_flush_ms
    )


def open_readers(journal: JournalSettings, scheme_id: str) -> Callable[[], Storage]:
    """What opens the journal for a look-up; `close` the storage that it gives after each."""
    if journal.address:
        from altyn.runtime.postgres.readers import Readers  # noqa: PLC0415 as above
        from altyn.runtime.postgres.reading import PostgresReader  # noqa: PLC0415 as above

        address = journal.address
        return Readers(
            lambda closed: PostgresReader(address, scheme_id, entries.RECORD_BYTES, closed=closed)
        ).lend
    return lambda: open_reader(journal, scheme_id)


def open_reader(journal: JournalSettings, scheme_id: str) -> Storage:
    """The journal of the settings for one reader, beside the node that writes it; to be closed.

    Raises WrongJournalError, and StorageLostError when a database cannot be reached.
    """
    if journal.address:
        from altyn.runtime.postgres.reading import PostgresReader  # noqa: PLC0415 as above

        return PostgresReader(journal.address, scheme_id, entries.RECORD_BYTES)
    return SqliteStorage(journal.path, scheme_id, entries.RECORD_BYTES, read_only=True)


@contextmanager
def open_journal(journal: Path | str) -> Iterator[NamedStorage]:
    """The journal that a person names, for reading: also while a switch is writing it.

    It is named by its file, by an address (`postgresql://...`), by a settings file (`.toml`), or
    by a folder with an altyn.toml; with a configuration the journal must be of its scheme.
    Raises UserError.
    """
    name = str(journal)
    try:
        storage = _open(name)
    except (WrongJournalError, StorageLostError) as error:
        raise UserError(
            str(error).removeprefix(f"{name}: "),
            where=_shown(name),
            do="name a journal, or the folder of a configuration whose switch has run",
        ) from error
    except ConfigurationError as error:
        raise UserError(
            "the configuration is not sound",
            where=name,
            do="`altyn check` says why; or name the journal itself",
        ) from error
    try:
        yield storage
    except StorageLostError as error:
        raise UserError(
            str(error), where=storage.name, do="see the database, then try again"
        ) from error
    finally:
        storage.close()


def _open(name: str) -> NamedStorage:
    if name.startswith(ADDRESS_STARTS):
        return _open_address(name, None)
    path = Path(name)
    if path.is_dir() or path.suffix == ".toml":
        settings = load_settings(path / SETTINGS_FILE if path.is_dir() else path)
        scheme = next(
            fact for fact in load_scheme(settings.scheme_path) if fact["fact"] == "scheme"
        )
        scheme_id = scheme["scheme_id"]
        if settings.journal.address:
            return _open_address(settings.journal.address, scheme_id)
        path = settings.journal.path
    else:
        scheme_id = read_identity(path)[0]
    return SqliteStorage(path, scheme_id, entries.RECORD_BYTES, read_only=True)


def _open_address(address: str, scheme_id: str | None) -> NamedStorage:
    """A journal in a database; of any scheme when none is given."""
    from altyn.runtime.postgres.reading import PostgresReader, scheme_at  # noqa: PLC0415 as above

    return PostgresReader(address, scheme_id or scheme_at(address), entries.RECORD_BYTES)


def _shown(name: str) -> str:
    if not name.startswith(ADDRESS_STARTS):
        return name
    from altyn.runtime.postgres.session import shown_address  # noqa: PLC0415 as above

    return shown_address(name)
