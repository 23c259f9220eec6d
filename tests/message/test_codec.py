"""The codec reads what it writes and refuses everything else by its place."""

import pytest

from altyn.message import Message, MessageError, load_codec

CODEC = load_codec("altyn87")

ECHO = (
    b"0800" + bytes.fromhex("8220000000000000") + bytes.fromhex("0400000000000000")
    + b"1123091015" + b"000001" + b"301"
)  # fmt: skip


def test_an_echo_is_read_and_written() -> None:
    """A network message with a secondary bitmap, carefully the first time and by plan after."""
    for _ in range(3):
        message = CODEC.decode(ECHO)
        assert message == Message("0800", {7: "1123091015", 11: "000001", 70: "301"})
        assert CODEC.encode(message) == ECHO


def test_a_refusal_says_where_and_carries_what_was_read() -> None:
    """The switch answers 30 to a request whose trace number was readable."""
    for _ in range(2):
        with pytest.raises(MessageError) as caught:
            CODEC.decode(ECHO[:-1] + b"x")
        error = caught.value
        assert (error.field, error.offset) == (70, 36)
        assert error.partial == Message("0800", {7: "1123091015", 11: "000001"})
        assert str(error) == "field 70, byte 36: the value has characters other than digits 0 to 9"
        CODEC.decode(ECHO)
