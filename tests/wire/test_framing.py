"""Frames are found wherever the bytes are cut, and a wrong length is refused at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.wire import FrameError, Framing, framing, framing_names

TPDU = bytes.fromhex("6000010002")

ALL = [
    framing(name, tpdu, counted)
    for name in framing_names()
    for tpdu in (None, TPDU)
    for counted in (False, True)
]

HEADERS = {
    "binary2": (b"\x00\x0c", b"\x00\x11", b"\x00\x0e"),
    "bcd2": (b"\x00\x12", b"\x00\x17", b"\x00\x14"),
    "ascii4": (b"0012", b"0017", b"0016"),
    "binary4": (b"\x00\x00\x00\x0c", b"\x00\x00\x00\x11", b"\x00\x00\x00\x10"),
}


def fed_in_pieces(made: Framing, data: bytes, sizes: list[int]) -> tuple[list[bytes], int]:
    """What is found when the data arrives in pieces of these sizes, and where the rest starts."""
    buffer, start, found = bytearray(), 0, []
    position = 0
    while position < len(data):
        size = sizes.pop(0) if sizes else len(data)
        buffer += data[position : position + size]
        position += size
        payloads, start = made.take(buffer, start, len(buffer))
        found += payloads
    return found, start


@pytest.mark.parametrize("name", framing_names())
def test_headers_are_written_as_documented(name: str) -> None:
    """Each header counts the body, with its TPDU, and itself where the link says so."""
    payload = b"0800" + bytes(8)
    plain, with_tpdu, counted = HEADERS[name]
    assert framing(name).wrap(payload) == plain + payload
    assert framing(name, TPDU).wrap(payload) == with_tpdu + TPDU + payload
    assert framing(name, length_includes_header=True).wrap(payload) == counted + payload


@pytest.mark.parametrize("made", ALL)
def test_w06_messages_are_found_whole_byte_by_byte_and_with_a_tail(made: Framing) -> None:
    """Two messages in one segment, one message in many, and half a message after them."""
    first, second = b"0800first", b"0810" + b"s" * 300
    data = made.wrap(first) + made.wrap(second)
    tail = made.wrap(b"0800tail")[:-1]
    assert fed_in_pieces(made, data, []) == ([first, second], len(data))
    assert fed_in_pieces(made, data, [1] * len(data)) == ([first, second], len(data))
    assert fed_in_pieces(made, data + tail, []) == ([first, second], len(data))


@given(
    st.sampled_from(ALL),
    st.lists(st.binary(min_size=1, max_size=40), max_size=8),
    st.lists(st.integers(1, 50), max_size=30),
)
def test_w06_any_cut_gives_the_same_payloads(
    made: Framing, payloads: list[bytes], sizes: list[int]
) -> None:
    """Where the network cuts the stream makes no difference."""
    data = b"".join(made.wrap(payload) for payload in payloads)
    found, start = fed_in_pieces(made, data, sizes)
    assert found == payloads
    assert start == len(data)


def test_the_bounds_given_are_respected() -> None:
    """Bytes outside start and end are neither read nor waited for."""
    made = framing("binary2")
    buffer = bytearray(b"\xff\xff" + made.wrap(b"one") + made.wrap(b"two") + b"\x00")
    assert made.take(buffer, 2, 7) == ([b"one"], 7)
    assert made.take(buffer, 2, 11) == ([b"one"], 7)
    assert made.take(buffer, 7, 8) == ([], 7)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("binary2", b"\x00\x00"),
        ("binary2", b"\xff\xff"),
        ("binary4", b"\x00\x00\x00\x00"),
        ("binary4", b"\xff\xff\xff\xff"),
        ("binary4", b"\x80\x00\x00\x01"),
        ("bcd2", b"\x00\x00"),
        ("bcd2", b"\x00\x1a"),
        ("bcd2", b"\xff\xff"),
        ("ascii4", b"0000"),
        ("ascii4", b"-012"),
        ("ascii4", b"+012"),
        ("ascii4", b"  12"),
        ("ascii4", b"1_20"),
        ("ascii4", b"\xb2\xb2\xb2\xb2"),
        ("ascii4", "٣٣".encode()),
    ],
)
def test_w04_a_length_that_cannot_be_right_is_refused(name: str, header: bytes) -> None:
    """Zero, all ones, negative and not digits: refused with the place of the header."""
    made = framing(name)
    good = made.wrap(b"0800")
    with pytest.raises(FrameError) as caught:
        made.take(bytearray(good + header), 0, len(good) + len(header))
    assert caught.value.offset == len(good)
    assert caught.value.payloads == [b"0800"]


def test_w04_a_length_too_short_for_its_own_header_or_tpdu_is_refused() -> None:
    """A counted header or a TPDU leaves nothing for the message."""
    with pytest.raises(FrameError, match="announces nothing"):
        framing("binary2", length_includes_header=True).take(bytearray(b"\x00\x02"), 0, 2)
    with pytest.raises(FrameError, match="no message after the TPDU"):
        framing("binary2", TPDU).take(bytearray(b"\x00\x05"), 0, 2)


@pytest.mark.parametrize("name", framing_names())
def test_w05_an_oversize_frame_is_refused_by_its_header_alone(name: str) -> None:
    """The header is judged before a byte of the body has arrived; the bound itself passes."""
    made = framing(name, max_frame=100)
    largest = made.wrap(bytes(100))
    assert made.take(bytearray(largest), 0, len(largest)) == ([bytes(100)], len(largest))
    header = framing(name, max_frame=101).wrap(bytes(101))[:-101]
    with pytest.raises(FrameError, match="more than 100 bytes"):
        made.take(bytearray(header), 0, len(header))


def test_payloads_that_cannot_be_framed_are_refused() -> None:
    """Nothing is nothing, and nothing is truncated."""
    for made in (framing("binary2", max_frame=10), framing("ascii4", max_frame=10)):
        with pytest.raises(FrameError, match="empty"):
            made.wrap(b"")
        with pytest.raises(FrameError, match="longer than 10 bytes"):
            made.wrap(bytes(11))


def test_a_framing_that_cannot_exist_is_refused() -> None:
    """Names, TPDU lengths and maxima are checked when the link is set up."""
    with pytest.raises(ValueError, match="there are binary2, bcd2, ascii4, binary4"):
        framing("binary3")
    with pytest.raises(ValueError, match="5 bytes"):
        framing("binary2", tpdu=b"\x60")
    with pytest.raises(ValueError, match="at most 9999"):
        framing("bcd2", max_frame=10_000)
    with pytest.raises(ValueError, match="at most 65533"):
        framing("binary2", length_includes_header=True, max_frame=65_535)
