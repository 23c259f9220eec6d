"""How a load run is driven: in a closed loop or in an open one."""

from typing import Final, NamedTuple

__all__ = ["PROFILES", "LoadProfile"]


class LoadProfile(NamedTuple):
    """One way of driving the switch.

    Closed (`rate_per_second` 0): each connection keeps `in_flight` requests waiting, and a reply is
    followed at once by the next request. Open: requests are due at a fixed rate over all
    connections, and their latency counts from then.
    """

    name: str
    connections: int
    in_flight: int
    rate_per_second: float

    @property
    def window(self) -> int:
        """Requests in flight over all connections; 0 in an open loop, where nothing bounds them."""
        return 0 if self.rate_per_second else self.connections * self.in_flight


# A window flatters a switch that works in batches; so one request in flight on each of many
# connections, and an open loop, stand beside the windows.
PROFILES: Final[tuple[LoadProfile, ...]] = (
    LoadProfile("closed-64", 4, 16, 0),
    LoadProfile("closed-512", 8, 64, 0),
    LoadProfile("closed-64x1", 64, 1, 0),
    LoadProfile("open-1000", 8, 0, 1000),
)
