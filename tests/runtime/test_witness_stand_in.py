"""Stand-in as two banks see it from outside, over real sockets, with kills in between."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from altyn.runtime.cli import main
from tests.runtime.served_switch import (
    HILL,
    HILL_CARD,
    SCHEME,
    SEA,
    SEA_CARD,
    ServedSwitch,
    Witness,
    answer_to,
    free_port,
    link_table,
    transmission,
)

pytestmark = pytest.mark.process

TERMS = """\
[[stand_in]]
id = "HILL-1"
participant = "HILLTR"
effective = "2026-01-01T00:00:00Z"
currency = "TRY"
amount_max = 50000
[[stand_in.window]]
length_s = 86400
per = "card"
amount_max = 100000
count_max = 50
"""
ECHOED = ("2", "3", "4", "7", "12", "13", "18", "22", "25", "32", "37", "41", "42", "43", "49")


class Banks:
    """A switch that can be killed, and the two banks that come back to it."""

    def __init__(self, folder: Path) -> None:
        self._ports = {"sea": free_port(), "hill": free_port()}
        links = {
            "sea": link_table("sea", "SEATR", self._ports["sea"]),
            "hill": link_table("hill", "HILLTR", self._ports["hill"], reply_timeout_ms=300),
        }
        self.switch = ServedSwitch(folder, links, scheme=SCHEME + TERMS)
        self.stan = 100
        self._witnesses: list[Witness] = []
        self.switch.start()

    def sea(self) -> Witness:
        """Sea Bank on a new connection, signed on, with trace numbers that nobody had."""
        witness = self._signed_on("sea", SEA)
        self.stan += 100
        witness.stan = self.stan
        return witness

    def hill(self) -> Witness:
        """Hill Bank on a new connection, signed on."""
        return self._signed_on("hill", HILL)

    def _signed_on(self, link: str, institution: str) -> Witness:
        witness = Witness(self._ports[link], institution)
        self._witnesses.append(witness)
        witness.sign_on()
        return witness

    def kill(self) -> None:
        """The switch dies as in a power cut, and is started again; every connection is gone."""
        self.close()
        self.switch.start()

    def close(self) -> None:
        """Nobody is there any more."""
        self.switch.kill()
        while self._witnesses:
            self._witnesses.pop().socket.close()

    def regret(self) -> list[dict[str, object]]:
        """The approvals of `altyn report stand-in`, as data."""
        words = ["report", "stand-in", str(self.switch.folder), "--json", "-"]
        report = json.loads(CliRunner().invoke(main, words).stdout)
        lines: list[dict[str, object]] = report["stood_in"]
        return lines


@pytest.fixture
def banks(tmp_path: Path) -> Iterator[Banks]:
    """A scheme in which Hill Bank has agreed to stand-in."""
    both = Banks(tmp_path)
    try:
        yield both
    finally:
        both.close()


def test_f21_f23_f24_f29_what_was_stood_in_for_survives_kills_and_is_told_and_regretted(
    banks: Banks,
) -> None:
    """Hill Bank is away. The answer names the stand-in; a repeat after a kill gets the same; the
    advice comes, and again after another kill; the code 51 to it is the regret."""
    sea = banks.sea()
    request = sea.request(HILL_CARD, 12_000)
    reply = sea.ask(request)
    assert (reply["t"], reply["39"], reply["44"], len(reply["38"])) == ("0210", "00", "4", 6)
    over = sea.ask(sea.request(HILL_CARD, 50_001, "0100"))
    assert (over["t"], over["39"], over["44"]) == ("0110", "61", "4")
    assert "38" not in over
    assert sea.ask(sea.request(HILL_CARD, 1_000, f3="310000"))["39"] == "91"
    banks.kill()
    assert banks.sea().ask(request | {"t": "0201"}) == reply
    first = banks.hill().receive()
    assert {key: first[key] for key in ECHOED} == {key: request[key] for key in ECHOED}
    assert (first["38"], first["39"], first["44"]) == (reply["38"], "00", "4")
    assert "90" not in first, "the issuer was never sent the request"
    banks.kill()
    hill = banks.hill()
    again = hill.receive()
    assert again == first | {"t": "0221"}
    hill.send(answer_to(again, "51"))
    # The report reads the journal, which may still be at its group commit when the advice is no
    # longer owed in memory.
    banks.switch.wait_until(lambda: banks.regret()[0]["regretted"] != {})
    (line,) = banks.regret()
    assert (line["outcome"], line["count"], line["agreed"]) == ("STOOD_IN_UNREACHABLE", 1, 0)
    assert (line["regretted"], line["cost"]) == ({"51": 1}, 12_000)
    # A reversal reaches the issuer under the name that it knows: the advice's.
    sea = banks.sea()
    assert sea.ask(sea.reversal(request))["39"] == "00"
    told = hill.receive()
    assert told["t"] == "0420"
    assert told["90"] == f"0220{again['11']}{again['7']}{SEA.zfill(11)}{'900001'.zfill(11)}"


def test_an_issuer_that_is_silent_is_stood_in_for_and_then_asked_no_more(
    banks: Banks,
) -> None:
    """Signed on and silent: the answer comes at the deadline and says that the issuer was asked,
    the advice names the request. After ten of them the answer comes at once."""
    sea, hill = banks.sea(), banks.hill()
    sea.send(request := sea.request(HILL_CARD, 5_000, "0100"))
    seen = hill.receive()
    late = sea.receive()
    assert (late["t"], late["39"], late["44"]) == ("0110", "00", "1")
    advice = hill.receive()
    assert (advice["t"], advice["37"]) == ("0120", request["37"])
    assert advice["90"][:20] == "0100" + seen["11"] + seen["7"]
    hill.send(answer_to(advice, "00"))
    codes = [sea.ask(sea.request(_card(number), 100))["44"] for number in range(12)]
    assert codes[0] == "1" and codes[-1] == "4"
    (link,) = [one for one in banks.switch.order("status")["links"] if one["id"] == "hill"]
    assert link["health"]["condition"] == "sick"


def _card(number: int) -> str:
    """A card of Hill Bank's."""
    body = f"990002{number:09d}"
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(body))]
    return body + str(-sum(value - 9 * (value > 9) for value in doubled) % 10)


def test_f28_an_issuer_lists_a_card_over_its_line(banks: Banks) -> None:
    """0302, a kill, the repeat 0303 with the same answer; then stand-in refuses the card. Another
    bank's card, an unknown action and an unknown code are refused by their fields."""
    listing = {"t": "0302", "2": HILL_CARD, "7": transmission(), "11": "000777", "33": HILL}
    listing |= {"73": "991231", "91": "1", "101": "STOPLIST", "120": "41"}
    answer = banks.hill().ask(listing)
    assert (answer["t"], answer["39"]) == ("0312", "00")
    banks.kill()
    hill = banks.hill()
    assert hill.ask(listing | {"t": "0303"}) == answer
    for changes, code in (
        ({"11": "000778"}, "26"),
        ({"11": "000779", "2": SEA_CARD}, "58"),
        ({"11": "000780", "91": "9"}, "27"),
        ({"11": "000781", "120": "00"}, "27"),
    ):
        assert hill.ask(listing | changes)["39"] == code
    hill.socket.close()
    sea = banks.sea()
    links = {"id": "hill", "connections": 0}
    banks.switch.wait_until(
        lambda: any(links.items() <= one.items() for one in banks.switch.order("status")["links"])
    )
    refused = sea.ask(sea.request(HILL_CARD, 1_000))
    assert (refused["39"], refused["44"]) == ("41", "4")
