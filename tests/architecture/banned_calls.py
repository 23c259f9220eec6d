"""Only `runtime` touches the outside world, and no binary float touches money."""

import ast
from collections.abc import Iterator

from tests.architecture.imports import imports_of
from tests.architecture.source import Source

# Modules that open sockets or files, ask the time, draw random numbers, start something beside the
# one thread of a package, or read the environment.
OUTSIDE_WORLD = {
    "asyncio", "concurrent", "ctypes", "fcntl", "getpass", "glob", "http", "io", "mmap",
    "multiprocessing", "os", "pathlib", "platform", "psutil", "random", "sched", "secrets",
    "select", "selectors", "shutil", "signal", "socket", "socketserver", "sqlite3", "ssl",
    "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uvloop",
}  # fmt: skip
OPENING_NAMES = {"open", "input", "print", "breakpoint", "exec", "eval", "__import__"}
TIME_NAMES = {"now", "utcnow", "today"}
RANDOM_NAMES = {"uuid1", "uuid4", "urandom", "default_rng"}

# What is simulated follows from a seed; `seed_problems` sees to it that there is one.
MAY_IMPORT = {"testing": {"random"}, "simulators": {"random"}}

# The codec writes a decoder for each bitmap, from a specification shipped inside the package and
# checked when it was read; nothing that came from a peer reaches the text that is run.
MAY_CALL = {"altyn.message.plan": {"exec"}}

# Where every number is a count, minor units or a scaled integer.
EXACT = {
    "money", "journal", "ledger", "transaction", "registry", "switch", "clearing", "settlement",
}  # fmt: skip


def outside_world_problems(source: Source) -> Iterator[str]:
    """Nothing below `runtime` reaches out; data shipped in a package comes by importlib."""
    if source.unit == "runtime":
        return
    banned = OUTSIDE_WORLD - MAY_IMPORT.get(source.unit, set())
    for item in imports_of(source):
        if item.module.split(".")[0] in banned:
            yield f"line {item.line}: imports {item.module}; only runtime reaches outside"
    for node in ast.walk(source.tree):
        called = _called_name(node)
        if called in MAY_CALL.get(source.name, ()):
            continue
        if called in OPENING_NAMES and isinstance(node, ast.Call) and _is_bare(node):
            yield f"line {node.lineno}: calls {called}; only runtime reaches outside"
        elif called in TIME_NAMES | RANDOM_NAMES and isinstance(node, ast.Call):
            yield f"line {node.lineno}: calls {called}; time and chance come in as arguments"


def seed_problems(source: Source) -> Iterator[str]:
    """Where `random` may be used, only a generator with a seed is: the same seed, the same day."""
    if source.unit == "runtime":
        return
    for item in imports_of(source):
        if item.module == "random" and item.name not in ("", "Random"):
            yield f"line {item.line}: random.{item.name}; use random.Random with a seed"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "random":
            if node.attr != "Random":
                yield f"line {node.lineno}: random.{node.attr}; use random.Random with a seed"
        elif isinstance(node, ast.Call) and not node.args and not node.keywords:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name == "Random":
                yield f"line {node.lineno}: a generator without a seed"


def _called_name(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        # A clock handed in may well have a method `now`; the ban is on the class's own.
        owner = node.func.value
        owner_name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        known = owner_name in {"datetime", "date", "uuid", "random"} or _is_bare(node)
        return node.func.attr if known or node.func.attr in RANDOM_NAMES else ""
    return getattr(node.func, "id", "")


def _is_bare(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name)


def float_problems(source: Source) -> Iterator[str]:
    """No float, no float literal and no true division where amounts and rates are at home."""
    if source.unit not in EXACT:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"line {node.lineno}: a float literal; use an integer of a smaller unit"
        elif isinstance(node, ast.Name) and node.id == "float":
            yield f"line {node.lineno}: float; use an integer, Decimal or Fraction"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not _joins(node):
            yield f"line {node.lineno}: true division; use // and name the rounding"


def _joins(node: ast.BinOp) -> bool:
    """Whether the division joins a path to a piece of package data."""
    return isinstance(node.right, ast.JoinedStr) or (
        isinstance(node.right, ast.Constant) and isinstance(node.right.value, str)
    )
