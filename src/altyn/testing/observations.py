"""What the simulated world lets be seen: the one door between the world and its auditor.

Everything that happens is told once, in order of virtual time, to `observe(observation)`.
`at` is always virtual microseconds since the world began; it never goes back, whatever is done
to the switch's own clock. A frame is the message's bytes without length header. The values are
frozen, and nobody may change a Message that was told: bank and auditor look at the same one.

One business transaction is named by `(institution, rrn)`, the acquirer's DE32 and DE37: the banks
of the world never give a retrieval reference to two of them, and a reversal or completion carries
the one of its original, towards the issuer too.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from altyn.clock import BusinessDay
from altyn.journal import Batch
from altyn.message import Message

__all__ = [
    "AcquirerEntry",
    "Alarmed",
    "BankReceived",
    "BankSent",
    "Crashed",
    "CutOver",
    "DayBegan",
    "Durable",
    "IssuerEntry",
    "LinkBroken",
    "LinkRaised",
    "LinkView",
    "Observation",
    "Observe",
    "PositionView",
    "Quiescent",
    "RegistryChanged",
    "Restarted",
    "StorageFault",
    "SwitchRead",
    "SwitchSent",
    "WorldOpened",
]


class LinkView(NamedTuple):
    """A link as it is agreed: deadlines of the switch for the bank's answers, microseconds."""

    link: str
    bank: str
    dialect: str
    reply_timeout_us: int
    reply_timeout_atm_us: int


class WorldOpened(NamedTuple):
    """The first observation: who takes part, on what terms; facts as the registry has them."""

    at: int
    facts: tuple[Mapping[str, Any], ...]
    business_day: BusinessDay
    links: tuple[LinkView, ...]


class DayBegan(NamedTuple):
    """A simulated day begins; `number` from 1. Faults may strike until it ends in `Quiescent`."""

    at: int
    number: int


class BankSent(NamedTuple):
    """A bank gave a message to its line; it may never arrive.

    `message` is None for bytes that are none; `fault` names what is wrong with it on purpose
    ("duplicate", "late-answer", "wrong-amount", "unknown-stan", "garbage" ...), empty when
    the bank did what it should.
    """

    at: int
    bank: str
    link: str
    frame: bytes
    message: Message | None
    fault: str


class BankReceived(NamedTuple):
    """A whole message reached a bank."""

    at: int
    bank: str
    link: str
    message: Message


class SwitchRead(NamedTuple):
    """A whole frame reached the switch, which takes it now."""

    at: int
    link: str
    frame: bytes


class SwitchSent(NamedTuple):
    """A frame left the switch: from now on somebody may have read it (I4)."""

    at: int
    link: str
    frame: bytes
    message: Message


class Durable(NamedTuple):
    """A batch has become durable: no crash takes it away any more."""

    at: int
    batch: Batch


class Crashed(NamedTuple):
    """The switch is dead; the journal ends at `durable_sequence`.

    `point` is where it was struck: "idle", "before-write", "torn", "unsynced", "unreported",
    "before-sends", "between-sends", "recovery", "fsync".
    """

    at: int
    durable_sequence: int
    point: str


class Restarted(NamedTuple):
    """The switch stands again on its journal; `sequence` is that of the state it came to."""

    at: int
    sequence: int


class LinkRaised(NamedTuple):
    """A connection of a link stands, as the switch sees it."""

    at: int
    link: str


class LinkBroken(NamedTuple):
    """A connection of a link is gone, as the switch sees it."""

    at: int
    link: str


class RegistryChanged(NamedTuple):
    """A new version of the registry was ordered; it is in force for what is read from now on."""

    at: int
    facts: tuple[Mapping[str, Any], ...]


class CutOver(NamedTuple):
    """The end of the business day was ordered."""

    at: int
    closed: BusinessDay
    opened: BusinessDay


class StorageFault(NamedTuple):
    """The disk failed: "full", "fsync", "torn", "lost"."""

    at: int
    kind: str


class Alarmed(NamedTuple):
    """The switch told its operator something; it must hold no card data (I10)."""

    at: int
    name: str
    details: str


class PositionView(NamedTuple):
    """A position as the switch has it: minor units, positive is to be received."""

    participant: str
    currency: str
    business_day: BusinessDay
    net: int
    held: int


class AcquirerEntry(NamedTuple):
    """One message of an acquirer's book and what became of it.

    `original` names the request a reversal or completion is about: type, STAN, DE7; empty texts
    else. `answer` is the last DE39 received, empty when none came. `standing` is what the
    acquirer holds to stand of the whole business transaction, minor units of `currency`, at
    its latest message; `settled` is False when the acquirer itself does not know.
    """

    bank: str
    institution: str
    rrn: str
    message_type: str
    stan: str
    transmission: str
    original: tuple[str, str, str]
    processing_code: str
    amount: int
    currency: str
    answer: str
    standing: int
    settled: bool


class IssuerEntry(NamedTuple):
    """One request or advice of an issuer's book; `stan` and `transmission` are the switch's.

    `code` is what the issuer decided; `standing` what stands of it now, minor units of
    `currency` (the transaction's), 0 for what was declined, reversed or replaced.
    """

    bank: str
    institution: str
    rrn: str
    message_type: str
    stan: str
    transmission: str
    processing_code: str
    amount: int
    currency: str
    code: str
    standing: int


class Quiescent(NamedTuple):
    """Faults have stopped, every queue is drained, every bank was reachable: the books must agree.

    Entries are those since the quiescence before, in the order in which they were made. `owed`
    counts advices still owed by participant, `dead_letters` names entries given up visibly.
    """

    at: int
    positions: tuple[PositionView, ...]
    pending: int
    owed: Mapping[str, int]
    dead_letters: tuple[int, ...]
    acquirers: tuple[AcquirerEntry, ...]
    issuers: tuple[IssuerEntry, ...]


Observation = (
    WorldOpened
    | DayBegan
    | BankSent
    | BankReceived
    | SwitchRead
    | SwitchSent
    | Durable
    | Crashed
    | Restarted
    | LinkRaised
    | LinkBroken
    | RegistryChanged
    | CutOver
    | StorageFault
    | Alarmed
    | Quiescent
)

Observe = Callable[[Observation], None]
"""Who is told; raises AuditFailure when what it was told must not be."""
