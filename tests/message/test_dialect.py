"""Between messages and the scheme's words: what is read, what is refused, what is written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.message import Message, build_tlv, dialect, load_codec
from altyn.message.field import Value
from altyn.transaction import KEY_LETTERS, Kind, Original, Request, Response, original_key
from tests.message.generated import messages
from tests.strategies import REQUEST_TYPES, requests
from tests.switch.bench import HILL_CARD, Bench, answer_to

CODEC = load_codec("altyn87")
ORIGINAL = "0200" + "000001" + "0705100000" + "00000400101" + "0" * 11
PURCHASE = {
    2: HILL_CARD,
    3: "000000",
    4: "000000012000",
    7: "0705100000",
    11: "000001",
    32: "400101",
    49: "949",
}


def read_request(mti: str = "0200", **changes: Any) -> Request:
    """A purchase with changes, read; it must be a request."""
    fields: dict[int, str | bytes | None] = {**PURCHASE}
    fields |= {int(key[1:]): value for key, value in changes.items()}
    message = Message(mti, {n: value for n, value in fields.items() if value is not None})
    read = dialect.read(message, "sea", "origin")
    assert isinstance(read, Request)
    return read


@pytest.mark.parametrize("mti", REQUEST_TYPES)
def test_every_type_has_its_kind_and_its_repeat(mti: str) -> None:
    """The last digit marks a repeat, the others the kind; both are one transaction."""
    request = read_request(mti, f90=ORIGINAL)
    assert request.repeat is mti.endswith("1")
    assert dialect.REQUEST_TYPES[mti[:3] + "0"] == (request.kind, False)
    assert request.defect is None
    assert request.key == read_request(mti[:3] + "0", f90=ORIGINAL).key


def test_the_key_is_institution_stan_and_time() -> None:
    """DE32 without leading zeros, DE11, DE7, and the kind; a reversal and its advice are one."""
    assert read_request().key == "2400101/0000010705100000"
    assert read_request(f32="00000400101").key == read_request().key
    assert read_request("0400", f90=ORIGINAL).key == read_request("0420", f90=ORIGINAL).key
    assert len({KEY_LETTERS[kind] for kind in Kind}) == 5


def test_de90_names_the_key_of_its_original() -> None:
    """MTI, STAN, time and acquirer lead to what the original was known under."""
    request = read_request("0400", f11="000002", f90=ORIGINAL)
    assert request.original == Original(Kind.FINANCIAL, "000001", "0705100000", "400101")
    assert original_key(request.original) == read_request().key
    blank = read_request("0400", f90=ORIGINAL[:20] + "0" * 22)
    assert blank.original == request.original


@pytest.mark.parametrize("number", [3, 4, 7, 11, 32, 49])
def test_what_every_request_must_have(number: int) -> None:
    """A field that is missing is named, and nothing of a value is."""
    changes: dict[str, Any] = {f"f{number}": None}
    assert read_request(**changes).defect == f"field {number} is missing"


def test_an_inquiry_needs_no_amount() -> None:
    """Neither DE4 nor DE49."""
    assert read_request("0100", f3="310000", f4=None, f49=None).defect is None


@pytest.mark.parametrize(
    ("track2", "pan", "defect"),
    [
        (f"{HILL_CARD}=4912", HILL_CARD, None),
        (f"{HILL_CARD}D4912", HILL_CARD, None),
        (f"{HILL_CARD}=4912", None, None),
        (f"{HILL_CARD}4912", None, "field 35 has no card number before a separator"),
        ("9" * 37, None, "field 35 has no card number before a separator"),
        ("9" * 20 + "=4912", None, "field 35 has no card number before a separator"),
        ("=4912", None, "field 35 has no card number before a separator"),
        ("9900020000000026=4912", HILL_CARD, "field 35 names another card than field 2"),
        (f"{HILL_CARD}1=4912", HILL_CARD, "field 35 names another card than field 2"),
        (None, None, "field 2 is missing"),
    ],
)
def test_w12_track_2_and_the_card(track2: str | None, pan: str | None, defect: str | None) -> None:
    """The track names the card, once, before a separator; the same one as DE2."""
    request = read_request(f2=pan, f35=track2)
    assert request.defect == defect
    if defect is None:
        assert request.pan[:] == HILL_CARD
        assert request.expiry == "4912"


@pytest.mark.parametrize(
    ("changes", "defect"),
    [
        ({"f90": None}, "field 90 is missing"),
        ({"f90": "0800" + ORIGINAL[4:]}, "field 90 names no request"),
        ({"f90": ORIGINAL, "f95": "A" * 42}, "field 95 does not begin with an amount"),
    ],
)
def test_what_a_reversal_must_have(changes: dict[str, str | None], defect: str) -> None:
    """DE90 names a request, DE95 begins with an amount where it is there."""
    assert read_request("0400", **changes).defect == defect


def test_what_stands_after_a_partial_reversal() -> None:
    """The first 12 digits of DE95; of nothing but a reversal is it read."""
    request = read_request("0400", f90=ORIGINAL, f95="000000002000".ljust(42, "0"))
    assert request.replacement_amount == 2_000
    assert read_request("0400", f90=ORIGINAL).replacement_amount is None
    assert read_request(f95="A" * 42).replacement_amount is None


def test_network_messages_and_others() -> None:
    """08xx is of the network; a type nobody speaks says whether it wants an answer."""
    asked = dialect.read(Message("0800", {11: "000001", 33: "0400101", 70: "001"}), "sea", None)
    assert isinstance(asked, dialect.Network)
    assert (asked.code, asked.institution, asked.answer) == ("001", "400101", None)
    answered = dialect.read(Message("0810", {11: "000001", 39: "00", 70: "301"}), "sea", None)
    assert isinstance(answered, dialect.Network)
    assert answered.answer == "00"
    wants = {}
    for mti in ("0300", "0312", "0620", "1200", "9200"):
        other = dialect.read(Message(mti, {11: "000001"}), "sea", None)
        assert isinstance(other, dialect.Unsupported)
        wants[mti] = other.wants_reply
    assert wants == {"0300": True, "0312": False, "0620": True, "1200": False, "9200": False}


def test_an_answer_is_read_with_what_it_echoes() -> None:
    """Code, authorization code, echoes and further data; what is missing is None or blank."""
    read = dialect.read(Message("0210", {11: "000007", 39: "51", 44: "NO"}), "hill", None)
    assert isinstance(read, Response)
    assert (read.stan, read.response_code, read.amount, read.pan) == ("000007", "51", None, None)
    assert dialect.unpack_additional(read.additional) == {44: "NO"}


@given(
    texts=st.dictionaries(
        st.sampled_from([44, 54, 62, 63]), st.text("ABC 123", min_size=1, max_size=25)
    ),
    codes=st.lists(st.binary(max_size=300), max_size=3),
)
def test_further_data_is_kept_as_it_came(texts: dict[int, Value], codes: list[bytes]) -> None:
    """Packed for the journal and unpacked again, texts and data for the card are the same."""
    chip = build_tlv([(b"\x91", b"12345678"), *((b"\x72", code) for code in made_scripts(codes))])
    fields: dict[int, Value] = {**texts, 55: chip}
    assert dialect.unpack_additional(dialect.pack_additional(fields)) == fields


def made_scripts(codes: list[bytes]) -> list[bytes]:
    """The insides of issuer scripts."""
    return [build_tlv([(b"\x86", code)]) for code in codes]


def test_what_an_issuer_echoes_is_not_kept() -> None:
    """DE48 with a verification value, tracks, PIN block, and the card's own tags in DE55."""
    echo = bytes.fromhex("5713" + "99000100000000190d49122010000000000000" + "5a089900010000000019")
    fields: dict[int, Value] = {
        35: "9900010000000019=4912201",
        45: "B9900010000000019^A/B^4912201",
        48: "9F12 123",
        52: bytes(8),
        55: echo + bytes.fromhex("910412345678"),
    }
    packed = dialect.pack_additional(fields)
    assert dialect.unpack_additional(packed) == {55: bytes.fromhex("910412345678")}
    assert dialect.pack_additional({55: echo}) == b""
    assert dialect.pack_additional({55: b"\x57\x13\x99"}) == b""


@given(messages(CODEC))
def test_any_message_is_read(message: Message) -> None:
    """Whatever the codec takes, the dialect reads: it refuses by saying why, never by raising."""
    read = dialect.read(CODEC.decode(CODEC.encode(message)), "sea", None)
    assert isinstance(read, Request) is (message.mti in dialect.REQUEST_TYPES)
    assert isinstance(read, Response) is (message.mti in dialect.RESPONSE_TYPES)


@given(requests(CODEC))
def test_no_request_breaks_the_switch(message: Message) -> None:
    """Any request is answered once, at once or when its issuer has spoken, and the journal gives
    the same state again; none gets an answer of another type."""
    bench = Bench()
    purchase = bench.request(f11="000001", f7="0705100000")
    bench.send("sea", purchase)
    bench.send("hill", answer_to(bench.inbox["hill"].pop()))
    bench.inbox["sea"].clear()
    bench.send("sea", message)
    for link in ("sea", "hill"):
        forwarded = [entry for entry in bench.inbox[link] if entry.mti in ("0100", "0200")]
        bench.inbox[link] = [entry for entry in bench.inbox[link] if entry not in forwarded]
        for entry in forwarded:
            bench.send(link, answer_to(entry))
    replies = [entry for entry in bench.inbox["sea"] if entry.mti[2] in "13"]
    assert [reply.mti for reply in replies] == [dialect.reply_type(message.mti)]
    bench.expect_replay()
    bench.restart()


@given(requests(CODEC), st.data())
def test_no_answer_breaks_the_switch(message: Message, data: st.DataObject) -> None:
    """An issuer that answers with anything: the acquirer has one answer within its time."""
    bench = Bench()
    request = bench.request()
    bench.send("sea", request)
    seen = bench.inbox["hill"].pop()
    fields = {**message.fields, 39: "00"}
    echoed = data.draw(st.sets(st.sampled_from([4, 7, 11, 2])))
    fields |= {number: seen.fields[number] for number in echoed}
    bench.send("hill", Message(dialect.reply_type(message.mti), fields))
    bench.wait(10)
    codes = [reply.fields[39] for reply in bench.inbox["sea"] if reply.mti == "0210"]
    assert codes in (["00"], ["91"])
    bench.expect_replay()
