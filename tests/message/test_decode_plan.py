"""Compiled decoders do the work themselves: no legal value is left to the careful reader."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.message import dialect_names
from altyn.message.bitmap import bitmap_width, write_bitmaps
from altyn.message.decode_plan import decode_plan
from altyn.message.plan import REFUSALS
from altyn.message.writer import write_message
from tests.message.generated import eager_codec, messages


@pytest.mark.parametrize("name", dialect_names())
@given(data=st.data())
def test_a_plan_reads_every_legal_message_of_its_shape(name: str, data: st.DataObject) -> None:
    """A plan that always gave up would be right and slow: here it would be noticed."""
    codec = eager_codec(name)
    table = codec.specification
    message = data.draw(messages(codec))
    written = write_message(table, message)
    numbers = sorted(message.fields)
    mti_width = 2 if table.mti_encoding == "bcd" else 4
    start = mti_width + len(write_bitmaps(numbers, table.bitmap_encoding))
    assert start - mti_width in (bitmap_width(table.bitmap_encoding) * n for n in (1, 2))
    plan = decode_plan(table, message.mti, numbers, start)
    assert plan(written) == message
    cut = written[:-1]
    if len(cut) >= start:
        with suppress(*REFUSALS):
            assert plan(cut) is None


def test_neighbours_are_read_in_any_order_of_first_sight() -> None:
    """The fields of a message come out in ascending order, as they stood."""
    codec = eager_codec("altyn87")
    message = codec.decode(b"0100" + bytes.fromhex("7020000000008000") + b"0299" + b"1" * 27)
    again = codec.decode(b"0100" + bytes.fromhex("7020000000008000") + b"0299" + b"1" * 27)
    assert list(message.fields) == list(again.fields) == [2, 3, 4, 11, 49]
