"""What happened in settlement, as facts for the journal. The state is made from them alone.

Each fact has a key; a fact whose key is known changes nothing, so that replaying or repeating is
harmless (ADR 30). In the journal a fact is a JSON object whose `fact` names its kind, for example

    {"fact": "settlement-closed", "run": "2026-11-23/1/KZT", "at_us": 1795467600000000}
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from altyn.clock import BusinessDay
from altyn.identifiers import ParticipantId
from altyn.ledger import parse_account
from altyn.settlement.position import Position


class Transfer(NamedTuple):
    """One movement of an order: `transfer_id` is echoed by the bank; position as in the run."""

    transfer_id: str
    position: Position


class Order(NamedTuple):
    """One message to the bank. Orders of a wave leave when every order before is settled."""

    message_id: str
    definition: str
    wave: int
    transfers: tuple[Transfer, ...]


class Opened(NamedTuple):
    """A cycle takes items in a currency."""

    run: str
    cycle: str
    currency: str
    business_day: BusinessDay
    at_us: int

    @property
    def key(self) -> str:
        """One opening per cycle and currency (M04)."""
        return f"{self.run}/opened"


class Closed(NamedTuple):
    """The cut-off: what comes now belongs to a later cycle."""

    run: str
    at_us: int

    @property
    def key(self) -> str:
        """A run closes once."""
        return f"{self.run}/closed"


class Priced(NamedTuple):
    """The nets are known. `source_hash`: of clearing's output, in hexadecimal.

    positions: clearing's nets and what adjustments of closed cycles add to them; adjusted: that
    part; adjustments: the keys of the postings that it is of, which booked it already (M16).
    """

    run: str
    positions: tuple[Position, ...]
    source_hash: str
    at_us: int
    adjusted: tuple[Position, ...] = ()
    adjustments: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A run is priced once; what follows are covers."""
        return f"{self.run}/priced"


class Instructed(NamedTuple):
    """The orders of an attempt, recorded before the first of them is sent. `day`: on which the
    bank is to settle them, an open day of the currency's calendar."""

    run: str
    attempt: int
    orders: tuple[Order, ...]
    at_us: int
    day: BusinessDay

    @property
    def key(self) -> str:
        """One set of orders per attempt."""
        return f"{self.run}/instructed/{self.attempt}"


class NothingDue(NamedTuple):
    """Every position is zero: the run is final without a transfer (M03)."""

    run: str
    at_us: int

    @property
    def key(self) -> str:
        """It ends the run."""
        return f"{self.run}/nothing-due"


class Queried(NamedTuple):
    """The bank was asked what became of an order; `number` counts from 1."""

    run: str
    message_id: str
    number: int
    at_us: int

    @property
    def key(self) -> str:
        """Each question once."""
        return f"{self.message_id}/queried/{self.number}"


class Answered(NamedTuple):
    """The bank's final word on an order.

    settled: all of it, or nothing; reason: ISO 20022 external code such as AM04, empty when
    settled; failing: whose transfers were named; final_us: the bank's instant of finality.
    """

    run: str
    message_id: str
    settled: bool
    reason: str
    failing: tuple[ParticipantId, ...]
    final_us: int
    at_us: int

    @property
    def key(self) -> str:
        """An order is answered once; another answer is a repeat or an exception (M07)."""
        return f"{self.message_id}/answered"


class ExceptionRaised(NamedTuple):
    """Something that a person must look at; `subject` is the message, run or statement."""

    subject: str
    reason: str
    at_us: int

    @property
    def key(self) -> str:
        """The same complaint about the same thing is one exception."""
        return f"{self.subject}/exception/{self.reason}"


class Reconciled(NamedTuple):
    """A statement or notification was held against our transfers.

    document: its identifier; account: at the bank; closing: None for a notification; transfers:
    those found as they should be; breaks: kind, reference, our amount and theirs, minor units.
    """

    document: str
    account: str
    currency: str
    closing: int | None
    transfers: tuple[str, ...]
    breaks: tuple[tuple[str, str, int, int], ...]
    at_us: int

    @property
    def key(self) -> str:
        """Each document of an account once."""
        return f"{self.account}/{self.currency}/reconciled/{self.document}"


class Defaulted(NamedTuple):
    """A participant cannot pay: decided by two persons (M14)."""

    participant: ParticipantId
    reason: str
    approved_by: tuple[str, ...]
    at_us: int

    @property
    def key(self) -> str:
        """A participant fails once, until it is reinstated under another name."""
        return f"{self.participant}/defaulted"


class Suspended(NamedTuple):
    """A run is held; `number` counts the suspensions of the run from 1."""

    run: str
    number: int
    reason: str
    at_us: int

    @property
    def key(self) -> str:
        """Each suspension once."""
        return f"{self.run}/suspended/{self.number}"


class Released(NamedTuple):
    """A held run goes on as it was: decided by two persons."""

    run: str
    number: int
    reason: str
    approved_by: tuple[str, ...]
    at_us: int

    @property
    def key(self) -> str:
        """Each release once; `number` counts from 1."""
        return f"{self.run}/released/{self.number}"


class CoverShare(NamedTuple):
    """Who bears what part of whose shortfall. layer: collateral, guarantee-fund or loss."""

    layer: str
    bearer: ParticipantId
    failing: ParticipantId
    minor_units: int


class Covered(NamedTuple):
    """The shortfall of failing participants is borne by others; the run can be instructed anew."""

    run: str
    number: int
    failing: tuple[ParticipantId, ...]
    shares: tuple[CoverShare, ...]
    approved_by: tuple[str, ...]
    at_us: int

    @property
    def key(self) -> str:
        """Each cover once; `number` counts from 1."""
        return f"{self.run}/covered/{self.number}"


Fact = (
    Opened
    | Closed
    | Priced
    | Instructed
    | NothingDue
    | Queried
    | Answered
    | ExceptionRaised
    | Reconciled
    | Defaulted
    | Suspended
    | Released
    | Covered
)

_KINDS: Final[dict[str, Callable[..., Fact]]] = {
    "settlement-opened": Opened,
    "settlement-closed": Closed,
    "settlement-priced": Priced,
    "settlement-instructed": Instructed,
    "settlement-nothing-due": NothingDue,
    "settlement-queried": Queried,
    "settlement-answered": Answered,
    "settlement-exception": ExceptionRaised,
    "settlement-reconciled": Reconciled,
    "settlement-defaulted": Defaulted,
    "settlement-suspended": Suspended,
    "settlement-released": Released,
    "settlement-covered": Covered,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}


def fact_object(fact: Fact) -> dict[str, Any]:
    """The fact as a JSON object."""
    values = {name: _plain(value) for name, value in fact._asdict().items()}
    return {"fact": _NAMES[type(fact)], **values}


def _plain(value: Any) -> Any:
    if isinstance(value, Position):
        return [str(value.account), value.minor_units]
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def is_settlement_fact(found: Mapping[str, Any]) -> bool:
    """Whether a fact of the journal is one of these."""
    return found.get("fact") in _KINDS


def read_fact(found: Mapping[str, Any]) -> Fact:
    """The fact of a JSON object; raises ValueError when it has another form."""
    values = dict(found)
    kind = _KINDS.get(values.pop("fact", ""))
    if kind is None:
        raise ValueError("this is not a fact of settlement")
    try:
        for name, read in _NESTED.items():
            if name in values:
                values[name] = read(values[name])
        return kind(**values)
    except (TypeError, ValueError, IndexError) as error:
        raise ValueError("this is not the form of that fact of settlement") from error


def _position(pair: Any) -> Position:
    name, minor_units = pair
    if type(minor_units) is not int:
        raise TypeError("an amount is an integer")
    return Position(parse_account(name), minor_units)


def _order(row: Any) -> Order:
    identifier, definition, wave, transfers = row
    return Order(
        identifier,
        definition,
        wave,
        tuple(Transfer(name, _position(position)) for name, position in transfers),
    )


_NESTED: Final[dict[str, Callable[[Any], Any]]] = {
    "positions": lambda rows: tuple(_position(row) for row in rows),
    "adjusted": lambda rows: tuple(_position(row) for row in rows),
    "adjustments": tuple,
    "orders": lambda rows: tuple(_order(row) for row in rows),
    "failing": tuple,
    "approved_by": tuple,
    "shares": lambda rows: tuple(CoverShare(*row) for row in rows),
    "breaks": lambda rows: tuple(
        (kind, reference, ours, theirs) for kind, reference, ours, theirs in rows
    ),
    "transfers": tuple,
}
"""How values that are not plain are read."""
