"""What the chain of hashes does not know: whether entries say something that can be read."""

from typing import Final

from altyn.journal import Batch
from altyn.switch import ADDITIONAL_ENTRY, FACT_ENTRY, STOP_LIST_ENTRY
from altyn.transaction import TRANSACTION_ENTRY, Kind, Stage, entries

__all__ = ["content_defect"]

_OFFSETS: Final = {column.name: column.offset for column in entries.COLUMNS}
_ENTRY_KINDS: Final = bytes((TRANSACTION_ENTRY, FACT_ENTRY, ADDITIONAL_ENTRY, STOP_LIST_ENTRY))
_KINDS: Final = bytes(Kind)
_STAGES: Final = bytes((Stage.STARTED, Stage.FINISHED))


def content_defect(batch: Batch) -> str | None:
    """Why a sound batch holds entries that this version cannot read, or None."""
    if batch.kinds.translate(None, _ENTRY_KINDS):
        return "an entry of a kind that this version does not know"
    # Every record's byte at an offset: one slice of the run, no step for each entry.
    if batch.fixed[_OFFSETS["kind"] :: entries.RECORD_BYTES].translate(None, _KINDS):
        return "a transaction of a kind that this version does not know"
    if batch.fixed[_OFFSETS["stage"] :: entries.RECORD_BYTES].translate(None, _STAGES):
        return "a transaction at a stage that this version does not know"
    return None
