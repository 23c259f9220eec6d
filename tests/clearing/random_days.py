"""Days of clearing at random: few cards, keys and amounts, so that everything meets everything."""

from datetime import timedelta
from random import Random

from altyn.card import seal
from tests.clearing.cycle import (
    KGS,
    KZT,
    TODAY,
    USD,
    Day,
    Row,
    Rows,
    authorization,
    conversion,
    day,
    entry,
    fee_rule,
    fee_share,
    matching_terms,
    merchant_tier,
    presentment,
    refund_limit,
    terms,
)

BANKS = ("ALMA", "BORI", "CHUY")
CARDS = tuple(seal(f"99000200000000{number:02d}") for number in range(3))
CATEGORIES = ("5411", "5812", "6011")
ROUNDINGS = ("half-up", "half-even")


def random_days(random: Random) -> tuple[Day, Day]:
    """Two cycles under the same rules; the second lacks what the first one gives."""
    rules = _rules(random)
    first = _cycle(random, 1, {"transactions": [], "presentments": []})
    second = _cycle(random, 2, first)
    later = TODAY + timedelta(days=random.choice((0, 0, 1, 9, 25)))
    terms_of_second = [{**rules["terms"][0], "business_day": later, "cycle": f"{later}/2"}]
    return day(**rules, **first), day(**{**rules, "terms": terms_of_second}, **second)


def _rules(random: Random) -> Day:
    return {
        "conversions": _conversions(random),
        "matching_terms": [
            matching_terms(
                tolerance_ppm=random.choice((0, 100_000)),
                accepts_unauthorized=random.random() < 0.6,
                rate_rule=random.choice(("clearing", "authorization")),
                refuse_days=random.choice((5, 20)),
                late_days=random.choice((0, 5)),
            ),
            matching_terms(
                terms_id="meals", category_from="5800", category_to="5899", rank=1,
                tolerance_ppm=200_000, open_days=0,
            ),
        ],
        "merchant_tiers": [merchant_tier(merchant="SHOP")] if random.random() < 0.5 else [],
        **_fees(random),
        "terms": [
            terms(
                rounding=random.choice(ROUNDINGS),
                limits_unlinked_refunds=random.random() < 0.5,
            )
        ],
        "unlinked_refund_limits": [refund_limit(limit=400)],
    }  # fmt: skip


def _conversions(random: Random) -> Rows:
    pairs = (("KZT", KZT, USD, 3, 1001), ("KZT", USD, KZT, 1001, 3))
    more = (("KGS", KGS, USD, 7, 600), ("KGS", USD, KGS, 600, 7), ("K*S", KZT, KGS, 1, 6))
    rows = [
        conversion(
            rate_id=f"{name}-1", source=source, target=target, numerator=up, denominator=down
        )
        for name, source, target, up, down in (*pairs, *more)
    ]
    old = conversion(
        rate_id="KZT-0", source=KZT, target=USD, numerator=1, denominator=300, in_force=False
    )
    return [row for row in rows if random.random() < 0.9] + [old]


def _fees(random: Random) -> Day:
    rules, shares = [], []
    for number in range(random.randrange(8)):
        name = f"R{number}"
        rules.append(
            fee_rule(
                rule_id=name,
                fee=random.choice(("interchange", "scheme-fee")),
                rank=number,
                ppm=random.choice((0, 333, 12_345, 500_000)),
                fixed=random.choice((0, 0, 3)),
                floor=random.choice((None, None, 2)),
                cap=random.choice((None, None, 40)),
                rounding=random.choice(ROUNDINGS),
                payer=random.choice(("issuer", "acquirer")),
                tier=random.choice((None, None, "BIG")),
                product=random.choice((None, None, "GOLD")),
                processing=random.choice((None, None, "00", "20")),
                entry_mode=random.choice((None, None, "05")),
                leg=random.choice((None, None, "domestic", "cross-border")),
                currency=random.choice((None, None, KZT)),
                converted=random.choice((None, None, True, False)),
                amount_from=random.choice((0, 0, 100)),
                amount_until=random.choice((300, 10**18)),
            )
        )
        receivers = random.sample(("issuer", "acquirer", "scheme", "issuer-agent"), 3)
        split = random.choice(((1_000_000,), (333_333, 666_667), (333_333, 333_333, 333_334)))
        shares += [
            fee_share(rule_id=name, part=part, receiver=receiver, ppm=ppm)
            for part, (receiver, ppm) in enumerate(zip(receivers, split, strict=False), start=1)
        ]
    return {"fee_rules": rules, "fee_shares": shares}


def _cycle(random: Random, number: int, earlier: Day) -> Day:
    entries = _entries(random, number * 100)
    records: Rows = []
    named = [*earlier["transactions"], *entries]
    for place in range(random.randrange(25)):
        made = _presentment(random, number, place)
        records.append(_about(random, made, named, [*earlier["presentments"], *records]))
    return {"transactions": entries, "presentments": records}


def _about(random: Random, made: Row, entries: Rows, records: Rows) -> Row:
    """The record as it is, or about an authorization, or an earlier record, or instead of one."""
    chance = random.random()
    authorized = [each for each in entries if each["kind"] == "authorization"]
    same = ("pan", "acquirer_participant", "issuer_participant", "stan", "rrn", "transmission")
    if chance < 0.4 and authorized:
        named = random.choice(authorized)
        made |= {name: named[name] for name in same}
        made |= {"credit": False, "reversal": False, "product": "GOLD"}
    elif chance < 0.5 and records:
        named = random.choice(records)
        made |= {name: named[name] for name in (*same, "authorization_code", "product")}
        made |= {"credit": False, "reversal": False}
    elif chance < 0.8 and records:
        named = random.choice(records)
        copied = ("pan", "acquirer_participant", "currency", "amount")
        made |= {name: named[name] for name in copied}
        made["original_reference"] = named["acquirer_reference"]
        made["reversal"] = random.random() < 0.7
        made["credit"] = not made["reversal"]
    return made


def _entries(random: Random, start: int) -> Rows:
    """Authorizations and purchases, then reversals and completions of some of them."""
    rows: Rows = []
    for sequence in range(start, start + random.randrange(14)):
        make = random.choice((authorization, authorization, entry))
        amount = random.choice((100, 101, 999))
        abroad = random.random() < 0.3
        settled = 3 * amount // 7 if abroad else amount
        values: Row = {
            "sequence": sequence,
            "amount": amount,
            "remaining": amount,
            "settlement_amount": settled,
            "settlement_currency": USD if abroad else KZT,
            "settlement_rate_id": random.choice(("KZT-0", "KZT-1", "GONE")) if abroad else "",
            "outcome": random.choice(
                ("approved", "approved", "stood_in_late", "declined_by_issuer")
            ),
            "flags": random.choice(("", "", "credit", "repeat")),
            "category": random.choice((*CATEGORIES, "")),
            **_keys(random),
        }
        if make is entry:
            values["posted_change"] = settled if values["outcome"] != "declined_by_issuer" else 0
        rows.append(make(**values))
    return rows + _changes(random, rows, start + 50)


def _changes(random: Random, rows: Rows, start: int) -> Rows:
    changes: Rows = []
    for original in rows:
        if original["outcome"] == "declined_by_issuer" or random.random() < 0.6:
            continue
        about = {
            **original,
            "sequence": start + len(changes),
            "refers_to": original["sequence"],
            "outcome": "accepted",
            "stage": "finished",
        }
        if original["kind"] == "authorization" and random.random() < 0.4:
            posted = original["settlement_amount"]
            changes.append({**about, "kind": "financial_advice", "posted_change": posted})
            continue
        remaining = original["remaining"]
        while remaining and random.random() < 0.7:
            left = random.choice((0, remaining // 2, remaining // 3))
            posts = original["kind"] == "financial"
            taken = _settled(original, remaining) - _settled(original, left) if posts else 0
            sequence = start + len(changes)
            kind = random.choice(("reversal", "reversal_advice"))
            changes.append(
                {**about, "sequence": sequence, "kind": kind, "posted_change": -taken,
                 "remaining": left}
            )  # fmt: skip
            remaining = left
    return changes


def _settled(original: Row, remaining: int) -> int:
    """Half up, as the switch settles a part."""
    whole: int = original["amount"]
    return (2 * int(original["settlement_amount"]) * remaining + whole) // (2 * whole)


def _keys(random: Random) -> Row:
    return {
        "pan": random.choice(CARDS),
        "acquirer_participant": random.choice(("ALMA", "ALMA", "CHUY")),
        "issuer_participant": random.choice(("BORI", "BORI", "ALMA", "CHUY")),
        "stan": f"{random.randrange(3):06d}",
        "rrn": random.choice(("RRN000000001", "RRN000000002")),
        "terminal": random.choice(("TERM0001", "TERM0002")),
        "authorization_code": random.choice(("A00001", "A00002")),
    }


def _presentment(random: Random, cycle: int, place: int) -> Row:
    credit = random.random() < 0.2
    reference = cycle * 100 + (place if random.random() < 0.9 else random.randrange(25))
    named = random.choice((100, cycle * 100)) + random.randrange(12)
    values = {
        **_keys(random),
        "record_number": place + 1,
        "file_id": f"F{cycle}{place % 2}",
        "file_sequence": cycle * 2 + place % 2,
        "acquirer_reference": f"{reference:023d}",
        "original_reference": f"{named:023d}" if random.random() < 0.5 else None,
        "credit": credit,
        "processing_code": "200000" if credit else "000000",
        "reversal": random.random() < 0.15,
        "amount": random.choice((1, 50, 50, 100, 100, 101, 105, 999)),
        "currency": random.choice((KZT, KZT, KZT, KGS, USD)),
        "category": random.choice(CATEGORIES),
        "part_number": random.choice((1, 1, 2)),
        "final": random.random() < 0.5,
        "function": "205" if random.random() < 0.05 else "200",
        "local_date": TODAY - timedelta(days=random.choice((0, 0, 0, 0, 1, 1, 8, 30))),
        "booked_day": TODAY + timedelta(days=random.choice((0, 0, 7))),
    }
    for name in ("stan", "transmission", "rrn", "terminal", "authorization_code", "entry_mode"):
        if random.random() < 0.1:
            values[name] = None
    if random.random() < 0.05:
        values |= {"issuer_participant": None, "product": None}
    return presentment(place + 1, **values)
