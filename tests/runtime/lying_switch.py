"""A switch that lies: each batch is called durable when only the one before it is.

    python -m tests.runtime.lying_switch ...

It takes what `altyn.runtime.drill.switch_child` takes. A drill must find it out.
"""

from altyn.journal import Batch
from altyn.runtime.drill import switch_child
from altyn.runtime.drill.killing_storage import KillingStorage


class LateStorage(KillingStorage):
    """Keeps the newest batch to itself until another comes."""

    kept: Batch | None = None

    def append(self, batch: Batch) -> None:
        """Write the batch before."""
        if self.kept is not None:
            super().append(self.kept)
        self.kept = batch

    def close(self) -> None:
        """Write what was kept; a kill comes before this."""
        if self.kept is not None:
            super().append(self.kept)
        super().close()


if __name__ == "__main__":
    setattr(switch_child, "KillingStorage", LateStorage)  # noqa: B010 it has no door for this
    switch_child.main()
