"""Double entry: postings between accounts, and balances as sums over them."""

from altyn.ledger.account import SCHEME, Account, AccountKind, parse_account
from altyn.ledger.book import Book, TrialLine
from altyn.ledger.posting import (
    LEGS_MAX,
    Leg,
    Posting,
    PostingError,
    check_posting,
    posting_fact,
    read_posting,
)

__all__ = [
    "LEGS_MAX",
    "SCHEME",
    "Account",
    "AccountKind",
    "Book",
    "Leg",
    "Posting",
    "PostingError",
    "TrialLine",
    "check_posting",
    "parse_account",
    "posting_fact",
    "read_posting",
]
