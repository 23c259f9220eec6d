"""What can become of a presentment, each with its meaning: one word for one thing."""

from enum import Enum


class MatchOutcome(Enum):
    """Why an item was accepted. The words stand in `items.outcome` and never change."""

    SINGLE_MESSAGE = "posted by the switch"
    MATCHED = "matched to its authorization, and the last part of it"
    MATCHED_IN_PART = "matched to its authorization, of which more may come (C09)"
    WITHIN_TOLERANCE = "matched, above what was authorized and within the terms (C10)"
    OTHER_CURRENCY = "matched by the converted amount (C12)"
    NO_AUTHORIZATION = "accepted without an authorization, by the terms (C07)"
    AMBIGUOUS = "accepted without one, for more than one fits and none is guessed (C07)"
    REFUND = "gives back money of the purchase it names"
    UNLINKED_REFUND = "gives money back and names no purchase"
    TAKEN_BACK = "takes back an earlier presentment"


class MatchRejection(Enum):
    """Why a presentment was rejected. The words stand in `rejected.reason` and never change."""

    DUPLICATE = "its acquirer reference was presented before (C02)"
    UNKNOWN_CARD = "the card belongs to no issuer of the scheme"
    NO_DISPUTE = "a second presentment, and no dispute that it would answer is open"
    NO_RATE = "no rate converts its currency"
    NO_AUTHORIZATION = "no authorization is found, and the terms want one (C07)"
    AMBIGUOUS = "more than one authorization fits, and the terms want one (C07)"
    ABOVE_AUTHORIZED = "with what came before it exceeds what was authorized and tolerated (C10)"
    REVERSED = "the authorization was reversed in full (C11)"
    COMPLETED = "the authorization was used up by its last part"
    TOO_LATE = "presented after the last day that the terms allow (C13)"
    UNKNOWN_ORIGINAL = "the presentment that it takes back or refunds is not known"
    ORIGINAL_DIFFERS = "card, currency or amount are not those of the presentment it takes back"
    ORIGINAL_TAKEN_BACK = "the presentment that it names was taken back before"
    ABOVE_PURCHASE = "with the refunds before it gives back more than the purchase"
    ABOVE_REFUND_LIMIT = "names no purchase, and gives more than the scheme allows then (F44)"
