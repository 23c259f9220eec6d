"""A message prints itself without card data, and so do its errors."""

import pytest

from altyn.message import Message, MessageError, masked_value
from altyn.message.field import Value

CARD: dict[int, Value] = {
    2: "9999991234567890",
    14: "2912",
    35: "9999991234567890=29122010000000000",
    45: "B9999991234567890^DOE/JANE^29122010000000000",
    52: b"\x01\x23\x45\x67\x89\xab\xcd\xef",
    55: bytes.fromhex("5a089999991234567890"),
    102: "DE0012345678",
}


def test_card_data_is_masked_in_print() -> None:
    """Six and four digits of the number; tracks, PIN, chip data and accounts by length only."""
    message = Message("0100", {**CARD, 4: "000000001000", 11: "000042"})
    for shown in (str(message), repr(message), f"{message}"):
        assert "999999******7890" in shown
        assert "11: 000042" in shown
        for value in CARD.values():
            text = value.hex() if isinstance(value, bytes) else value
            assert text not in shown
        assert "34567" not in shown


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        (2, "9999991234567", "999999***4567"),
        (2, "999999123456", "************"),
        (2, "99999912345678\xe9", "***************"),
        (4, "000000001000", "000000001000"),
        (52, b"\x00" * 8, "<8 bytes>"),
        (48, "4111111111111111", "<16 characters>"),
        (127, "anything", "<8 characters>"),
        (999, "anything", "<8 characters>"),
    ],
)
def test_a_mask_in_doubt_hides_everything(field: int, value: Value, shown: str) -> None:
    """A number too short or not of digits is hidden whole; unknown fields give their length."""
    assert masked_value(field, value) == shown


def test_messages_are_equal_by_what_they_say() -> None:
    """Type and fields decide; a message can change and is therefore no key."""
    assert Message("0800", {11: "000001"}) == Message("0800", {11: "000001"})
    assert Message("0800", {11: "000001"}) != Message("0810", {11: "000001"})
    assert Message("0800", {}) != "0800"
    with pytest.raises(TypeError):
        hash(Message("0800", {}))


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (MessageError("cut"), "cut"),
        (MessageError("cut", 0, 0), "message type, byte 0: cut"),
        (MessageError("cut", 1, 4), "bitmap, byte 4: cut"),
        (MessageError("cut", 4), "field 4: cut"),
        (MessageError("cut", None, 20), "byte 20: cut"),
    ],
)
def test_errors_say_where(error: MessageError, shown: str) -> None:
    """Field and byte come first, in words that an operator can look for."""
    assert str(error) == shown
