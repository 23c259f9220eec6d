"""Every refusal of the decoder: its field, its offset and its words."""

import pytest

from altyn.message import Message, MessageError, parse_codec
from tests.message.generated import eager_codec

CODEC = eager_codec("altyn87")


def packed(fields: str, body: bytes, codec_name: str = "altyn87") -> bytes:
    """A 0100 with these field numbers and this body."""
    bits = sum(1 << (64 - int(n)) for n in fields.split())
    mti = b"\x01\x00" if codec_name == "altyn87-bcd" else b"0100"
    return mti + bits.to_bytes(8, "big") + body


def refusal(data: bytes, codec_name: str = "altyn87") -> MessageError:
    """The error of decoding, which must be one."""
    with pytest.raises(MessageError) as caught:
        eager_codec(codec_name).decode(data)
    return caught.value


def check_refusal(data: bytes, field: int | None, offset: int, reason: str) -> None:
    """The error names this place and begins with these words."""
    error = refusal(data)
    assert (error.field, error.offset) == (field, offset)
    assert error.reason.startswith(reason)


@pytest.mark.parametrize("data", [b"", b"0", b"010"])
def test_a_message_shorter_than_its_type_is_refused(data: bytes) -> None:
    """Nothing is read past the end, from the first byte on."""
    check_refusal(data, 0, 0, "the message ends inside the message type")


@pytest.mark.parametrize("mti", [b"01 0", b"-100", b"\xb1\xb2\xb3\xb4", b"0x10"])
def test_w08_a_message_type_is_four_ascii_digits(mti: bytes) -> None:
    """What int() would forgive is refused."""
    check_refusal(mti + bytes(8), 0, 0, "the message type is not four digits")


def test_w07_bitmaps_that_cannot_be_are_refused() -> None:
    """Cut short, a secondary one missing, empty, or with bit 65; each leaves the type readable."""
    first = bytes.fromhex("8000000000000000")
    check_refusal(b"0100" + first[:7], 1, 4, "the message ends inside the bitmap")
    check_refusal(b"0100" + first, 1, 12, "the message ends inside the bitmap")
    check_refusal(b"0100" + first + bytes(8), 1, 12, "the secondary bitmap is announced but empty")
    check_refusal(b"0100" + first + first, 1, 12, "bit 65 announces a third bitmap")
    assert refusal(b"0100" + first).partial == Message("0100", {})


def test_w07_a_hexadecimal_bitmap_is_hexadecimal() -> None:
    """Sixteen characters of 0 to 9 and A to F; spaces and signs are not among them."""
    for bad in (b"7 20000000000000", b"+220000000000000", b"722000000000000G", b"0x72200000000000"):
        error = refusal(b"0100" + bad + b"0" * 40, "altyn87-hex")
        assert (error.field, error.offset) == (1, 4)
        assert error.reason == "the bitmap is not 16 hexadecimal characters"


@pytest.mark.parametrize("prefix", ["-1", "+4", " 4", "4 ", "1_", "0@", "0x", "²²"])
def test_w08_length_prefixes_are_ascii_digits_only(prefix: str) -> None:
    """Signs, spaces, underscores, characters near the digits, and other scripts' digits."""
    data = packed("2", prefix.encode("latin-1") + b"9" * 20)
    check_refusal(data, 2, 12, "the length prefix is not 2 ASCII digits")


@pytest.mark.parametrize("prefix", ["1_6", "٤٢٣", "00-", "+12"])
def test_w08_three_digit_prefixes_too(prefix: str) -> None:
    """The same for LLL fields, in whatever bytes the characters come."""
    data = packed("48", prefix.encode() + b"9" * 20)
    check_refusal(data, 48, 12, "the length prefix is not 3 ASCII digits")


def test_w08_bcd_and_ebcdic_prefixes_are_digits() -> None:
    """Half-bytes above 9 and bytes that are no EBCDIC digit are no lengths."""
    error = refusal(packed("2", b"\x1a" + b"\x99" * 20, "altyn87-bcd"), "altyn87-bcd")
    assert error.reason == "the length prefix is not 2 BCD digits"
    ebcdic = "0100".encode("cp037") + packed("2", b"16" + b"9" * 16)[4:]
    assert refusal(ebcdic, "altyn87-ebcdic").reason == "the length prefix is not 2 EBCDIC digits"


def test_lengths_are_bounded_by_the_field() -> None:
    """A length above the table's maximum or below its minimum is refused before the value."""
    check_refusal(packed("2", b"20" + b"9" * 20), 2, 12, "the length prefix is above the field's")
    check_refusal(packed("2", b"00"), 2, 12, "the length prefix is below the field's minimum of 1")


def test_nothing_is_read_past_the_end() -> None:
    """A message cut inside a prefix, a value or a fixed field says so, with the start of that."""
    check_refusal(packed("2", b"1"), 2, 12, "the message ends inside the length prefix")
    check_refusal(packed("2", b"1699999"), 2, 14, "the message ends inside the field")
    check_refusal(packed("3 4", b"000000" + b"0" * 11), 4, 18, "the message ends inside the field")
    check_refusal(packed("52", bytes(7)), 52, 12, "the message ends inside the field")


def test_w09_trailing_bytes_are_refused() -> None:
    """Bytes after the last field are never ignored, by plan or without."""
    whole = packed("3 11", b"000000" + b"000001")
    for _ in range(2):
        check_refusal(whole + b"0", None, 24, "bytes are left over after the last field")
        assert CODEC.decode(whole).fields == {3: "000000", 11: "000001"}


@pytest.mark.parametrize(
    ("field", "body"),
    [
        (3, b"00 000"),
        (3, b"00\xb2000"),
        (4, b"00000000-100"),
        (37, b"53271000000\xe9"),
        (37, b"5327-1000000"),
        (41, b"TERM\x00001"),
        (41, b"TERM\x7f001"),
        (43, "EXAMPLE STORE 0001       HELSINKI     FI".encode("cp037")),
        (28, b"X00000001"),
        (28, b"000000001"),
        (35, b"03a=1"),
    ],
)
def test_w10_characters_outside_the_kind_are_refused(field: int, body: bytes) -> None:
    """An EBCDIC peer on an ASCII port, control characters, foreign digits, a sign missing."""
    offset = 14 if field == 35 else 12
    check_refusal(packed(str(field), body), field, offset, "the value has characters other than")


def test_a_field_that_the_dialect_lacks_is_refused() -> None:
    """A table with two fields reads messages of those two."""
    codec = parse_codec(
        'title = "small"\nstandard = "own"\n[layout]\nmti = "ascii"\nbitmap = "binary"\n'
        'digits = "ascii"\ntrack = "ascii"\ntext = "ascii"\nprefix = "ascii"\n'
        'odd_digits = "zero-left"\n[fields]\n11 = { name = "trace", kind = "n", length = 6 }\n',
        "small.toml",
    )
    assert codec.decode(packed("11", b"000001")).fields == {11: "000001"}
    with pytest.raises(MessageError, match="field 3, byte 12: this dialect has no such field"):
        codec.decode(packed("3 11", b"000000000001"))


def test_odd_digits_in_bcd_have_their_pad_checked() -> None:
    """A zero half-byte before a numeric field, F after a track; anything else is refused."""
    name = "altyn87-bcd"
    assert eager_codec(name).decode(packed("22", b"\x00\x51", name)).fields == {22: "051"}
    assert refusal(packed("22", b"\x10\x51", name), name).reason.startswith("the first half-byte")
    track = bytes.fromhex("05" + "12d34f")
    assert eager_codec(name).decode(packed("35", track, name)).fields == {35: "12=34"}
    bad = bytes.fromhex("05" + "12d340")
    assert refusal(packed("35", bad, name), name).reason.startswith("the last half-byte")


def test_the_partial_message_ends_before_the_failing_field() -> None:
    """Trace number and amount are there when the terminal's field is at fault."""
    data = packed("4 11 41", b"000000001000" + b"000042" + b"TERM\x00001")
    assert refusal(data).partial == Message("0100", {4: "000000001000", 11: "000042"})
