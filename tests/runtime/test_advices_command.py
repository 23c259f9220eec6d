"""`altyn advices` against a served switch: a dead letter seen, sent again, closed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from altyn.runtime.cli import main
from altyn.switch.forwarding import TRIES_MAX
from tests.runtime.served_switch import (
    HILL,
    HILL_CARD,
    SEA,
    Fields,
    ServedSwitch,
    Witness,
    answer_to,
    free_port,
    link_table,
    serving,
)

pytestmark = pytest.mark.process


def altyn(switch: ServedSwitch, *words: str) -> Result:
    """The command line, with the settings of the switch."""
    return CliRunner().invoke(main, ["advices", *words, "-c", str(switch.settings_path)])


def test_f26_an_operator_handles_an_advice(tmp_path: Path) -> None:
    """Owed, listed, shown without its card number, closed with a name and a reason, and then
    said to be closed; each order that cannot be is refused with the reason why."""
    ports = {"sea": free_port(), "hill": free_port()}
    with serving(tmp_path, links_of(ports)) as switch:
        owe(ports, switch)
        listed = json.loads(altyn(switch, "list", "--json", "-").stdout)
        (line,) = listed["advices"]
        assert (line["issuer"], line["message_type"]) == ("HILLTR", "0420")
        assert (line["stage"], line["tries_failed"]) == ("waiting", 1)
        entry = str(line["entry"])
        table = altyn(switch, "list").stdout
        assert entry in table
        assert line["amount_text"] in table and table.count("TRY") == 1
        assert "0 of 1 shown" in altyn(switch, "list", "--dead").stdout
        shown = altyn(switch, "show", entry).stdout
        assert "990002******0018" in shown
        assert HILL_CARD not in shown
        expect_refused(altyn(switch, "retry", entry), "no dead letter")
        expect_refused(altyn(switch, "close", entry, "--reason", HILL_CARD), "card number")
        expect_refused(altyn(switch, "close", entry, "--reason", "a\nb"), "control characters")
        expect_refused(altyn(switch, "close", "1", "--reason", "x"), "no advice")
        expect_refused(altyn(switch, "retry", "999999"), "no advice")
        closed = altyn(switch, "close", entry, "--reason", "by letter", "--by", "night shift")
        assert (closed.exit_code, closed.stderr) == (0, "")
        expect_refused(altyn(switch, "close", entry, "--reason", "again"), "delivered or closed")
        expect_refused(altyn(switch, "retry", entry), "delivered or closed")
        expect_refused(altyn(switch, "show", entry), "delivered or closed")
        status = switch.order("status")
        assert (status["advices_owed"], status["dead_letters"]) == ({"HILLTR": 0}, {"HILLTR": 0})


def expect_refused(result: Result, said: str) -> None:
    """Exit code 1, one line that says why, no card number."""
    assert result.exit_code == 1
    assert said in " ".join(result.stderr.split())
    assert HILL_CARD not in result.output


def test_a_dead_letter_is_sent_again_by_an_operator(tmp_path: Path) -> None:
    """Refused on eight connections, it is a dead letter, and still one after a kill: not sent to
    the issuer until an operator says so, and then as the repeat it is."""
    ports = {"sea": free_port(), "hill": free_port()}
    with serving(tmp_path, links_of(ports)) as switch:
        first = owe(ports, switch)
        for tries in range(2, TRIES_MAX + 1):
            with Witness(ports["hill"], HILL) as hill:
                hill.sign_on()
                again = hill.receive()
                assert again == {**first, "t": "0421"}
                hill.send(answer_to(again, "30"))
                switch.wait_until(lambda: tries_of(switch) == tries)  # noqa: B023 called now
            switch.wait_until(lambda: is_away(switch))
        (dead,) = switch.order("advices", dead=True)["advices"]
        assert (dead["stage"], dead["response_code"]) == ("dead letter", "30")
        assert switch.order("status")["alarms"]["dead-letter"] == 1
        switch.kill()
        switch.start()
        with Witness(ports["hill"], HILL) as hill:
            hill.sign_on()
            assert switch.order("status")["dead_letters"] == {"HILLTR": 1}
            sent = altyn(switch, "retry", str(dead["entry"]), "--by", "night shift")
            assert (sent.exit_code, sent.stderr) == (0, "")
            again = hill.receive()
            assert again == {**first, "t": "0421"}
            hill.send(answer_to(again, "00"))
            switch.wait_until(lambda: switch.order("status")["advices_owed"] == {"HILLTR": 0})


def links_of(ports: dict[str, int]) -> dict[str, str]:
    """A link for each bank."""
    banks = {"sea": "SEATR", "hill": "HILLTR"}
    return {name: link_table(name, bank, ports[name]) for name, bank in banks.items()}


def owe(ports: dict[str, int], switch: ServedSwitch) -> Fields:
    """A purchase that is reversed, and an advice of it that Hill Bank cannot read; its line
    breaks. Gives the advice."""
    with Witness(ports["sea"], SEA) as sea, Witness(ports["hill"], HILL) as hill:
        sea.sign_on()
        hill.sign_on()
        request = sea.request(HILL_CARD, 12_000)
        sea.send(request)
        hill.send(answer_to(hill.receive(), "00"))
        assert sea.receive()["39"] == "00"
        assert sea.ask(sea.reversal(request))["39"] == "00"
        advice = hill.receive()
        hill.send(answer_to(advice, "30"))
        switch.wait_until(lambda: tries_of(switch) == 1)
    switch.wait_until(lambda: is_away(switch))
    return advice


def is_away(switch: ServedSwitch) -> bool:
    """Whether Hill Bank has no connection left."""
    return any(
        link["id"] == "hill" and not link["connections"] for link in switch.order("status")["links"]
    )


def tries_of(switch: ServedSwitch) -> int:
    """The failed tries of the one advice that is owed."""
    (line,) = switch.order("advices")["advices"]
    tries: int = line["tries_failed"]
    return tries


def test_without_a_switch_the_command_says_so(tmp_path: Path) -> None:
    """One line with what to do, no traceback."""
    switch = ServedSwitch(tmp_path, {"sea": link_table("sea", "SEATR", free_port())})
    switch.write()
    result = altyn(switch, "list")
    assert result.exit_code == 1
    assert "no switch answers here" in " ".join(result.stderr.split())
