"""What can happen to frames and connections, over real sockets with small limits."""

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from tests.runtime.served_switch import (
    HILL,
    HILL_CARD,
    SEA,
    Fields,
    ServedSwitch,
    Witness,
    answer_to,
    frame,
    free_port,
    link_table,
    serving,
)

pytestmark = pytest.mark.process

CONNECTIONS_MAX = 3
OUTBOUND_BYTES_MAX = 65_536
PORTS = {
    name: free_port() for name in ("sea", "hill", "echo", "slow", "bcd", "ascii", "tpdu", "big")
}


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedSwitch]:
    """A switch with short deadlines; all links but Hill Bank's are Sea Bank's."""
    options: dict[str, dict[str, object]] = {
        "hill": {"sign_on": "none"},
        "echo": {"echo_interval_s": 1},
        "slow": {},
        "bcd": {"framing": "bcd2"},
        "ascii": {"framing": "ascii4"},
        "tpdu": {"framing": "binary4", "tpdu": "6000010002"},
    }
    links = {
        name: link_table(
            name,
            "HILLTR" if name == "hill" else "SEATR",
            PORTS[name],
            **{"sign_on": "none", **options.get(name, {})},
        )
        for name in PORTS
    }
    limits = {
        "frame_deadline_s": 1,
        "connections_per_link_max": CONNECTIONS_MAX,
        "outbound_bytes_max": OUTBOUND_BYTES_MAX,
    }
    with serving(tmp_path_factory.mktemp("links"), links, **limits) as served:
        yield served


@pytest.fixture
def sea(switch: ServedSwitch) -> Iterator[Witness]:
    """Sea Bank on a new connection."""
    assert switch.process is not None
    with Witness(PORTS["sea"], SEA) as witness:
        witness.stan = next(_stans)
        yield witness


_stans = iter(range(1_000, 999_999, 1_000))


def sea_on(link: str) -> Witness:
    """Sea Bank on a new connection of one of its other links."""
    witness = Witness(PORTS[link], SEA)
    witness.stan = next(_stans)
    return witness


def unknown(witness: Witness, **changes: str) -> Fields:
    """A request that the switch answers by itself: a card of nobody."""
    return witness.request("9999990000000014", 100, **changes)


def expect_alive(witness: Witness) -> None:
    """The connection is still served."""
    assert witness.ask(witness.network("301"))["39"] == "00"


def test_w01_a_peer_that_answers_no_echo_is_cut_off(switch: ServedSwitch) -> None:
    """Half-open: three echo tests a second apart go unanswered, then the connection ends."""
    with sea_on("echo") as witness:
        for _ in range(3):
            asked = witness.receive()
            assert (asked["t"], asked["70"]) == ("0800", "301")
        assert witness.is_closed()
    assert "link-silent" in switch.alarms()


def test_w02_a_partial_frame_and_then_silence(switch: ServedSwitch, sea: Witness) -> None:
    """A frame that has begun must be whole within a second; the connection is closed."""
    began = time.monotonic()
    sea.socket.sendall(frame(unknown(sea))[:20])
    assert sea.is_closed()
    assert time.monotonic() - began < 6
    assert "connection-refused" in switch.alarms()


def test_w03_a_byte_at_a_time_does_not_hold_a_connection(sea: Witness) -> None:
    """The deadline is of the whole frame: bytes that keep coming do not move it."""
    data = frame(unknown(sea))
    sea.socket.settimeout(0.1)
    closed = False
    for byte in data:
        try:
            sea.socket.sendall(bytes((byte,)))
            closed = sea.socket.recv(1) == b""
        except TimeoutError:
            continue
        except ConnectionError:
            closed = True
        if closed:
            break
    assert closed


def test_w03_connections_of_a_link_are_bounded(switch: ServedSwitch) -> None:
    """One more than the limit is refused at once; those that stand go on."""
    standing = [sea_on("slow") for _ in range(CONNECTIONS_MAX)]
    try:
        for witness in standing:
            expect_alive(witness)
        with sea_on("slow") as refused:
            assert refused.is_closed()
        for witness in standing:
            expect_alive(witness)
    finally:
        for witness in standing:
            witness.socket.close()
    assert "too-many-connections" in switch.alarms()


@pytest.mark.parametrize(
    ("link", "header"),
    [
        ("sea", b"\x00\x00"),
        ("sea", b"\xff\xff"),
        ("sea", b"\x20\x01"),
        ("bcd", b"\x0a\x12"),
        ("bcd", b"\x00\x00"),
        ("ascii", b"-012"),
        ("ascii", b"+012"),
        ("ascii", b" 012"),
        ("ascii", b"1_62"),
        ("ascii", "\u0661\u0662".encode()),
        ("ascii", b"9999"),
        ("tpdu", b"\x00\x00\x00\x05"),
        ("tpdu", b"\xff\xff\xff\xff"),
    ],
)
def test_w04_w05_a_wrong_length_closes_at_once(link: str, header: bytes) -> None:
    """Zero, too long, not of digits, nothing behind the TPDU: closed before any body comes."""
    with sea_on(link) as witness:
        witness.socket.sendall(header)
        assert witness.is_closed()


def test_w04_what_came_before_a_wrong_length_is_served(sea: Witness) -> None:
    """A good frame and a bad header in one segment: the good one is answered or the line ends,
    and a repeat on a new connection is answered as recorded."""
    request = unknown(sea)
    sea.socket.sendall(frame(request) + b"\x00\x00")
    assert sea.is_closed()
    with sea_on("sea") as again:
        assert again.ask(request)["39"] == "15"


def test_w06_many_messages_in_a_segment_and_one_in_many(sea: Witness) -> None:
    """Fifty frames in one write get fifty answers, in order; one frame byte by byte gets one."""
    requests = [unknown(sea) for _ in range(50)]
    sea.socket.sendall(b"".join(frame(request) for request in requests))
    answers = [sea.receive() for _ in requests]
    assert [answer["11"] for answer in answers] == [request["11"] for request in requests]
    sea.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = unknown(sea)
    for byte in frame(request):
        sea.socket.sendall(bytes((byte,)))
    assert sea.receive()["11"] == request["11"]


def payload(document: Fields) -> bytearray:
    """A message without its length."""
    return bytearray(frame(document)[2:])


def framed(data: bytes) -> bytes:
    """Bytes behind their length."""
    return len(data).to_bytes(2, "big") + data


def test_w07_a_bitmap_of_garbage_closes(sea: Witness) -> None:
    """With all bits set nothing before the STAN can be trusted: no answer, the connection ends."""
    data = payload(unknown(sea))
    data[4:12] = b"\xff" * 8
    sea.socket.sendall(framed(bytes(data)))
    assert sea.is_closed()


def test_w07_a_fault_behind_the_stan_is_30(sea: Witness) -> None:
    """Bit 64 claims a field that is not there: the STAN was read, so it is answered, 30."""
    request = unknown(sea)
    data = payload(request)
    data[11] |= 1
    sea.socket.sendall(framed(bytes(data)))
    answer = sea.receive()
    assert (answer["t"], answer["11"], answer["39"]) == ("0210", request["11"], "30")
    expect_alive(sea)


def test_w07_a_second_bitmap_that_is_missing(sea: Witness) -> None:
    """Bit 1 without a second bitmap: the fields shift and cannot be read; no wrong answer."""
    data = payload(unknown(sea))
    data[4] |= 0x80
    sea.socket.sendall(framed(bytes(data)))
    assert sea.is_closed()


@pytest.mark.parametrize("length", [b"-1", b"+4", b" 4", b"1_", b"\xd9\xa1", b"99"])
def test_w08_lengths_of_fields_are_ascii_digits(sea: Witness, length: bytes) -> None:
    """What Python's int would take is refused: DE32, behind the STAN, is answered 30."""
    request = unknown(sea)
    data = bytes(payload(request))
    wrong = data.replace(b"06" + SEA.encode(), length + SEA.encode())
    assert wrong != data
    sea.socket.sendall(framed(wrong))
    answer = sea.receive()
    assert (answer["11"], answer["39"]) == (request["11"], "30")
    expect_alive(sea)


def test_w09_bytes_behind_the_last_field_are_refused(sea: Witness) -> None:
    """A message with something after its end is 30, never taken without it."""
    request = unknown(sea)
    sea.socket.sendall(framed(bytes(payload(request)) + b"0"))
    answer = sea.receive()
    assert (answer["11"], answer["39"]) == (request["11"], "30")
    assert sea.ask(request)["39"] == "15"


def test_w10_other_characters_are_refused_without_being_repeated(
    switch: ServedSwitch, sea: Witness
) -> None:
    """A letter in an amount is 30; the log says where, not what."""
    request = unknown(sea)
    wrong = bytes(payload(request)).replace(b"RRN", b"R\xffN")
    sea.socket.sendall(framed(wrong))
    assert sea.receive()["39"] == "30"
    assert "field 37" in switch.log
    assert "\u00ff" not in switch.log


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("9900020000000019", "14"),
        ("0000000000000000", "14"),
        ("0000000000000", "14"),
        ("0000000000000000000", "14"),
        ("9900020000015", "14"),
        ("9900020000000000016", "14"),
        ("9900", "14"),
    ],
)
def test_w13_card_numbers(sea: Witness, card: str, code: str) -> None:
    """Wrong check digit, all zeros, 13 and 19 digits in a range of 16, four digits: 14."""
    assert sea.ask(sea.request(card, 100))["39"] == code


def test_w16_a_reader_that_does_not_read_is_cut_off(switch: ServedSwitch) -> None:
    """Answers pile up for a peer that only sends; with 64 KiB waiting behind what the system took,
    its connection is closed, and everybody else goes on."""
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(20)
        deaf.connect(("127.0.0.1", PORTS["big"]))
        with sea_on("slow") as other:
            block = b"".join(frame(unknown(other)) for _ in range(500))
            with contextlib.suppress(ConnectionError):
                for _ in range(100):
                    deaf.sendall(block)
            switch.wait_until(lambda: "does not read" in switch.log)
            expect_alive(other)


def test_w17_wrong_types_over_the_wire(switch: ServedSwitch, sea: Witness) -> None:
    """A response as a request is dropped, 0600 is 12, 9200 is dropped, and all are counted."""
    sea.send(unknown(sea, f39="00") | {"t": "0210"})
    assert sea.ask(unknown(sea) | {"t": "0600"})["39"] == "12"
    sea.send(unknown(sea) | {"t": "9200"})
    expect_alive(sea)
    assert switch.order("status")["alarms"]["unserved"] >= 2


def test_other_framings_carry_whole_transactions() -> None:
    """The same request behind four ASCII digits is answered behind four ASCII digits."""
    with sea_on("ascii") as witness:
        data = bytes(payload(unknown(witness)))
        witness.socket.sendall(f"{len(data):04d}".encode() + data)
        answer = witness.socket.recv(4096)
        assert int(answer[:4]) == len(answer) - 4
        assert answer[4:8] == b"0210"


def test_two_connections_of_one_link_share_its_work(sea: Witness) -> None:
    """Forwarded requests take turns; an answer may come over the other connection."""
    with Witness(PORTS["hill"], HILL) as first, Witness(PORTS["hill"], HILL) as second:
        expect_alive(first)
        expect_alive(second)
        requests = [sea.request(HILL_CARD, 100) for _ in range(2)]
        for request in requests:
            sea.send(request)
        seen = [first.receive(), second.receive()]
        first.send(answer_to(seen[1], "00"))
        second.send(answer_to(seen[0], "51"))
        codes = {answer["11"]: answer["39"] for answer in (sea.receive(), sea.receive())}
    assert sorted(codes.values()) == ["00", "51"]
    assert set(codes) == {request["11"] for request in requests}
