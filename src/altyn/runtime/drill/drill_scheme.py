"""The files of a drill: the demonstration's scheme, with every line led through the proxy.

Deadlines are short, so that a line that carries nothing is felt within the drill; snapshots are
frequent, so that kills meet them.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final, NamedTuple

from altyn.runtime.demo.bank_spec import BankSpec
from altyn.runtime.demo.scheme_files import HOST, BankLink, DemoScheme, free_ports, write_scheme
from altyn.runtime.drill.fault_proxy import Route
from altyn.simulators import TRANSACTIONS_MIN

__all__ = ["DrillFiles", "write_drill"]

REPLY_TIMEOUT_MS: Final = 1_500
ANSWER_TIMEOUT_MS: Final = 3_000
REPEATS_MAX: Final = 2
ECHO_INTERVAL_S: Final = 2
SNAPSHOT_EVERY_ENTRIES: Final = 1_500
WINDOW: Final = 4
"""Plays that an acquirer has under way at once."""


class DrillFiles(NamedTuple):
    """Where the parts of a drill are."""

    scheme: DemoScheme
    proxy_plan: Path
    acquirers: Path
    issuers: Path

    @property
    def acquirer_logs(self) -> list[Path]:
        """What the acquirers wrote down."""
        return sorted((self.scheme.folder / "logs").glob("*-acquirer.jsonl"))

    @property
    def issuer_logs(self) -> list[Path]:
        """What the issuers wrote down."""
        return sorted((self.scheme.folder / "logs").glob("*-issuer.jsonl"))


def write_drill(folder: Path, seed: str, faults: tuple[str, ...], journal: str) -> DrillFiles:
    """Write every file into an empty folder; `journal` is the [journal] table's first line."""
    scheme = write_scheme(folder, seed, TRANSACTIONS_MIN)
    scheme.settings.write_text(_settings_text(scheme, journal), encoding="utf-8")
    ports = free_ports(len(scheme.links))
    routes = [_route(link, port) for link, port in zip(scheme.links, ports, strict=True)]
    files = DrillFiles(
        scheme, folder / "proxy.json", folder / "acquirers.json", folder / "issuers.json"
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


def _route(link: BankLink, port: int) -> Route:
    """The proxy stands where whoever dials looks: before the switch, or before the bank."""
    return Route(port, link.port) if link.mode == "listen" else Route(link.port, port)


def _spec(scheme: DemoScheme, link: BankLink, route: Route, seed: str) -> BankSpec:
    return BankSpec(
        name=link.name,
        bank_id=link.bank.bank_id,
        role="issuer" if link.role == "issuer" else "acquirer",
        port=route.listen if link.mode == "listen" else route.upstream,
        mode="connect" if link.mode == "listen" else "listen",
        seed=seed,
        window=WINDOW,
        log=str(scheme.folder.absolute() / "logs" / f"{link.name}.jsonl"),
        answer_timeout_ms=ANSWER_TIMEOUT_MS,
        repeats_max=REPEATS_MAX,
    )


def _settings_text(scheme: DemoScheme, journal: str) -> str:
    head = f"""\
# Settings of a fault drill, written by `altyn drill`.
scheme = "scheme.toml"

[journal]
{journal}
snapshot_every_entries = {SNAPSHOT_EVERY_ENTRIES}

[log]
level = "info"
file = "logs/switch.log"

[control]
socket = "{scheme.control_socket}"
"""
    return head + "".join(_link_text(link) for link in scheme.links)


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
