"""The page of every key of the files, made from the models that read them."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from altyn.runtime.configuration.clearing_tables import ClearingFile
from altyn.runtime.configuration.scheme_tables import SchemeFile
from altyn.runtime.configuration.validation import Form, Rule
from altyn.runtime.settings import Settings

__all__ = ["settings_page"]

_OPENING: Final = """\
# Settings, scheme and clearing rules: every key

Made by `altyn check --keys` from the models that read the files; a test compares. A key that
is not listed here is refused. Paths are taken from the folder of the file they stand in. How the
files are written is told in [Configure a node](../guides/configure.md).
"""
_FILES: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    ("altyn.toml", Settings),
    ("scheme.toml", SchemeFile),
    ("clearing.toml", ClearingFile),
)
# The unit is part of the name; units last, before a limit's `max`.
_UNITS: Final = {"ms": "milliseconds", "s": "seconds", "bytes": "bytes", "entries": "entries"}
_UNIT = re.compile(r"_(ms|s|bytes|entries)(?:_max)?\Z")


def settings_page() -> str:
    """The text of docs/reference/settings.md."""
    parts = [_OPENING]
    for file, model in _FILES:
        parts += [f"\n## {file}\n", *_sections(model)]
    return "\n".join(parts)


def _sections(model: type[BaseModel]) -> Iterator[str]:
    """One table for the keys outside of any TOML table, then one for each TOML table."""
    plain = []
    sections = []
    for name, field in model.model_fields.items():
        key = field.alias or name
        inner = _inner(field.annotation)
        if inner is None:
            plain.append(_row(key, field))
            continue
        summary = (inner.__doc__ or "").strip().splitlines()[0]
        opening = f"### `{_header(key, field)}`\n\n{summary}\n"
        rows = (_row(each.alias or each_name, each) for each_name, each in _fields(inner))
        sections.append(f"{opening}\n{_table(rows)}")
        sections += _inner_sections(key, inner)
    if plain:
        yield _table(plain)
    yield from sections


def _inner_sections(outer: str, model: type[BaseModel]) -> Iterator[str]:
    """One table for each table, or list of tables, inside a table."""
    for name, field in model.model_fields.items():
        inner = _inner(field.annotation)
        if inner is not None:
            summary = (inner.__doc__ or "").strip().splitlines()[0]
            rows = (_row(each.alias or each_name, each) for each_name, each in _fields(inner))
            header = _header(f"{outer}.{field.alias or name}", field)
            yield f"### `{header}`\n\n{summary}\n\n{_table(rows)}"


def _header(key: str, field: FieldInfo) -> str:
    return f"[[{key}]]" if get_origin(field.annotation) is tuple else f"[{key}]"


def _fields(model: type[BaseModel]) -> Iterable[tuple[str, FieldInfo]]:
    """The keys of a table; tables inside it have a section of their own."""
    fields = model.model_fields.items()
    return [(name, field) for name, field in fields if _inner(field.annotation) is None]


def _inner(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _table(rows: Iterable[str]) -> str:
    head = "| Key | Takes | Unit | Default | Meaning |\n|---|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def _row(key: str, field: FieldInfo) -> str:
    found = _UNIT.search(key)
    unit = _UNITS[found.group(1)] if found else ""
    takes = _takes(field.annotation, field.metadata)
    cells = (f"`{key}`", takes, unit, _default(field), field.description or "")
    return "| " + " | ".join(cells) + " |"


def _takes(annotation: Any, metadata: Iterable[Any]) -> str:
    """What a key takes, in words."""
    notes = [note for each in metadata for note in _notes(each)]
    for note in notes:
        check = getattr(note, "func", None)
        if isinstance(check, Form | Rule):
            return check.words
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _takes(arguments[0], arguments[1:])
    if origin is Literal:
        return " or ".join(f"`{value}`" if value else "empty" for value in arguments)
    if origin is tuple:
        return f"list of: {_takes(arguments[0], ())}"
    if origin is dict:
        return f"table: {_takes(arguments[0], ())} = {_takes(arguments[1], ())}"
    if annotation is bool:
        return "true or false"
    if _is_optional_number(annotation):
        return f"{_takes(arguments[0], ())}, or absent"
    if Path in arguments:
        return "path, or empty"
    return _bounded(notes) if annotation is int else "path"


def _is_optional_number(annotation: Any) -> bool:
    """Whether it is an integer that may be left out, and then means something else than 0."""
    arguments = get_args(annotation)
    return (
        type(None) in arguments
        and get_origin(arguments[0]) is Annotated
        and (get_args(arguments[0])[0] is int)
    )


def _notes(note: Any) -> list[Any]:
    return list(note.metadata) if isinstance(note, FieldInfo) else [note]


def _bounded(notes: Iterable[Any]) -> str:
    least = next((note.ge for note in notes if hasattr(note, "ge")), None)
    most = next((note.le for note in notes if hasattr(note, "le")), None)
    return f"integer from {least:,}" + (f" to {most:,}" if most is not None else "")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is None and _is_optional_number(field.annotation):
        return "none"
    if isinstance(value, str) or value is None:
        return f'`"{value or ""}"`'
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int):
        return f"`{value}`"
    return f"`{list(value)}`" if value else "none"
