"""Opening the back office's journal: one process writes at a time, any number read beside it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from altyn.journal import (
    JournalDamagedError,
    JournalHeldError,
    Storage,
    StorageFullError,
    StorageLostError,
    WrongJournalError,
)
from altyn.runtime.backoffice.journal import BackOfficeJournal
from altyn.runtime.output import UserError
from altyn.runtime.settings import ClearingSettings
from altyn.runtime.sqlite_storage import SqliteStorage
from altyn.transaction import entries

__all__ = ["journal_id", "open_for_reading", "open_for_writing"]

WAIT_S: Final = 10.0
_POLL_S: Final = 0.02


def journal_id(scheme_id: str) -> str:
    """The name to which the back office's journal is bound: never taken for the switch's."""
    return f"{scheme_id}/back-office"


@contextmanager
def open_for_writing(
    settings: ClearingSettings, scheme_id: str, wait_s: float = WAIT_S
) -> Iterator[BackOfficeJournal]:
    """The journal, held by this process until the block ends; made where there is none.

    Waits so long for another process that holds it. Hold it for as long as facts must not change
    under what is decided, and not while waiting for somebody else. Raises UserError.
    """
    with _explained(_name(settings)):
        storage = _hold(settings, journal_id(scheme_id), time.monotonic() + wait_s)
        try:
            yield BackOfficeJournal(storage)
        finally:
            storage.close()


@contextmanager
def open_for_reading(settings: ClearingSettings, scheme_id: str) -> Iterator[BackOfficeJournal]:
    """The journal as it stands now, also while another process writes it. Raises UserError.

    Where nothing was written yet there is no journal, and that is told.
    """
    with _explained(_name(settings)):
        storage = _reader(settings, journal_id(scheme_id))
        try:
            yield BackOfficeJournal(storage)
        finally:
            storage.close()


def _hold(settings: ClearingSettings, name: str, until_s: float) -> Storage:
    while True:
        try:
            return _writer(settings, name)
        except JournalHeldError:
            if time.monotonic() >= until_s:
                raise
        time.sleep(_POLL_S)


def _writer(settings: ClearingSettings, name: str) -> Storage:
    if settings.address:
        # Here and not above: a journal in a file needs nothing of it.
        from altyn.runtime.postgres.storage import PostgresStorage  # noqa: PLC0415

        return PostgresStorage(settings.address, name, entries.RECORD_BYTES)
    return SqliteStorage(settings.journal, name, entries.RECORD_BYTES)


def _reader(settings: ClearingSettings, name: str) -> Storage:
    if settings.address:
        from altyn.runtime.postgres.reading import PostgresReader  # noqa: PLC0415 as above

        return PostgresReader(settings.address, name, entries.RECORD_BYTES)
    return SqliteStorage(settings.journal, name, entries.RECORD_BYTES, read_only=True)


def _name(settings: ClearingSettings) -> str:
    if not settings.address:
        return str(settings.journal)
    from altyn.runtime.postgres.session import shown_address  # noqa: PLC0415 as above

    return shown_address(settings.address)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """What goes wrong with the store, in words for who is at the terminal."""
    try:
        yield
    except JournalHeldError as error:
        raise UserError(
            "another command is writing the back office's journal",
            where=name,
            do="wait until it has ended, then give this one again",
        ) from error
    except JournalDamagedError as error:
        raise UserError(
            f"the back office's journal is damaged: {error}",
            where=name,
            do="restore it from a copy; `altyn journal verify` says what is sound",
        ) from error
    except StorageFullError as error:
        raise UserError(
            "there is no room for the back office's journal",
            where=name,
            do="make room, then give the command again: what it had done is kept",
        ) from error
    except (WrongJournalError, StorageLostError) as error:
        raise UserError(
            str(error).removeprefix(f"{Path(name)}: "),
            where=name,
            do="see [clearing] in the settings; `altyn file put` makes the first journal",
        ) from error
