"""Cut-overs between any messages: every transaction is of one business day, and stays of it."""

import json
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from altyn.message import Message
from altyn.runtime.load.cut_over_run import find_dates
from altyn.switch import FACT_ENTRY, CutOverOrdered
from altyn.transaction import TRANSACTION_ENTRY, Kind, Stage, entries
from tests.switch.bench import Bench, answer_to, bank, bin_range, registry_of

REGISTRY = registry_of(bank("SEA", "400101"), bank("HILL", "400102"), bin_range("990002", "HILL"))
CODES = st.sampled_from(["00", "00", "05"])


class Days(RuleBasedStateMachine):
    """Purchases, answers, time-outs, repeats, reversals and restarts across many cut-overs."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(REGISTRY)
        self.in_flight: list[tuple[Message, Message]] = []
        self.approved: list[Message] = []
        self.dates: dict[str, str] = {}
        """DE15 that each request was told or answered with, by trace number."""

    def learn(self) -> None:
        """Every reply names the date that the issuer was told when the request came."""
        for reply in self.bench.inbox["sea"]:
            if reply.mti in ("0110", "0210"):
                trace, date = str(reply.fields[11]), str(reply.fields[15])
                assert self.dates.setdefault(trace, date) == date
        self.bench.inbox["sea"].clear()

    @rule(mti=st.sampled_from(["0100", "0200"]), amount=st.integers(1, 90_000))
    def buy(self, mti: str, amount: int) -> None:
        """A request goes to its issuer, dated with the business day of now.

        A line that left too many unanswered is closed, and requests are refused.
        """
        date = f"{self.bench.state.business_day % 10_000:04d}"
        request = self.bench.request(mti=mti, amount=amount)
        self.bench.send("sea", request)
        inbox = self.bench.inbox["hill"]
        seen = [message for message in inbox if message.fields.get(37) == request.fields[37]]
        inbox.clear()
        self.dates[str(request.fields[11])] = date
        if seen:
            assert str(seen[0].fields[15]) == date
            self.in_flight.append((request, seen[0]))
        else:
            assert self.bench.inbox["sea"][-1].fields[39] == "91"
            self.learn()

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data(), code=CODES)
    def answer(self, data: st.DataObject, code: str) -> None:
        """An issuer answers, however many days later."""
        place = data.draw(st.integers(0, len(self.in_flight) - 1))
        request, seen = self.in_flight.pop(place)
        self.bench.send("hill", answer_to(seen, code))
        self.learn()
        if code == "00":
            self.approved.append(request)

    @precondition(lambda self: self.approved)
    @rule(data=st.data(), whole=st.booleans())
    def reverse(self, data: st.DataObject, whole: bool) -> None:
        """The acquirer reverses, wholly or in part."""
        original = data.draw(st.sampled_from(self.approved))
        standing = None if whole else data.draw(st.integers(1, 90_000))
        self.bench.send("sea", self.bench.about(original, standing=standing))
        self.learn()

    @precondition(lambda self: self.approved)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """A repeat is answered with the date of its original."""
        original = data.draw(st.sampled_from(self.approved))
        self.bench.send("sea", Message(original.mti[:3] + "1", dict(original.fields)))
        self.learn()

    @rule(seconds=st.sampled_from([1, 11]))
    def wait(self, seconds: int) -> None:
        """Time passes; with eleven seconds everything in flight ends."""
        self.bench.wait(seconds)
        self.learn()
        if seconds > 10:
            self.in_flight.clear()

    @rule()
    def cut_over(self) -> None:
        """The business day ends."""
        self.bench.step(CutOverOrdered())

    @rule(snapshot=st.booleans())
    def restart(self, snapshot: bool) -> None:
        """The switch dies and recovers."""
        if snapshot:
            self.bench.snapshot()
        self.bench.restart()
        self.in_flight.clear()

    @invariant()
    def days_are_exact(self) -> None:
        """The journal alone shows it: one day each, in order, and sums that add up by day."""
        bench = self.bench
        record_bytes = bench.storage.record_bytes
        journal = [e for batch in bench.storage.batches(1) for e in batch.entries(record_bytes)]
        found = find_dates(journal)
        assert (found.misplaced, found.in_two_days, found.out_of_order) == (0, 0, 0)
        posted: Counter[tuple[str, int]] = Counter()
        for entry in journal:
            if entry.kind != TRANSACTION_ENTRY:
                continue
            change = entries.read_number(entry.body, "posted_change")
            day = entries.read_number(entry.body, "business_day")
            posted["HILL", day] -= change
            posted["SEA", day] += change
            self.linked(entry.body)
        lines = {
            (str(line.participant), line.business_day): line.net
            for line in bench.state.positions.lines()
            if line.net
        }
        assert lines == {place: net for place, net in posted.items() if net}

    def linked(self, record: bytes) -> None:
        """F18: a reversal that moved money names the entry of its original, in whichever day."""
        is_reversal = entries.read_number(record, "kind") >= Kind.REVERSAL
        if is_reversal and entries.read_number(record, "posted_change"):
            assert entries.read_number(record, "refers_to") > 0

    def teardown(self) -> None:
        """A replay from the first entry comes to the same day and the same sums."""
        self.bench.expect_replay()
        told = {trace: date for trace, date in self.dates.items() if date}
        record_bytes = self.bench.storage.record_bytes
        journal = (
            e for batch in self.bench.storage.batches(1) for e in batch.entries(record_bytes)
        )
        recorded = find_dates(journal).dates
        assert all(recorded[trace] == date for trace, date in told.items())


TestT04Days = Days.TestCase
TestT04Days.settings = settings(max_examples=40, stateful_step_count=30)


def test_t04_f18_a_reversal_across_the_cut_over_is_of_its_own_day() -> None:
    """The purchase is of the 5th, its reversal of the 6th, and the reversal names the purchase."""
    bench = Bench(REGISTRY)
    request, _ = bench.buy()
    bench.step(CutOverOrdered())
    bench.inbox["sea"].clear()
    bench.ask("sea", bench.about(request))
    lines = {
        (str(line.participant), line.business_day): line.net
        for line in bench.state.positions.lines()
    }
    assert lines["SEA", 20260705] == -lines["SEA", 20260706] == 12_000
    record_bytes = bench.storage.record_bytes
    finished = [
        entry
        for batch in bench.storage.batches(1)
        for entry in batch.entries(record_bytes)
        if entry.kind == TRANSACTION_ENTRY and entries.stage_of(entry.body) == Stage.FINISHED
    ]
    purchase, reversal = finished
    assert entries.read_number(reversal.body, "refers_to") == purchase.sequence


def test_t04_a_transaction_of_two_days_would_be_found() -> None:
    """The check bites: a cut-over fact taken out of the journal misplaces what came after it."""
    bench = Bench(REGISTRY)
    bench.buy()
    bench.step(CutOverOrdered())
    bench.inbox["sea"].clear()
    bench.buy()
    record_bytes = bench.storage.record_bytes
    journal = [e for batch in bench.storage.batches(1) for e in batch.entries(record_bytes)]
    assert find_dates(journal).misplaced == 0
    tampered = [
        entry
        for entry in journal
        if entry.kind != FACT_ENTRY or json.loads(entry.body)["fact"] != "cut-over"
    ]
    assert find_dates(tampered).misplaced == 1
