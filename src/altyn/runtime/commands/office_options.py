"""Options that the commands of the back office share, and the way to what they name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from altyn.runtime.output import open_console

if TYPE_CHECKING:
    from altyn.runtime.backoffice.office import Office, Progress

__all__ = ["CONFIG", "JSON", "office_of", "progress_bar"]

CONFIG: Final = click.option(
    "-c",
    "--config",
    "settings_path",
    default="altyn.toml",
    show_default=True,
    type=click.Path(exists=True, path_type=Path),
    help="The settings file, or the folder with an altyn.toml.",
)
JSON: Final = click.option(
    "--json",
    "json_path",
    metavar="FILE",
    is_flag=False,
    flag_value="-",
    help="Also write the result to FILE as JSON; - for standard output.",
)


def office_of(settings_path: Path) -> "Office":
    """The back office of a configuration. Raises UserError."""
    from altyn.runtime.backoffice.office import load_office  # noqa: PLC0415 heavy parts when used

    return load_office(settings_path)


@contextmanager
def progress_bar() -> Iterator["Progress"]:
    """What is being done, on standard error while it is a terminal: words, and how much."""
    console = open_console(errors=True)
    if not console.is_terminal:
        yield lambda _words, _done: None
        return
    with console.status("") as status:
        yield lambda words, done: status.update(f"{words}: {done:,}" if done else words)
