"""The whole of clearing in plain Python integers: slow, short, and written apart from the SQL.

`clear` takes the inputs of a cycle as lists of dicts, by table, and gives the result tables the
same way. Every engine is held to it. What is decided where the contract leaves a choice:

* a reversal's item carries leg and tier of the item it takes back;
* what is taken back gives its authorization room before anything of the cycle draws on it, but a
  record of the same cycle only afterwards;
* an item that is not classified has the category 0000 for terms and fees.
"""

from collections import defaultdict
from datetime import timedelta

from altyn.transaction import AGREED
from tests.clearing.reference_matching import (
    Tables,
    Verdict,
    examine,
    give_back,
    item_id_of,
    match,
    terms_for,
)
from tests.clearing.reference_pricing import (
    Row,
    by_name,
    fees_of,
    leg_of,
    nets_of,
    pairs_of,
    rounded,
    tier_of,
)

_AGREED = {outcome.name.lower() for outcome in AGREED}
_REVERSALS = ("reversal", "reversal_advice")
_COMPLETIONS = ("financial_advice", "authorization_advice")
_OPTIONAL = (
    "stan", "transmission", "rrn", "terminal", "merchant", "category", "entry_mode",
    "authorization_code", "settlement_rate_id",
)  # fmt: skip
_DIMENSIONS = (
    "processing_code", "product", "category", "entry_mode", "merchant", "terminal", "priced_on",
    "leg", "tier",
)  # fmt: skip
_AS_ORIGINAL = (
    "credit", "authorization", "drawn", "final", "acquirer_participant", "issuer_participant",
    "pan", "currency", "amount", "settlement_currency", "settlement_amount", "rate_id",
    "rate_rule", "authorization_rate_id", "clearing_rate_id",
)  # fmt: skip
_AUTHORIZED = (
    "business_day", "acquirer_participant", "issuer_participant", "pan", "stan", "transmission",
    "rrn", "terminal", "merchant", "category", "entry_mode", "product", "processing_code",
    "credit", "authorization_code", "currency", "amount", "settlement_currency",
    "settlement_amount", "settlement_rate_id",
)  # fmt: skip


def clear(inputs: Tables) -> Tables:
    """The result tables of a cycle; an input table that is absent is empty."""
    tables = defaultdict(list, inputs)
    entries = _entries(tables)
    switch_items = _switch_items(tables, entries)
    authorizations, reversed_now = _authorizations(tables, entries)
    records = examine(tables)
    give_back(authorizations, records.claims)
    notices = [
        _notice(row, "REVERSED_AFTER_PRESENTMENT", row["presented"] - row["standing"])
        for row in reversed_now
        if row["presented"] > row["standing"]
    ]
    verdicts = match(tables, records, authorizations)
    items = switch_items + _file_items(tables, verdicts)
    fees = [row for item in items for row in fees_of(item, tables)]
    rejected = [_rejected(verdict) for verdict in verdicts if verdict.reason is not None]
    kept = _carry(tables, authorizations, notices)
    return {
        "items": items,
        "fees": fees,
        "rejected": rejected,
        "authorizations": kept,
        "authorization_notices": notices,
        "nets": nets_of(items, fees, tables["participants"]),
        "pairs": pairs_of(items, fees),
        "totals": _totals(tables, items, rejected),
    }


def _entries(tables: Tables) -> list[Row]:
    """The switch's finished entries in order, an absent text None, the flags apart."""
    entries = []
    for row in sorted(tables["transactions"], key=lambda row: int(row["sequence"])):
        absent = {key: row[key] or None for key in _OPTIONAL}
        flags = {key: key in row["flags"].split() for key in ("credit", "no_money", "by_switch")}
        entries.append({**row, **absent, **flags})
    return entries


def _is_accepted(entry: Row) -> bool:
    """Whether it is a reversal or a completion, by the acquirer, that took effect."""
    return bool(
        entry["outcome"] == "accepted" and not entry["by_switch"] and entry["refers_to"] > 0
    )


def _switch_items(tables: Tables, entries: list[Row]) -> list[Row]:
    items: list[Row] = []
    standing: dict[int, int] = {}
    for entry in entries:
        reverses = entry["kind"] in _REVERSALS and _is_accepted(entry)
        if entry["posted_change"]:
            before = [*items, *tables["items_before"]]
            original = next(
                (
                    item
                    for item in before
                    if reverses and item["item_id"] == f"J{entry['refers_to']}"
                ),
                None,
            )
            left = standing.get(entry["refers_to"])
            items.append(_switch_item(tables, entry, original, left))
        if reverses:
            standing[entry["refers_to"]] = entry["remaining"]
    return items


def _switch_item(tables: Tables, entry: Row, original: Row | None, standing: int | None) -> Row:
    posted, takes_back = abs(entry["posted_change"]), entry["posted_change"] < 0
    pays, receives = entry["issuer_participant"], entry["acquirer_participant"]
    if entry["credit"] != takes_back:
        pays, receives = receives, pays
    names = entry["refers_to"] > 0
    completes = entry["kind"] in _COMPLETIONS and names
    item: Row = {
        "item_id": f"J{entry['sequence']}",
        "cycle": tables["terms"][0]["cycle"],
        "outcome": "SINGLE_MESSAGE",
        "terms_id": None,
        "late": False,
        "reversal": takes_back,
        "original_item": None,
        "authorization": entry["refers_to"] if completes else None,
        "drawn": None,
        "final": None,
        "file_id": None,
        "record_number": None,
        "acquirer_reference": None,
        "priced_on": entry["business_day"],
        "debtor": pays,
        "creditor": receives,
        "settlement_amount": posted,
        "rate_id": entry["settlement_rate_id"],
        "rate_rule": "switch" if entry["settlement_rate_id"] else None,
        "authorization_rate_id": entry["settlement_rate_id"],
        "clearing_rate_id": None,
        "base_before": 0,
        "base_after": 0 if takes_back else posted,
    }
    for key in (
        "credit", "business_day", "acquirer_participant", "issuer_participant", "pan",
        "processing_code", "product", "category", "entry_mode", "merchant", "terminal", "rrn",
        "stan", "transmission", "authorization_code", "currency", "amount", "settlement_currency",
    ):  # fmt: skip
        item[key] = entry[key]
    if names and (takes_back or (entry["credit"] and not completes)):
        item["original_item"] = f"J{entry['refers_to']}"
    _classify(tables, item)
    if takes_back:
        _take_back(tables, item, entry, original, standing)
    return item


def _take_back(
    tables: Tables, item: Row, entry: Row, original: Row | None, standing: int | None
) -> None:
    """What a reversal of the switch took, priced as what it takes it from."""
    if standing is None:
        standing = entry["amount"] if original is None else original["amount"]
        if original is not None and original["cycle"] != item["cycle"]:
            standing -= sum(
                each["amount"]
                for each in tables["items_before"]
                if each["reversal"]
                and each["file_id"] is None
                and each["original_item"] == original["item_id"]
            )
    item["amount"] = max(standing - entry["remaining"], 0)
    if original is None:
        return
    for key in _DIMENSIONS:
        item[key] = original[key]
    # As the switch divides, whatever the scheme's rounding is.
    left = rounded(
        original["settlement_amount"] * entry["remaining"], original["amount"], "half-up"
    )
    item["base_after"] = left
    item["base_before"] = left + item["settlement_amount"]


def _classify(tables: Tables, item: Row) -> None:
    acquirer = by_name(tables["participants"], item["acquirer_participant"])
    issuer = by_name(tables["participants"], item["issuer_participant"])
    item["leg"] = leg_of(acquirer, issuer)
    item["tier"] = tier_of(
        tables["merchant_tiers"],
        item["acquirer_participant"],
        item["merchant"],
        item["priced_on"],
    )


def _authorizations(tables: Tables, entries: list[Row]) -> tuple[list[Row], list[Row]]:
    """Authorizations as the switch left them, and those of them that it reversed in this cycle."""
    known = {row["authorization"]: dict(row) for row in tables["authorizations_before"]}
    for entry in entries:
        if (
            entry["kind"] == "authorization"
            and not entry["no_money"]
            and entry["outcome"] in _AGREED
        ):
            terms = terms_for(tables, entry["category"], entry["business_day"])
            day = entry["business_day"]
            known[entry["sequence"]] = {
                "authorization": entry["sequence"],
                "state": "open",
                "expires_on": day + timedelta(days=terms["open_days"]),
                "kept_until": day + timedelta(days=terms["refuse_days"]),
                **{key: entry[key] for key in _AUTHORIZED},
                "standing": entry["amount"],
                "presented": 0,
            }
    changes = [each for each in entries if each["refers_to"] in known and _is_accepted(each)]
    reversed_now: dict[int, Row] = {}
    for entry in (each for each in changes if each["kind"] in _REVERSALS):
        row = reversed_now[entry["refers_to"]] = known[entry["refers_to"]]
        row["standing"] = min(row["standing"], entry["remaining"])
        if row["state"] not in ("completed", "cleared") and row["standing"] == 0:
            row["state"] = "reversed"
    for entry in (each for each in changes if each["kind"] in _COMPLETIONS):
        row = known[entry["refers_to"]]
        if row["state"] != "reversed":
            row["state"] = "completed"
    return list(known.values()), list(reversed_now.values())


def _notice(row: Row, notice: str, amount: int) -> Row:
    keys = ("authorization", "acquirer_participant", "issuer_participant", "currency")
    return {**{key: row[key] for key in keys}, "notice": notice, "amount": amount}


def _carry(tables: Tables, authorizations: list[Row], notices: list[Row]) -> list[Row]:
    """Expire what is not open any longer, and forget what is not kept."""
    today = tables["terms"][0]["business_day"]
    for row in authorizations:
        if row["state"] == "open" and today > row["expires_on"]:
            row["state"] = "expired"
            notices.append(_notice(row, "EXPIRED", max(row["standing"] - row["presented"], 0)))
    return [row for row in authorizations if row["kept_until"] >= today]


def _file_items(tables: Tables, verdicts: list[Verdict]) -> list[Row]:
    made = {
        item_id_of(verdict.record): _file_item(tables, verdict)
        for verdict in verdicts
        if verdict.outcome is not None and not verdict.record["reversal"]
    }
    earlier = {item["item_id"]: item for item in tables["items_before"]}
    items = []
    for verdict in verdicts:
        if verdict.outcome is None:
            continue
        if verdict.record["reversal"]:
            assert verdict.original is not None
            name = verdict.original["item_id"]
            items.append(_taken_back(tables, verdict, made.get(name) or earlier[name]))
        else:
            items.append(made[item_id_of(verdict.record)])
    return items


def _of_record(tables: Tables, verdict: Verdict) -> Row:
    record, terms = verdict.record, verdict.terms
    assert terms is not None
    keys = (
        "file_id", "record_number", "acquirer_reference", "rrn", "stan", "transmission",
        "authorization_code",
    )  # fmt: skip
    return {
        "item_id": item_id_of(record),
        "cycle": tables["terms"][0]["cycle"],
        "outcome": verdict.outcome,
        "terms_id": terms["terms_id"],
        "late": (record["booked_day"] - record["local_date"]).days > terms["late_days"],
        "reversal": record["reversal"],
        "original_item": verdict.original and verdict.original["item_id"],
        "business_day": record["booked_day"],
        **{key: record[key] for key in keys},
    }


def _file_item(tables: Tables, verdict: Verdict) -> Row:
    record = verdict.record
    pays, receives = record["issuer_participant"], record["acquirer_participant"]
    if record["credit"]:
        pays, receives = receives, pays
    assert verdict.settled is not None
    item = {
        **_of_record(tables, verdict),
        **verdict.settled,
        "authorization": verdict.authorization and verdict.authorization["authorization"],
        "drawn": verdict.counted if verdict.authorization else None,
        "final": record["final"] if verdict.authorization else None,
        "priced_on": record["booked_day"],
        "debtor": pays,
        "creditor": receives,
        "base_before": 0,
        "base_after": verdict.settled["settlement_amount"],
    }
    for key in (
        "credit", "acquirer_participant", "issuer_participant", "pan", "processing_code",
        "product", "category", "entry_mode", "merchant", "terminal", "currency", "amount",
    ):  # fmt: skip
        item[key] = record[key]
    _classify(tables, item)
    return item


def _taken_back(tables: Tables, verdict: Verdict, original: Row) -> Row:
    return {
        **_of_record(tables, verdict),
        **{key: original[key] for key in (*_AS_ORIGINAL, *_DIMENSIONS)},
        "debtor": original["creditor"],
        "creditor": original["debtor"],
        "base_before": original["settlement_amount"],
        "base_after": 0,
    }


def _rejected(verdict: Verdict) -> Row:
    keys = (
        "acquirer_participant", "file_id", "record_number", "acquirer_reference", "currency",
        "amount",
    )  # fmt: skip
    return {
        **{key: verdict.record[key] for key in keys},
        "reason": verdict.reason,
        "terms_id": verdict.terms and verdict.terms["terms_id"],
        "authorization": verdict.authorization and verdict.authorization["authorization"],
    }


def _totals(tables: Tables, items: list[Row], rejected: list[Row]) -> list[Row]:
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])

    def count(source: str, what: str, row: Row) -> None:
        line = sums[source, what, row["currency"]]
        line[0] += 1
        line[1] += row["amount"]

    for item in items:
        source = "switch" if item["file_id"] is None else "file"
        count(source, "accepted", item)
        if source == "switch":
            count(source, "read", item)
    for record in tables["presentments"]:
        count("file", "read", record)
    for row in rejected:
        count("file", "rejected", row)
    return [
        {
            "source": source,
            "what": what,
            "currency": currency,
            "records": line[0],
            "amount": line[1],
        }
        for (source, what, currency), line in sums.items()
    ]
