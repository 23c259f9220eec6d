"""The reference model's matching of presentments: one record after the other, in plain Python.

The order of records is that of acquirer, number of its file and number of the record; nothing here
depends on the order in which rows come.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.clearing.reference_pricing import MILLION, Row, by_name, find_one, rounded

Tables = dict[str, list[Row]]


class Verdict(NamedTuple):
    """What became of a record: an outcome, or the reason of its rejection."""

    record: Row
    outcome: str | None
    reason: str | None
    terms: Row | None = None
    authorization: Row | None = None
    original: Row | None = None
    settled: Row | None = None
    counted: int = 0


def place_of(record: Row) -> tuple[str, int, int]:
    """The place of a record in the order of all."""
    return (record["acquirer_participant"], record["file_sequence"], record["record_number"])


def terms_for(tables: Tables, category: str | None, day: Any) -> Row:
    """The matching terms of a merchant category on a day."""
    code = category or "0000"
    held = [
        row
        for row in tables["matching_terms"]
        if row["category_from"] <= code <= row["category_to"]
        and row["effective_from"] <= day < row["effective_until"]
    ]
    assert held, "no terms are for this"
    return max(held, key=lambda row: int(row["rank"]))


def converted(tables: Tables, amount: int, way: Row) -> int:
    """An amount by a conversion."""
    rounding = tables["terms"][0]["rounding"]
    return rounded(amount * int(way["numerator"]), int(way["denominator"]), rounding)


def in_force(tables: Tables, source: str, target: str) -> Row | None:
    """The conversion of a pair at the cycle's end."""
    return find_one(tables["conversions"], source=source, target=target, in_force=True)


def settlement_of(
    tables: Tables, record: Row, authorization: Row | None, rate_rule: str
) -> Row | None:
    """Currency, amount and rates of settlement; None when no rate converts."""
    issuer = by_name(tables["participants"], record["issuer_participant"])
    acquirer = by_name(tables["participants"], record["acquirer_participant"])
    currency = record["currency"]
    target = tables["terms"][0]["cross_border_currency"]
    if issuer["country"] == acquirer["country"] and currency == acquirer["currency"]:
        target = currency
    fixed = authorization and authorization["settlement_rate_id"]
    settled = {
        "settlement_currency": target,
        "settlement_amount": record["amount"],
        "rate_id": None,
        "rate_rule": None,
        "authorization_rate_id": fixed,
        "clearing_rate_id": None,
    }
    if target == currency:
        return settled
    now = in_force(tables, currency, target)
    settled["clearing_rate_id"] = now and now["rate_id"]
    way, rule = now, "clearing"
    if (
        rate_rule == "authorization"
        and authorization is not None
        and fixed is not None
        and authorization["currency"] == currency
        and authorization["settlement_currency"] == target
    ):
        way = find_one(tables["conversions"], rate_id=fixed, source=currency, target=target)
        rule = "authorization"
    if way is None:
        return None
    settled["settlement_amount"] = converted(tables, record["amount"], way)
    return {**settled, "rate_id": way["rate_id"], "rate_rule": rule}


class Records(NamedTuple):
    """A cycle's records: refused at sight, or examined; reversals with what they name."""

    refused: list[Verdict]
    debits: list[tuple[Row, Row]]
    refunds: list[tuple[Row, Row]]
    claims: list["Claim"]

    def taken_back(self) -> set[str]:
        """The items that records of this cycle take back, if they are accepted at all."""
        return {
            claim.original["item_id"]
            for claim in self.claims
            if claim.original is not None and claim.reason is None
        }


class Claim(NamedTuple):
    """A record that takes back another: an item of earlier cycles, or a record of this one."""

    record: Row
    terms: Row
    original: Row | None
    reason: str | None


def examine(tables: Tables) -> Records:
    """The records of a cycle, in their order."""
    records = sorted(tables["presentments"], key=place_of)
    seen = {
        (item["acquirer_participant"], item["acquirer_reference"])
        for item in tables["items_before"]
    }
    verdicts: list[Verdict] = []
    examined: list[tuple[Row, Row]] = []
    for record in records:
        key = (record["acquirer_participant"], record["acquirer_reference"])
        if key in seen:
            verdicts.append(Verdict(record, None, "DUPLICATE"))
        elif record["issuer_participant"] is None:
            verdicts.append(Verdict(record, None, "UNKNOWN_CARD"))
        elif record["function"] != "200":
            verdicts.append(Verdict(record, None, "NO_DISPUTE"))
        else:
            terms = terms_for(tables, record["category"], record["booked_day"])
            examined.append((record, terms))
        seen.add(key)
    others = [each for each in examined if not each[0]["reversal"]]
    return Records(
        verdicts,
        [each for each in others if not each[0]["credit"]],
        [each for each in others if each[0]["credit"]],
        _claims(tables, examined, [record for record, _ in others]),
    )


def _claims(tables: Tables, examined: list[tuple[Row, Row]], others: list[Row]) -> list[Claim]:
    claims = []
    taken_back = _taken_back_before(tables)
    nameable = [{**record, "item_id": item_id_of(record)} for record in others]
    for record, terms in examined:
        if not record["reversal"]:
            continue
        original = _named(tables, record, nameable)
        reason = None
        if original is None:
            reason = "UNKNOWN_ORIGINAL"
        elif any(original[key] != record[key] for key in ("pan", "currency", "amount")):
            reason = "ORIGINAL_DIFFERS"
        elif original["item_id"] in taken_back:
            reason = "ORIGINAL_TAKEN_BACK"
        else:
            taken_back.add(original["item_id"])
        claims.append(Claim(record, terms, original, reason))
    return claims


def give_back(authorizations: list[Row], claims: list[Claim]) -> None:
    """Before anything draws: authorizations get back what items of earlier cycles took."""
    known = {row["authorization"]: row for row in authorizations}
    for claim in claims:
        item = claim.original
        if claim.reason is not None or item is None or "cycle" not in item:
            continue
        authorization = known.get(item["authorization"])
        if authorization is None:
            continue
        authorization["presented"] -= item["drawn"]
        assert authorization["presented"] >= 0, "more was given back than was taken"
        if item["final"] and authorization["state"] == "cleared":
            authorization["state"] = "open" if authorization["standing"] else "reversed"


def match(tables: Tables, records: Records, authorizations: list[Row]) -> list[Verdict]:
    """A verdict for every presentment, in their order.

    authorizations: as switch and `give_back` left them; `presented` and `state` are changed here.
    """
    verdicts = list(records.refused)
    taken_back = records.taken_back()
    verdicts += _debits(tables, authorizations, records.debits, taken_back)
    purchases = _accepted_now(verdicts)
    verdicts += _refunds(tables, records.refunds, purchases, taken_back)
    verdicts += _reversals(records.claims, _accepted_now(verdicts))
    assert len(verdicts) == len(tables["presentments"]), "a record was lost"
    return sorted(verdicts, key=lambda verdict: place_of(verdict.record))


def item_id_of(record: Row) -> str:
    """The name of a record's item."""
    return f"P{record['acquirer_participant']}-{record['file_id']}-{record['record_number']}"


def _accepted_now(verdicts: list[Verdict]) -> list[Row]:
    """The accepted records of this cycle as far as later ones may name them."""
    return [
        {**verdict.record, "item_id": item_id_of(verdict.record), "verdict": verdict}
        for verdict in verdicts
        if verdict.outcome is not None
    ]


def _debits(
    tables: Tables,
    authorizations: list[Row],
    debits: list[tuple[Row, Row]],
    taken_back: set[str],
) -> list[Verdict]:
    verdicts = []
    drawn: dict[int, list[Verdict]] = {}
    for record, terms in debits:
        found = _found(authorizations, record, terms)
        if not isinstance(found, dict):
            verdicts.append(_unmatched(tables, record, terms, found))
            continue
        verdict = _matched(tables, record, terms, found)
        if verdict.reason is not None:
            verdicts.append(verdict)
        else:
            drawn.setdefault(found["authorization"], []).append(verdict)
    for authorization in authorizations:
        drawing = drawn.pop(authorization["authorization"], [])
        verdicts += _draw(authorization, drawing, taken_back)
    assert not drawn
    return verdicts


def _found(authorizations: list[Row], record: Row, terms: Row) -> Row | str:
    """The authorization of a debit, or why there is none."""

    def same(authorization: Row) -> bool:
        return bool(
            authorization["acquirer_participant"] == record["acquirer_participant"]
            and authorization["pan"] == record["pan"]
            and not authorization["credit"]
        )

    def agree(authorization: Row, key: str) -> bool:
        return (
            authorization[key] is None or record[key] is None or authorization[key] == record[key]
        )

    def by_keys(authorization: Row) -> bool:
        if record["stan"] is not None and record["transmission"] is not None:
            return (
                authorization["stan"] == record["stan"]
                and authorization["transmission"] == record["transmission"]
                and agree(authorization, "rrn")
            )
        return (
            record["rrn"] is not None
            and authorization["rrn"] == record["rrn"]
            and agree(authorization, "terminal")
        )

    def by_code(authorization: Row) -> bool:
        apart = abs((record["local_date"] - authorization["business_day"]).days)
        return (
            record["authorization_code"] is not None
            and authorization["authorization_code"] == record["authorization_code"]
            and apart <= terms["fallback_days"]
        )

    ways: tuple[Callable[[Row], bool], ...] = (by_keys, by_code)
    for way in ways:
        hits = [each for each in authorizations if same(each) and way(each)]
        if len(hits) == 1:
            return hits[0]
        if hits:
            still_open = [each for each in hits if each["state"] == "open"]
            return still_open[0] if len(still_open) == 1 else "AMBIGUOUS"
    return "NO_AUTHORIZATION"


def _age_days(record: Row) -> int:
    return int((record["booked_day"] - record["local_date"]).days)


def _unmatched(tables: Tables, record: Row, terms: Row, why: str) -> Verdict:
    settled = settlement_of(tables, record, None, "clearing")
    reason = None
    if not terms["accepts_unauthorized"]:
        reason = why
    elif _age_days(record) > terms["refuse_days"]:
        reason = "TOO_LATE"
    elif settled is None:
        reason = "NO_RATE"
    return Verdict(record, None if reason else why, reason, terms, settled=settled)


def _matched(tables: Tables, record: Row, terms: Row, authorization: Row) -> Verdict:
    """What is wrong with a record by itself; an outcome is not decided yet."""
    settled = settlement_of(tables, record, authorization, terms["rate_rule"])
    counted: int | None = record["amount"]
    if record["currency"] != authorization["currency"]:
        way = in_force(tables, record["currency"], authorization["currency"])
        counted = None if way is None else converted(tables, record["amount"], way)
    reason = None
    if authorization["state"] == "reversed":
        reason = "REVERSED"
    elif authorization["state"] in ("completed", "cleared"):
        reason = "COMPLETED"
    elif (record["booked_day"] - authorization["business_day"]).days > terms["refuse_days"]:
        reason = "TOO_LATE"
    elif settled is None or counted is None:
        reason = "NO_RATE"
    return Verdict(record, None, reason, terms, authorization, None, settled, counted or 0)


def _draw(authorization: Row, verdicts: list[Verdict], taken_back: set[str]) -> list[Verdict]:
    """Decide the records of one authorization, part after part.

    What is taken back in this cycle makes no room in it, only for later cycles.
    """
    decided = []
    completed = False
    drawn = authorization["presented"]
    for verdict in sorted(
        verdicts, key=lambda each: (each.record["part_number"], place_of(each.record))
    ):
        record, terms = verdict.record, verdict.terms
        assert terms is not None
        drawn += verdict.counted
        other_currency = record["currency"] != authorization["currency"]
        key = "currency_tolerance_ppm" if other_currency else "tolerance_ppm"
        standing = authorization["standing"]
        if completed:
            decided.append(verdict._replace(reason="COMPLETED"))
            continue
        if drawn > standing + standing * terms[key] // MILLION:
            decided.append(verdict._replace(reason="ABOVE_AUTHORIZED"))
            continue
        outcome = "MATCHED" if record["final"] else "MATCHED_IN_PART"
        if drawn > standing:
            outcome = "WITHIN_TOLERANCE"
        if other_currency:
            outcome = "OTHER_CURRENCY"
        completed = bool(record["final"])
        decided.append(verdict._replace(outcome=outcome))
    for verdict in decided:
        if verdict.outcome is not None and item_id_of(verdict.record) not in taken_back:
            authorization["presented"] += verdict.counted
            if verdict.record["final"]:
                authorization["state"] = "cleared"
    return decided


def _taken_back_before(tables: Tables) -> set[str]:
    return {
        item["original_item"]
        for item in tables["items_before"]
        if item["reversal"] and item["file_id"] is not None
    }


def _named(tables: Tables, record: Row, accepted: list[Row]) -> Row | None:
    """The item of a file, no reversal, that a record names: of earlier cycles or this one."""
    named = {
        "acquirer_participant": record["acquirer_participant"],
        "acquirer_reference": record["original_reference"],
        "reversal": False,
    }
    if record["original_reference"] is None:
        return None
    earlier = [item for item in tables["items_before"] if item["file_id"] is not None]
    return find_one(earlier + accepted, **named)


def _refunds(
    tables: Tables,
    refunds: list[tuple[Row, Row]],
    purchases: list[Row],
    taken_back_now: set[str],
) -> list[Verdict]:
    verdicts = []
    taken_back = _taken_back_before(tables)
    given: dict[str, int] = {}
    for record, terms in refunds:
        settled = settlement_of(tables, record, None, "clearing")
        purchase = None
        if record["original_reference"] is None:
            outcome, reason = "UNLINKED_REFUND", _limit_reason(tables, record)
        else:
            outcome, reason = "REFUND", None
            purchase = _named(tables, record, purchases)
            if purchase is not None and (
                purchase["credit"]
                or purchase["pan"] != record["pan"]
                or purchase["currency"] != record["currency"]
            ):
                purchase = None
            if purchase is None:
                reason = "UNKNOWN_ORIGINAL"
            else:
                name = purchase["item_id"]
                given.setdefault(name, _refunded_before(tables, name, taken_back))
                given[name] += record["amount"]
                is_back = name in taken_back or name in taken_back_now
                if is_back or given[name] > purchase["amount"]:
                    reason = "ABOVE_PURCHASE"
        if reason is None and settled is None:
            reason = "NO_RATE"
        verdicts.append(
            Verdict(record, None if reason else outcome, reason, terms, None, purchase, settled)
        )
    return verdicts


def _limit_reason(tables: Tables, record: Row) -> str | None:
    if not tables["terms"][0]["limits_unlinked_refunds"]:
        return None
    limit = find_one(tables["unlinked_refund_limits"], currency=record["currency"])
    most = 0 if limit is None else limit["limit"]
    return "ABOVE_REFUND_LIMIT" if record["amount"] > most else None


def _refunded_before(tables: Tables, purchase: str, taken_back: set[str]) -> int:
    return sum(
        item["amount"]
        for item in tables["items_before"]
        if item["outcome"] == "REFUND"
        and item["original_item"] == purchase
        and item["item_id"] not in taken_back
    )


def _reversals(claims: list[Claim], accepted: list[Row]) -> list[Verdict]:
    verdicts = []
    made = {row["item_id"]: row for row in accepted}
    for claim in claims:
        original, reason = claim.original, claim.reason
        if original is not None and "cycle" not in original:
            original = made.get(original["item_id"])
            reason = "UNKNOWN_ORIGINAL" if original is None else reason
        outcome = None if reason else "TAKEN_BACK"
        verdicts.append(Verdict(claim.record, outcome, reason, claim.terms, None, original))
    return verdicts
