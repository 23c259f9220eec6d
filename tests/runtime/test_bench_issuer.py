"""The issuer of a load run: its fast answers are those that the codec would give."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from altyn.message import Message, load_codec
from altyn.runtime.load.frame_layout import DIALECT, field_spans, frame_of
from altyn.runtime.load.issuer_answers import IssuerAnswers
from altyn.runtime.load.request_book import RequestBook, request_message

CODEC = load_codec(DIALECT)
ECHOED = (2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49, 70, 90)
DIGITS = "0123456789"


def digits(low: int, high: int) -> st.SearchStrategy[str]:
    """Texts of digits, from `low` to `high` of them."""
    return st.text(DIGITS, min_size=low, max_size=high)


# What a switch may send to an issuer: fields of its own between those of the acquirer.
OPTIONAL = {
    2: digits(13, 19),
    3: digits(6, 6),
    4: digits(12, 12),
    5: digits(12, 12),
    6: digits(12, 12),
    9: digits(8, 8),
    10: digits(8, 8),
    12: digits(6, 6),
    13: digits(4, 4),
    15: digits(4, 4),
    16: digits(4, 4),
    32: digits(1, 11),
    33: digits(1, 11),
    35: digits(1, 37),
    37: digits(12, 12),
    41: digits(8, 8),
    42: digits(15, 15),
    49: digits(3, 3),
    50: digits(3, 3),
    51: digits(3, 3),
    54: digits(0, 120),
    55: st.binary(max_size=60),
    70: digits(3, 3),
    90: digits(42, 42),
}
REQUESTS = st.builds(
    lambda mti, own, other: Message(mti, {**other, **own}),
    st.sampled_from(["0100", "0120", "0121", "0200", "0220", "0400", "0420", "0421", "0800"]),
    st.fixed_dictionaries({7: digits(10, 10), 11: digits(6, 6)}),
    st.fixed_dictionaries({}, optional=OPTIONAL),
)


def expected(request: Message, number: int) -> Message:
    """The reply to the request, worked out field by field."""
    fields = {n: v for n, v in request.fields.items() if n in ECHOED}
    fields[39] = "00"
    if request.mti[1] in "12":
        fields[38] = f"{number:06d}"
        if 55 in request.fields:
            fields[55] = bytes.fromhex("910a01020304050607083030")
    mti = {"0100": "0110", "0120": "0130", "0200": "0210", "0220": "0230", "0400": "0410"} | {
        "0121": "0130",
        "0420": "0430",
        "0421": "0430",
        "0800": "0810",
    }
    return Message(mti[request.mti], fields)


@given(st.lists(REQUESTS, min_size=1, max_size=8), st.integers(1, 3))
def test_answers_are_those_of_the_slow_way(requests: list[Message], times: int) -> None:
    """Every request, on first sight and by the plan kept of it, gets the reply due to it."""
    answers = IssuerAnswers(CODEC)
    data = b"".join(frame_of(CODEC, request) for request in requests) * times
    replies, taken = answers.answer(data)
    wanted = [expected(r, n) for n, r in enumerate(requests * times, 1)]
    assert taken == len(data)
    assert replies == b"".join(frame_of(CODEC, reply) for reply in wanted)
    assert answers.answered == len(wanted)


def test_same_shape_with_other_lengths_inside_is_read_anew() -> None:
    """Two requests of one length and bitmap whose fields lie apart are both answered rightly."""
    first = Message("0100", {7: "0101000000", 11: "000001", 32: "123456", 33: "12", 37: "0" * 12})
    second = Message("0100", {**first.fields, 32: "12", 33: "123456"})
    frames = [frame_of(CODEC, message) for message in (first, second, first)]
    assert len({frame[:14] for frame in frames}) == 1
    replies, _ = IssuerAnswers(CODEC).answer(b"".join(frames))
    wanted = [expected(m, n) for n, m in enumerate((first, second, first), 1)]
    assert replies == b"".join(frame_of(CODEC, reply) for reply in wanted)


@given(st.integers(0, 600))
def test_frames_may_come_in_pieces(cut: int) -> None:
    """What is not a whole frame yet stays with the caller."""
    data = frame_of(CODEC, request_message(1)) * 2
    answers = IssuerAnswers(CODEC)
    first, taken = answers.answer(data[:cut])
    second, rest = answers.answer(data[taken:])
    assert taken + rest == len(data)
    assert first + second == IssuerAnswers(CODEC).answer(data)[0]


def test_w05_what_is_no_message_is_counted_and_passed_over() -> None:
    """A frame that the codec refuses gets no answer, and the next one gets its own."""
    answers = IssuerAnswers(CODEC)
    good = frame_of(CODEC, request_message(1))
    bad = b"\x00\x14" + b"0100" + bytes(16)
    replies, taken = answers.answer(bad + b"\x00\x00" + good)
    assert taken == len(bad) + 2 + len(good)
    assert (answers.refused, answers.answered) == (2, 1)
    assert CODEC.decode(replies[2:]).mti == "0110"


def test_response_gets_no_answer() -> None:
    """A reply to nothing must not start two systems answering each other for ever."""
    reply = frame_of(CODEC, Message("0810", {7: "0101000000", 11: "000001", 39: "00"}))
    assert IssuerAnswers(CODEC).answer(reply * 2) == (b"", 2 * len(reply))


def test_every_variant_of_the_book_is_a_message_of_twenty_fields() -> None:
    """The pieces of a variant, put together, decode to the message they were cut from."""
    book = RequestBook(CODEC)
    fields = {2, 3, 4, 7, 11, 12, 13, 14, 18, 22, 25, 32, 35, 37, 41, 42, 43, 49, 52, 55}
    for number in (0, 1, len(book.variants) - 1):
        head, middle, tail = book.variants[number]
        original = request_message(number)
        sent = b"".join(
            (head, b"0101000000000001000000", b"0101", middle, b"000000000001LOAD0000", tail)
        )
        message = CODEC.decode(sent[2:])
        assert message == original
        assert message.fields.keys() == fields
    assert len({variant.head for variant in book.variants}) == len(book.variants)


def test_spans_cover_the_frame_without_a_gap() -> None:
    """Each field begins where the one before it ends, second bitmap included."""
    message = Message("0420", {2: "9" * 16, 11: "000001", 55: b"\x9f", 70: "301", 90: "0" * 42})
    spans = list(field_spans(CODEC, message).values())
    assert spans[0].start == 2 + 4 + 16
    assert all(a.end == b.start for a, b in pairwise(spans))
    assert spans[-1].end == len(frame_of(CODEC, message))
