"""Why a transaction ended as it did, in order of precedence, and what DE39 says of it.

When several reasons hold, the first in this order is the one that is answered. Response
codes are those of ISO 8583:1987 (table of DE39).
"""

from enum import IntEnum
from typing import Final


class Outcome(IntEnum):
    """How a request ended. The order of the refusals is the order of the checks."""

    UNREADABLE = 1
    NOT_SIGNED_ON = 2
    FOREIGN_INSTITUTION = 3
    DUPLICATE_DIFFERS = 4
    REVERSED_BEFORE_ARRIVAL = 5
    UNSUPPORTED = 6
    ACQUIRER_SUSPENDED = 7
    INVALID_PAN = 8
    UNKNOWN_ISSUER = 9
    ISSUER_SUSPENDED = 10
    EXPIRED_CARD = 11
    INVALID_AMOUNT = 12
    NO_RATE = 13
    CAP_EXCEEDED = 14
    ISSUER_UNREACHABLE = 15
    OVERLOADED = 16
    # NOT_SIGNED_ON is looked at after REVERSED_BEFORE_ARRIVAL: what is known is answered to
    # whoever it belongs to. Later members; their places: after FOREIGN_INSTITUTION, after
    # NOT_SIGNED_ON, and after INVALID_AMOUNT
    OUTSIDE_TIME_WINDOW = 17
    OUTSIDE_PROFILE = 18
    REFUND_ABOVE_LIMIT = 19
    # After forwarding
    APPROVED = 20
    DECLINED_BY_ISSUER = 21
    ISSUER_LATE = 22
    ISSUER_ANSWER_INVALID = 23
    ISSUER_LINK_LOST = 24
    REVERSED_IN_FLIGHT = 25
    SWITCH_RESTARTED = 26
    # Reversals and advices
    ACCEPTED = 30
    ALREADY_REVERSED = 31
    NO_ORIGINAL = 32
    ORIGINAL_NOT_APPROVED = 33
    AMOUNT_MISMATCH = 34
    ORIGINAL_COMPLETED = 35
    ORIGINAL_IN_FLIGHT = 36
    ORIGINAL_REFUNDED = 37
    ADVICE_BEFORE_SIGN_ON = 38
    # Approved in the place of the issuer, by why it was not asked or did not count
    STOOD_IN_UNREACHABLE = 40
    STOOD_IN_BUSY = 41
    STOOD_IN_LATE = 42
    STOOD_IN_LINK_LOST = 43
    STOOD_IN_ANSWER_INVALID = 44
    # Refused in the place of the issuer
    STAND_IN_LISTED = 50
    STAND_IN_EXPIRED = 51
    STAND_IN_AMOUNT = 52
    STAND_IN_WINDOW_AMOUNT = 53
    STAND_IN_WINDOW_COUNT = 54
    STAND_IN_CATEGORY = 55
    STAND_IN_ENTRY_MODE = 56
    STAND_IN_UNVERIFIED = 57
    STAND_IN_WRONG_VALUE = 58


RESPONSE_CODES: Final[dict[Outcome, str]] = {
    Outcome.UNREADABLE: "30",
    Outcome.NOT_SIGNED_ON: "91",
    Outcome.FOREIGN_INSTITUTION: "58",
    Outcome.DUPLICATE_DIFFERS: "94",
    Outcome.REVERSED_BEFORE_ARRIVAL: "21",
    Outcome.UNSUPPORTED: "12",
    Outcome.ACQUIRER_SUSPENDED: "58",
    Outcome.INVALID_PAN: "14",
    Outcome.UNKNOWN_ISSUER: "15",
    Outcome.ISSUER_SUSPENDED: "92",
    Outcome.EXPIRED_CARD: "54",
    Outcome.INVALID_AMOUNT: "13",
    Outcome.NO_RATE: "12",
    Outcome.CAP_EXCEEDED: "61",
    Outcome.ISSUER_UNREACHABLE: "91",
    Outcome.OVERLOADED: "96",
    Outcome.OUTSIDE_TIME_WINDOW: "12",
    Outcome.OUTSIDE_PROFILE: "58",
    Outcome.REFUND_ABOVE_LIMIT: "61",
    Outcome.APPROVED: "00",
    Outcome.DECLINED_BY_ISSUER: "05",
    Outcome.ISSUER_LATE: "91",
    Outcome.ISSUER_ANSWER_INVALID: "91",
    Outcome.ISSUER_LINK_LOST: "91",
    Outcome.REVERSED_IN_FLIGHT: "21",
    Outcome.SWITCH_RESTARTED: "91",
    Outcome.ACCEPTED: "00",
    Outcome.ALREADY_REVERSED: "00",
    Outcome.NO_ORIGINAL: "25",
    Outcome.ORIGINAL_NOT_APPROVED: "00",
    Outcome.AMOUNT_MISMATCH: "13",
    Outcome.ORIGINAL_COMPLETED: "25",
    Outcome.ORIGINAL_IN_FLIGHT: "09",
    Outcome.ORIGINAL_REFUNDED: "25",
    Outcome.ADVICE_BEFORE_SIGN_ON: "91",
    Outcome.STOOD_IN_UNREACHABLE: "00",
    Outcome.STOOD_IN_BUSY: "00",
    Outcome.STOOD_IN_LATE: "00",
    Outcome.STOOD_IN_LINK_LOST: "00",
    Outcome.STOOD_IN_ANSWER_INVALID: "00",
    Outcome.STAND_IN_LISTED: "41",
    Outcome.STAND_IN_EXPIRED: "54",
    Outcome.STAND_IN_AMOUNT: "61",
    Outcome.STAND_IN_WINDOW_AMOUNT: "61",
    Outcome.STAND_IN_WINDOW_COUNT: "65",
    Outcome.STAND_IN_CATEGORY: "91",
    Outcome.STAND_IN_ENTRY_MODE: "91",
    Outcome.STAND_IN_UNVERIFIED: "91",
    Outcome.STAND_IN_WRONG_VALUE: "05",
}
"""The code of each outcome. An issuer's own code takes its place where it answered, the code of
the stop list for a listed card, and the code of the terms for what their rules refuse."""

STOOD_IN_FOR: Final[dict[Outcome, Outcome]] = {
    Outcome.ISSUER_UNREACHABLE: Outcome.STOOD_IN_UNREACHABLE,
    Outcome.OVERLOADED: Outcome.STOOD_IN_BUSY,
    Outcome.ISSUER_LATE: Outcome.STOOD_IN_LATE,
    Outcome.ISSUER_LINK_LOST: Outcome.STOOD_IN_LINK_LOST,
    Outcome.ISSUER_ANSWER_INVALID: Outcome.STOOD_IN_ANSWER_INVALID,
}
"""What takes the place of a refusal when stand-in approves; no other refusal is stood in for."""

AGREED: Final = frozenset({Outcome.APPROVED, Outcome.ACCEPTED, *STOOD_IN_FOR.values()})
"""The outcomes that let a transaction stand."""

FIRST_BY_STAND_IN: Final = 40
"""From this number on an outcome was decided in the place of the issuer."""

APPROVAL_CODES: Final = frozenset({"00", "08", "85"})
"""What an issuer may say for yes: approved, honour with identification, no reason to decline."""

APPROVALS_NOT_SERVED: Final = frozenset({"10", "11", "16", "87"})
"""Approvals with a condition that the scheme does not pass on: part of the amount, VIP, update
track 3, purchase without cash. To hand one on as a refusal would let the acquirer take it for
a yes that the switch does not know of; such an answer is none (F04, F43)."""

NOT_REMEMBERED: Final = frozenset(
    {
        Outcome.UNREADABLE,
        Outcome.FOREIGN_INSTITUTION,
        Outcome.DUPLICATE_DIFFERS,
        Outcome.OUTSIDE_TIME_WINDOW,
        Outcome.ORIGINAL_IN_FLIGHT,
        Outcome.ADVICE_BEFORE_SIGN_ON,
    }
)
"""Refusals that leave no trace under the request's key: a stranger, or a message that only
claims a key, must not decide what the real one is answered. What tells of something that has
happened and comes too early is judged anew when it comes again; a request that came before its
sender had signed on is refused for good, or its duplicate could be approved behind the sender's
back (I2)."""
