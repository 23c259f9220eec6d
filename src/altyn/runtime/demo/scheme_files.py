"""The two files of the demonstration's scheme, in the form `altyn serve` reads.

They are ordinary settings and an ordinary scheme file: `altyn check` accepts them, and whoever
looks at them after the demonstration sees a scheme to begin from.
"""

import json
import socket
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from os import fsencode
from pathlib import Path
from typing import Final

from altyn.runtime.demo.clearing_files import (
    noon_zone,
    write_clearing_rules,
    write_settlement_bank,
)
from altyn.simulators import (
    AWAY_ISSUER,
    BANKS,
    CAPPED_CURRENCY,
    CAPPED_ISSUER,
    MARKET_RATES,
    TRANSACTIONS_MIN,
    Bank,
    Day,
    Moment,
    Play,
    TradeSide,
    bank_of,
    net_debit_cap,
    purchase,
)

__all__ = [
    "HOST",
    "SCHEME_INSTITUTION_ID",
    "BankLink",
    "DemoScheme",
    "write_example",
    "write_scheme",
]

HOST: Final = "127.0.0.1"
SCHEME_INSTITUTION_ID: Final = "900001"
# sockaddr_un holds 108 bytes with the closing NUL (Linux, unix(7)).
SOCKET_PATH_BYTES_MAX: Final = 107


@dataclass(frozen=True, slots=True)
class BankLink:
    """One line of one bank: `mode` is the switch's side of it, listen or connect."""

    name: str
    bank: Bank
    role: str
    mode: str
    port: int


@dataclass(frozen=True, slots=True)
class DemoScheme:
    """Where the parts of a demonstration are."""

    folder: Path
    settings: Path
    journal: Path
    control_socket: Path
    links: tuple[BankLink, ...]

    @property
    def outbox(self) -> Path:
        """Where orders for the settlement bank lie."""
        return self.folder / "settlement" / "outbox"

    @property
    def inbox(self) -> Path:
        """Where the settlement bank's answers lie."""
        return self.folder / "settlement" / "inbox"

    def bank_arguments(self) -> tuple[str, ...]:
        """The order that runs the simulated settlement bank."""
        named = {
            "--outbox": self.outbox,
            "--inbox": self.inbox,
            "--books": self.folder / "settlement-bank" / "books.json",
            "--accounts": self.folder / "settlement-bank.csv",
        }
        return ("bank", *(word for name, path in named.items() for word in (name, str(path))))


def write_scheme(folder: Path, seed: str, transactions: int) -> DemoScheme:
    """Write altyn.toml and scheme.toml into an empty folder, with ports that are free now."""
    links = _links()
    scheme = DemoScheme(
        folder=folder,
        settings=folder / "altyn.toml",
        journal=folder / "data" / "journal.db",
        control_socket=_socket_path(folder),
        links=links,
    )
    for name in ("data", "logs", "banks", "settlement/outbox", "settlement/inbox"):
        (folder / name).mkdir(parents=True)
    scheme.settings.write_text(_settings_text(scheme), encoding="utf-8")
    now = datetime.now(UTC)
    text = _scheme_text(seed, transactions, noon_zone(now))
    (folder / "scheme.toml").write_text(text, encoding="utf-8")
    write_clearing_rules(folder / "clearing.toml", now.year)
    write_settlement_bank(folder / "settlement-bank.csv")
    return scheme


def write_example(scheme: DemoScheme, seed: str) -> Path:
    """A purchase on an invented card as JSON, in the form that `altyn message encode` reads."""
    link = next(link for link in scheme.links if link.role == "acquirer")
    play = _purchase_on_own_card(seed, link.bank.bank_id)
    side = TradeSide(link.bank.institution_id, link.bank.utc_offset_hours)
    # The bank's own trace numbers begin at 1 and never come so far in a demonstration.
    moment = Moment(datetime.now(UTC), 0)
    message = purchase(side, play._replace(entry_mode="012"), play.steps[0], "990001", moment)
    fields = {str(number): value for number, value in message.fields.items()}
    data = {"dialect": "altyn87", "mti": message.mti, "fields": fields}
    path = scheme.folder / "purchase.json"
    path.touch(mode=0o600)  # it has a whole card number, if an invented one
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return path


def _purchase_on_own_card(seed: str, bank_id: str) -> Play:
    """The first one of the morning, on the smallest day that has one: one small day in ten has
    none."""
    transactions = TRANSACTIONS_MIN
    while True:
        for play in Day(seed, transactions, bank_id).plays("morning"):
            if play.kind == "purchase-dual" and play.card.issuer_id == bank_id:
                return play
        transactions *= 10


def _links() -> tuple[BankLink, ...]:
    # The switch reaches a participant over its first line in service: the issuer's comes first.
    wanted = [
        (bank, role)
        for bank in BANKS
        for role in ("issuer", "acquirer")
        if (bank.acquires if role == "acquirer" else bank.issues)
    ]
    ports = _free_ports(len(wanted))
    return tuple(
        BankLink(f"{bank.bank_id.lower()}-{role}", bank, role, _mode(bank, role), port)
        for (bank, role), port in zip(wanted, ports, strict=True)
    )


def _mode(bank: Bank, role: str) -> str:
    """One issuer waits for the switch to connect; all others connect to the switch."""
    return "connect" if (bank.bank_id, role) == (CAPPED_ISSUER, "issuer") else "listen"


def _free_ports(count: int) -> list[int]:
    """Ports nobody listens on now; all are held while they are chosen, so they differ."""
    with ExitStack() as held:
        ports = []
        for _ in range(count):
            holder = held.enter_context(socket.socket())
            holder.bind((HOST, 0))
            ports.append(int(holder.getsockname()[1]))
        return ports


def _socket_path(folder: Path) -> Path:
    path = folder.absolute() / "data" / "control.sock"
    if len(fsencode(path)) <= SOCKET_PATH_BYTES_MAX:
        return path
    return Path(tempfile.mkdtemp(prefix="altyn-")) / "control.sock"


def _settings_text(scheme: DemoScheme) -> str:
    head = f"""\
# Settings of the demonstration's switch, written by `altyn demo`.
scheme = "scheme.toml"

[journal]
path = "data/journal.db"

[log]
level = "info"
file = "logs/switch.log"

[status]
file = "data/status.json"

[control]
socket = "{scheme.control_socket}"

[clearing]
rules = "clearing.toml"
folder = "clearing"

[settlement]
outbox = "settlement/outbox"
inbox = "settlement/inbox"
archive = "settlement/archive"
"""
    return head + "".join(_link_text(link) for link in scheme.links)


def _link_text(link: BankLink) -> str:
    return f"""
# {link.bank.name}, {link.role}
[[link]]
id = "{link.name}"
participant = "{link.bank.bank_id}"
mode = "{link.mode}"
host = "{HOST}"
port = {link.port}
sign_on = "peer"
carries = "{"acquiring" if link.role == "acquirer" else "issuing"}"
echo_interval_s = 5
"""


def _scheme_text(seed: str, transactions: int, zone: str) -> str:
    cap = net_debit_cap(seed, transactions)
    parts = [
        f"""\
# The demonstration's scheme, written by `altyn demo`. Banks, numbers and rates are invented.
[scheme]
id = "DEMO"
name = "Demonstration card scheme"
institution_id = "{SCHEME_INSTITUTION_ID}"
timezone = "{zone}"
cut_over_time = ""
cross_border_currency = "USD"
unmatched_reversal_code = "25"
rounding = "half-up"
"""
    ]
    parts += [_participant_text(bank, cap) for bank in BANKS]
    parts += [_range_text(bank) for bank in BANKS]
    for rate in MARKET_RATES:
        parts.append(
            f'\n[[rate]]\nid = "{rate.rate_id}"\nbase = "{rate.base}"\nquote = "{rate.quote}"\n'
            f'value = "{rate.value}"\neffective = "2026-01-01T00:00:00Z"\n'
        )
    parts += [_stand_in_text(currency) for currency in _billed_in(AWAY_ISSUER)]
    return "".join(parts)


def _billed_in(bank_id: str) -> list[str]:
    """The billing currencies of a bank's cards."""
    return sorted({entry.currency for entry in bank_of(bank_id).ranges})


def _stand_in_text(currency: str) -> str:
    # Limits that no day of the demonstration meets: what they refuse would depend on timing.
    return f"""
[[stand_in]]
id = "{AWAY_ISSUER}-{currency}"
participant = "{AWAY_ISSUER}"
effective = "2026-01-01T00:00:00Z"
currency = "{currency}"
amount_max = 100000000000
[[stand_in.window]]
length_s = 86400
per = "card"
amount_max = 100000000000000
count_max = 1000000
"""


def _participant_text(bank: Bank, cap: int) -> str:
    roles = [role for role, has in (("issuer", bank.issues), ("acquirer", bank.acquires)) if has]
    text = f"""
[[participant]]
id = "{bank.bank_id}"
name = "{bank.name}"
country = "{bank.country}"
currency = "{bank.currency}"
roles = [{", ".join(f'"{role}"' for role in roles)}]
institution_ids = ["{bank.institution_id}"]
"""
    if bank.bank_id == CAPPED_ISSUER:
        text += f"[participant.net_debit_caps]\n{CAPPED_CURRENCY} = {cap}\n"
    return text


def _range_text(bank: Bank) -> str:
    return "".join(
        f"""
[[bin]]
prefix = "{entry.prefix}"
participant = "{bank.bank_id}"
product = "{entry.product}"
currency = "{entry.currency}"
pan_lengths = [{entry.pan_digits}]
"""
        for entry in bank.ranges
    )
