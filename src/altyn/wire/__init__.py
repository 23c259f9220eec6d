"""Frames and links, without a socket."""

from altyn.wire.framing import FRAME_BYTES_MAX, FrameError, Framing, framing, framing_names

__all__ = ["FRAME_BYTES_MAX", "FrameError", "Framing", "framing", "framing_names"]
