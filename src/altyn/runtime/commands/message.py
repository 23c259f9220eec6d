"""`altyn message`: read, write and examine ISO 8583 messages by hand."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import click

from altyn.message import MessageError
from altyn.runtime.messages.reading import (
    STANDARD_STREAM,
    codec_of,
    framing_of,
    message_of,
    payloads_of,
    read_input,
    read_json,
    text_of,
)
from altyn.runtime.messages.showing import (
    as_json,
    diagnosis_of,
    field_place,
    refusal_of,
    show_findings,
    show_fits,
    show_message,
)
from altyn.runtime.output import UserError, open_console, write_json
from altyn.wire import FrameError, diagnose, explain_mismatch, framing_names, remarks

__all__ = ["command"]

EXIT_REFUSED: Final = 1

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
    codec = codec_of(dialect or "altyn87")
    made = framing_of(framing_name, tpdu, length_includes_header)
    messages = []
    for offset, payload in payloads_of(read_input(source, binary), made):
        try:
            messages.append(codec.decode(payload))
        except MessageError as error:
            if form == "table" and error.partial is not None:
                show_message(codec, error.partial, show_card_data, "read before the fault")
            raise refusal_of(error, offset) from error
    if form == "table":
        for message in messages:
            show_message(codec, message, show_card_data, "")
        return
    tables = [as_json(codec, message, show_card_data) for message in messages]
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
    made = framing_of(framing_name, tpdu, length_includes_header)
    tables = read_json(source)
    if len(tables) > 1 and made is None:
        raise click.UsageError("several messages cannot be told apart without --framing")
    data = b""
    for place, table in tables:
        codec = codec_of(dialect or text_of(table, "dialect", place, "altyn87"))
        message = message_of(codec, table, place)
        try:
            payload = codec.encode(message)
            data += payload if made is None else made.wrap(payload)
        except (MessageError, FrameError) as error:
            field = getattr(error, "field", None)
            where = place if field is None else f"{place}, {field_place(field)}"
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
    data = read_input(source, binary)
    codecs = [codec_of(dialect)] if dialect else None
    fits = diagnose(data, codecs)
    sound = fits[0].is_whole
    findings = remarks(fits[0].message) if sound and fits[0].message else []
    if reply is not None:
        findings = explain_mismatch(data, read_input(reply, binary), codecs)
        sound = not findings
    if json_path:
        write_json(json_path, diagnosis_of(fits, [(f.field, f.text) for f in findings], sound))
    if json_path != STANDARD_STREAM:
        show_fits(fits, show_all)
        if sound and reply is not None:
            open_console().print("The reply matches the request.")
        show_findings([(f.field, f.text) for f in findings])
    context.exit(0 if sound else EXIT_REFUSED)


def _write_bytes(data: bytes, path: str | None) -> None:
    if path is None:
        click.echo(data.hex())
    elif path == STANDARD_STREAM:
        sys.stdout.buffer.write(data)
    else:
        try:
            Path(path).write_bytes(data)
        except OSError as error:
            do = "name a path in a folder that exists and may be written to"
            reason = f"cannot write this file ({error.strerror})"
            raise UserError(reason, where=path, do=do) from error
