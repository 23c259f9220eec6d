"""A process that appends to a journal until it kills itself at a write point.

    python -m tests.runtime.killed_writer JOURNAL SEED NAME:N

Prints whether the system calls are watched, then `<last sequence> <hash>` behind every append that
has returned.
"""

import sys
from pathlib import Path
from random import Random

from altyn.journal import Snapshot
from altyn.runtime.drill.killing_storage import FlushFailure, KillingStorage
from altyn.runtime.drill.write_points import Killer, parse_kill_point
from altyn.runtime.sqlite_storage import SqliteStorage
from tests.journal.writer_process import RECORD_BYTES, SCHEME_ID, batch_builder


def write(path: Path, seed: int, point: str) -> None:
    """Append for ever, with a snapshot behind every third batch."""
    real = SqliteStorage(path, SCHEME_ID, RECORD_BYTES)
    storage = KillingStorage(real, Killer(parse_kill_point(point)), FlushFailure(0))
    print("watched" if storage.watched else "not watched", flush=True)  # noqa: T201 for the parent
    random = Random(seed)
    number = 0
    while True:
        number += 1
        end = real.end()
        batch = batch_builder(end.sequence + 1, random).seal(end.hash, number)
        storage.append(batch)
        print(batch.last_sequence, batch.hash.hex(), flush=True)  # noqa: T201 for the parent
        if number % 3 == 0:
            storage.save_snapshot(Snapshot(batch.last_sequence, batch.hash, random.randbytes(99)))


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
