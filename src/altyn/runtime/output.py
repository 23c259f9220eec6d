"""What people and programs see of a command: the console, errors, JSON files, the machine's name.

An error says what was wrong, where, and what to do. It never repeats the value that was wrong: the
value may be card data, and a terminal keeps a history.
"""

import errno
import json
import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from altyn.runtime.compiled import Build, prefer_compiled

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "FULL_DISK",
    "STANDARD_OUTPUT",
    "UserError",
    "hardware_line",
    "open_console",
    "refuse_to_replace",
    "write_json",
]

WIDTH_WITHOUT_TERMINAL_COLUMNS: Final = 100
STANDARD_OUTPUT: Final = "-"
FULL_DISK: Final = (errno.ENOSPC, errno.EDQUOT)
"""Numbers of the errors by which the system says that a disk, or a share of it, is full."""
DATABASE_START: Final = b"SQLite format 3\0"
"""The first bytes of every SQLite database ("Database File Format", section 1.3.1)."""


class UserError(Exception):
    """Something the person at the terminal can put right.

    `what` was wrong, `where` (file, line, field, offset) and what to `do`. None of them may hold
    the offending value. The command line shows it as one line and leaves with exit code 1.
    """

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        """Each part is a phrase without a full stop; `where` and `do` may be empty."""
        super().__init__(what, where, do)
        self.what = what
        self.where = where
        self.do = do

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f"; {self.do}" if self.do else ""
        return " ".join(f"{place}{self.what}{remedy}".split())


def open_console(*, errors: bool = False) -> "Console":
    """A console on standard output, or on standard error: as wide as the terminal.

    100 columns where there is no terminal, so that a captured page is the same on every machine.
    """
    # Here and not above: Rich costs a tenth of a second, and `altyn --help` does without it.
    from rich.console import Console  # noqa: PLC0415

    stream = sys.stderr if errors else sys.stdout
    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL_COLUMNS
    return Console(file=stream, width=width, highlight=False)


def write_json(path: str, data: Mapping[str, object]) -> None:
    """Write `data` as JSON to the file `path`, or to standard output when `path` is "-".

    Keys are sorted and the text ends with a newline, so two results can be compared line by line.
    The file appears whole or not at all. Raises UserError when it cannot be written or must not be
    replaced (`refuse_to_replace`), ValueError for a number that JSON has no form for (RFC 8259,
    section 6: no NaN, no infinity).
    """
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    if path == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    try:
        refuse_to_replace(Path(path))
        _replace_file(Path(path), text)
    except OSError as error:
        raise UserError(
            f"cannot write this file ({error.strerror})",
            where=path,
            do="name a path in a folder that exists and may be written to",
        ) from error


def refuse_to_replace(target: Path) -> None:
    """Raise UserError when `target` is what a result must never take the place of.

    That is a device, pipe or folder, which a rename would replace by a file, and a database: it is
    most likely a journal, and a slip of the fingers must not end the books of a scheme.
    Raises OSError when what is there cannot be read.
    """
    if not target.exists():
        return
    if not target.is_file():
        raise UserError(
            "this is not an ordinary file, and a result does not take its place",
            where=str(target),
            do="name a file",
        )
    with target.open("rb") as stream:
        is_database = stream.read(len(DATABASE_START)) == DATABASE_START
    if is_database:
        raise UserError(
            "this is a database, perhaps a journal, and a result does not take its place",
            where=str(target),
            do="name another file",
        )


def _replace_file(target: Path, text: str) -> None:
    """The text goes to a neighbour first: a rename within one folder is atomic (POSIX rename)."""
    handle, neighbour = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            # mkstemp gives 0600; a new file ordinarily follows the person's umask.
            os.fchmod(stream.fileno(), 0o666 & ~_current_umask())
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(neighbour).replace(target)
    except BaseException:
        Path(neighbour).unlink(missing_ok=True)
        raise


def _current_umask() -> int:
    # The only portable way to read it is to set it.
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def hardware_line() -> str:
    """One line that says what a figure was measured on.

    Processor model, usable cores, memory in GiB, Python, kernel, and which build of Altyn: a rate
    without them means nothing.
    """
    build = "compiled" if prefer_compiled() is Build.COMPILED else "plain"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    pages, page_size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return ", ".join(
        (
            _processor_model(),
            f"{cores} core{'' if cores == 1 else 's'}",
            f"{pages * page_size / 2**30:.0f} GiB",
            f"{platform.python_implementation()} {platform.python_version()}",
            f"{platform.system()} {platform.release()}",
            f"Altyn {build}",
        )
    )


def _processor_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine()
