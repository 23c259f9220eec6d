"""Virtual TCP: ordered byte streams that may be slow, cut in pieces, broken, or half-open.

A Circuit is one connection between a bank and the switch. Bytes of one direction arrive in
order; two circuits, or two directions, know no order between them. Towards the gateway it is a
connection like any other (`altyn.gateway.Connection`).
"""

from collections.abc import Callable
from random import Random
from typing import Final, Protocol

from altyn.message import Codec, Message
from altyn.testing.faults import Faults
from altyn.testing.observations import Observe, SwitchSent
from altyn.testing.schedule import Schedule, stream
from altyn.wire import FrameError, Framing

__all__ = ["Circuit", "Network", "Stage", "Station"]

DELAY_US: Final = (150, 3_000)
LONG_DELAY_US: Final = (20_000, 3_000_000)
SILENCE_US: Final = (3_000_000, 25_000_000)
"""How long it takes until the system finds that nobody is there any more (RFC 793 time-out)."""
READING_PAUSE_US: Final = (1_000_000, 8_000_000)
OUTBOUND_BYTES_MAX: Final = 24_000


class Station(Protocol):
    """A bank's end of its circuits."""

    def received(self, circuit: "Circuit", message: Message) -> None:
        """A whole message came."""

    def lost(self, circuit: "Circuit") -> None:
        """The circuit is gone."""


class Stage(Protocol):
    """The switch's end: one process, and none after its death."""

    alive: bool

    def accept(self, circuit: "Circuit") -> None:
        """A bank has connected."""

    def read(self, circuit: "Circuit", frames: list[bytes]) -> None:
        """Whole frames came."""

    def let_out(self) -> bool:
        """Whether what is flushed now still leaves: a dying process may be stopped half-way."""

    def refused(self, circuit: "Circuit", reason: str) -> None:
        """The circuit is closed for a reason the operator should know."""

    def gone(self, circuit: "Circuit") -> None:
        """The circuit is gone."""


class Network:
    """What all circuits share: time, chance, and who watches."""

    def __init__(self, schedule: Schedule, faults: Faults, seed: int, observe: Observe) -> None:
        """A network without circuits."""
        self.schedule = schedule
        self.faults = faults
        self.observe = observe
        self.dice = stream(seed, "network")
        self.trouble = stream(seed, "network trouble")
        self.drops = faults["drops"]
        self.delays = faults["delays"]
        self.segments = faults["segments"]
        self.half_open = faults["half-open"]
        self.slow_readers = faults["slow-readers"]


class Circuit:
    """One connection of one link."""

    __slots__ = (
        "_aborted",
        "_down_at",
        "_from_bank",
        "_from_switch",
        "_network",
        "_outgoing",
        "_parked",
        "_reading",
        "_sent",
        "_unread_bytes",
        "_up_at",
        "_void_down",
        "_void_up",
        "bank_open",
        "codec",
        "framing",
        "link",
        "open",
        "partial_since",
        "stage",
        "station",
    )

    def __init__(
        self, network: Network, link: str, framing: Framing, codec: Codec, station: Station
    ) -> None:
        """A circuit that the bank is about to open."""
        self._network = network
        self.link = link
        self.framing = framing
        self.codec = codec
        self.station = station
        self.stage: Stage | None = None
        self.open = False
        self.bank_open = False
        self.partial_since = 0
        self._aborted = False
        self._from_bank = bytearray()
        self._from_switch = bytearray()
        self._outgoing: list[bytes] = []
        self._sent: dict[bytes, Message] = {}
        self._parked: list[bytes] = []
        self._reading = True
        self._unread_bytes = 0
        self._up_at = self._down_at = 0
        self._void_up = self._void_down = False

    def connect(self, stage: Stage) -> None:
        """Both sides have shaken hands."""
        self.stage = stage
        self.open = self.bank_open = True
        stage.accept(self)

    # The bank's side

    def send(self, data: bytes) -> None:
        """Give bytes to the line, which may lose them with the connection."""
        network = self._network
        if not self.bank_open:
            return
        if network.drops.strikes():
            self.reset()
            return
        if network.half_open.strikes():
            self._go_silent()
        if self._void_up:
            return
        if network.segments.strikes() and len(data) > 1:
            cut = network.trouble.randrange(1, len(data))
            self._carry_up(data[:cut])
            data = data[cut:]
        self._carry_up(data)

    def hang_up(self) -> None:
        """The bank closes; what it sent before still arrives."""
        if not self.bank_open:
            return
        self.bank_open = False
        if not self._void_up:
            at = max(self._up_at, self._network.schedule.at + DELAY_US[0])
            self._up_at = at
            self._later(at, self._switch_loses)

    def hang(self) -> None:
        """The bank's sender hangs in the middle of a frame: nothing more comes, and no end."""
        self._void_up = True

    def _carry_up(self, data: bytes) -> None:
        self._up_at = at = self._arrival(self._up_at)
        self._later(at, self._arrive_up, data)

    def _arrive_up(self, data: bytes) -> None:
        if not self.open or self._aborted:
            return
        if not self._reading:
            self._parked.append(data)
            return
        buffer = self._from_bank
        buffer += data
        assert self.stage is not None, "bytes arrive on a circuit that stands"
        try:
            frames, start = self.framing.take(buffer, 0, len(buffer))
        except FrameError as error:
            # As in production: what came before the bad header is sound (W04).
            if error.payloads:
                self.stage.read(self, error.payloads)
            self.refuse(error.reason)
            return
        del buffer[:start]
        self.partial_since = self._network.schedule.at if buffer else 0
        if frames:
            self.stage.read(self, frames)

    # The switch's side: what the gateway asks of a connection

    def queue(self, payload: bytes) -> None:
        """Put a message among those that `flush` sends."""
        self._outgoing.append(payload)

    def flush(self) -> None:
        """Send what is queued in one write; a peer that does not read is cut off (W16)."""
        payloads, self._outgoing = self._outgoing, []
        if not self.open or self._aborted or self.stage is None or not self.stage.let_out():
            return
        network, link, decode = self._network, self.link, self.codec.decode
        at = network.schedule.at
        for payload in payloads:
            message = decode(payload)
            network.observe(SwitchSent(at, link, payload, message))
            self._sent[payload] = message
        self._carry_down(b"".join([self.framing.wrap(payload) for payload in payloads]))
        if self._unread_bytes > OUTBOUND_BYTES_MAX:
            self.refuse("the peer does not read what it is sent")

    def refuse(self, reason: str) -> None:
        """Close at once, and say why."""
        if self.open and not self._aborted and self.stage is not None:
            self._aborted = True
            self.stage.refused(self, reason)
            self._later(self._network.schedule.at, self._switch_loses)
            self._tell_bank()

    def pause_reading(self) -> None:
        """Read no more until told to."""
        self._reading = False

    def resume_reading(self) -> None:
        """Read on."""
        self._reading = True
        parked, self._parked = self._parked, []
        for data in parked:
            self._arrive_up(data)

    def _carry_down(self, data: bytes) -> None:
        network = self._network
        if network.drops.strikes():
            self.reset()
            return
        self._unread_bytes += len(data)
        if self._void_down:
            return
        if network.slow_readers.strikes():
            pause = network.trouble.randint(*READING_PAUSE_US)
            self._down_at = max(self._down_at, network.schedule.at + pause)
        self._down_at = at = self._arrival(self._down_at)
        self._later(at, self._arrive_down, data)

    def _arrive_down(self, data: bytes) -> None:
        self._unread_bytes -= len(data)
        if not self.bank_open:
            return
        buffer = self._from_switch
        buffer += data
        payloads, start = self.framing.take(buffer, 0, len(buffer))
        del buffer[:start]
        for payload in payloads:
            message = self._sent.pop(payload, None) or self.codec.decode(payload)
            if self.bank_open:
                self.station.received(self, message)

    # Trouble

    def reset(self) -> None:
        """The connection breaks; both sides hear of it sooner or later."""
        self._later(self._network.schedule.at, self._switch_loses)
        self._tell_bank()

    def died(self) -> None:
        """The switch's process is gone: the bank hears of it, if it does, from the system."""
        self.open = False
        self.stage = None
        if self._network.half_open.strikes():
            self._void_up = True
            self._later(self._silence(), self._bank_loses)
        else:
            self._tell_bank()

    def _go_silent(self) -> None:
        """One side is gone and the other not told; the system finds out in the end (W01)."""
        self._void_up = self._void_down = True
        first, second = self._bank_loses, self._switch_loses
        if self._network.trouble.random() < 0.5:
            first, second = second, first
        self._later(self._network.schedule.at, first)
        self._later(self._silence(), second)

    def _silence(self) -> int:
        return self._network.schedule.at + self._network.trouble.randint(*SILENCE_US)

    def _tell_bank(self) -> None:
        at = max(self._down_at, self._network.schedule.at + DELAY_US[0])
        self._later(at, self._bank_loses)

    def _switch_loses(self) -> None:
        if self.open:
            self.open = False
            if self.stage is not None and self.stage.alive:
                self.stage.gone(self)
            self._outgoing.clear()
            self._tell_bank()

    def _bank_loses(self) -> None:
        if self.bank_open:
            self.bank_open = False
            self.station.lost(self)

    def _arrival(self, after: int) -> int:
        network = self._network
        dice: Random = network.dice
        delay = DELAY_US[0] + int(dice.random() * (DELAY_US[1] - DELAY_US[0]))
        if network.delays.strikes():
            delay = network.trouble.randint(*LONG_DELAY_US)
        at = network.schedule.at + delay
        return at if at > after else after

    def _later(self, at: int, call: Callable[..., None], *told: bytes) -> None:
        schedule = self._network.schedule
        schedule.after(at - schedule.at, call, *told)
