"""A process that writes a journal until it is killed, and says what it has been promised.

    python -m tests.journal.writer_process JOURNAL SEED [FILE_BYTES_MAX]

Prints `<last sequence> <hash>` behind every append that has returned. With FILE_BYTES_MAX the
system refuses to let a file grow further (RLIMIT_FSIZE): an error of the disk's, on demand.
"""

import resource
import sqlite3
import sys
from pathlib import Path
from random import Random

from altyn.journal import BatchBuilder, Snapshot
from altyn.runtime.sqlite_storage import SqliteStorage

SCHEME_ID = "WRITER"
RECORD_BYTES = 64


def batch_builder(first_sequence: int, random: Random) -> BatchBuilder:
    """A batch of some entries of all forms, now and then a large one."""
    builder = BatchBuilder(first_sequence)
    for _ in range(random.choice((1, 3, 40, 400))):
        if random.random() < 0.7:
            refers_to = random.randrange(first_sequence) if random.random() < 0.1 else 0
            builder.append(1, random.randbytes(RECORD_BYTES), random.randrange(9), refers_to)
        else:
            builder.append(2, random.randbytes(random.randrange(90)))
    return builder


def write(path: Path, seed: int) -> None:
    """Append for ever."""
    storage = SqliteStorage(path, SCHEME_ID, RECORD_BYTES)
    random = Random(seed)
    while True:
        end = storage.end()
        batch = batch_builder(end.sequence + 1, random).seal(end.hash, end.sequence)
        try:
            storage.append(batch)
        except sqlite3.OperationalError:
            print("refused", flush=True)  # noqa: T201 the parent reads it
            _try_again(storage, batch.first_sequence, end.hash)
            return
        print(batch.last_sequence, batch.hash.hex(), flush=True)  # noqa: T201 the parent reads it
        if random.random() < 0.05:
            storage.save_snapshot(Snapshot(batch.last_sequence, batch.hash, random.randbytes(99)))


def _try_again(storage: SqliteStorage, first_sequence: int, previous: bytes) -> None:
    """After an error of the disk not even a small batch may be taken."""
    builder = BatchBuilder(first_sequence)
    builder.append(2, b"small")
    try:
        storage.append(builder.seal(previous, 0))
    except sqlite3.OperationalError:
        print("refused again", flush=True)  # noqa: T201 the parent reads it


if __name__ == "__main__":
    if len(sys.argv) > 3:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
    write(Path(sys.argv[1]), int(sys.argv[2]))
