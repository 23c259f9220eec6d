"""Requests refused unread: remembered, recorded, and never approved afterwards."""

import json
from typing import Any

import pytest

from altyn.identifiers import LinkId
from altyn.message import Message, dialect
from altyn.switch import FACT_ENTRY, LoadMeasured, Record, Reply, Shed, ShedRequest, recover
from altyn.switch import state as state_module
from tests.switch.bench import CODEC, Bench

SEA = LinkId("sea")


def shed(bench: Bench, *messages: Message) -> list[Any]:
    """Refuse messages of Sea Bank unread; gives the effects."""
    requests = []
    for message in messages:
        claim = dialect.read_claim(CODEC.decode(CODEC.encode(message)))
        assert claim is not None
        named = bench.switch.may_shed(SEA, *claim, bench.now)
        assert named is not None, "it may not be refused unread"
        requests.append(ShedRequest(named[0], claim.terminal, named[1], "sea", message))
    effects = bench.switch.step(Shed(SEA, tuple(requests)), bench.now)
    bench.storage.write([effect for effect in effects if isinstance(effect, Record)])
    return effects


def may_shed(bench: Bench, message: Message) -> bool:
    """Whether a message may be refused unread."""
    claim = dialect.read_claim(message)
    return claim is not None and (bench.switch.may_shed(SEA, *claim, bench.now) is not None)


def test_i4_the_names_are_recorded_before_the_replies() -> None:
    """One fact for all of a second, then a 96 to each."""
    bench = Bench()
    effects = shed(bench, *(bench.request() for _ in range(5)))
    assert isinstance(effects[0], Record)
    assert effects[0].kind == FACT_ENTRY
    assert len(json.loads(effects[0].body)["requests"]) == 5
    replies = effects[1:]
    assert all(isinstance(reply, Reply) for reply in replies)
    assert [reply.response_code for reply in replies] == ["96"] * 5


def test_i2_a_repeat_of_what_was_refused_unread_is_refused() -> None:
    """Though there is room by now; and its own repeat is answered the same."""
    bench = Bench()
    request = bench.request()
    shed(bench, request)
    for mti in ("0201", "0200", "0201"):
        reply = bench.ask("sea", Message(mti, dict(request.fields)))
        assert reply.fields[39] == "96"
    assert not bench.inbox["hill"]


@pytest.mark.parametrize("snapshot", [False, True])
def test_i2_a_restart_does_not_forget_it(snapshot: bool) -> None:
    """By replay from the first entry, and from a snapshot taken after the refusal."""
    bench = Bench()
    request = bench.request()
    shed(bench, request)
    bench.buy()
    if snapshot:
        bench.snapshot()
    bench.restart()
    assert bench.ask("sea", Message("0201", dict(request.fields))).fields[39] == "96"
    bench.expect_replay()


def test_i2_it_is_found_in_the_journal_when_it_has_left_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ten finished transactions fit into memory; the refusal is the eleventh before now."""
    monkeypatch.setattr(state_module, "FINISHED_MAX", 10)
    bench = Bench()
    request = bench.request()
    shed(bench, request)
    for _ in range(12):
        bench.buy()
    assert not bench.state.known.keys() & {f"2400101/{request.fields[11]!s}{request.fields[7]!s}"}
    assert bench.ask("sea", Message("0201", dict(request.fields))).fields[39] == "96"
    recovered = recover(bench.storage)
    assert recovered is not None


def test_a_reversal_of_it_is_accepted_and_moves_nothing() -> None:
    """The acquirer did not get the 96 and reverses: there is nothing to take back."""
    bench = Bench()
    request = bench.request()
    shed(bench, request)
    assert bench.ask("sea", bench.about(request)).fields[39] == "25"
    assert not bench.inbox["hill"]
    assert bench.nets() == {}


def test_only_new_requests_of_the_links_own_bank_are_refused_unread() -> None:
    """Not what is known, not a repeat, a reversal, a stranger's, or one of another hour."""
    bench = Bench()
    known, _ = bench.buy()
    assert may_shed(bench, bench.request())
    assert may_shed(bench, bench.request(mti="0100"))
    twin = Message(known.mti, {**known.fields, 41: "ANOTHER1"})
    assert may_shed(bench, twin), "another terminal may use the same STAN in the same second"
    assert not may_shed(bench, known)
    assert not may_shed(bench, bench.request(mti="0201"))
    assert not may_shed(bench, bench.about(known))
    assert not may_shed(bench, bench.request(acquirer="400102"))
    assert not may_shed(bench, bench.request(acquirer="499999"))
    assert not may_shed(bench, bench.request(f7="0705080000"))
    assert not may_shed(bench, bench.request(f41=None))
    bench.drop("sea")
    assert not may_shed(bench, bench.request())


def test_the_journal_says_when_it_began_and_ended() -> None:
    """Two facts and two alarms, however often the share changes between them."""
    bench = Bench()
    for shed_share, overloaded in ((100, True), (300, True), (0, True), (0, False)):
        bench.step(LoadMeasured(shed_share, overloaded))
    assert [name for name in bench.alarms if "overload" in name] == ["overloaded", "overload-over"]
