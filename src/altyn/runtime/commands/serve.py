"""`altyn serve`: the switch alone, for real participants."""

import sys
from contextlib import suppress
from pathlib import Path

import click

from altyn.runtime.output import UserError


@click.command()
@click.option(
    "-c",
    "--config",
    "settings_path",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The settings file, as `altyn init` writes it.",
)
@click.option(
    "--standby",
    is_flag=True,
    help="Wait until the node that writes the journal is gone, then take over.",
)
def command(settings_path: Path, standby: bool) -> None:
    """Run the switch until it is told to stop.

    Opens the journal (and recovers from it), then the links of the settings file. SIGTERM or
    Ctrl-C stops it: new requests are refused with 96, what is in flight ends first. SIGHUP
    reads settings and scheme again: links are opened and closed, a new registry version takes
    force; a faulty file changes nothing and is reported in the log.

    \b
    Exit codes: 0 stopped in order, 1 it could not start, 2 the command was not understood,
    70 a fault of our own, 74 the journal could not be written, 75 another node has taken
    the journal over.

    \b
    Example:
      altyn init scheme && altyn serve -c scheme/altyn.toml
    """
    from altyn.journal import StorageLostError, WrongJournalError  # noqa: PLC0415 heavy when used
    from altyn.runtime.online.node import serve  # noqa: PLC0415

    def ready() -> None:
        with suppress(OSError):  # a terminal or a log that takes nothing stops no switch (D14)
            click.echo(f"Altyn serves {settings_path}; Ctrl-C or SIGTERM stops it.")

    try:
        code = serve(settings_path, ready, standby=standby)
    except (WrongJournalError, StorageLostError) as error:
        raise UserError(str(error)) from error
    _let_go_of_full_streams()
    raise SystemExit(code)


def _let_go_of_full_streams() -> None:
    """What a full device did not take is lost now: the interpreter would try again at its end, and
    end with another exit code than ours."""
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except OSError:
            setattr(sys, name, None)
