"""`altyn init`: the commented configuration of a small invented scheme, to be edited."""

from importlib import resources
from pathlib import Path

import click

from altyn.runtime.configuration.whole import SETTINGS_FILE
from altyn.runtime.output import UserError, open_console

__all__ = ["command"]

FILES = (SETTINGS_FILE, "scheme.toml", "clearing.toml")
DATA_FOLDER = "data"
# The journal holds card data: nobody but the owner looks into its folder.
DATA_FOLDER_MODE = 0o700


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace the files when they are there.")
def command(folder: Path, force: bool) -> None:
    """Write the settings of a new scheme into DIR.

    Three commented files come about: altyn.toml says where things run, scheme.toml what the scheme
    decides: three invented banks in two countries, their cards and rates; clearing.toml its fees
    and the rules of clearing. Beside them a folder for the journal. What is there already is kept,
    unless --force replaces the files; the data folder is never emptied.

    \b
    altyn init bank/
    altyn check bank/
    altyn serve -c bank/altyn.toml
    """
    present = [name for name in FILES if (folder / name).exists()]
    if present and not force:
        raise UserError(
            f"{' and '.join(present)} {'is' if len(present) == 1 else 'are'} there already",
            where=str(folder),
            do="choose another folder, or let --force replace what is there",
        )
    try:
        _write(folder)
    except OSError as error:
        raise UserError(
            f"cannot write here ({error.strerror})",
            where=str(error.filename or folder),
            do="choose a folder that may be written to",
        ) from error
    _tell_next_steps(folder)


def _write(folder: Path) -> None:
    templates = resources.files("altyn.runtime.configuration").joinpath("templates")
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        text = templates.joinpath(name).read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")
    (folder / DATA_FOLDER).mkdir(mode=DATA_FOLDER_MODE, exist_ok=True)


def _tell_next_steps(folder: Path) -> None:
    console = open_console()
    settings = folder / SETTINGS_FILE
    steps = (
        ("edit", ", ".join(str(folder / name) for name in FILES)),
        ("check", f"altyn check {folder}"),
        ("run", f"altyn serve -c {settings}"),
    )
    console.print(f"Wrote {', '.join(FILES)} in {folder}.", markup=False, soft_wrap=True)
    for word, what in steps:
        console.print(f"  {word:<6} {what}", markup=False, soft_wrap=True)
