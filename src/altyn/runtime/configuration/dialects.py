"""The codec of a link: a shipped dialect by its name, or one from a file."""

from pathlib import Path
from typing import Final

from altyn.message import Codec, SpecificationError, dialect_names, load_codec, parse_codec
from altyn.runtime.configuration.problem import ConfigurationError, Problem
from altyn.runtime.settings import LinkSettings

__all__ = ["link_codec"]


LINK_STANDARD: Final = "ISO 8583:1987"


def link_codec(link: LinkSettings) -> Codec:
    """The codec that the link's dialect names.

    Raises ConfigurationError when no such dialect is shipped, with every fault of the file, or
    when the dialect is of a standard that the switch does not speak on links.
    """
    codec = _load(link)
    if codec.specification.standard != LINK_STANDARD:
        reason = f"this dialect is of {codec.specification.standard}"
        do = f"a link speaks {LINK_STANDARD}; `altyn message` reads and writes the other one"
        raise ConfigurationError([Problem("", "", reason, do)])
    return codec


def _load(link: LinkSettings) -> Codec:
    if link.dialect in dialect_names():
        return load_codec(link.dialect)
    path = Path(link.dialect)
    if not path.is_absolute():
        do = f"write one of {', '.join(dialect_names())}, or the path of a TOML file"
        raise ConfigurationError([Problem("", "", "there is no such dialect", do)])
    try:
        return parse_codec(path.read_text(encoding="utf-8"), str(path))
    except SpecificationError as error:
        do = "mend the dialect's file"
        problems = [Problem(str(path), "", fault, do) for fault in error.faults]
        raise ConfigurationError(problems) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = "cannot read the dialect's file as UTF-8 text"
        raise ConfigurationError([Problem(str(path), "", reason, "name a TOML file")]) from error
