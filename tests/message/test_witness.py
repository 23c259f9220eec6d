"""pyiso8583, which shares no code with us, reads what we write and writes what we read."""

import json
from pathlib import Path
from typing import Any

import iso8583
import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.message import Codec, Message, dialect_names
from altyn.message.field import CODEPAGES, FieldFormat, Value
from tests.message.generated import eager_codec, messages

VECTORS = Path(__file__).parents[2] / "vectors" / "message"
CODECS = {name: eager_codec(name) for name in dialect_names()}


def witness_field(field: FieldFormat) -> dict[str, Any]:
    """The same field in the witness's own terms."""
    raw = field.encoding in ("bcd", "binary")
    bcd_prefix = field.prefix_encoding == "bcd"
    row = {
        "data_enc": "b" if raw else field.encoding,
        "len_enc": "bcd" if bcd_prefix else field.prefix_encoding,
        "len_type": (field.prefix_digits + 1) // 2 if bcd_prefix else field.prefix_digits,
        "len_count": "nibbles" if field.encoding == "bcd" else "bytes",
        "max_len": field.length,
        "desc": field.name,
    }
    if field.encoding == "bcd":
        row |= {"right_pad": "F"} if field.odd_digits == "f-right" else {"left_pad": "0"}
    return row


def witness_table(codec: Codec) -> dict[str, dict[str, Any]]:
    """The dialect in the witness's own terms."""
    table = codec.specification
    hexadecimal = table.bitmap_encoding != "binary"
    bitmap = {
        "data_enc": "ascii" if hexadecimal else "b",
        "len_enc": "ascii",
        "len_type": 0,
        "max_len": 16 if hexadecimal else 8,
        "desc": "",
    }
    bcd = table.mti_encoding == "bcd"
    mti = {"data_enc": "b" if bcd else table.mti_encoding, "max_len": 2 if bcd else 4}
    rows = {str(n): witness_field(field) for n, field in table.fields.items()}
    return {
        "h": {**bitmap, "data_enc": "ascii", "max_len": 0},
        "t": {**bitmap, **mti},
        "p": bitmap,
        "1": bitmap,
        **rows,
    }


def witnessed(field: FieldFormat, value: Value) -> str:
    """The value as the witness writes it: bytes in hexadecimal, a BCD track with D."""
    if isinstance(value, bytes):
        return value.hex().upper()
    return value.replace("=", "D") if field.encoding == "bcd" else value


def witness_can_say(field: FieldFormat) -> bool:
    """The witness has no sign before BCD digits."""
    return not (field.kind == "x+n" and field.encoding == "bcd")


def check_both_ways(codec: Codec, message: Message) -> None:
    """Our bytes are the witness's bytes, and both read them alike."""
    fields = codec.specification.fields
    table = witness_table(codec)
    document = {str(n): witnessed(fields[n], value) for n, value in message.fields.items()}
    written, _ = iso8583.encode({"t": message.mti, **document}, table)
    data = codec.encode(message)
    assert data == bytes(written)
    read, _ = iso8583.decode(data, table)
    assert {key: read[key] for key in read if key not in ("h", "t", "p", "1")} == document
    assert codec.decode(bytes(written)) == message


def test_every_encoding_is_known_to_the_witness() -> None:
    """Our names for code pages are Python's, which are the witness's."""
    assert [name for name, codec in CODEPAGES.items() if codec != name] == ["ascii"]


@pytest.mark.parametrize("name", dialect_names())
@given(data=st.data())
def test_any_message_is_the_same_to_the_witness(name: str, data: st.DataObject) -> None:
    """Any fields that the witness has words for, in every dialect."""
    codec = CODECS[name]
    message = data.draw(messages(codec))
    formats = codec.specification.fields
    kept = {n: v for n, v in message.fields.items() if witness_can_say(formats[n])}
    check_both_ways(codec, Message(message.mti, kept))


def known_answers() -> list[dict[str, Any]]:
    """The committed messages."""
    found: list[dict[str, Any]] = json.loads((VECTORS / "messages.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("answer", known_answers(), ids=lambda answer: answer["name"])
def test_known_answers(answer: dict[str, Any]) -> None:
    """Each stored message is read and written as stored, and the witness agrees."""
    codec = CODECS[answer["dialect"]]
    fields = {
        int(n): bytes.fromhex(text.removeprefix("hex:")) if text.startswith("hex:") else text
        for n, text in answer["fields"].items()
    }
    message = Message(answer["mti"], fields)
    data = bytes.fromhex(answer["bytes"])
    for _ in range(2):
        assert codec.decode(data) == message
        assert codec.encode(message) == data
    check_both_ways(codec, message)


def test_known_answers_cover_every_dialect() -> None:
    """A dialect without a stored message could change unnoticed."""
    assert {answer["dialect"] for answer in known_answers()} == set(dialect_names())
