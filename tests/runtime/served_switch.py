"""The real `altyn serve` in a process of its own, and a witness that speaks to it.

The witness writes and reads ISO 8583 with pyiso8583 and its own field table; it shares no code
with what it tests.
"""

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import iso8583
from iso8583 import specs

WITNESS_TABLE = specs.default
PATIENCE_S = 20.0
SEA, HILL = "400101", "400102"
SEA_CARD, HILL_CARD = "9900010000000019", "9900020000000018"

SCHEME = """\
[scheme]
id = "WITNESS"
name = "Witnessed scheme"
institution_id = "900001"
timezone = "UTC"
cut_over_time = ""
cross_border_currency = "USD"
[[participant]]
id = "SEATR"
name = "Sea Bank"
country = "TR"
currency = "TRY"
roles = ["issuer", "acquirer"]
institution_ids = ["400101"]
[[participant]]
id = "HILLTR"
name = "Hill Bank"
country = "TR"
currency = "TRY"
roles = ["issuer", "acquirer"]
institution_ids = ["400102"]
[[bin]]
prefix = "990001"
participant = "SEATR"
product = "CLASSIC"
currency = "TRY"
pan_lengths = [16]
[[bin]]
prefix = "990002"
participant = "HILLTR"
product = "CLASSIC"
currency = "TRY"
pan_lengths = [16]
[[rate]]
id = "R-1"
base = "USD"
quote = "TRY"
value = "40.00"
effective = "2026-01-01T00:00:00Z"
"""


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def link_table(link_id: str, participant: str, port: int, **options: object) -> str:
    """A [[link]] of the settings file."""
    keys: dict[str, object] = {
        "id": link_id,
        "participant": participant,
        "mode": "listen",
        "host": "127.0.0.1",
        "port": port,
        "echo_interval_s": 0,
        **options,
    }
    return "[[link]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())


@dataclass
class ServedSwitch:
    """A switch process over one folder; it can be stopped, killed and started again."""

    folder: Path
    links: dict[str, str]
    limits: dict[str, int] = field(default_factory=dict)
    scheme: str = SCHEME
    journal: dict[str, int | str] = field(default_factory=dict)
    wrapper: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def settings_path(self) -> Path:
        """The settings file."""
        return self.folder / "altyn.toml"

    @property
    def log(self) -> str:
        """Everything the process said so far."""
        return (self.folder / "serve.log").read_text(encoding="utf-8")

    def write(self) -> None:
        """Write both configuration files."""
        limits = "".join(f"{key} = {value}\n" for key, value in self.limits.items())
        journal = "".join(f"{key} = {json.dumps(value)}\n" for key, value in self.journal.items())
        tables = f"[limits]\n{limits}[journal]\n{journal}"
        self.settings_path.write_text(tables + "".join(self.links.values()))
        (self.folder / "scheme.toml").write_text(self.scheme)

    def start(self) -> None:
        """Start the process and wait until it serves."""
        self.launch()
        self.wait_until(lambda: "Altyn serves" in self.log)

    def launch(self) -> None:
        """Start the process."""
        program = "from altyn.runtime.cli import main; main(prog_name='altyn')"
        serve = ("serve", "-c", str(self.settings_path), *self.options)
        self.run([sys.executable, "-c", program, *serve])

    def run(self, command: list[str]) -> None:
        """Start a process, under `wrapper` if there is one."""
        self.write()
        # A process that is started anew must not find the words of the one before.
        with (self.folder / "serve.log").open("wb") as log:
            self.process = subprocess.Popen(
                [*self.wrapper, *command], stdout=log, stderr=subprocess.STDOUT
            )

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait for something to hold; the switch has no cause to take long."""
        until = time.monotonic() + PATIENCE_S
        while not holds():
            assert self.process is not None
            assert self.process.poll() is None, f"the switch ended: {self.log}"
            assert time.monotonic() < until, f"the switch never came so far: {self.log}"
            time.sleep(0.01)

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        """Stop in order; gives the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        """End the process as a power cut would."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE_S)

    def order(self, name: str, **words: object) -> dict[str, Any]:
        """Give an order over the control socket."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_S)
            connection.connect(str(self.folder / "data" / "control.sock"))
            connection.sendall(json.dumps({"order": name, **words}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(connection.makefile().readline())
        return answer

    def alarms(self) -> list[str]:
        """The names of the alarms in the log."""
        return re.findall(r'"event": "([a-z-]+)"', self.log)


@contextlib.contextmanager
def serving(folder: Path, links: dict[str, str], **limits: int) -> Iterator[ServedSwitch]:
    """A switch that serves, and is gone afterwards."""
    switch = ServedSwitch(folder, links, limits)
    try:
        switch.start()
        yield switch
    finally:
        switch.kill()


Fields = dict[str, str]


class Witness:
    """A participant on one TCP connection."""

    def __init__(self, port: int, institution: str) -> None:
        self.institution = institution
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self.stan = 0

    def __enter__(self) -> "Witness":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, document: Fields) -> None:
        """Send a message behind its length."""
        self.socket.sendall(frame(document))

    def receive(self) -> Fields:
        """The next message."""
        length = int.from_bytes(self._exactly(2), "big")
        document, _ = iso8583.decode(self._exactly(length), WITNESS_TABLE)
        return {key: value for key, value in document.items() if key not in ("h", "p", "1")}

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            received = self.socket.recv(count - len(data))
            if not received:
                raise ConnectionError("the switch closed the connection")
            data += received
        return data

    def is_closed(self) -> bool:
        """Whether the switch closes the connection without another word; waits for it."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def ask(self, document: Fields) -> Fields:
        """Send and wait for the next message."""
        self.send(document)
        return self.receive()

    def network(self, code: str, **changes: str) -> Fields:
        """A network management request of this participant."""
        self.stan += 1
        return {
            "t": "0800",
            "7": transmission(),
            "11": f"{self.stan:06d}",
            "33": self.institution,
            "70": code,
        } | {key.removeprefix("f"): value for key, value in changes.items()}

    def sign_on(self) -> None:
        """Sign on, and see it accepted."""
        answer = self.ask(self.network("001"))
        assert (answer["t"], answer["39"]) == ("0810", "00")

    def request(self, card: str, amount: int, mti: str = "0200", **changes: str) -> Fields:
        """A request for a purchase in lira; changes are fields as f4="...", "" takes one out."""
        self.stan += 1
        document = {
            "t": mti,
            "2": card,
            "3": "000000",
            "4": f"{amount:012d}",
            "7": transmission(),
            "11": f"{self.stan:06d}",
            "12": "101112",
            "13": "0705",
            "14": "4912",
            "18": "5411",
            "22": "051",
            "25": "00",
            "32": self.institution,
            "37": f"RRN{self.stan:09d}",
            "41": "TERM0001",
            "42": "MERCHANT0000001",
            "43": "Corner shop".ljust(38) + "TR",
            "49": "949",
        } | {key.removeprefix("f"): value for key, value in changes.items()}
        return {key: value for key, value in document.items() if value}

    def reversal(self, original: Fields, **changes: str) -> Fields:
        """A reversal of a request, by DE90."""
        named = original["t"] + original["11"] + original["7"]
        named += original["32"].rjust(11, "0") + "0" * 11
        return self.request(
            original["2"],
            int(original["4"]),
            "0400",
            f37=original["37"],
            f90=named,
            **changes,
        )


def transmission() -> str:
    """DE7 of now."""
    return time.strftime("%m%d%H%M%S", time.gmtime())


def frame(document: Fields) -> bytes:
    """A message behind its length of two bytes."""
    data, _ = iso8583.encode(dict(document), WITNESS_TABLE)
    return len(data).to_bytes(2, "big") + bytes(data)


def answer_to(request: Fields, code: str, **changes: str) -> Fields:
    """An issuer's answer: the key fields again and a response code."""
    echoed = ("2", "3", "4", "7", "11", "12", "13", "32", "33", "37", "41", "42", "49")
    reply = {key: request[key] for key in echoed if key in request}
    reply |= {"t": request["t"][:2] + str(int(request["t"][2]) + 1) + "0", "39": code}
    if code == "00" and request["t"] in ("0100", "0200"):
        reply["38"] = f"A{request['11'][1:]}"
    return reply | {key.removeprefix("f"): value for key, value in changes.items()}
