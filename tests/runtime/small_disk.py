"""A small filesystem of one's own: memory mounted in a name space that ends with the test."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FILLER = "filler"


class SmallDisk(NamedTuple):
    """The disk as the tests see it, and what a command must run under to see it, too."""

    root: Path
    wrapper: tuple[str, ...]

    @property
    def free_bytes(self) -> int:
        """What is left."""
        there = os.statvfs(self.root)
        return there.f_bavail * there.f_frsize

    def fill(self, leave_bytes: int) -> None:
        """Take all room but so much."""
        with (self.root / FILLER).open("ab") as filler:
            while (spare := self.free_bytes - leave_bytes) > 0:
                try:
                    filler.write(bytes(min(spare, 1 << 20)))
                    filler.flush()
                except OSError:
                    return  # the very last pages are not for files

    def clear(self) -> None:
        """Give the room back."""
        (self.root / FILLER).unlink()


@contextlib.contextmanager
def small_disk(folder: Path, size_mib: int) -> Iterator[SmallDisk | None]:
    """A disk mounted over a folder for whoever runs under the wrapper; None where the system
    does not let its users mount anything, as in some containers."""
    folder.mkdir(exist_ok=True)
    is_root = os.geteuid() == 0
    mount = f'mount -t tmpfs -o size={size_mib}m tmpfs "$0" && echo mounted && exec cat'
    try:
        holder = subprocess.Popen(
            ["unshare", "-m" if is_root else "-Urm", "sh", "-c", mount, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        yield None
        return
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        if holder.stdout.readline() != b"mounted\n":
            yield None
            return
        entering = () if is_root else ("-U", "--preserve-credentials")
        root = Path(f"/proc/{holder.pid}/root{folder.resolve()}")
        yield SmallDisk(root, ("nsenter", "-t", str(holder.pid), "-m", *entering))
    finally:
        holder.stdin.close()
        holder.stdout.close()
        holder.wait()
