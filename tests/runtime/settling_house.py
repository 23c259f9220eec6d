"""A scheme that settles today: a configuration, a cleared cycle, and a simulated bank."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner

from altyn.clearing import RESULT_TABLES, schema_of
from altyn.clock import business_day
from altyn.ledger import AccountKind
from altyn.runtime.backoffice import open_for_writing
from altyn.runtime.cli import main
from altyn.runtime.settlement_bank.bank_books import read_books
from altyn.runtime.settling.place import SettlementPlace, load_place
from altyn.runtime.settling.settlement_books import SettlementBooks
from altyn.simulators import SettlementBank

STEP = "KZ00STEP0000000000011"
MOUNTAIN = "KG00MOUN0000000000011"
FEES = "KZ00ALTN0000000000012"
CLEARING = "KZ00ALTN0000000000011"
FUND = "KZFUND"

_RESOURCE = """
[[account]]
purpose = "{purpose}"
holder = "{holder}"
currency = "USD"
number = "{number}"
bic = "STEPKZ22"
name = "resources"
effective = "2026-01-01"
"""

NETS = (
    ("STEPKZ", "settlement", -150_000),
    ("MOUNTKG", "settlement", 149_500),
    ("SCHEME", "fees", 500),
)
"""In USD: what moves is 1500.00 in and out."""
MOVED = {STEP: Decimal(-1500), MOUNTAIN: Decimal(1495), FEES: Decimal(5)}


class House:
    """A folder with a scheme whose currencies settle every day, beside a bank with its books."""

    def __init__(self, folder: Path, form: str = "multilateral") -> None:
        """Write the configuration; the bank opens accounts for all of it."""
        self.folder = folder / "scheme"
        self.bank_folder = folder / "bank"
        self.run("init", str(self.folder))
        rules = self.folder / "clearing.toml"
        today = datetime.now(UTC)
        self.today = today
        years = f"years = [{', '.join(str(2026 + n) for n in range(max(2, today.year - 2024)))}]"
        text = rules.read_text(encoding="utf-8").replace("years = [2026]", years)
        text = text.replace('rest_days = ["sat", "sun"]', "rest_days = []")
        text = text.replace('form = "multilateral"', f'form = "{form}"')
        for start in range(text.count("holidays = [")):
            del start
            at = text.index("holidays = [")
            text = text[:at] + text[text.index("]", at) + 1 :]
        for purpose, number in (("collateral", "KZCOLLMOUN"), ("guarantee-fund", FUND)):
            text += _RESOURCE.format(purpose=purpose, holder="MOUNTKG", number=number)
        rules.write_text(text, encoding="utf-8")
        self.accounts = folder / "accounts.csv"
        self.accounts.write_text(self.run("settlement", "accounts", "-c", str(self.folder))[1])
        self.cycle = self.cycle_of(1)

    def cycle_of(self, number: int) -> str:
        """A cycle of yesterday: it can be settled today wherever the scheme's clock stands."""
        return f"{(self.today - timedelta(days=1)).date().isoformat()}/{number}"

    @property
    def place(self) -> SettlementPlace:
        """The configuration, read."""
        return load_place(self.folder)

    def run(self, *words: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of a command."""
        result = CliRunner().invoke(main, list(words))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result.exit_code, result.stdout, result.stderr

    def clear(self, number: int = 1, nets: Sequence[tuple[str, str, int]] = NETS) -> str:
        """Let a cycle be cleared with these nets in USD; gives its name."""
        cycle = self.cycle_of(number)
        settings = self.place.settings.clearing
        file = settings.folder / "cycles" / cycle.replace("/", "-") / "nets.parquet"
        file.parent.mkdir(parents=True)
        rows = [
            {
                "settlement_currency": "840",
                "participant": name,
                "agent": name,
                "account": account,
                "items": 1,
                "principal": units,
                "fees": 0,
                "minor_units": units,
            }
            for name, account, units in nets
        ]
        (table,) = (each for each in RESULT_TABLES if each.name == "nets")
        pq.write_table(pa.Table.from_pylist(rows, schema=schema_of(table)), file)
        fact = {
            "fact": "cycle-cleared",
            "key": cycle,
            "business_day": business_day((self.today - timedelta(days=1)).date()),
            "results": {"nets": sha256(file.read_bytes()).hexdigest()},
        }
        scheme_id = self.place.registry.scheme.scheme_id
        with open_for_writing(settings, scheme_id) as journal:
            journal.append(fact)
        return cycle

    def settle(self, cycle: str = "", wait: str = "0") -> tuple[int, dict[str, Any]]:
        """Exit code and result of `altyn settle`, run by run of USD."""
        code, output, error = self.run(
            "settle", "--cycle", cycle or self.cycle, "--currency", "usd", "--wait", wait,
            "-c", str(self.folder), "--json", "-",
        )  # fmt: skip
        assert output, error
        (run,) = json.loads(output)["runs"]
        return code, run

    def bank_words(self, *words: str) -> tuple[str, ...]:
        """The command of the bank over this house's folders."""
        folders = self.place.settings.settlement
        return (
            "bank", "--outbox", str(folders.outbox), "--inbox", str(folders.inbox),
            "--books", str(self.bank_folder / "books.json"), "--accounts", str(self.accounts),
            *words,
        )  # fmt: skip

    def bank(self, *words: str) -> None:
        """Let the bank take in what lies there."""
        code, output, error = self.run(*self.bank_words("--once", *words))
        assert code == 0, output + error

    def bank_books(self) -> SettlementBank:
        """The bank's own books."""
        return read_books(self.bank_folder / "books.json").bank

    def bank_moves(self) -> dict[str, Decimal]:
        """What each account gained at the bank, other than the clearing account."""
        moved: dict[str, Decimal] = {}
        for each in self.bank_books().movements:
            if each.account != CLEARING:
                moved[each.account] = moved.get(each.account, Decimal(0)) + each.amount
        return moved

    def books(self) -> SettlementBooks:
        """Our books as the journal has them."""
        with self.place.read() as books:
            return books

    def assert_settled_once(self) -> None:
        """The bank moved each net once, and our ledger says the same and is balanced."""
        assert self.bank_moves() == MOVED
        assert self.bank_books().balances[CLEARING, "USD"] == 0
        books = self.books()
        run = books.desk.run(f"{self.cycle}/USD")
        assert run.moved == run.positions
        booked_us = max(each.at_us for each in self.bank_books().movements)
        assert run.final_us == booked_us // 1000 * 1000  # the bank tells milliseconds
        balances = books.book.balances()
        assert not sum(units for each, units in balances.items() if each.currency == "USD")
        owed = [
            units
            for each, units in balances.items()
            if each.kind is AccountKind.OBLIGATION and each.currency == "USD"
        ]
        assert not any(owed)
