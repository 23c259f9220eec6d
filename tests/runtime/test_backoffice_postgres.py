"""The back office with its own journal and the switch's in PostgreSQL."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from altyn.runtime.backoffice.cycle import closed_cycles
from altyn.runtime.backoffice.cycle_clearing import ClearedCycle, clear_cycle, cleared_cycle
from altyn.runtime.backoffice.cycle_closing import close_cycle
from altyn.runtime.backoffice.file_intake import FileIntake
from altyn.runtime.backoffice.office import Office
from altyn.runtime.postgres.server import OwnServer
from altyn.runtime.postgres.storage import PostgresStorage
from altyn.transaction import entries
from tests.runtime.back_office import (
    ACQUIRER,
    EVENING,
    NOON,
    card,
    file_of,
    instant,
    new_office,
    office_at,
    our_sale,
)
from tests.runtime.switch_traffic import authorization, purchase, write_traffic

CYCLE = "2026-11-23/1"


@pytest.fixture
def books(postgresql: OwnServer) -> str:
    """A database for the back office, beside the switch's."""
    return postgresql.make_database()


def traffic_at(folder: Path) -> Office:
    """A scheme with a morning of traffic in a file of the switch."""
    office = new_office(folder)
    rows = [purchase(1), authorization(2, acquirer_participant=ACQUIRER), purchase(3, amount=5)]
    write_traffic(office, rows)
    return office


def in_databases(office: Office, journal: str, books: str) -> Office:
    """The same scheme with both journals in databases; the switch's entries are moved there."""
    name = office.registry.scheme.scheme_id
    with (
        office.switch_journal() as file,
        closing(PostgresStorage(journal, name, entries.RECORD_BYTES)) as storage,
    ):
        for batch in file.batches(1):
            storage.append(batch)
    settings = office.settings.model_copy(
        update={
            "journal": office.settings.journal.model_copy(update={"address": journal}),
            "clearing": office.settings.clearing.model_copy(update={"address": books}),
        }
    )
    return replace(office, settings=settings)


def day_of(office: Office, folder: Path) -> ClearedCycle:
    """A file is put at noon, and the cycle closed and cleared in the evening."""
    matched = our_sale(2, amount=100_000, rrn="000000000002", transmission="1123070000")
    rows = [matched, our_sale(4), our_sale(5, pan=card(5, "995555"))]
    FileIntake(replace(office, now_us=lambda: instant(NOON)), ACQUIRER).put(
        file_of(folder, rows), "csv"
    )
    later = replace(office, now_us=lambda: instant(EVENING))
    return clear_cycle(later, close_cycle(later, CYCLE), lambda _words, _done: None)


def test_journals_in_postgresql_give_the_same_bytes(
    tmp_path: Path, database: str, books: str
) -> None:
    """Every result is the one of journals in files, and nothing was kept in a file."""
    first, second = tmp_path / "files", tmp_path / "databases"
    in_files = day_of(traffic_at(first), first)
    office = in_databases(traffic_at(second), database, books)
    found = day_of(office, second)
    assert found.rows["items"] == 4
    assert found.results == in_files.results
    assert not office.settings.clearing.journal.exists()
    again = clear_cycle(office, close_cycle(office, CYCLE), lambda _words, _done: None)
    assert again == found
    with office.reading() as journal:
        assert cleared_cycle(journal, CYCLE) == found
        (closed,) = closed_cycles(journal)
    with office_at(first, EVENING).reading() as journal:
        (in_file,) = closed_cycles(journal)
    assert closed == in_file
