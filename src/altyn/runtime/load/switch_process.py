"""The switch under load: the real `altyn serve` in a process of its own, with settings made for it.

One acquirer link that listens and asks for no sign-on, one issuer link that connects, one BIN, one
currency, no cap: whatever is measured is the switch and not a scheme's rules. Every check and every
flush is on.
"""

import socket
import subprocess
import sys
import time
from itertools import repeat
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from altyn.message import load_codec
from altyn.runtime.load.frame_layout import DIALECT
from altyn.runtime.load.load_session import AcquirerLine, LoadSession
from altyn.runtime.load.process_usage import family, memory_bytes
from altyn.runtime.load.request_book import ACQUIRER_ID, BIN_PREFIX
from altyn.runtime.output import UserError

__all__ = ["SCHEME_ID", "SwitchPlan", "SwitchProcess", "free_port", "program"]

SCHEME_ID: Final = "LOAD"
_START_S: Final = 30.0
_STOP_S: Final = 60.0
_PROBE_REPLY_S: Final = 2.0
_BETWEEN_PROBES_S: Final = 0.05
_LAST_WORDS_LINES: Final = 3
_READ_BYTES: Final = 1 << 16

_PROGRAM: Final = "from altyn.runtime.cli import main; main(prog_name='altyn')"

_SETTINGS: Final = """\
scheme = "scheme.toml"
[journal]
{journal}
extra_flush_ms = {extra_flush_ms}
[limits]
connections_per_link_max = 512
[status]
file = "data/status.json"
[control]
socket = "data/control.sock"
[[link]]
id = "acquirer"
participant = "LOADACQ"
mode = "listen"
host = "127.0.0.1"
port = {acquirer_port}
dialect = "{dialect}"
framing = "binary2"
sign_on = "none"
echo_interval_s = 0
[[link]]
id = "issuer"
participant = "LOADISS"
mode = "connect"
host = "127.0.0.1"
port = {issuer_port}
dialect = "{dialect}"
framing = "binary2"
sign_on = "none"
echo_interval_s = 0
"""

_SCHEME: Final = """\
[scheme]
id = "{scheme_id}"
name = "Load scheme"
institution_id = "900001"
timezone = "UTC"
cut_over_time = ""
cross_border_currency = "EUR"
[[participant]]
id = "LOADACQ"
name = "Load acquirer"
country = "FI"
currency = "EUR"
roles = ["acquirer"]
institution_ids = ["{acquirer_id}"]
state = "active"
[[participant]]
id = "LOADISS"
name = "Load issuer"
country = "FI"
currency = "EUR"
roles = ["issuer"]
institution_ids = []
state = "active"
[[bin]]
prefix = "{bin_prefix}"
participant = "LOADISS"
product = "LOAD"
currency = "EUR"
pan_lengths = [16]
"""


class SwitchPlan(NamedTuple):
    """Where a switch is to run: its folder, its ports, how much slower each flush is made, and the
    address of its journal when that is a database."""

    folder: Path
    acquirer_port: int
    issuer_port: int
    extra_flush_ms: int = 0
    address: str = ""

    @property
    def settings_path(self) -> Path:
        """The settings that `altyn serve -c` reads."""
        return self.folder / "altyn.toml"

    @property
    def journal_path(self) -> Path:
        """The journal that the switch writes."""
        return self.folder / "data" / "journal.db"

    @property
    def journal(self) -> str:
        """The journal by what names it: its file, or its address."""
        return self.address or str(self.journal_path)

    @property
    def log_path(self) -> Path:
        """What the switch says while it runs."""
        return self.folder / "serve.log"

    def write(self) -> None:
        """Write both configuration files."""
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = _SETTINGS.format(
            acquirer_port=self.acquirer_port,
            issuer_port=self.issuer_port,
            journal=f'address = "{self.address}"' if self.address else 'path = "data/journal.db"',
            extra_flush_ms=self.extra_flush_ms,
            dialect=DIALECT,
        )
        scheme = _SCHEME.format(scheme_id=SCHEME_ID, acquirer_id=ACQUIRER_ID, bin_prefix=BIN_PREFIX)
        self.settings_path.write_text(settings, encoding="utf-8")
        (self.folder / "scheme.toml").write_text(scheme, encoding="utf-8")


class SwitchProcess:
    """A running switch; leaving the context stops it."""

    def __init__(self, plan: SwitchPlan) -> None:
        """Write the settings and start the process. It is not ready yet."""
        plan.write()
        self.plan = plan
        # The log outlives us when the folder is kept; the process holds its own descriptor.
        with plan.log_path.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                program("serve", "-c", str(plan.settings_path)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.process_id = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def probe(self) -> LoadSession:
        """Wait until a purchase is approved; gives the session that asked.

        Raises UserError when the switch ends, or approves nothing within 30 seconds.
        """
        session = LoadSession(load_codec(DIALECT))
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise UserError(
                    f"the switch ended while starting: {self.last_words()}",
                    where=str(self.plan.log_path),
                    do="read the log; with --keep DIR it stays",
                )
            if self._approves(session):
                return session
            time.sleep(_BETWEEN_PROBES_S)
        raise UserError(
            "the switch approved nothing within 30 seconds",
            where=str(self.plan.log_path),
            do="see whether its issuer link could connect; with --keep DIR the log stays",
        )

    def _approves(self, session: LoadSession) -> bool:
        """Whether one purchase is approved, on a connection of its own."""
        instant = time.gmtime()
        session.tell_time(time.strftime("%m%d", instant), time.strftime("%H%M%S", instant))
        line = AcquirerLine(9999)
        address = ("127.0.0.1", self.plan.acquirer_port)
        before = session.codes_outside[b"00"]
        try:
            with socket.create_connection(address, _PROBE_REPLY_S) as connected:
                connected.sendall(session.requests(line, repeat(0.0, 1)))
                while line.pending:
                    data = connected.recv(_READ_BYTES)
                    if not data:
                        return False
                    session.receive(line, data, 0.0)
        except OSError:
            return False
        return session.codes_outside[b"00"] > before

    def memory_bytes(self) -> int:
        """Resident memory of the switch, of all its processes."""
        return memory_bytes(family(self.process_id))

    def wait(self) -> None:
        """Wait until the switch ends by itself."""
        self._process.wait()

    def kill(self) -> None:
        """End the switch at once, as a power cut would (SIGKILL)."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask the switch to end, and wait; gives its exit code. Raises UserError if it does not."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired as error:
                self._process.kill()
                self._process.wait()
                raise UserError(
                    "the switch did not stop within 60 seconds and was killed",
                    where=str(self.plan.log_path),
                    do="please report it",
                ) from error
        return self._process.returncode

    def last_words(self) -> str:
        """The last error in the switch's log, or its last line, on one line.

        It holds no card data, as every log of Altyn. What follows an error explains it.
        """
        text = self.plan.log_path.read_text(encoding="utf-8", errors="replace")
        lines = [" ".join(line.split()) for line in text.split("\n") if line.strip()]
        errors = [place for place, line in enumerate(lines) if line.startswith("error:")]
        said = lines[errors[-1] :][:_LAST_WORDS_LINES] if errors else lines[-1:]
        return " ".join(said) or "it said nothing"


def program(*arguments: str) -> list[str]:
    """The command that runs this very `altyn` with the arguments."""
    return [
        sys.executable,
        "-c",
        "from altyn.runtime.cli import main; main(prog_name='altyn')",
        *arguments,
    ]


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
