"""Two real switches on one journal in a real PostgreSQL, and one whose database is killed."""

import asyncio
import contextlib
import random
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from altyn.runtime.journal.opening import open_journal
from altyn.runtime.journal.proof import prove, totals_of
from altyn.runtime.postgres.server import OwnServer
from altyn.switch import replay
from tests.runtime.banks_under_load import (
    AcquirerBook,
    IssuerBook,
    Line,
    check_books,
    check_positions,
    quiescence,
    run_acquirer,
    run_issuer,
)
from tests.runtime.served_switch import (
    HILL,
    HILL_CARD,
    SEA,
    Fields,
    ServedSwitch,
    Witness,
    answer_to,
    free_port,
    link_table,
)

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]

EXIT_REPLACED = 75
LEASE_S = 1
SERVING_S_MAX = 20.0
"""No figure to hold, only a bound on being alive at all: the machine of a test is shared."""


def node(
    folder: Path,
    address: str,
    *options: str,
    lease_s: int = LEASE_S,
    sign_on: str = "peer",
    **journal: int,
) -> ServedSwitch:
    """A switch with both banks' lines on ports of its own, over a journal that others know too."""
    folder.mkdir()
    links = {
        "sea": link_table("sea", "SEATR", free_port(), sign_on=sign_on),
        "hill": link_table("hill", "HILLTR", free_port(), sign_on=sign_on),
    }
    settings: dict[str, int | str] = {"address": address, "lease_s": lease_s, **journal}
    return ServedSwitch(folder, links, journal=settings, options=options)


def ports(switch: ServedSwitch) -> tuple[int, int]:
    """The ports of the acquirer's and the issuer's line."""
    found = [re.search(r"port = (\d+)", switch.links[name]) for name in ("sea", "hill")]
    assert found[0] is not None and found[1] is not None
    return int(found[0][1]), int(found[1][1])


@pytest.fixture
def pair(tmp_path: Path, database: str) -> Iterator[tuple[ServedSwitch, ServedSwitch]]:
    """A node that serves and one that stands by."""
    active = node(tmp_path / "active", database)
    standby = node(tmp_path / "standby", database, "--standby")
    try:
        active.start()
        standby.launch()
        standby.wait_until(lambda: "standing-by" in standby.log)
        yield active, standby
    finally:
        active.kill()
        standby.kill()


def wait_for_word(switch: ServedSwitch, word: str) -> None:
    """Wait until a switch has said it."""
    switch.wait_until(lambda: word in switch.log)


@contextlib.contextmanager
def banks(switch: ServedSwitch) -> Iterator[tuple[Witness, Witness]]:
    """Both banks on the line and signed on."""
    with Witness(ports(switch)[0], SEA) as sea, Witness(ports(switch)[1], HILL) as hill:
        sea.sign_on()
        hill.sign_on()
        yield sea, hill


def buy(sea: Witness, hill: Witness, amount: int) -> tuple[Fields, Fields]:
    """A purchase that the issuer approves; gives the request and the answer."""
    request = sea.request(HILL_CARD, amount)
    sea.send(request)
    hill.send(answer_to(hill.receive(), "00"))
    answer = sea.receive()
    assert answer["39"] == "00"
    return request, answer


def test_d09_standby_takes_over_from_a_node_that_was_killed(
    pair: tuple[ServedSwitch, ServedSwitch],
) -> None:
    """What the first one answered, the second one knows: a repeat gets the same answer, positions
    go on, and a request that was in flight ends by the rules of a restart."""
    active, standby = pair
    with banks(active) as (sea, hill):
        request, answer = buy(sea, hill, 1_500)
        active.kill()
    began = time.monotonic()
    standby.wait_until(lambda: "Altyn serves" in standby.log)
    assert time.monotonic() - began < SERVING_S_MAX
    assert "taken-over" in standby.alarms()
    assert re.search(r"serving after \d+\.\d\d s", standby.log)
    with banks(standby) as (sea, hill):
        again = sea.ask({**request, "t": "0201"})
        assert {**again, "t": "0210"} == answer
        sea.stan = 100
        buy(sea, hill, 2_500)
    lines = standby.order("positions")["positions"]
    assert {line["participant"]: line["net"] for line in lines} == {
        "SEATR": 4_000,
        "HILLTR": -4_000,
    }
    assert standby.stop() == 0


def test_d09_node_that_was_asleep_sends_nothing_after_it_lost_the_journal(
    pair: tuple[ServedSwitch, ServedSwitch],
) -> None:
    """A request waits in the sleeper's socket while another node takes over. When it wakes it
    neither forwards nor answers: its commit is refused, and it ends and says why."""
    active, standby = pair
    with banks(active) as (sea, hill):
        request, answer = buy(sea, hill, 1_500)
        active.signal(signal.SIGSTOP)
        sea.send(sea.request(HILL_CARD, 9_900))
        standby.wait_until(lambda: "Altyn serves" in standby.log)
        active.signal(signal.SIGCONT)
        assert active.process is not None
        assert active.process.wait(SERVING_S_MAX) == EXIT_REPLACED
        assert sea.is_closed()
        assert hill.is_closed()
    assert "journal-taken-over" in active.alarms()
    assert "another node has taken over this journal" in active.log
    with banks(standby) as (sea, hill):
        assert {**sea.ask({**request, "t": "0201"}), "t": "0210"} == answer
        sea.stan = 100
        buy(sea, hill, 2_500)
    assert standby.stop() == 0


def test_d09_node_in_order_hands_over_and_comes_back_as_standby(
    pair: tuple[ServedSwitch, ServedSwitch],
) -> None:
    """Maintenance: stop one, the other serves; start the first as standby, and so on."""
    active, standby = pair
    for _ in range(2):
        assert active.stop() == 0
        wait_for_word(standby, "Altyn serves")
        active.options = ("--standby",)
        active.launch()
        wait_for_word(active, "standing-by")
        active, standby = standby, active
    status = active.order("status")
    assert status["serving"]


def test_d09_node_that_is_no_standby_is_refused_while_another_serves(
    pair: tuple[ServedSwitch, ServedSwitch], tmp_path: Path, database: str
) -> None:
    """With the way out; and a journal in a file has no standby."""
    third = node(tmp_path / "third", database)
    third.launch()
    assert third.process is not None
    assert third.process.wait(SERVING_S_MAX) == 1
    assert "is writing this journal; stop it first, or start this one with --standby" in third.log
    third.journal, third.options = {}, ("--standby",)
    third.launch()
    assert third.process.wait(SERVING_S_MAX) == 1
    assert "a journal in a file has no standby" in third.log


async def load_while_the_database_dies(
    switch: ServedSwitch, server: OwnServer, books: tuple[AcquirerBook, IssuerBook], kills: int
) -> None:
    """Requests all along, and a server that is killed and started again under them."""
    line = await Line.connect(ports(switch)[1]), await Line.connect(ports(switch)[0])
    tasks = [
        asyncio.create_task(run_issuer(line[0], books[1])),
        asyncio.create_task(run_acquirer(line[1], books[0], new_requests=True)),
    ]
    moments = random.Random(7)
    for _ in range(kills):
        await asyncio.sleep(moments.uniform(0.2, 0.7))
        answered = len(books[0].answers)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        until = time.monotonic() + SERVING_S_MAX
        while len(books[0].answers) < answered + 20:
            assert time.monotonic() < until, f"it never went on: {switch.log}"
            await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    for each in line:
        each.close()


@pytest.mark.slow
def test_d08_database_killed_under_load_costs_time_and_no_transaction(tmp_path: Path) -> None:
    """SIGKILL to the whole server, again and again, with commits under way: one and the same
    switch goes on, every request has one outcome, and the books of both banks agree with it."""
    with OwnServer() as server:
        address = server.address()
        switch = node(tmp_path / "node", address, lease_s=30, sign_on="none")
        books = AcquirerBook(), IssuerBook()
        try:
            switch.start()
            asyncio.run(load_while_the_database_dies(switch, server, books, kills=5))
            asyncio.run(quiescence(switch, ports(switch), books))
            positions = switch.order("positions")
            assert switch.stop() == 0
        finally:
            switch.kill()
        check_positions(positions, books[0])
        check_books(*books)
        with open_journal(address) as journal:
            proof = prove(journal)
            assert proof is not None
            assert proof.differences == []
            assert proof.in_flight == proof.advices_owed == 0


@pytest.mark.slow
def test_d11_copy_made_while_serving_is_a_journal_that_a_switch_goes_on_from(
    tmp_path: Path, postgresql: OwnServer, database: str
) -> None:
    """The commands of the guide: the copy ends at a group commit of the live journal, with its
    hash and its positions; restored, it verifies and serves."""
    switch = node(tmp_path / "node", database, snapshot_every_entries=10)
    copy = postgresql.make_database()
    try:
        switch.start()
        with banks(switch) as (sea, hill):
            for amount in range(1_000, 1_020):
                buy(sea, hill, amount)
            dump = postgresql.run("pg_dump", "--format=plain", "--schema=altyn", database)
            for amount in range(2_000, 2_010):
                buy(sea, hill, amount)
        assert switch.stop() == 0
    finally:
        switch.kill()
    restore(postgresql, copy, dump)
    with open_journal(database) as live, open_journal(copy) as restored:
        proof, end = prove(restored), restored.end()
        assert proof is not None
        assert proof.differences == []
        before = [batch for batch in live.batches() if batch.last_sequence <= end.sequence]
        assert before[-1].hash == end.hash
        state = replay(live, before)
        assert state is not None
        assert totals_of(state.positions) == proof.totals
        assert live.end().sequence > end.sequence
    again = node(tmp_path / "again", copy)
    try:
        again.start()
        lines = again.order("positions")["positions"]
        assert {line["net"] for line in lines} == {20_190, -20_190}
        assert again.stop() == 0
    finally:
        again.kill()


def restore(server: OwnServer, address: str, script: bytes) -> None:
    """Read a copy into an empty database, wholly or not at all."""
    options = "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"
    server.run("psql", *options, address, script=script)
