"""Messages as people give them: hexadecimal, raw bytes in a file, JSON.

Every fault is a UserError that says where it is; what was typed is never repeated.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

import click

from altyn.message import (
    Codec,
    Message,
    SpecificationError,
    dialect_names,
    load_codec,
    parse_codec,
)
from altyn.runtime.output import UserError
from altyn.wire import FrameError, Framing, framing

__all__ = [
    "HEX_MARK",
    "STANDARD_STREAM",
    "codec_of",
    "framing_of",
    "message_of",
    "payloads_of",
    "read_input",
    "read_json",
    "text_of",
]

INPUT_BYTES_MAX: Final = 1 << 20
HEX_MARK: Final = "hex:"
STANDARD_STREAM: Final = "-"

_HEX_TEXT: Final = re.compile(rb"\s*(?:[0-9A-Fa-f]{2}\s*)+")
_NO_MESSAGE: Final = (
    "this is neither hexadecimal digits in pairs nor a file that can be read",
    "give the message in hexadecimal, the name of a file, or - for standard input",
)
_NO_JSON: Final = (
    "this is no file that can be read",
    "give the name of a JSON file, or - for standard input",
)


def codec_of(name: str) -> Codec:
    """The shipped dialect of that name, or the one in the file of that name."""
    if name in dialect_names():
        return load_codec(name)
    try:
        return parse_codec(Path(name).read_text(encoding="utf-8"), name)
    except SpecificationError as error:
        raise UserError("; ".join(error.faults), do="mend the dialect's table") from error
    except UnicodeDecodeError as error:
        do = "save the dialect's table as UTF-8"
        raise UserError("this file is not UTF-8 text", where="--dialect", do=do) from error
    except OSError as error:
        do = f"name a TOML table, or one of {', '.join(dialect_names())}"
        raise UserError("no such dialect, and no such file", where="--dialect", do=do) from error


def framing_of(name: str | None, tpdu: str | None, counted: bool) -> Framing | None:
    """The framing asked for, or None for bare messages."""
    if name is None:
        if tpdu is not None or counted:
            raise click.UsageError("--tpdu and --length-includes-header need --framing")
        return None
    try:
        return framing(name, None if tpdu is None else bytes.fromhex(tpdu), counted)
    except ValueError as error:
        raise click.UsageError("--tpdu must be 10 hexadecimal digits") from error


def read_input(source: str, binary: bool) -> bytes:
    """The bytes of an argument, a file or standard input, taken out of hexadecimal."""
    typed = source.encode("utf-8", "surrogateescape")
    if not binary and _HEX_TEXT.fullmatch(typed) and not _is_file(source):
        return bytes.fromhex(source)
    data = _read_file(source, _NO_MESSAGE)
    if binary or not _HEX_TEXT.fullmatch(data):
        return data
    return bytes.fromhex(data.decode("ascii"))


def _is_file(source: str) -> bool:
    try:
        return Path(source).is_file()
    except OSError:
        return False  # A message is often longer than any file's name may be.


def _read_file(source: str, absent: tuple[str, str]) -> bytes:
    """The bytes of a file or of standard input; `absent`: what is wrong, and what to do, when
    there is no such file."""
    try:
        if source == STANDARD_STREAM:
            data = sys.stdin.buffer.read(INPUT_BYTES_MAX + 1)
        else:
            with Path(source).open("rb") as stream:
                data = stream.read(INPUT_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        # What was typed may be a message with a digit too many: it is not repeated.
        reason, do = absent
        raise UserError(reason, where="INPUT", do=do) from error
    if not data:
        raise UserError("there is nothing to read", where="INPUT", do="give a message")
    if len(data) > INPUT_BYTES_MAX:
        do = f"give {INPUT_BYTES_MAX} bytes or fewer"
        raise UserError("the input is too long", where="INPUT", do=do)
    return data


def payloads_of(data: bytes, made: Framing | None) -> list[tuple[int, bytes]]:
    """The messages in the input, each with the byte where it starts."""
    if made is None:
        return [(0, data)]
    try:
        payloads, end = made.take(bytearray(data), 0, len(data))
    except FrameError as error:
        do = "see `altyn message doctor` for the framing that fits"
        raise UserError(error.reason, where=f"frame at byte {error.offset}", do=do) from error
    if end != len(data):
        do = "give whole frames, or see `altyn message doctor`"
        raise UserError("the last frame is not whole", where=f"byte {end}", do=do)
    found, at = [], 0
    for payload in payloads:
        at += len(made.wrap(payload))
        found.append((at - len(payload), payload))
    return found


def read_json(source: str) -> list[tuple[str, dict[str, Any]]]:
    """The messages of the file, each with its place for errors."""
    do = "see `altyn message encode --help` for the form"
    try:
        found = json.loads(_read_file(source, _NO_JSON), object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        where = f"INPUT, line {error.lineno}, column {error.colno}"
        raise UserError("this is not JSON", where=where, do=do) from error
    except UnicodeDecodeError as error:
        raise UserError("this is not UTF-8 text", where="INPUT", do=do) from error
    except (RecursionError, ValueError) as error:
        # Numbers of thousands of digits, objects thousands deep.
        raise UserError("this JSON is no message", where="INPUT", do=do) from error
    tables = found if isinstance(found, list) else [found]
    if not tables:
        raise UserError("the list holds no message", where="INPUT", do=do)
    places = [f"message {n}" if len(tables) > 1 else "INPUT" for n in range(1, len(tables) + 1)]
    for place, table in zip(places, tables, strict=True):
        if not isinstance(table, dict) or not isinstance(table.get("fields"), dict):
            reason = "a message is an object with mti and an object of fields"
            raise UserError(reason, where=place, do=do)
        unknown = set(table) - {"dialect", "mti", "fields", "masked"}
        if unknown:
            raise UserError("there is a key that a message does not have", where=place, do=do)
        if table.get("masked"):
            do = "decode it with --show-card-data"
            raise UserError("card data is masked in this JSON", where=place, do=do)
    return list(zip(places, tables, strict=True))


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; a key given twice is refused and not overwritten (RFC 8259, section 4)."""
    table = dict(pairs)
    if len(table) < len(pairs):
        do = "write each key and each field once"
        raise UserError("a key is given twice in one object", where="INPUT", do=do)
    return table


def text_of(table: dict[str, Any], key: str, place: str, default: str | None = None) -> str:
    """A text of the JSON object under a key; `place` names the object in errors."""
    value = table.get(key, default)
    if not isinstance(value, str):
        raise UserError(f"{key} must be a text", where=place, do=f"write {key} in quotes")
    return value


def message_of(codec: Codec, table: dict[str, Any], place: str) -> Message:
    """The message that the JSON object describes; its fields are checked by the codec."""
    fields: dict[int, str | bytes] = {}
    formats = codec.specification.fields
    for key, value in table["fields"].items():
        # "04" beside "4" would be the same field twice.
        if not re.fullmatch("[1-9][0-9]{0,2}", key):
            do = "name fields by number, 2 to 128"
            raise UserError("a field's name is not a number", where=place, do=do)
        number = int(key)
        where = f"{place}, field {number}"
        if not isinstance(value, str):
            raise UserError("the value must be a text", where=where, do="write it in quotes")
        is_bytes = number in formats and formats[number].kind == "b"
        fields[number] = _bytes_of(value, where) if is_bytes else value
    return Message(text_of(table, "mti", place), fields)


def _bytes_of(value: str, where: str) -> bytes:
    do = f"write {HEX_MARK} and two hexadecimal digits for each byte"
    if not re.fullmatch(f"{HEX_MARK}(?:[0-9A-Fa-f]{{2}})*", value):
        raise UserError("this field holds bytes and the value is not marked so", where=where, do=do)
    return bytes.fromhex(value.removeprefix(HEX_MARK))
