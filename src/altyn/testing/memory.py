"""A switch that forgets early, so that a small world needs the journal as a large one does.

In production 131,072 finished transactions stay in memory and older ones are looked up. A world
of a thousand would never look one up, and a restart would read all of its journal.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import altyn.switch

__all__ = ["short_memory"]


@contextmanager
def short_memory(finished_max: int) -> Iterator[None]:
    """Within it, the switch keeps so few finished transactions in memory."""
    state = altyn.switch.state
    before, state.FINISHED_MAX = state.FINISHED_MAX, finished_max
    try:
        yield
    finally:
        state.FINISHED_MAX = before
