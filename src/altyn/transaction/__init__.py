"""What the scheme understands of a payment: who, what, how much, and what became of it."""

from altyn.transaction import entries
from altyn.transaction.outcome import APPROVAL_CODES, RESPONSE_CODES, Outcome
from altyn.transaction.request import (
    KEY_LETTERS,
    Kind,
    Original,
    Request,
    Response,
    original_key,
)

__all__ = [
    "APPROVAL_CODES",
    "KEY_LETTERS",
    "RESPONSE_CODES",
    "Kind",
    "Original",
    "Outcome",
    "Request",
    "Response",
    "entries",
    "original_key",
]
