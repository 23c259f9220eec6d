"""What a person may write in altyn.toml about the node itself: journals, limits, log, orders."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from altyn.runtime.configuration.setting_paths import FilePath, OptionalFilePath, SocketPath
from altyn.runtime.configuration.validation import Form, Table
from altyn.runtime.engine_name import EngineName

__all__ = [
    "ClearingSettings",
    "ControlSettings",
    "JournalSettings",
    "LimitSettings",
    "LogSettings",
    "SettlementSettings",
    "StatusSettings",
]

ADDRESS = Form(
    r"(?!.*[?&]password=)(postgres(ql)?://([^:@/\s]+@)?[^@/\s]*/[A-Za-z0-9_.-]+(\?\S*)?)?",
    "postgresql://ROLE@HOST:PORT/DATABASE without a password, or nothing",
)


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
    file: OptionalFilePath = Field(None, description="Empty: standard error.")


class StatusSettings(Table):
    """Where this node says how it is."""

    file: FilePath = Field(
        "data/status.json",
        validate_default=True,
        description="Rewritten every second: rate, counts, links.",
    )


class ControlSettings(Table):
    """Where an operator gives orders."""

    socket: SocketPath = Field(
        "data/control.sock",
        validate_default=True,
        description="Local control channel: one line of JSON in, one out.",
    )


class ClearingSettings(Table):
    """Where the back office keeps its books, and with what it clears."""

    folder: FilePath = Field(
        "data/clearing",
        validate_default=True,
        description="Files that were accepted, and the results of cycles. Made when it is absent.",
    )
    rules: FilePath = Field(
        "clearing.toml",
        validate_default=True,
        description="The rules of clearing and settlement: fees, matching terms, calendars.",
    )
    journal: FilePath = Field(
        "data/back-office.db",
        validate_default=True,
        description="The back office's journal as a file. Its folder is made when it is absent.",
    )
    address: Annotated[str, AfterValidator(ADDRESS)] = Field(
        "",
        description="The back office's journal as a database of a PostgreSQL server, in place of "
        "`journal`; not the database of the switch's. Empty: a file.",
    )
    engine: EngineName = Field(
        "duckdb",
        description="What runs the clearing of a cycle, to the same bytes: DuckDB in this process, "
        "or Spark (`pip install altyn[spark]`).",
    )
    memory_bytes_max: int = Field(
        4_294_967_296,
        ge=268_435_456,
        le=4_398_046_511_104,
        description="Memory that clearing may take; what needs more goes to `folder`.",
    )
    threads: int = Field(2, ge=1, le=256, description="Threads that clearing may use.")


class SettlementSettings(Table):
    """The folders through which we and the settlement bank write to each other."""

    outbox: FilePath = Field(
        "data/settlement/outbox",
        validate_default=True,
        description="Our orders and questions, until the bank's gateway takes them away.",
    )
    inbox: FilePath = Field(
        "data/settlement/inbox",
        validate_default=True,
        description="Where the bank's gateway puts its answers and statements.",
    )
    archive: FilePath = Field(
        "data/settlement/archive",
        validate_default=True,
        description="What was read; in its folder `aside` what could not be, with the reason.",
    )
