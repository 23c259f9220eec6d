"""The codec of a link: a shipped dialect by its name, or one from a file."""

from pathlib import Path

from altyn.message import Codec, SpecificationError, dialect_names, load_codec, parse_codec
from altyn.runtime.configuration.problem import ConfigurationError, Problem
from altyn.runtime.settings import LinkSettings

__all__ = ["link_codec"]


def link_codec(link: LinkSettings) -> Codec:
    """The codec that the link's dialect names.

    Raises ConfigurationError when no such dialect is shipped, or with every fault of the file.
    """
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
