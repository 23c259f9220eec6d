"""Random traffic against a small model: what must hold whatever comes, in whatever order.

The model knows nothing of the switch's code. It keeps what each purchase stands at by the rules
of the scheme, and says what every answer must be.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from altyn.identifiers import ParticipantId
from altyn.message import Message
from altyn.switch import AdviceOrdered, Advise, CutOverOrdered, Effect, Forward
from altyn.transaction import entries
from tests.switch.bench import Bench, answer_to, bank, bin_range, card_number, registry_of, standing

CAP = 100_000
BANKS = {"SEA": "400101", "HILL": "400102", "LAKE": "400103"}
REGISTRY = registry_of(
    *(bank(name, institution, TRY=CAP) for name, institution in BANKS.items()),
    *(bin_range(f"99000{place}", name) for place, name in enumerate(BANKS, start=1)),
)
CARDS = {name: card_number(f"99000{place}", place) for place, name in enumerate(BANKS, start=1)}
NAMES = st.sampled_from(sorted(BANKS))
KINDS = st.sampled_from(["0100", "0200"])


@dataclass
class Purchase:
    """What the model knows of one request."""

    acquirer: str
    issuer: str
    message: Message
    amount: int
    code: str = ""  # of the answer; empty while in flight
    stands: int = 0
    seen: Message | None = None
    completed: bool = False
    lost: bool = False  # what was sent to the issuer before a restart is known to nobody
    reversals: list[tuple[Message, str]] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether what stands is a hold and not a posting."""
        return self.message.mti == "0100" and not self.completed


class Traffic(RuleBasedStateMachine):
    """Any traffic of three banks, with everything that can go wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(REGISTRY, start=datetime(2026, 12, 31, 23, 50, tzinfo=UTC))
        self.bench.on_effect = self.watch
        self.purchases: list[Purchase] = []
        self.markers: list[tuple[str, Message]] = []
        self.down: set[str] = set()
        self.reserved: list[str] = []
        self.done: set[tuple[str, str]] = set()  # link and STAN of advices taken or closed

    @initialize()
    def start(self) -> None:
        """Nothing has happened."""
        assert not standing(self.bench.state)

    def watch(self, effect: Effect) -> None:
        """I8: right after a reservation its debtor is within its cap. I6: what an issuer has
        taken is not sent again."""
        if isinstance(effect, Forward):
            debtor = effect.transaction.debtor
            if debtor != effect.transaction.creditor:
                assert self.bench.state.positions.exposure(debtor, "949") <= CAP
            self.reserved.append(debtor)
        elif isinstance(effect, Advise):
            stan = f"{entries.read_number(effect.record, 'issuer_stan'):06d}"
            assert (effect.link_id, stan) not in self.done, "an advice is sent after it was taken"

    def exposure(self, name: str) -> int:
        """What a bank may have to pay, by the model."""
        total = 0
        for purchase in self.purchases:
            if purchase.issuer == purchase.acquirer:
                # A bank owes itself nothing; what is held of it counts all the same.
                in_flight = not purchase.code
                total += purchase.stands if purchase.issuer == name and purchase.holds else 0
                total += purchase.amount if in_flight and purchase.issuer == name else 0
            elif purchase.issuer == name:
                total += purchase.amount if not purchase.code else purchase.stands
            elif purchase.acquirer == name and not purchase.holds:
                total -= purchase.stands
        return total

    def expect_reply(self, name: str, message: Message, code: str) -> None:
        """A message gets exactly this answer at once; a bank that is down gets none."""
        assert self.replies(name, message) == [code]

    def replies(self, name: str, message: Message) -> list[str]:
        """The codes of the answers to a message that lie in an inbox, taken out."""
        inbox = self.bench.inbox[name.lower()]
        stan = message.fields[11]
        found = [entry for entry in inbox if entry.mti[2] in "13" and entry.fields[11] == stan]
        inbox[:] = [entry for entry in inbox if entry not in found]
        return [str(reply.fields[39]) for reply in found]

    @rule(acquirer=NAMES, issuer=NAMES, kind=KINDS, amount=st.integers(1, CAP // 2))
    def buy(self, acquirer: str, issuer: str, kind: str, amount: int) -> None:
        """A purchase: reserved and forwarded, or refused for a reason the model knows."""
        message = self.bench.request(CARDS[issuer], amount, kind, BANKS[acquirer])
        purchase = Purchase(acquirer, issuer, message, amount)
        before = self.exposure(issuer)
        if acquirer in self.down:
            return
        self.bench.send(acquirer.lower(), message)
        if acquirer != issuer and before + amount > CAP:
            purchase.code = "61"
        elif issuer in self.down:
            purchase.code = "91"
        self.purchases.append(purchase)
        if purchase.code:
            self.expect_reply(acquirer, message, purchase.code)
        else:
            inbox = self.bench.inbox[issuer.lower()]
            purchase.seen = next(m for m in inbox if m.fields.get(37) == message.fields[37])
            inbox.remove(purchase.seen)

    def in_flight(self) -> list[Purchase]:
        """What issuers were asked and did not answer."""
        return [purchase for purchase in self.purchases if not purchase.code]

    @precondition(lambda self: bool(self.in_flight()))
    @rule(data=st.data(), code=st.sampled_from(["00", "00", "00", "05", "51"]))
    def answer(self, data: st.DataObject, code: str) -> None:
        """An issuer answers; the acquirer gets it if its line stands."""
        purchase = data.draw(st.sampled_from(self.in_flight()))
        assert purchase.seen is not None
        self.bench.send(purchase.issuer.lower(), answer_to(purchase.seen, code))
        purchase.code = code
        purchase.stands = purchase.amount if code == "00" else 0
        if purchase.acquirer not in self.down:
            self.expect_reply(purchase.acquirer, purchase.message, code)

    @precondition(lambda self: any(p.code and p.seen for p in self.purchases))
    @rule(data=st.data(), code=st.sampled_from(["00", "05"]))
    def answer_again(self, data: st.DataObject, code: str) -> None:
        """A late or second answer changes nothing."""
        done = [p for p in self.purchases if p.code and p.seen and p.issuer not in self.down]
        if not done:
            return
        purchase = data.draw(st.sampled_from(done))
        assert purchase.seen is not None
        self.bench.send(purchase.issuer.lower(), answer_to(purchase.seen, code))

    @precondition(lambda self: self.purchases)
    @rule(data=st.data(), marked=st.booleans())
    def repeat(self, data: st.DataObject, marked: bool) -> None:
        """I2: a repeat gets the answer there was; in flight it waits, and is not forwarded."""
        purchase = data.draw(st.sampled_from(self.purchases))
        if purchase.acquirer in self.down:
            return
        mti = purchase.message.mti[:3] + ("1" if marked else "0")
        self.bench.send(purchase.acquirer.lower(), Message(mti, dict(purchase.message.fields)))
        if purchase.code:
            self.expect_reply(purchase.acquirer, purchase.message, purchase.code)
        else:
            # Answered now, the request and its repeats get one answer each.
            assert purchase.seen is not None
            self.bench.send(purchase.issuer.lower(), answer_to(purchase.seen, "05"))
            purchase.code = "05"
            assert set(self.replies(purchase.acquirer, purchase.message)) == {"05"}

    @precondition(lambda self: self.purchases)
    @rule(data=st.data(), share=st.integers(0, 120))
    def reverse(self, data: st.DataObject, share: int) -> None:
        """A reversal, full for 0 %, or leaving a share of the amount; in flight it ends it."""
        purchase = data.draw(st.sampled_from(self.purchases))
        if purchase.acquirer in self.down:
            return
        left = purchase.amount * share // 100
        message = self.bench.about(purchase.message, standing=left if share else None)
        code = self.reversed_code(purchase, left)
        self.bench.send(purchase.acquirer.lower(), message)
        if not purchase.code:
            purchase.code = "21"
            self.expect_reply(purchase.acquirer, purchase.message, "21")
        elif code == "00" and purchase.stands:
            purchase.stands = left
        self.expect_reply(purchase.acquirer, message, code)
        purchase.reversals.append((message, code))

    @staticmethod
    def reversed_code(purchase: Purchase, left: int) -> str:
        """What a reversal is answered, by the rules."""
        if purchase.completed:
            return "25"
        if not purchase.stands:
            return "00"
        return "00" if left < purchase.stands else "13"

    @precondition(lambda self: any(p.reversals for p in self.purchases))
    @rule(data=st.data())
    def reverse_again(self, data: st.DataObject) -> None:
        """A reversal repeated is answered as before and takes nothing more."""
        reversed_ones = [p for p in self.purchases if p.reversals and p.acquirer not in self.down]
        if not reversed_ones:
            return
        purchase = data.draw(st.sampled_from(reversed_ones))
        message, code = data.draw(st.sampled_from(purchase.reversals))
        self.bench.send(purchase.acquirer.lower(), Message("0401", dict(message.fields)))
        self.expect_reply(purchase.acquirer, message, code)

    @rule(acquirer=NAMES, issuer=NAMES)
    def reverse_before(self, acquirer: str, issuer: str) -> None:
        """A reversal overtakes its original, which is then refused."""
        if acquirer in self.down:
            return
        message = self.bench.request(CARDS[issuer], 500, "0200", BANKS[acquirer])
        reversal = self.bench.about(message)
        self.bench.send(acquirer.lower(), reversal)
        self.expect_reply(acquirer, reversal, "25")
        self.markers.append((acquirer, message))

    @precondition(lambda self: self.markers)
    @rule(data=st.data())
    def overtaken(self, data: st.DataObject) -> None:
        """The original that was overtaken comes, once or again."""
        acquirer, message = data.draw(st.sampled_from(self.markers))
        if acquirer not in self.down:
            self.bench.send(acquirer.lower(), message)
            self.expect_reply(acquirer, message, "21")

    @precondition(lambda self: any(p.holds and p.stands for p in self.purchases))
    @rule(data=st.data(), share=st.integers(1, 110))
    def complete(self, data: st.DataObject, share: int) -> None:
        """A completion for a share of what is held."""
        held = [p for p in self.purchases if p.holds and p.stands and p.acquirer not in self.down]
        if not held:
            return
        purchase = data.draw(st.sampled_from(held))
        amount = -(-purchase.stands * share // 100)
        message = self.bench.about(purchase.message, "0220", f4=f"{amount:012d}")
        self.bench.send(purchase.acquirer.lower(), message)
        code = "00" if amount <= purchase.stands else "13"
        if code == "00":
            purchase.completed, purchase.stands = True, amount
        self.expect_reply(purchase.acquirer, message, code)

    @rule(seconds=st.sampled_from([1, 4, 9, 10, 61]))
    def wait(self, seconds: int) -> None:
        """Time passes; what is older than ten seconds ends."""
        self.bench.wait(seconds)
        pending = {
            str(transaction.rrn)
            for side in self.bench.state.issuers.values()
            for transaction in side.pending.values()
        }
        assert seconds < 10 or not pending
        for purchase in self.in_flight():
            if str(purchase.message.fields[37]) not in pending:
                self.end(purchase)

    def end(self, purchase: Purchase) -> None:
        """A request ends without its issuer: 91."""
        purchase.code = "91"
        if purchase.acquirer not in self.down:
            self.expect_reply(purchase.acquirer, purchase.message, "91")

    @rule(name=NAMES)
    def drop(self, name: str) -> None:
        """A bank's line breaks: what it was asked ends at once."""
        if name in self.down:
            return
        self.down.add(name)
        self.bench.drop(name.lower())
        for purchase in self.in_flight():
            if purchase.issuer == name:
                self.end(purchase)

    @precondition(lambda self: self.down)
    @rule(data=st.data())
    def recover(self, data: st.DataObject) -> None:
        """A line comes back."""
        name = data.draw(st.sampled_from(sorted(self.down)))
        self.down.remove(name)
        self.bench.up(name.lower())

    @rule(name=NAMES, code=st.sampled_from(["00", "00", "05", "30", "96"]))
    def acknowledge(self, name: str, code: str) -> None:
        """An issuer takes every advice it got, cannot read it, or says later."""
        inbox = self.bench.inbox[name.lower()]
        if name in self.down:
            return
        while inbox:
            message = inbox.pop(0)
            if message.mti in ("0420", "0421", "0220", "0221"):
                if code in ("00", "05"):
                    self.done.add((name.lower(), str(message.fields[11])))
                self.bench.send(name.lower(), answer_to(message, code))

    @rule(data=st.data(), name=NAMES, act=st.sampled_from(["retry", "close"]))
    def order(self, data: st.DataObject, name: str, act: Literal["retry", "close"]) -> None:
        """An operator sends a dead letter again, or closes an advice."""
        owed = self.bench.state.issuer(ParticipantId(name)).advices.owed()
        if owed:
            advice = data.draw(st.sampled_from(owed))
            if act == "close":
                self.done.add((name.lower(), advice.stan))
            self.bench.step(AdviceOrdered(act, advice.sequence, "operator", "by letter"))

    @rule()
    def cut_over(self) -> None:
        """The business day ends."""
        self.bench.step(CutOverOrdered())

    @rule(snapshot=st.booleans())
    def restart(self, snapshot: bool) -> None:
        """The switch dies and recovers: what was in flight is declined and reversed."""
        if snapshot:
            self.bench.snapshot()
        self.bench.restart()
        self.down.clear()
        for purchase in self.in_flight():
            purchase.code = "91"

    @invariant()
    def positions_are_the_models(self) -> None:
        """I1, I3: nets and holds are what the model says, and sum to zero."""
        nets: dict[str, int] = {}
        held: dict[str, int] = {}
        for purchase in self.purchases:
            on_hold = purchase.stands if purchase.holds else 0
            if not purchase.code:
                on_hold = purchase.amount
            held[purchase.issuer] = held.get(purchase.issuer, 0) + on_hold
            if not purchase.holds and purchase.issuer != purchase.acquirer:
                nets[purchase.acquirer] = nets.get(purchase.acquirer, 0) + purchase.stands
                nets[purchase.issuer] = nets.get(purchase.issuer, 0) - purchase.stands
        assert self.bench.nets() == {name: net for name, net in nets.items() if net}
        for name in BANKS:
            assert self.bench.held(name) == held.get(name, 0)

    def teardown(self) -> None:
        """From the first entry on the journal gives the same state, and the same answers."""
        self.bench.expect_replay()
        self.bench.restart()
        self.down.clear()
        for purchase in self.purchases:
            code = purchase.code or "91"
            inbox = self.bench.inbox[purchase.acquirer.lower()]
            inbox.clear()
            self.bench.send(purchase.acquirer.lower(), purchase.message)
            self.expect_reply(purchase.acquirer, purchase.message, code)


TestTraffic = Traffic.TestCase
TestTraffic.settings = settings(max_examples=60, stateful_step_count=40)


def test_the_model_counts_what_a_bank_owes() -> None:
    """A purchase in flight, one that stands and one on hold: each counts for its issuer."""
    traffic = Traffic()
    for kind, code, stands in (("0200", "", 0), ("0200", "00", 70), ("0100", "00", 30)):
        message = Message(kind, {})
        traffic.purchases.append(Purchase("SEA", "HILL", message, 100, code, stands))
    assert traffic.exposure("HILL") == 200
    assert traffic.exposure("SEA") == -70
