"""The compiled build: when it is used, that it is off by default, and what it must not lose."""

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from altyn.gateway import Outbound
from altyn.message import Message, load_codec
from altyn.runtime.compiled import (
    SUFFIX,
    Build,
    CompiledFinder,
    choose_build,
    extensions_below,
    prefer_compiled,
)
from altyn.switch import Reply

ROOT = Path(__file__).parents[2]
HOOK = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"][
    "wheel"
]["hooks"]["custom"]
MODULES: list[str] = HOOK["modules"]


def write_sources(package: Path) -> None:
    """A package of two modules, one of them in a folder."""
    (package / "switch").mkdir(parents=True)
    (package / "__init__.py").write_bytes(b"")
    (package / "switch" / "state.py").write_bytes(b"LIMIT = 1\n")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The sources, and beside them a compiled wheel of the same sources, unpacked."""
    write_sources(tmp_path / "src" / "altyn")
    write_sources(tmp_path / "compiled" / "altyn")
    (tmp_path / "compiled" / "altyn" / "switch" / f"state{SUFFIX}").write_bytes(b"")
    (tmp_path / "compiled" / f"altyn__mypyc{SUFFIX}").write_bytes(b"")
    return tmp_path / "src" / "altyn"


def test_compiled_modules_of_the_same_sources_are_found(package: Path, tmp_path: Path) -> None:
    """The module and the library behind it come from the wheel, every other from the sources."""
    build, extensions = choose_build(package, tmp_path / "compiled")
    assert build is Build.COMPILED
    assert sorted(extensions) == ["altyn.switch.state", "altyn__mypyc"]
    finder = CompiledFinder(extensions)
    found = finder.find_spec("altyn.switch.state", None)
    assert found is not None
    assert found.origin == str(tmp_path / "compiled" / "altyn" / "switch" / f"state{SUFFIX}")
    assert finder.find_spec("altyn.switch", None) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("switch/state.py", b"LIMIT = 2\n"),
        ("switch/desk.py", b""),
        ("switch/state.py", None),
    ],
)
def test_no_stale_module_runs(
    package: Path, tmp_path: Path, name: str, content: bytes | None
) -> None:
    """A source that was changed, added or taken away makes all modules plain again."""
    if content is None:
        (package / name).unlink()
    else:
        (package / name).write_bytes(content)
    assert choose_build(package, tmp_path / "compiled") == (Build.OUTDATED, {})


def test_without_compiled_modules_the_sources_run(package: Path, tmp_path: Path) -> None:
    """Where nothing was compiled for this interpreter, nothing is said and nothing is found."""
    assert choose_build(package, tmp_path / "absent") == (Build.PLAIN, {})
    for path in extensions_below(tmp_path / "compiled").values():
        path.rename(path.with_name(path.name.replace(SUFFIX, ".cpython-39-other.so")))
    assert choose_build(package, tmp_path / "compiled") == (Build.PLAIN, {})


def test_a_compiled_wheel_needs_no_finder(package: Path, tmp_path: Path) -> None:
    """Extensions that were installed beside their sources are preferred by Python itself."""
    (package / "switch" / f"state{SUFFIX}").write_bytes(b"")
    assert choose_build(package, tmp_path / "compiled") == (Build.COMPILED, {})


@pytest.mark.parametrize("module", MODULES)
def test_what_the_version_says_is_what_runs(module: str) -> None:
    """Every listed module is there, and is compiled exactly when the build is."""
    file = import_module(module).__file__
    assert file is not None
    assert file.endswith(SUFFIX if prefer_compiled() is Build.COMPILED else ".py")


def test_generated_plans_work_with_either_build() -> None:
    """A message whose shape keeps coming is read by its plan: only a plan keeps fields' places.

    A plan that fails is replaced by careful code, several times slower, and says nothing.
    """
    codec = load_codec("altyn87")
    data = codec.encode(Message("0800", {7: "0705101112", 11: "000001", 70: "301"}))
    assert [codec.decode(data) for _ in range(100)][-1].received is not None


def test_assertions_stay_on_in_either_build() -> None:
    """A fault of our own is stopped by an assertion, compiled or not."""
    without_message = Reply(None, None, "00", "", b"", "0705")
    with pytest.raises(AssertionError, match="a request carries its message"):
        Outbound("900001").reply(without_message)


@pytest.mark.process
def test_the_default_wheel_is_pure(tmp_path: Path) -> None:
    """Who does not ask for the compiled build gets one wheel for every platform."""
    assert HOOK["enable-by-default"] is False
    environment = {key: value for key, value in os.environ.items() if "HATCH" not in key}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    (wheel,) = tmp_path.iterdir()
    assert wheel.name.endswith("-py3-none-any.whl")
