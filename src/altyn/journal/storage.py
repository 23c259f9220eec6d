"""What the journal needs of a store, and what a store must promise.

A store is durable: `append` returns only when the batch would survive a power cut. It is
ordered: a batch that does not follow the last one is refused. It is bound to one scheme:
opening another scheme's store raises WrongJournalError.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

from altyn.journal.entry import Batch

_DIGEST_BYTES: Final = 32


class Position(NamedTuple):
    """The end of a journal: its last sequence number (0 when empty) and the hash there."""

    sequence: int
    hash: bytes


class Snapshot(NamedTuple):
    """State as it stood after an entry; `hash` is the journal's hash at that entry.

    `state` opens with the SHA-256 (32 bytes) of what follows.
    """

    sequence: int
    hash: bytes
    state: bytes

    @property
    def intact(self) -> bool:
        """Whether the state is what its checksum says."""
        body = self.state[_DIGEST_BYTES:]
        return sha256(body).digest() == self.state[:_DIGEST_BYTES]


class WrongJournalError(Exception):
    """The store is of another scheme, another format, or does not promise durability."""


class JournalHeldError(WrongJournalError):
    """Another process writes this journal now; it may be waited for."""


class StorageFullError(Exception):
    """No room for another batch; nothing of it was kept."""


class StorageLostError(Exception):
    """The store cannot be reached; what became of the work under way is not known."""


class WriterReplacedError(Exception):
    """Another node has taken the journal over; this one must write and send nothing more."""


class Storage(Protocol):
    """A durable, ordered store of batches and snapshots."""

    @property
    def record_bytes(self) -> int:
        """The size of a fixed-layout record in this journal."""

    @property
    def genesis(self) -> bytes:
        """The hash before the first batch."""

    def end(self) -> Position:
        """Where the journal ends now."""

    def append(self, batch: Batch) -> None:
        """Keep a batch durably; raises StorageFullError when there is no room."""

    def batches(self, from_sequence: int = 1) -> Iterator[Batch]:
        """Batches in order, beginning with the one that holds `from_sequence`.

        Raises JournalDamagedError, naming the entries, where bytes cannot be read at all.
        """

    def batches_spanning(self, value: int) -> Iterator[Batch]:
        """Batches whose span includes a value, newest first."""

    def references_to(self, sequence: int) -> list[int]:
        """Sequence numbers of the entries that refer to an entry, in order."""

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot and drop older ones than the one before it."""

    def latest_snapshot(self) -> Snapshot | None:
        """The newest snapshot, or None."""

    def snapshots(self) -> list[Snapshot]:
        """Every snapshot that is kept, newest first; JournalDamagedError if there is no telling."""

    def close(self) -> None:
        """Let go of the store."""
