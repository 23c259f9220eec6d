"""The back office's journal: facts once each, batches whole, one writer, readers beside it."""

import sqlite3
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from altyn.identifiers import ParticipantId
from altyn.journal import verify
from altyn.ledger import Account, AccountKind, Leg, Posting
from altyn.runtime.backoffice import (
    FactContradictedError,
    open_for_reading,
    open_for_writing,
)
from altyn.runtime.configuration.validation import read_table
from altyn.runtime.journal.checking import content_defect
from altyn.runtime.journal.opening import open_journal
from altyn.runtime.output import UserError
from altyn.runtime.settings import ClearingSettings
from altyn.settlement import Opened

SCHEME = "TEST"


def stated(folder: Path, **values: str) -> ClearingSettings:
    """The settings of a folder."""
    found = read_table(ClearingSettings, values, folder)
    assert isinstance(found, ClearingSettings)
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> ClearingSettings:
    """Where the journal may be made, in each kind of store."""
    values: dict[str, Any] = {}
    if request.param == "postgresql":
        values["address"] = request.getfixturevalue("database")
    return stated(tmp_path, **values)


def fact(key: str, value: int = 1) -> dict[str, Any]:
    """A fact of a kind that nobody else uses."""
    return {"fact": "note", "key": key, "value": value}


def test_facts_are_read_as_they_were_appended(settings: ClearingSettings) -> None:
    """By a reader beside the writer, and after it was closed and opened again."""
    with open_for_writing(settings, SCHEME) as journal:
        journal.append(fact("a"), fact("b"))
        journal.append(fact("c"))
        with open_for_reading(settings, SCHEME) as reader:
            assert [each.content["key"] for each in reader] == ["a", "b", "c"]
    with open_for_writing(settings, SCHEME) as journal:
        assert [each.sequence for each in journal.of_kind("note")] == [1, 2, 3]
        found = journal.find("note", "b")
        assert found is not None and found.content == fact("b")
        assert journal.find("note", "d") is None and journal.find("other", "b") is None
        assert journal.append(fact("d"))[0].sequence == 4


def test_a_fact_that_is_said_again_changes_nothing(settings: ClearingSettings) -> None:
    """Also within one batch; what is new beside it is kept."""
    with open_for_writing(settings, SCHEME) as journal:
        journal.append(fact("a"), fact("a"))
        assert len(journal) == 1
        assert [each.content["key"] for each in journal.append(fact("a"), fact("b"))] == ["b"]
        assert journal.append(fact("a"), fact("b")) == []


def test_a_fact_that_contradicts_is_refused_with_its_batch(settings: ClearingSettings) -> None:
    """Nothing of the batch is written, and the journal goes on."""
    with open_for_writing(settings, SCHEME) as journal:
        journal.append(fact("a"))
        with pytest.raises(FactContradictedError, match="note a is known"):
            journal.append(fact("b"), fact("a", 2))
        assert journal.find("note", "b") is None
        journal.append(fact("c"))
    with open_for_reading(settings, SCHEME) as journal:
        assert [each.content["key"] for each in journal] == ["a", "c"]


def test_settlement_facts_and_postings_come_back_as_they_were(settings: ClearingSettings) -> None:
    """A step and its postings are one batch."""
    opened = Opened("2026-11-23/1/KZT", "2026-11-23/1", "KZT", 20261123, 5)
    bank, other = ParticipantId("BANKA"), ParticipantId("BANKB")
    kind = AccountKind.OBLIGATION
    legs = (Leg(Account(kind, bank, "KZT"), -5), Leg(Account(kind, other, "KZT"), 5))
    posting = Posting(opened.key, "2026-11-23/1", 20261123, "net positions", legs)
    with open_for_writing(settings, SCHEME) as journal:
        journal.append(fact("a"))
        journal.append_settlement([opened], [posting])
        journal.append_settlement([opened], [posting])
    with open_for_reading(settings, SCHEME) as journal:
        assert journal.settlement_facts() == [opened]
        assert journal.postings() == [posting]
        assert len(journal) == 3


def test_a_second_writer_waits_and_is_told(tmp_path: Path) -> None:
    """For as long as it may; then it says what to do."""
    settings = stated(tmp_path)
    held = open_for_writing(settings, SCHEME)
    held.__enter__()
    with (
        pytest.raises(UserError, match="another command is writing"),
        open_for_writing(settings, SCHEME, wait_s=0),
    ):
        pytest.fail("two writers")
    release = Timer(0.1, lambda: held.__exit__(None, None, None))
    release.start()
    with open_for_writing(settings, SCHEME) as journal:
        assert len(journal) == 0
    release.join()


def test_it_is_never_taken_for_the_switch_s_journal(tmp_path: Path) -> None:
    """Nor is a reader told that a journal is empty when there is none."""
    settings = stated(tmp_path)
    with (
        pytest.raises(UserError, match="there is no journal here"),
        open_for_reading(settings, "S"),
    ):
        pytest.fail("a journal that nobody made")
    with open_for_writing(settings, SCHEME) as journal:
        journal.append(fact("a"))
    with (
        pytest.raises(UserError, match="scheme is TEST/back-office, not OTHER/back-office"),
        open_for_writing(settings, "OTHER"),
    ):
        pytest.fail("another scheme's journal")
    with open_journal(settings.journal) as storage:
        assert verify(storage, inspect=content_defect).damages == ()


def test_a_damaged_journal_is_told(tmp_path: Path) -> None:
    """Nothing is built on facts that somebody changed."""
    settings = stated(tmp_path)
    with open_for_writing(settings, SCHEME) as journal:
        journal.append(fact("a"))
    connection = sqlite3.connect(settings.journal)
    connection.execute("UPDATE batch SET variable = replace(variable, x'61', x'62')")
    connection.commit()
    connection.close()
    with pytest.raises(UserError, match="damaged"), open_for_reading(settings, SCHEME):
        pytest.fail("a changed fact was read")
