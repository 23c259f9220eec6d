"""The memory of the scheme: an append-only chain of entries, and what a store must promise."""

from altyn.journal.chain import (
    Verified,
    checked_batches,
    checked_batches_from,
    structure_defect,
    verify,
)
from altyn.journal.entry import (
    FIXED_KIND,
    NO_SPAN,
    Batch,
    BatchBuilder,
    Damage,
    Entry,
    JournalDamagedError,
    Place,
    batch_hash,
    genesis_hash,
)
from altyn.journal.storage import (
    JournalHeldError,
    Position,
    Snapshot,
    Storage,
    StorageFullError,
    StorageLostError,
    WriterReplacedError,
    WrongJournalError,
)

__all__ = [
    "FIXED_KIND",
    "NO_SPAN",
    "Batch",
    "BatchBuilder",
    "Damage",
    "Entry",
    "JournalDamagedError",
    "JournalHeldError",
    "Place",
    "Position",
    "Snapshot",
    "Storage",
    "StorageFullError",
    "StorageLostError",
    "Verified",
    "WriterReplacedError",
    "WrongJournalError",
    "batch_hash",
    "checked_batches",
    "checked_batches_from",
    "genesis_hash",
    "structure_defect",
    "verify",
]
