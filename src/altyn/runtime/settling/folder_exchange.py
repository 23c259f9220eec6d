"""The line to the settlement bank: two folders, as a bank's gateway watches them (ADR 33).

A file appears whole or not at all: it is written under a name that begins with a dot, flushed and
renamed. What we send is named by its message id, so that sending it again is the same file with the
same bytes. What was read goes to the archive; what cannot be read goes to `aside` there, with a
text beside it that says why.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from altyn.runtime.durable_file import put_file, sync_folder
from altyn.settlement import MESSAGE_BYTES_MAX, Message

__all__ = ["ARRIVED_MAX", "Aside", "FolderExchange"]

ARRIVED_MAX: Final = 10_000
"""Files that are taken in at once; the others are taken in by the next turn."""
_SUFFIX: Final = ".xml"
_REASON: Final = ".why.txt"


class Aside(NamedTuple):
    """A file that could not be read, and why."""

    name: str
    reason: str


class FolderExchange:
    """The folders: `outbox` is emptied by the bank, `inbox` by us, `archive` keeps what we read."""

    def __init__(self, outbox: Path, inbox: Path, archive: Path) -> None:
        """Make the folders that are absent, for their owner alone."""
        self.outbox = outbox
        self.inbox = inbox
        self.archive = archive
        self._aside = archive / "aside"
        for folder in (outbox, inbox, archive, self._aside):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def send(self, message: Message) -> None:
        """Let a message lie in the outbox, durably. Sent again, it is the same file."""
        put_file(self.outbox / f"{message.message_id}{_SUFFIX}", message.content)

    def arrived(self) -> list[Path]:
        """The files that the bank has written, by name; the first ARRIVED_MAX of them."""
        return sorted(_whole_files(self.inbox))[:ARRIVED_MAX]

    def read(self, file: Path) -> bytes:
        """The bytes of a file that arrived, one byte more than a message may have at most."""
        with file.open("rb") as stream:
            return stream.read(MESSAGE_BYTES_MAX + 1)

    def keep(self, file: Path) -> None:
        """Move a file that was read to the archive; it is not lost when its name was there."""
        _move(file, self.archive)

    def put_aside(self, file: Path, reason: str) -> None:
        """Move a file that cannot be used to `aside`, with the reason beside it."""
        put_file(self._aside / (file.name + _REASON), f"{reason}\n".encode())
        _move(file, self._aside)

    def aside(self) -> list[Aside]:
        """What lies aside, by name, with its reason."""
        found = []
        for file in sorted(_whole_files(self._aside)):
            if file.name.endswith(_REASON):
                continue
            reason = file.with_name(file.name + _REASON)
            text = reason.read_text(encoding="utf-8").strip() if reason.is_file() else ""
            found.append(Aside(file.name, text))
        return found


def _whole_files(folder: Path) -> Iterator[Path]:
    for file in folder.iterdir():
        if not file.name.startswith(".") and not file.is_symlink() and file.is_file():
            yield file


def _move(file: Path, folder: Path) -> None:
    """Rename into a folder, under another name where there is one already."""
    target, number = folder / file.name, 1
    while target.exists():
        number += 1
        target = folder / f"{file.stem}.{number}{file.suffix}"
    file.replace(target)
    sync_folder(folder)
