"""The doctor finds what bytes are, says where each guess failed, and shows no card data."""

import pytest

from altyn.message import Message, dialect_names, load_codec
from altyn.message.field import Value
from altyn.wire import Fit, describe_fault, diagnose, explain_mismatch, framing, remarks

TPDU = bytes.fromhex("6000010002")
PAN = "9999991234567893"
TRACK = f"{PAN}=29122010000000000000"

FIELDS: dict[int, Value] = {
    2: PAN,
    3: "000000",
    4: "000000012500",
    7: "1123104722",
    11: "000042",
    22: "051",
    32: "400001",
    35: TRACK,
    37: "532710000042",
    41: "TERM0042",
    42: "MERCHANT0000042",
    49: "978",
    52: bytes.fromhex("0123456789abcdef"),
    55: bytes.fromhex("820239009f3602001c"),
}
REQUEST = Message("0100", FIELDS)
CODEC = load_codec("altyn87")
FRAME = framing("binary2")


def reply(mti: str = "0110", **changes: str | None) -> bytes:
    """An answer to the request, framed, with fields f4=... changed or, with None, left out."""
    fields = {n: FIELDS[n] for n in (2, 3, 4, 7, 11, 32, 37, 41, 42, 49)} | {39: "00"}
    for name, value in changes.items():
        fields.pop(int(name[1:]), None)
        if value is not None:
            fields[int(name[1:])] = value
    return FRAME.wrap(CODEC.encode(Message(mti, fields)))


def best(data: bytes) -> Fit:
    """The likeliest fit."""
    return diagnose(data)[0]


def check_shows_no_card_data(texts: list[str]) -> None:
    """Neither number nor track, PIN or chip data, in whole or in the middle."""
    for text in texts:
        for secret in (PAN, TRACK, "0123456789abcdef", "820239009f36", "123456789"):
            assert secret not in text


@pytest.mark.parametrize("dialect", ["altyn87", "altyn87-hex", "altyn87-bcd", "altyn87-ebcdic"])
@pytest.mark.parametrize("name", ["", "binary2", "bcd2", "ascii4", "binary4"])
@pytest.mark.parametrize("tpdu", [None, TPDU])
@pytest.mark.parametrize("counted", [False, True])
def test_every_form_is_recognised(
    dialect: str, name: str, tpdu: bytes | None, counted: bool
) -> None:
    """Framing, TPDU, counting of the header and dialect are found, and the message with them."""
    data = load_codec(dialect).encode(REQUEST)
    data = framing(name, tpdu, counted).wrap(data) if name else (tpdu or b"") + data
    fit = best(data)
    assert fit.is_whole and not describe_fault(fit)
    assert (fit.dialect, fit.candidate.framing) == (dialect, name)
    assert fit.candidate.has_tpdu == (tpdu is not None)
    assert fit.candidate.length_includes_header == (counted and name != "")
    assert fit.message == REQUEST


def test_the_version_of_the_standard_decides_between_equal_fits() -> None:
    """An echo looks the same in both years but for the first digit of its type."""
    fields: dict[int, Value] = {7: "1123104722", 11: "000042"}
    for mti, dialect in (("0800", "altyn87"), ("1804", "altyn93")):
        fit = best(CODEC.encode(Message(mti, dict(fields))))
        assert (fit.dialect, fit.is_whole) == (dialect, True)


def test_two_frames_in_one_segment_are_one_sound_frame() -> None:
    """What follows the first frame is no fault as long as it is whole."""
    fit = best(reply() + reply())
    assert fit.is_whole and str(fit.candidate) == "binary2"


def test_w04_a_wrong_length_header_is_told_from_a_wrong_message() -> None:
    """The message behind it is read all the same, and the right length is named."""
    body = CODEC.encode(REQUEST)
    for header in (b"\x00\x20", b"\x02\x00", b"\x00\x00", b"\xff\xff"):
        fit = best(header + body)
        assert fit.message == REQUEST and not fit.reason
        assert describe_fault(fit).startswith("byte 0: the length header")
    assert f"is not {len(body)}," in describe_fault(best(b"\x00\x20" + body))


def test_faults_are_placed_in_the_bytes_given() -> None:
    """The offset counts from the first byte, header and TPDU with it."""
    made = framing("ascii4", TPDU)
    data = bytearray(made.wrap(CODEC.encode(REQUEST)))
    place = bytes(data).index(b"TERM0042")
    data[place] = 7
    fit = best(bytes(data))
    assert (fit.field, fit.offset) == (41, place)
    assert describe_fault(fit) == (
        f"field 41, byte {place}: the value has characters other than printable ASCII characters"
    )
    check_shows_no_card_data([describe_fault(other) for other in diagnose(bytes(data))])


def test_every_guess_says_why_it_failed() -> None:
    """Each framing with each dialect is listed, and only whole fits have nothing to say."""
    fits = diagnose(CODEC.encode(REQUEST))
    tried = {(fit.candidate.framing, fit.dialect) for fit in fits}
    assert len(tried) == 5 * len(dialect_names())
    assert all(bool(describe_fault(fit)) != fit.is_whole for fit in fits)


@pytest.mark.parametrize("data", [b"", b"\x00", b"0100", bytes(40), b"GET / HTTP/1.1\r\n\r\n"])
def test_bytes_that_are_no_message_fit_nothing(data: bytes) -> None:
    """Nothing, too little, zeros and another protocol get a ranking without a whole fit."""
    assert not any(fit.is_whole for fit in diagnose(data))


def test_given_codecs_are_the_only_ones_tried() -> None:
    """A participant who knows the dialect asks about the framing alone."""
    assert {fit.dialect for fit in diagnose(reply(), [CODEC])} == {"altyn87"}


def test_a_reply_that_matches_has_no_findings() -> None:
    """The same keys, the type one function on, a response code."""
    assert explain_mismatch(FRAME.wrap(CODEC.encode(REQUEST)), reply()) == []


@pytest.mark.parametrize(
    ("answer", "field", "text"),
    [
        (reply(mti="0210"), 0, "0100 is answered by 0110, not by 0210"),
        (reply(f39=None), 39, "the reply has no response code"),
        (reply(f11=None), 11, "the trace number is missing in the reply"),
        (reply(f11="000043"), 11, "the trace number differs from character 6 on"),
        (reply(f32="0400001"), 32, "the acquirer differs in its leading zeros only"),
        (reply(f41="TERM42  "), 41, "the terminal differs from character 5 on"),
        (reply(f37="53271000004 "), 37, "the retrieval reference differs from character 12 on"),
        (reply(f4="000000012400"), 4, "the amount differs from character 10 on"),
        (reply(f2="9999991234567886"), 2, "the card number differs from character 15 on"),
        (reply(f2="999999123456789"), 2, "the card number differs: 16 characters were sent and 15"),
        (reply()[2:], None, "the request has binary2 and the reply no frame"),
        (reply()[:-1], None, "the reply cannot be read as altyn87: byte 0: the length header"),
    ],
)
def test_a_mismatch_is_explained(answer: bytes, field: int | None, text: str) -> None:
    """Header, type, keys and echoes: each with its field and without its value."""
    findings = explain_mismatch(FRAME.wrap(CODEC.encode(REQUEST)), answer)
    assert [finding.text for finding in findings if finding.text.startswith(text)]
    assert findings[0].field == field or "cannot be read" in findings[0].text
    check_shows_no_card_data([finding.text for finding in findings])


def test_more_mismatches() -> None:
    """Two dialects, a partial approval, a field never sent, and an answer taken for a question."""
    request = FRAME.wrap(CODEC.encode(REQUEST))
    assert explain_mismatch(request, reply(f39="10", f4="000000010000")) == []
    (finding,) = explain_mismatch(load_codec("altyn87-hex").encode(REQUEST), reply()[2:])
    assert finding.text == "the request is altyn87-hex and the reply altyn87"
    assert (
        explain_mismatch(reply(), reply())[0].text == "0110 is itself a reply: nothing answers it"
    )
    bare = FRAME.wrap(CODEC.encode(Message("0100", {11: "000042"})))
    texts = [finding.text for finding in explain_mismatch(bare, reply())]
    assert "the currency is in the reply and was not in the request" in texts
    spaced = Message("0100", {**FIELDS, 41: "TERM42  "})
    (finding,) = explain_mismatch(FRAME.wrap(CODEC.encode(spaced)), reply(f41="  TERM42"))
    assert finding.text == "the terminal differs in its spaces only"


def test_repeats_are_answered_as_the_first_was() -> None:
    """0101 is answered by 0110, and 0121 by 0130."""
    for asked, answer in (("0101", "0110"), ("0121", "0130"), ("0120", "0130")):
        request = FRAME.wrap(CODEC.encode(Message(asked, FIELDS)))
        assert explain_mismatch(request, reply(mti=answer)) == []


@pytest.mark.parametrize(
    ("changes", "texts"),
    [
        ({}, []),
        ({2: "9999991234567890"}, ["the card number's check digit is wrong"]),
        ({2: "0" * 16}, ["the card number's check digit is wrong"]),
        ({35: TRACK.replace("=", "")}, ["byte 0 of the track: there is no separator, '=' or 'D'"]),
        ({55: b"\x82\x03\x39\x00"}, ["chip data, byte 2: the length reaches past the end"]),
    ],
)
def test_remarks_on_well_formed_messages(changes: dict[int, Value], texts: list[str]) -> None:
    """Check digit, track and chip data are looked at beyond their characters."""
    found = [finding.text for finding in remarks(Message("0100", {**FIELDS, **changes}))]
    differs = "the card number of the track is not that of field 2"
    expected = texts + ([differs] if 2 in changes else [])
    assert len(found) == len(expected)
    assert all(text.startswith(start) for text, start in zip(found, expected, strict=True))
    check_shows_no_card_data(found)
