"""Whether the hot modules run compiled, and how a stale compiled module can never run.

A compiled wheel carries extensions beside their sources, and Python prefers them. In a checkout the
sources change, so there `./dev compile` unpacks such a wheel into a folder of the environment, and
its extensions are used only while every source of the package is, byte for byte, the one that the
wheel was built from. It is all or nothing: the compiled modules share one library and one layout of
their records, and constants of other modules are written into them.
"""

import sys
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

import altyn

__all__ = ["Build", "prefer_compiled"]

FOLDER: Final = "altyn-compiled"
"""Where `./dev compile` unpacks the wheel, below the environment's own folder."""

SUFFIX: Final = EXTENSION_SUFFIXES[0]
"""How extensions for exactly this interpreter and platform end."""


class Build(StrEnum):
    """Which form of the hot modules runs; the text is what people are told."""

    PLAIN = "plain"
    COMPILED = "compiled"
    OUTDATED = "plain: the sources changed since ./dev compile"


class CompiledFinder:
    """Finds the listed modules in their compiled form; stands before Python's own finders."""

    def __init__(self, extensions: dict[str, Path]) -> None:
        """The extensions by the dotted names of their modules."""
        self.extensions = extensions

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Called by the import system; None leaves the module to the other finders."""
        place = self.extensions.get(fullname)
        return None if place is None else spec_from_file_location(fullname, place)


def extensions_below(folder: Path) -> dict[str, Path]:
    """The extensions for this interpreter below a folder, by the names they are imported by."""
    found = {}
    for path in folder.rglob(f"*{SUFFIX}"):
        parts = path.relative_to(folder).parts
        found[".".join((*parts[:-1], path.name.removesuffix(SUFFIX)))] = path
    return found


def same_sources(package: Path, other: Path) -> bool:
    """Whether two folders hold the same Python files with the same bytes."""
    names = {path.relative_to(package) for path in package.rglob("*.py")}
    if names != {path.relative_to(other) for path in other.rglob("*.py")}:
        return False
    return all((package / name).read_bytes() == (other / name).read_bytes() for name in names)


def choose_build(package: Path, folder: Path) -> tuple[Build, dict[str, Path]]:
    """Which form of the package in ``package`` to run, and the extensions to find for it.

    ``folder`` is where a compiled wheel was unpacked, if one was. The extensions are given only
    when they have to be found there, and are valid.
    """
    if extensions_below(package):
        return Build.COMPILED, {}
    extensions = extensions_below(folder)
    if not extensions:
        return Build.PLAIN, {}
    if not same_sources(package, folder / package.name):
        return Build.OUTDATED, {}
    return Build.COMPILED, extensions


@cache
def prefer_compiled() -> Build:
    """Have the hot modules imported in their compiled form, where there is a valid one.

    To be called before any of them is imported: one that is plain already stays so, and then all.
    """
    package = Path(altyn.__file__).parent
    build, extensions = choose_build(package, Path(sys.prefix) / FOLDER)
    if not extensions.keys().isdisjoint(sys.modules):
        return Build.PLAIN
    if extensions:
        sys.meta_path.insert(0, CompiledFinder(extensions))
    return build
