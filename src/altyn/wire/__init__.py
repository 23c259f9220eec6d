"""Frames and links, without a socket."""

from altyn.wire.doctor import (
    Candidate,
    Finding,
    Fit,
    describe_fault,
    diagnose,
    explain_mismatch,
    remarks,
)
from altyn.wire.framing import FRAME_BYTES_MAX, FrameError, Framing, framing, framing_names

__all__ = [
    "FRAME_BYTES_MAX",
    "Candidate",
    "Finding",
    "Fit",
    "FrameError",
    "Framing",
    "describe_fault",
    "diagnose",
    "explain_mismatch",
    "framing",
    "framing_names",
    "remarks",
]
