"""One connection to PostgreSQL with a synchronous face.

The committer, a look-up and a command each are one thread that waits for one answer, so a session
drives its own event loop in the thread that asks: no hand-over to another thread and back on the
road of a group commit.

A statement that takes too long is not cancelled but left: its connection is cut. A cancelled commit
that waits for a synchronous standby is reported as done although the standby has not got it
(PostgreSQL documentation, "Synchronous Replication"), and nothing may rest on that.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import asyncpg

from altyn.journal import StorageLostError, WrongJournalError

__all__ = ["CONNECT_S", "Session", "require_durability", "shown_address"]

CONNECT_S: Final = 5.0
ANSWER_S: Final = 60.0
"""How long a statement may take where nobody waits for it: a page of a long journal."""

DURABLE_COMMITS: Final = ("on", "remote_write", "remote_apply")
_SERVER_SETTINGS: Final = {
    # What the fence rests on, whatever the database's default is.
    "default_transaction_isolation": "read committed",
    "statement_timeout": "0",
    "lock_timeout": "0",
    # The server learns within about ten seconds that our machine is gone, and frees the lease.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
_ATTRIBUTE: Final = "target_session_attrs="
_LOST: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.exceptions.OperatorInterventionError,  # shut down, starting up, ended by hand
    asyncpg.exceptions.TooManyConnectionsError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,  # the address leads to a standby just now
)

Answer = TypeVar("Answer")


def shown_address(address: str) -> str:
    """An address without user, password and options, for people and logs."""
    parts = urlsplit(address)
    return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"


class Session:
    """A connection that is made when it is needed and that one thread uses at a time."""

    def __init__(self, address: str, application: str) -> None:
        """Not connected yet. `application` is what the server's operator sees."""
        self._address = address
        self._application = application
        self.patience_s = ANSWER_S
        self._loop = asyncio.new_event_loop()
        self._lock = threading.RLock()
        self._connection: Any = None
        self._statements: dict[str, Any] = {}

    @property
    def connected(self) -> bool:
        """Whether there is a connection that has not been seen to break."""
        return self._connection is not None and not self._connection.is_closed()

    def connect(self) -> None:
        """Connect; raises StorageLostError when the server cannot be reached, WrongJournalError
        when it refuses us for good or does not flush each commit."""
        try:
            self._run(self._connect)
        except _LOST as error:
            self.drop()
            raise StorageLostError(f"the database cannot be reached ({_kind(error)})") from error
        except asyncpg.PostgresError as error:
            self.drop()
            raise WrongJournalError(
                f"{shown_address(self._address)}: the database refuses us ({_kind(error)}: "
                f"{error}); see the address, the password file and the rights of the role"
            ) from error
        try:
            require_durability(self, shown_address(self._address))
        except BaseException:
            self.drop()
            raise

    async def _connect(self) -> None:
        self._connection = await asyncpg.connect(
            self._address,
            timeout=CONNECT_S,
            server_settings={"application_name": self._application, **_SERVER_SETTINGS},
            # Of several hosts the one that writes: another lacks what came last.
            target_session_attrs=None if _ATTRIBUTE in self._address else "read-write",
        )
        self._statements = {}

    def fetch(self, query: str, *values: object) -> list[Any]:
        """The rows of a statement, which is prepared once for each connection.

        Raises StorageLostError when the connection breaks or the answer takes too long: what
        became of the statement is then not known. Other errors of the server are raised as
        they are (asyncpg.PostgresError).
        """

        async def ask() -> list[Any]:
            statement = self._statements.get(query)
            if statement is None:
                statement = self._statements[query] = await self._connection.prepare(query)
            rows: list[Any] = await statement.fetch(*values)
            return rows

        return self._guarded(ask)

    def execute(self, script: str) -> None:
        """Carry out statements without values; raises as `fetch` does."""
        self._guarded(lambda: self._connection.execute(script))

    def transact(self, work: Callable[[Any], Awaitable[Answer]]) -> Answer:
        """Carry out work on the connection in one transaction; raises as `fetch` does."""

        async def whole() -> Answer:
            async with self._connection.transaction():
                return await work(self._connection)

        return self._guarded(whole)

    def _guarded(self, work: Callable[[], Awaitable[Answer]]) -> Answer:
        with self._lock:
            if not self.connected:
                raise StorageLostError("there is no connection to the database")
            try:
                return self._run(lambda: self._bounded(work))
            except _LOST as error:
                self.drop()
                raise StorageLostError(
                    f"the connection to the database broke ({_kind(error)})"
                ) from error

    async def _bounded(self, work: Callable[[], Awaitable[Answer]]) -> Answer:
        timer = self._loop.call_later(self.patience_s, self._connection.terminate)
        try:
            return await work()
        finally:
            timer.cancel()

    def _run(self, work: Callable[[], Coroutine[Any, Any, Answer] | Awaitable[Answer]]) -> Answer:
        async def wrapped() -> Answer:
            return await work()

        with self._lock:
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                return self._loop.run_until_complete(wrapped())
            # A thread that drives a loop already cannot drive ours: at the end of a node only.
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(self._loop.run_until_complete, wrapped()).result()

    def drop(self) -> None:
        """Cut the connection, if there is one; `connect` makes a new one."""
        with self._lock:
            connection, self._connection = self._connection, None
            self._statements = {}
            if connection is None:
                return

            async def cut() -> None:
                connection.terminate()
                await asyncio.sleep(0)  # the transport closes its socket in the loop's next turn

            with suppress(*_LOST):
                self._run(cut)

    def close(self) -> None:
        """Leave the server in order and end the loop."""
        with self._lock:
            connection, self._connection = self._connection, None
            self._statements = {}
            if self._loop.is_closed():
                return
            if connection is not None and not connection.is_closed():
                with suppress(*_LOST, asyncpg.PostgresError):
                    self._run(lambda: connection.close(timeout=CONNECT_S))
            self._run(self._loop.shutdown_asyncgens)
            self._loop.close()


def require_durability(session: Session, name: str) -> None:
    """Read the server's settings back (as D16 asks of SQLite): each commit must be flushed.

    Raises WrongJournalError with what to set.
    """
    row = session.fetch(
        "SELECT current_setting('fsync') AS fsync, "
        "current_setting('full_page_writes') AS full_page_writes, "
        "current_setting('synchronous_commit') AS synchronous_commit"
    )[0]
    for setting in ("fsync", "full_page_writes"):
        if row[setting] != "on":
            raise WrongJournalError(
                f"{name}: PostgreSQL runs with {setting} = {row[setting]} and would lose commits "
                f"in a power cut; set {setting} = on in postgresql.conf and reload the server"
            )
    if row["synchronous_commit"] not in DURABLE_COMMITS:
        raise WrongJournalError(
            f"{name}: PostgreSQL runs with synchronous_commit = {row['synchronous_commit']} and "
            "says a commit is done before it is; set synchronous_commit = on for our role: "
            "ALTER ROLE ... SET synchronous_commit = on"
        )


def _kind(error: BaseException) -> str:
    """An error's kind, with PostgreSQL's code where there is one; never its words."""
    code = getattr(error, "sqlstate", None)
    return f"{type(error).__name__}, {code}" if code else type(error).__name__
