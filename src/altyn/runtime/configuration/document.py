"""A TOML file (TOML 1.0) as data, with the line of each key.

The standard reader gives no line numbers, so the text is walked a second time, after it was
found to be well formed. The walk knows bare keys only: a quoted key has no line number, and
a missing number is better than a wrong one.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from altyn.runtime.configuration.problem import ConfigurationError, Place, Problem, key_text

__all__ = ["Document", "parse_document", "read_document"]

FILE_BYTES_MAX: Final = 16 * 1024 * 1024

_HEADER = re.compile(r"[ \t]*(\[\[?)[ \t]*([A-Za-z0-9_-]+(?:[ \t]*\.[ \t]*[A-Za-z0-9_-]+)*)")
_KEY = re.compile(r"[ \t]*([A-Za-z0-9_-]+(?:[ \t]*\.[ \t]*[A-Za-z0-9_-]+)*)[ \t]*=")
# What may hide a line end or a bracket inside a value, in the order it must be tried.
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*'
    r"|[\[\]{}]|\n",
    re.DOTALL,
)
_SYNTAX_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")
# A key is repeated in problems unless it may be a number out of place.
_BARE_KEY = re.compile(r"(?!.*\d{7})[A-Za-z0-9_-]{1,40}\Z")


@dataclass(frozen=True)
class Document:
    """A well-formed TOML file: its name for people, its data, and where each key stands."""

    file: str
    data: dict[str, Any]
    lines: dict[Place, int]

    def line(self, place: Place) -> int | None:
        """The line of a place, or of the nearest table that holds it."""
        for end in range(len(place), 0, -1):
            found = self.lines.get(place[:end])
            if found is not None:
                return found
        return None

    def problem(self, place: Place, reason: str, do: str = "") -> Problem:
        """A problem of this file at a place."""
        shown = tuple(
            part if isinstance(part, int) or _BARE_KEY.match(part) else "?" for part in place
        )
        return Problem(self.file, key_text(shown), reason, do, self.line(place))


def read_document(path: Path) -> Document:
    """The document in a file; raises ConfigurationError when it cannot be read or is no TOML."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        reason = f"cannot read this file ({error.strerror})"
        do = "name an existing file, or let `altyn init` write one"
        raise ConfigurationError([Problem(file, "", reason, do)]) from error
    if len(content) > FILE_BYTES_MAX:
        reason = f"the file is larger than {FILE_BYTES_MAX} bytes"
        raise ConfigurationError([Problem(file, "", reason, "is this the right file?")])
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        reason = f"the byte at offset {error.start} is not UTF-8"
        raise ConfigurationError([Problem(file, "", reason, "save the file as UTF-8")]) from error
    return parse_document(text, file)


def parse_document(text: str, file: str) -> Document:
    """The document in a text; `file` names it in problems. Raises ConfigurationError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([_syntax_problem(str(error), file)]) from error
    except (ValueError, RecursionError) as error:
        # The reader's own limits: numbers of 4,300 digits, lists a thousand deep.
        raise ConfigurationError([_syntax_problem("a value is too large", file)]) from error
    return Document(file, data, _lines(text.replace("\r\n", "\n")))


def _syntax_problem(message: str, file: str) -> Problem:
    found = _SYNTAX_PLACE.search(message)
    line = int(found.group(1)) if found and found.group(1) else None
    column = f"column {found.group(2)}: " if found and found.group(2) else ""
    # Only the reader's words; of what it quotes from the file, single characters.
    words = re.sub(
        r"'[^']{3,}'|\"[^\"]{3,}\"|\([^)]*\)", "…", message[: found.start()] if found else ""
    )
    reason = f"this is not TOML: {column}{words[:1].lower()}{words[1:]}".rstrip(" :")
    return Problem(file, "", reason, "texts stand in double quotes, one key to a line", line)


def _lines(text: str) -> dict[Place, int]:
    """The line of each bare key and table header."""
    lines: dict[Place, int] = {}
    tables: dict[Place, int] = {}
    table: Place = ()
    position, line = 0, 1
    while position < len(text):
        header = _HEADER.match(text, position)
        key = None if header else _KEY.match(text, position)
        if header:
            table = _table_place(_parts(header.group(2)), tables, header.group(1) == "[[")
            lines.setdefault(table, line)
        elif key:
            lines.setdefault(table + _parts(key.group(1)), line)
        start = header.end() if header else key.end() if key else position
        end = _end_of_value(text, start, 1 if header else 0, len(header.group(1)) if header else 0)
        line += text.count("\n", position, end)
        position = end
    return lines


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in dotted.split("."))


def _table_place(parts: tuple[str, ...], tables: dict[Place, int], repeated: bool) -> Place:
    """Where a header leads: a name of repeated tables means the latest of them."""
    place: Place = ()
    for part in parts[:-1]:
        place = (*place, part)
        if place in tables:
            place = (*place, tables[place])
    place = (*place, parts[-1])
    if repeated:
        tables[place] = tables.get(place, -1) + 1
        place = (*place, tables[place])
    return place


def _end_of_value(text: str, position: int, is_header: int, brackets: int) -> int:
    """The offset behind the line end at which no bracket or text is open any more."""
    depth = brackets if is_header else 0
    while True:
        token = _TOKEN.search(text, position)
        if token is None:
            return len(text)
        position = token.end()
        if token.group() in ("[", "{"):
            depth += 1
        elif token.group() in ("]", "}"):
            depth -= 1
        elif token.group() == "\n" and depth <= 0:
            return position
