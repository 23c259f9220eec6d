"""The road of a message, without input or output: frames in, decisions recorded, frames out."""

from altyn.gateway.driver import CommitOrder, Connection, Driver
from altyn.gateway.gateway import Gateway, Line
from altyn.gateway.outbound import Outbound, find_evidence
from altyn.gateway.overload import Overload
from altyn.gateway.traffic import Traffic

__all__ = [
    "CommitOrder",
    "Connection",
    "Driver",
    "Gateway",
    "Line",
    "Outbound",
    "Overload",
    "Traffic",
    "find_evidence",
]
