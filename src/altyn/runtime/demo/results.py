"""The end of the day: what happened, who owes whom, whether the journal agrees, in files too."""

import asyncio
import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from altyn import __version__
from altyn.money import currency_of
from altyn.runtime.demo.children import run_altyn
from altyn.runtime.demo.standing import books_differences
from altyn.runtime.demo.story import Demonstration
from altyn.runtime.output import UserError, hardware_line, write_json
from altyn.runtime.percentiles import percentiles
from altyn.simulators import bank_of

__all__ = ["DayFiles", "position_rows", "summary_of", "write_day"]

EXPORTS: Final = (("csv", "transactions.csv"), ("parquet", "transactions.parquet"))


@dataclass(frozen=True, slots=True)
class DayFiles:
    """Where the results of a day are."""

    summary: Path
    positions: Path
    transactions: tuple[Path, ...]


def position_rows(answer: Mapping[str, Any], closed_day: int) -> list[dict[str, Any]]:
    """The positions of a closed day, by currency and participant."""
    rows = [
        {name: row[name] for name in ("participant", "currency", "net", "held")}
        for row in answer["positions"]
        if row["business_day"] == closed_day
    ]
    return sorted(rows, key=lambda row: (row["currency"], row["participant"]))


def sums_by_currency(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The sum of net positions of each currency; a sound day has zeros only (I1)."""
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["net"]
    return sums


def summary_of(
    day: Demonstration, positions: Mapping[str, Any], seed: str, transactions: int
) -> dict[str, Any]:
    """The day in figures; docs/guides/demo.md says what each key means."""
    tally = day.tally
    rows = position_rows(positions, day.closed["business_day_closed"])
    codes = tally.requests_by_code()
    latency = percentiles(tally.latencies_us)
    seconds = day.seconds_traded
    return {
        "altyn_version": __version__,
        "approved": codes.get("00", 0),
        "business_day": day.closed["business_day_closed"],
        "cycles": [cycle.as_object() for cycle in day.cycles.cycles],
        "declined": sum(codes.values()) - codes.get("00", 0),
        "hardware": hardware_line(),
        "latency_ms": {
            "max": round(latency.maximum / 1000, 3),
            "p50": round(latency.p50 / 1000, 3),
            "p99": round(latency.p99 / 1000, 3),
        },
        "messages_answered": tally.messages_answered,
        "messages_per_second": round(tally.messages_answered / seconds, 1),
        "outcomes": tally.outcomes,
        "positions": rows,
        "requests_by_code": codes,
        "reversals_delivered": tally.issuer_total("reversals"),
        "seconds_traded": round(seconds, 3),
        "seed": seed,
        "surprises": tally.surprises,
        "transactions": transactions,
        "transactions_per_second": round(transactions / seconds, 1),
        "zero_sum": bool(positions["zero_sum"]) and not any(sums_by_currency(rows).values()),
    }


async def write_day(day: Demonstration, summary: dict[str, Any]) -> DayFiles:
    """Verify the journal, export the day, compare books; adds what it finds to the summary.

    The switch is still running or already stopped: the journal may be read either way.
    """
    folder = day.scheme.folder
    journal, business_day = day.scheme.journal, summary["business_day"]
    summary["journal_verified"], summary["stand_in"], *_ = await asyncio.gather(
        _verified(journal),
        _stand_in(journal),
        *(_export(journal, form, business_day, folder / name) for form, name in EXPORTS),
    )
    summary["books_differ"] = books_differences(folder / "banks")
    summary["books_agree"] = not summary["books_differ"]
    summary["statement_agrees"] = day.cycles.statement_agrees
    exported = tuple(folder / name for _, name in EXPORTS)
    _write_positions(folder / "positions.csv", summary["positions"])
    write_json(str(folder / "summary.json"), summary)
    return DayFiles(folder / "summary.json", folder / "positions.csv", exported)


async def _verified(journal: Path) -> bool:
    code, _, _ = await run_altyn("journal", "verify", str(journal))
    return code == 0


async def _stand_in(journal: Path) -> dict[str, Any]:
    """What stand-in decided and cost, as `altyn report stand-in` tells it."""
    code, output, errors = await run_altyn("report", "stand-in", str(journal), "--json", "-")
    if code:
        lines = errors.strip().splitlines() or ["no reason given"]
        raise UserError(f"the report failed: {lines[-1].removeprefix('error: ')}")
    figures: dict[str, Any] = json.loads(output)
    return figures


async def _export(journal: Path, form: str, business_day: int, target: Path) -> None:
    arguments = ["journal", "export", str(journal), "--business-day", str(business_day)]
    code, _, errors = await run_altyn(*arguments, "--format", form, "--output", str(target))
    if code:
        lines = errors.strip().splitlines() or ["no reason given"]
        raise UserError(f"the export failed: {lines[-1].removeprefix('error: ')}")


def _write_positions(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(
            ("currency", "participant", "name", "net", "net_minor_units", "held_minor_units")
        )
        for row in rows:
            net = decimal_text(row["net"], row["currency"])
            name = bank_of(row["participant"]).name
            table.writerow(
                (row["currency"], row["participant"], name, net, row["net"], row["held"])
            )


def decimal_text(minor_units: int, currency: str) -> str:
    """An amount as a plain decimal number: -123456 KZT minor units is -1234.56."""
    exponent = currency_of(currency).exponent
    whole, part = divmod(abs(minor_units), 10**exponent)
    sign = "-" if minor_units < 0 else ""
    return f"{sign}{whole}.{part:0{exponent}d}" if exponent else f"{sign}{whole}"
