"""`altyn check`: the configuration files, whole, with every fault at once."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from altyn.money import Rate, format_amount
from altyn.registry import Registry, value_of
from altyn.runtime.configuration.problem import ConfigurationError, Problem
from altyn.runtime.configuration.reference import settings_page
from altyn.runtime.configuration.whole import Configuration, load_configuration
from altyn.runtime.output import open_console, write_json

__all__ = ["command"]

EXIT_PROBLEMS = 1


def _print_keys(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(settings_page(), nl=False)
        context.exit()


@click.command("check")
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=Path())
@click.option("--json", "json_path", metavar="FILE", help="Write the result as JSON; - is stdout.")
@click.option(
    "--keys",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_keys,
    help="Show every key of the files and leave.",
)
@click.pass_context
def command(context: click.Context, path: Path, json_path: str | None) -> None:
    """Check the settings, the scheme and the clearing rules of a node, together and whole.

    PATH is a settings file, or a folder with an altyn.toml; without it, the folder you are in.
    Every fault is told at once, with its file, line, key and what to do. Nothing is changed and
    nothing is started.

    \b
    altyn check bank/                 the files of a folder
    altyn check bank/altyn.toml       the same
    altyn check bank/ --json -        for a program

    Exit code: 0 nothing is wrong, 1 there are problems, 2 the command was not understood.
    """
    try:
        configuration = load_configuration(path, clearing=True)
    except ConfigurationError as error:
        problems = error.problems
        if json_path:
            write_json(json_path, {"problems": [problem._asdict() for problem in problems]})
        if json_path != "-":
            _show_problems(problems)
        context.exit(EXIT_PROBLEMS)
    registry = Registry(configuration.facts)
    if json_path:
        write_json(json_path, _summary(configuration, registry))
    if json_path != "-":
        _show_summary(configuration, registry)


def _show_problems(problems: list[Problem]) -> None:
    console = open_console()
    for file, group in groupby(problems, key=lambda problem: problem.file):
        table = _table(file, ("Line", "Key", "What is wrong", "What to do"))
        table.columns[0].justify = "right"
        for problem in group:
            line = "" if problem.line is None else str(problem.line)
            table.add_row(*map(escape, (line, problem.key, problem.reason, problem.do)))
        console.print(table)
    count = len(problems)
    console.print(f"{count} problem{'' if count == 1 else 's'}; nothing was started or changed.")


def _table(title: str, headings: Iterable[str]) -> Table:
    table = Table(title=escape(title), title_justify="left", expand=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _summary(configuration: Configuration, registry: Registry) -> dict[str, object]:
    return {
        "problems": [],
        "scheme": registry.scheme.scheme_id,
        "registry_version": registry.version,
        "participants": sorted(registry.participants),
        "links": [link.id for link in configuration.settings.links],
        "bin_ranges": len(registry.bins),
        "rates": len(_rates(configuration)),
        "clearing_rules": len(configuration.clearing_facts),
    }


def _rates(configuration: Configuration) -> list[Rate]:
    values = (value_of(fact) for fact in configuration.facts)
    return [value for value in values if isinstance(value, Rate)]


def _show_summary(configuration: Configuration, registry: Registry) -> None:
    console = open_console()
    for table in (_participants(registry), _links(configuration), _bins(configuration)):
        console.print(table)
    scheme = registry.scheme
    console.print(
        f"Scheme {scheme.scheme_id}, registry version {registry.version}, "
        f"{len(_rates(configuration))} rates through {scheme.cross_border_currency}, "
        f"{len(configuration.clearing_facts)} rules of clearing. "
        "Nothing is wrong."
    )


def _participants(registry: Registry) -> Table:
    headings = ("Participant", "Country", "Roles", "Institution ids", "Net debit caps")
    table = _table("Participants", headings)
    for each in registry.participants.values():
        state = "" if each.state == "active" else f" ({each.state})"
        caps = (format_amount(cap, code) for code, cap in each.net_debit_caps.items())
        table.add_row(
            f"{each.participant_id}{state}",
            f"{each.country} {each.currency}",
            ", ".join(sorted(each.roles)),
            ", ".join(each.institution_ids),
            "\n".join(caps) or "none",
        )
    return table


def _links(configuration: Configuration) -> Table:
    table = _table("Links", ("Link", "Participant", "Address", "Dialect", "Framing", "Sign-on"))
    for link in configuration.settings.links:
        address = f"{link.mode} {link.host}:{link.port}"
        row = (link.id, link.participant, address, link.dialect, link.framing, link.sign_on)
        table.add_row(*map(escape, row))
    return table


def _bins(configuration: Configuration) -> Table:
    table = _table("BIN ranges", ("Prefix", "Participant", "Product", "Currency", "Digits"))
    for fact in configuration.facts:
        if fact["fact"] == "bin":
            lengths = ", ".join(str(length) for length in fact["pan_lengths"])
            table.add_row(
                fact["prefix"], fact["participant_id"], fact["product"], fact["currency"], lengths
            )
    return table
