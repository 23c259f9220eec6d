"""`altyn stop-list`: load an issuer's stop list from a file, count the cards listed."""

import asyncio
from pathlib import Path
from typing import Any

import click

from altyn.runtime.output import UserError

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
    lines = read_stop_list(file, lambda card: owns_card(registry, ParticipantId(issuer), card))
    for start in range(0, len(lines), LINES_AT_ONCE_MAX):
        part = [list(line) for line in lines[start : start + LINES_AT_ONCE_MAX]]
        _give(configuration.settings.control.socket, "stop-list-load", issuer=issuer, lines=part)
    click.echo(f"{len(lines)} changes loaded.")


@command.command()
@_CONFIG
def count(settings_path: Path) -> None:
    """Count the cards listed, by issuer."""
    from altyn.runtime.configuration.whole import load_configuration  # noqa: PLC0415 heavy parts

    socket_path = load_configuration(settings_path).settings.control.socket
    for issuer, cards in _give(socket_path, "stop-list-count")["cards"].items():
        click.echo(f"{issuer:<8} {cards}")


def _give(socket_path: Path, order: str, **words: object) -> dict[str, Any]:
    from altyn.runtime.demo.control import give_order  # noqa: PLC0415 heavy parts when used

    try:
        return asyncio.run(give_order(socket_path, order, **words))
    except OSError as error:
        raise UserError(
            "no switch answers here", where=str(socket_path), do="start it with altyn serve"
        ) from error
