"""Typed names for the things that are referred to by a short text.

They cost nothing at run time; a type checker keeps a link from being used where a
participant is meant.
"""

from typing import NewType

ParticipantId = NewType("ParticipantId", str)
"""A member of the scheme: 1 to 8 of A-Z and 0-9."""

LinkId = NewType("LinkId", str)
"""A configured line to a participant; several TCP connections may serve one link."""

SequenceNumber = NewType("SequenceNumber", int)
"""The place of an entry in the journal, from 1, without gaps."""

__all__ = ["LinkId", "ParticipantId", "SequenceNumber"]
