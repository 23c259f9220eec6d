"""The switch at work: sockets, group commits, links, and the control channel around it."""

from altyn.runtime.online.node import serve

__all__ = ["serve"]
