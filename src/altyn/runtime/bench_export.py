"""How fast a journal's day leaves it: `altyn bench export`.

A journal is made of records as traffic leaves them: two for each purchase, of many merchants,
terminals and cards, in group commits of a given size, hashed and stored by the real store. Then
its finished transactions are read, once as Arrow tables in memory and once into a Parquet file,
each by the road that `altyn journal export` takes: every group commit checked, card masked.
"""

import os
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from rich import box
from rich.table import Table

from altyn.card import seal
from altyn.journal import FIXED_KIND, NO_SPAN, Batch, batch_hash
from altyn.runtime.journal.columns import read_transactions
from altyn.runtime.journal.export import export
from altyn.runtime.journal.selection import FINISHED, RECORD_TYPE, Array, Records
from altyn.runtime.load.process_usage import memory_bytes
from altyn.runtime.sqlite_storage import SqliteStorage
from altyn.transaction import Kind, Outcome, Stage, entries

SCHEME_ID: Final = "EXPORTBENCH"
LINE_ROWS_PER_SECOND: Final = 1_000_000
ROWS_MADE_AT_ONCE: Final = 1 << 15
MERCHANTS: Final = 5_000
TERMINALS: Final = 20_000
CARDS: Final = 50_000
TRANSACTIONS_PER_SECOND: Final = 2_000
SAMPLED_EVERY_ENTRIES: Final = 50_000
_DAY: Final = 20_260_123
_DAY_STARTS_S: Final = 1_769_126_400
_MICROSECONDS: Final = 1_000_000
_MIB: Final = 1 << 20


class ExportFigures(NamedTuple):
    """One way out of the journal. `cpu_s` is of all threads; `mebibytes` the most seen."""

    name: str
    rows: int
    seconds: float
    cpu_s: float
    journal_bytes: int
    written_bytes: int
    mebibytes: float

    def as_table(self) -> dict[str, object]:
        """The figures for a JSON file."""
        return {
            "rows": self.rows,
            "seconds": round(self.seconds, 3),
            "cpu_seconds": round(self.cpu_s, 3),
            "rows_per_second": round(self.rows / self.seconds),
            "journal_bytes": self.journal_bytes,
            "written_bytes": self.written_bytes,
            "peak_mebibytes": round(self.mebibytes, 1),
        }


def run(
    folder: Path, rows: int, entries_per_commit: int, tell: Callable[[str], None]
) -> list[ExportFigures]:
    """Make a journal with so many finished transactions in a folder, and take them out."""
    path = folder / "journal.db"
    _make(path, rows, entries_per_commit)
    tell(f"{rows:,} transactions made, {entries_per_commit} entries a commit")
    storage = SqliteStorage(path, SCHEME_ID, entries.RECORD_BYTES, read_only=True)
    try:
        figures = []
        for name, way in (("Arrow in memory", _in_memory), ("Parquet on disk", _to_disk)):
            memory = _Memory()
            began, before = time.perf_counter(), _cpu_s()
            counted, written = way(storage, folder, memory.sampled)
            seconds, cpu_s = time.perf_counter() - began, _cpu_s() - before
            assert counted == rows, "every transaction that was made comes out"
            read = 2 * rows * entries.RECORD_BYTES
            figures.append(
                ExportFigures(name, counted, seconds, cpu_s, read, written, memory.mebibytes)
            )
            tell(f"{name}: {seconds:.1f} s")
    finally:
        storage.close()
    return figures


def _in_memory(
    storage: SqliteStorage, _folder: Path, progress: Callable[[int], None]
) -> tuple[int, int]:
    rows = size = 0
    for batch in read_transactions(storage, FINISHED, progress):
        rows += len(batch)
        size += batch.nbytes
    return rows, size


def _to_disk(
    storage: SqliteStorage, folder: Path, progress: Callable[[int], None]
) -> tuple[int, int]:
    exported = export(storage, "parquet", folder / "day.parquet", FINISHED, progress, replace=True)
    return exported.rows, exported.size_bytes


class _Memory:
    """The most resident memory that was seen."""

    def __init__(self) -> None:
        self.mebibytes = 0.0
        self._due = 0

    def sampled(self, sequence: int) -> None:
        """Look, every so many entries."""
        if sequence >= self._due:
            self._due = sequence + SAMPLED_EVERY_ENTRIES
            self.mebibytes = max(self.mebibytes, memory_bytes([os.getpid()]) / _MIB)


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _make(path: Path, rows: int, entries_per_commit: int) -> None:
    storage = SqliteStorage(path, SCHEME_ID, entries.RECORD_BYTES)
    try:
        previous = storage.genesis
        first = 1
        for records in _made(rows):
            for start in range(0, len(records), entries_per_commit):
                part = records[start : start + entries_per_commit]
                kinds = bytes([FIXED_KIND]) * len(part)
                batch = Batch(
                    first, _DAY_STARTS_S * _MICROSECONDS + first, NO_SPAN, NO_SPAN,
                    kinds, part.tobytes(), b"", (), b"",
                )  # fmt: skip
                batch = batch._replace(hash=batch_hash(previous, batch))
                storage.append(batch)
                previous, first = batch.hash, batch.last_sequence + 1
    finally:
        storage.close()


def _made(rows: int) -> Iterator[Records]:
    """Records of so many purchases: each as it was started, and as it was finished."""
    random = np.random.default_rng(20_260_123)
    cards = np.array([seal(f"999999{number:010d}") for number in range(CARDS)], "S10")
    for start in range(0, rows, ROWS_MADE_AT_ONCE):
        numbers = np.arange(start, min(start + ROWS_MADE_AT_ONCE, rows))
        both = np.zeros(2 * len(numbers), RECORD_TYPE)
        both.view(np.uint8).fill(ord(" "))
        for name in RECORD_TYPE.names or ():
            if RECORD_TYPE[name].kind != "S":
                both[name] = 0
        started, finished = both[0::2], both[1::2]
        _fill_request(started, numbers, random)
        started["pan"] = cards[random.integers(0, CARDS, len(numbers))]
        started["stage"] = Stage.STARTED
        for name in RECORD_TYPE.names or ():
            finished[name] = started[name]
        _fill_outcome(finished, random)
        yield both


def _fill_request(records: Records, numbers: Array, random: np.random.Generator) -> None:
    rows = len(numbers)
    seconds = _DAY_STARTS_S + numbers // TRANSACTIONS_PER_SECOND
    records["kind"] = Kind.AUTHORIZATION
    records["business_day"] = _DAY
    records["received_us"] = seconds * _MICROSECONDS + random.integers(0, _MICROSECONDS, rows)
    records["transmitted_s"] = seconds
    for name in ("amount", "settlement_amount", "billing_amount"):
        records[name] = (
            random.integers(100, 500_000, rows) if name == "amount" else (records["amount"])
        )
    records["issuer_stan"] = numbers % 999_999 + 1
    merchants = random.zipf(1.3, rows) % MERCHANTS
    clock = seconds % 86_400
    times = clock // 3600 * 10_000 + clock // 60 % 60 * 100 + clock % 60
    texts: dict[str, Array | str] = {
        "processing_code": "000000",
        "stan": _digits(numbers % 999_999 + 1, 6),
        "transmission": np.char.add("0123", _digits(times, 6)),
        "rrn": _digits(numbers, 12),
        "terminal": np.char.add("T", _digits(random.integers(0, TERMINALS, rows), 7)),
        "merchant": np.char.add("MERCHANT", _digits(merchants, 7)),
        "merchant_name": np.char.add("EXAMPLE STORE ", np.char.ljust(_digits(merchants, 7), 26)),
        "category": _digits(5_300 + merchants % 200, 4),
        "entry_mode": np.array(["051", "071", "812"])[random.integers(0, 3, rows)],
        "condition": "00",
        "expiry": "2912",
        "currency": "978",
        "local_time": _digits(times, 6),
        "local_date": "0123",
        "acquirer": np.char.ljust(_digits(400_001 + merchants % 6, 6), 11),
        "acquirer_participant": np.char.add("ACQ", _digits(merchants % 6, 5)),
        "issuer_participant": np.char.add("ISS", _digits(random.integers(0, 6, rows), 5)),
        "product": np.array(["CLASSIC ", "GOLD    "])[random.integers(0, 2, rows)],
        "bin_prefix": "999999  ",
        "settlement_currency": "978",
        "billing_currency": "978",
        "registry_version": "1       ",
    }
    for name, values in texts.items():
        records[name] = values


def _fill_outcome(records: Records, random: np.random.Generator) -> None:
    rows = len(records)
    approved = random.random(rows) < 0.95
    records["stage"] = Stage.FINISHED
    records["outcome"] = np.where(approved, Outcome.APPROVED, Outcome.DECLINED_BY_ISSUER)
    records["finished_us"] = records["received_us"] + random.integers(800, 9_000, rows)
    records["held_change"] = np.where(approved, records["amount"], 0)
    records["remaining"] = records["held_change"]
    records["response_code"] = np.where(approved, "00 ", "51 ")
    codes = _digits(random.integers(0, 1_000_000, rows), 6)
    records["authorization_code"] = np.where(approved, codes, " " * 6)


def _digits(numbers: Array, width: int) -> Array:
    """Numbers as texts of so many digits."""
    return np.char.zfill(numbers.astype(f"U{width}"), width)


def render(figures: list[ExportFigures]) -> Table:
    """The figures as a table."""
    table = Table(title="Out of the journal", title_justify="left", box=box.SIMPLE)
    table.add_column("way")
    for heading in ("rows", "rows/s", "line", "journal MB/s", "CPU s", "written MB", "peak MiB"):
        table.add_column(heading, justify="right")
    for each in figures:
        table.add_row(
            each.name,
            f"{each.rows:,}",
            f"{each.rows / each.seconds:,.0f}",
            f"{LINE_ROWS_PER_SECOND:,}",
            f"{each.journal_bytes / each.seconds / 1e6:,.0f}",
            f"{each.cpu_s:.2f}",
            f"{each.written_bytes / 1e6:,.0f}",
            f"{each.mebibytes:,.0f}",
        )
    return table
