"""Hypothesis strategies for messages legal in a dialect, and what else these tests share."""

import string

from hypothesis import strategies as st

from altyn.message import Codec, Message, MessageError, load_specification
from altyn.message.field import FieldFormat, Value

# Long enough to pass every boundary of a prefix but a few bytes of the table's maxima, which
# test_codec covers one by one.
LENGTH_MAX = 40

ALPHABETS = {
    "n": string.digits,
    "a": string.ascii_letters + " ",
    "an": string.ascii_letters + string.digits + " ",
    "ans": "".join(map(chr, range(32, 127))),
    "z": string.digits + "=",
}


BAD_VALUES = st.one_of(
    st.text(max_size=20),
    st.binary(max_size=20),
    st.sampled_from(("-1", "+00004", " 00004", "1_6", "٠٠٠٠٠٤", "²²²²²²", "é" * 6)),
)


def eager_codec(name: str) -> Codec:
    """A codec of its own for the test, which makes a plan at the first sight of a shape."""
    return Codec(load_specification(name), plan_sights=1)


def values(field: FieldFormat, length_max: int = LENGTH_MAX) -> st.SearchStrategy[Value]:
    """Every legal value of the field, up to ``length_max`` long where it is variable."""
    least = field.length if field.is_fixed else field.minimum
    most = field.length if field.is_fixed else min(field.length, length_max)
    if field.kind == "b":
        return st.binary(min_size=least, max_size=most)
    if field.kind == "x+n":
        digits = st.text(string.digits, min_size=most - 1, max_size=most - 1)
        return st.builds(str.__add__, st.sampled_from("CD"), digits)
    return st.text(ALPHABETS[field.kind], min_size=least, max_size=most)


def messages(codec: Codec, fields_max: int = 24) -> st.SearchStrategy[Message]:
    """Any message type with any fields of the dialect, each with any legal value."""
    formats = codec.specification.fields
    fields = st.lists(st.sampled_from(sorted(formats)), max_size=fields_max, unique=True).flatmap(
        lambda numbers: st.fixed_dictionaries({n: values(formats[n]) for n in numbers})
    )
    return st.builds(Message, st.text(string.digits, min_size=4, max_size=4), fields)


def outcome(function: object, argument: object) -> object:
    """What the function gives, or the words of its refusal."""
    assert callable(function)
    try:
        return function(argument)
    except MessageError as error:
        return (str(error), error.field, error.offset, error.partial)
