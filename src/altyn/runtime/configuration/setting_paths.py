"""Paths that people write in altyn.toml, taken from that file's folder."""

from os import fsencode
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, ValidationInfo

from altyn.runtime.configuration.validation import refused

__all__ = ["DialectPath", "FilePath", "OptionalFilePath", "SocketPath"]

# sockaddr_un holds 108 bytes with the closing NUL (Linux, unix(7)).
SOCKET_PATH_BYTES_MAX: Final = 107


def _resolve(path: Path, info: ValidationInfo) -> Path:
    """A path from the settings file's folder."""
    if path == Path() or "\0" in str(path):
        raise refused("a path is expected", "name a file, from the folder of this one")
    return _folder(info) / path


def _resolve_or_none(path: Path | None, info: ValidationInfo) -> Path | None:
    return None if path is None or path == Path() else _resolve(path, info)


def _resolve_dialect(value: str, info: ValidationInfo) -> str:
    """A shipped dialect stays a name; anything that looks like a file becomes an absolute path."""
    if "/" in value or value.endswith(".toml"):
        return str(_folder(info) / value)
    return value


def _folder(info: ValidationInfo) -> Path:
    assert info.context is not None, "settings are read from a file, in its folder"
    folder = info.context["folder"]
    assert isinstance(folder, Path)
    return folder


def _check_socket_path(path: Path) -> Path:
    if len(fsencode(path)) > SOCKET_PATH_BYTES_MAX:
        raise refused(
            f"the whole path is longer than the {SOCKET_PATH_BYTES_MAX} bytes a local socket takes",
            "name a shorter absolute path, such as one under /run",
        )
    return path


FilePath = Annotated[Path, AfterValidator(_resolve)]
"""A file that must be named."""

OptionalFilePath = Annotated[Path | None, AfterValidator(_resolve_or_none)]
"""A file, or none: absent or empty."""

SocketPath = Annotated[Path, AfterValidator(_resolve), AfterValidator(_check_socket_path)]
"""A local socket, whose whole path is no longer than the system takes."""

DialectPath = AfterValidator(_resolve_dialect)
"""Makes the path of a dialect's file absolute; the name of a shipped dialect stays."""
