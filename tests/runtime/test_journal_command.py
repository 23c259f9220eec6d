"""`altyn journal`: what it finds, how a journal is named, and what it never shows."""

import ast
import json
import shutil
import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from altyn.journal import BatchBuilder, JournalDamagedError
from altyn.runtime.cli import main
from altyn.runtime.journal.reference import FACTS, entries_page
from altyn.switch import recover
from altyn.transaction import entries
from tests.journal.days import flip, opened, run, small_batches, write_days
from tests.journal.traffic import SCHEME_ID, Traffic

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of some days of traffic."""
    return write_days(tmp_path_factory.mktemp("days") / "journal.db")


@pytest.fixture
def copy(days: Path, tmp_path: Path) -> Path:
    """A copy of it that may be damaged."""
    return Path(shutil.copy(days, tmp_path / "journal.db"))


def test_verify_says_what_stands_in_a_sound_journal(days: Path) -> None:
    """Entries, times, hash, for people and for programs, with exit code 0."""
    code, output, errors = run("verify", days)
    assert (code, errors) == (0, "")
    assert "The journal is sound" in output
    code, output, _ = run("verify", days, "--json", "-")
    figures = json.loads(output)
    storage = opened(days)
    last = storage.end()
    storage.close()
    assert figures["verified"] is True
    assert (figures["entries"], figures["last_hash"]) == (last.sequence, last.hash.hex())
    assert figures["snapshots"] == 2
    assert figures["first_written_at"] < figures["last_written_at"]


def test_verify_reads_beside_a_switch_that_writes(tmp_path: Path) -> None:
    """What is committed while the store is open for writing is verified."""
    path = tmp_path / "journal.db"
    storage = opened(path, read_only=False)
    traffic = Traffic(storage, seed=1)
    traffic.run(100)
    assert run("verify", path)[0] == 0
    traffic.run(100)
    assert json.loads(run("verify", path, "--json")[1])["entries"] == storage.end().sequence
    storage.close()


def test_d04_verify_names_the_damaged_entries_and_what_to_do(copy: Path) -> None:
    """Exit code 1, the exact range, a remedy; and never a byte of what stood there."""
    victim = small_batches(copy)[40]
    flip(copy, victim)
    code, output, errors = run("verify", copy)
    assert code == 1
    assert f"entries {victim.first_sequence} to {victim.last_sequence}" in errors
    assert "restore the journal from a copy" in errors
    assert f"{victim.first_sequence} to {victim.last_sequence}" in output
    figures = json.loads(run("verify", copy, "--json", "-")[1])
    assert figures["verified"] is False
    assert [each["first_sequence"] for each in figures["damages"]] == [victim.first_sequence]


def test_d04_start_is_refused_when_the_checked_end_is_damaged(copy: Path) -> None:
    """Recovery checks what it builds on."""
    victim = small_batches(copy)[-5]
    flip(copy, victim)
    storage = opened(copy)
    with pytest.raises(JournalDamagedError, match=f"entries {victim.first_sequence} to"):
        recover(storage)
    storage.close()


def tail_cut(path: Path) -> int:
    """Take the batches behind the newest snapshot's place away, and that one too, as if an older
    journal had been put under a newer snapshot; gives the snapshot's sequence number."""
    connection = sqlite3.connect(path)
    (sequence,) = connection.execute("SELECT max(sequence) FROM snapshot").fetchone()
    connection.execute("DELETE FROM batch WHERE first_sequence >= ?", (sequence - 20,))
    connection.commit()
    connection.close()
    return int(sequence)


def test_d07_snapshot_newer_than_the_journal_is_refused(copy: Path) -> None:
    """An old copy of the entries under a newer snapshot: no start, and verify says why."""
    sequence = tail_cut(copy)
    storage = opened(copy)
    with pytest.raises(JournalDamagedError, match="D07"):
        recover(storage)
    storage.close()
    code, output, _ = run("verify", copy)
    assert code == 1
    assert f"entries {sequence} to {sequence}: the snapshot is not of this journal" in output


def test_d07_snapshot_of_another_journal_is_refused(copy: Path, tmp_path: Path) -> None:
    """Same scheme, same place, other days: the hash at its place does not fit."""
    other = tmp_path / "other.db"
    storage = opened(other, read_only=False)
    Traffic(storage, seed=8).run(50)
    storage.close()
    storage = opened(copy, read_only=False)
    newest = storage.latest_snapshot()
    assert newest is not None
    storage.save_snapshot(newest._replace(hash=sha256(b"other").digest()))
    with pytest.raises(JournalDamagedError, match="D07"):
        recover(storage)
    storage.close()
    assert run("verify", copy)[0] == 1
    assert run("replay", copy)[0] == 1
    assert run("verify", other)[0] == 0


def written_configuration(folder: Path, journal: Path, scheme_id: str) -> None:
    """A configuration as `altyn init` writes it, with this journal and this scheme."""
    assert CliRunner().invoke(main, ["init", str(folder)]).exit_code == 0
    settings, scheme = folder / "altyn.toml", folder / "scheme.toml"
    settings.write_text(settings.read_text().replace('"data/journal.db"', f'"{journal}"'))
    lines = scheme.read_text().splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("id = "))
    lines[place] = f'id = "{scheme_id}"'
    scheme.write_text("\n".join(lines) + "\n")


def test_journal_is_found_by_its_configuration(days: Path, tmp_path: Path) -> None:
    """By the folder and by the settings file; one of another scheme is refused."""
    written_configuration(tmp_path / "ours", days, SCHEME_ID)
    assert run("verify", tmp_path / "ours")[0] == 0
    assert run("verify", tmp_path / "ours" / "altyn.toml")[0] == 0
    written_configuration(tmp_path / "theirs", days, "OTHER")
    code, _, errors = run("verify", tmp_path / "theirs")
    assert code == 1
    assert "the journal's scheme is TRAFFIC, not OTHER" in errors


def test_what_is_no_journal_is_said_to_be_none(tmp_path: Path) -> None:
    """A missing file, a text, a folder without a configuration: one line and what to do."""
    text = tmp_path / "text.db"
    text.write_text("hello " * 1000)
    for path, words in (
        (tmp_path / "absent.db", "there is no journal here"),
        (text, "not a journal of Altyn"),
        (tmp_path, "the configuration is not sound"),
    ):
        for command in ("verify", "replay"):
            code, _, errors = run(command, path)
            assert (code, errors.count("\n")) == (1, 1)
            assert words in errors


def test_entries_that_this_version_cannot_read_are_told(tmp_path: Path) -> None:
    """A sound chain over an entry of a later version is not called sound."""
    path = tmp_path / "journal.db"
    storage = opened(path, read_only=False)
    record = bytearray(entries.RECORD_BYTES)
    for kind, body in ((9, b""), (1, bytes(record)), (1, bytes([1]) + bytes(record[1:]))):
        builder = BatchBuilder(storage.end().sequence + 1)
        builder.append(kind, body)
        storage.append(builder.seal(storage.end().hash, 1))
    storage.close()
    figures = json.loads(run("verify", path, "--json")[1])
    assert [each["first_sequence"] for each in figures["damages"]] == [1, 2, 3]
    assert all("this version" in each["reason"] for each in figures["damages"])


def test_page_of_entries_is_current() -> None:
    """docs/reference/entries.md is what `altyn journal layout` prints."""
    page = (ROOT / "docs" / "reference" / "entries.md").read_text(encoding="utf-8")
    assert run("layout")[1] == page == entries_page()


def test_page_names_every_fact_the_switch_writes() -> None:
    """Each `record_fact(fact=...)` of the switch stands in the table, and no other."""
    written: set[str] = set()
    for source in (ROOT / "src" / "altyn" / "switch").glob("*.py"):
        module = ast.parse(source.read_text(encoding="utf-8"))
        for call in ast.walk(module):
            if isinstance(call, ast.Call) and _called(call) == "record_fact":
                written |= _facts_named(module, call)
    assert {fact.name for fact in FACTS} == written


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _facts_named(module: ast.Module, call: ast.Call) -> set[str]:
    """Every fact that a call may record; its name must be readable where it is written."""
    (name,) = [keyword.value for keyword in call.keywords if keyword.arg == "fact"]
    if isinstance(name, ast.Subscript) and isinstance(name.value, ast.Name):
        tables = [
            node.value
            for node in module.body
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name.value.id
        ]
        assert isinstance(tables[0], ast.Dict)
        return {str(ast.literal_eval(value)) for value in tables[0].values}
    choices = [name.body, name.orelse] if isinstance(name, ast.IfExp) else [name]
    return {str(ast.literal_eval(choice)) for choice in choices}
