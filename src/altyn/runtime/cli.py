"""The command line's root: finds a command, and is the last to hear of an error.

An expected error is one line and exit code 1. A fault of our own is an apology with the place to
look and exit code 70 (EX_SOFTWARE, BSD sysexits.h). Neither shows local variables or the text of
an exception that we did not write: they may hold card data.
"""

import importlib
import os
import re
import sys
import traceback
from pathlib import Path
from typing import Any, Final

import click

from altyn import __version__
from altyn.runtime.commands import COMMANDS
from altyn.runtime.compiled import prefer_compiled
from altyn.runtime.output import FULL_DISK, UserError

__all__ = ["main"]

EXIT_USER_ERROR: Final = 1
EXIT_SOFTWARE: Final = 70
DEBUG_VARIABLE: Final = "ALTYN_DEBUG"


class CommandTable(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table: a newcomer's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None. Raises UserError when its module is absent."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        try:
            module = importlib.import_module(entry.module)
        except ModuleNotFoundError as error:
            if error.name != entry.module:
                raise
            raise UserError(
                f"the command '{cmd_name}' is missing from this installation",
                where=entry.module,
                do="install altyn again",
            ) from error
        command = module.command
        assert isinstance(command, click.Command), f"{entry.module}.command is no Click command"
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; every error that is not Click's own ends here."""
        _replace_closed_streams()
        try:
            _require_assertions()
            prefer_compiled()
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort, click.ClickException, BrokenPipeError):
            raise
        except UserError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(EXIT_USER_ERROR)
        except Exception as error:  # noqa: BLE001 - the last one to hear of it, and it says so
            if isinstance(error, OSError) and error.errno in FULL_DISK:
                click.echo("error: a disk is full; make room there, then try again", err=True)
                ctx.exit(EXIT_USER_ERROR)
            click.echo(_apology(error), err=True)
            ctx.exit(EXIT_SOFTWARE)


def _replace_closed_streams() -> None:
    """Let what is said to nobody go nowhere: `>&-` leaves no stream at all, and the number of its
    descriptor would go to the next file that is opened, which may be the journal."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 stays open
            setattr(sys, name, nowhere)


def _require_assertions() -> None:
    if sys.flags.optimize:
        raise UserError(
            "Python runs without assertions, and assertions are part of how Altyn stays correct",
            do="start it without -O and with PYTHONOPTIMIZE unset",
        )


def _apology(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = frames[-1]
    file = Path(place.filename).name
    lines = [
        "error: a fault in Altyn itself, not in what you asked for; we are sorry.",
        f"  {type(error).__name__} in {place.name}, {file} line {place.lineno}",
    ]
    if os.environ.get(DEBUG_VARIABLE):
        # Every digit is hidden: nobody promised that this text holds no card number.
        message = re.sub(r"\d", "#", str(error))
        lines += ["", *traceback.format_list(frames), f"{type(error).__name__}: {message}"]
    else:
        lines.append(f"  Set {DEBUG_VARIABLE}=1 to see the way there; please report it.")
    return "\n".join(lines)


def _show_version(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        click.echo(f"altyn {__version__}, {prefer_compiled()}")
        ctx.exit()


@click.group(cls=CommandTable, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and whether the hot modules are compiled, and exit.",
)
def main() -> None:
    """Altyn: an open card payment system."""
