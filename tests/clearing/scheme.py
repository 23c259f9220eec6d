"""A small scheme with its clearing rules, for the tests of clearing."""

from typing import Any

from altyn.clearing import (
    FAR_AWAY_DAY,
    ClearingRules,
    CycleTerms,
    FeeRule,
    MatchingTerms,
    MerchantTier,
    Rule,
    Share,
    rule_fact,
)
from altyn.identifiers import ParticipantId
from altyn.money import Rate, Rounding
from altyn.registry import BinRange, Participant, Registry, Scheme, fact_of

SCHEME = Scheme("TEST", "Test", "900001", "Asia/Almaty", "23:00", "USD", "25", Rounding.HALF_UP)
ALMA = ParticipantId("ALMA")
BORI = ParticipantId("BORI")
GATE = ParticipantId("GATE")
CHUY = ParticipantId("CHUY")


def participant(name: ParticipantId, country: str, currency: str) -> Participant:
    """A bank with cards and shops."""
    return Participant(name, name.title(), country, currency, frozenset({"issuer", "acquirer"}), ())


PARTICIPANTS = (
    participant(ALMA, "KZ", "KZT"),
    participant(BORI, "KZ", "KZT"),
    participant(GATE, "KZ", "KZT"),
    participant(CHUY, "KG", "KGS"),
)
BINS = (
    BinRange("990001", ALMA, "CLASSIC", "KZT", frozenset({16})),
    BinRange("990002", BORI, "GOLD", "KZT", frozenset({16})),
    BinRange("990003", CHUY, "CLASSIC", "KGS", frozenset({16})),
)
TENGE = Rate("KZT-1", "USD", "KZT", 50000, 2, 1_000_000)
SOM = Rate("KGS-1", "USD", "KGS", 8000, 2, 1_000_000)


def registry(*rates: Rate, scheme: Scheme = SCHEME) -> Registry:
    """The registry of the scheme; without rates of its own, one for each currency."""
    values: tuple[Scheme | Participant | BinRange | Rate, ...]
    values = (scheme, *PARTICIPANTS, *BINS, *(rates or (TENGE, SOM)))
    return Registry([fact_of(value) for value in values])


CYCLES = CycleTerms(20260101, FAR_AWAY_DAY, ("13:00", "23:00"), 180)
REST = MatchingTerms(
    "rest", 20260101, FAR_AWAY_DAY, ("0000", "9999"), 0, 20_000, 7, 7, 30, 1, True, "clearing"
)
TIER = MerchantTier(ALMA, "MARKET", "BIG", 20260101)


def fee(rule_id: str = "base", **values: Any) -> FeeRule:
    """A fee rule: interchange of one percent that the acquirer pays, unless told otherwise."""
    whole: dict[str, Any] = {
        "fee": "interchange",
        "effective": 20260101,
        "until": FAR_AWAY_DAY,
        "payer": "acquirer",
        "shares": (Share("issuer", 1_000_000),),
        "ppm": 10_000,
    }
    return FeeRule(rule_id, **{**whole, **values})


def clearing_rules(*rules: Rule, known: Registry | None = None) -> ClearingRules:
    """Rules with cycles, terms and a tier, and those given."""
    facts = [rule_fact(rule) for rule in (CYCLES, REST, TIER, *rules)]
    return ClearingRules(facts, known or registry())
