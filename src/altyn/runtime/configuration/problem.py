"""What is wrong with a configuration: a list, never the first fault alone."""

from collections.abc import Sequence
from typing import NamedTuple

from altyn.runtime.output import UserError

__all__ = ["ConfigurationError", "Place", "Problem", "key_text"]

Place = tuple[str | int, ...]
"""The way to a value in a document: keys, and places in a list counted from 0."""


class Problem(NamedTuple):
    """One fault: in which `file`, at which `key`, the `reason`, and what to `do`.

    `key` is written like `link[2].port`, tables counted from 1 as people count them; it is
    empty when the file as a whole is at fault. `line` counts from 1; None when not known.
    No part repeats the value that was wrong.
    """

    file: str
    key: str
    reason: str
    do: str = ""
    line: int | None = None

    @property
    def where(self) -> str:
        """File, line and key in one phrase."""
        line = f"line {self.line}" if self.line is not None else ""
        return ", ".join(part for part in (self.file, line, self.key) if part)


class ConfigurationError(UserError):
    """A configuration is refused; `problems` holds every fault that was found, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Takes at least one problem; the one-line text tells the first and counts the rest."""
        assert problems, "a configuration is refused for a reason"
        self.problems: list[Problem] = list(problems)
        first = self.problems[0]
        more = len(self.problems) - 1
        count = f" (and {more} more: `altyn check` lists them)" if more else ""
        super().__init__(first.reason + count, where=first.where, do=first.do)


def key_text(place: Place) -> str:
    """A place as people write it: ("link", 1, "port") is `link[2].port`."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += f".{part}" if text else part
    return text
