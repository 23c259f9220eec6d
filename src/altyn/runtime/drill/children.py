"""The processes of a drill: each takes orders on its input, reports on its output, and never
outlives the drill, because the end of its input ends it."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final, Self

from altyn.runtime.drill.drill_scheme import DrillFiles
from altyn.runtime.drill.switch_child import READY
from altyn.runtime.drill.write_points import KillPoint
from altyn.runtime.output import UserError

__all__ = ["ReportingChild", "SwitchChild"]

START_S: Final = 60.0
STOP_S: Final = 30.0


async def _spawn(module: str, *arguments: str, errors: Path) -> asyncio.subprocess.Process:
    """A process of a module; what it says of errors is appended to a file."""
    with errors.open("ab") as said:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=said,
            start_new_session=True,
        )


class ReportingChild:
    """Banks or the proxy: orders go in, and `figures` is the last line that came out."""

    def __init__(self, process: asyncio.subprocess.Process, errors: Path) -> None:
        """Follow what it reports."""
        self._process = process
        self._errors = errors
        self.figures: dict[str, Any] = {}
        self.unreadable = 0
        self.told = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, module: str, option: str, path: Path) -> Self:
        """Start a module with its plan."""
        errors = path.with_suffix(".errors.txt")
        return cls(await _spawn(module, option, str(path), errors=errors), errors)

    async def _read(self) -> None:
        assert self._process.stdout is not None, "the output is a pipe"
        async for line in self._process.stdout:
            report = json.loads(line)
            if "unreadable" in report:
                self.unreadable += 1
                continue
            self.figures = report
            self.told.set()

    def check(self) -> None:
        """Raise UserError when the process has ended by itself."""
        if self._process.returncode is not None:
            raise UserError("a process of the drill ended", where=str(self._errors))

    def order(self, name: str) -> None:
        """Give an order."""
        if self._process.stdin is not None:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.write(json.dumps({"order": name}).encode() + b"\n")

    async def next_figures(self) -> dict[str, Any]:
        """The figures, as soon as they come anew. Raises UserError when they do not."""
        self.told.clear()
        try:
            await asyncio.wait_for(self.told.wait(), STOP_S)
        except TimeoutError as error:
            raise UserError("a process of the drill is silent", where=str(self._errors)) from error
        return self.figures

    async def stop(self) -> None:
        """End it in order, by force if it must be."""
        if self._process.stdin is not None:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.close()
        await _ended(self._process)
        await self._reading


class SwitchChild:
    """One life of the switch. It loads the program at once and opens nothing before `go`."""

    def __init__(
        self, process: asyncio.subprocess.Process, point: KillPoint | None, node: int
    ) -> None:
        """point: where it will kill itself, if it will; node: whose settings it has."""
        self._process = process
        self.point = point
        self.node = node
        self.ready_s = 0.0
        self._serves: bool | None = None

    @classmethod
    async def load(
        cls, module: str, files: DrillFiles, node: int, point: KillPoint | None, *, standby: bool
    ) -> Self:
        """Start a process that waits for its turn."""
        process = await _spawn(
            module,
            "--config",
            str(files.nodes[node]),
            "--parent",
            str(os.getpid()),
            *(("--kill-at", str(point)) if point else ()),
            *(("--standby",) if standby else ()),
            "--wait",
            errors=files.scheme.folder / "logs" / "switch.out",
        )
        return cls(process, point, node)

    async def go(self) -> bool:
        """Begin; True when it serves, False when it has ended before."""
        if self._serves is None:
            self._serves = await self._begin()
        return self._serves

    async def _begin(self) -> bool:
        assert self._process.stdin is not None, "the input is a pipe"
        assert self._process.stdout is not None, "the output is a pipe"
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(b"go\n")
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), START_S)
        except TimeoutError as error:
            raise UserError("the switch did not come to serve", do="look into its log") from error
        self.ready_s = time.monotonic() - began
        return line.decode().strip() == READY

    def pause(self) -> None:
        """Stop it where it stands, as a machine that stalls does."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on as if nothing had been."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """kill -9."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def terminate(self) -> None:
        """Ask it to stop in order."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    async def ended(self, patience_s: float) -> int | None:
        """Its exit code, negative for a signal; None when it still runs after so many seconds."""
        try:
            return await asyncio.wait_for(self._process.wait(), patience_s)
        except TimeoutError:
            return None

    async def stop(self) -> None:
        """End it whatever it does."""
        self.kill()
        await self._process.wait()


async def _ended(process: asyncio.subprocess.Process) -> None:
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
