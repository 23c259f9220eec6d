"""Sizes, names, doors, and what a test must have."""

import ast
from collections.abc import Iterator

from tests.architecture.source import Source

FUNCTION_LINES_MAX = 60
MODULE_LINES_MAX = 600
LINE_COLUMNS_MAX = 100

# A heap is named by what it is not.
HEAPS = {
    "utils", "util", "common", "core", "base", "manager", "managers", "helper", "helpers",
    "facade", "misc", "shared", "tools", "stuff", "lib",
}  # fmt: skip

Function = ast.FunctionDef | ast.AsyncFunctionDef


def size_problems(source: Source) -> Iterator[str]:
    """Functions, modules and lines stay within what a person can hold in view."""
    lines = source.text.splitlines()
    if len(lines) > MODULE_LINES_MAX:
        yield f"line 1: {len(lines)} lines; a module has at most {MODULE_LINES_MAX}"
    for number, line in enumerate(lines, start=1):
        if len(line) > LINE_COLUMNS_MAX:
            yield f"line {number}: {len(line)} columns; a line has at most {LINE_COLUMNS_MAX}"
    for node in ast.walk(source.tree):
        if isinstance(node, Function):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield (
                    f"line {node.lineno}: {node.name} has {length} lines; "
                    f"a function has at most {FUNCTION_LINES_MAX}"
                )


def name_problems(source: Source) -> Iterator[str]:
    """No module is named after a heap."""
    for part in source.name.split("."):
        if part.strip("_") in HEAPS:
            yield f"line 1: a module called {part}; name the noun it owns"


def docstring_problems(source: Source) -> Iterator[str]:
    """Every module opens with what it is."""
    if source.text.strip() and not ast.get_docstring(source.tree):
        yield "line 1: no docstring"


def door_list_problems(source: Source) -> Iterator[str]:
    """A package's `__init__` says in `__all__` what may be imported, each name once."""
    if not source.is_door:
        return
    lists = [node for node in source.tree.body if _assigns_all(node)]
    if not lists:
        yield "line 1: no __all__"
        return
    names = [
        item.value
        for item in ast.walk(lists[-1])
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    ]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"line {lists[-1].lineno}: {name} stands twice in __all__"


def _assigns_all(node: ast.stmt) -> bool:
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)


def test_problems(source: Source) -> Iterator[str]:
    """A test has a sentence, states something, and is never passed over."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in {"skip", "skipif", "importorskip", "xfail", "skipUnless", "skipTest"}:
                yield f"line {node.lineno}: {name}; a test runs or is deleted"
        if isinstance(node, Function) and node.name.startswith("test_"):
            if not ast.get_docstring(node):
                yield f"line {node.lineno}: {node.name} has no sentence"
            if not any(_states(inner) for inner in ast.walk(node)):
                yield f"line {node.lineno}: {node.name} states nothing"


test_problems.__test__ = False  # type: ignore[attr-defined]  # pytest: a rule, not a test


def _states(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return True
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    # A shared statement says so in its name: assert_balanced, check_round_trip, expect_reply.
    return name in {"raises", "warns"} or name.startswith(("assert", "check", "expect"))
