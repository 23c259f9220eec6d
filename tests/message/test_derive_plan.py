"""Splicing gives what encoding gives, byte for byte, and refuses what encoding refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.message import Codec, FieldSet, Message, MessageError, dialect_names
from altyn.message.bitmap import write_bitmaps
from altyn.message.codec import PLANS_MAX
from altyn.message.derive_plan import derive_plan
from altyn.message.field import Value
from altyn.message.writer import write_message, write_mti
from tests.message.generated import BAD_VALUES, eager_codec, messages, outcome, values

NAMES_1987 = [name for name in dialect_names() if name.startswith("altyn87")]
ASCII = eager_codec("altyn87")
FORWARDED = FieldSet.all_but(5, 6, 9, 10, 15, 16, 33, 50, 51, 64, 128)
REQUEST: dict[int, Value] = {
    2: "9999991234567890",
    3: "000000",
    4: "000000001000",
    7: "1123091015",
    11: "000001",
    32: "400001",
    33: "12345",
    52: bytes(8),
    55: b"\x9f\x36\x02\x00\x01",
}
PUT: dict[int, Value] = {7: "1123091016", 11: "654321", 15: "1123", 33: "999"}

every_dialect = pytest.mark.parametrize("name", dialect_names())


def fields_of(source: Message, keep: FieldSet, put: dict[int, Value]) -> dict[int, Value]:
    """The fields of what is derived, put together field by field."""
    return {n: value for n, value in source.fields.items() if n in keep} | put


def draw_keep(data: st.DataObject, codec: Codec) -> FieldSet:
    """Any fields, named either way."""
    numbers = st.lists(st.sampled_from(sorted(codec.specification.fields)), max_size=12)
    make = data.draw(st.sampled_from((FieldSet.only, FieldSet.all_but)))
    return make(*data.draw(numbers))


@every_dialect
@given(data=st.data())
def test_what_is_derived_is_what_would_be_encoded(name: str, data: st.DataObject) -> None:
    """Any message, any fields kept, any put: carefully on first sight and by plan after."""
    codec = eager_codec(name)
    source = codec.decode(codec.encode(data.draw(messages(codec))))
    keep, put = draw_keep(data, codec), data.draw(messages(codec, fields_max=6))
    expected = codec.encode(Message(put.mti, fields_of(source, keep, put.fields)))
    for _ in range(2):
        assert codec.derive(source, put.mti, keep, put.fields) == expected
    assert len(codec._derivers) == 1


@every_dialect
@given(data=st.data())
def test_one_plan_serves_every_message_of_its_shape(name: str, data: st.DataObject) -> None:
    """Other values and other lengths move what is kept; the plan still finds it, and by itself."""
    codec = eager_codec(name)
    formats = codec.specification.fields
    first = data.draw(messages(codec))
    other = Message(first.mti, {n: data.draw(values(formats[n])) for n in first.fields})
    keep, put = draw_keep(data, codec), data.draw(messages(codec, fields_max=4)).fields
    codec.decode(codec.encode(first))
    source = codec.decode(codec.encode(other))
    assert source.received is not None
    mti = write_mti(codec.specification, "0110")
    plan = derive_plan(source.received[0], mti, keep, list(put))
    expected = Message("0110", fields_of(source, keep, put))
    assert plan(source.received, put) == write_message(codec.specification, expected)


@every_dialect
@given(data=st.data())
def test_what_is_put_is_checked_as_when_encoding(name: str, data: st.DataObject) -> None:
    """A warm plan refuses exactly what the careful writer refuses, and in its words."""
    codec = eager_codec(name)
    source = codec.decode(codec.encode(data.draw(messages(codec, fields_max=8))))
    put = data.draw(messages(codec, fields_max=4).filter(lambda m: m.fields)).fields
    keep = draw_keep(data, codec)
    codec.derive(source, "0110", keep, put)
    put[data.draw(st.sampled_from(sorted(put)))] = data.draw(BAD_VALUES)
    found = outcome(lambda p: codec.derive(source, "0110", keep, p), put)
    whole = Message("0110", fields_of(source, keep, put))
    assert found == outcome(lambda m: write_message(codec.specification, m), whole)


@every_dialect
@given(data=st.data())
def test_whatever_is_accepted_may_be_copied(name: str, data: st.DataObject) -> None:
    """The ground that splicing stands on: a value has one spelling, so damage cannot hide."""
    codec = eager_codec(name)
    raw = bytearray(codec.encode(data.draw(messages(codec, fields_max=8))))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    found = outcome(codec.decode, bytes(raw))
    if isinstance(found, Message):
        everything = FieldSet.all_but()
        for _ in range(2):
            assert codec.derive(found, found.mti, everything, {}) == codec.encode(found)


@pytest.mark.parametrize("name", NAMES_1987)
def test_a_message_made_by_hand_is_encoded(name: str) -> None:
    """So is one that another codec read: its bytes are of no use here."""
    codec = eager_codec(name)
    expected = codec.encode(Message("0110", fields_of(Message("", REQUEST), FORWARDED, PUT)))
    assert codec.derive(Message("0100", REQUEST), "0110", FORWARDED, PUT) == expected
    for other in map(eager_codec, NAMES_1987):
        source = other.decode(other.encode(Message("0100", REQUEST)))
        assert codec.derive(source, "0110", FORWARDED, PUT) == expected


def test_what_was_received_counts_and_not_what_became_of_the_fields() -> None:
    """With and without a plan the same: fields changed after reading do not leave by splicing."""
    codec = eager_codec("altyn87")
    untouched = codec.encode(Message("0100", fields_of(Message("", REQUEST), FORWARDED, PUT)))
    for _ in range(3):
        source = codec.decode(ASCII.encode(Message("0100", REQUEST)))
        source.fields[4] = "000000009999"
        del source.fields[52]
        assert codec.derive(source, "0100", FORWARDED, PUT) == untouched
        source = Message(source.mti, source.fields)
        assert b"000000009999" in codec.derive(source, "0100", FORWARDED, PUT)


def test_a_value_to_be_padded_is_left_to_the_careful_writer() -> None:
    """A short terminal number is padded, with a warm plan too."""
    source = ASCII.decode(ASCII.encode(Message("0100", REQUEST)))
    for terminal in ("TERM0001", "TERM1", "TERM0001"):
        expected = ASCII.encode(Message("0110", {3: "000000", 41: terminal}))
        assert ASCII.derive(source, "0110", FieldSet.only(3), {41: terminal}) == expected


def test_what_the_dialect_lacks_is_refused() -> None:
    """A field that is not in the table and a message type that is not four digits."""
    source = ASCII.decode(ASCII.encode(Message("0100", REQUEST)))
    with pytest.raises(MessageError, match="field 65: this dialect has no such field"):
        ASCII.derive(source, "0110", FORWARDED, {65: "1"})
    for mti in ("011", "01x0", "٠١١٠"):
        with pytest.raises(MessageError, match="the message type is not four digits"):
            ASCII.derive(source, mti, FORWARDED, PUT)


def test_m15_a_value_too_long_is_not_spliced_in() -> None:
    """An amount of thirteen digits is refused by plan and without, and then a right one passes."""
    codec = eager_codec("altyn87")
    source = codec.decode(codec.encode(Message("0100", REQUEST)))
    for _ in range(2):
        with pytest.raises(MessageError, match="field 4: the value must be 12 long and is 13"):
            codec.derive(source, "0110", FORWARDED, {4: "1000000000000"})
        assert b"100000000000" in codec.derive(source, "0110", FORWARDED, {4: "100000000000"})


def test_plans_are_kept_to_a_bounded_number() -> None:
    """However many combinations are asked for, memory does not grow."""
    codec = eager_codec("altyn87")
    source = codec.decode(codec.encode(Message("0100", REQUEST)))
    for number in range(PLANS_MAX + 40):
        mti = f"{number:04d}"
        assert codec.derive(source, mti, FieldSet.only(11), {}) == (
            mti.encode() + write_bitmaps([11], "binary") + b"000001"
        )
    assert len(codec._derivers) == PLANS_MAX
