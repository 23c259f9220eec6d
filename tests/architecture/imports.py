"""The rules of imports: levels, doors and bans.

The table of levels stands here and nowhere else. A package imports only from levels below its own;
packages on one level are strangers.
"""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from tests.architecture.source import Source

LEVELS = {
    name: level
    for level, names in enumerate(
        (
            ("money", "card", "clock", "identifiers"),
            ("journal", "rates", "ledger", "crypto"),
            ("transaction", "registry"),
            ("message", "compliance"),
            ("wire", "switch"),
            ("gateway", "presentment", "settlement", "disputes"),
            ("clearing", "simulators"),
            ("console", "certification", "reports", "testing"),
            ("runtime",),
        )
    )
    for name in names
}

# Nothing else has ever heard of a field number.
KNOW_MESSAGES = {
    "wire", "gateway", "presentment", "simulators", "certification", "testing", "runtime",
}  # fmt: skip

# A witness must not share the accused's code.
WITNESSES = {"simulators", "certification"}
ACCUSED = {
    "transaction", "registry", "compliance", "wire", "switch", "clearing", "settlement",
}  # fmt: skip

# Who may import these, beside the tests. The simulated world is a command of the runtime.
SUMMITS = {"runtime": set[str](), "testing": {"runtime"}}


class Import(NamedTuple):
    """One imported name: the module it comes from, the name (empty for `import x`), the line."""

    module: str
    name: str
    line: int

    @property
    def unit(self) -> str:
        """The part of Altyn that is imported, or "" for `altyn` itself and for other libraries."""
        parts = self.module.split(".")
        if parts[0] != "altyn":
            return ""
        if len(parts) > 1:
            return parts[1]
        return self.name if self.name in LEVELS else ""

    @property
    def passes_door(self) -> bool:
        """Whether it takes a name from `altyn.unit` and not from a module inside it."""
        return len(self.module.split(".")) <= 2


def imports_of(source: Source) -> Iterator[Import]:
    """Every import in the file, wherever it stands, with relative ones made absolute."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, "", node.lineno)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                above = source.package.split(".")[: -(node.level - 1) or None]
                module = ".".join([*above, *([module] if module else [])])
            for alias in node.names:
                yield Import(module, alias.name, node.lineno)


def _foreign(source: Source) -> Iterator[Import]:
    return (item for item in imports_of(source) if item.unit not in ("", source.unit))


def level_problems(source: Source) -> Iterator[str]:
    """Imports go down only."""
    if source.unit and source.unit not in LEVELS:
        yield f"line 1: {source.unit} has no level; give it one in tests/architecture/imports.py"
        return
    for item in _foreign(source):
        if item.unit not in LEVELS:
            yield f"line {item.line}: imports {item.unit}, which has no level"
        elif not source.unit or LEVELS[item.unit] >= LEVELS[source.unit]:
            yield f"line {item.line}: imports {item.unit}, which is not on a level below"


def door_problems(source: Source) -> Iterator[str]:
    """Another package is imported through its `__init__`, never from a module inside it."""
    for item in _foreign(source):
        if not item.passes_door:
            yield f"line {item.line}: imports {item.module}; import from altyn.{item.unit}"


def ban_problems(source: Source) -> Iterator[str]:
    """Three of the four bans on top of the levels; the fourth is in banned_calls."""
    for item in _foreign(source):
        if item.unit == "message" and source.unit not in KNOW_MESSAGES:
            yield f"line {item.line}: imports message; only the edges know field numbers"
        if item.unit in ACCUSED and source.unit in WITNESSES:
            yield f"line {item.line}: imports {item.unit}; a witness shares no code with it"
        if source.unit not in SUMMITS.get(item.unit, {source.unit}):
            yield f"line {item.line}: imports {item.unit}; only tests may"


def star_problems(source: Source) -> Iterator[str]:
    """Names are imported one by one, so that a reader can find them."""
    for item in imports_of(source):
        if item.name == "*":
            yield f"line {item.line}: imports everything from {item.module}"


def unused_modules(sources: tuple[Source, ...], started: set[str]) -> set[str]:
    """Modules that no other module imports, names in a text (`python -m`), or starts: dead files.

    A package's `__init__` counts as used; importing a name from a package counts for the name's
    own module only when the `__init__` imports it, which is what a door does.
    """
    used = set(started)
    for source in sources:
        for item in imports_of(source):
            used |= {item.module, f"{item.module}.{item.name}"} - {source.name}
        texts = (node.value for node in ast.walk(source.tree) if isinstance(node, ast.Constant))
        used |= {text for text in texts if isinstance(text, str)} - {source.name}
    modules = {source.name for source in sources if not source.is_door}
    return {name for name in modules - used if not name.endswith(".__main__")}
