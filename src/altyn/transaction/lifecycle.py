"""The states of a transaction and the only ways between them.

    IN_FLIGHT --approve--> APPROVED --reverse_part--> APPROVED
        |                     |  +------reverse-----> REVERSED
        |                     +--------complete-----> COMPLETED
        +------decline--> DECLINED

A reversal that comes before its original leaves a MARKER; the original, when it comes, is
declined. Nothing leaves DECLINED, REVERSED, COMPLETED or MARKER.
"""

from enum import IntEnum
from typing import Final, NamedTuple

from altyn.clock import BusinessDay
from altyn.identifiers import ParticipantId
from altyn.money import Rounding, divide
from altyn.transaction import entries
from altyn.transaction.entries import Flag
from altyn.transaction.outcome import AGREED
from altyn.transaction.request import KEY_LETTERS, Kind


class State(IntEnum):
    """Where a transaction stands."""

    IN_FLIGHT = 1
    APPROVED = 2
    DECLINED = 3
    REVERSED = 4
    COMPLETED = 5
    MARKER = 6


class Move(IntEnum):
    """What can happen to a transaction."""

    APPROVE = 1
    DECLINE = 2
    REVERSE_PART = 3
    REVERSE = 4
    COMPLETE = 5


TRANSITIONS: Final = {
    (State.IN_FLIGHT, Move.APPROVE): State.APPROVED,
    (State.IN_FLIGHT, Move.DECLINE): State.DECLINED,
    (State.APPROVED, Move.REVERSE_PART): State.APPROVED,
    (State.APPROVED, Move.REVERSE): State.REVERSED,
    (State.APPROVED, Move.COMPLETE): State.COMPLETED,
}


_IN_FLIGHT: Final = State.IN_FLIGHT  # a member looked up on its class costs 0.2 us


class Transaction:
    """A transaction in the switch's memory.

    head: the packed first part of its journal entry; remaining: what stands of `amount`,
    transaction currency; sequence: of its latest journal entry; pan: the card number in
    clear, only while in flight; waiting: repeats to be
    answered together with it; purchase: what a refund in flight gives back; refunds: of a purchase,
    the amount of all refunds that stand or are in flight; places: how often it stands in the order
    in which finished transactions leave memory.
    """

    __slots__ = (
        "acquirer",
        "additional",
        "amount",
        "authorization_code",
        "business_day",
        "creditor",
        "deadline_us",
        "debtor",
        "flags",
        "head",
        "issuer",
        "issuer_stan",
        "issuer_transmission",
        "key",
        "kind",
        "next_same_key",
        "origin",
        "outcome",
        "pan",
        "payload",
        "places",
        "purchase",
        "refunds",
        "remaining",
        "response_code",
        "rrn",
        "sequence",
        "settlement_amount",
        "settlement_currency",
        "state",
        "terminal",
        "transmitted_s",
        "waiting",
    )

    def __init__(
        self,
        key: str,
        kind: Kind,
        flags: int,
        acquirer: str,
        terminal: str,
        rrn: str,
        amount: int,
        transmitted_s: int,
        business_day: BusinessDay,
        head: bytes,
    ) -> None:
        """A transaction as it arrives; everything else is filled in as it happens."""
        self.key = key
        self.kind = kind
        self.flags = flags
        self.acquirer = acquirer
        self.terminal = terminal
        self.rrn = rrn
        self.amount = amount
        self.transmitted_s = transmitted_s
        self.business_day = business_day
        self.head = head
        self.state = _IN_FLIGHT
        self.sequence = 0
        self.remaining = amount
        self.settlement_amount = 0
        self.settlement_currency = ""
        self.debtor = ParticipantId("")
        self.creditor = ParticipantId("")
        self.issuer = ParticipantId("")
        self.issuer_stan = ""
        self.issuer_transmission = ""
        self.response_code = ""
        self.authorization_code = ""
        self.additional = b""
        self.outcome = 0
        self.deadline_us = 0
        self.pan = ""
        self.origin: object = None
        self.payload: object = None
        self.waiting: list[tuple[object, object]] | None = None
        self.next_same_key: Transaction | None = None
        self.purchase: Transaction | None = None
        self.refunds = 0
        self.places = 0

    def move(self, move: Move) -> None:
        """Change the state by the table; an illegal move is a bug of ours."""
        state = TRANSITIONS.get((self.state, move))
        assert state is not None, f"no way from {self.state.name} by {move.name}"
        self.state = state

    def settled(self, remaining: int) -> int:
        """The settlement amount of a part of the transaction amount.

        Computed from the whole each time, so that parts never drift: all of it is exactly
        `settlement_amount`, none of it exactly zero.
        """
        if remaining == self.amount:
            return self.settlement_amount
        return divide(self.settlement_amount * remaining, self.amount, Rounding.HALF_UP)

    def reduce(self, remaining: int) -> tuple[int, int]:
        """Let only `remaining` stand of an approved amount.

        Returns the changes of the debtor's holds and of what is posted: an authorization
        holds, everything else has posted.
        """
        assert 0 <= remaining <= self.remaining, "an amount that stands never grows"
        released = self.settled(self.remaining) - self.settled(remaining)
        self.remaining = remaining
        self.move(Move.REVERSE if remaining == 0 else Move.REVERSE_PART)
        return (-released, 0) if self.kind is Kind.AUTHORIZATION else (0, -released)

    def parties(self, acquirer: ParticipantId, issuer: ParticipantId) -> None:
        """Say who will owe whom."""
        self.issuer = issuer
        if self.flags & Flag.CREDIT:
            self.debtor, self.creditor = acquirer, issuer
        else:
            self.debtor, self.creditor = issuer, acquirer

    def __repr__(self) -> str:
        return f"Transaction({self.kind.name}, {self.state.name}, sequence={self.sequence})"


def _text_slices() -> dict[str, slice]:
    texts = [column for column in entries.COLUMNS if column.code == "s"]
    head = [column for column in texts if column.offset < entries.HEAD_BYTES]
    start = head[1].offset  # the first text behind the PAN
    return {
        column.name: slice(column.offset - start, column.offset - start + column.width)
        for column in head[1:]
    }


_SLICES: Final = _text_slices()
_TERMINAL: Final = _SLICES["terminal"]
_RRN: Final = _SLICES["rrn"]
_ACQUIRER: Final = _SLICES["acquirer"]
_KEY: Final = slice(_SLICES["stan"].start, _SLICES["transmission"].stop)
_ACQUIRER_PARTICIPANT: Final = _SLICES["acquirer_participant"]
_ISSUER_PARTICIPANT: Final = _SLICES["issuer_participant"]
_CURRENCY: Final = _SLICES["settlement_currency"]
_ORIGINAL: Final = _SLICES["original"]


class Told(NamedTuple):
    """What a journal record tells: a transaction, and what the entry changed."""

    transaction: Transaction
    stage: int
    held_change: int
    posted_change: int
    refers_to: int
    received_us: int
    original: str


def read_record(record: bytes, sequence: int) -> Told:
    """The transaction of a journal record, as it was when the record was written."""
    (
        kind_number,
        flags,
        business_day,
        received_us,
        transmitted_s,
        amount,
        settlement_amount,
        _billing_amount,
        issuer_stan,
        refers_to,
        _sealed_pan,
        raw,
    ) = entries.unpack_head(record)
    stage, outcome, _, held_change, posted_change, remaining, codes = entries.unpack_tail(
        record, entries.HEAD_BYTES
    )
    text: str = raw.decode("ascii")
    acquirer = text[_ACQUIRER].rstrip()
    transaction = Transaction(
        f"{KEY_LETTERS[kind_number]}{acquirer}/{text[_KEY]}",
        Kind(kind_number),
        flags,
        acquirer,
        text[_TERMINAL],
        text[_RRN],
        amount,
        transmitted_s,
        business_day,
        record[: entries.HEAD_BYTES],
    )
    transaction.sequence = sequence
    transaction.settlement_amount = settlement_amount
    transaction.settlement_currency = text[_CURRENCY].rstrip()
    transaction.issuer_stan = f"{issuer_stan:06d}" if issuer_stan else ""
    transaction.parties(
        ParticipantId(text[_ACQUIRER_PARTICIPANT].rstrip()),
        ParticipantId(text[_ISSUER_PARTICIPANT].rstrip()),
    )
    transaction.outcome = outcome
    transaction.remaining = remaining
    if stage == entries.Stage.FINISHED:
        transaction.response_code = codes[:3].decode("ascii").rstrip()
        transaction.authorization_code = codes[3:].decode("ascii")
        transaction.state = State.APPROVED if outcome in AGREED else State.DECLINED
    return Told(
        transaction, stage, held_change, posted_change, refers_to, received_us, text[_ORIGINAL]
    )
