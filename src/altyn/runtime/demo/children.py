"""The processes of the demonstration: the switch and the banks, none of which outlives it.

A bank stops when its standard input ends, which happens however the parent dies. The switch is
told by the kernel (`bound_process`) and by `stop`.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from altyn.runtime.demo.bank_spec import BankSpec, write_bank_spec
from altyn.runtime.output import UserError

__all__ = ["BankChild", "ProgramChild", "run_altyn", "run_altyn_killed"]

STOP_PATIENCE_S: Final = 10.0
LOOK_EVERY_S: Final = 0.005
REPORT_BYTES_MAX: Final = 16 * 1024 * 1024
_ALTYN: Final = (sys.executable, "-c", "from altyn.runtime.cli import main; main()")

Report = dict[str, Any]


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait for the end of a process that was told to stop; one that will not is killed."""
    try:
        await asyncio.wait_for(process.wait(), STOP_PATIENCE_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class BankChild:
    """A bank process: orders go in, reports come out to `heard`."""

    def __init__(self, spec: BankSpec, folder: Path, heard: Callable[[str, Report], None]) -> None:
        """Not started yet; the spec file goes into `folder`."""
        self.spec = spec
        self._path = folder / f"{spec.name}.spec.json"
        self._errors = folder / f"{spec.name}.errors.txt"
        self._heard = heard
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Write the spec and start the process."""
        write_bank_spec(self._path, self.spec)
        with self._errors.open("wb") as errors:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "altyn.runtime.demo.bank_process",
                "--spec",
                str(self._path),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                limit=REPORT_BYTES_MAX,
                start_new_session=True,
            )
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process is not None, "reading begins after the start"
        assert self._process.stdout is not None, "the output is a pipe"
        async for line in self._process.stdout:
            self._heard(self.spec.name, json.loads(line))
        self._heard(self.spec.name, {"report": "ended", "errors": str(self._errors)})

    def order(self, name: str, **details: str) -> None:
        """Give an order; a process that is gone does not hear it."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.write(json.dumps({"order": name, **details}).encode() + b"\n")

    async def stop(self) -> None:
        """End the process in order, by force if it must be."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.close()
        await _ended(self._process)
        if self._reading is not None:
            await self._reading


class ProgramChild:
    """A command of the program as a process, such as the real `altyn serve -c FILE`; its output
    goes into a file."""

    def __init__(self, name: str, arguments: Iterable[str], output: Path) -> None:
        """Not started yet; `name` is what people call it."""
        self._name = name
        self._arguments = tuple(arguments)
        self._output = output
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process; the switch is not ready before its control channel answers."""
        with self._output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "altyn.runtime.demo.bound_process",
                str(os.getpid()),
                *self._arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raise UserError when the process has ended."""
        if self._process is not None and self._process.returncode is not None:
            raise UserError(
                f"{self._name} ended with exit code {self._process.returncode}",
                where=str(self._output),
                do="its last lines say why",
            )

    async def stop(self) -> None:
        """End the process in order, by force if it must be."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        await _ended(self._process)


async def run_altyn(*arguments: str) -> tuple[int, str, str]:
    """Run another command of the program to its end; exit code, output and errors as text."""
    process = await asyncio.create_subprocess_exec(
        *_ALTYN,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    return process.returncode or 0, output.decode(), errors.decode()


async def run_altyn_killed(*arguments: str, when: Callable[[], bool]) -> bool:
    """Run another command and kill it (SIGKILL) as soon as `when` holds; whether it was killed.

    It may also end before that.
    """
    process = await asyncio.create_subprocess_exec(
        *_ALTYN,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    ended = asyncio.create_task(process.wait())
    try:
        while not ended.done() and not when():
            await asyncio.wait((ended,), timeout=LOOK_EVERY_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await ended
    return process.returncode == -signal.SIGKILL
