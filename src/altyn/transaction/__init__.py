"""What the scheme understands of a payment: who, what, how much, and what became of it."""

from altyn.transaction import entries
from altyn.transaction.entries import TRANSACTION_ENTRY, Flag, Stage
from altyn.transaction.lifecycle import Move, State, Told, Transaction, read_record
from altyn.transaction.outcome import (
    AGREED,
    APPROVAL_CODES,
    APPROVALS_NOT_SERVED,
    FIRST_BY_STAND_IN,
    NOT_REMEMBERED,
    RESPONSE_CODES,
    STOOD_IN_FOR,
    Outcome,
)
from altyn.transaction.request import (
    KEY_LETTERS,
    REQUEST_KINDS,
    Kind,
    Original,
    Request,
    Response,
    original_key,
    original_of,
)

__all__ = [
    "AGREED",
    "APPROVALS_NOT_SERVED",
    "APPROVAL_CODES",
    "FIRST_BY_STAND_IN",
    "KEY_LETTERS",
    "NOT_REMEMBERED",
    "REQUEST_KINDS",
    "RESPONSE_CODES",
    "STOOD_IN_FOR",
    "TRANSACTION_ENTRY",
    "Flag",
    "Kind",
    "Move",
    "Original",
    "Outcome",
    "Request",
    "Response",
    "Stage",
    "State",
    "Told",
    "Transaction",
    "entries",
    "original_key",
    "original_of",
    "read_record",
]
