"""Do acquirers and issuers believe the same (I3)? Their books are compared, not the switch's.

Every transaction leaves an amount standing: the request's, less what a reversal took back, or a
completion's in its place. Both sides are told apart by acquirer and retrieval reference (DE37).
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

__all__ = ["acquirer_standing", "books_differences", "issuer_standing"]

Standing = Counter[tuple[str, str]]


def books_differences(folder: Path) -> list[str]:
    """What differs between all acquirers' and all issuers' books in a folder, in words.

    Amounts are compared by acquirer and transaction currency; an empty list means that all agree.
    """
    acquired: Standing = Counter()
    issued: Standing = Counter()
    for path in sorted(folder.glob("*-acquirer.books.json")):
        acquired += acquirer_standing(_read(path))
    for path in sorted(folder.glob("*-issuer.books.json")):
        issued += issuer_standing(_read(path))
    return [
        f"acquirer {institution}, currency {currency}: {acquired[institution, currency]} standing "
        f"with acquirers, {issued[institution, currency]} with issuers (minor units)"
        for institution, currency in sorted(acquired.keys() | issued.keys())
        if acquired[institution, currency] != issued[institution, currency]
    ]


def _read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def acquirer_standing(books: dict[str, Any]) -> Standing:
    """What stands of an acquirer's approved requests, by its DE32 and currency."""
    amounts: dict[tuple[str, str], int] = {}
    currencies: dict[tuple[str, str], str] = {}
    for exchange in books["exchanges"]:
        own = exchange["stan"], exchange["transmission"]
        original = exchange["original"][4:10], exchange["original"][10:20]
        if exchange["code"] != "00" or exchange["amount"] == 0:
            continue
        if exchange["action"] == "request":
            amounts[own] = exchange["amount"]
            currencies[own] = exchange["currency"]
        elif exchange["action"] == "reversal" and original in amounts:
            amounts[original] = min(amounts[original], exchange["standing"])
        elif exchange["action"] == "completion":
            amounts[original] = exchange["amount"]
    standing: Standing = Counter()
    for key, amount in amounts.items():
        standing[books["institution_id"], currencies[key]] += amount
    return standing


def issuer_standing(books: dict[str, Any]) -> Standing:
    """What stands of an issuer's decisions, by acquirer and currency."""
    standing: Standing = Counter()
    for decision in books["decisions"]:
        if decision["state"] == "stands":
            standing[decision["acquirer"], decision["currency"]] += decision["standing"]
    return standing
