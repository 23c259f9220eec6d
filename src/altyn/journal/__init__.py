"""The memory of the scheme: an append-only chain of entries, and what a store must promise."""

from altyn.journal.chain import Verified, checked_batches, verify
from altyn.journal.entry import (
    FIXED_KIND,
    NO_SPAN,
    Batch,
    BatchBuilder,
    Entry,
    JournalDamagedError,
    batch_hash,
    genesis_hash,
)
from altyn.journal.storage import (
    Position,
    Snapshot,
    Storage,
    StorageFullError,
    WrongJournalError,
)

__all__ = [
    "FIXED_KIND",
    "NO_SPAN",
    "Batch",
    "BatchBuilder",
    "Entry",
    "JournalDamagedError",
    "Position",
    "Snapshot",
    "Storage",
    "StorageFullError",
    "Verified",
    "WrongJournalError",
    "batch_hash",
    "checked_batches",
    "genesis_hash",
    "verify",
]
