"""What the encoder pads, what it refuses, and that it never shows the value."""

import pytest

from altyn.message import Message, MessageError
from altyn.message.field import Value
from tests.message.generated import eager_codec

CODEC = eager_codec("altyn87")


@pytest.mark.parametrize(
    ("mti", "fields", "field", "reason"),
    [
        ("100", {}, 0, "the message type is not four digits"),
        ("01é0", {}, 0, "the message type is not four digits"),
        ("٠١٠٠", {}, 0, "the message type is not four digits"),
        ("0100", {1: b"12345678"}, 1, "this dialect has no such field"),
        ("0100", {65: b"1"}, 65, "this dialect has no such field"),
        ("0100", {129: "1"}, 129, "this dialect has no such field"),
        ("0100", {3: b"000000"}, 3, "the value must be str"),
        ("0100", {52: "12345678"}, 52, "the value must be bytes"),
        ("0100", {3: "00000"}, 3, "the value must be 6 long and is 5"),
        ("0100", {2: ""}, 2, "the value is 0 long, below the field's minimum of 1"),
        ("0100", {3: "٠٠٠٠٠٠"}, 3, "the value has characters other than digits 0 to 9"),
        ("0100", {43: "É" * 40}, 43, "the value has characters other than printable ASCII"),
        ("0100", {28: "000000001"}, 28, "the value has characters other than 'C' or 'D'"),
        ("0100", {55: bytes(1000)}, 55, "the value is 1000 long, above the field's maximum of 999"),
    ],
)
def test_refusals_name_the_field_and_not_the_value(
    mti: str, fields: dict[int, Value], field: int, reason: str
) -> None:
    """Each says what a value of this field must be."""
    with pytest.raises(MessageError) as caught:
        CODEC.encode(Message(mti, fields))
    assert caught.value.field == field
    assert caught.value.reason.startswith(reason)
    assert caught.value.offset is None


def test_fixed_text_is_filled_up_with_spaces_where_the_table_says_so() -> None:
    """A terminal number of five characters is written as eight; amounts are never filled up."""
    for _ in range(2):
        data = CODEC.encode(Message("0800", {41: "TERM1"}))
        assert data[12:] == b"TERM1   "
        assert CODEC.decode(data).fields == {41: "TERM1   "}
        with pytest.raises(MessageError, match="field 4: the value must be 12 long and is 4"):
            CODEC.encode(Message("0800", {4: "1000"}))
        CODEC.encode(Message("0800", {41: "TERM0001"}))
        CODEC.encode(Message("0800", {4: "000000001000"}))


def test_lengths_in_bcd_and_binary_fill_whole_bytes() -> None:
    """Three digits of BCD take two bytes with a zero before; a length counts digits, not bytes."""
    bcd = eager_codec("altyn87-bcd")
    assert bcd.encode(Message("0100", {2: "9999991234567"}))[10:] == bytes.fromhex(
        "13" + "09999991234567"
    )
    assert bcd.encode(Message("0100", {55: b"\x82\x02\x39\x00"}))[10:] == bytes.fromhex(
        "0004" + "82023900"
    )
    assert bcd.encode(Message("0100", {28: "D00000150"}))[10:] == b"D" + bytes.fromhex("00000150")
