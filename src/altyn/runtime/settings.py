"""Settings of one node: where things run. What the scheme decides is in the scheme file.

One typed, frozen object, read at the edge; paths are taken from the settings file's folder.
docs/reference/settings.md is made from the descriptions below.
"""

from dataclasses import dataclass, field
from os import fsencode
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from altyn.identifiers import LinkId, ParticipantId
from altyn.runtime.configuration.document import Document, read_document
from altyn.runtime.configuration.problem import ConfigurationError, Problem
from altyn.runtime.configuration.validation import (
    ALPHANUMERIC_8,
    Form,
    Table,
    field_problems,
    read_entries,
    read_table,
    refused,
    repeated,
    stated,
)

__all__ = [
    "ConfigurationError",
    "ControlSettings",
    "JournalSettings",
    "LimitSettings",
    "LinkSettings",
    "LogSettings",
    "Problem",
    "Settings",
    "SettingsReading",
    "StatusSettings",
    "TlsSettings",
    "load_settings",
    "read_settings",
]

# sockaddr_un holds 108 bytes with the closing NUL (Linux, unix(7)).
SOCKET_PATH_BYTES_MAX: Final = 107
OPTIONAL_TABLES: Final = ("journal", "limits", "log", "status", "control")
SQLITE_NEIGHBOURS: Final = ("-wal", "-shm", ".lock")
WILDCARD_HOSTS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, never bound here


def _resolve(path: Path, info: ValidationInfo) -> Path:
    """A path from the settings file's folder."""
    if path == Path() or "\0" in str(path):
        raise refused("a path is expected", "name a file, from the folder of this one")
    return _folder(info) / path


def _resolve_or_none(path: Path | None, info: ValidationInfo) -> Path | None:
    return None if path is None or path == Path() else _resolve(path, info)


def _resolve_dialect(value: str, info: ValidationInfo) -> str:
    """A shipped dialect stays a name; anything that looks like a file becomes an absolute path."""
    if "/" in value or value.endswith(".toml"):
        return str(_folder(info) / value)
    return value


def _folder(info: ValidationInfo) -> Path:
    assert info.context is not None, "settings are read from a file, in its folder"
    folder = info.context["folder"]
    assert isinstance(folder, Path)
    return folder


def _check_socket_path(path: Path) -> Path:
    if len(fsencode(path)) > SOCKET_PATH_BYTES_MAX:
        raise refused(
            f"the whole path is longer than the {SOCKET_PATH_BYTES_MAX} bytes a local socket takes",
            "name a shorter absolute path, such as one under /run",
        )
    return path


FilePath = Annotated[Path, AfterValidator(_resolve)]
HOST = Form(r"[A-Za-z0-9:]([A-Za-z0-9.:_-]{0,252})", "an IP address or a host name")
LINK_ID = Form(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}", "1 to 32 of A-Z, a-z, 0-9, '_', '.' and '-'")
TPDU = Form(r"([0-9A-Fa-f]{10})?", "10 hexadecimal digits, or empty")
ADDRESS = Form(
    r"(?!.*[?&]password=)(postgres(ql)?://([^:@/\s]+@)?[^@/\s]*/[A-Za-z0-9_.-]+(\?\S*)?)?",
    "postgresql://ROLE@HOST:PORT/DATABASE without a password, or nothing",
)
PEER_NAME = Form(r"([A-Za-z0-9]([A-Za-z0-9.-]{0,252}))?", "a DNS name, or empty")
FINGERPRINT = Form(
    r"[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}", "64 hexadecimal digits, with or without colons"
)
DIALECT = Form(r"[ -~]{1,255}", "the name of a shipped dialect, or the path of a TOML file")


class JournalSettings(Table):
    """Where the journal is kept."""

    path: FilePath = Field(
        "data/journal.db",
        validate_default=True,
        description="The journal as a file. Its folder is made when it is absent.",
    )
    address: Annotated[str, AfterValidator(ADDRESS)] = Field(
        "",
        description="The journal as a database of a PostgreSQL server, in place of `path`. The "
        "password stands in the file that PGPASSFILE names, or in ~/.pgpass. Empty: a file.",
    )
    lease_s: int = Field(
        10,
        ge=1,
        le=300,
        description="With `address`: after so long without a sign of life of the node that writes, "
        "another may take over.",
    )
    outage_s_max: int = Field(
        30,
        ge=1,
        le=600,
        description="With `address`: how long a group commit may wait for a database that is gone; "
        "then the node stops.",
    )
    snapshot_every_entries: int = Field(
        200_000, ge=1, le=1_000_000_000, description="Entries between two snapshots of the state."
    )
    extra_flush_ms: int = Field(
        0, ge=0, le=10_000, description="Makes every group commit slower. For measuring only."
    )


class LimitSettings(Table):
    """How much one peer may ask of this node."""

    frame_bytes_max: int = Field(
        8_192, ge=64, le=1_048_576, description="Longest frame taken; a longer one is refused."
    )
    frame_deadline_s: int = Field(
        5, ge=1, le=600, description="A frame that has begun must be whole within this."
    )
    outbound_bytes_max: int = Field(
        8_388_608,
        ge=65_536,
        le=1_073_741_824,
        description="Bytes waiting for a slow reader; above it the connection is closed.",
    )
    connections_per_link_max: int = Field(
        128, ge=1, le=10_000, description="Connections open at once on one link."
    )
    in_flight_per_issuer_max: int = Field(
        20_000, ge=1, le=1_000_000, description="Requests that may wait for one issuer."
    )


class LogSettings(Table):
    """Where this node tells what it does."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least important thing that is logged."
    )
    file: Annotated[Path | None, AfterValidator(_resolve_or_none)] = Field(
        None, description="Empty: standard error."
    )


class StatusSettings(Table):
    """Where this node says how it is."""

    file: FilePath = Field(
        "data/status.json",
        validate_default=True,
        description="Rewritten every second: rate, counts, links.",
    )


class ControlSettings(Table):
    """Where an operator gives orders."""

    socket: Annotated[Path, AfterValidator(_resolve), AfterValidator(_check_socket_path)] = Field(
        "data/control.sock",
        validate_default=True,
        description="Local control channel: one line of JSON in, one out.",
    )


class TlsSettings(Table):
    """TLS on the link above: PEM files, and whom the peer's certificate must name."""

    certificate: FilePath = Field(
        description="Our certificate, and behind it those between it and its authority."
    )
    key: FilePath = Field(description="Its private key, without a password, closed to others.")
    authorities: FilePath = Field(description="Who may have issued the peer's certificate.")
    revoked: Annotated[Path | None, AfterValidator(_resolve_or_none)] = Field(
        None, description="The list of certificates that no longer hold. Empty: none."
    )
    peer_name: Annotated[str, AfterValidator(PEER_NAME)] = Field(
        "",
        description="The DNS name in the participant's certificate; when we connect and it is "
        "empty, `host`.",
    )
    peer_fingerprints: tuple[Annotated[str, AfterValidator(FINGERPRINT)], ...] = Field(
        (), description="The participant's certificate is one of these: SHA-256 of its DER form."
    )

    @model_validator(mode="after")
    def _check_bound(self) -> "TlsSettings":
        """A certificate of the right authority alone may be anybody's."""
        if not self.peer_name and not self.peer_fingerprints:
            do = "add peer_name, or peer_fingerprints"
            raise refused("nothing says which certificate is the participant's", do)
        return self


class LinkSettings(Table):
    """A line to a participant; several TCP connections may serve one link."""

    id: Annotated[LinkId, AfterValidator(LINK_ID)] = Field(
        description="Name of the link; no other link has it."
    )
    participant: Annotated[ParticipantId, AfterValidator(ALPHANUMERIC_8)] = Field(
        description="Who is at the other end: an id of the scheme file."
    )
    mode: Literal["listen", "connect"] = Field(
        description="listen: they connect to us. connect: we connect to them."
    )
    host: Annotated[str, AfterValidator(HOST)] = Field(
        "127.0.0.1", description="Address to listen on or to connect to."
    )
    port: int = Field(ge=1, le=65_535, description="TCP port. No two links share host and port.")
    dialect: Annotated[str, AfterValidator(DIALECT), AfterValidator(_resolve_dialect)] = Field(
        "altyn87", description="How they write ISO 8583."
    )
    framing: Literal["binary2", "bcd2", "ascii4", "binary4"] = Field(
        "binary2",
        description="The length before each message: 2 bytes binary, 2 bytes BCD, 4 ASCII digits "
        "or 4 bytes binary.",
    )
    tpdu: Annotated[str, AfterValidator(TPDU)] = Field(
        "", description="Transport header before each message; empty: none."
    )
    tls: TlsSettings | None = Field(None, description="Absent: the line is not protected.")
    sign_on: Literal["peer", "switch", "none"] = Field(
        "peer",
        description="peer: they sign on first. switch: we send 0800/001 after connecting. "
        "none: no sign-on.",
    )
    carries: Literal["both", "acquiring", "issuing"] = Field(
        "both",
        description="acquiring: their requests to us only. issuing: ours to them. both: either. "
        "A participant with a line for each is never asked as issuer over its acquiring line.",
    )
    reply_timeout_ms: int = Field(
        10_000, ge=1, le=600_000, description="How long an issuer on this link may take."
    )
    reply_timeout_atm_ms: int = Field(
        25_000, ge=1, le=600_000, description="The same for a cash withdrawal at an ATM."
    )
    advices_per_s: int = Field(
        500,
        ge=1,
        le=100_000,
        description="Advices told to the issuer on this link per second, at most.",
    )
    echo_interval_s: int = Field(
        60, ge=0, le=86_400, description="Time between two echo tests (0800/301); 0: none."
    )
    health_samples_min: int = Field(
        50,
        ge=1,
        le=1_000_000,
        description="So many requests must have ended in the last half minute before the shares "
        "below count.",
    )
    health_late_percent_max: int = Field(
        20,
        ge=1,
        le=100,
        description="A larger share of late or invalid answers takes the link out; 100: never.",
    )
    health_slow_percent_max: int = Field(
        50,
        ge=1,
        le=100,
        description="A larger share of answers that take more than half of `reply_timeout_ms`, or "
        "come late, takes the link out; 100: never.",
    )
    health_late_in_row_max: int = Field(
        10,
        ge=1,
        le=1_000_000,
        description="So many late or invalid answers in a row take the link out.",
    )
    health_rest_s: int = Field(
        30,
        ge=1,
        le=600,
        description="How long a link that was taken out rests at least; doubled with each fall, "
        "up to ten minutes, and never shorter than a reply may take.",
    )
    health_echoes_min: int = Field(
        2,
        ge=0,
        le=100,
        description="Good echo tests in a row before it is tried again, where there are any.",
    )


class Settings(Table):
    """The whole of altyn.toml, every path absolute."""

    scheme_path: FilePath = Field(
        "scheme.toml", validate_default=True, alias="scheme", description="The scheme file."
    )
    journal: JournalSettings
    limits: LimitSettings
    log: LogSettings
    status: StatusSettings
    control: ControlSettings
    links: tuple[LinkSettings, ...] = Field(
        alias="link", min_length=1, description="The lines to participants."
    )


@dataclass(frozen=True)
class SettingsReading:
    """What could be read of a settings file, and what is wrong with it.

    `settings` is None when there are problems; `links` are the sound ones, each with its place
    in the file, so that the rest can be checked all the same.
    """

    path: Path
    document: Document | None = None
    settings: Settings | None = None
    scheme_path: Path | None = None
    links: list[tuple[int, LinkSettings]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def load_settings(path: str | Path) -> Settings:
    """The settings in a TOML file; raises ConfigurationError with every problem found."""
    reading = read_settings(Path(path))
    if reading.settings is None:
        raise ConfigurationError(reading.problems)
    return reading.settings


def read_settings(path: Path) -> SettingsReading:
    """The settings in a TOML file as far as they are sound; raises nothing for a bad file."""
    try:
        document = read_document(path)
    except ConfigurationError as error:
        return SettingsReading(path, problems=error.problems)
    folder = path.absolute().parent
    # An absent table has its defaults; they are paths, which only a reading can resolve.
    data = {name: {} for name in OPTIONAL_TABLES} | document.data
    settings = read_table(Settings, data, folder)
    problems = (
        [] if isinstance(settings, Settings) else field_problems(document, Settings, settings)
    )
    links = list(read_entries(LinkSettings, document, "link", folder))
    problems += repeated(document, stated(document, "link", "id"), "id")
    problems += _shared_addresses(document, links)
    if isinstance(settings, Settings):
        problems += _shared_files(document, settings, path)
        problems += _two_journals(document, settings)
    scheme = document.data.get("scheme", "scheme.toml")
    return SettingsReading(
        path=path,
        document=document,
        settings=settings if isinstance(settings, Settings) and not problems else None,
        scheme_path=path.parent / scheme if isinstance(scheme, str) and scheme else None,
        links=links,
        problems=sorted(problems, key=lambda problem: problem.line or 0),
    )


def _shared_addresses(document: Document, links: list[tuple[int, LinkSettings]]) -> list[Problem]:
    """Two links on one port: the second could not listen, or would reach the first's peer."""
    problems = []
    for number, (index, link) in enumerate(links):
        for earlier, other in links[:number]:
            wildcard = WILDCARD_HOSTS & {link.host, other.host}
            if link.port == other.port and (link.host == other.host or wildcard):
                reason = f"link[{earlier + 1}] already uses this host and port"
                problems.append(document.problem(("link", index, "port"), reason, "choose another"))
                break
    return problems


def _two_journals(document: Document, settings: Settings) -> list[Problem]:
    """A node writes one journal; with two stated nobody could say which one counts."""
    if not settings.journal.address or "path" not in document.data["journal"]:
        return []
    reason = "the journal is a database already, by journal.address"
    return [document.problem(("journal", "path"), reason, "remove one of the two")]


def _shared_files(document: Document, settings: Settings, path: Path) -> list[Problem]:
    """Two keys for one file: what one writes would take the place of what the other keeps, and
    of these one is the journal."""
    journal = settings.journal.path
    in_file = not settings.journal.address
    taken = {path.resolve(): "the settings", settings.scheme_path.resolve(): "the scheme"}
    for ending in SQLITE_NEIGHBOURS if in_file else ():
        taken[journal.with_name(journal.name + ending).resolve()] = "the journal"
    named: tuple[tuple[tuple[str, str], Path | None], ...] = (
        (("journal", "path"), journal if in_file else None),
        (("log", "file"), settings.log.file),
        (("status", "file"), settings.status.file),
        (("control", "socket"), settings.control.socket),
    )
    problems = []
    for place, file in named:
        if file is None:
            continue
        owner = taken.setdefault(file.resolve(), ".".join(place))
        if owner != ".".join(place):
            reason = f"this file is used already, by {owner}"
            problems.append(document.problem(place, reason, "name another file"))
    return problems
