"""The helper thread that copies the write-ahead log: how it is told to stop."""

import sqlite3
import threading
from contextlib import closing
from typing import Any

from altyn.runtime.journal.checkpointer import Checkpointer


def test_checkpointer_that_is_stopped_while_it_copies_ends() -> None:
    """The order to stop comes during a checkpoint: it is not lost with the order to copy."""
    began, go_on = threading.Event(), threading.Event()

    class SlowConnection(sqlite3.Connection):
        """A connection whose checkpoint takes as long as the test wants."""

        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            """Wait before a checkpoint ends."""
            if "wal_checkpoint" in statement:
                began.set()
                go_on.wait(20)
            return super().execute(statement, *values)

    checkpointer = Checkpointer(
        lambda: sqlite3.connect(":memory:", factory=SlowConnection, check_same_thread=False), 1
    )
    with closing(sqlite3.connect(":memory:")) as connection:
        checkpointer.after_commit(connection, 1)
    assert began.wait(20)
    stopping = threading.Thread(target=checkpointer.stop, daemon=True)
    stopping.start()
    while not checkpointer._stopped:
        stopping.join(0.001)
    go_on.set()
    stopping.join(20)
    assert not stopping.is_alive()
