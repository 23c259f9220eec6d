"""The rules of the day of `altyn bench clearing`: thirty participants, three hundred fee rules."""

from datetime import date
from typing import Any, Final

FIRST: Final = date(2026, 1, 1)
FAR: Final = date(2999, 12, 31)
TODAY: Final = date(2026, 11, 23)
CATEGORIES: Final = 60
KZT, KGS, UZS, USD = "398", "417", "860", "840"
_TO_DOLLARS: Final = {KZT: 500, KGS: 80, UZS: 12_500}
_FIRST_ABROAD: Final = 20
_FIRST_OF_THIRD: Final = 25
_EVERY_AMOUNT: Final = 10**18

Rows = list[dict[str, Any]]


def rule_rows(participants: int) -> dict[str, Rows]:
    """Rows of every rule table."""
    rules, shares = _fees()
    return {
        "participants": [_participant(number) for number in range(participants)],
        "conversions": _conversions(),
        "matching_terms": [
            _matching_terms("rest", "0000", "9999", 0),
            _matching_terms("meals", "5800", "5899", 1, tolerance_ppm=200_000),
        ],
        "merchant_tiers": [
            {
                "acquirer_participant": f"P{number % participants:02d}",
                "merchant": f"M{number * 10:09d}",
                "tier": "LARGE",
                "effective_from": FIRST,
                "effective_until": FAR,
            }
            for number in range(2_000)
        ],
        "fee_rules": rules,
        "fee_shares": shares,
        "terms": [
            {
                "cycle": "2026-11-23/1",
                "business_day": TODAY,
                "rounding": "half-up",
                "cross_border_currency": USD,
                "limits_unlinked_refunds": False,
            }
        ],
        "unlinked_refund_limits": [],
    }


def _participant(number: int) -> dict[str, Any]:
    country, currency = ("KZ", KZT)
    if number >= _FIRST_OF_THIRD:
        country, currency = ("UZ", UZS)
    elif number >= _FIRST_ABROAD:
        country, currency = ("KG", KGS)
    return {
        "participant": f"P{number:02d}",
        "country": country,
        "currency": currency,
        "agent": f"P{number - number % 3:02d}",
        "partner": number >= _FIRST_OF_THIRD,
    }


def _conversions() -> Rows:
    return [
        {
            "rate_id": f"{currency}-1",
            "source": source,
            "target": target,
            "numerator": numerator,
            "denominator": denominator,
            "in_force": True,
        }
        for currency, rate in _TO_DOLLARS.items()
        for source, target, numerator, denominator in (
            (currency, USD, 1, rate),
            (USD, currency, rate, 1),
        )
    ]


def _matching_terms(
    terms_id: str, first: str, last: str, rank: int, tolerance_ppm: int = 0
) -> dict[str, Any]:
    return {
        "terms_id": terms_id,
        "category_from": first,
        "category_to": last,
        "effective_from": FIRST,
        "effective_until": FAR,
        "rank": rank,
        "tolerance_ppm": tolerance_ppm,
        "currency_tolerance_ppm": 20_000,
        "open_days": 7,
        "late_days": 5,
        "refuse_days": 30,
        "fallback_days": 3,
        "accepts_unauthorized": True,
        "rate_rule": "clearing",
    }


def _fees() -> tuple[Rows, Rows]:
    """Interchange by category and product, a fee of issuers by leg, one of acquirers by amount."""
    rules: Rows = []
    shares: Rows = []

    def add(fee: str, payer: str, split: tuple[tuple[str, int], ...], **stated: object) -> None:
        number = len(rules)
        rule_id = f"{fee}-{number}"
        ppm = 8_000 + 37 * number
        rules.append({**_rule(rule_id, fee, payer, ppm), "rank": number, **stated})
        for part, (receiver, ppm) in enumerate(split, start=1):
            shares.append({"rule_id": rule_id, "part": part, "receiver": receiver, "ppm": ppm})

    whole = (("issuer", 1_000_000),)
    scheme = (("scheme", 1_000_000),)
    halves = (("scheme", 666_667), ("issuer-agent", 333_333))
    add("interchange", "acquirer", whole)
    for number in range(CATEGORIES):
        band = {"category_from": f"{4000 + number * 65}", "category_to": f"{4064 + number * 65}"}
        add("interchange", "acquirer", whole, **band)
        for product in ("GOLD", "DEBIT"):
            add("interchange", "acquirer", whole, product=product, **band)
    for leg in ("domestic", "cross-border", "partner"):
        for entry_mode in ("01", "02", "05", "07"):
            for tier in (None, "LARGE"):
                dims = {"leg": leg, "entry_mode": entry_mode, "tier": tier}
                add("issuer-fee", "issuer", scheme, floor=1, cap=50_000, **dims)
    for currency in (KZT, KGS, UZS, USD):
        for step in range(12):
            band_of = {"amount_from": step * 300_000, "amount_until": (step + 1) * 300_000}
            add("acquirer-fee", "acquirer", scheme, currency=currency, fixed=step + 1, **band_of)
            add("acquirer-fee", "acquirer", halves, currency=currency, tier="LARGE", **band_of)
    return rules, shares


def _rule(rule_id: str, fee: str, payer: str, ppm: int) -> dict[str, Any]:
    return {
        "rule_id": rule_id,
        "fee": fee,
        "rank": 0,
        "effective_from": FIRST,
        "effective_until": FAR,
        "amount_from": 0,
        "amount_until": _EVERY_AMOUNT,
        "ppm": ppm,
        "fixed": 0,
        "rounding": "half-up",
        "payer": payer,
    }
