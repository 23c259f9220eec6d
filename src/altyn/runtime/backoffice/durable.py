"""Files and folders that appear whole, under their name, and stay after a power cut.

They hold card data, sealed or as it was sent, so they are their owner's alone.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO, Final

from altyn.runtime.durable_file import sync_folder

__all__ = [
    "digest_of",
    "make_folder",
    "remove_leftovers",
    "settle_file",
    "settle_folder",
    "whole_file",
]

OWNER_ONLY: Final = 0o700
UNFINISHED: Final = ".unfinished-"
"""How names begin that nothing counts on: what a crash left behind."""


def make_folder(folder: Path) -> None:
    """Make a folder for its owner alone, and its name durable in the one above."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=OWNER_ONLY, exist_ok=True)
        sync_folder(folder.parent)


@contextmanager
def whole_file(target: Path) -> Iterator[BinaryIO]:
    """A file that takes its name when the block has ended well, replacing what had it."""
    make_folder(target.parent)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=UNFINISHED)
    neighbour = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        settle_file(neighbour, target)
    finally:
        neighbour.unlink(missing_ok=True)


def settle_file(neighbour: Path, target: Path) -> None:
    """Give a file that is written its name, durably; both names are in one folder."""
    _sync_file(neighbour)
    os.replace(neighbour, target)  # noqa: PTH105 - counted by the tests
    sync_folder(target.parent)


def settle_folder(neighbour: Path, target: Path) -> None:
    """Give a folder of files its name, durably; a folder that had the name is removed first."""
    for file in sorted(neighbour.iterdir()):
        _sync_file(file)
    sync_folder(neighbour)
    if target.exists():
        shutil.rmtree(target)
    os.replace(neighbour, target)  # noqa: PTH105 - counted by the tests
    sync_folder(target.parent)


def remove_leftovers(folder: Path) -> None:
    """Remove what a crash left in a folder that nobody else writes now."""
    for left in folder.glob(f"{UNFINISHED}*"):
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
