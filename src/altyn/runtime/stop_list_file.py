"""A file of changes to an issuer's stop list, read whole before any of it is used.

One change a line: `add CARD CODE`, `add CARD CODE YYYY-MM-DD` with the last day, `delete CARD`.
Blank lines and lines that begin with # say nothing. Nothing told about a line repeats what it says.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from altyn.clock import business_day
from altyn.runtime.output import UserError
from altyn.switch import CARDS_MAX, STOP_CODES

__all__ = ["StopListLine", "read_stop_list"]

PROBLEMS_SHOWN: Final = 5
ADD: Final = "1"
DELETE: Final = "3"


class StopListLine(NamedTuple):
    """A change: `action` is DE91, `code` what the card is answered, `until` YYYYMMDD or 0."""

    action: str
    card: str
    code: str
    until: int


def read_stop_list(path: Path, is_own: Callable[[str], bool]) -> list[StopListLine]:
    """Every change of a file; `is_own` says whether a number is a card of the issuer.

    Raises UserError with the numbers of the lines that cannot be used.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError("this file cannot be read as text in ASCII", where=str(path)) from error
    changes: list[StopListLine] = []
    problems: list[str] = []
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        found = _read(words, is_own)
        if isinstance(found, str):
            problems.append(f"line {number}: {found}")
        else:
            changes.append(found)
    if len(changes) > CARDS_MAX:
        problems.append(f"it has more than {CARDS_MAX:,} lines")
    if problems:
        more = len(problems) - PROBLEMS_SHOWN
        shown = "; ".join(problems[:PROBLEMS_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        raise UserError(shown, where=str(path), do="mend these lines; nothing was loaded")
    return changes


def _read(words: list[str], is_own: Callable[[str], bool]) -> StopListLine | str:
    """The change of a line, or what is wrong with it."""
    action, *rest = words
    if action not in ("add", "delete") or not rest:
        return "it begins with neither add nor delete and a card"
    if not rest[0].isdecimal() or not is_own(rest[0]):
        return "this is not a card number of the issuer"
    if action == "delete":
        return StopListLine(DELETE, rest[0], "00", 0) if len(rest) == 1 else "it has too many words"
    if len(rest) not in (2, 3) or rest[1] not in STOP_CODES:
        return f"the card is followed by one of {', '.join(sorted(STOP_CODES))}"
    until = 0
    if len(rest) == 3:
        try:
            until = business_day(date.fromisoformat(rest[2]))
        except ValueError:
            return "the last day is no date such as 2026-12-31"
    return StopListLine(ADD, rest[0], rest[1], until)
