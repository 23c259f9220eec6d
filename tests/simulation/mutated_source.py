"""A deliberate fault put into the program's own source while it is imported.

Nothing on the disk is changed: the process that calls `mutate` imports the one module that holds
the old text with the new text in its place. The old text must stand exactly once in its package,
so that a fault whose place has moved or changed is noticed and not silently lost.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

SOURCE = Path(__file__).parents[2] / "src"


class TargetLostError(Exception):
    """The text to change does not stand exactly once where it should."""


def find_target(package: str, old: str) -> Path:
    """The file of a package that holds a text, once; raises TargetLostError when none does."""
    folder = SOURCE.joinpath(*package.split("."))
    files = [folder.with_suffix(".py")] if not folder.is_dir() else sorted(folder.rglob("*.py"))
    counts = {file: file.read_text().count(old) for file in files}
    found = [file for file, count in counts.items() if count]
    if sum(counts.values()) != 1:
        places = ", ".join(f"{file.name} ({counts[file]})" for file in found) or "nowhere"
        raise TargetLostError(f"must stand once in {package}, stands {places}: {old.strip()!r}")
    return found[0]


class _ChangedLoader(SourceFileLoader):
    """Compiles a changed text; keeps nothing and takes nothing that was compiled before."""

    changed = ""

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.changed, self.get_filename(fullname), "exec", dont_inherit=True)


class _ChangedFinder(MetaPathFinder):
    """Finds the one module that is to be changed."""

    def __init__(self, name: str, file: Path, changed: str) -> None:
        self._name = name
        self._file = file
        self._changed = changed

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        assert spec is not None, "the module to be changed is not there"
        loader = _ChangedLoader(fullname, str(self._file))
        loader.changed = self._changed
        spec.loader = loader
        return spec


def mutate(package: str, old: str, new: str) -> str:
    """Change a text of a package for this process; gives the name of the module concerned.

    Raises TargetLostError when the text does not stand exactly once, and when the module has
    been imported already, so that the change would come too late.
    """
    file = find_target(package, old)
    parts = file.relative_to(SOURCE).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    if name in sys.modules:
        raise TargetLostError(f"{name} is imported already")
    sys.meta_path.insert(0, _ChangedFinder(name, file, file.read_text().replace(old, new)))
    return name
