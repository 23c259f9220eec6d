"""The hand-worked day: every item, fee, rejection and net as a clerk would work them out on paper.

Both the reference model and DuckDB must come to what stands in clearing/hand_worked_day.txt.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from altyn.card import seal
from altyn.money import currency_of
from tests.clearing.cycle import (
    CARD,
    OTHER_CARD,
    TODAY,
    Day,
    Row,
    day,
    entry,
    fee_rule,
    fee_share,
    matching_terms,
    presentment,
    read,
    refund_limit,
    run,
    terms,
)
from tests.clearing.reference_model import clear

PAGE = Path(__file__).parent / "clearing" / "hand_worked_day.txt"
CARDS = {"B": CARD, "C": OTHER_CARD, "X": seal("9900990000000002")}
ISSUERS = {"B": "BORI", "C": "CHUY", "X": None}

Clear = Callable[[Day], Day]


def sections() -> dict[str, list[dict[str, str]]]:
    """The tables of the page, by name."""
    found: dict[str, list[dict[str, str]]] = {}
    columns: list[str] = []
    rows: list[dict[str, str]] = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if line.startswith("["):
            rows = found.setdefault(line.strip("[]"), [])
            columns = []
        elif not columns:
            columns = words
        else:
            rows.append(dict(zip(columns, words, strict=True)))
    return found


def _entry(row: dict[str, str]) -> Row:
    sequence, posts = int(row["sequence"]), int(row["posted"])
    return entry(
        sequence=sequence,
        kind=row["kind"],
        flags=row["flags"].strip("-"),
        outcome="accepted" if row["kind"] == "reversal" else "approved",
        pan=CARDS[row["card"]],
        issuer_participant=ISSUERS[row["card"]],
        processing_code=row["type"],
        amount=int(row["amount"]),
        currency=currency_of(row["currency"]).numeric,
        settlement_amount=int(row["settles"]),
        settlement_currency=currency_of(row["in"]).numeric,
        settlement_rate_id="KZT-1" if row["in"] != row["currency"] else "",
        posted_change=posts,
        refers_to=0 if row["refers"] == "-" else int(row["refers"]),
        remaining=int(row["left"]),
        category=row["category"],
        stan=f"{sequence:06d}",
        rrn="",
        authorization_code="",
    )


def _record(row: dict[str, str]) -> Row:
    named, kind = row["authorization"], row["kind"]
    return presentment(
        int(row["record"]),
        pan=CARDS[row["card"]],
        issuer_participant=ISSUERS[row["card"]],
        product="GOLD" if ISSUERS[row["card"]] else None,
        amount=int(row["amount"]),
        currency=currency_of(row["currency"]).numeric,
        stan=None if named == "-" else f"{int(named):06d}",
        rrn=None,
        authorization_code=None,
        part_number=int(row["part"]),
        final=row["final"] == "yes",
        local_date=TODAY - timedelta(days=int(row["days"])),
        function=row["function"],
        credit=kind == "refund",
        reversal=kind == "reversal",
        processing_code="200000" if kind == "refund" else "000000",
        original_reference=None if row["names"] == "-" else f"{int(row['names']):023d}",
        acquirer_reference=f"{int(row['reference']):023d}",
        category=row["category"],
    )


def inputs() -> Day:
    """The day as the engines read it."""
    page = sections()
    half = 500_000
    return day(
        transactions=[_entry(row) for row in page["traffic"]],
        presentments=[_record(row) for row in page["presentments"]],
        terms=[terms(limits_unlinked_refunds=True)],
        unlinked_refund_limits=[refund_limit()],
        matching_terms=[
            matching_terms(),
            matching_terms(
                terms_id="restaurants", category_from="5812", category_to="5812", rank=2,
                tolerance_ppm=200_000,
            ),
        ],
        fee_rules=[
            fee_rule(rule_id="all"),
            fee_rule(rule_id="food", rank=1, category_from="5411", category_to="5411", ppm=6_000),
            fee_rule(rule_id="refund", rank=2, processing="20", payer="issuer"),
            fee_rule(rule_id="network", fee="network", payer="issuer", ppm=500),
            fee_rule(rule_id="margin", fee="margin", converted=True, ppm=5_000),
        ],
        fee_shares=[
            fee_share(rule_id="all"),
            fee_share(rule_id="food"),
            fee_share(rule_id="refund", receiver="acquirer"),
            fee_share(rule_id="network", receiver="scheme", ppm=half),
            fee_share(rule_id="network", part=2, receiver="issuer-agent", ppm=half),
            fee_share(rule_id="margin", receiver="scheme"),
        ],
    )  # fmt: skip


@pytest.fixture(params=["model", "duckdb"])
def result(request: pytest.FixtureRequest, tmp_path: Path) -> Day:
    """The day, cleared by each."""
    ways: dict[str, Clear] = {"model": clear, "duckdb": lambda rows: read(run(tmp_path, rows))}
    return ways[request.param](inputs())


def _code(alpha: str) -> str:
    return currency_of(alpha).numeric


def test_m02_items_and_fees_are_those_on_paper(result: Day) -> None:
    """Who pays whom how much, and what each fee of each item is."""
    fees: Counter[tuple[str, str]] = Counter()
    for row in result["fees"]:
        fees[row["item_id"], row["fee"]] += row["amount"]
    found = {
        row["item_id"]: (
            row["outcome"], row["late"], row["debtor"], row["creditor"], row["settlement_amount"],
            row["settlement_currency"],
            *(fees[row["item_id"], name] for name in ("interchange", "network", "margin")),
        )
        for row in result["items"]
    }  # fmt: skip
    assert found == {
        row["item"]: (
            row["outcome"], row["late"] == "yes", row["debtor"], row["creditor"],
            int(row["amount"]), _code(row["currency"]),
            *(int(row[name]) for name in ("interchange", "network", "margin")),
        )
        for row in sections()["items"]
    }  # fmt: skip


def test_rejections_are_those_on_paper(result: Day) -> None:
    """Every record is an item or is here, with the reason."""
    found = {row["record_number"]: row["reason"] for row in result["rejected"]}
    assert found == {int(row["record"]): row["reason"] for row in sections()["rejected"]}
    from_file = sum(row["file_id"] is not None for row in result["items"])
    assert from_file + len(found) == len(sections()["presentments"])


def test_m03_nets_are_those_on_paper_and_sum_to_zero(result: Day) -> None:
    """By currency, participant, agent and account."""
    keys = ("settlement_currency", "participant", "agent", "account")
    found: dict[tuple[Any, ...], tuple[int, ...]] = {
        tuple(row[key] for key in keys): (row["principal"], row["fees"], row["minor_units"])
        for row in result["nets"]
    }
    assert found == {
        (_code(row["currency"]), row["participant"], row["agent"], row["account"]): (
            int(row["principal"]), int(row["fees"]), int(row["net"]),
        )
        for row in sections()["nets"]
    }  # fmt: skip
    for currency in ("398", "840"):
        assert sum(net[2] for key, net in found.items() if key[0] == currency) == 0


def test_c07_c09_authorizations_are_left_as_on_paper(result: Day) -> None:
    """What is used up, what waits for more, and what nobody claimed yet; no record without an
    authorization took any of another (item 10)."""
    found = {
        row["authorization"]: (row["state"], row["standing"], row["presented"])
        for row in result["authorizations"]
    }
    assert found == {
        int(row["sequence"]): (row["state"], int(row["standing"]), int(row["presented"]))
        for row in sections()["authorizations"]
    }
