"""The two stores of the journal behind one face, for tests of what both must promise."""

import sqlite3
from pathlib import Path
from typing import Protocol

from altyn.journal import Storage
from altyn.runtime.postgres.reading import PostgresReader
from altyn.runtime.postgres.session import Session
from altyn.runtime.postgres.storage import PostgresStorage
from altyn.runtime.sqlite_storage import SqliteStorage
from tests.journal.writer_process import RECORD_BYTES, SCHEME_ID

LEASE_S = 60
"""Long: a test that is held up for seconds must not lose its journal to another one."""


class Place(Protocol):
    """Where a journal may be made, and how it is opened."""

    def open(
        self, *, read_only: bool = False, scheme_id: str = ..., record_bytes: int = ...
    ) -> Storage:
        """Open the journal that is there, or make it."""

    def write(self, statement: str) -> None:
        """Change the tables behind the store's back."""


class SqlitePlace:
    """A file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(
        self,
        *,
        read_only: bool = False,
        scheme_id: str = SCHEME_ID,
        record_bytes: int = RECORD_BYTES,
    ) -> Storage:
        """Open the file."""
        return SqliteStorage(self.path, scheme_id, record_bytes, read_only=read_only)

    def write(self, statement: str) -> None:
        """Run a statement in the file."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute(statement)
        connection.close()


class PostgresPlace:
    """A database."""

    def __init__(self, address: str) -> None:
        self.address = address

    def open(
        self,
        *,
        read_only: bool = False,
        scheme_id: str = SCHEME_ID,
        record_bytes: int = RECORD_BYTES,
    ) -> Storage:
        """Open the database."""
        if read_only:
            return PostgresReader(self.address, scheme_id, record_bytes)
        return PostgresStorage(self.address, scheme_id, record_bytes, lease_s=LEASE_S)

    def write(self, statement: str) -> None:
        """Run a statement in the database."""
        session = Session(self.address, "test")
        session.connect()
        session.execute(f"SET search_path = altyn; {statement}")
        session.close()
