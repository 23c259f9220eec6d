"""The tables of a journal in PostgreSQL, in a schema of their own, and whose journal it is.

One database holds one journal. Bodies are stored outside the row and not compressed
(`STORAGE EXTERNAL`): compressing costs the server more time than it saves on the disk.
"""

from typing import Any, Final

from altyn.journal import WrongJournalError
from altyn.runtime.journal.identity import require_identity
from altyn.runtime.postgres.session import Session

__all__ = ["LOCK_CLASS", "create_schema", "read_identity", "require_schema"]

LOCK_CLASS: Final = 0x416C7479
"""The first half of our advisory locks; the second is 0 for the schema, else an epoch."""

_TABLES: Final = """
CREATE SCHEMA IF NOT EXISTS altyn;
CREATE TABLE IF NOT EXISTS altyn.meta (key text PRIMARY KEY, value text NOT NULL);
CREATE TABLE IF NOT EXISTS altyn.batch (
    first_sequence bigint PRIMARY KEY,
    written_us bigint NOT NULL,
    span_low bigint NOT NULL,
    span_high bigint NOT NULL,
    hash bytea NOT NULL,
    kinds bytea NOT NULL,
    variable bytea NOT NULL,
    fixed bytea NOT NULL
);
ALTER TABLE altyn.batch
    ALTER COLUMN kinds SET STORAGE EXTERNAL,
    ALTER COLUMN variable SET STORAGE EXTERNAL,
    ALTER COLUMN fixed SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS batch_span ON altyn.batch (span_low, span_high);
CREATE TABLE IF NOT EXISTS altyn.reference (
    refers_to bigint NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (refers_to, sequence)
);
CREATE TABLE IF NOT EXISTS altyn.snapshot (
    sequence bigint PRIMARY KEY,
    hash bytea NOT NULL,
    state bytea NOT NULL
);
CREATE TABLE IF NOT EXISTS altyn.fence (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    epoch integer NOT NULL,
    holder text NOT NULL,
    released boolean NOT NULL,
    renewed_at timestamptz NOT NULL
) WITH (fillfactor = 10);
"""


def create_schema(session: Session, name: str, wanted: dict[str, str]) -> None:
    """Make the tables where there are none; raises WrongJournalError for another's journal."""
    found = read_identity(session)
    if found is None:
        session.transact(lambda connection: _create(connection, name, wanted))
        found = read_identity(session)
    require_identity(name, found or {}, wanted)


async def _create(connection: Any, name: str, wanted: dict[str, str]) -> None:
    """All at once: a crash in between must not leave half an identity."""
    await connection.execute("SELECT pg_advisory_xact_lock($1, 0)", LOCK_CLASS)
    if await connection.fetchval("SELECT to_regclass('altyn.meta') IS NOT NULL"):
        return  # another node was first
    if await connection.fetchval("SELECT to_regnamespace('altyn') IS NOT NULL"):
        tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'altyn'::regnamespace"
        if await connection.fetchval(tables):
            raise WrongJournalError(
                f"{name}: the schema `altyn` of this database is another program's; name a "
                "database of its own for the journal"
            )
    await connection.execute(_TABLES)
    for key, value in wanted.items():
        await connection.execute("INSERT INTO altyn.meta VALUES ($1, $2)", key, value)
    await connection.execute(
        "INSERT INTO altyn.fence (epoch, holder, released, renewed_at) "
        "VALUES (0, '', true, clock_timestamp())"
    )


def require_schema(session: Session, name: str, wanted: dict[str, str]) -> None:
    """Raise WrongJournalError unless the journal is there and of this scheme and format."""
    found = read_identity(session)
    if found is None:
        raise WrongJournalError(f"{name}: there is no journal here")
    require_identity(name, found, wanted)


def read_identity(session: Session) -> dict[str, str] | None:
    """Format, scheme and record size of the journal in a database; None when it has none."""
    if not session.fetch("SELECT to_regclass('altyn.meta') IS NOT NULL")[0][0]:
        return None
    return dict(session.fetch("SELECT key, value FROM altyn.meta"))
