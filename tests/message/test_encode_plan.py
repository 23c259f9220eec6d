"""Compiled encoders do the work themselves: no legal value is left to the careful writer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.message import Message, MessageError, dialect_names
from altyn.message.encode_plan import encode_plan
from altyn.message.writer import write_message, write_mti
from tests.message.generated import eager_codec, messages


@pytest.mark.parametrize("name", dialect_names())
@given(data=st.data())
def test_a_plan_writes_every_legal_message_of_its_fields(name: str, data: st.DataObject) -> None:
    """A plan that always gave up would be right and slow: here it would be noticed."""
    codec = eager_codec(name)
    message = data.draw(messages(codec))
    plan = encode_plan(codec.specification, tuple(message.fields))
    mti = write_mti(codec.specification, message.mti)
    assert plan(mti, message.fields) == write_message(codec.specification, message)


def test_a_plan_leaves_padding_to_the_careful_writer() -> None:
    """A short terminal number is not of the plan's shape; the codec pads it all the same."""
    codec = eager_codec("altyn87")
    plan = encode_plan(codec.specification, (41,))
    assert plan(b"0800", {41: "TERM1"}) is None
    assert plan(b"0800", {41: "TERM1   "}) == codec.encode(Message("0800", {41: "TERM1"}))


@pytest.mark.parametrize("name", dialect_names())
@pytest.mark.parametrize(
    ("number", "good", "bad"), [(3, "000000", "²²²²²²"), (38, "abcdef", "éééééé")]
)
def test_w10_foreign_digits_and_letters_are_not_written(
    name: str, number: int, good: str, bad: str
) -> None:
    """EBCDIC has superscripts and accents, which Python counts among digits and letters."""
    codec = eager_codec(name)
    codec.encode(Message("0100", {number: good}))
    with pytest.raises(MessageError, match="the value has characters other than"):
        codec.encode(Message("0100", {number: bad}))
