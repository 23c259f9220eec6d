"""Killing a process at a step that makes a change last, whichever it is: rename, flush, commit."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

from altyn.runtime.sqlite_storage import SqliteStorage


def killed_at(step: int, work: Callable[..., None], *arguments: Any) -> bool:
    """Do the work in a process that is killed before its n-th such step; whether it came to it."""
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_work_until, args=(step, work, arguments))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def _work_until(step: int, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    left = step

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def before(*given: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*given, **named)

        return before

    for module, name in ((os, "replace"), (os, "fsync"), (SqliteStorage, "append")):
        setattr(module, name, counted(getattr(module, name)))
    work(*arguments)
