"""What became of a file, as a fact: its acknowledgement, and where it stands in the folder.

    {"fact": "file", "key": "SEA/SEA-20261123-1/1", "manifest": ["SEA-20261123-1", "SEA", 1,
     20261123], "status": "ACCEPTED_IN_PART", "reason": "", "place": null, "booked_day": 20261123,
     "records": 4, "rejections": [[3, "CARD_NUMBER", "pan", null]], "content": "ab..",
     "form": "csv", "cycle": "2026-11-23/1", "rows_digest": "cd..", "registry_version": "5d.."}

The key ends with the number of the fact among those of its file, from 1: a file may wait first, and
one that was refused may come again. Of a file that is not taken, cycle and digest are empty.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from altyn.clock import BusinessDay
from altyn.presentment import (
    Acknowledgement,
    FileFact,
    FileRegister,
    Manifest,
    Reason,
    Rejection,
    Status,
)
from altyn.runtime.backoffice.journal import BackOfficeJournal

__all__ = ["FILE", "FileEntry", "file_entries", "register_of"]

FILE: Final = "file"
_TAKEN: Final = (Status.ACCEPTED, Status.ACCEPTED_IN_PART)


class FileEntry(NamedTuple):
    """A fact about a file. content: SHA-256 of what came, hexadecimal; cycle: that takes it."""

    key: str
    acknowledgement: Acknowledgement
    content: str
    form: str
    cycle: str = ""
    rows_digest: str = ""
    registry_version: str = ""
    written_us: int = 0

    @property
    def number(self) -> int:
        """Which fact of its file it is, from 1."""
        return int(self.key.rpartition("/")[2])

    @property
    def is_taken(self) -> bool:
        """Whether its records are part of a cycle."""
        return self.acknowledgement.status in _TAKEN

    @property
    def cycle_place(self) -> tuple[BusinessDay, int]:
        """Business day and number of its cycle, to be compared."""
        day, _, number = self.cycle.partition("/")
        return int(day.replace("-", "")), int(number)

    def as_content(self) -> dict[str, Any]:
        """The fact as it is written."""
        answer = self.acknowledgement
        return {
            "fact": FILE,
            "key": self.key,
            "manifest": list(answer.manifest),
            "status": answer.status.name,
            "reason": answer.reason.name if answer.reason else "",
            "place": answer.place,
            "booked_day": answer.booked_day,
            "records": answer.records,
            "rejections": [
                [each.record_number, each.reason.name, each.field, each.offset]
                for each in answer.rejections
            ],
            "content": self.content,
            "form": self.form,
            "cycle": self.cycle,
            "rows_digest": self.rows_digest,
            "registry_version": self.registry_version,
        }


def file_entries(journal: BackOfficeJournal) -> list[FileEntry]:
    """Every fact about a file, oldest first."""
    return [_read(each.content, each.written_us) for each in journal.of_kind(FILE)]


def _read(content: Mapping[str, Any], written_us: int) -> FileEntry:
    answer = Acknowledgement(
        Manifest(*content["manifest"]),
        Status[content["status"]],
        Reason[content["reason"]] if content["reason"] else None,
        False,
        content["booked_day"],
        content["records"],
        tuple(
            Rejection(number, Reason[reason], field, offset)
            for number, reason, field, offset in content["rejections"]
        ),
        content["place"],
    )
    return FileEntry(
        content["key"],
        answer,
        content["content"],
        content["form"],
        content["cycle"],
        content["rows_digest"],
        content["registry_version"],
        written_us,
    )


def register_of(entries: list[FileEntry]) -> FileRegister:
    """What is known of every file, from the facts."""
    return FileRegister(FileFact(each.content, each.acknowledgement) for each in entries)
