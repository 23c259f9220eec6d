"""Compiled decoders do the work themselves: no legal value is left to the careful reader."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.message import Message, dialect_names, parse_specification
from altyn.message.bitmap import bitmap_width, write_bitmaps
from altyn.message.decode_plan import decode_plan
from altyn.message.encode_plan import encode_plan
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


@pytest.mark.parametrize("length", [8, 9])
@given(data=st.data())
def test_a_packed_track_of_fixed_length_is_read_by_plan(length: int, data: st.DataObject) -> None:
    """No shipped dialect has one: an even track ends with its last character, an odd one with F."""
    table = parse_specification(
        'title = "own"\nstandard = "ISO 8583:1987"\nextends = "altyn87-bcd"\n[fields]\n'
        f'35 = {{ prefix = "none", length = {length}, minimum = {length} }}\n',
        "own.toml",
    )
    tracks = st.text("0123456789=", min_size=length, max_size=length)
    message = Message("0200", {3: "000000", 35: data.draw(tracks), 49: "978"})
    written = write_message(table, message)
    assert decode_plan(table, "0200", [3, 35, 49], 10)(written) == message
    assert encode_plan(table, (3, 35, 49))(b"\x02\x00", message.fields) == written
    last = 10 + 3 + (length + 1) // 2 - 1
    damaged = written[:last] + b"\x1a" + written[last + 1 :]
    assert decode_plan(table, "0200", [3, 35, 49], 10)(damaged) is None


def test_neighbours_are_read_in_any_order_of_first_sight() -> None:
    """The fields of a message come out in ascending order, as they stood."""
    codec = eager_codec("altyn87")
    message = codec.decode(b"0100" + bytes.fromhex("7020000000008000") + b"0299" + b"1" * 27)
    again = codec.decode(b"0100" + bytes.fromhex("7020000000008000") + b"0299" + b"1" * 27)
    assert list(message.fields) == list(again.fields) == [2, 3, 4, 11, 49]
