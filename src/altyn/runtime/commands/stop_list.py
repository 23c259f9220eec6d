"""`altyn stop-list`: load an issuer's stop list from a file, count the cards listed."""

from pathlib import Path
from typing import Any

import click

from altyn.runtime.output import UserError, write_json

__all__ = ["command"]

_CONFIG = click.option(
    "-c",
    "--config",
    "settings_path",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The settings file of the running switch.",
)


@click.group("stop-list")
def command() -> None:
    """Change and count the cards that stand-in must refuse.

    Orders go to the running switch over its control socket.
    """


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--issuer", required=True, metavar="ID", help="Whose cards they are.")
@_CONFIG
def load(file: Path, issuer: str, settings_path: Path) -> None:
    """Load changes from FILE, one a line: add CARD CODE [YYYY-MM-DD], or delete CARD.

    The whole file is checked first; with a fault in it nothing is loaded.

    \b
    altyn stop-list load hot.txt --issuer STEPKZ -c bank/altyn.toml
    """
    from altyn.identifiers import ParticipantId  # noqa: PLC0415 heavy parts when used
    from altyn.registry import Registry  # noqa: PLC0415
    from altyn.runtime.configuration.whole import load_configuration  # noqa: PLC0415
    from altyn.runtime.online.stop_list_orders import LINES_AT_ONCE_MAX  # noqa: PLC0415
    from altyn.runtime.stop_list_file import read_stop_list  # noqa: PLC0415
    from altyn.switch import owns_card  # noqa: PLC0415

    configuration = load_configuration(settings_path)
    registry = Registry(configuration.facts)
    if issuer not in registry.participants:
        raise UserError(
            "no participant of the scheme has this id",
            where="--issuer",
            do="name an id of the scheme file",
        )
    lines = read_stop_list(file, lambda card: owns_card(registry, ParticipantId(issuer), card))
    for start in range(0, len(lines), LINES_AT_ONCE_MAX):
        part = [list(line) for line in lines[start : start + LINES_AT_ONCE_MAX]]
        _give(settings_path, "stop-list-load", issuer=issuer, lines=part)
    click.echo(f"{len(lines)} {'change' if len(lines) == 1 else 'changes'} loaded.")


@command.command()
@_CONFIG
@click.option("--json", "json_path", metavar="FILE", help="Write the counts as JSON; - is stdout.")
def count(settings_path: Path, json_path: str | None) -> None:
    """Count the cards listed, by issuer."""
    counts = _give(settings_path, "stop-list-count")["cards"]
    if json_path:
        write_json(json_path, {"cards": counts})
    if json_path != "-":
        for issuer, cards in counts.items():
            click.echo(f"{issuer:<8} {cards}")


def _give(settings_path: Path, order: str, **words: object) -> dict[str, Any]:
    from altyn.runtime.online.orders import order_node  # noqa: PLC0415 heavy parts when used

    return order_node(settings_path, order, **words)
