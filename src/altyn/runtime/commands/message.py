"""`altyn message`: read, write and examine ISO 8583 messages by hand."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from rich import box
from rich.table import Table
from rich.text import Text

from altyn.message import (
    Codec,
    Message,
    MessageError,
    SpecificationError,
    TlvError,
    dialect_names,
    load_codec,
    masked_value,
    parse_codec,
    parse_tlv,
)
from altyn.runtime.output import UserError, open_console, write_json
from altyn.wire import (
    Fit,
    FrameError,
    Framing,
    describe_fault,
    diagnose,
    explain_mismatch,
    framing,
    framing_names,
    remarks,
)

__all__ = ["command"]

INPUT_BYTES_MAX: Final = 1 << 20
HEX_MARK: Final = "hex:"
EXIT_REFUSED: Final = 1
FITS_SHOWN: Final = 8

_CHIP: Final = 55
_HEX_TEXT: Final = re.compile(rb"\s*(?:[0-9A-Fa-f]{2}\s*)+")
_STANDARD_STREAM: Final = "-"
_NO_MESSAGE: Final = (
    "this is neither hexadecimal digits in pairs nor a file that can be read",
    "give the message in hexadecimal, the name of a file, or - for standard input",
)
_NO_JSON: Final = (
    "this is no file that can be read",
    "give the name of a JSON file, or - for standard input",
)

Command = TypeVar("Command", bound=Callable[..., object])


@click.group()
def command() -> None:
    """Read, write and examine ISO 8583 messages.

    Card data is masked unless you ask for it: the number keeps its first six and last four digits,
    tracks, PIN and chip data give their length. What you type on a command line stays in your
    shell's history; real messages belong in a file or on standard input.
    """


def _form_options(function: Command) -> Command:
    """The options that say how the bytes are laid out."""
    for option in (
        click.option(
            "--length-includes-header", is_flag=True, help="The frame's length counts its header."
        ),
        click.option("--tpdu", metavar="HEX", help="A TPDU of 5 bytes stands before the message."),
        click.option("--framing", "framing_name", type=click.Choice(framing_names())),
        click.option("--dialect", metavar="NAME|PATH", help="A shipped dialect or a TOML table."),
    ):
        function = option(function)
    return function


@command.command()
@click.argument("source", metavar="INPUT")
@_form_options
@click.option("--binary", is_flag=True, help="INPUT holds raw bytes, even if they look like hex.")
@click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True
)
@click.option("--show-card-data", is_flag=True, help="Show numbers, tracks, PIN and chip data.")
def decode(
    source: str,
    dialect: str | None,
    framing_name: str | None,
    tpdu: str | None,
    length_includes_header: bool,
    binary: bool,
    form: str,
    show_card_data: bool,
) -> None:
    """Show what a message says.

    INPUT is the message in hexadecimal, the name of a file, or - for standard input. A file may
    hold hexadecimal text or raw bytes; text of hexadecimal digits and spaces only is taken for
    hexadecimal, unless --binary says otherwise. With --framing every frame of the input is shown.

    \b
    altyn message decode 3038303002200000000000003131...
    altyn message decode capture.bin --framing binary2
    altyn message decode - --dialect altyn87-bcd < message.hex
    altyn message decode message.hex --format json --show-card-data > message.json

    Exit code: 0 the message is sound, 1 it is refused, 2 the command was not understood.
    """
    codec = _codec(dialect or "altyn87")
    made = _framing(framing_name, tpdu, length_includes_header)
    messages = []
    for offset, payload in _payloads(_read_input(source, binary), made):
        try:
            messages.append(codec.decode(payload))
        except MessageError as error:
            if form == "table" and error.partial is not None:
                _show(codec, error.partial, show_card_data, "read before the fault")
            raise _refusal(error, offset) from error
    if form == "table":
        for message in messages:
            _show(codec, message, show_card_data, "")
        return
    tables = [_as_json(codec, message, show_card_data) for message in messages]
    shown = tables[0] if len(tables) == 1 else tables
    click.echo(json.dumps(shown, indent=2, ensure_ascii=False))


@command.command()
@click.argument("source", metavar="INPUT")
@_form_options
@click.option("--binary", "binary_path", metavar="FILE", help="Write raw bytes; - for output.")
def encode(
    source: str,
    dialect: str | None,
    framing_name: str | None,
    tpdu: str | None,
    length_includes_header: bool,
    binary_path: str | None,
) -> None:
    """Write a message from JSON, as hexadecimal or raw bytes.

    INPUT is a file, or - for standard input, in the form that `decode --format json
    --show-card-data` writes. A field of bytes (kind b) is hexadecimal after the mark "hex:"; every
    other value is the text itself, with its leading zeros. A list of messages needs --framing.

    \b
    {"dialect": "altyn87", "mti": "0800",
     "fields": {"7": "1123104722", "11": "000042", "64": "hex:0123456789abcdef"}}

    \b
    altyn message encode echo.json
    altyn message encode echo.json --framing binary2 --binary echo.bin
    altyn message decode m.hex --format json --show-card-data | altyn message encode -

    Exit code: 0 written, 1 a value does not fit or the JSON is wrong, 2 not understood.
    """
    made = _framing(framing_name, tpdu, length_includes_header)
    tables = _read_json(source)
    if len(tables) > 1 and made is None:
        raise click.UsageError("several messages cannot be told apart without --framing")
    data = b""
    for place, table in tables:
        codec = _codec(dialect or _text(table, "dialect", place, "altyn87"))
        message = _message(codec, table, place)
        try:
            payload = codec.encode(message)
            data += payload if made is None else made.wrap(payload)
        except (MessageError, FrameError) as error:
            field = getattr(error, "field", None)
            where = place if field is None else f"{place}, {_field_place(field)}"
            do = "see the dialect's table of kinds and lengths"
            raise UserError(error.reason, where=where, do=do) from error
    _write_bytes(data, binary_path)


@command.command()
@click.argument("source", metavar="INPUT")
@click.argument("reply", metavar="[REPLY]", required=False)
@click.option("--dialect", metavar="NAME|PATH", help="Try this dialect only.")
@click.option("--binary", is_flag=True, help="The inputs hold raw bytes.")
@click.option("--all", "show_all", is_flag=True, help="Show every guess, not the best ones only.")
@click.option("--json", "json_path", metavar="FILE", help="Also write the guesses; - for output.")
@click.pass_context
def doctor(
    context: click.Context,
    source: str,
    reply: str | None,
    dialect: str | None,
    binary: bool,
    show_all: bool,
    json_path: str | None,
) -> None:
    """Find out what bytes are, or why a reply does not match its request.

    INPUT alone: every framing is tried with every shipped dialect, with and without a TPDU, and
    the guesses are listed, the likeliest first, each with the field and byte where it failed.
    With REPLY: both are read as what they most likely are, and whatever would keep the reply from
    being taken for the answer is named. Card data is never shown. INPUT and REPLY are as in decode.

    \b
    altyn message doctor capture.bin
    altyn message doctor capture.bin --dialect mine.toml --all
    altyn message doctor request.hex reply.hex

    Exit code: 0 a sound message (and a matching reply), 1 not so, 2 the command was not understood.
    """
    data = _read_input(source, binary)
    codecs = [_codec(dialect)] if dialect else None
    fits = diagnose(data, codecs)
    sound = fits[0].is_whole
    findings = remarks(fits[0].message) if sound and fits[0].message else []
    if reply is not None:
        findings = explain_mismatch(data, _read_input(reply, binary), codecs)
        sound = not findings
    if json_path:
        write_json(json_path, _diagnosis(fits, [(f.field, f.text) for f in findings], sound))
    if json_path != _STANDARD_STREAM:
        _show_fits(fits, show_all)
        if sound and reply is not None:
            open_console().print("The reply matches the request.")
        _show_findings([(f.field, f.text) for f in findings])
    context.exit(0 if sound else EXIT_REFUSED)


def _codec(name: str) -> Codec:
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


def _framing(name: str | None, tpdu: str | None, counted: bool) -> Framing | None:
    """The framing asked for, or None for bare messages."""
    if name is None:
        if tpdu is not None or counted:
            raise click.UsageError("--tpdu and --length-includes-header need --framing")
        return None
    try:
        return framing(name, None if tpdu is None else bytes.fromhex(tpdu), counted)
    except ValueError as error:
        raise click.UsageError("--tpdu must be 10 hexadecimal digits") from error


def _read_input(source: str, binary: bool) -> bytes:
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
        if source == _STANDARD_STREAM:
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


def _payloads(data: bytes, made: Framing | None) -> list[tuple[int, bytes]]:
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


def _refusal(error: MessageError, offset: int) -> UserError:
    place = offset + (error.offset or 0)
    where = f"byte {place}"
    if error.field is not None:
        where = f"{_field_place(error.field)}, {where}"
    do = "see `altyn message doctor` for the dialect and framing that fit"
    return UserError(error.reason, where=where, do=do)


def _field_place(field: int) -> str:
    return {0: "message type", 1: "bitmap"}.get(field, f"field {field}")


def _show(codec: Codec, message: Message, show_card_data: bool, note: str) -> None:
    """One message as a table, chip data tag by tag, and what is odd about it."""
    title = f"{message.mti}  {codec.specification.name}" + (f"  ({note})" if note else "")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("field", justify="right")
    for column in ("name", "form", "value"):
        table.add_column(column, overflow="fold")
    formats = codec.specification.fields
    for number in sorted(message.fields):
        value, field = message.fields[number], formats[number]
        form = f"{field.kind} {'..' * (not field.is_fixed)}{field.length}"
        # Text and not a string: a value may hold what looks like markup.
        table.add_row(str(number), field.name, form, Text(_shown(number, value, show_card_data)))
        if number == _CHIP and isinstance(value, bytes):
            _add_chip_rows(table, value, show_card_data)
    console = open_console()
    console.print(table)
    if not note:
        _show_findings([(finding.field, finding.text) for finding in remarks(message)])


def _shown(number: int, value: str | bytes, show_card_data: bool) -> str:
    if not show_card_data:
        return masked_value(number, value)
    return value.hex() if isinstance(value, bytes) else value


def _add_chip_rows(table: Table, chip: bytes, show_card_data: bool) -> None:
    try:
        objects = parse_tlv(chip)
    except TlvError:
        return  # The remarks below the table say what is wrong with it.
    for tag, value in objects:
        shown = value.hex() if show_card_data else f"<{len(value)} bytes>"
        table.add_row("", f"  tag {tag.hex().upper()}", "", shown)


def _as_json(codec: Codec, message: Message, show_card_data: bool) -> dict[str, object]:
    fields: dict[str, str] = {}
    for number, value in sorted(message.fields.items()):
        mark = HEX_MARK if show_card_data and isinstance(value, bytes) else ""
        fields[str(number)] = mark + _shown(number, value, show_card_data)
    masked = {} if show_card_data else {"masked": True}
    return {"dialect": codec.specification.name, "mti": message.mti, "fields": fields, **masked}


def _read_json(source: str) -> list[tuple[str, dict[str, Any]]]:
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


def _text(table: dict[str, Any], key: str, place: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise UserError(f"{key} must be a text", where=place, do=f"write {key} in quotes")
    return value


def _message(codec: Codec, table: dict[str, Any], place: str) -> Message:
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
    return Message(_text(table, "mti", place), fields)


def _bytes_of(value: str, where: str) -> bytes:
    do = f"write {HEX_MARK} and two hexadecimal digits for each byte"
    if not re.fullmatch(f"{HEX_MARK}(?:[0-9A-Fa-f]{{2}})*", value):
        raise UserError("this field holds bytes and the value is not marked so", where=where, do=do)
    return bytes.fromhex(value.removeprefix(HEX_MARK))


def _write_bytes(data: bytes, path: str | None) -> None:
    if path is None:
        click.echo(data.hex())
    elif path == _STANDARD_STREAM:
        sys.stdout.buffer.write(data)
    else:
        try:
            Path(path).write_bytes(data)
        except OSError as error:
            do = "name a path in a folder that exists and may be written to"
            reason = f"cannot write this file ({error.strerror})"
            raise UserError(reason, where=path, do=do) from error


def _show_fits(fits: list[Fit], show_all: bool) -> None:
    """The guesses that fit; where none does, the best ones."""
    whole = [fit for fit in fits if fit.is_whole]
    shown = fits if show_all else whole or fits[:FITS_SHOWN]
    table = Table(title="What it may be", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("frame", "dialect", "type", "fields", "what is wrong"):
        table.add_column(column, overflow="fold", justify="right" if column == "fields" else "left")
    for fit in shown:
        message = fit.message if fit.mti_is_of_standard else None
        mti, count = (message.mti, str(len(message.fields))) if message else ("", "")
        table.add_row(str(fit.candidate), fit.dialect, mti, count, describe_fault(fit) or "nothing")
    console = open_console()
    console.print(table)
    if not whole:
        console.print("No guess fits from the first byte to the last.")
    if len(shown) < len(fits):
        console.print(f"{len(fits) - len(shown)} other guesses fit less well; --all shows them.")


def _show_findings(findings: list[tuple[int | None, str]]) -> None:
    console = open_console()
    for field, text in findings:
        place = "" if field is None else f"{_field_place(field)}: "
        console.print(Text(f"{place}{text}"))


def _diagnosis(
    fits: list[Fit], findings: list[tuple[int | None, str]], sound: bool
) -> dict[str, object]:
    return {
        "sound": sound,
        "findings": [{"field": field, "text": text} for field, text in findings],
        "guesses": [
            {
                "framing": fit.candidate.framing,
                "tpdu": fit.candidate.has_tpdu,
                "length_includes_header": fit.candidate.length_includes_header,
                "dialect": fit.dialect,
                "whole": fit.is_whole,
                "bytes_read": fit.bytes_read,
                "field": fit.field,
                "offset": fit.offset,
                "fault": describe_fault(fit),
            }
            for fit in fits
        ],
    }
