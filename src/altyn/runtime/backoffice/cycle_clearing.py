"""Clearing a closed cycle: inputs gathered, SQL run, results in a folder, one fact.

    gathered   the switch's range, rules and rates of the closing's versions, as files to be read
    run        the result tables, in an unfinished folder
    kept       every file flushed, and the folder given its name at once
    recorded   the fact with the digests of what was read and what was made

Cut off anywhere, the same command begins anew and comes to the same bytes. What stands in the
folder counts from the fact on; then it is compared with the digests and never made again.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from altyn.clearing import INPUT_TABLES, RESULT_TABLES, ClearingRules, rule_tables
from altyn.clock import BusinessDay, calendar_date
from altyn.journal import JournalDamagedError
from altyn.money import Rate
from altyn.registry import Registry, value_of
from altyn.runtime.backoffice.cycle import ClosedCycle, closed_cycles
from altyn.runtime.backoffice.cycle_closing import REGISTRY_VERSION, RULES_VERSION
from altyn.runtime.backoffice.durable import (
    digest_of,
    make_folder,
    remove_leftovers,
    settle_folder,
)
from altyn.runtime.backoffice.file_fact import FileEntry, file_entries
from altyn.runtime.backoffice.journal import BackOfficeJournal
from altyn.runtime.backoffice.office import Office, Progress
from altyn.runtime.clearing import (
    ClearingMemoryError,
    ClearingRefusedError,
    Resources,
    StepDone,
    open_engine,
)
from altyn.runtime.journal.columns import read_transactions, schema
from altyn.runtime.journal.selection import CardForm, Selection
from altyn.runtime.output import FULL_DISK, UserError
from altyn.transaction import entries

__all__ = ["CYCLE_CLEARED", "ClearedCycle", "clear_cycle", "cleared_cycle"]

CYCLE_CLEARED: Final = "cycle-cleared"
BESIDE_ENGINE_BYTES: Final = 512 << 20
"""What the process needs beside the engine's own memory."""
LOCK_WAIT_S: Final = 10.0
_LOCK_POLL_S: Final = 0.05
_TRANSACTIONS: Final = "transactions"
_INPUTS: Final = "inputs"
_SPILL: Final = "spill"


@dataclass(frozen=True, slots=True)
class ClearedCycle:
    """The result of a cycle. inputs, results: SHA-256 by name, hexadecimal; rows by result."""

    cycle: str
    business_day: BusinessDay
    inputs: dict[str, str]
    results: dict[str, str]
    rows: dict[str, int]

    def content(self) -> dict[str, Any]:
        """The fact that names it."""
        values = asdict(self)
        return {"fact": CYCLE_CLEARED, "key": values.pop("cycle"), **values}


@dataclass(frozen=True, slots=True)
class _Sources:
    """What a cycle is cleared from, by the facts."""

    cycle: ClosedCycle
    earlier: tuple[ClosedCycle, ...]
    files: tuple[FileEntry, ...]
    registry: Registry
    rules: ClearingRules
    rates: tuple[Rate, ...]


def cleared_cycle(journal: BackOfficeJournal, cycle: str) -> ClearedCycle | None:
    """The result that is recorded of a cycle, or None."""
    noted = journal.find(CYCLE_CLEARED, cycle)
    if noted is None:
        return None
    values = {name: value for name, value in noted.content.items() if name not in ("fact", "key")}
    return ClearedCycle(cycle, **values)


def clear_cycle(office: Office, cycle: ClosedCycle, progress: Progress) -> ClearedCycle:
    """Clear a cycle, or compare what was made of it with its fact.

    Raises UserError: for a cycle whose predecessor is not cleared, files that are not what their
    facts say, a proof of the clearing that fails, and another clearing under way.
    """
    with _alone(office.folders.cycles):
        with office.reading() as journal:
            known = cleared_cycle(journal, cycle.cycle)
            sources = None if known else _sources(journal, cycle)
        if known is not None:
            progress("comparing with the recorded digests", 0)
            _require_same(office.folders.cycle(cycle.cycle), known)
            return known
        assert sources is not None, "one of the two was read"
        remove_leftovers(office.folders.cycles)
        with _leaving_nothing(office.folders.cycles):
            made = _make(office, sources, progress)
        with office.writing() as journal:
            journal.append(made.content())
        return made


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One clearing at a time in a folder; the system lets go of the lock with the process."""
    make_folder(folder)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    until_s = time.monotonic() + LOCK_WAIT_S
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= until_s:
                    raise UserError(
                        "another clearing is under way",
                        where=str(folder),
                        do="wait until it has ended, then give the command again",
                    ) from error
            time.sleep(_LOCK_POLL_S)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _leaving_nothing(folder: Path) -> Iterator[None]:
    """What is unfinished when something fails is removed: it may be all the room there was."""
    try:
        yield
    except BaseException as error:
        remove_leftovers(folder)
        if isinstance(error, OSError) and error.errno in FULL_DISK:
            raise UserError(
                "the disk became full while the cycle was cleared",
                where=str(folder),
                do="nothing was recorded, and what had been written is removed; make room there, "
                "then give the command again",
            ) from error
        raise


def _sources(journal: BackOfficeJournal, cycle: ClosedCycle) -> _Sources:
    if cycle.previous and cleared_cycle(journal, cycle.previous) is None:
        raise UserError(
            "the cycle before it is not cleared",
            where=cycle.cycle,
            do=f"clear {cycle.previous} first",
        )
    versions = [each.content["facts"] for each in journal.of_kind(REGISTRY_VERSION)]
    registry = Registry(_version(journal, REGISTRY_VERSION, cycle.registry_version))
    rules = ClearingRules(_version(journal, RULES_VERSION, cycle.rules_version), registry)
    rates = {
        value: None
        for facts in versions
        for value in map(value_of, facts)
        if isinstance(value, Rate)
    }
    place = cycle.business_day, cycle.number
    earlier = tuple(
        each for each in closed_cycles(journal) if (each.business_day, each.number) < place
    )
    by_key = {each.key: each for each in file_entries(journal)}
    files = tuple(by_key[key] for key in cycle.files)
    return _Sources(cycle, earlier, files, registry, rules, tuple(rates))


def _version(journal: BackOfficeJournal, kind: str, version: str) -> list[dict[str, Any]]:
    noted = journal.find(kind, version)
    assert noted is not None, "a version is recorded with the cycle that uses it"
    facts: list[dict[str, Any]] = noted.content["facts"]
    return facts


def _make(office: Office, sources: _Sources, progress: Progress) -> ClearedCycle:
    """The result folder under its name, and what the fact says of it."""
    cycle = sources.cycle.cycle
    work = office.folders.work(cycle)
    gathered, spill, results = work / _INPUTS, work / _SPILL, work / "results"
    for folder in (gathered, spill, results):
        make_folder(folder)
    inputs = _gather(office, sources, gathered, progress)
    digests = {}
    for name, paths in inputs.items():
        for path in paths:
            digests[f"{name}/{_input_name(office, path)}"] = digest_of(path)
    _require_files(office, sources, digests)
    settings = office.settings.clearing
    memory = settings.memory_bytes_max
    own = min(BESIDE_ENGINE_BYTES, memory // 2)
    resources = Resources(spill, memory - own, settings.threads)
    try:
        with open_engine(settings.engine, resources) as engine:
            figures = engine.run(inputs, results, lambda step: _tell(progress, step))
    except ClearingMemoryError as error:
        raise UserError(
            f"clearing ran out of memory: {error}",
            where=cycle,
            do="nothing was recorded; give more `memory_bytes_max` in [clearing], or a `folder` "
            "with more room on its disk",
        ) from error
    except ClearingRefusedError as error:
        raise UserError(
            f"a proof of the clearing fails: {error}",
            where=cycle,
            do="nothing was recorded; mend what it names, or report it with this line",
        ) from error
    progress("writing", 0)
    made = {table.name: digest_of(results / f"{table.name}.parquet") for table in RESULT_TABLES}
    settle_folder(results, office.folders.cycle(cycle))
    remove_leftovers(office.folders.cycles)
    return ClearedCycle(cycle, sources.cycle.business_day, digests, made, dict(figures.rows))


def _input_name(office: Office, path: Path) -> str:
    """A path from the folder of the back office; of what was gathered, its name alone."""
    if path.parent.name == _INPUTS:
        return path.name
    return str(path.relative_to(office.folders.root))


def _tell(progress: Progress, step: StepDone) -> None:
    part = f", part {step.part} of {step.parts}" if step.parts else ""
    progress(f"clearing: {step.name}{part}", 0)


def _gather(
    office: Office, sources: _Sources, folder: Path, progress: Progress
) -> dict[str, list[Path]]:
    """Every input as Parquet files."""
    cycle = sources.cycle
    inputs = {_TRANSACTIONS: [_write_range(office, cycle, folder, progress)]}
    tables = rule_tables(sources.rules, sources.registry, cycle.moment, sources.rates)
    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        pq.write_table(table, path)
        inputs[name] = [path]
    folders = office.folders
    manifests = [each.acknowledgement.manifest for each in sources.files]
    inputs["presentments"] = [folders.records(each.acquirer, each.sequence) for each in manifests]
    if cycle.previous:
        before = folders.cycle(cycle.previous) / "authorizations.parquet"
        inputs["authorizations_before"] = [before]
    days = sources.rules.cycle_terms(cycle.business_day).history_days
    oldest = calendar_date(cycle.business_day) - timedelta(days=days)
    inputs["items_before"] = [
        folders.cycle(each.cycle) / "items.parquet"
        for each in sources.earlier
        if calendar_date(each.business_day) >= oldest
    ]
    missing = [path for paths in inputs.values() for path in paths if not path.is_file()]
    if missing:
        raise UserError(
            "a file that this cycle is cleared from is gone",
            where=str(missing[0]),
            do="restore the back office's folder from a copy",
        )
    return inputs


def _write_range(office: Office, cycle: ClosedCycle, folder: Path, progress: Progress) -> Path:
    """The switch's finished entries of the cycle, the card numbers sealed."""
    known = {column.name for column in entries.COLUMNS}
    (table,) = (each for each in INPUT_TABLES if each.name == _TRANSACTIONS)
    columns = tuple(column.name for column in table.columns if column.name in known)
    selection = Selection(
        card=CardForm.SEALED,
        after_sequence=cycle.after_sequence,
        last_sequence=cycle.last_sequence,
        columns=columns,
    )
    path = folder / f"{_TRANSACTIONS}.parquet"
    with (
        office.switch_journal() as storage,
        pq.ParquetWriter(path, schema(selection), compression="zstd", compression_level=1) as file,
    ):

        def told(sequence: int) -> None:
            progress("reading the switch's journal, entry", sequence)

        try:
            for batch in read_transactions(storage, selection, told):
                file.write_batch(batch)
        except JournalDamagedError as error:
            raise UserError(
                f"the switch's journal is damaged: {error}",
                where=cycle.cycle,
                do="`altyn journal verify` shows all of it; restore the journal from a copy",
            ) from error
    return path


def _require_files(office: Office, sources: _Sources, digests: dict[str, str]) -> None:
    """The accepted records must be those of the facts."""
    for each in sources.files:
        manifest = each.acknowledgement.manifest
        path = office.folders.records(manifest.acquirer, manifest.sequence)
        if digests[f"presentments/{_input_name(office, path)}"] != each.rows_digest:
            raise UserError(
                f"the records of file {manifest.file_id} are not those that were accepted",
                where=str(path),
                do="restore the file from a copy; nothing was cleared",
            )


def _require_same(folder: Path, known: ClearedCycle) -> None:
    """What stands in the folder must be what was recorded."""
    for name, digest in known.results.items():
        path = folder / f"{name}.parquet"
        if not path.is_file() or digest_of(path) != digest:
            raise UserError(
                "this result is not the one that was recorded",
                where=str(path),
                do="restore the folder of the cycle from a copy",
            )
