"""`altyn rates`: the daily sheets of central banks, read, checked, and made into registry rates."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table

from altyn.rates import FEEDS, FeedError, Finding, Quotation, RateSheet, Remedy, findings
from altyn.rates import read_sheet as read_content
from altyn.runtime.output import UserError, open_console, write_json

__all__ = ["command"]

EXIT_HOLD: Final = 3


@click.group("rates")
def command() -> None:
    """Exchange rates as central banks publish them."""


@command.command("read")
@click.argument("source", type=click.Choice(list(FEEDS)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--on", "on_day", metavar="YYYY-MM-DD", help="The day it must be of; else today, UTC."
)
@click.option("--need", default="", help="Currencies that must be in it, such as USD,EUR.")
@click.option(
    "--previous",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The sheet before it of the same source, to compare with.",
)
@click.option(
    "--toml",
    "from_instant",
    metavar="INSTANT",
    help="Write [[rate]] tables for scheme.toml that hold from INSTANT on (RFC 3339).",
)
@click.option("--json", "json_path", metavar="FILE", help="Write the result as JSON; - is stdout.")
@click.pass_context
def read(
    context: click.Context,
    source: str,
    file: Path,
    on_day: str | None,
    need: str,
    previous: Path | None,
    from_instant: str | None,
    json_path: str | None,
) -> None:
    """Read a sheet as it was published, check it, and show it.

    The sources: nbk National Bank of Kazakhstan, cbr Bank of Russia, nbkr National Bank of the
    Kyrgyz Republic, cbu Central Bank of Uzbekistan, ecb European Central Bank. A rate keeps its
    nominal and its direction. A sheet of another day, without a needed currency, or that cannot
    be read in a single line, is refused whole; a jump, a changed nominal or a currency that has
    gone is for a second person to look at.

    \b
    altyn rates read nbk rates.xml --on 2026-04-01 --need USD,RUB
    altyn rates read ecb eurofxref-daily.xml --previous yesterday.xml --json -
    altyn rates read nbk rates.xml --on 2026-04-01 --toml 2026-04-01T00:00:00+05:00

    Exit code: 0 it may be used, 1 it is refused, 2 the command was not understood, 3 a second
    person must look at it.
    """
    sheet = _read(source, file)
    before = None if previous is None else _read(source, previous)
    day = _checked_day(on_day) if on_day else datetime.now(UTC).date().isoformat()
    needed = [code.strip() for code in need.split(",") if code.strip()]
    found = findings(sheet, day, needed, before)
    refused = any(finding.remedy is Remedy.REFUSE for finding in found)
    if json_path:
        write_json(json_path, _as_json(sheet, found))
    if from_instant is not None:
        if not refused:
            click.echo(_as_toml(sheet, from_instant), nl=False)
    elif json_path != "-":
        _show(sheet)
    for finding in found:
        click.echo(
            f"{finding.remedy.value}: {finding.currency or source}: {finding.reason}", err=True
        )
    context.exit(1 if refused else EXIT_HOLD if found else 0)


def _read(source: str, file: Path) -> RateSheet:
    try:
        return read_content(source, file.read_bytes())
    except FeedError as error:
        raise UserError(
            error.reason,
            where=f"{file}, {error.where}",
            do=f"get the sheet of {FEEDS[source].title} again; nothing of this one was used",
        ) from error


def _checked_day(text: str) -> str:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError as error:
        raise click.BadParameter(
            "a day such as 2026-04-01 is expected", param_hint="--on"
        ) from error


def _as_json(sheet: RateSheet, found: list[Finding]) -> dict[str, Any]:
    return {
        "source": sheet.source,
        "home": sheet.home,
        "day": sheet.day,
        "quotation": sheet.quotation.value,
        "left_out": list(sheet.left_out),
        "rates": [
            {
                "currency": rate.currency,
                "nominal": rate.nominal,
                "value": _decimal(rate.mantissa, rate.scale),
            }
            for rate in sheet.rates
        ],
        "findings": [
            {"remedy": each.remedy.value, "currency": each.currency, "reason": each.reason}
            for each in found
        ],
    }


def _as_toml(sheet: RateSheet, instant: str) -> str:
    try:
        stated = datetime.fromisoformat(instant)
    except ValueError as error:
        raise click.BadParameter("an RFC 3339 instant is expected", param_hint="--toml") from error
    if stated.tzinfo is None:
        raise click.BadParameter("the instant has no time zone", param_hint="--toml")
    tables = []
    for published in sheet.rates:
        rate = sheet.rate(published, 0)
        tables.append(
            f'[[rate]]\nid = "{rate.rate_id}"\nbase = "{rate.base}"\nquote = "{rate.quote}"\n'
            f'value = "{_decimal(rate.mantissa, rate.scale)}"\neffective = "{stated.isoformat()}"\n'
        )
    return "\n".join(tables)


def _decimal(mantissa: int, scale: int) -> str:
    whole, part = divmod(mantissa, 10**scale)
    return f"{whole}.{part:0{scale}d}" if scale else str(whole)


def _show(sheet: RateSheet) -> None:
    feed = FEEDS[sheet.source]
    inverse = sheet.quotation is Quotation.INVERSE
    heading = f"for so many {sheet.home}" if inverse else "for so many units"
    table = Table(title=f"{feed.title}, {sheet.day}", title_justify="left")
    table.add_column("Currency")
    table.add_column(heading, justify="right")
    table.add_column("units" if inverse else sheet.home, justify="right")
    for rate in sheet.rates:
        value = _decimal(rate.mantissa, rate.scale)
        table.add_row(rate.currency, str(rate.nominal), value)
    console = open_console()
    console.print(table)
    if sheet.left_out:
        console.print(f"Left out, without a minor unit in ISO 4217: {', '.join(sheet.left_out)}")
