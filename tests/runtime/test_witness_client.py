"""An independent client, written with pyiso8583, against the real process over real sockets."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.served_switch import (
    HILL,
    HILL_CARD,
    SCHEME,
    SEA,
    SEA_CARD,
    Fields,
    ServedSwitch,
    Witness,
    answer_to,
    free_port,
    link_table,
    serving,
)

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedSwitch]:
    """One switch for all tests that do not stop it: Sea Bank and Hill Bank call it."""
    links = {
        "sea": link_table("sea", "SEATR", free_port()),
        "hill": link_table("hill", "HILLTR", free_port(), reply_timeout_ms=300),
    }
    with serving(tmp_path_factory.mktemp("witness"), links) as served:
        yield served


def port_of(switch: ServedSwitch, link: str) -> int:
    """Where a link listens."""
    table = switch.links[link]
    return int(table.partition("port = ")[2].partition("\n")[0])


def sea_of(switch: ServedSwitch) -> Witness:
    """Sea Bank on a new connection, not signed on."""
    return Witness(port_of(switch, "sea"), SEA)


def hill_of(switch: ServedSwitch) -> Witness:
    """Hill Bank on a new connection, not signed on."""
    return Witness(port_of(switch, "hill"), HILL)


@pytest.fixture
def sea(switch: ServedSwitch) -> Iterator[Witness]:
    """Sea Bank, signed on."""
    with sea_of(switch) as witness:
        witness.sign_on()
        yield witness


@pytest.fixture
def hill(switch: ServedSwitch) -> Iterator[Witness]:
    """Hill Bank, signed on; every reversal it is told it acknowledges at the end."""
    with hill_of(switch) as witness:
        witness.sign_on()
        yield witness


# A STAN is used once: the tests share a journal, and seconds are short.
_stans = iter(range(1000, 999_999))


@pytest.fixture(autouse=True)
def _fresh_stans(sea: Witness) -> None:
    sea.stan = next(_stans) * 100


def buy(sea: Witness, hill: Witness, amount: int = 12_000) -> tuple[Fields, Fields, Fields]:
    """A purchase of Sea Bank's shop with Hill Bank's card: request, what Hill saw, reply."""
    request = sea.request(HILL_CARD, amount)
    sea.send(request)
    seen = hill.receive()
    hill.send(answer_to(seen, "00"))
    return request, seen, sea.receive()


def nets(switch: ServedSwitch) -> dict[str, int]:
    """The net positions in lira."""
    answer = switch.order("positions")
    assert answer["zero_sum"]
    sums: dict[str, int] = {}
    for line in answer["positions"]:
        sums[line["participant"]] = sums.get(line["participant"], 0) + line["net"]
    return sums


def moved(switch: ServedSwitch, before: dict[str, int]) -> int:
    """What Sea Bank gained since; Hill Bank lost the same."""
    now = nets(switch)
    gained = now.get("SEATR", 0) - before.get("SEATR", 0)
    assert now.get("HILLTR", 0) - before.get("HILLTR", 0) == -gained
    return gained


def test_a_purchase_reaches_the_issuer_and_is_answered(
    switch: ServedSwitch, sea: Witness, hill: Witness
) -> None:
    """The issuer sees the request under the switch's own STAN, the acquirer its own fields."""
    before = nets(switch)
    request, seen, reply = buy(sea, hill)
    unchanged = ("2", "3", "4", "12", "13", "14", "18", "22", "25", "32", "37", "41", "42", "43")
    assert {key: seen[key] for key in unchanged} == {key: request[key] for key in unchanged}
    assert (seen["t"], seen["33"], seen["49"]) == ("0200", "900001", "949")
    echoed = ("2", "3", "4", "7", "11", "12", "13", "32", "37", "41", "42", "49")
    assert {key: reply[key] for key in echoed} == {key: request[key] for key in echoed}
    assert (reply["t"], reply["39"], reply["38"]) == ("0210", "00", f"A{seen['11'][1:]}")
    assert reply["15"] == seen["15"]
    assert moved(switch, before) == 12_000


def test_f05_a_repeat_gets_the_same_answer(
    switch: ServedSwitch, sea: Witness, hill: Witness
) -> None:
    """A repeat, as 0200 or 0201, is answered as before and moves no money again."""
    request, _, reply = buy(sea, hill)
    before = nets(switch)
    assert sea.ask(request) == reply
    assert sea.ask(request | {"t": "0201"}) == reply
    assert moved(switch, before) == 0
    assert sea.ask(request | {"4": "000000012001"})["39"] == "94"
    assert sea.ask(request) == reply


def test_a_full_reversal_takes_all_back(switch: ServedSwitch, sea: Witness, hill: Witness) -> None:
    """The acquirer is answered at once, the issuer is told of its own STAN and acknowledges."""
    before = nets(switch)
    request, seen, _ = buy(sea, hill)
    reversal = sea.reversal(request)
    answer = sea.ask(reversal)
    assert (answer["t"], answer["39"], answer["90"]) == ("0410", "00", reversal["90"])
    advice = hill.receive()
    assert (advice["t"], advice["4"], advice["2"]) == ("0420", request["4"], HILL_CARD)
    assert advice["90"][:20] == seen["t"] + seen["11"] + seen["7"]
    assert "95" not in advice
    hill.send(answer_to(advice, "00"))
    assert sea.ask(reversal | {"t": "0401"}) == answer
    again = sea.ask(sea.reversal(request))
    assert again["39"] == "00"
    assert moved(switch, before) == 0


def test_a_partial_reversal_leaves_the_rest(
    switch: ServedSwitch, sea: Witness, hill: Witness
) -> None:
    """DE95 names what stands; a second one lowers it further, never raises it."""
    before = nets(switch)
    request, _, _ = buy(sea, hill, 10_000)
    for standing in (7_000, 2_500):
        assert sea.ask(sea.reversal(request, f95=f"{standing:012d}".ljust(42, "0")))["39"] == "00"
        advice = hill.receive()
        assert (advice["t"], advice["95"][:12]) == ("0420", f"{standing:012d}")
        hill.send(answer_to(advice, "00"))
        assert moved(switch, before) == standing
    for standing in (2_500, 10_000):
        assert sea.ask(sea.reversal(request, f95=f"{standing:012d}".ljust(42, "0")))["39"] == "13"
    assert moved(switch, before) == 2_500


def test_f42_an_inquiry_moves_nothing(switch: ServedSwitch, sea: Witness, hill: Witness) -> None:
    """A balance inquiry is answered by the issuer, with the balance, and costs nothing."""
    before = nets(switch)
    sea.send(sea.request(HILL_CARD, 0, "0100", f3="310000", f4="", f49=""))
    seen = hill.receive()
    hill.send(answer_to(seen, "00", f54="0002949C000000123456"))
    reply = sea.receive()
    assert (reply["t"], reply["39"], reply["54"]) == ("0110", "00", "0002949C000000123456")
    assert moved(switch, before) == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"f2": "9999990000000014"}, "15"),
        ({"f2": "9900020000000019"}, "14"),
        ({"f14": "2401"}, "54"),
        ({"f32": HILL}, "58"),
        ({"f32": "999999"}, "58"),
        ({"f3": "990000"}, "12"),
        ({"f4": "000000000000"}, "13"),
        ({"f7": ""}, "30"),
        ({"f49": ""}, "30"),
        ({"f49": "999"}, "12"),
        ({"f2": ""}, "30"),
        ({"f35": "9900020000000026=49125010000000000000"}, "30"),
    ],
)
def test_refusals(sea: Witness, changes: dict[str, str], code: str) -> None:
    """What cannot be worked on is refused with its own code, and the line stays up."""
    reply = sea.ask(sea.request(HILL_CARD, 100, **changes))
    assert (reply["t"], reply["39"]) == ("0210", code)
    assert sea.ask(sea.network("301"))["39"] == "00"


def test_track2_alone_names_the_card(sea: Witness, hill: Witness) -> None:
    """A request with track 2 and no DE2 goes to the card's issuer with both."""
    track = f"{HILL_CARD}=49125010000000000000"
    sea.send(sea.request("", 700, f35=track, f14=""))
    seen = hill.receive()
    assert (seen["2"], seen["35"]) == (HILL_CARD, track)
    hill.send(answer_to(seen, "51"))
    assert sea.receive()["39"] == "51"


def test_before_sign_on_nothing_is_served(switch: ServedSwitch) -> None:
    """A line that has not signed on is told 91, and network messages pass."""
    with hill_of(switch) as hill:
        assert hill.ask(hill.request(SEA_CARD, 100))["39"] == "91"
        assert hill.ask(hill.network("301"))["39"] == "00"
        assert hill.ask(hill.network("001", f33=SEA))["39"] == "58"
        hill.sign_on()
        hill.stan = 777_000
        assert hill.ask(hill.request("9999990000000014", 100))["39"] == "15"
        assert hill.ask(hill.network("002"))["39"] == "00"
        assert hill.ask(hill.request("9999990000000014", 100))["39"] == "91"


def test_an_unreachable_issuer_is_91(sea: Witness) -> None:
    """Hill Bank is not there: the answer comes at once."""
    assert sea.ask(sea.request(HILL_CARD, 100))["39"] == "91"


def test_f01_a_silent_issuer_is_91_and_reversed(sea: Witness, hill: Witness) -> None:
    """After 300 ms the acquirer has its answer; the issuer is told to undo, its late yes is
    dropped, and the advice is repeated until it is acknowledged."""
    request = sea.request(HILL_CARD, 500)
    sea.send(request)
    seen = hill.receive()
    reply = sea.receive()
    assert reply["39"] == "91"
    advice = hill.receive()
    assert (advice["t"], advice["90"][:20]) == ("0420", seen["t"] + seen["11"] + seen["7"])
    hill.send(answer_to(seen, "00"))
    hill.send(answer_to(advice, "00"))
    assert sea.ask(request) == reply


def test_w17_types_that_nobody_serves(sea: Witness) -> None:
    """A request of an unknown type is 12; a response nobody asked for is dropped."""
    reply = sea.ask(sea.request(HILL_CARD, 100, "0600"))
    assert (reply["t"], reply["39"]) == ("0610", "12")
    sea.send(sea.request(HILL_CARD, 100, "0210", f39="00"))
    sea.send(sea.request(HILL_CARD, 100, "0290", f39="00"))
    assert sea.ask(sea.network("301"))["39"] == "00"


def test_garbage_closes_the_connection(switch: ServedSwitch) -> None:
    """What is no message and names no STAN is not answered: the connection ends."""
    with sea_of(switch) as witness:
        witness.socket.sendall(b"\x00\x10GARBAGE GARBAGE!")
        assert witness.is_closed()
    with sea_of(switch) as witness:
        witness.sign_on()


def test_cut_over_by_order(switch: ServedSwitch, sea: Witness, hill: Witness) -> None:
    """The order ends the day: links are told, and later messages carry the next date."""
    day = switch.order("status")["business_day"]
    answer = switch.order("cut-over")
    assert answer["business_day_closed"] == day
    assert answer["business_day"] > day
    for witness in (sea, hill):
        told = witness.receive()
        assert (told["t"], told["70"]) == ("0800", "201")
        witness.send(answer_to(told, "00", f70="201"))
    _, seen, reply = buy(sea, hill)
    assert seen["15"] == reply["15"] == f"{answer['business_day'] % 10_000:04d}"


def test_orders_that_are_none(switch: ServedSwitch) -> None:
    """An unknown order is refused with the list of those there are."""
    answer = switch.order("stop")
    assert not answer["ok"]
    assert "cut-over" in answer["error"]


def test_sigterm_ends_in_order(tmp_path: Path) -> None:
    """What is in flight is answered first; new requests get 96; the exit code is 0, and the
    journal knows it all at the next start."""
    links = {
        "sea": link_table("sea", "SEATR", free_port()),
        "hill": link_table("hill", "HILLTR", free_port()),
    }
    with serving(tmp_path, links) as switch:
        with sea_of(switch) as sea, hill_of(switch) as hill:
            sea.sign_on()
            hill.sign_on()
            request = sea.request(HILL_CARD, 4_200)
            sea.send(request)
            seen = hill.receive()
            switch.signal(signal.SIGTERM)
            switch.wait_until(lambda: "intake-closed" in switch.alarms())
            assert sea.ask(sea.request(HILL_CARD, 100))["39"] == "96"
            hill.send(answer_to(seen, "00"))
            reply = sea.receive()
            assert reply["39"] == "00"
        assert switch.stop() == 0
        switch.start()
        with sea_of(switch) as sea:
            sea.sign_on()
            assert sea.ask(request) == reply
        assert nets(switch) == {"SEATR": 4_200, "HILLTR": -4_200}


def test_f38_reload_adds_what_is_new(tmp_path: Path) -> None:
    """SIGHUP opens a new link and serves a new BIN; a faulty file changes nothing."""
    links = {
        "sea": link_table("sea", "SEATR", free_port()),
        "hill": link_table("hill", "HILLTR", free_port()),
    }
    with serving(tmp_path, links) as switch, sea_of(switch) as sea:
        sea.sign_on()
        new_card = "9900030000000017"
        assert sea.ask(sea.request(new_card, 100))["39"] == "15"
        version = switch.order("status")["registry_version"]
        switch.scheme = SCHEME.replace("[[rate]]", "[[wrong]]")
        switch.write()
        switch.signal(signal.SIGHUP)
        switch.wait_until(lambda: "reload-refused" in switch.alarms())
        assert switch.order("status")["registry_version"] == version
        switch.scheme = SCHEME.replace("[[rate]]", NEW_BIN + "[[rate]]")
        switch.links["hill2"] = link_table("hill2", "HILLTR", free_port(), sign_on="none")
        switch.write()
        switch.signal(signal.SIGHUP)
        switch.wait_until(lambda: "reloaded" in switch.alarms())
        switch.wait_until(lambda: listens(port_of(switch, "hill2")))
        with Witness(port_of(switch, "hill2"), HILL) as hill:
            switch.wait_until(lambda: usable(switch, "hill2"))
            sea.send(sea.request(new_card, 100))
            seen = hill.receive()
            assert seen["2"] == new_card
            hill.send(answer_to(seen, "00"))
            assert sea.receive()["39"] == "00"
        assert switch.stop() == 0


NEW_BIN = """[[bin]]
prefix = "990003"
participant = "HILLTR"
product = "GOLD"
currency = "TRY"
pan_lengths = [16]
"""


def usable(switch: ServedSwitch, link_id: str) -> bool:
    """Whether traffic may flow over a link."""
    return any(link["usable"] for link in switch.order("status")["links"] if link["id"] == link_id)


def listens(port: int) -> bool:
    """Whether somebody takes connections on a port."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True
