"""The facts about who takes part: scheme, participants, BIN ranges.

Each is a frozen value that comes from a registry fact (see `facts`), never from a setting.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from altyn.identifiers import ParticipantId
from altyn.money import Rounding

Role = Literal["issuer", "acquirer"]
State = Literal["active", "suspended"]

PREFIX_DIGITS_MIN: Final = 6
PREFIX_DIGITS_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Scheme:
    """The scheme itself: its rules that are one value for all participants.

    unlinked_refund_limits: minor units by alpha code; empty: refunds that name no purchase are not
    limited, else a currency that is not named allows none (F44).
    transmission_tolerance_…: how far DE7 may lie from our clock, in seconds: ahead of it, behind it
    for a new request, and behind it for repeats, advices and reversals (T02).
    """

    scheme_id: str
    name: str
    institution_id: str
    timezone: str
    cut_over_time: str
    cross_border_currency: str
    unmatched_reversal_code: str
    rounding: Rounding
    transmission_tolerance_ahead_s: int = 900
    transmission_tolerance_request_s: int = 86_400
    transmission_tolerance_repeat_s: int = 30 * 86_400
    unlinked_refund_limits: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a participant may send, where that is less than its roles allow (W18).

    message_types: MTI without the mark of a repeat; processing_codes: the first two digits of DE3
    in new requests. An empty list allows all.
    """

    message_types: tuple[str, ...] = ()
    processing_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Participant:
    """A member: `institution_ids` are the DE32 values it may send; caps are minor units."""

    participant_id: ParticipantId
    name: str
    country: str
    currency: str
    roles: frozenset[str]
    institution_ids: tuple[str, ...]
    state: State = "active"
    net_debit_caps: dict[str, int] = field(default_factory=dict)
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class BinRange:
    """Card numbers that begin with `prefix` belong to an issuer's product."""

    prefix: str
    participant_id: ParticipantId
    product: str
    currency: str
    pan_lengths: frozenset[int]
