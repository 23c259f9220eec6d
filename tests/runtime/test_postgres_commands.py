"""The commands that read a journal, on one in a real PostgreSQL."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from altyn.runtime.cli import main
from altyn.runtime.postgres.storage import PostgresStorage
from altyn.transaction import entries
from tests.journal import traffic
from tests.journal.days import run


@pytest.fixture
def days(database: str) -> str:
    """The address of a journal with some traffic in it."""
    storage = PostgresStorage(database, traffic.SCHEME_ID, entries.RECORD_BYTES)
    traffic.Traffic(storage, seed=7).run(600)
    storage.close()
    return database


def test_journal_is_read_by_its_address(days: str, tmp_path: Path) -> None:
    """Verified, replayed and exported as a file is; its name is shown without the role."""
    code, output, errors = run("verify", days, "--json", "-")
    assert code == 0, errors
    figures = json.loads(output)
    assert figures["verified"] is True
    assert figures["journal"] == days.replace("altyn@", "")
    code, output, errors = run("replay", days, "--json", "-")
    assert code == 0, errors
    assert json.loads(output)["agrees"] is True
    target = tmp_path / "day.jsonl"
    assert run("export", days, "--format", "jsonl", "--output", target)[0] == 0
    assert len(target.read_text(encoding="utf-8").splitlines()) == figures["entries"]


def test_journal_is_read_by_the_configuration_that_names_it(days: str, tmp_path: Path) -> None:
    """And is refused when it is of another scheme than the configuration's."""
    assert CliRunner().invoke(main, ["init", str(tmp_path)]).exit_code == 0
    settings = tmp_path / "altyn.toml"
    text = settings.read_text(encoding="utf-8")
    own = 'path = "data/journal.db"          # the folder is made when it is absent'
    assert own in text
    settings.write_text(text.replace(own, f'address = "{days}"'), encoding="utf-8")
    assert CliRunner().invoke(main, ["check", str(tmp_path)]).exit_code == 0
    code, _, errors = run("verify", tmp_path)
    assert code == 1
    assert "the journal's scheme is TRAFFIC" in errors


def test_database_without_a_journal_is_told_without_the_password(database: str) -> None:
    """Or a server that is not there: one line, and what to do."""
    with_password = database.replace("altyn@", "altyn:secret@")
    for address, words in (
        (with_password, "there is no journal here"),
        ("postgresql://altyn:secret@127.0.0.1:1/journal", "the database cannot be reached"),
    ):
        code, output, errors = run("verify", address)
        assert code == 1
        assert words in errors
        assert "secret" not in output + errors
