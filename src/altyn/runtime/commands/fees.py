"""`altyn fees`: the fee table of a day, and its test bench."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from altyn.clearing import AMOUNT_FAR, ANY_CATEGORY, ClearingRules, FeeRule
from altyn.clock import BusinessDay, business_day, calendar_date
from altyn.money import format_amount
from altyn.registry import Registry
from altyn.runtime.configuration.whole import load_configuration
from altyn.runtime.fees import Trial, load_cases, try_cases
from altyn.runtime.output import UserError, open_console, write_json

__all__ = ["command"]

PPM_OF_PERCENT = 10_000
_config = click.option(
    "-c",
    "--config",
    "path",
    default=".",
    show_default=True,
    type=click.Path(exists=True, path_type=Path),
    help="The settings file, or its folder.",
)
_json = click.option(
    "--json", "json_path", metavar="FILE", help="Write the result as JSON; - is stdout."
)


@click.group("fees")
def command() -> None:
    """The fee table of clearing.toml: show it, and test it."""


@command.command("show")
@_config
@click.option(
    "--on", "day_text", metavar="YYYY-MM-DD", help="The rules of this day; else of all days."
)
@click.option("--fee", "fee", metavar="NAME", help="Rules of this fee only.")
@_json
def show(path: Path, day_text: str | None, fee: str | None, json_path: str | None) -> None:
    """Show the fee rules, of each fee the most specific one first.

    The first rule of a fee that is for an item is the one that holds.

    \b
    altyn fees show -c bank/ --on 2026-11-23
    altyn fees show --fee interchange --json -
    """
    day = None if day_text is None else _day(day_text)
    rules = [
        rule
        for rule in _rules(path).fee_rules
        if (fee is None or rule.fee == fee) and (day is None or rule.effective <= day < rule.until)
    ]
    rules.sort(key=lambda rule: (rule.fee, -rule.rank, rule.rule_id))
    if json_path:
        write_json(json_path, {"rules": [_as_json(rule) for rule in rules]})
    if json_path != "-":
        _show_rules(rules)


@command.command("test")
@click.argument("cases", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_config
@_json
@click.pass_context
def test(context: click.Context, cases: Path, path: Path, json_path: str | None) -> None:
    """Hold the fee rules against the cases of a file.

    A case is an item and what each of its fees must be: docs/guides/fees.md. A fee that a case
    does not name is not looked at.

    \b
    altyn fees test cases.toml -c bank/

    Exit code: 0 every fee is as expected, 1 one is not, or a file is at fault, 2 the command was
    not understood.
    """
    trials = try_cases(_rules(path).fee_rules, load_cases(cases))
    failed = sum(not trial.passed for trial in trials)
    if json_path:
        write_json(json_path, {"failed": failed, "fees": [_trial_json(each) for each in trials]})
    if json_path != "-":
        _show_trials(trials, failed)
    context.exit(1 if failed else 0)


def _rules(path: Path) -> ClearingRules:
    configuration = load_configuration(path, clearing=True)
    if not configuration.clearing_facts:
        raise UserError(
            "there are no rules of clearing",
            where=str(path),
            do="write a clearing.toml beside the settings, as `altyn init` does",
        )
    return ClearingRules(configuration.clearing_facts, Registry(configuration.facts))


def _day(text: str) -> BusinessDay:
    try:
        return business_day(date.fromisoformat(text))
    except ValueError as error:
        raise UserError(
            "this is no day of the calendar", where="--on", do="write it such as 2026-11-23"
        ) from error


def _show_rules(rules: list[FeeRule]) -> None:
    console = open_console()
    for fee in sorted({rule.fee for rule in rules}):
        table = Table(title=escape(fee), title_justify="left", expand=False)
        for heading in ("Rule", "For", "Costs", "Payer", "Receivers", "Days"):
            table.add_column(heading, overflow="fold")
        for rule in rules:
            if rule.fee == fee:
                cells = (rule.rule_id, _scope(rule), _cost(rule), rule.payer, _shares(rule))
                table.add_row(*map(escape, (*cells, _days(rule))))
        console.print(table)
    console.print(f"{len(rules)} rule{'' if len(rules) == 1 else 's'}.")


def _scope(rule: FeeRule) -> str:
    """What a rule names, the most decisive first."""
    named = [
        rule.tier and f"tier {rule.tier}",
        rule.product,
        rule.processing and f"type {rule.processing}",
    ]
    if rule.categories != ANY_CATEGORY:
        first, last = rule.categories
        named.append(f"category {first}" if first == last else f"categories {first}-{last}")
    named += [rule.entry_mode and f"entry {rule.entry_mode}", rule.leg, rule.currency]
    if rule.converted is not None:
        named.append("converted" if rule.converted else "not converted")
    if rule.amount_from:
        named.append(f"from {format_amount(rule.amount_from, rule.currency)}")
    if rule.amount_until < AMOUNT_FAR:
        named.append(f"below {format_amount(rule.amount_until, rule.currency)}")
    return ", ".join(each for each in named if each) or "all"


def _cost(rule: FeeRule) -> str:
    parts = [percent(rule.ppm)] if rule.ppm or not rule.fixed else []
    if rule.fixed:
        parts.append(format_amount(rule.fixed, rule.currency))
    text = " + ".join(parts)
    if rule.floor:
        text += f"\nat least {format_amount(rule.floor, rule.currency)}"
    if rule.cap is not None:
        text += f"\nat most {format_amount(rule.cap, rule.currency)}"
    return text


def percent(ppm: int) -> str:
    """Millionths as a percentage: 16525 is '1.6525%'."""
    whole, part = divmod(ppm, PPM_OF_PERCENT)
    decimals = f"{part:04d}".rstrip("0").ljust(2, "0")
    return f"{whole}.{decimals}%"


def _shares(rule: FeeRule) -> str:
    if len(rule.shares) == 1:
        return rule.shares[0].receiver
    return "\n".join(f"{share.receiver} {percent(share.ppm)}" for share in rule.shares)


def _days(rule: FeeRule) -> str:
    first = calendar_date(rule.effective).isoformat()
    last = calendar_date(rule.until)
    return first if last.year == date.max.year else f"{first} until {last.isoformat()}"


def _as_json(rule: FeeRule) -> dict[str, Any]:
    return {
        "rule": rule.rule_id,
        "fee": rule.fee,
        "rank": rule.rank,
        "for": _scope(rule),
        "costs": _cost(rule).replace("\n", ", "),
        "payer": rule.payer,
        "shares_ppm": {share.receiver: share.ppm for share in rule.shares},
        "effective": calendar_date(rule.effective).isoformat(),
        "until": calendar_date(rule.until).isoformat(),
    }


def _show_trials(trials: Iterable[Trial], failed: int) -> None:
    console = open_console()
    table = Table(expand=False)
    for heading in ("Case", "Fee", "Expected", "Amount", "Found", "Amount", "Result"):
        table.add_column(heading, overflow="fold")
    for column in (3, 5):
        table.columns[column].justify = "right"
    count = 0
    for each in trials:
        count += 1
        expected, found = each.expected.rule or "none", each.rule or "none"
        amounts = f"{each.expected.amount:,}", f"{each.amount:,}"
        result = "pass" if each.passed else f"FAIL: {each.why}"
        row = (each.case, each.expected.fee, expected, amounts[0], found, amounts[1], result)
        table.add_row(*map(escape, row))
    console.print(table)
    console.print(f"{count} fee{'' if count == 1 else 's'} tried, {failed} not as expected.")


def _trial_json(trial: Trial) -> dict[str, Any]:
    return {
        "case": trial.case,
        "fee": trial.expected.fee,
        "expected_rule": trial.expected.rule,
        "expected_amount": trial.expected.amount,
        "rule": trial.rule,
        "amount": trial.amount,
        "passed": trial.passed,
        "why": trial.why,
    }
