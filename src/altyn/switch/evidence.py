"""What a card verifier finds in a request: a verification value, a PIN, a chip cryptogram."""

from collections.abc import Callable
from enum import IntEnum

from altyn.transaction import Transaction


class Evidence(IntEnum):
    """What a request carries that only who holds the keys can check, and whether it is right."""

    NOTHING = 0
    NOT_HELD = 1  # it carries some, and there is no key here to check it
    RIGHT = 2
    WRONG = 3


CardVerifier = Callable[[object, Transaction], Evidence]
"""Given a request's payload and its transaction: what was found in it."""
