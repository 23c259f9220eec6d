"""Exports: every way of reading gives the same, nothing is shown that must not be."""

import csv
import json
import os
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from altyn.card import STORED_PAN_BYTES, Pan, mask, seal, unseal
from altyn.journal import Batch, JournalDamagedError
from altyn.runtime.journal.ahead import read_ahead
from altyn.runtime.journal.columns import read_transactions, schema, word_of
from altyn.runtime.journal.export import export
from altyn.runtime.journal.selection import RECORD_TYPE, CardForm, Selection, records_of
from altyn.runtime.sqlite_storage import SqliteStorage
from altyn.transaction import Flag, Stage, entries
from tests.journal.days import flip, opened, run, small_batches, write_days
from tests.journal.strategies import ListStorage, built, chained
from tests.journal.traffic import card_number


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of some days of traffic."""
    return write_days(tmp_path_factory.mktemp("days") / "journal.db")


@pytest.fixture
def copy(days: Path, tmp_path: Path) -> Path:
    """A copy of it that may be damaged."""
    return Path(shutil.copy(days, tmp_path / "journal.db"))


def lines_of(days: Path, target: Path, *options: str) -> list[dict[str, Any]]:
    """The journal as JSON lines."""
    code, _, errors = run("export", days, "--format", "jsonl", "--output", target, *options)
    assert code == 0, errors
    return [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


def rows_of(days: Path, target: Path, *options: str) -> list[dict[str, Any]]:
    """The journal as Parquet rows."""
    code, _, errors = run("export", days, "--format", "parquet", "--output", target, *options)
    assert code == 0, errors
    rows: list[dict[str, Any]] = pa.parquet.read_table(target).to_pylist()
    return rows


def as_json(row: dict[str, Any]) -> dict[str, Any]:
    """A row in the form of a JSON line."""
    return {
        name: value.isoformat().replace("+00:00", "Z") if isinstance(value, date) else value
        for name, value in row.items()
    }


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_d04_damaged_journal_is_not_exported(copy: Path, tmp_path: Path, form: str) -> None:
    """No file appears from what is not sound, and none is left half."""
    victim = small_batches(copy)[-1]
    flip(copy, victim)
    folder = tmp_path / "out"
    folder.mkdir()
    code, _, errors = run("export", copy, "--format", form, "--output", folder / "day")
    assert code == 1
    assert f"entries {victim.first_sequence} to " in errors
    assert list(folder.iterdir()) == []


def test_columns_are_what_reading_entry_by_entry_gives(days: Path, tmp_path: Path) -> None:
    """Every value of every row, all stages: two ways of reading the same bytes."""
    lines = lines_of(days, tmp_path / "lines")
    rows = rows_of(days, tmp_path / "rows", "--all-stages")
    expected = []
    for line in lines:
        if line["entry"] == "transaction":
            expected.append({k: v for k, v in line.items() if k not in ("entry", "written_at")})
    assert len(rows) > 1000
    assert [as_json(row) for row in rows] == expected
    numbers = [line["sequence"] for line in lines]
    assert numbers == list(range(1, len(lines) + 1))


def test_finished_entries_and_one_business_day_are_picked(days: Path, tmp_path: Path) -> None:
    """The default leaves out what was only started; a day picks its entries in every format."""
    everything = rows_of(days, tmp_path / "all", "--all-stages")
    finished = [row for row in everything if row["stage"] == "finished"]
    assert rows_of(days, tmp_path / "finished") == finished
    day = sorted({row["business_day"] for row in everything})[1]
    words = ("--business-day", day.strftime("%Y%m%d"))
    wanted = [row for row in finished if row["business_day"] == day]
    assert 0 < len(wanted) < len(finished)
    assert rows_of(days, tmp_path / "day", *words) == wanted
    lines = lines_of(days, tmp_path / "lines", "--finished-only", *words)
    numbers = [line["sequence"] for line in lines if line["entry"] == "transaction"]
    assert numbers == [row["sequence"] for row in wanted]
    assert {line["entry"] for line in lines} == {"transaction", "additional"}


def test_csv_holds_the_same_rows_and_no_formulas(days: Path, tmp_path: Path) -> None:
    """S16: a merchant's name that a spreadsheet would compute is made a text."""
    target = tmp_path / "day.csv"
    code, output, errors = run("export", days, "--format", "csv", "--output", target, "--json")
    assert code == 0, errors
    rows = rows_of(days, tmp_path / "rows")
    with target.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert json.loads(output)["rows"] == len(table) == len(rows)
    assert json.loads(output)["bytes"] == target.stat().st_size
    assert [int(line["sequence"]) for line in table] == [row["sequence"] for row in rows]
    assert [int(line["held_change"]) for line in table] == [row["held_change"] for row in rows]
    names = {row["merchant_name"] for row in rows}
    assert {"=SUM(A1)", "+7 800", "@home", "-", 'Caf "x", y'} <= names
    cells = {line["merchant_name"] for line in table}
    assert cells == {f"'{name}" if name[:1] in tuple("=+-@") else name for name in names}
    texts = [name for name, kind in zip(schema().names, schema().types, strict=True)
             if pa.types.is_dictionary(kind) or pa.types.is_string(kind)]  # fmt: skip
    assert not [line for line in table for name in texts if line[name][:1] in tuple("=+-@\t\r")]


def pans_of(days: Path) -> set[str]:
    """Every card number of the journal, in clear."""
    storage = opened(days)
    records = np.concatenate([records_of(batch) for batch in storage.batches()])
    storage.close()
    sealed = {bytes(each).ljust(10, b"\0") for each in records["pan"]}
    return {each.hex().rstrip("f") for each in sealed} - {""}


def test_card_numbers_are_masked_everywhere_unless_asked_for(days: Path, tmp_path: Path) -> None:
    """I10: no number of the journal is in any file, on the screen or in the figures."""
    pans = pans_of(days)
    assert len(pans) > 100
    said = ""
    for form in ("parquet", "csv", "jsonl"):
        target = tmp_path / f"masked.{form}"
        code, output, errors = run("export", days, "--format", form, "--output", target, "--json")
        assert code == 0
        said += output + errors + target.read_bytes().decode("latin-1")
    for command in ("verify", "replay"):
        said += "".join(map(str, run(command, days, "--json")))
    assert not [pan for pan in pans if len(pan) > 12 and pan in said]
    rows = rows_of(days, tmp_path / "rows")
    assert {row["pan"] for row in rows} <= {mask(pan) for pan in pans | {""}}
    assert {row["expiry"] for row in rows} == {"****"}


def test_card_numbers_are_there_when_asked_for(days: Path, tmp_path: Path) -> None:
    """For the few who may: numbers of every length, expiry, what issuers added."""
    rows = rows_of(days, tmp_path / "rows", "--show-card-data", "--all-stages")
    assert {row["pan"] for row in rows} - {""} == pans_of(days)
    assert {len(row["pan"]) for row in rows} >= {0, 7, 16, 19}
    assert {row["expiry"] for row in rows} == {"3012"}
    lines = lines_of(days, tmp_path / "lines", "--show-card-data")
    assert {line.get("pan") for line in lines} - {None, ""} == pans_of(days)
    bodies = {line["body"] for line in lines if line["entry"] == "additional"}
    assert bytes.fromhex(max(bodies, key=len)) == b"chip data" * 2


def test_types_of_columns_are_those_other_tools_expect(days: Path, tmp_path: Path) -> None:
    """Instants in UTC, days as dates, money as 64-bit integers, codes as words."""
    rows_of(days, tmp_path / "rows", "--all-stages")
    table = pa.parquet.read_table(tmp_path / "rows")
    types = dict(zip(table.schema.names, table.schema.types, strict=True))
    assert types["received_at"] == pa.timestamp("us", tz="UTC")
    assert types["business_day"] == pa.date32()
    money = ("amount", "settlement_amount", "billing_amount", "held_change", "remaining")
    assert {types[name] for name in money} == {pa.int64()}
    first = table.slice(0, 1).to_pylist()[0]
    assert first["received_at"].tzinfo is not None
    assert first["received_at"] > datetime(2026, 1, 1, tzinfo=UTC)
    assert set(table["kind"].to_pylist()) <= {
        "authorization", "financial", "financial_advice", "reversal", "reversal_advice",
    }  # fmt: skip
    assert set(table["stage"].to_pylist()) == {"started", "finished"}
    started = table.filter(pa.compute.equal(table["stage"].cast(pa.string()), "started"))
    assert set(started["finished_at"].to_pylist()) == {None}
    assert set(started["outcome"].to_pylist()) == {""}


def test_duckdb_reads_the_same_rows(days: Path, tmp_path: Path) -> None:
    """Another reader takes compression, differences and words as they were meant."""
    rows = rows_of(days, tmp_path / "day.parquet")
    with duckdb.connect() as connection:
        relation = connection.read_parquet(str(tmp_path / "day.parquet"))
        assert relation.to_arrow_table().to_pylist() == rows
    assert len(rows) > 1000


def test_rows_come_in_batches_of_the_size_asked_for(days: Path) -> None:
    """Memory is bounded by the batch; together they are every row once, in order."""
    storage = opened(days)
    whole = [row for batch in read_transactions(storage) for row in batch.to_pylist()]
    batches = list(read_transactions(storage, rows_max=100))
    storage.close()
    assert {len(batch) for batch in batches[:-1]} == {100}
    assert [row for batch in batches for row in batch.to_pylist()] == whole
    assert {batch.schema for batch in batches} == {schema()}


def test_empty_selection_is_an_empty_file_with_its_columns(days: Path, tmp_path: Path) -> None:
    """A day on which nothing happened exports as a table without rows."""
    assert rows_of(days, tmp_path / "none", "--business-day", "20200101") == []
    assert pa.parquet.read_table(tmp_path / "none").column_names == schema().names


def test_words_are_made_for_numbers_of_later_versions_too() -> None:
    """A number without a word is shown as itself, and nothing fails."""
    assert word_of("outcome", 20) == "approved"
    assert word_of("outcome", 99) == "outcome-99"
    assert word_of("kind", 77) == "kind-77"
    assert word_of("stage", 9) == "stage-9"
    assert word_of("flags", Flag.CREDIT | Flag.FULL) == "credit full"


def test_layout_of_the_array_is_the_layout_of_the_record() -> None:
    """Every column where the packing puts it, and nothing in between."""
    assert RECORD_TYPE.itemsize == entries.RECORD_BYTES
    assert sum(RECORD_TYPE[name].itemsize for name in RECORD_TYPE.names or ()) == (
        entries.RECORD_BYTES
    )


def test_file_that_is_there_is_kept_unless_forced(days: Path, tmp_path: Path) -> None:
    """And a folder that is not there is said to be missing."""
    target = tmp_path / "day.parquet"
    target.write_text("mine")
    words = ("export", days, "--format", "parquet", "--output", target)
    code, _, errors = run(*words)
    assert (code, target.read_text()) == (1, "mine")
    assert "--force" in errors
    assert run(*words, "--force")[0] == 0
    assert pa.parquet.read_table(target).num_rows > 1000
    code, _, errors = run(*words[:-1], tmp_path / "absent" / "day")
    assert code == 1
    assert "cannot write this file" in errors


def test_an_export_never_takes_the_place_of_the_journal(copy: Path) -> None:
    """Not even when forced; and "-" is no file's name here."""
    held = copy.read_bytes()
    words = ("export", copy, "--format", "csv", "--output")
    code, _, errors = run(*words, copy, "--force")
    assert (code, copy.read_bytes() == held) == (1, True)
    assert "a database, perhaps a journal" in errors
    code, _, errors = run(*words, "-")
    assert (code, Path("-").exists()) == (1, False)
    assert "an export is a file" in errors


def test_d06_export_is_flushed_before_it_gets_its_name(
    days: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that a power cut leaves points to a whole file."""
    steps: list[str] = []
    flush, rename = os.fsync, Path.replace

    def flushed(descriptor: int) -> None:
        steps.append("flush")
        flush(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", renamed)
    storage = opened(days)
    exported = export(storage, "csv", tmp_path / "day.csv", Selection())
    storage.close()
    assert steps == ["flush", "rename"]
    assert exported.size_bytes == (tmp_path / "day.csv").stat().st_size


@pytest.mark.parametrize("day", ["2026", "20260230", "tomorrow", "２０２６０２２８"])
def test_business_day_that_is_none_is_refused(days: Path, tmp_path: Path, day: str) -> None:
    """With the form that is expected, and without repeating what was given."""
    code, _, errors = run(
        "export", days, "--format", "csv", "--output", tmp_path / "x", "--business-day", day
    )
    assert code == 2
    assert "YYYYMMDD" in errors


def counted(stop_at: int, ended: threading.Event) -> Iterator[int]:
    """Numbers, then an error; says when it is closed."""
    try:
        yield from range(stop_at)
        raise ValueError("no more")
    finally:
        ended.set()


def test_reading_ahead_gives_what_the_source_gives_and_raises_what_it_raises() -> None:
    """In order, with the source's own error at its place."""
    ended = threading.Event()
    found = []
    with pytest.raises(ValueError, match="no more"):
        for number in read_ahead(counted(50, ended), 2):
            found.append(number)
    assert found == list(range(50))
    assert ended.is_set()


def test_reading_ahead_ends_when_its_reader_does() -> None:
    """A reader that has had enough leaves no thread behind."""
    ended = threading.Event()
    reading = read_ahead(counted(1000, ended), 2)
    assert [next(reading) for _ in range(3)] == [0, 1, 2]
    reading.close()
    assert "journal-read-ahead" not in {thread.name for thread in threading.enumerate()}


def test_masked_form_is_that_of_the_card_module() -> None:
    """The columns' own masking agrees with `altyn.card.mask` for every length."""
    records = np.zeros(19, RECORD_TYPE)
    pans = [card_number(1, 5, 19)[:length] for length in range(1, 20)]
    records["pan"] = [seal(Pan(pan)) for pan in pans]
    records["stage"] = Stage.FINISHED
    batch = built([(1, record.tobytes()) for record in records])
    rows = [row for part in read_transactions(ListStorage([batch])) for row in part.to_pylist()]
    assert [row["pan"] for row in rows] == [mask(pan) for pan in pans]


def all_rows(storage: SqliteStorage, selection: Selection) -> list[dict[str, Any]]:
    """What is read by a selection."""
    return [row for part in read_transactions(storage, selection) for row in part.to_pylist()]


def test_sealed_card_number_is_the_bytes_that_the_journal_keeps(days: Path) -> None:
    """For matching: never in clear, never masked, and the expiry date stays hidden."""
    storage = opened(days)
    selection = Selection(card=CardForm.SEALED, all_stages=True)
    rows = all_rows(storage, selection)
    shown = all_rows(storage, selection._replace(card=CardForm.CLEAR))
    storage.close()
    assert schema(selection).field("pan").type == pa.binary(STORED_PAN_BYTES)
    assert [unseal(row["pan"])[:] for row in rows] == [row["pan"] for row in shown]
    assert {row["expiry"] for row in rows} == {"****"}


def test_range_of_sequence_numbers_is_cut_anywhere(days: Path, tmp_path: Path) -> None:
    """Every place to begin and to end, in the middle of a group commit too, in every form."""
    storage = opened(days)
    whole = all_rows(storage, Selection(all_stages=True))
    end = storage.end().sequence
    edges = [0, 1, end // 3, end // 3 + 1, end - 1, end + 5]
    for after in edges:
        for last in [*edges, None]:
            selection = Selection(all_stages=True, after_sequence=after, last_sequence=last)
            kept = [row for row in whole if selection.holds(row["sequence"])]
            assert all_rows(storage, selection) == kept, (after, last)
    selection = Selection(all_stages=True, after_sequence=end // 3, last_sequence=end // 2)
    export(storage, "jsonl", tmp_path / "lines", selection)
    storage.close()
    lines = (tmp_path / "lines").read_text(encoding="utf-8").splitlines()
    numbers = [json.loads(line)["sequence"] for line in lines]
    assert numbers == list(range(end // 3 + 1, end // 2 + 1))


def test_d04_range_behind_a_hole_is_not_read() -> None:
    """Where the hash before the range is missing, nothing says that the range is whole."""
    records = np.zeros(9, RECORD_TYPE)
    batches = chained([[(1, record.tobytes())] for record in records])
    part = Selection(all_stages=True, after_sequence=4)
    assert [row["sequence"] for row in rows_in(batches, part)] == [5, 6, 7, 8, 9]
    for missing in (3, 4, 5):
        holed = batches[:missing] + batches[missing + 1 :]
        with pytest.raises(JournalDamagedError, match="some are missing"):
            rows_in(holed, part)


def rows_in(batches: list[Batch], selection: Selection) -> list[dict[str, Any]]:
    """What a selection takes of these batches."""
    parts = read_transactions(ListStorage(batches), selection)
    return [row for part in parts for row in part.to_pylist()]


def test_only_the_columns_that_are_wanted_are_made(days: Path, tmp_path: Path) -> None:
    """In the order of the entry, whatever order they are asked for in."""
    storage = opened(days)
    selection = Selection(columns=("amount", "kind", "received_us"))
    whole = all_rows(storage, Selection())
    export(storage, "parquet", tmp_path / "few", selection)
    storage.close()
    names = ["sequence", "kind", "received_at", "amount"]
    rows = pa.parquet.read_table(tmp_path / "few").to_pylist()
    assert rows == [{name: row[name] for name in names} for row in whole]
