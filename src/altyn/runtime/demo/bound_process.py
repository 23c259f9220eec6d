"""The program as a process that cannot outlive its parent: `python -m ...bound_process PID ...`.

PID is the parent's; the rest are the arguments of `altyn`. On Linux the kernel sends SIGTERM when
the parent is gone, however it went (prctl, PR_SET_PDEATHSIG).
"""

import ctypes
import os
import signal
import sys
from typing import Final

from altyn.runtime.cli import main

__all__ = ["bind_to_parent"]

PR_SET_PDEATHSIG: Final = 1


def bind_to_parent(parent: int) -> None:
    """Ask for SIGTERM at the parent's end; leave at once when it has gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)


if __name__ == "__main__":
    bind_to_parent(int(sys.argv.pop(1)))
    main(prog_name="altyn")
