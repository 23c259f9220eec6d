"""Options that the commands of settlement share."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from altyn.runtime.settling.place import SettlementPlace

__all__ = ["PERSONS", "duration_s", "place_of"]

PERSONS: Final = click.option(
    "--by", "persons", multiple=True, required=True, help="Who decides: give it twice."
)
_DURATION: Final = re.compile(r"([0-9]{1,6})(ms|s|m|h)?\Z")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def duration_s(_context: click.Context, _parameter: click.Parameter, text: str) -> float:
    """Seconds of a text such as 30s, 500ms or 5m; raises click.BadParameter."""
    found = _DURATION.match(text)
    if found is None:
        raise click.BadParameter("a duration such as 30s or 5m is expected")
    return int(found[1]) * _SECONDS[found[2] or "s"]


def place_of(settings_path: Path) -> "SettlementPlace":
    """Where settlement is done by a configuration. Raises UserError."""
    from altyn.runtime.settling.place import load_place  # noqa: PLC0415 heavy parts when used

    return load_place(settings_path)
