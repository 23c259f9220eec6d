"""After the run: does the journal hold every approval that was answered?

A reply may leave only when its record is durable (I4), so after the switch has stopped the journal
holds at least the approvals that the generator saw, and exactly those when none was under way.
"""

import subprocess
from typing import Final, NamedTuple

import numpy as np

from altyn.runtime.journal.opening import open_journal
from altyn.runtime.load.switch_process import program
from altyn.transaction import Outcome, entries

__all__ = ["JournalCheck", "check_journal"]

_STAGE: Final = next(column.offset for column in entries.COLUMNS if column.name == "stage")
_OUTCOME: Final = next(column.offset for column in entries.COLUMNS if column.name == "outcome")


class JournalCheck(NamedTuple):
    """What the journal said. `unanswered` requests may or may not have been approved."""

    verified: bool
    approved_in_journal: int
    approved_seen: int
    unanswered: int

    @property
    def holds(self) -> bool:
        """Whether every approval seen is in the journal, and no more than those under way."""
        beyond = self.approved_in_journal - self.approved_seen
        return self.verified and 0 <= beyond <= self.unanswered


def check_journal(journal: str, approved_seen: int, unanswered: int) -> JournalCheck:
    """Verify the journal with `altyn journal verify`, and count its approved transactions."""
    verification = subprocess.run(  # noqa: S603 - our own program
        program("journal", "verify", journal), capture_output=True, check=False
    )
    verified = verification.returncode == 0
    return JournalCheck(verified, approved_in(journal), approved_seen, unanswered)


def approved_in(journal: str) -> int:
    """How many transactions of the journal ended approved."""
    approved = 0
    with open_journal(journal) as storage:
        for batch in storage.batches():
            records = np.frombuffer(batch.fixed, np.uint8).reshape(-1, entries.RECORD_BYTES)
            finished = records[:, _STAGE] == entries.Stage.FINISHED
            approved += int(np.sum(finished & (records[:, _OUTCOME] == Outcome.APPROVED)))
    return approved
