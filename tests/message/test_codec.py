"""The codec reads what it writes, in every dialect, and refuses everything else by its place."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.message import (
    Codec,
    FieldSet,
    Message,
    MessageError,
    SpecificationError,
    dialect_names,
    load_codec,
    load_specification,
    parse_codec,
)
from altyn.message.codec import _SHAPES_SEEN_MAX, PLAN_SIGHTS, PLANS_MAX
from altyn.message.field import Value
from altyn.message.reader import read_message
from altyn.message.writer import write_message
from tests.message.generated import ALPHABETS, BAD_VALUES, eager_codec, messages, outcome

CODEC = eager_codec("altyn87")
CODECS = [eager_codec(name) for name in dialect_names()]
SAME_FIELDS = [c for c in CODECS if c.specification.standard == "ISO 8583:1987"]

ECHO = (
    b"0800" + bytes.fromhex("82200000000000000400000000000000") + b"1123091015" + b"000001" + b"301"
)

LENGTHS = {n: field.length for n, field in CODEC.specification.fields.items()}
FIXED_FIELDS = [n for n, field in CODEC.specification.fields.items() if field.is_fixed][:10]

# Hypothesis also tries texts that it finds in our own sources, and a refusal is made of those.
OUTLANDISH = re.compile("[^a-z ]{8}")

every_dialect = pytest.mark.parametrize("codec", CODECS, ids=dialect_names())


def value_of_length(codec: Codec, number: int, length: int) -> Value:
    """A legal value of exactly that length."""
    kind = codec.specification.fields[number].kind
    if kind == "b":
        return (bytes(range(256)) * 4)[:length]
    if kind == "x+n":
        return "D" + "7" * (length - 1)
    alphabet = ALPHABETS[kind]
    return (alphabet * (length // len(alphabet) + 1))[:length]


@every_dialect
@given(data=st.data())
def test_round_trip_of_any_message(codec: Codec, data: st.DataObject) -> None:
    """Any fields with any legal values, twice: carefully on first sight and by plan after."""
    message = data.draw(messages(codec))
    fresh = Codec(codec.specification, plan_sights=1)
    written = fresh.encode(message)
    assert fresh.encode(message) == written
    assert fresh.decode(written) == message
    assert fresh.decode(written) == message


@every_dialect
def test_every_field_at_its_bounds(codec: Codec) -> None:
    """Shortest and longest value of each field alone, with and without a plan."""
    for number, field in codec.specification.fields.items():
        least = field.length if field.is_fixed else field.minimum
        for length in (least, field.length):
            message = Message("0100", {number: value_of_length(codec, number, length)})
            for _ in range(2):
                assert codec.decode(codec.encode(message)) == message


@given(message=messages(CODEC))
def test_every_encoding_says_the_same(message: Message) -> None:
    """The dialects of 1987 differ on the wire only: a Message passes through all of them."""
    for codec in SAME_FIELDS:
        assert codec.decode(codec.encode(message)) == message


@every_dialect
@given(data=st.data())
def test_plans_agree_with_the_careful_code_on_damaged_messages(
    codec: Codec, data: st.DataObject
) -> None:
    """Bytes changed, cut and added give a Message or a MessageError, the same both ways."""
    message = data.draw(messages(codec, fields_max=8))
    fresh = Codec(codec.specification, plan_sights=1)
    raw = bytearray(fresh.encode(message))
    fresh.decode(bytes(raw))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw)))
        piece = data.draw(st.binary(max_size=3) | st.sampled_from((b"-", b" ", b"\xb2", b"\x00")))
        raw[at : at + data.draw(st.integers(0, 3))] = piece
    damaged = bytes(raw)
    found = outcome(fresh.decode, damaged)
    assert found == outcome(lambda d: read_message(codec.specification, d), damaged)
    if isinstance(found, tuple):
        for value in message.fields.values():
            shown = value.hex() if isinstance(value, bytes) else value
            assert not OUTLANDISH.search(shown) or shown not in str(found[0])


@given(st.binary(max_size=200))
def test_any_bytes_give_a_message_or_a_refusal(data: bytes) -> None:
    """Nothing but MessageError comes out of the codec, whatever goes in."""
    for codec in CODECS:
        assert isinstance(outcome(codec.decode, data), Message | tuple)


@every_dialect
@given(data=st.data())
def test_plans_agree_with_the_careful_code_on_values_that_do_not_fit(
    codec: Codec, data: st.DataObject
) -> None:
    """A warm encoder refuses exactly what the careful writer refuses, and in its words."""
    message = data.draw(messages(codec, fields_max=6).filter(lambda m: m.fields))
    fresh = Codec(codec.specification, plan_sights=1)
    fresh.encode(message)
    number = data.draw(st.sampled_from(sorted(message.fields)))
    message.fields[number] = data.draw(BAD_VALUES)
    found = outcome(fresh.encode, message)
    assert found == outcome(lambda m: write_message(codec.specification, m), message)


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


def test_fields_are_written_in_order_however_they_were_put_in() -> None:
    """The order of a dictionary is nobody's business on the wire."""
    fields: dict[int, Value] = {70: "301", 11: "000001", 7: "1123091015"}
    for _ in range(2):
        assert CODEC.encode(Message("0800", fields)) == ECHO


def test_plans_are_kept_to_a_bounded_number() -> None:
    """A peer that never sends the same bitmap twice does not make memory grow."""
    codec = eager_codec("altyn87")
    for bits in range(PLANS_MAX + 88):
        numbers = [n for place, n in enumerate(FIXED_FIELDS) if bits >> place & 1]
        message = Message("0100", {n: value_of_length(codec, n, LENGTHS[n]) for n in numbers})
        assert codec.decode(codec.encode(message)) == message
    assert len(codec._decoders) == PLANS_MAX
    assert len(codec._encoders) == PLANS_MAX


def test_a_shape_earns_its_plan_by_coming_often() -> None:
    """Bitmaps that never come again cost no compiling, in any direction, and little memory."""
    codec = Codec(load_specification("altyn87"))
    for sight in range(1, PLAN_SIGHTS + 1):
        message = codec.decode(ECHO)
        assert codec.encode(message) == ECHO
        assert len(codec._decoders) == len(codec._encoders) == (sight >= PLAN_SIGHTS)
    for sight in range(1, PLAN_SIGHTS + 1):
        assert codec.derive(codec.decode(ECHO), "0800", FieldSet.all_but(), {}) == ECHO
        assert len(codec._derivers) == (sight >= PLAN_SIGHTS)
    for number in range(_SHAPES_SEEN_MAX + 10):
        assert not codec._is_due(number)
    assert len(codec._sights) == _SHAPES_SEEN_MAX


def test_garbage_earns_no_plan() -> None:
    """A shape is compiled only when a whole message of it was accepted."""
    codec = eager_codec("altyn87")
    with pytest.raises(MessageError):
        codec.decode(ECHO + b"0")
    assert not codec._decoders


def test_m15_a_value_too_long_is_refused_and_never_cut() -> None:
    """An amount of thirteen digits does not become one of twelve, by plan or without."""
    codec = eager_codec("altyn87")
    for _ in range(2):
        with pytest.raises(MessageError, match="field 4: the value must be 12 long and is 13"):
            codec.encode(Message("0100", {4: "1000000000000"}))
        with pytest.raises(MessageError, match="field 32: the value is 12 long, above"):
            codec.encode(Message("0100", {32: "123456789012"}))
        codec.encode(Message("0100", {4: "100000000000"}))
        codec.encode(Message("0100", {32: "12345678901"}))


def test_an_own_dialect_is_read_from_text() -> None:
    """A participant's table extends a shipped one; the shipped names are listed."""
    table = (
        'title = "one"\nstandard = "ISO 8583:1987"\nextends = "altyn87"\n'
        "[fields]\n48 = { length = 5 }\n"
    )
    codec = parse_codec(table, "/etc/altyn/one.toml")
    assert codec.specification.name == "one"
    with pytest.raises(MessageError, match="above the field's maximum of 5"):
        codec.encode(Message("0100", {48: "123456"}))
    assert dialect_names() == ("altyn87", "altyn87-bcd", "altyn87-ebcdic", "altyn87-hex", "altyn93")
    with pytest.raises(SpecificationError, match="altyn87, altyn87-bcd"):
        load_codec("altyn88")
