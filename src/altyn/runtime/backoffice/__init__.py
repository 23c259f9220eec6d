"""The back office: its journal, files that come in, cycles, and what was cleared (ADR 32)."""

from altyn.runtime.backoffice.journal import BackOfficeJournal, FactContradictedError, Noted
from altyn.runtime.backoffice.opening import open_for_reading, open_for_writing

__all__ = [
    "BackOfficeJournal",
    "FactContradictedError",
    "Noted",
    "open_for_reading",
    "open_for_writing",
]
