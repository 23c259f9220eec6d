"""The files that the rules read, each parsed once."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "altyn"

# What no person wrote.
UNREAD_FOLDERS = {"build", "dist", "var", "node_modules", "__pycache__"}
READ_HIDDEN_FOLDERS = {".ci", ".github"}


@dataclass(frozen=True)
class Source:
    """A Python file: its dotted name (`altyn.money.amount`, `tests.money.test_amount`) and text."""

    name: str
    text: str
    is_door: bool = False  # an __init__.py

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @property
    def unit(self) -> str:
        """The part of the package it belongs to: `money` for `altyn.money.amount`."""
        return [*self.name.split("."), ""][1]

    @property
    def package(self) -> str:
        """The dotted name that a relative import of one dot starts from."""
        return self.name if self.is_door else self.name.rpartition(".")[0]


Rule = Callable[[Source], Iterator[str]]


def _read(path: Path, top: Path) -> Source:
    parts = list(path.relative_to(top).with_suffix("").parts)
    is_door = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_door else parts)
    return Source(name, path.read_text(encoding="utf-8"), is_door)


@cache
def package_sources() -> tuple[Source, ...]:
    """Every module of the package, by name."""
    return tuple(_read(path, ROOT / "src") for path in sorted(PACKAGE.rglob("*.py")))


@cache
def test_sources() -> tuple[Source, ...]:
    """Every module of the tests, by name."""
    return tuple(_read(path, ROOT) for path in sorted((ROOT / "tests").rglob("*.py")))


test_sources.__test__ = False  # type: ignore[attr-defined]  # pytest: a function, not a test


def text_files() -> Iterator[tuple[str, str]]:
    """Every file that a person wrote, as (path from the root, text)."""
    pending = [ROOT]
    while pending:
        for path in sorted(pending.pop().iterdir()):
            hidden = path.name.startswith(".") and path.name not in READ_HIDDEN_FOLDERS
            if path.is_dir():
                if not hidden and path.name not in UNREAD_FOLDERS:
                    pending.append(path)
                continue
            if path.name == ".git":
                continue  # a work tree's pointer to its repository, which git wrote
            content = path.read_bytes()
            if b"\0" not in content:
                yield str(path.relative_to(ROOT)), content.decode("utf-8", errors="replace")


def problems(rule: Rule, sources: tuple[Source, ...]) -> list[str]:
    """What the rule finds wrong in the sources: lines a person can go to."""
    return [f"{source.name}, {found}" for source in sources for found in rule(source)]
