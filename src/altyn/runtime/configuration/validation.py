"""From Pydantic's errors to problems people can act on, without the values that were wrong."""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from altyn.runtime.configuration.document import Document
from altyn.runtime.configuration.problem import Place, Problem, key_text

__all__ = [
    "ALPHANUMERIC_8",
    "Form",
    "Rule",
    "Table",
    "field_problems",
    "read_entries",
    "read_table",
    "refused",
    "repeated",
    "stated",
]

TableT = TypeVar("TableT", bound="Table")


class Table(BaseModel):
    """A TOML table: nothing is converted, no key is unknown, nothing changes after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def refused(reason: str, do: str = "") -> PydanticCustomError:
    """The error by which a rule of ours refuses a value.

    Both are phrases without a full stop and without the value.
    """
    # The reason travels as a parameter: a brace in it must not be read as a place holder.
    return PydanticCustomError("refused", "{reason}", {"reason": reason, "do": do})


@dataclass(frozen=True)
class Form:
    """The written form of a text: a pattern for the program, words for people."""

    pattern: str
    words: str

    def __call__(self, text: str) -> str:
        """The text itself when it has the form; raises PydanticCustomError."""
        if re.fullmatch(self.pattern, text, re.ASCII) is None:
            raise refused("this is not in its form", f"write {self.words}")
        return text


@dataclass(frozen=True)
class Rule:
    """A check that is more than a written form, with the words for what it lets pass."""

    words: str
    check: Callable[[Any], Any]

    def __call__(self, value: Any) -> Any:
        """What the check makes of the value; raises PydanticCustomError."""
        return self.check(value)


ALPHANUMERIC_8 = Form("[A-Z0-9]{1,8}", "1 to 8 of A-Z and 0-9")


def read_table(
    model: type[TableT], data: Mapping[str, Any], folder: Path
) -> TableT | list[ErrorDetails]:
    """The typed table of some data, or what is wrong with it; paths are taken from `folder`.

    The data goes in as JSON: strict reading of JSON takes a list for a tuple and a text for a
    path, and still never a text for a number.
    """
    text = json.dumps(data, default=_json_form)
    try:
        return model.model_validate_json(text, context={"folder": folder})
    except ValidationError as error:
        return error.errors(include_url=False, include_input=False)


def _json_form(value: object) -> str:
    assert isinstance(value, datetime | date | time), "TOML knows no other values"
    return value.isoformat()


def read_entries(
    model: type[TableT], document: Document, name: str, folder: Path
) -> Iterator[tuple[int, TableT]]:
    """The sound ones of the repeated tables `[[name]]`, each with its place in the list."""
    entries = document.data.get(name)
    if not isinstance(entries, list):
        return
    for index, entry in enumerate(entries):
        if isinstance(entry, dict):
            table = read_table(model, entry, folder)
            if not isinstance(table, list):
                yield index, table


def stated(document: Document, name: str, key: str) -> list[tuple[Place, str]]:
    """Each text under `key` in the tables `[[name]]`, alone or in a list, sound or not."""
    found: list[tuple[Place, str]] = []
    entries = document.data.get(name)
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        value = entry.get(key) if isinstance(entry, dict) else None
        values = value if isinstance(value, list) else [value]
        found += [((name, index, key), text) for text in values if isinstance(text, str)]
    return found


def repeated(document: Document, values: Iterable[tuple[Place, str]], noun: str) -> list[Problem]:
    """A problem for each text that an earlier table has stated already."""
    problems = []
    first: dict[str, Place] = {}
    for place, value in values:
        earlier = first.setdefault(value, place)
        if earlier[:2] != place[:2]:
            reason = f"{key_text(earlier[:2])} already has this {noun}"
            problems.append(document.problem(place, reason, "each is stated once"))
    return problems


def field_problems(
    document: Document, model: type[BaseModel], errors: list[ErrorDetails]
) -> list[Problem]:
    """Pydantic's errors about a document as problems."""
    places = [error["loc"] for error in errors]
    return [
        _field_problem(document, model, error)
        for error in errors
        # A list counts its sound entries only; with an unsound one it seems too short as well.
        if error["type"] != "too_short"
        or not any(
            len(place) > len(error["loc"]) and place[: len(error["loc"])] == error["loc"]
            for place in places
        )
    ]


def _field_problem(document: Document, model: type[BaseModel], error: ErrorDetails) -> Problem:
    # Pydantic marks the key of a mapping, as opposed to its value, by one more step.
    place = tuple(part for part in error["loc"] if part != "[key]")
    kind, context = error["type"], error.get("ctx", {})
    if kind == "refused":
        return document.problem(place, str(context["reason"]), str(context["do"]))
    if kind == "extra_forbidden":
        return document.problem(place, "there is no such key", _nearest(model, place))
    if kind == "missing":
        return document.problem(
            place, "this key is missing", "add it; `altyn check --keys` tells its form"
        )
    words = _WORDS.get(kind)
    if words is None:
        return document.problem(place, error["msg"].lower())
    return document.problem(place, words[0].format(**context), words[1].format(**context))


_WORDS: dict[str, tuple[str, str]] = {
    "string_type": ("a text is expected", "put it in double quotes"),
    "int_type": ("a whole number is expected", "write it without quotes and without a point"),
    "int_parsing_size": ("the number is too long", "write a smaller one"),
    "bool_type": ("true or false is expected", "write it without quotes"),
    "list_type": ("a list is expected", "put it in square brackets"),
    "tuple_type": ("a list is expected", "put it in square brackets"),
    "dict_type": ("a table is expected", "begin it with its name in square brackets"),
    "model_type": ("a table is expected", "begin it with its name in square brackets"),
    "literal_error": ("this is not one of the values known", "write {expected}"),
    "greater_than_equal": ("the number is too small", "the least is {ge}"),
    "less_than_equal": ("the number is too large", "the most is {le}"),
    "too_short": ("the list is too short", "it takes at least {min_length}"),
    "too_long": ("the list is too long", "it takes at most {max_length}"),
    "string_too_short": ("the text is too short", "it takes at least {min_length} characters"),
    "string_too_long": ("the text is too long", "it takes at most {max_length} characters"),
}


def _nearest(model: type[BaseModel], place: Place) -> str:
    """What was probably meant by an unknown key."""
    known = _known_keys(model, place[:-1])
    close = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"remove it; known here: {', '.join(known)}" if known else "remove it"


def _known_keys(model: type[BaseModel], place: Place) -> list[str]:
    """The keys of the table at a place."""
    for part in place:
        if isinstance(part, int):
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        inner = _model_in(fields[part].annotation) if part in fields else None
        if inner is None:
            return []
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation is, or is a list of."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
