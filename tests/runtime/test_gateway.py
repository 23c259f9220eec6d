"""The road of a message when something on it fails: what is left of a batch, and who is told."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from altyn.clock import TransmissionClock
from altyn.gateway import gateway as gateway_module
from altyn.gateway.gateway import FRAMES_PER_TURN, REFUSALS_PER_S
from altyn.identifiers import LinkId
from altyn.message import Codec, Message, dialect
from altyn.runtime.online.loop_driver import read_clocks
from altyn.switch import LinkUp, NetworkReply, Recall, Record, Reply, Shed
from altyn.transaction import Request
from altyn.wire import framing
from tests.runtime.gateway_road import Road, ran
from tests.switch.bench import CODEC, SEA_CARD, Bench, answer_to


def test_i4_after_an_error_of_the_switch_nothing_is_written_or_sent(tmp_path: Path) -> None:
    """The state may differ from the journal then: the node is told, and a restart reads it."""

    async def story(road: Road) -> None:
        end = road.storage.end()
        road.gateway.tell(LinkUp(LinkId("sea")))

        no_request: Any = None
        road.gateway.tell(Shed(LinkId("sea"), (no_request,)))
        assert [type(error) for error in road.faults] in ([AttributeError], [TypeError])
        road.gateway.tell(LinkUp(LinkId("hill")))
        await asyncio.sleep(0.05)
        assert road.storage.end() == end
        assert len(road.faults) == 1

    ran(tmp_path, story)


def test_what_cannot_be_sent_holds_up_nothing_else(tmp_path: Path) -> None:
    """A reply whose writing fails is an alarm; the next one of the same batch leaves."""

    async def story(road: Road) -> None:
        message = CODEC.decode(CODEC.encode(Bench().request(mti="0800", f70="301")))
        replies = [NetworkReply(road.connection, payload, "00") for payload in (None, message)]
        road.gateway.carry_out([Record(2, b'{"fact": "opened", "opened": 20260705}'), *replies])
        road.switch.state.sequence += 1
        await road.settled()
        assert "not-sent" in road.alarms
        assert CODEC.decode(road.wire.written[2:]).fields[39] == "00"
        assert not road.faults

    ran(tmp_path, story)


def test_a_line_that_was_paused_reads_on_also_when_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood of echo tests makes no entry; when it is answered, the line reads again."""
    monkeypatch.setattr(gateway_module, "PAUSE_READING_EFFECTS", 4)

    async def story(road: Road) -> None:
        road.gateway.tell(LinkUp(LinkId("sea")))
        await road.settled()
        echo = CODEC.encode(Bench().request(mti="0800", f70="301", f33="400101"))
        road.gateway.frames(road.connection, [echo] * 6)
        assert not road.wire.reading
        await asyncio.sleep(0.05)
        assert len(road.wire.written) > 6 * 40
        assert road.wire.reading

    ran(tmp_path, story)


def test_i12_looking_things_up_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the journal cannot be asked in time is not answered: whoever asks repeats."""
    monkeypatch.setattr(gateway_module, "RECALLS_MAX", 2)

    async def story(road: Road) -> None:
        asked: list[object] = []
        loop = asyncio.get_running_loop()

        def never_answered(*work: object) -> "asyncio.Future[object]":
            asked.append(work)
            return loop.create_future()

        monkeypatch.setattr(loop, "run_in_executor", never_answered)
        message = CODEC.decode(CODEC.encode(Bench().request()))
        request = dialect.read(message, "sea", road.connection)
        assert isinstance(request, Request)
        road.gateway.carry_out([Recall(request, ()) for _ in range(3)])
        assert len(asked) == 2
        assert road.alarms == ["recall-overloaded"]

    ran(tmp_path, story)


@pytest.mark.parametrize("wait", ["settle", "settle_journal"])
def test_waiting_for_the_disk_ends_under_steady_load(tmp_path: Path, wait: str) -> None:
    """A cut-over or a SIGTERM under load: what was decided before is durable, and that is all
    that is waited for."""

    async def story(road: Road) -> None:
        loop = asyncio.get_running_loop()
        loaded = True

        def load() -> None:
            road.gateway.tell(LinkUp(LinkId("hill")))
            if loaded:
                loop.call_soon(load)

        load()
        for _ in range(3):
            decided = road.switch.state.sequence
            await asyncio.wait_for(getattr(road.driver, wait)(), 5)
            assert road.storage.end().sequence >= decided
        loaded = False
        await road.settled()

    ran(tmp_path, story)


def test_d02_nobody_waits_for_a_disk_that_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails while the switch is being stopped: the node is told, and the waiting ends."""

    async def story(road: Road) -> None:
        end = road.storage.end()

        def fails(_: object) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(road.storage, "append", fails)
        road.gateway.tell(LinkUp(LinkId("hill")))
        await asyncio.wait_for(road.driver.settle(), 5)
        assert [type(error) for error in road.faults] == [OSError]
        assert road.storage.end() == end

    ran(tmp_path, story)


def test_a_reply_leaves_out_what_its_receiver_cannot_read(tmp_path: Path) -> None:
    """The issuer adds a balance, and the acquirer's dialect has no field for it: the answer comes
    all the same, without it, and an alarm tells."""

    async def story(road: Road) -> None:
        known = CODEC.specification
        fields = {n: field for n, field in known.fields.items() if n not in (54, 15)}
        lean = Codec(replace(known, fields=fields))
        line = road.gateway.line_of[road.connection]
        line.codec = lean
        request = lean.decode(CODEC.encode(Bench().request()))
        added = dialect.pack_additional({54: "0002949C000000010000", 44: "A"})
        reply = Reply(road.connection, request, "00", "A00001", added, "0705", "")
        road.gateway.carry_out([reply])
        await asyncio.sleep(0.05)
        answer = lean.decode(road.wire.written[2:])
        assert (answer.fields[39], answer.fields[38], answer.fields[44]) == ("00", "A00001", "A")
        assert road.alarms == ["field-left-out"] * 2

    ran(tmp_path, story)


def test_w07_an_answer_that_cannot_be_read_ends_its_request_and_no_other(tmp_path: Path) -> None:
    """The line goes on; the request whose answer it was ends at once as after an invalid one,
    though a 00 was readable in it; the answer behind it counts."""

    async def story(road: Road) -> None:
        road.gateway.tell(LinkUp(LinkId("sea")))
        bench = Bench(start=datetime.now(UTC))
        asked = [bench.request(SEA_CARD) for _ in range(2)]
        road.gateway.frames(road.connection, [CODEC.encode(each) for each in asked])
        await road.settled()
        await asyncio.sleep(0.05)
        seen = [CODEC.decode(each) for each in sent(road)]
        broken, sound = (CODEC.encode(answer_to(each)) for each in seen)
        assert broken.endswith(b"949")
        road.gateway.frames(road.connection, [broken[:-1] + b"\xff", sound])
        await road.settled()
        await asyncio.sleep(0.05)
        told = [CODEC.decode(each) for each in sent(road)]
        codes = {str(each.fields[11]): each.fields.get(39) for each in told if each.mti == "0210"}
        assert codes == {str(asked[0].fields[11]): "91", str(asked[1].fields[11]): "00"}
        assert {"unreadable-message", "invalid-answer"} <= set(road.alarms)
        assert not road.wire.aborted

    ran(tmp_path, story)


def test_d01_refusals_leave_the_reserve_to_the_rest(tmp_path: Path) -> None:
    """With the intake closed a peer gets so many refusals a second; then it is read no more until
    the next second, however much it sends."""

    async def story(road: Road) -> None:
        road.gateway.tell(LinkUp(LinkId("sea")))
        bench = Bench()
        frames = [CODEC.encode(bench.request(f7=_now())) for _ in range(REFUSALS_PER_S)]
        road.gateway.close_intake("the disk is nearly full")
        reading = []
        for few in (frames[:100], frames[100:-1], frames[-1:]):
            road.gateway.frames(road.connection, few)
            reading.append(road.wire.reading)
        assert reading == [True, True, False]
        road.gateway.close_intake("the disk is nearly full")
        reading.append(road.wire.reading)
        road.gateway.frames(road.connection, [CODEC.encode(bench.request(f7=_now()))])
        road.gateway.open_intake("there is room again")
        assert reading[-1] and road.wire.reading, "a second later it is read again"
        await road.settled()
        assert road.gateway.traffic.replies["96"] == REFUSALS_PER_S + 1

    ran(tmp_path, story)


def test_w10_a_network_message_that_cannot_be_read_is_answered_30(tmp_path: Path) -> None:
    """Its trace number was readable: the answer names it, and the line goes on."""

    async def story(road: Road) -> None:
        road.gateway.tell(LinkUp(LinkId("sea")))
        echo = CODEC.encode(Bench().request(mti="0800", f70="301", f33="400101"))
        assert echo.endswith(b"301")
        road.gateway.frames(road.connection, [echo[:-1] + b"\xff"])
        await road.settled()
        await asyncio.sleep(0.05)
        (answer,) = sent(road)
        assert CODEC.decode(answer).fields[39] == "30"
        assert not road.wire.aborted

    ran(tmp_path, story)


def test_a_busy_peer_is_read_again_after_the_others(tmp_path: Path) -> None:
    """Many requests in one read: the connection waits a turn of the loop."""

    async def story(road: Road) -> None:
        road.gateway.tell(LinkUp(LinkId("sea")))
        bench = Bench()
        frames = [CODEC.encode(bench.request(f7=_now())) for _ in range(FRAMES_PER_TURN)]
        road.gateway.frames(road.connection, frames)
        assert not road.wire.reading
        assert road.gateway.crowded == {road.connection}
        await road.settled()
        assert road.wire.reading

    ran(tmp_path, story)


def test_in_overload_requests_are_refused_unread_and_reversals_served(tmp_path: Path) -> None:
    """Four of five new requests get 96 by one fact; a repeat of one comes to the same end."""

    async def story(road: Road) -> None:
        road.gateway.tell(LinkUp(LinkId("sea")))
        road.gateway.overload.shed = 800
        bench = Bench()
        requests = [bench.request(f7=_now()) for _ in range(10)]
        reversal = bench.about(requests[9], f7=_now())
        repeat = Message("0201", dict(requests[9].fields))
        messages = [*requests, reversal, repeat]
        road.gateway.frames(road.connection, [CODEC.encode(message) for message in messages])
        await road.settled()
        assert road.gateway.traffic.replies == {"96": 9, "91": 2, "25": 1}

    ran(tmp_path, story)


def _now() -> str:
    """DE7 of this moment, by the clock that the gateway's driver reads."""
    return TransmissionClock().write(read_clocks().utc_us)


def sent(road: Road) -> list[bytes]:
    """The messages that were written since the last look."""
    data, road.wire.written = bytearray(road.wire.written), b""
    return framing("binary2").take(data, 0, len(data))[0]
