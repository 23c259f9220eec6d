"""The files of a drill: the demonstration's scheme, with every line led through the proxy.

Deadlines are short, so that a line that carries nothing is felt within the drill; snapshots are
frequent, so that kills meet them.
"""

import json
import random
import socket
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final, NamedTuple

from altyn.runtime.demo.bank_spec import BankSpec
from altyn.runtime.demo.scheme_files import HOST, BankLink, DemoScheme, write_scheme
from altyn.runtime.drill.fault_proxy import Route
from altyn.simulators import TRANSACTIONS_MIN

__all__ = ["DrillFiles", "write_drill"]

REPLY_TIMEOUT_MS: Final = 1_500
ANSWER_TIMEOUT_MS: Final = 3_000
REPEATS_MAX: Final = 2
ECHO_INTERVAL_S: Final = 2
SNAPSHOT_EVERY_ENTRIES: Final = 600
QUIET_PORTS: Final = (15_000, 30_000)
"""Below those that Linux gives to outgoing connections (ip_local_port_range)."""

WINDOW: Final = 4
"""Plays that an acquirer has under way at once."""


class DrillFiles(NamedTuple):
    """Where the parts of a drill are; `nodes` are two settings of one switch, on other ports."""

    scheme: DemoScheme
    nodes: tuple[Path, Path]
    proxy_plan: Path
    acquirers: Path
    issuers: Path

    def control_socket(self, node: int) -> Path:
        """Where a node takes orders."""
        return control_socket(self.scheme, node)

    @property
    def acquirer_logs(self) -> list[Path]:
        """What the acquirers wrote down."""
        return sorted((self.scheme.folder / "logs").glob("*-acquirer.jsonl"))

    @property
    def issuer_logs(self) -> list[Path]:
        """What the issuers wrote down."""
        return sorted((self.scheme.folder / "logs").glob("*-issuer.jsonl"))


def control_socket(scheme: DemoScheme, node: int) -> Path:
    """The control sockets lie beside each other."""
    socket = scheme.control_socket
    return socket.with_name(f"{node}.sock") if node else socket


def write_drill(folder: Path, seed: str, faults: tuple[str, ...], journal: str) -> DrillFiles:
    """Write every file into an empty folder; `journal` is where it is, in the [journal] table."""
    scheme = write_scheme(folder, seed, TRANSACTIONS_MIN)
    count = len(scheme.links)
    ports = _quiet_ports(3 * count)
    nodes_links = [
        _moved(scheme.links, ports[:count]),
        _moved(scheme.links, ports[count : 2 * count]),
    ]
    lines = list(zip(*nodes_links, ports[2 * count :], strict=True))
    routes = [_route(one, other, port) for one, other, port in lines]
    nodes = scheme.settings, scheme.settings.with_name("other.toml")
    for number, links in enumerate(nodes_links):
        text = _settings_text(control_socket(scheme, number), number, links, journal)
        nodes[number].write_text(text, encoding="utf-8")
    files = DrillFiles(
        scheme, nodes, folder / "proxy.json", folder / "acquirers.json", folder / "issuers.json"
    )
    proxy_plan = {"routes": routes, "faults": faults, "seed": seed}
    files.proxy_plan.write_text(json.dumps(proxy_plan), encoding="utf-8")
    for path, role in ((files.acquirers, "acquirer"), (files.issuers, "issuer")):
        specs = [
            asdict(_spec(scheme, link, route, seed))
            for link, route in zip(scheme.links, routes, strict=True)
            if link.role == role
        ]
        plan = {"banks": specs, "first_day": 0}
        path.write_text(json.dumps(plan, indent=2) + "\n", encoding="utf-8")
    return files


def _quiet_ports(count: int) -> list[int]:
    """Ports that nobody listens on and that the system gives to no outgoing connection: those of a
    node are free while the other one serves, and must be so still when it is its turn again."""
    with ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            port = random.randrange(*QUIET_PORTS)  # noqa: S311 any will do
            with suppress(OSError):
                held.enter_context(socket.create_server((HOST, port)))
                found.append(port)
        return found


def _moved(links: tuple[BankLink, ...], ports: list[int]) -> tuple[BankLink, ...]:
    """The links of one node, on ports of its own where it listens."""
    return tuple(
        replace(link, port=port) if link.mode == "listen" else link
        for link, port in zip(links, ports, strict=True)
    )


def _route(one: BankLink, other: BankLink, port: int) -> Route:
    """The proxy stands where whoever dials looks: before the two nodes, or before the bank."""
    if one.mode == "listen":
        return Route(port, (one.port, other.port))
    return Route(one.port, (port, port))


def _spec(scheme: DemoScheme, link: BankLink, route: Route, seed: str) -> BankSpec:
    return BankSpec(
        name=link.name,
        bank_id=link.bank.bank_id,
        role="issuer" if link.role == "issuer" else "acquirer",
        port=route.listen if link.mode == "listen" else route.upstreams[0],
        mode="connect" if link.mode == "listen" else "listen",
        seed=seed,
        window=WINDOW,
        log=str(scheme.folder.absolute() / "logs" / f"{link.name}.jsonl"),
        answer_timeout_ms=ANSWER_TIMEOUT_MS,
        repeats_max=REPEATS_MAX,
    )


def _settings_text(control: Path, number: int, links: tuple[BankLink, ...], journal: str) -> str:
    head = f"""\
# Settings of a fault drill, written by `altyn drill`.
scheme = "scheme.toml"

[journal]
{journal}
snapshot_every_entries = {SNAPSHOT_EVERY_ENTRIES}

[log]
level = "info"
file = "logs/switch.log"

[status]
file = "data/status-{number}.json"

[control]
socket = "{control}"
"""
    return head + "".join(_link_text(link) for link in links)


def _link_text(link: BankLink) -> str:
    return f"""
[[link]]
id = "{link.name}"
participant = "{link.bank.bank_id}"
mode = "{link.mode}"
host = "{HOST}"
port = {link.port}
carries = "{"acquiring" if link.role == "acquirer" else "issuing"}"
reply_timeout_ms = {REPLY_TIMEOUT_MS}
reply_timeout_atm_ms = {REPLY_TIMEOUT_MS}
echo_interval_s = {ECHO_INTERVAL_S}
"""
