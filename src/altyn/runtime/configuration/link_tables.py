"""What a person may write in altyn.toml about a line to a participant."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from altyn.identifiers import LinkId, ParticipantId
from altyn.runtime.configuration.setting_paths import DialectPath, FilePath, OptionalFilePath
from altyn.runtime.configuration.validation import ALPHANUMERIC_8, Form, Table, refused

__all__ = ["LinkSettings", "TlsSettings"]

HOST = Form(r"[A-Za-z0-9:]([A-Za-z0-9.:_-]{0,252})", "an IP address or a host name")
LINK_ID = Form(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}", "1 to 32 of A-Z, a-z, 0-9, '_', '.' and '-'")
TPDU = Form(r"([0-9A-Fa-f]{10})?", "10 hexadecimal digits, or empty")
PEER_NAME = Form(r"([A-Za-z0-9]([A-Za-z0-9.-]{0,252}))?", "a DNS name, or empty")
FINGERPRINT = Form(
    r"[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}", "64 hexadecimal digits, with or without colons"
)
DIALECT = Form(r"[ -~]{1,255}", "the name of a shipped dialect, or the path of a TOML file")


class TlsSettings(Table):
    """TLS on the link above: PEM files, and whom the peer's certificate must name."""

    certificate: FilePath = Field(
        description="Our certificate, and behind it those between it and its authority."
    )
    key: FilePath = Field(description="Its private key, without a password, closed to others.")
    authorities: FilePath = Field(description="Who may have issued the peer's certificate.")
    revoked: OptionalFilePath = Field(
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
    dialect: Annotated[str, AfterValidator(DIALECT), DialectPath] = Field(
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
