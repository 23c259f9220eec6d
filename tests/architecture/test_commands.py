"""Every command that the program lists is there."""

import importlib

import click
import pytest
from click.testing import CliRunner

from altyn.runtime.cli import main
from altyn.runtime.commands import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_exists(name: str) -> None:
    """The module can be imported, and its `command` is a Click command that says what it does."""
    command = importlib.import_module(COMMANDS[name].module).command
    assert isinstance(command, click.Command)
    assert command.help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_answers_to_its_name(name: str) -> None:
    """The command line finds it, and its help is for that name."""
    result = CliRunner().invoke(main, [name, "--help"], prog_name="altyn")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"Usage: altyn {name} ")
