"""The opt-in compiled wheel: mypyc turns the hot modules into extensions beside their sources.

Off unless HATCH_BUILD_HOOK_ENABLE_CUSTOM=true: an ordinary wheel is pure and needs no compiler. The
modules are listed in pyproject.toml; docs/adr/0013-compiled-build.md has the reasons.
"""

from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LIBRARY = "altyn"  # names the one library that holds the code of all modules: altyn__mypyc
HIGHEST_OPTIMIZATION = "3"
NO_DEBUG_SYMBOLS = "0"


class CompiledBuildHook(BuildHookInterface[Any]):
    """Puts the compiled modules into the wheel, and marks it as one for this platform."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it packs. An editable install stays plain: it may change."""
        if version == "editable":
            return
        # Kept on the hook: the folder goes when the hook does, after the wheel is packed.
        self._folder = TemporaryDirectory(prefix="altyn-compiled-")
        scratch = Path(self._folder.name)
        compile_modules(Path(self.root), self.config["modules"], scratch)
        extensions = scratch / "extensions"
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for path in extensions.rglob("*.*"):
            build_data["force_include"][str(path)] = str(path.relative_to(extensions))


def compile_modules(root: Path, modules: list[str], scratch: Path) -> None:
    """Compile modules, given by their dotted names, into extensions below ``scratch/extensions``.

    They become one library, so that a call between two of them is a call in C. Assertions stay in.
    """
    # Here and not above: only who compiles has these. Mypyc looks whether setuptools is imported.
    from setuptools import Distribution  # noqa: PLC0415
    from setuptools.command.build_ext import build_ext  # noqa: PLC0415

    # isort: split
    from mypyc.build import mypycify  # noqa: PLC0415

    with chdir(root):  # mypy finds its settings here, and the modules their names
        extensions = mypycify(
            [f"src/{module.replace('.', '/')}.py" for module in modules],
            opt_level=HIGHEST_OPTIMIZATION,
            debug_level=NO_DEBUG_SYMBOLS,
            strip_asserts=False,
            group_name=LIBRARY,
            target_dir=str(scratch / "c"),
        )
        build = build_ext(Distribution({"name": LIBRARY, "ext_modules": extensions}))
        build.build_lib, build.build_temp = str(scratch / "extensions"), str(scratch / "objects")
        build.ensure_finalized()
        build.run()
