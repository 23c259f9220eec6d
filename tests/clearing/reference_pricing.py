"""The reference model's prices, conversions and nets, in plain integers over lists of dicts."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]
MILLION = 1_000_000


def rounded(numerator: int, denominator: int, rounding: str) -> int:
    """A quotient rounded to the nearest integer; half a unit away from zero, or to even."""
    whole, rest = divmod(abs(numerator), denominator)
    if 2 * rest > denominator or (
        2 * rest == denominator and (rounding == "half-up" or whole % 2 == 1)
    ):
        whole += 1
    return whole if numerator >= 0 else -whole


def find_one(rows: Iterable[Row], **values: Any) -> Row | None:
    """The row with these values; there is at most one."""
    found = [row for row in rows if all(row[key] == value for key, value in values.items())]
    assert len(found) <= 1, "a key stands twice"
    return found[0] if found else None


def by_name(participants: list[Row], name: str) -> Row:
    """A participant."""
    found = find_one(participants, participant=name)
    assert found is not None, f"{name} takes no part"
    return found


def leg_of(one: Row, other: Row) -> str:
    """Where two participants are to one another."""
    if one["country"] == other["country"]:
        return "domestic"
    return "partner" if one["partner"] or other["partner"] else "cross-border"


def tier_of(tiers: list[Row], acquirer: str, merchant: str | None, day: Any) -> str | None:
    """The tier of a merchant on a day."""
    for row in tiers:
        if (row["acquirer_participant"], row["merchant"]) == (acquirer, merchant) and (
            row["effective_from"] <= day < row["effective_until"]
        ):
            return str(row["tier"])
    return None


def _holds(rule: Row, item: Row, base: int) -> bool:
    named = {
        "tier": item["tier"],
        "product": item["product"],
        "processing": item["processing_code"][:2],
        "entry_mode": (item["entry_mode"] or "")[:2],
        "leg": item["leg"],
        "currency": item["settlement_currency"],
        "converted": item["currency"] != item["settlement_currency"],
    }
    category = item["category"] or "0000"
    return (
        rule["effective_from"] <= item["priced_on"] < rule["effective_until"]
        and all(rule[key] in (None, value) for key, value in named.items())
        and (rule["category_from"] or "0000") <= category <= (rule["category_to"] or "9999")
        and rule["amount_from"] <= base < rule["amount_until"]
    )


def _fee(rule: Row, base: int) -> int:
    amount = rounded(base * rule["ppm"], MILLION, rule["rounding"]) + int(rule["fixed"])
    if rule["floor"] is not None:
        amount = max(amount, rule["floor"])
    if rule["cap"] is not None:
        amount = min(amount, rule["cap"])
    return amount


def fees_of(item: Row, tables: dict[str, list[Row]]) -> list[Row]:
    """Every fee row of an item."""
    rows = []
    for sign, base in ((-1, item["base_before"]), (1, item["base_after"])):
        if base <= 0:
            continue
        held: dict[str, list[Row]] = defaultdict(list)
        for rule in tables["fee_rules"]:
            if _holds(rule, item, base):
                held[rule["fee"]].append(rule)
        for rules in held.values():
            best = max(rules, key=lambda rule: int(rule["rank"]))
            assert sum(rule["rank"] == best["rank"] for rule in rules) == 1, "two rules contend"
            rows += _shared(item, best, base, sign * _fee(best, base), tables)
    return rows


def _shared(
    item: Row, rule: Row, base: int, amount: int, tables: dict[str, list[Row]]
) -> list[Row]:
    parties = {"issuer": item["issuer_participant"], "acquirer": item["acquirer_participant"]}
    agents = {
        f"{role}-agent": by_name(tables["participants"], name)["agent"]
        for role, name in parties.items()
    }
    receivers = {**parties, **agents, "scheme": "SCHEME"}
    whole = {
        "item_id": item["item_id"],
        "fee": rule["fee"],
        "rule_id": rule["rule_id"],
        "base": base,
        "payer": parties[rule["payer"]],
        "settlement_currency": item["settlement_currency"],
    }
    rows = []
    left = amount
    for share in tables["fee_shares"]:
        if share["rule_id"] == rule["rule_id"]:
            part = rounded(amount * share["ppm"], MILLION, rule["rounding"])
            left -= part
            rows.append(
                {
                    **whole,
                    "part": share["part"],
                    "receiver": receivers[share["receiver"]],
                    "account": "fees" if share["receiver"] == "scheme" else "settlement",
                    "amount": part,
                }
            )
    if left:
        residue = {"part": 0, "receiver": "SCHEME", "account": "residue", "amount": left}
        rows.append({**whole, **residue})
    return rows


def nets_of(items: list[Row], fees: list[Row], participants: list[Row]) -> list[Row]:
    """The net positions, and that each currency's sum to zero."""
    nets: dict[tuple[str, str, str], Row] = {}

    def line(currency: str, name: str, account: str) -> Row:
        agent = "SCHEME" if name == "SCHEME" else by_name(participants, name)["agent"]
        return nets.setdefault(
            (currency, name, account),
            {
                "settlement_currency": currency,
                "participant": name,
                "agent": agent,
                "account": account,
                "items": 0,
                "principal": 0,
                "fees": 0,
                "minor_units": 0,
            },
        )

    for item in items:
        currency = item["settlement_currency"]
        line(currency, item["debtor"], "settlement")["principal"] -= item["settlement_amount"]
        line(currency, item["creditor"], "settlement")["principal"] += item["settlement_amount"]
        for name in {item["debtor"], item["creditor"]}:
            line(currency, name, "settlement")["items"] += 1
    for fee in fees:
        currency = fee["settlement_currency"]
        line(currency, fee["payer"], "settlement")["fees"] -= fee["amount"]
        line(currency, fee["receiver"], fee["account"])["fees"] += fee["amount"]
    sums: dict[str, int] = defaultdict(int)
    for row in nets.values():
        row["minor_units"] = row["principal"] + row["fees"]
        sums[row["settlement_currency"]] += row["minor_units"]
    assert not any(sums.values()), "the nets do not sum to zero"
    return list(nets.values())


def pairs_of(items: list[Row], fees: list[Row]) -> list[Row]:
    """What everybody owes everybody, gross."""
    pairs: dict[tuple[str, str, str], Row] = {}

    def line(currency: str, debtor: str, creditor: str) -> Row:
        return pairs.setdefault(
            (currency, debtor, creditor),
            {
                "settlement_currency": currency,
                "debtor": debtor,
                "creditor": creditor,
                "items": 0,
                "principal": 0,
                "fees": 0,
            },
        )

    for item in items:
        row = line(item["settlement_currency"], item["debtor"], item["creditor"])
        row["items"] += 1
        row["principal"] += item["settlement_amount"]
    for fee in fees:
        line(fee["settlement_currency"], fee["payer"], fee["receiver"])["fees"] += fee["amount"]
    return list(pairs.values())
