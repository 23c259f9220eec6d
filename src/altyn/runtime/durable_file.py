"""Files that appear whole or not at all, and stay through a power cut."""

import os
from pathlib import Path

__all__ = ["put_file", "sync_folder"]


def put_file(target: Path, content: bytes) -> None:
    """Write a file under a hidden name, flush it, and rename it; its name is durable, too.

    A rename within one folder is atomic (POSIX rename): who looks at the folder sees the old file,
    the new one or none, and never a part. Raises OSError.
    """
    neighbour = target.with_name(f".{target.name}.part")
    with neighbour.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    neighbour.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
