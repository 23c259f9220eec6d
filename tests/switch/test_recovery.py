"""State from the journal: by snapshot and by replay, and transactions that have left memory."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from altyn.journal import Batch
from altyn.message import Message
from altyn.switch import FACT_ENTRY, CutOverOrdered, Recall, Record, recall, state
from altyn.transaction import State
from tests.switch.bench import HILL, SEA, Bench, answer_to, bin_range, card_number, standing
from tests.switch.memory_storage import MemoryStorage


def code_of(bench: Bench, message: Message) -> str:
    """What Sea Bank is answered at once."""
    return str(bench.ask("sea", message).fields[39])


def busy(bench: Bench) -> dict[str, Message]:
    """One of everything, left in a state that is worth recovering."""
    requests = {}
    requests["bought"], _ = bench.buy()
    requests["declined"], _ = bench.buy("51", f41="TERM0009")
    requests["held"], _ = bench.buy(mti="0100", amount=3_000)
    requests["completed"], _ = bench.buy(mti="0100", amount=4_000)
    assert code_of(bench, bench.about(requests["completed"], "0220", f4="000000003999")) == "00"
    requests["partly"], _ = bench.buy(amount=900)
    assert code_of(bench, bench.about(requests["partly"], standing=400)) == "00"
    requests["reversed"], _ = bench.buy(amount=50)
    assert code_of(bench, bench.about(requests["reversed"])) == "00"
    requests["overtaken"] = bench.request()
    assert code_of(bench, bench.about(requests["overtaken"])) == "25"
    bench.step(CutOverOrdered())
    bench.wait(1)
    requests["flying"] = bench.request(f11="000900", f41="TERM0001")
    requests["twin"] = bench.request(f11="000900", f41="TERM0002")
    bench.send("sea", requests["flying"])
    bench.send("sea", requests["twin"])
    for inbox in bench.inbox.values():
        inbox.clear()
    return requests


def expect_memory(bench: Bench, requests: dict[str, Message]) -> None:
    """A repeat of each is answered as before, and what can be reversed still can."""
    codes = {name: code_of(bench, request) for name, request in requests.items()}
    assert codes == {
        "bought": "00",
        "declined": "51",
        "held": "00",
        "completed": "00",
        "partly": "00",
        "reversed": "00",
        "overtaken": "21",
        "flying": "91",
        "twin": "91",
    }
    assert bench.nets() == {"SEA": 12_000 + 3_999 + 400, "HILL": -(12_000 + 3_999 + 400)}
    assert bench.held("HILL") == 3_000
    outcomes = {
        name: code_of(bench, bench.about(requests[name], standing=200))
        for name in ("partly", "completed", "reversed", "declined", "held")
    }
    expected = {"partly": "00", "completed": "25", "reversed": "00", "declined": "00", "held": "00"}
    assert outcomes == expected
    assert bench.held("HILL") == 200
    bench.expect_replay()


@pytest.mark.parametrize("snapshot_at", ["none", "early", "in flight", "late", "empty tail"])
def test_d05_a_restart_forgets_nothing(snapshot_at: str) -> None:
    """By replay, or by a snapshot taken before, during or after: the same memory."""
    bench = Bench()
    if snapshot_at == "early":
        bench.buy("51")
        bench.snapshot()
    requests = busy(bench)
    if snapshot_at in ("in flight", "empty tail"):
        bench.snapshot()
    if snapshot_at == "late":
        bench.wait(60)
        bench.inbox["sea"].clear()
        bench.snapshot()
        bench.buy("51")
    if snapshot_at == "in flight":
        bench.buy("51")
        bench.inbox["sea"].clear()
    bench.restart()
    for inbox in bench.inbox.values():
        inbox.clear()
    expect_memory(bench, requests)


def test_f22_restarting_again_while_it_resumes_reverses_once() -> None:
    """A second crash right after the first: one reversal owed for each request, not two."""
    bench = Bench()
    busy(bench)
    bench.restart()
    owed = len(bench.state.issuers[HILL.participant_id].advices)
    bench.restart()
    bench.restart()
    assert len(bench.state.issuers[HILL.participant_id].advices) == owed
    assert not bench.state.issuers[HILL.participant_id].pending
    bench.expect_replay()


def test_f22_the_issuers_answer_after_a_restart_is_a_stray() -> None:
    """The issuer approved while the switch was down: no effect, and the reversal is under way."""
    bench = Bench()
    request = bench.request()
    bench.send("sea", request)
    seen = bench.taken("hill")
    bench.restart()
    advice = bench.taken("hill")
    assert advice.mti == "0420"
    assert str(advice.fields[90])[4:20] == str(seen.fields[11]) + str(seen.fields[7])
    bench.send("hill", answer_to(seen))
    assert "stray-answer" in bench.alarms
    assert code_of(bench, request) == "91"
    assert bench.nets() == {}


def test_f14_an_advice_survives_restarts_until_it_is_acknowledged() -> None:
    """Each new start repeats it as 0421 with the same STAN and time; 0430 ends it."""
    bench = Bench()
    request, _ = bench.buy()
    assert code_of(bench, bench.about(request)) == "00"
    first = again = bench.taken("hill")
    for snapshot in (False, True):
        if snapshot:
            bench.snapshot()
        bench.restart()
        again = bench.taken("hill")
        assert (first.mti, again.mti) == ("0420", "0421")
        assert again.fields == first.fields
    bench.send("hill", answer_to(again, "91"))
    bench.restart()
    assert bench.taken("hill").mti == "0421"
    bench.send("hill", answer_to(again))
    bench.restart()
    assert not bench.inbox["hill"]


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> Callable[[Bench], None]:
    """Memory of four finished transactions; the function given pushes everything out of it."""
    monkeypatch.setattr(state, "FINISHED_MAX", 4)

    def push_out(bench: Bench) -> None:
        bench.wait(1)
        for _ in range(6):
            bench.buy("51")

    return push_out


def test_f05_a_repeat_from_long_ago_is_answered_from_the_journal(
    small_memory: Callable[[Bench], None],
) -> None:
    """What has left memory is looked up: the same answer, the additional data, no second hold."""
    bench = Bench()
    request = bench.request()
    bench.send("sea", request)
    bench.send("hill", answer_to(bench.taken("hill"), f44="WELL DONE"))
    reply = bench.taken("sea")
    small_memory(bench)
    assert bench.state.find(next(iter(bench.state.known)), "") is not None
    assert len(bench.state.finished) == 4
    assert bench.ask("sea", request) == reply
    assert reply.fields[44] == "WELL DONE"
    request.fields[4] = "000000000001"
    assert code_of(bench, request) == "94"
    assert bench.nets() == {"SEA": 12_000, "HILL": -12_000}


def test_f12_the_oldest_in_memory_is_reversed_once(
    small_memory: Callable[[Bench], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it forgotten as soon as it is reversed, the journal would tell a second reversal that
    it stands, until the first is durable."""
    bench = Bench()
    small_memory(bench)
    request, _ = bench.buy()
    for _ in range(3):
        bench.buy("51")
    oldest = bench.state.finished[0].key
    of_then = recall(bench.storage, oldest, bench.state.finished[0].transmitted_s)
    assert [transaction.state for transaction in of_then] == [State.APPROVED]
    monkeypatch.setattr(
        "tests.switch.bench.recall",
        lambda storage, key, moment: of_then if key == oldest else recall(storage, key, moment),
    )
    for _ in range(2):
        assert code_of(bench, bench.about(request)) == "00"
        assert bench.nets() == {}
    monkeypatch.undo()
    bench.snapshot()
    bench.restart()
    assert code_of(bench, bench.about(request)) == "00"
    assert bench.nets() == {}
    bench.expect_replay()


def test_f16_a_reversal_from_long_ago_finds_what_still_stands(
    small_memory: Callable[[Bench], None],
) -> None:
    """Partly reversed, forgotten, recalled: the part that stands is known."""
    bench = Bench()
    request, _ = bench.buy(amount=1_000)
    assert code_of(bench, bench.about(request, standing=600)) == "00"
    for standing_now, code in ((600, "13"), (300, "00")):
        small_memory(bench)
        bench.inbox["hill"].clear()
        assert code_of(bench, bench.about(request, standing=standing_now)) == code
    small_memory(bench)
    bench.restart()
    bench.inbox["hill"].clear()
    assert code_of(bench, bench.about(request)) == "00"
    assert bench.nets() == {}
    small_memory(bench)
    assert code_of(bench, bench.about(request)) == "00"
    assert bench.nets() == {}
    bench.expect_replay()


def test_f09_an_original_that_comes_long_after_its_reversal_is_refused(
    small_memory: Callable[[Bench], None],
) -> None:
    """The mark has left memory: the journal has it, also after a restart."""
    bench = Bench()
    first, second = bench.request(), bench.request()
    for overtaken in (first, second):
        assert code_of(bench, bench.about(overtaken)) == "25"
    small_memory(bench)
    assert code_of(bench, bench.about(first)) == "25"
    small_memory(bench)
    assert code_of(bench, first) == "21"
    bench.snapshot()
    bench.restart()
    small_memory(bench)
    assert code_of(bench, second) == "21"
    assert not bench.inbox["hill"]


def test_two_terminals_of_one_key_are_both_recalled(small_memory: Callable[[Bench], None]) -> None:
    """The same STAN and time at two terminals, long ago: each repeat gets its own answer."""
    bench = Bench()
    twins = [bench.buy(f11="000777", f41=f"TERM000{place}")[0] for place in (1, 2)]
    small_memory(bench)
    for twin in twins:
        assert code_of(bench, twin) == "00"
    assert bench.nets() == {"SEA": 24_000, "HILL": -24_000}
    small_memory(bench)
    bench.inbox["hill"].clear()
    assert code_of(bench, twins[1]) == "00"
    assert [code_of(bench, bench.about(twin)) for twin in twins] == ["00", "00"]
    assert bench.nets() == {}


def test_f05_a_flood_between_a_purchase_and_a_snapshot_hides_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Recovery reads from the oldest entry that memory was made of, however much lies between
    it and the snapshot, and no further."""
    monkeypatch.setattr(state, "FINISHED_MAX", 8)
    bench = Bench()
    for _ in range(20):
        bench.buy("51")
    bench.wait(1)
    overtaken = bench.request()
    assert code_of(bench, bench.about(overtaken)) == "25"
    request, reply = bench.buy()
    horizon = bench.state.horizons["400101"]
    remembered = [t.sequence for t in bench.state.finished if t.transmitted_s > horizon]
    assert len(remembered) == 3  # the reversal, its mark, the purchase
    for _ in range(100):
        bench.send("sea", bench.request(mti="0210", f39="00"))
    bench.snapshot()
    read: list[int] = []
    batches = bench.storage.batches

    def watched(from_sequence: int = 1) -> Iterator[Batch]:
        read.append(from_sequence)
        return batches(from_sequence)

    monkeypatch.setattr(bench.storage, "batches", watched)
    bench.restart()
    assert min(remembered) - 2 <= min(read) <= min(remembered)
    monkeypatch.undo()
    before = len(bench.effects)
    assert bench.ask("sea", request) == reply
    assert code_of(bench, overtaken) == "21"
    assert not any(isinstance(effect, Recall) for effect in bench.effects[before:])


def test_a_key_that_was_never_used_is_no_ghost(small_memory: Callable[[Bench], None]) -> None:
    """An old DE7 alone makes nothing a repeat: the journal has no such key, the issuer is asked."""
    bench = Bench()
    old = bench.request()
    small_memory(bench)
    bench.send("sea", old)
    bench.send("hill", answer_to(bench.taken("hill")))
    assert bench.taken("sea").fields[39] == "00"


def test_t07_a_recalled_transaction_leaves_one_in_flight_alone(
    small_memory: Callable[[Bench], None],
) -> None:
    """After the switch's STANs wrapped, an old transaction shares its STAN with one in flight."""
    bench = Bench()
    old, reply = bench.buy()
    small_memory(bench)
    side = bench.state.issuers[HILL.participant_id]
    side.last_stan = 0
    flying = bench.request(amount=77)
    bench.send("sea", flying)
    seen = bench.taken("hill")
    assert seen.fields[11] == "000001"
    assert bench.ask("sea", old) == reply
    bench.send("hill", answer_to(seen))
    assert bench.taken("sea").fields[39] == "00"
    assert bench.nets() == {"SEA": 12_077, "HILL": -12_077}


def test_f38_the_registry_of_the_journal_is_the_one_in_force() -> None:
    """A cap or a BIN that came later is known after a restart, from the journal alone."""
    bench = Bench()
    bench.activate(SEA, replace(HILL, net_debit_caps={"TRY": 1}), bin_range("990002", "HILL"))
    version = bench.state.registry.version
    bench.restart()
    assert bench.state.registry.version == version
    assert code_of(bench, bench.request(amount=2)) == "61"


def test_an_empty_scheme_recovers_to_itself() -> None:
    """Nothing happened yet: the registry and the day are there."""
    bench = Bench()
    day = bench.state.business_day
    bench.restart()
    assert bench.state.business_day == day
    assert standing(bench.state) == []


@pytest.mark.parametrize("snapshot", [False, True], ids=["replay", "snapshot"])
def test_t07_stans_go_on_where_they_were_whatever_ended_last(snapshot: bool) -> None:
    """The last entry tells of an early STAN: the next one is not one the issuer has just seen."""
    bench = Bench()
    if snapshot:
        bench.snapshot()
    first, second = bench.request(), bench.request()
    for request in (first, second):
        bench.send("sea", request)
    early, late = bench.inbox["hill"]
    bench.inbox["hill"].clear()
    bench.send("hill", answer_to(late))
    bench.send("hill", answer_to(early))
    side = bench.state.issuers[HILL.participant_id]
    assert side.last_stan == int(str(late.fields[11]))
    bench.restart()
    assert bench.state.issuers[HILL.participant_id].last_stan == side.last_stan


def test_a_participant_called_marked_is_no_mark() -> None:
    """Facts of other kinds in the same commit, whatever they hold, are not looked into."""
    bench = Bench()
    overtaken = bench.request()
    assert code_of(bench, bench.about(overtaken)) == "25"
    (mark,) = [entry for entry in bench.state.finished if entry.state is State.MARKER]
    fact = {"fact": "marked", "key": mark.key, "terminal": mark.terminal}
    other = {"fact": "registry", "facts": [{"name": "marked"}]}
    storage = MemoryStorage()
    storage.write(
        [
            Record(FACT_ENTRY, json.dumps(each).encode(), mark.transmitted_s)
            for each in (other, fact)
        ]
    )
    (found,) = recall(storage, mark.key, mark.transmitted_s)
    assert (found.key, found.state) == (mark.key, State.MARKER)


def test_f09_a_restart_marks_only_what_was_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reversal that names another card's purchase, which has left memory, marks nothing: the
    purchase is answered as ever when it comes again, before and after a restart."""
    monkeypatch.setattr(state, "FINISHED_MAX", 2)
    bench = Bench()
    purchase, answer = bench.buy()
    for _ in range(3):
        bench.buy()
    stranger = bench.about(purchase, f2=card_number("990002", 2))
    assert bench.ask("sea", stranger).fields[39] == "25"
    for snapshot in (False, True):
        if snapshot:
            bench.snapshot()
        bench.restart()
        bench.inbox["sea"].clear()
        assert bench.ask("sea", purchase).fields == answer.fields


def test_a_reversal_is_not_taken_back_by_one_that_comes_before_it() -> None:
    """A reversal of a reversal is answered and has no effect, also when it is the first to come."""
    bench = Bench()
    purchase, _ = bench.buy()
    reversal = bench.about(purchase)
    assert bench.ask("sea", bench.about(reversal, f4=purchase.fields[4])).fields[39] == "25"
    assert bench.ask("sea", reversal).fields[39] == "00"
    assert bench.nets() == {}
