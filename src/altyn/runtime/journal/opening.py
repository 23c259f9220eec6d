"""A journal by the path a person gives: its file, or the configuration that names it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from altyn.journal import WrongJournalError
from altyn.runtime.configuration.whole import SETTINGS_FILE
from altyn.runtime.output import UserError
from altyn.runtime.scheme_file import load_scheme
from altyn.runtime.settings import ConfigurationError, load_settings
from altyn.runtime.sqlite_storage import SqliteStorage, read_identity
from altyn.transaction import entries

__all__ = ["open_journal"]


@contextmanager
def open_journal(path: Path) -> Iterator[SqliteStorage]:
    """The journal at `path`, for reading: also while a switch is writing it.

    `path` is a journal, a settings file (`.toml`), or a folder with an altyn.toml; with a
    configuration the journal must be of its scheme. Raises UserError.
    """
    try:
        journal, scheme_id = _find(path)
        storage = SqliteStorage(journal, scheme_id, entries.RECORD_BYTES, read_only=True)
    except WrongJournalError as error:
        raise UserError(
            str(error).removeprefix(f"{path}: "),
            where=str(path),
            do="name a journal, or the folder of a configuration whose switch has run",
        ) from error
    except ConfigurationError as error:
        raise UserError(
            "the configuration is not sound",
            where=str(path),
            do="`altyn check` says why; or name the journal itself",
        ) from error
    try:
        yield storage
    finally:
        storage.close()


def _find(path: Path) -> tuple[Path, str]:
    """The journal's file and the scheme it must be of."""
    if path.is_dir() or path.suffix == ".toml":
        settings = load_settings(path / SETTINGS_FILE if path.is_dir() else path)
        scheme = next(
            fact for fact in load_scheme(settings.scheme_path) if fact["fact"] == "scheme"
        )
        return settings.journal.path, scheme["scheme_id"]
    return path, read_identity(path)[0]
