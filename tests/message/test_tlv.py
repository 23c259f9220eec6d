"""Chip data: what is tolerated by rule, and what is refused with its offset."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.message import MessageError, TlvError, build_tlv, parse_tlv

TAGS = st.sampled_from(
    [b"\x82", b"\x95", b"\x9a", b"\x9f\x26", b"\x9f\x27", b"\x5f\x2a", b"\xdf\x81\x01", b"\x84"]
)


def test_data_objects_are_read_in_order() -> None:
    """One- and two-byte tags, an empty value, a long length."""
    data = bytes.fromhex("9f2701808202390095005f2a020978df018180") + bytes(128)
    assert parse_tlv(data) == [
        (b"\x9f\x27", b"\x80"),
        (b"\x82", b"\x39\x00"),
        (b"\x95", b""),
        (b"\x5f\x2a", b"\x09\x78"),
        (b"\xdf\x01", bytes(128)),
    ]
    assert build_tlv(parse_tlv(data)) == data


@given(st.lists(st.tuples(TAGS, st.binary(max_size=300)), unique_by=lambda pair: pair[0]))
def test_round_trip(objects: list[tuple[bytes, bytes]]) -> None:
    """What is built is read back."""
    assert parse_tlv(build_tlv(objects)) == objects


def test_w11_nul_padding_is_tolerated_before_between_and_after() -> None:
    """Zero bytes outside data objects mean nothing (EMV Book 3, Annex B1); inside they stay."""
    data = bytes.fromhex("0000" + "82020000" + "00" + "950100" + "000000")
    assert parse_tlv(data) == [(b"\x82", b"\x00\x00"), (b"\x95", b"\x00")]
    assert parse_tlv(bytes(5)) == []


def test_templates_are_checked_inside_and_given_whole() -> None:
    """Issuer scripts may come more than once, and so may the commands in them."""
    script = bytes.fromhex("72" + "0c" + "86048424000086048418" + "0000")
    template = (b"\x72", bytes.fromhex("860484240000" + "860484180000"))
    assert parse_tlv(script + script) == [template, template]
    assert parse_tlv(template[1]) == [
        (b"\x86", b"\x84\x24\x00\x00"),
        (b"\x86", b"\x84\x18\x00\x00"),
    ]


@pytest.mark.parametrize(
    ("data", "offset", "reason"),
    [
        ("82023900820239", 6, "the length reaches past the end of the data"),
        ("820239008202", 6, "the length reaches past the end of the data"),
        ("8202390082023900", 4, "the tag was given before"),
        ("9f", 1, "the data ends inside a tag"),
        ("9f26", 2, "the data ends before a length"),
        ("dfffffff0100", 3, "the tag is longer than 3 bytes"),
        ("8280390000", 1, "the indefinite length is not allowed"),
        ("82830000023900", 1, "the length is longer than two bytes"),
        ("8282", 1, "the data ends inside a length"),
        ("8282ffff3900", 4, "the length reaches past the end of the data"),
        ("700482033900", 4, "the length reaches past the end of the data"),
        ("7008e106e104e102e100", 8, "templates are nested deeper than 4"),
    ],
)
def test_w11_bad_chip_data_is_refused_with_its_offset(data: str, offset: int, reason: str) -> None:
    """Length past the end, a tag twice, cut short, too long, too deep: nothing is guessed."""
    with pytest.raises(TlvError) as caught:
        parse_tlv(bytes.fromhex(data))
    assert (caught.value.offset, caught.value.reason) == (offset, reason)
    assert str(caught.value) == f"chip data, byte {offset}: {reason}"


@given(st.binary(max_size=60))
def test_w11_any_bytes_are_read_or_refused(data: bytes) -> None:
    """No other error comes out, and what comes out lies inside the data."""
    try:
        objects = parse_tlv(data)
    except MessageError as error:
        assert error.offset is not None and 0 <= error.offset <= len(data)
    else:
        assert sum(len(tag) + len(value) + 1 for tag, value in objects) <= len(data)


@pytest.mark.parametrize("tag", [b"", b"\x00", b"\x9f", b"\x82\x01", b"\xdf\xff\xff\x01"])
def test_a_tag_that_could_not_be_read_back_is_not_built(tag: bytes) -> None:
    """The builder refuses what the parser would read otherwise."""
    with pytest.raises(TlvError, match="not a BER tag"):
        build_tlv([(tag, b"")])


def test_a_value_too_long_is_not_built() -> None:
    """Two length bytes are the most that any field has room for."""
    assert parse_tlv(build_tlv([(b"\x82", bytes(65_535))])) == [(b"\x82", bytes(65_535))]
    with pytest.raises(TlvError, match="65535"):
        build_tlv([(b"\x82", bytes(65_536))])
