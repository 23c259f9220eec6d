"""Where the back office keeps what its journal names.

files/SEA/CONTENT             a file as it came; CONTENT is its SHA-256
records/SEA/00000001.parquet  the accepted records of the file of that sequence number
answers/SEA/FILE-ID.1.csv     the first answer to a file, in its form
cycles/2026-11-23-1/          what clearing made of a cycle
"""

from pathlib import Path
from typing import NamedTuple

from altyn.runtime.backoffice.durable import UNFINISHED

__all__ = ["Folders"]


class Folders(NamedTuple):
    """The paths under the folder of the settings."""

    root: Path

    def file(self, acquirer: str, content: str) -> Path:
        """A file as it came."""
        return self.root / "files" / acquirer / content

    def records(self, acquirer: str, sequence: int) -> Path:
        """The accepted records of a file."""
        return self.root / "records" / acquirer / f"{sequence:08d}.parquet"

    def answer(self, acquirer: str, file_id: str, number: int, suffix: str) -> Path:
        """An answer to a file, by its number."""
        return self.root / "answers" / acquirer / f"{file_id}.{number}{suffix}"

    def cycle(self, cycle: str) -> Path:
        """The results of a cycle."""
        return self.cycles / cycle.replace("/", "-")

    @property
    def cycles(self) -> Path:
        """The folder of all results."""
        return self.root / "cycles"

    def work(self, cycle: str) -> Path:
        """Where the results of a cycle are made, and their inputs."""
        return self.cycles / f"{UNFINISHED}{cycle.replace('/', '-')}"
