"""Cleared cycles that are small and consistent: items and fees by hand or by chance, nets as sums.

Nothing here is clearing's own code: nets are added up in Python integers.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet
from hypothesis import strategies as st

from altyn.card import seal
from altyn.clearing import RESULT_TABLES, schema_of
from altyn.runtime.reporting.result_tables import ResultTables

CARD = "9900010000000005"
DAY = date(2026, 11, 23)
CYCLE = "2026-11-23/1"

Row = dict[str, Any]


class Cleared(NamedTuple):
    """Rows of a cycle's tables by name."""

    items: list[Row]
    fees: list[Row]
    rejected: list[Row]
    agents: dict[str, str]
    cycle: str = CYCLE

    def tables(self) -> dict[str, pa.Table]:
        """Every result table, in the order of its key."""
        rows: dict[str, list[Row]] = {table.name: [] for table in RESULT_TABLES}
        rows |= {"items": self.items, "fees": self.fees, "rejected": self.rejected}
        rows["nets"] = nets_of(self)
        rows["totals"] = totals_of(self)
        return {
            table.name: pa.Table.from_pylist(
                sorted(rows[table.name], key=lambda row: [row[each] for each in table.key]),
                schema=schema_of(table),
            )
            for table in RESULT_TABLES
        }

    def write(self, folder: Path) -> None:
        """The tables as clearing leaves them."""
        folder.mkdir(parents=True)
        for name, table in self.tables().items():
            pa.parquet.write_table(table, folder / f"{name}.parquet", row_group_size=2_000)


@contextmanager
def opened(cleared: Cleared) -> Iterator[ResultTables]:
    """A reader of the tables, without files."""
    with reader(cleared.tables(), cleared.cycle) as read:
        yield read


@contextmanager
def reader(tables: dict[str, pa.Table], cycle: str) -> Iterator[ResultTables]:
    """A reader of any tables."""
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register("given", table)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
        connection.execute(f"CREATE VIEW nets_of_cycles AS SELECT '{cycle}' AS cycle, * FROM nets")
        yield ResultTables(connection)


def item(
    item_id: str, debtor: str, creditor: str, amount: int, currency: str = "398", **more: Any
) -> Row:
    """A purchase with the debtor's card; a reversal or credit says its sides in `more`."""
    from_file = item_id.startswith("P")
    row: Row = {
        "item_id": item_id,
        "cycle": CYCLE,
        "outcome": "MATCHED" if from_file else "SINGLE_MESSAGE",
        "late": False,
        "credit": False,
        "reversal": False,
        "file_id": "0020026327000400101000017" if from_file else None,
        "record_number": 2 if from_file else None,
        "business_day": DAY,
        "priced_on": DAY,
        "acquirer_participant": creditor,
        "issuer_participant": debtor,
        "debtor": debtor,
        "creditor": creditor,
        "pan": seal(CARD),
        "processing_code": "000000",
        "product": "CLASSIC",
        "category": "5411",
        "entry_mode": "051",
        "merchant": "MERCHANT0000001",
        "leg": "domestic",
        "currency": currency,
        "amount": amount,
        "settlement_currency": currency,
        "settlement_amount": amount,
        "base_before": 0,
        "base_after": amount,
    }
    return row | more


def fee(item: Row, name: str, payer: str, receiver: str, amount: int, **more: Any) -> Row:
    """A fee of an item, on its settlement amount."""
    row: Row = {
        "item_id": item["item_id"],
        "fee": name,
        "rule_id": f"{name}-1",
        "base": item["settlement_amount"],
        "part": 1,
        "payer": payer,
        "receiver": receiver,
        "account": "fees" if receiver == "SCHEME" else "settlement",
        "settlement_currency": item["settlement_currency"],
        "amount": amount,
    }
    return row | more


def rejection(record_number: int, reason: str, acquirer: str = "STEPKZ", **more: Any) -> Row:
    """A record of an acquirer's file that was not accepted."""
    row: Row = {
        "acquirer_participant": acquirer,
        "file_id": "0020026327000400101000017",
        "record_number": record_number,
        "acquirer_reference": f"{record_number:023d}",
        "reason": reason,
        "currency": "398",
        "amount": 12_345,
    }
    return row | more


def nets_of(cleared: Cleared) -> list[Row]:
    """The nets, added up one by one."""
    principal: Counter[tuple[str, str, str]] = Counter()
    fees: Counter[tuple[str, str, str]] = Counter()
    items: dict[tuple[str, str, str], set[str]] = {}
    for row in cleared.items:
        for participant, sign in ((row["debtor"], -1), (row["creditor"], 1)):
            key = (row["settlement_currency"], participant, "settlement")
            principal[key] += sign * row["settlement_amount"]
            items.setdefault(key, set()).add(row["item_id"])
    for row in cleared.fees:
        fees[row["settlement_currency"], row["payer"], "settlement"] -= row["amount"]
        fees[row["settlement_currency"], row["receiver"], row["account"]] += row["amount"]
    return [
        {
            "settlement_currency": key[0],
            "participant": key[1],
            "agent": cleared.agents.get(key[1], key[1]),
            "account": key[2],
            "items": len(items.get(key, ())),
            "principal": principal[key],
            "fees": fees[key],
            "minor_units": principal[key] + fees[key],
        }
        for key in sorted({*principal, *fees})
    ]


def totals_of(cleared: Cleared) -> list[Row]:
    """The control totals of the records from files."""
    accepted = [row for row in cleared.items if row["file_id"]]
    found = []
    groups = {
        "read": accepted + cleared.rejected,
        "accepted": accepted,
        "rejected": cleared.rejected,
    }
    for what, rows in groups.items():
        for currency in sorted({row["currency"] for row in rows}):
            amounts = [row["amount"] for row in rows if row["currency"] == currency]
            found.append(
                {
                    "source": "file",
                    "what": what,
                    "currency": currency,
                    "records": len(amounts),
                    "amount": sum(amounts),
                }
            )
    return found


def hand_made() -> Cleared:
    """Two currencies, a sponsored bank, an on-us item, a refund, a reversal in part."""
    sale = item("J1", "STEPKZ", "GOLDKZ", 100_000)
    on_us = item("J2", "STEPKZ", "STEPKZ", 5_000)
    file_sale = item("PGOLDKZ-17-2", "MOUNTKG", "GOLDKZ", 2_500, "840", leg="cross-border")
    refund = item(
        "J3", "GOLDKZ", "STEPKZ", 1_000, credit=True, processing_code="200000",
        issuer_participant="STEPKZ", acquirer_participant="GOLDKZ",
    )  # fmt: skip
    reversal = item(
        "J4", "GOLDKZ", "STEPKZ", 40_000, reversal=True, original_item="J1",
        issuer_participant="STEPKZ", acquirer_participant="GOLDKZ", base_before=100_000,
        base_after=60_000,
    )  # fmt: skip
    small = item("J5", "SMALLKZ", "GOLDKZ", 7_777)
    return Cleared(
        [sale, on_us, file_sale, refund, reversal, small],
        [
            fee(sale, "interchange", "GOLDKZ", "STEPKZ", 1_200),
            fee(sale, "scheme", "GOLDKZ", "SCHEME", 50),
            fee(on_us, "interchange", "STEPKZ", "STEPKZ", 60),
            fee(file_sale, "interchange", "GOLDKZ", "MOUNTKG", 30),
            fee(reversal, "interchange", "GOLDKZ", "STEPKZ", -1_200, base=100_000),
            fee(reversal, "interchange", "GOLDKZ", "STEPKZ", 720, base=60_000),
            fee(small, "interchange", "GOLDKZ", "SMALLKZ", 80),
            fee(small, "interchange", "GOLDKZ", "STEPKZ", 12, part=2),
            fee(small, "interchange", "GOLDKZ", "SCHEME", 1, part=0, account="residue"),
        ],
        [
            rejection(3, "DUPLICATE", "GOLDKZ"),
            rejection(4, "NO_AUTHORIZATION", "GOLDKZ", terms_id="rest"),
            rejection(9, "DUPLICATE", "GOLDKZ", currency="840"),
        ],
        {"SMALLKZ": "STEPKZ"},
    )


BANKS = ("STEPKZ", "GOLDKZ", "MOUNTKG", "SMALLKZ")


@st.composite
def cycles(draw: st.DrawFn) -> Cleared:
    """Any cycle: items between any two banks, in any direction, with any fees and shares."""
    items = []
    fees = []
    amount = st.integers(0, 10**13)
    bank = st.sampled_from(BANKS)
    for number in range(draw(st.integers(0, 12))):
        issuer, acquirer = draw(bank), draw(bank)
        backwards = draw(st.booleans())
        reversal = draw(st.booleans())
        moved = draw(amount)
        after = draw(st.integers(0, 10**6)) if reversal else moved
        sides = (acquirer, issuer) if backwards else (issuer, acquirer)
        name = draw(st.sampled_from(["J{}", "PGOLDKZ-17-{}"])).format(number)
        row = item(
            name, *sides, moved, draw(st.sampled_from(["398", "840", "392"])),
            issuer_participant=issuer, acquirer_participant=acquirer, reversal=reversal,
            processing_code=draw(st.sampled_from(["000000", "200000", "010000", "330000"])),
            base_before=after + moved if reversal else 0, base_after=after,
        )  # fmt: skip
        items.append(row)
        for fee_name in draw(st.lists(st.sampled_from(["interchange", "scheme"]), unique=True)):
            for part in draw(st.lists(st.integers(0, 2), unique=True)):
                receiver = draw(st.sampled_from([*BANKS, "SCHEME"])) if part else "SCHEME"
                account = "residue" if not part else None
                fees.append(
                    fee(row, fee_name, draw(st.sampled_from([issuer, acquirer])), receiver,
                        draw(st.integers(-(10**6), 10**6)), part=part)
                    | ({"account": account} if account else {})
                )  # fmt: skip
    agents = draw(st.sampled_from([{}, {"SMALLKZ": "STEPKZ"}]))
    return Cleared(items, fees, [], agents)
