"""Messages, and guesses at what bytes are, as tables and as JSON."""

from typing import Final

from rich import box
from rich.table import Table
from rich.text import Text

from altyn.message import Codec, Message, MessageError, TlvError, masked_value, parse_tlv
from altyn.runtime.messages.reading import HEX_MARK
from altyn.runtime.output import UserError, open_console
from altyn.wire import Fit, describe_fault, remarks

__all__ = [
    "as_json",
    "diagnosis_of",
    "field_place",
    "refusal_of",
    "show_findings",
    "show_fits",
    "show_message",
]

FITS_SHOWN: Final = 8

_CHIP: Final = 55


def refusal_of(error: MessageError, offset: int) -> UserError:
    """What to tell of a message that starts at byte `offset` and cannot be read."""
    place = offset + (error.offset or 0)
    where = f"byte {place}"
    if error.field is not None:
        where = f"{field_place(error.field)}, {where}"
    do = "see `altyn message doctor` for the dialect and framing that fit"
    return UserError(error.reason, where=where, do=do)


def field_place(field: int) -> str:
    """A field as places in errors name it."""
    return {0: "message type", 1: "bitmap"}.get(field, f"field {field}")


def show_message(codec: Codec, message: Message, show_card_data: bool, note: str) -> None:
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
        show_findings([(finding.field, finding.text) for finding in remarks(message)])


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


def as_json(codec: Codec, message: Message, show_card_data: bool) -> dict[str, object]:
    """A message as `decode --format json` writes it."""
    fields: dict[str, str] = {}
    for number, value in sorted(message.fields.items()):
        mark = HEX_MARK if show_card_data and isinstance(value, bytes) else ""
        fields[str(number)] = mark + _shown(number, value, show_card_data)
    masked = {} if show_card_data else {"masked": True}
    return {"dialect": codec.specification.name, "mti": message.mti, "fields": fields, **masked}


def show_fits(fits: list[Fit], show_all: bool) -> None:
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


def show_findings(findings: list[tuple[int | None, str]]) -> None:
    """What is odd, each with its field."""
    console = open_console()
    for field, text in findings:
        place = "" if field is None else f"{field_place(field)}: "
        console.print(Text(f"{place}{text}"))


def diagnosis_of(
    fits: list[Fit], findings: list[tuple[int | None, str]], sound: bool
) -> dict[str, object]:
    """The guesses as JSON has them."""
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
