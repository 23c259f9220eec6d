"""Files in: kept as they came, read, booked by one fact, answered.

    kept       files/SEA/CONTENT, flushed, before anything else is said of the file
    read       its accepted records go to a file beside their place; nothing counts on it yet
    booked     under the journal's lock: decided again, the records take their name, one fact
    answered   the acknowledgement, made from the fact alone

Cut off anywhere, the same command does it again: before the fact nothing of the file counts, behind
it all of it does, and an answer that is missing is written (C19). A long file is read without the
lock; the fact says which cycle takes it, and a cycle that closes meanwhile changes that (C17).
"""

import os
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from altyn.clearing import CutOff
from altyn.clock import calendar_date
from altyn.identifiers import ParticipantId
from altyn.presentment import (
    Acknowledgement,
    Action,
    Decision,
    FileReading,
    FileRefusal,
    LateRule,
    Manifest,
    Rejection,
    Status,
    acknowledge,
    presentment_schema,
    refuse,
)
from altyn.runtime.backoffice.cycle import closed_cycles, taking_cycle
from altyn.runtime.backoffice.cycle_closing import REGISTRY_VERSION, version_fact
from altyn.runtime.backoffice.durable import (
    UNFINISHED,
    digest_of,
    make_folder,
    settle_file,
    whole_file,
)
from altyn.runtime.backoffice.file_fact import FileEntry, file_entries, register_of
from altyn.runtime.backoffice.issuers import card_holders
from altyn.runtime.backoffice.journal import BackOfficeJournal
from altyn.runtime.backoffice.office import Office
from altyn.runtime.files.checking import answer_bytes, open_file
from altyn.runtime.output import UserError

__all__ = ["ANSWER_SUFFIXES", "FileIntake", "PutFile", "records_schema"]

ANSWER_SUFFIXES: Final = {"csv": ".csv", "parquet": ".parquet"}
ROWS_OF_A_GROUP: Final = 1 << 17
COPY_BYTES: Final = 1 << 20

BytesRead = Callable[[int], None]


class PutFile(NamedTuple):
    """What became of a file: its answer, the path of that, the cycle that takes it or ""."""

    answer: Acknowledgement
    answer_path: Path
    cycle: str
    same_as: str = ""


class _Records(NamedTuple):
    """A file that was read: its answer, and its accepted records in an unfinished file."""

    answer: Acknowledgement
    path: Path
    digest: str


def records_schema() -> pa.Schema:
    """The accepted records of a file, as clearing reads them."""
    schema = presentment_schema()
    for field in (
        pa.field("file_sequence", pa.int32(), nullable=False),
        pa.field("issuer_participant", pa.string()),
        pa.field("product", pa.string()),
        pa.field("booked_day", pa.date32(), nullable=False),
    ):
        schema = schema.append(field)
    return schema


class FileIntake:
    """Takes the files of one acquirer."""

    def __init__(self, office: Office, acquirer: str, progress: BytesRead | None = None) -> None:
        """Raises UserError for an acquirer that the scheme does not have."""
        participant = office.registry.participants.get(ParticipantId(acquirer))
        if participant is None or "acquirer" not in participant.roles:
            raise UserError(
                "the scheme has no such acquirer",
                where="--acquirer",
                do="name the id of a participant that acquires",
            )
        self._office = office
        self._acquirer = acquirer
        self._progress = progress
        self._folders = office.folders

    def put(self, path: Path, form: str) -> list[PutFile]:
        """Take a file, and behind it the files that waited for it.

        Raises FileRefusal when its header cannot be read, so that nobody could be answered.
        """
        with open_file(path, form, self._acquirer) as reading:
            manifest = reading.manifest
        content = self._keep(path)
        results = [self._take(manifest, content, form)]
        while (waiting := self._waiting()) is not None:
            answer = waiting.acknowledgement
            results.append(self._take(answer.manifest, waiting.content, waiting.form))
        self._answer_all()
        return results

    def _keep(self, path: Path) -> str:
        """Copy a file as it came; the copy is what is read, whatever becomes of the other."""
        folder = self._folders.file(self._acquirer, "")
        make_folder(folder)
        digest = sha256()
        handle, name = tempfile.mkstemp(dir=folder, prefix=UNFINISHED)
        try:
            with os.fdopen(handle, "wb") as target, path.open("rb") as source:
                while chunk := source.read(COPY_BYTES):
                    digest.update(chunk)
                    target.write(chunk)
            content = digest.hexdigest()
            settle_file(Path(name), self._folders.file(self._acquirer, content))
        finally:
            Path(name).unlink(missing_ok=True)
        return content

    def _take(self, manifest: Manifest, content: str, form: str) -> PutFile:
        """Decide about a file that is kept; read it when it is to be taken, and book it."""
        records: _Records | None = None
        try:
            while True:
                with self._office.writing() as journal:
                    entries = file_entries(journal)
                    cut_off = self._taking(journal)
                    decision = register_of(entries).decide(
                        manifest, content, cut_off.business_day, self._late_rule(cut_off)
                    )
                    if decision.action is not Action.TAKE:
                        return self._answered(journal, entries, decision, content, form)
                    if records is not None and _fits(records, decision):
                        return self._book(journal, entries, records, content, form, cut_off)
                if records is not None:
                    records.path.unlink(missing_ok=True)
                records = self._read(manifest, content, form, decision.booked_day)
        finally:
            if records is not None:
                records.path.unlink(missing_ok=True)

    def _taking(self, journal: BackOfficeJournal) -> CutOff:
        closed = closed_cycles(journal)
        now_us = self._office.now_us()
        try:
            return taking_cycle(self._office.rules, closed[-1] if closed else None, now_us)
        except LookupError as error:
            raise UserError(
                "no rule says which cycle takes a file today",
                where=str(self._office.settings.clearing.rules),
                do="add a [[cycles]] that holds today",
            ) from error

    def _late_rule(self, cut_off: CutOff) -> LateRule:
        terms = self._office.rules.cycle_terms(cut_off.business_day)
        return LateRule.REFUSE if terms.late_files == "refuse" else LateRule.NEXT_CYCLE

    def _answered(
        self,
        journal: BackOfficeJournal,
        entries: list[FileEntry],
        decision: Decision,
        content: str,
        form: str,
    ) -> PutFile:
        """What is decided without reading the file: a repeat, a refusal, or waiting."""
        assert decision.answer is not None, "what is not taken is answered"
        answer = decision.answer
        known = _facts_of(entries, answer.manifest)
        if answer.repeat:
            return self._result(known[-1], answer)
        same = known and (known[-1].acknowledgement, known[-1].content) == (answer, content)
        entry = known[-1] if same else _entry(answer, len(known) + 1, content, form)
        journal.append(entry.as_content())
        return self._result(entry, answer)

    def _book(
        self,
        journal: BackOfficeJournal,
        entries: list[FileEntry],
        records: _Records,
        content: str,
        form: str,
        cut_off: CutOff,
    ) -> PutFile:
        """The one moment at which a file begins to count, as a whole."""
        answer = records.answer
        number = len(_facts_of(entries, answer.manifest)) + 1
        entry = _entry(answer, number, content, form)
        if answer.status is Status.REFUSED:
            journal.append(entry.as_content())
            return self._result(entry, answer)
        manifest = answer.manifest
        settle_file(records.path, self._folders.records(manifest.acquirer, manifest.sequence))
        registry = self._office.registry
        entry = entry._replace(
            cycle=cut_off.cycle, rows_digest=records.digest, registry_version=registry.version
        )
        journal.append(
            version_fact(REGISTRY_VERSION, registry.version, registry.facts), entry.as_content()
        )
        same_as = next(
            (
                each.acknowledgement.manifest.file_id
                for each in entries
                if each.is_taken
                and each.content == content
                and each.acknowledgement.manifest.acquirer == manifest.acquirer
            ),
            "",
        )
        return self._result(entry, answer)._replace(same_as=same_as)

    def _read(self, manifest: Manifest, content: str, form: str, booked_day: int) -> _Records:
        """Read a kept file to its end; raises nothing for one that is refused."""
        folder = self._folders.records(manifest.acquirer, manifest.sequence).parent
        make_folder(folder)
        handle, name = tempfile.mkstemp(dir=folder, prefix=UNFINISHED)
        path = Path(name)
        kept = self._folders.file(manifest.acquirer, content)
        try:
            with (
                os.fdopen(handle, "wb") as target,
                open_file(kept, form, self._acquirer, self._progress) as reading,
            ):
                answer = self._write_records(reading, target, booked_day)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return _Records(answer, path, digest_of(path))

    def _write_records(
        self, reading: FileReading, target: object, booked_day: int
    ) -> Acknowledgement:
        rejections: list[Rejection] = []
        waiting: list[pa.RecordBatch] = []
        rows = 0
        with pq.ParquetWriter(
            target, records_schema(), compression="zstd", compression_level=1
        ) as writer:
            try:
                for piece in reading:
                    rejections += piece.rejections
                    waiting.append(self._completed(piece.rows, reading.manifest, booked_day))
                    rows += len(piece.rows)
                    if rows >= ROWS_OF_A_GROUP:
                        writer.write_table(pa.Table.from_batches(waiting))
                        waiting, rows = [], 0
            except FileRefusal as refusal:
                return refuse(reading.manifest, refusal)
            if waiting:
                writer.write_table(pa.Table.from_batches(waiting))
        assert reading.totals is not None, "a file that was read to its end has totals"
        return acknowledge(reading.manifest, reading.totals, rejections, booked_day)

    def _completed(
        self, rows: pa.RecordBatch, manifest: Manifest, booked_day: int
    ) -> pa.RecordBatch:
        """The records with what their file and the registry say of them."""
        holders = card_holders(rows.column("pan"), self._office.registry)
        count = len(rows)
        columns = [
            *rows.columns,
            pa.repeat(pa.scalar(manifest.sequence, pa.int32()), count),
            holders.issuer_participant,
            holders.product,
            pa.repeat(pa.scalar(calendar_date(booked_day), pa.date32()), count),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=records_schema())

    def _waiting(self) -> FileEntry | None:
        """The file that waited for the one just taken, and is due by now (C18)."""
        with self._office.reading() as journal:
            entries = file_entries(journal)
        register = register_of(entries)
        waiting = register.waiting(self._acquirer)
        if not waiting or waiting[0].sequence != register.due(self._acquirer):
            return None
        return _facts_of(entries, waiting[0])[-1]

    def _answer_all(self) -> None:
        """Write every answer that a crash kept from being written."""
        with self._office.reading() as journal:
            entries = file_entries(journal)
        for entry in entries:
            if entry.acknowledgement.manifest.acquirer == self._acquirer:
                self._result(entry, entry.acknowledgement)

    def _result(self, entry: FileEntry, answer: Acknowledgement) -> PutFile:
        """The answer as a file: a repeat's beside the first one's."""
        manifest = answer.manifest
        suffix = ANSWER_SUFFIXES.get(entry.form, ".ipm")
        suffix = f".repeat{suffix}" if answer.repeat else suffix
        path = self._folders.answer(manifest.acquirer, manifest.file_id, entry.number, suffix)
        if not path.exists():
            with whole_file(path) as stream:
                stream.write(answer_bytes(answer, entry.form))
        return PutFile(answer, path, entry.cycle)


def _fits(records: _Records, decision: Decision) -> bool:
    """Whether what was read is what is to be booked now: a day may have ended meanwhile."""
    answer = records.answer
    return answer.status is Status.REFUSED or answer.booked_day == decision.booked_day


def _facts_of(entries: list[FileEntry], manifest: Manifest) -> list[FileEntry]:
    name = manifest.acquirer, manifest.file_id
    return [each for each in entries if each.acknowledgement.manifest[1::-1] == name]


def _entry(answer: Acknowledgement, number: int, content: str, form: str) -> FileEntry:
    manifest = answer.manifest
    key = f"{manifest.acquirer}/{manifest.file_id}/{number}"
    return FileEntry(key, answer, content, form)
