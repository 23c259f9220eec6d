"""Each run-time dependency is declared, used, pinned and has a decision record."""

import re
import sys
import tomllib
from collections.abc import Iterable

from tests.architecture.imports import imports_of
from tests.architecture.source import ROOT, Source, package_sources

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# Documented by its library as the place to import from; the pin of one decides the other.
PARTS = {"pydantic_core": "pydantic"}
# py4j is the bridge that pyspark brings and pins.
PARTS_OF_EXTRAS = {"py4j"}
RECORDS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


# Read by the standard library (zoneinfo), imported by nobody.
DATA_ONLY = {"tzdata"}


def declared_names(requirements: Iterable[str]) -> set[str]:
    """The names in a list of requirements (PEP 508), as they are written."""
    return {re.split(r"[ <>=!~;\[]", requirement, maxsplit=1)[0] for requirement in requirements}


def unrecorded(names: Iterable[str], records: Iterable[str]) -> set[str]:
    """The dependencies that no record names on its line `Dependencies:`."""
    lines = [line for text in records for line in re.findall(r"^- Dependencies: (.*)$", text, re.M)]
    return set(names) - {name for line in lines for name in re.findall(r"`([\w.-]+)`", line)}


def libraries_of(source: Source) -> set[str]:
    """The top names of the other people's libraries that a module imports."""
    tops = {item.module.split(".")[0] for item in imports_of(source)}
    names = {PARTS.get(top, top) for top in tops}
    return names - set(sys.stdlib_module_names) - {"altyn", ""}


def test_every_dependency_has_a_decision_record() -> None:
    """A dependency is taken with its reasons written down, or not at all."""
    extra = declared_names(PROJECT["optional-dependencies"]["spark"])
    names = declared_names(PROJECT["dependencies"]) | extra
    assert unrecorded(names, [path.read_text(encoding="utf-8") for path in RECORDS]) == set()


def test_declared_libraries_are_the_ones_in_use() -> None:
    """The package imports nothing that an installation might lack, and asks for nothing idle."""
    used = {name for source in package_sources() for name in libraries_of(source)}
    extra = declared_names(PROJECT["optional-dependencies"]["spark"]) | PARTS_OF_EXTRAS
    assert (used | DATA_ONLY) - extra == declared_names(PROJECT["dependencies"])
    assert extra <= used


def test_every_dependency_is_pinned_with_a_hash() -> None:
    """What `./dev` installs is what was tried: one version and its hashes for each name."""
    pins = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    for name in declared_names(PROJECT["dependencies"]):
        assert re.search(rf"^{name}==[^\n]*\\\n    --hash=sha256:[0-9a-f]{{64}}", pins, re.M), name


def test_rules_of_dependencies_bite() -> None:
    """A dependency without a record, and a library in use, are both seen."""
    assert declared_names(["rich>=14", "uvloop>=0.21; sys_platform != 'win32'", "a[b]"]) == {
        "rich", "uvloop", "a",
    }  # fmt: skip
    assert unrecorded({"rich", "numpy"}, ["- Dependencies: `rich`\n", "numpy"]) == {"numpy"}
    bad = Source("altyn.money.a", "import requests.adapters\nimport json\nfrom rich import box")
    assert libraries_of(bad) == {"requests", "rich"}
