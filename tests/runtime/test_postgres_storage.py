"""The journal in a real PostgreSQL: lost answers, stale nodes, leases, broken pages, settings.

What every store must promise is tested in tests/journal/test_storage.py.
"""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest

from altyn.journal import (
    Batch,
    BatchBuilder,
    Snapshot,
    Storage,
    StorageFullError,
    StorageLostError,
    WriterReplacedError,
    WrongJournalError,
    checked_batches,
    verify,
)
from altyn.runtime.postgres.readers import READERS_MAX, Readers
from altyn.runtime.postgres.reading import PostgresReader, scheme_at
from altyn.runtime.postgres.server import OwnServer
from altyn.runtime.postgres.session import Session, shown_address
from altyn.runtime.postgres.storage import PostgresStorage
from tests.journal.writer_process import RECORD_BYTES, SCHEME_ID, batch_builder
from tests.runtime.cutting_proxy import BEFORE_ANSWER, BEFORE_REQUEST, SILENT, CuttingProxy

LONG_S = 60.0
PATIENCE_S = 20.0


@contextmanager
def opened(
    address: str, *, lease_s: float = LONG_S, outage_s_max: float = PATIENCE_S
) -> Iterator[PostgresStorage]:
    """The store of the tests' scheme, held by this process."""
    storage = PostgresStorage(
        address, SCHEME_ID, RECORD_BYTES, lease_s=lease_s, outage_s_max=outage_s_max
    )
    try:
        yield storage
    finally:
        storage.close()


@contextmanager
def reading(address: str) -> Iterator[PostgresReader]:
    """A reader beside it."""
    reader = PostgresReader(address, SCHEME_ID, RECORD_BYTES)
    try:
        yield reader
    finally:
        reader.close()


def standing_by(address: str, lease_s: float, told: list[str]) -> PostgresStorage:
    """The store for a node that waits for it."""
    return PostgresStorage(address, SCHEME_ID, RECORD_BYTES, standby=told.append, lease_s=lease_s)


def next_batch(storage: Storage, seed: int = 1) -> Batch:
    """A batch that follows the last one."""
    end = storage.end()
    return batch_builder(end.sequence + 1, Random(seed + end.sequence)).seal(end.hash, 1)


def append(storage: Storage, count: int = 1) -> None:
    """Append so many batches."""
    for _ in range(count):
        storage.append(next_batch(storage))


def run(address: str, script: str) -> None:
    """Run statements as the server's operator would."""
    session = Session(address, "operator")
    try:
        session.connect()
        session.execute(script)
    finally:
        session.close()


CUT_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def through(proxy: CuttingProxy, address: str) -> str:
    """The address of the same database by way of the proxy."""
    parts = urlsplit(address)
    return f"postgresql://{parts.username}@127.0.0.1:{proxy.port}{parts.path}"


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something to hold; nothing here has cause to take long."""
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, "it never came so far"
        time.sleep(0.01)


@pytest.mark.parametrize("when", [BEFORE_REQUEST, BEFORE_ANSWER, SILENT])
def test_d08_commit_whose_answer_is_lost_is_there_exactly_once(
    postgresql: OwnServer, database: str, when: str
) -> None:
    """Never sent, carried out and not answered, or on a line that just falls silent: the store
    finds out over a new connection, and the caller sees one append that took longer."""
    bound_s = 4.0 if when == SILENT else PATIENCE_S
    with CuttingProxy(postgresql.port) as proxy:
        with opened(through(proxy, database), outage_s_max=bound_s) as storage:
            append(storage, 3)
            for _ in range(2):
                with storage._turn:  # it is a commit that is cut, and no beat of the lease
                    proxy.cut_next(when)
                    append(storage)
                append(storage)
            end = storage.end()
        assert proxy.cuts == 2
    with reading(database) as reader:
        assert reader.end() == end
        assert verify(reader).damages == ()
        assert len(list(reader.batches())) == 7


def test_d08_first_attempt_that_is_carried_out_late_changes_nothing(
    postgresql: OwnServer, database: str
) -> None:
    """The server is still at work on the first attempt when the second comes: the key lets one of
    them in, and the store sees that its batch is there."""
    with CuttingProxy(postgresql.port) as proxy, opened(through(proxy, database)) as storage:
        append(storage, 2)
        batch = next_batch(storage)
        operator = Session(database, "operator")
        operator.connect()
        # Whoever inserts waits for this lock, with the statement half done.
        operator.execute("BEGIN; LOCK TABLE altyn.batch IN SHARE MODE")
        appending = threading.Thread(target=storage.append, args=(batch,))
        appending.start()
        wait_until(lambda: waiting_for_locks(operator) == 1)
        proxy.abandon()
        wait_until(lambda: waiting_for_locks(operator) == 2)
        operator.execute("COMMIT")
        operator.close()
        appending.join(PATIENCE_S)
        assert storage.end() == (batch.last_sequence, batch.hash)
        append(storage, 2)
        assert verify(storage).damages == ()


def waiting_for_locks(session: Session) -> int:
    """How many sessions of the database wait for a lock on a table."""
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'altyn.batch'::regclass"
    return int(session.fetch(query)[0][0])


def test_d08_session_that_the_server_ends_is_replaced(database: str) -> None:
    """As at a fail-over or by an operator's hand, between commits and again and again."""
    with opened(database) as storage:
        for _ in range(4):
            append(storage, 2)
            run(database, CUT_ALL)
        append(storage)
        storage.save_snapshot(Snapshot(storage.end().sequence, storage.end().hash, b"state"))
        assert verify(storage).damages[0].reason.startswith("the snapshot's checksum")
        assert len(list(checked_batches(storage))) == 9


def test_d08_outage_beyond_the_bound_is_final(postgresql: OwnServer, database: str) -> None:
    """Then nobody knows whether the batch is there, and nothing more is taken; a new start finds
    out by reading."""
    unknown = r"did not come back within 0.5 s.*not known"
    with (
        CuttingProxy(postgresql.port) as proxy,
        opened(through(proxy, database), outage_s_max=0.5) as storage,
    ):
        append(storage, 2)
        kept = storage.end()
        proxy.refuse(refusing=True)
        proxy.cut_next(BEFORE_ANSWER)
        for _ in range(2):
            with pytest.raises(StorageLostError, match=unknown):
                append(storage)
        proxy.refuse(refusing=False)
        with pytest.raises(StorageLostError, match=unknown):
            append(storage)
        assert storage.end() == kept
    with opened(database, lease_s=1) as again:
        assert again.end().sequence >= kept.sequence
        append(again)
        assert verify(again).damages == ()


def test_d08_database_that_lost_what_it_promised_is_not_gone_on_with(database: str) -> None:
    """Failed over to a server that lagged, or put back from a copy: the switch has answered on the
    strength of entries that are gone, and must not write others in their place."""
    with opened(database) as storage:
        append(storage, 5)
        last = storage.end().sequence
        victim = "(SELECT max(first_sequence) FROM altyn.batch)"
        run(database, f"DELETE FROM altyn.batch WHERE first_sequence = {victim}; {CUT_ALL}")
        with pytest.raises(WrongJournalError, match=f"without entries.*up to {last}"):
            append(storage)
        with pytest.raises(WrongJournalError):
            append(storage)


def test_d01_full_disk_refuses_the_batch_whole_and_goes_on_when_there_is_room(
    database: str,
) -> None:
    """The server says so by its code 53100; nothing of the batch stays."""
    with opened(database) as storage:
        append(storage, 2)
        run(
            database,
            "CREATE FUNCTION altyn.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$; "
            "CREATE TRIGGER full_disk BEFORE INSERT ON altyn.batch "
            "FOR EACH ROW EXECUTE FUNCTION altyn.full()",
        )
        end = storage.end()
        for _ in range(2):
            with pytest.raises(StorageFullError, match="the disk is full"):
                append(storage)
        assert storage.end() == end
        run(database, "DROP TRIGGER full_disk ON altyn.batch")
        append(storage)
        assert verify(storage).damages == ()


def test_d09_stale_node_writes_nothing(database: str) -> None:
    """Neither a batch nor a snapshot nor its lease, from the moment that another has taken over;
    it is told so also when it writes nothing."""
    with opened(database, lease_s=1) as stale:
        append(stale, 2)
        told: list[BaseException] = []
        with stale._turn:  # asleep: no beat of its lease
            told_to_standby: list[str] = []
            active = standing_by(database, 1, told_to_standby)
            assert told_to_standby == [f"node {_holder()} has the journal, epoch 1"]
            append(active)
            end = active.end()
            with pytest.raises(WriterReplacedError, match="another node has taken over"):
                stale.save_snapshot(Snapshot(1, bytes(32), b"state"))
            with pytest.raises(WriterReplacedError, match="another node has taken over"):
                append(stale)
        stale.watch(told.append)
        wait_until(lambda: bool(told))
        assert isinstance(told[0], WriterReplacedError)
        append(active)
        assert active.snapshots() == []
        assert [each.first_sequence for each in active.batches(end.sequence + 1)] == [
            end.sequence + 1
        ]
        active.close()


def _holder() -> str:
    return f"{socket.gethostname()}/{os.getpid()}"


def test_d09_taking_over_waits_for_a_commit_under_way(database: str) -> None:
    """What the node before wrote last is there when the new one reads, or was never written."""
    with opened(database, lease_s=1) as stale:
        append(stale, 2)
        batch = next_batch(stale)
        operator = Session(database, "operator")
        operator.connect()
        # Whoever inserts this key waits to see what becomes of the one that was first.
        operator.execute(
            "BEGIN; INSERT INTO altyn.batch "
            f"VALUES ({batch.first_sequence}, 0, 0, 0, '', '', '', '')"
        )
        appending = threading.Thread(target=stale.append, args=(batch,))
        appending.start()  # and it keeps the lease from being renewed
        taken: list[PostgresStorage] = []
        taking = threading.Thread(target=lambda: taken.append(standing_by(database, 1, [])))
        taking.start()
        taking.join(2.5)  # beyond the lease
        waited = not taken
        operator.execute("ROLLBACK")
        operator.close()
        appending.join(PATIENCE_S)
        taking.join(PATIENCE_S)
        assert waited
        assert taken[0].end() == (batch.last_sequence, batch.hash)
        with pytest.raises(WriterReplacedError):
            append(stale)
        taken[0].close()


def test_d09_standby_takes_over_at_once_when_the_node_lets_go(database: str) -> None:
    """A stop in order costs no lease; two standbys do not both get it."""
    holders: list[PostgresStorage] = []
    with opened(database) as storage:
        append(storage, 3)
        end = storage.end()
        told: list[str] = []
        waiting = [
            threading.Thread(target=lambda: holders.append(standing_by(database, LONG_S, told)))
            for _ in range(2)
        ]
        for thread in waiting:
            thread.start()
        wait_until(lambda: len(told) == 2)
    wait_until(lambda: len(holders) == 1)
    assert (holders[0].epoch, holders[0].end()) == (2, end)
    append(holders[0])
    holders[0].close()
    wait_until(lambda: len(holders) == 2)
    assert holders[1].epoch == 3
    holders[1].close()


def test_d08_standby_waits_for_the_database_too(postgresql: OwnServer, database: str) -> None:
    """It says what it waits for, and takes over when both are there for it."""
    told: list[str] = []
    taken: list[PostgresStorage] = []
    with CuttingProxy(postgresql.port) as proxy:
        address = through(proxy, database)
        with opened(database) as storage:
            append(storage)
            thread = threading.Thread(
                target=lambda: taken.append(standing_by(address, LONG_S, told))
            )
            thread.start()
            wait_until(lambda: len(told) == 1)
            proxy.refuse(refusing=True)
            proxy.abandon()
            wait_until(lambda: len(told) == 2)
        assert told[1].startswith("the ")
        assert not taken
        proxy.refuse(refusing=False)
        thread.join(PATIENCE_S)
        append(taken[0])
        taken[0].close()


def test_d09_node_that_starts_waits_for_the_lease_of_one_that_is_gone(database: str) -> None:
    """A machine that vanished has left its connection on the server; its lease runs out. One that
    lives renews it, and the start is refused at once."""
    with opened(database, lease_s=1) as storage:
        with pytest.raises(WrongJournalError, match=r"another switch .* is writing this journal"):
            PostgresStorage(database, SCHEME_ID, RECORD_BYTES, lease_s=1)
        with storage._turn, opened(database, lease_s=1) as again:
            assert again.epoch == 2
            append(again)


def test_d16_server_that_does_not_flush_is_refused_with_what_to_set(
    postgresql: OwnServer,
) -> None:
    """A commit that is reported before it is durable is no commit (I4)."""
    database = postgresql.make_database()
    name = urlsplit(database).path[1:]
    run(database, f"ALTER DATABASE {name} SET synchronous_commit = off")
    with pytest.raises(WrongJournalError, match="set synchronous_commit = on"), opened(database):
        pass
    with (
        OwnServer("fsync=off") as careless,
        pytest.raises(WrongJournalError, match="set fsync = on"),
        opened(careless.address()),
    ):
        pass


def test_d16_server_that_stops_flushing_stops_the_node() -> None:
    """The settings are read back for as long as the node runs."""
    with OwnServer() as server, opened(server.address(), lease_s=1) as storage:
        append(storage)
        told: list[BaseException] = []
        storage.watch(told.append)
        run(server.address(), "ALTER SYSTEM SET full_page_writes = off")
        run(server.address(), "SELECT pg_reload_conf()")
        wait_until(lambda: bool(told))
        assert "set full_page_writes = on" in str(told[0])
        with pytest.raises(WrongJournalError, match="full_page_writes"):
            append(storage)


def test_d10_standby_of_the_database_that_does_not_answer_is_waited_for_up_to_a_bound() -> None:
    """A commit that no synchronous standby has is not reported and not seen; the operator takes
    the standby out, and then it is there, once."""
    with OwnServer() as server:
        address = server.address()
        with opened(address, outage_s_max=2) as storage:
            append(storage, 2)
            require_standbys(address, "absent")
            batch = next_batch(storage)
            with pytest.raises(StorageLostError, match=r"did not come back within 2 s.*not known"):
                storage.append(batch)
            assert storage.end().sequence < batch.first_sequence
            with reading(address) as reader:
                assert reader.end() == storage.end()
                require_standbys(address, "")
                wait_until(lambda: reader.end().sequence == batch.last_sequence)
        with opened(address, lease_s=1) as storage:
            assert storage.end() == (batch.last_sequence, batch.hash)
            require_standbys(address, "absent")
            appending = threading.Thread(target=append, args=(storage,))
            appending.start()
            appending.join(0.5)
            assert appending.is_alive()
            require_standbys(address, "")
            appending.join(PATIENCE_S)
            assert storage.end().sequence > batch.last_sequence
            assert verify(storage).damages == ()


def require_standbys(address: str, names: str) -> None:
    """Set which standbys of the server must have each commit."""
    run(address, f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
    run(address, "SELECT pg_reload_conf()")


def test_d04_page_that_cannot_be_read_is_told_with_its_entries() -> None:
    """A page whose checksum does not fit: the entries on it are named, the rest is checked."""
    with OwnServer() as server:
        address = server.address()
        with opened(address) as storage:
            for _ in range(300):
                append_small(storage)
            last = storage.end().sequence
            query = "SELECT pg_relation_filepath('altyn.batch'), max((ctid::text::point)[0]) "
            path, pages = storage._session.fetch(query + "FROM altyn.batch")[0]
        assert pages > 3
        server.stop()
        file = server.data / path
        content = bytearray(file.read_bytes())
        content[2 * 8192 + 4000] ^= 1
        file.write_bytes(content)
        server.start()
        with reading(address) as reader:
            found = verify(reader)
            assert found.last_sequence == last
            damage = found.damages[0]
            assert damage.reason == "they cannot be read from the database"
            assert 1 < damage.first_sequence < damage.last_sequence < last
            with pytest.raises(Exception, match="cannot be read"):
                list(checked_batches(reader))


def append_small(storage: Storage) -> None:
    """Append a batch that stays in its row."""
    builder = BatchBuilder(storage.end().sequence + 1)
    builder.append(2, bytes(150))
    storage.append(builder.seal(storage.end().hash, 1))


def test_readers_are_bounded_and_kept_and_survive_a_broken_connection(database: str) -> None:
    """A look-up does not pay for a connection, and a thousand of them do not take a thousand."""
    with opened(database) as storage:
        append(storage, 3)
        readers = Readers(
            lambda closed: PostgresReader(database, SCHEME_ID, RECORD_BYTES, closed=closed)
        )
        lent = [readers.lend() for _ in range(READERS_MAX)]
        waiting: list[Any] = []
        thread = threading.Thread(target=lambda: waiting.append(readers.lend()))
        thread.start()
        thread.join(0.2)
        assert not waiting
        lent[0].close()
        thread.join(PATIENCE_S)
        assert waiting == [lent[0]]
        run(database, CUT_ALL)
        end = lent[1].end()  # asked again, over a new connection
        assert end == storage.end()
        for reader in (*lent[1:], *waiting):
            reader.close()
        readers.close()
        late = readers.lend()
        assert late.end() == end
        late.close()


def test_schema_of_another_program_is_left_alone(database: str) -> None:
    """Tables of ours are not put among somebody else's."""
    run(database, "CREATE SCHEMA altyn; CREATE TABLE altyn.orders (id int)")
    with pytest.raises(WrongJournalError, match="another program's"), opened(database):
        pass
    with pytest.raises(WrongJournalError, match="no journal here"):
        scheme_at(database)


def test_role_without_rights_is_told_what_is_missing(database: str) -> None:
    """As an error of the operator's, without a trace."""
    run(database, "CREATE ROLE guest LOGIN")
    parts = urlsplit(database)
    address = f"postgresql://guest@127.0.0.1:{parts.port}{parts.path}"
    with pytest.raises(WrongJournalError, match="permission denied"), opened(address):
        pass


def test_database_that_is_not_there_is_told_at_once(postgresql: OwnServer) -> None:
    """No server, or no such database: with the address, and without role and password."""
    with (
        pytest.raises(WrongJournalError, match="does not exist"),
        opened(postgresql.address("nowhere")),
    ):
        pass
    with (
        pytest.raises(StorageLostError, match="cannot be reached"),
        opened("postgresql://altyn:secret@127.0.0.1:1/journal"),
    ):
        pass


def test_address_is_shown_without_role_password_and_options() -> None:
    """A log may be read by more people than the password file."""
    address = "postgresql://altyn:secret@db.example:5432/journal?sslmode=verify-full"
    assert shown_address(address) == "postgresql://db.example:5432/journal"


def test_store_is_closed_from_a_thread_that_drives_a_loop(database: str) -> None:
    """As a node does at its end."""

    async def end() -> None:
        storage.close()

    storage = PostgresStorage(database, SCHEME_ID, RECORD_BYTES)
    append(storage)
    kept = storage.end()
    asyncio.run(end())
    with opened(database) as again:
        assert again.end() == kept
