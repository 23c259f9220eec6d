"""Whose journal a store holds, and in which form: the same check for every store (D12)."""

from collections.abc import Mapping
from typing import Final

from altyn.journal import WrongJournalError

__all__ = ["FORMAT", "identity_of", "require_identity"]

FORMAT: Final = "1"
"""The form of the tables. A program reads its own form and those before it, none after."""


def identity_of(scheme_id: str, record_bytes: int) -> dict[str, str]:
    """What a store writes down about its journal when it is made."""
    return {"format": FORMAT, "scheme": scheme_id, "record_bytes": str(record_bytes)}


def require_identity(name: str, found: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Raise WrongJournalError, with what to do, unless a journal is the one that is wanted."""
    if found.get("format") != wanted["format"]:
        raise WrongJournalError(
            f"{name}: the journal is of format {found.get('format')}, and this version of Altyn "
            f"reads and writes format {wanted['format']}; nothing was changed: run the version "
            "of Altyn that wrote it"
        )
    if found.get("scheme") != wanted["scheme"]:
        raise WrongJournalError(
            f"{name}: the journal's scheme is {found.get('scheme')}, not {wanted['scheme']}; "
            "name the right journal or move this one away"
        )
    if found.get("record_bytes") != wanted["record_bytes"]:
        raise WrongJournalError(
            f"{name}: the journal's record_bytes is {found.get('record_bytes')}, and this version "
            f"of Altyn writes {wanted['record_bytes']}; run the version that wrote it"
        )
