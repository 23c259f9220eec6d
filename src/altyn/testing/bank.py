"""A bank of the simulated world: its lines to the switch, and what goes wrong on its side.

The acquirer and the issuer behind it know neither lines nor faults; a bank that answers late,
wrongly, twice or not at all does so here.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from altyn.message import Message, load_codec
from altyn.testing.acquirer import Acquirer
from altyn.testing.faults import Faults
from altyn.testing.issuer import Issuer
from altyn.testing.network import Circuit, Network, Stage
from altyn.testing.observations import BankReceived, BankSent
from altyn.testing.schedule import Schedule
from altyn.testing.scheme import BankPlan, CardPlan, LinkPlan
from altyn.testing.transmission import TransmissionWriter

__all__ = ["Bank"]

WATCH_US: Final = 4_000_000
RECONNECT_US: Final = (30_000, 400_000)
THINKING_US: Final = (300, 6_000)
LATE_US: Final = (4_500_000, 14_000_000)
AWAY_US: Final = (1_000_000, 15_000_000)
NETWORK_ECHOED: Final[tuple[int, ...]] = (7, 11, 32, 33, 70)
REQUESTS: Final = frozenset({"0100", "0101", "0200", "0201"})


class BankLine:
    """One link as the bank sees it."""

    def __init__(self, bank: "Bank", plan: LinkPlan) -> None:
        """Not connected yet."""
        self.plan = plan
        self.codec = load_codec(plan.dialect)
        self.circuits: list[Circuit] = []
        self.signed_on = False
        self.away = False
        self._bank = bank
        self._connecting = 0
        self._turn = 0
        self._echo_unanswered = False

    @property
    def usable(self) -> bool:
        """Whether business may be sent over it."""
        return bool(self.circuits) and (self.signed_on or self.plan.sign_on != "peer")

    def connect(self) -> None:
        """Make the connections that are missing, each after a little while."""
        while not self.away and len(self.circuits) + self._connecting < self.plan.connections:
            self._connecting += 1
            delay = self._bank.dice.randint(*RECONNECT_US)
            self._bank.schedule.after(delay, self._make)

    def _make(self) -> None:
        self._connecting -= 1
        bank = self._bank
        if self.away:
            return
        stage = bank.find_switch()
        if stage is None:
            self.connect()
            return
        circuit = Circuit(bank.network, self.plan.link_id, self.plan.framing, self.codec, bank)
        self.circuits.append(circuit)
        bank.line_of[circuit] = self
        circuit.connect(stage)
        if self.plan.sign_on == "peer":
            bank.send_network(self, "001")

    def lost(self, circuit: Circuit) -> None:
        """A connection is gone; with the last one nobody is signed on."""
        self.circuits.remove(circuit)
        if not self.circuits:
            self.signed_on = False
        self.connect()

    def next_circuit(self) -> Circuit:
        """The connections take turns."""
        self._turn = (self._turn + 1) % len(self.circuits)
        return self.circuits[self._turn]

    def watch(self) -> None:
        """Every few seconds: sign on if need be, test the line, give up one that is silent."""
        if self.circuits:
            if self._echo_unanswered:
                for circuit in list(self.circuits):
                    circuit.hang_up()
                    self._bank.lost(circuit)
                self._echo_unanswered = False
            else:
                self._echo_unanswered = True
                self._bank.send_network(self, "301")
                if self.plan.sign_on == "peer" and not self.signed_on:
                    self._bank.send_network(self, "001")
        self.connect()
        self._bank.schedule.after(WATCH_US, self.watch)

    def heard(self) -> None:
        """Anything from the other side shows that somebody is there."""
        self._echo_unanswered = False

    def leave(self) -> None:
        """The bank goes off the air."""
        self.away = True
        for circuit in list(self.circuits):
            circuit.hang_up()
            self._bank.lost(circuit)

    def come_back(self) -> None:
        """And is there again."""
        self.away = False
        self.connect()


class Bank:
    """A bank with its lines; `begin` starts one more business of its customers."""

    def __init__(
        self,
        plan: BankPlan,
        number: int,
        cards: list[CardPlan],
        schedule: Schedule,
        network: Network,
        faults: Faults,
        dice: tuple[Random, Random],
        start_utc_us: int,
        find_switch: Callable[[], Stage | None],
    ) -> None:
        """A bank whose clock is wrong as its plan says; `dice`: for business, for trouble."""
        self.plan = plan
        self.schedule = schedule
        self.network = network
        self.dice, self.trouble = dice
        self.find_switch = find_switch
        self.line_of: dict[Circuit, BankLine] = {}
        self.lines = [BankLine(self, link) for link in plan.links]
        self._faults = faults
        self._observe = network.observe
        self._writer = TransmissionWriter(start_utc_us + plan.clock_error_us)
        self._stan = 0
        self._leaving = False
        self.issuer = Issuer(plan)
        self.acquirer = Acquirer(
            plan, cards, schedule, self.dice, self._now_text, self._send_business, number
        )
        self._acquiring = next(line for line in self.lines if line.plan.carries != "issuing")

    def open(self) -> None:
        """Connect all lines and begin to watch them."""
        for line in self.lines:
            line.watch()

    def begin(self) -> None:
        """One more customer."""
        if self._faults["outages"].strikes() or self._faults["sign-offs"].strikes():
            self._go_away()
        self.acquirer.begin()

    def _go_away(self) -> None:
        """Some lines go off the air, or sign off first; they come back after a while."""
        line = self.lines[self.trouble.randrange(len(self.lines))]
        if line.away:
            return
        if line.signed_on and self.trouble.random() < 0.5:
            self.send_network(line, "002")
            line.signed_on = False
        self.schedule.after(200_000, line.leave)
        self.schedule.after(200_000 + self.trouble.randint(*AWAY_US), line.come_back)

    # Out

    def _now_text(self) -> str:
        return self._writer.write(self.schedule.at)

    def _send_business(self, message: Message, fault: str) -> None:
        line = self._acquiring
        if line.usable:
            self.send(line, line.next_circuit(), message, fault)
            if self._faults["duplicates"].strikes():
                delay = self.trouble.randint(10, 3_000_000)
                self.schedule.after(delay, self._send_again, line, message)

    def _send_again(self, line: BankLine, message: Message) -> None:
        if line.usable and self.acquirer.stands_by(message):
            self.send(line, line.next_circuit(), message, "duplicate")

    def send_network(self, line: BankLine, code: str) -> None:
        """A network management request of the bank, if it has a connection to send it over."""
        if not line.circuits:
            return
        self._stan = self._stan % 999_999 + 1
        institution = 33 if line.plan.carries == "issuing" else 32
        fields: dict[int, str | bytes] = {
            7: self._now_text(),
            11: f"{self._stan:06d}",
            institution: self.plan.institution,
            70: code,
        }
        self.send(line, line.next_circuit(), Message("0800", fields), "")

    def send(self, line: BankLine, circuit: Circuit, message: Message, fault: str) -> None:
        """Write a message to a line, which may be gone by now."""
        if not circuit.bank_open:
            return
        frame = line.codec.encode(message)
        if self._faults["truncation"].strikes():
            self._observe_sent(line, frame, None, "truncated")
            data = line.plan.framing.wrap(frame)
            circuit.send(data[: self.trouble.randrange(1, len(data))])
            if self.trouble.random() < 0.7:
                circuit.hang_up()
                self.lost(circuit)
            else:
                circuit.hang()
            return
        if self._faults["garbage"].strikes():
            self._send_garbage(line, circuit)
        self._observe_sent(line, frame, message, fault)
        circuit.send(line.plan.framing.wrap(frame))

    def _send_garbage(self, line: BankLine, circuit: Circuit) -> None:
        garbage = self.trouble.randbytes(self.trouble.randrange(1, 200))
        self._observe_sent(line, garbage, None, "garbage")
        framed = self.trouble.random() < 0.7
        circuit.send(line.plan.framing.wrap(garbage) if framed else garbage)

    def _observe_sent(
        self, line: BankLine, frame: bytes, message: Message | None, fault: str
    ) -> None:
        self._observe(
            BankSent(self.schedule.at, self.plan.bank_id, line.plan.link_id, frame, message, fault)
        )

    # In

    def received(self, circuit: Circuit, message: Message) -> None:
        """A message of the switch."""
        line = self.line_of.get(circuit)
        if line is None:
            return
        self._observe(BankReceived(self.schedule.at, self.plan.bank_id, line.plan.link_id, message))
        line.heard()
        mti = message.mti
        if mti[1] == "8":
            self._network(line, circuit, message)
        elif mti[2] in "13":
            if mti[1] == "4" and message.fields.get(39) == "91":
                line.signed_on = False  # a sign-off came late, after a sign-on: sign on again
            self.acquirer.receive(message)
        else:
            self._answer(line, circuit, message)

    def lost(self, circuit: Circuit) -> None:
        """A connection is gone."""
        line = self.line_of.pop(circuit, None)
        if line is not None:
            line.lost(circuit)

    def _network(self, line: BankLine, circuit: Circuit, message: Message) -> None:
        fields = message.fields
        if message.mti == "0800":
            echoed = {number: fields[number] for number in NETWORK_ECHOED if number in fields}
            self.send(line, circuit, Message("0810", {**echoed, 39: "00"}), "")
        elif fields.get(70) == "001":
            line.signed_on = fields.get(39) == "00" and bool(line.circuits)

    def _answer(self, line: BankLine, circuit: Circuit, message: Message) -> None:
        """The issuer's answer, when and as the faults let it."""
        faults, trouble = self._faults, self.trouble
        answer = self.issuer.answer(message, self._now_month())
        low, high = THINKING_US
        delay = low + int(self.dice.random() * (high - low))
        fault = ""
        if message.mti in REQUESTS:
            if faults["lost-answers"].strikes():
                return
            if faults["late-answers"].strikes():
                delay, fault = trouble.randint(*LATE_US), "late-answer"
            elif faults["wrong-answers"].strikes():
                answer, fault = self._spoiled(answer)
        elif faults["try-later"].strikes():
            answer, fault = Message(answer.mti, {**answer.fields, 39: "96"}), "try-later"
        self.schedule.after(delay, self.send, line, circuit, answer, fault)
        if faults["duplicates"].strikes():
            delay += trouble.randint(0, 2_000_000)
            self.schedule.after(delay, self.send, line, circuit, answer, fault or "duplicate")

    def _spoiled(self, answer: Message) -> tuple[Message, str]:
        """An answer that is none: the switch must not take it for one (F03, F04)."""
        fields = dict(answer.fields)
        kind = self.trouble.randrange(6)
        if kind == 0:
            fields[4] = f"{int(str(fields[4])) + 1:012d}"
            return Message(answer.mti, fields), "wrong-amount"
        if kind == 1:
            fields[2] = "9999990000000000"
            return Message(answer.mti, fields), "wrong-card"
        if kind == 2:
            fields[11] = f"{self.trouble.randrange(1, 999_999):06d}"
            fields[7] = "0101000000"
            return Message(answer.mti, fields), "unknown-stan"
        if kind == 3:
            fields[39] = "10"
            return Message(answer.mti, fields), "partial-approval"
        if kind == 4:
            fields[7] = "0101000000"
            return Message(answer.mti, fields), "other-time"
        other = "0110" if answer.mti == "0210" else "0210"
        return Message(other, fields), "wrong-type"

    def _now_month(self) -> str:
        return self._writer.month(self.schedule.at)
