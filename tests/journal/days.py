"""Some days of traffic in a journal on the disk, and the commands that read it."""

from pathlib import Path

from click.testing import CliRunner

from altyn.journal import Batch
from altyn.runtime.cli import main
from altyn.runtime.sqlite_storage import SqliteStorage
from altyn.transaction import entries
from tests.journal.traffic import SCHEME_ID, Traffic


def run(*words: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    result = CliRunner().invoke(main, ["journal", *map(str, words)])
    return result.exit_code, result.stdout, result.stderr


def opened(path: Path, *, read_only: bool = True) -> SqliteStorage:
    """The store of the traffic's scheme."""
    return SqliteStorage(path, SCHEME_ID, entries.RECORD_BYTES, read_only=read_only)


def write_days(path: Path) -> Path:
    """A journal of some days of traffic; gives its path."""
    storage = opened(path, read_only=False)
    Traffic(storage, seed=7).run(2500)
    storage.close()
    return path


def flip(path: Path, victim: Batch) -> None:
    """Change one bit of a batch's last body where it lies in the file."""
    content = bytearray(path.read_bytes())
    row = victim.hash + victim.kinds + victim.variable + victim.fixed
    at = content.find(row)
    assert at > 0, "choose a batch that lies in one piece"
    content[at + len(row) - 1] ^= 1
    path.write_bytes(content)


def small_batches(path: Path) -> list[Batch]:
    """The batches with records that lie in one piece in the file."""
    storage = opened(path)
    batches = [each for each in storage.batches() if 0 < len(each.fixed) < 1000]
    storage.close()
    return batches
