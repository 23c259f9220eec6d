"""The road of a message: frame, message, switch, journal, and only then out again.

Everything a step of the switch wants done goes into the batch under way: its records into
the next group commit, its sends behind it. When the commit is durable the sends leave, one
write per connection (I4).

There is no socket, clock, thread or disk in here: those are the Driver's. The same road is
driven by an event loop in production and by virtual time in the simulated world.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import cast

from altyn.clock import Instant
from altyn.gateway.driver import CommitOrder, Connection, Driver
from altyn.gateway.outbound import Outbound
from altyn.gateway.overload import COMMIT_PATIENCE_US, Overload
from altyn.gateway.traffic import Traffic
from altyn.identifiers import LinkId
from altyn.journal import BatchBuilder
from altyn.message import Codec, Message, MessageError, dialect
from altyn.switch import (
    Advise,
    Alarm,
    Disconnect,
    Effect,
    FileUpdateRequested,
    Forward,
    IntakeChanged,
    LoadMeasured,
    NetworkAnswered,
    NetworkReply,
    NetworkRequest,
    NetworkRequested,
    Recall,
    Recalled,
    Record,
    Reply,
    Shed,
    ShedRequest,
    Switch,
    Unserved,
    save_snapshot,
)
from altyn.transaction import Request, Response

FRAMES_PER_TURN = 128
"""A connection that brings so many requests at once is read again after the others."""

REFUSALS_PER_S = 200
"""While the intake is closed for want of room: each refusal needs a record, and so takes of the
room that is kept for answers and reversals (D01)."""

PAUSE_READING_EFFECTS = 50_000
"""So many sends waiting for the disk stop the reading of more."""

RECALLS_MAX = 1_000
"""So many look-ups in the journal may be under way; more are not made (I12)."""


class Line:
    """A link's codec and its open connections, which take turns; the driver keeps the list."""

    __slots__ = ("codec", "connections", "link_id", "turn")

    def __init__(self, link_id: LinkId, codec: Codec, connections: Sequence[Connection]) -> None:
        """`connections` is looked at each time, not copied."""
        self.link_id = link_id
        self.codec = codec
        self.connections = connections
        self.turn = 0

    def next_connection(self) -> Connection | None:
        """The connection whose turn it is; None when none is open."""
        connections = self.connections
        if not connections:
            return None
        self.turn = (self.turn + 1) % len(connections)
        return connections[self.turn]


class Gateway:
    """Feeds the switch and carries out what it decides."""

    def __init__(
        self, switch: Switch, outbound: Outbound, driver: Driver, snapshot_every_entries: int
    ) -> None:
        """Begin with an empty batch at the end of the journal."""
        self.switch = switch
        self.lines: dict[LinkId, Line] = {}
        self.line_of: dict[Connection, Line] = {}
        self.traffic = Traffic()
        self.halted = False
        """Whether an error of ours or of the journal has ended everything."""
        self.released = switch.state.sequence
        """Up to which entry everything decided is durable and sent."""
        self.overload = Overload()
        self.crowded: set[Connection] = set()
        """Connections with more requests than a turn takes, since `watch` was called last."""
        self._outbound = outbound
        self._driver = driver
        self._snapshot_every = snapshot_every_entries
        self._next_snapshot = switch.state.sequence + snapshot_every_entries
        self._builder = BatchBuilder(switch.state.sequence + 1)
        self._sends: list[Effect] = []
        self._leaving: list[Effect] = []
        self._committing = False
        self._scheduled = False
        self._paused: list[Connection] = []
        self._turning: list[Connection] = []
        self._held: list[Connection] = []
        self._shed_requests: dict[tuple[str, str], ShedRequest] = {}
        self._refusals_max: int | None = None
        self._batch_from_us = self._leaving_from_us = 0
        self._watched_us = 0
        self._taken = 0
        self._recalls = 0
        self._leaving_to = switch.state.sequence
        self._senders: dict[type, Callable[[Effect], None]] = {
            Reply: self._send_reply,
            Forward: self._send_forward,
            Advise: self._send_advice,
            NetworkRequest: self._send_network,
            NetworkReply: self._send_network_reply,
            Disconnect: self._disconnect,
        }
        # In the order of their first send: a set's order would differ from run to run.
        self._touched: dict[Connection, None] = {}

    def frames(self, connection: Connection, frames: list[bytes]) -> None:
        """Take the frames that one read brought."""
        line = self.line_of[connection]
        now = self._driver.now()
        step, decode, link_id = self._step, line.codec.decode, line.link_id
        if not self._batch_from_us:
            self._batch_from_us = now.monotonic_us
        event: object = None
        is_shedding = self.overload.shed > 0
        self._taken += len(frames)
        for frame in frames:
            try:
                message = decode(frame)
                if is_shedding and self._shed(message, link_id, connection, now):
                    continue
                event = dialect.read(message, link_id, connection)
            except MessageError as error:
                if not self._unreadable(connection, link_id, error, now):
                    break
                continue
            except Exception as error:  # noqa: BLE001 ours, but the switch has seen none of it
                # Its text may hold what the message said: only its kind is told.
                self._driver.alarm("decoder-failed", f"link {link_id}: {type(error).__name__}")
                connection.refuse("a message could not be read")
                break
            if self._shed_requests and event.__class__ is Request:
                self._shed_first(event, link_id, now)
            if event.__class__ is not Request and event.__class__ is not Response:
                step(_network_event(event, link_id, connection), now)
            else:
                step(event, now)
        if self._shed_requests:
            self._tell_shed(link_id, now)
        self._mind_reading(connection, len(frames), event)

    def _mind_reading(self, connection: Connection, count: int, last_event: object) -> None:
        """Read less from a peer that brings more than can be taken."""
        if len(self._sends) > PAUSE_READING_EFFECTS:
            connection.pause_reading()
            self._paused.append(connection)
        elif self._refusals_max is not None and self.switch.refusals >= self._refusals_max:
            connection.pause_reading()
            self._held.append(connection)
        elif count >= FRAMES_PER_TURN and last_event.__class__ is not Response:
            self._take_turns(connection)

    def _shed(
        self, message: Message, link_id: LinkId, connection: Connection, now: Instant
    ) -> bool:
        """Refuse a new request unread when its turn comes, evenly spread; False: serve it."""
        claim = dialect.read_claim(message)
        if claim is None or self.halted or not self.overload.choose():
            return False
        kind, acquirer, stan, transmission, terminal = claim
        named = self.switch.may_shed(link_id, kind, acquirer, stan, transmission, terminal, now)
        if named is None or (named[0], terminal) in self._shed_requests:
            return False
        key, moment = named
        self._shed_requests[key, terminal] = ShedRequest(key, terminal, moment, connection, message)
        return True

    def _shed_first(self, request: Request, link_id: LinkId, now: Instant) -> None:
        """What a message may be about must be known before it is told."""
        names = request.key, request.terminal
        if names in self._shed_requests or request.original is not None or not names[1].strip():
            self._tell_shed(link_id, now)

    def _tell_shed(self, link_id: LinkId, now: Instant) -> None:
        requests = tuple(self._shed_requests.values())
        self._shed_requests.clear()
        self._step(Shed(link_id, requests), now)

    def _take_turns(self, connection: Connection) -> None:
        """Read from the others, issuers before all, and only then from this one again."""
        connection.pause_reading()
        self.crowded.add(connection)
        if not self._turning:
            self._driver.soon(self._next_turn)
        self._turning.append(connection)

    def _next_turn(self) -> None:
        turning, self._turning = self._turning, []
        for connection in turning:
            connection.resume_reading()

    def watch(self, unread_us: int, interval_us: int) -> None:
        """Look at how long requests wait; the driver calls it every `interval_us`.

        unread_us: how long what lies in the sockets will have waited when it is read.
        """
        now = self._driver.now()
        late_us = max(0, now.monotonic_us - self._watched_us - interval_us)
        late_us = late_us if self._watched_us else 0
        self._watched_us = now.monotonic_us
        from_us = self._leaving_from_us or self._batch_from_us or now.monotonic_us
        held_us = max(0, now.monotonic_us - from_us - COMMIT_PATIENCE_US)
        self.crowded.clear()
        taken, self._taken = self._taken, 0
        if self.overload.sample(now.monotonic_us, unread_us + late_us + held_us, taken):
            self._step(LoadMeasured(self.overload.shed, self.overload.active), now)

    def close_intake(self, reason: str) -> None:
        """Refuse new requests, and no more of them in a second than the room bears (D01). Call it
        every second as long as it holds: connections that brought too many are read again."""
        self.tell(IntakeChanged(open=False, reason=reason))
        spent = self.switch.refusals
        due = REFUSALS_PER_S + (spent if self._refusals_max is None else self._refusals_max)
        self._refusals_max = min(due, spent + REFUSALS_PER_S)
        if spent < self._refusals_max:
            self._read_held()

    def open_intake(self, reason: str) -> None:
        """Take new requests again."""
        if self._refusals_max is not None:
            self._refusals_max = None
            self.tell(IntakeChanged(open=True, reason=reason))
            self._read_held()

    def _read_held(self) -> None:
        held, self._held = self._held, []
        for connection in held:
            connection.resume_reading()

    def tell(self, event: object) -> None:
        """Tell the switch something that no message said."""
        self._step(event, self._driver.now())

    def _step(self, event: object, now: Instant) -> None:
        """Tell the switch an event and take what it decides.

        After an error of ours in between, the state is no longer what the journal will say:
        nothing more is taken, written or sent, and a restart begins from the journal.
        """
        if self.halted:
            return
        try:
            self._take(self.switch.step(event, now))
        except Exception as error:  # noqa: BLE001 whatever it is, the state is doubtful now
            self.halted = True
            self._driver.switch_failed(error)

    def carry_out(self, effects: Iterable[Effect]) -> None:
        """Carry out effects that came of no event, as when a switch resumes."""
        self._take(effects)

    def _unreadable(
        self, connection: Connection, link_id: LinkId, error: MessageError, now: Instant
    ) -> bool:
        """Answer 30 when it can be said to what, take an answer for an invalid one (W07, F04);
        where not even that can be said, close. True when the line may go on: its frames are sound,
        and up to a thousand other answers may be on their way over it."""
        self.traffic.unreadable += 1
        partial = error.partial
        self._driver.alarm("unreadable-message", f"link {link_id}: {error}")
        if partial is not None and 11 in partial.fields:
            event = dialect.read(partial, link_id, connection, defect=error.reason)
            if event.__class__ is Request or event.__class__ is Response:
                self._step(event, now)
            elif dialect.wants_reply(event) and not self.halted:
                self._take([NetworkReply(connection, partial, "30")])
            return True
        connection.refuse("a message could not be read")
        return False

    def _take(self, effects: Iterable[Effect]) -> None:
        builder, sends = self._builder, self._sends
        for effect in effects:
            kind = effect.__class__
            if kind is Record:
                builder.append(*effect)
            elif kind is Alarm:
                self._driver.alarm(*effect)
            elif kind is Recall:
                self._recall(cast("Recall", effect))
            else:
                sends.append(effect)
        if not self._committing and not self._scheduled:
            self._scheduled = True
            self._driver.soon(self._commit)

    def _commit(self) -> None:
        """Hand the batch under way to the committer, or let its sends go if it has no entry."""
        self._scheduled = False
        if self._committing or self.halted:
            return
        builder = self._builder
        if not len(builder):
            sends, self._sends = self._sends, []
            self._batch_from_us = 0
            self._release(sends)
            self._read_on()
            return
        state = self.switch.state
        snapshot = None
        if state.sequence >= self._next_snapshot:
            self._next_snapshot = state.sequence + self._snapshot_every
            snapshot = save_snapshot(state)
        self._committing = True
        self._leaving_from_us, self._batch_from_us = self._batch_from_us, 0
        self._leaving, self._sends = self._sends, []
        self._leaving_to = state.sequence
        self._builder = BatchBuilder(state.sequence + 1)
        self._driver.commit(CommitOrder(builder, snapshot))

    def committed(self) -> None:
        """The batch is durable, says the driver: start the next one, let this one's sends leave."""
        leaving, self._leaving = self._leaving, []
        leaving_to = self._leaving_to
        self._leaving_from_us = 0
        self._committing = False
        if len(self._builder):
            self._commit()
        self._release(leaving)
        self.released = leaving_to
        if not self._committing and (self._sends or len(self._builder)):
            self._commit()
        self._read_on()

    def _read_on(self) -> None:
        """Read again from connections that were too quick for the disk."""
        if self._paused and len(self._sends) < PAUSE_READING_EFFECTS // 2:
            for connection in self._paused:
                connection.resume_reading()
            self._paused.clear()

    def commit_failed(self, error: BaseException) -> None:
        """The driver says that the batch may not be durable: nothing leaves any more (D02)."""
        self.halted = True
        self._driver.journal_failed(error)

    def snapshot_failed(self, error: BaseException) -> None:
        """The driver says that a snapshot could not be kept: a restart will take longer."""
        self._driver.alarm("snapshot-not-kept", type(error).__name__)

    def _release(self, effects: list[Effect]) -> None:
        senders, touched = self._senders, self._touched
        for effect in effects:
            try:
                senders[effect.__class__](effect)
            except Exception as error:  # noqa: BLE001 it is lost as on a line that just broke
                self._driver.alarm(
                    "not-sent", f"{effect.__class__.__name__}: {type(error).__name__}"
                )
        for connection in touched:
            connection.flush()
        touched.clear()

    def _queue(
        self, connection: Connection, line: Line, message: Message | dialect.Derived
    ) -> None:
        codec = line.codec
        try:
            if isinstance(message, Message):
                connection.queue(codec.encode(message))
            else:
                connection.queue(codec.derive(*message))
        except MessageError as error:
            self._queue_without(connection, line, message, error)
            return
        self._touched[connection] = None

    def _queue_without(
        self,
        connection: Connection,
        line: Line,
        message: Message | dialect.Derived,
        error: MessageError,
    ) -> None:
        """Send what the receiver's dialect cannot write without the field it lacks, if it can do
        without: an issuer may add more to an answer than the acquirer can read."""
        lean = None if isinstance(message, Message) else dialect.without(message, error.field)
        if lean is None:
            self._driver.alarm("unwritable-message", f"link {line.link_id}: {error}")
            return
        self._driver.alarm("field-left-out", f"link {line.link_id}: {error}")
        self._queue(connection, line, lean)

    def _send_reply(self, effect: Effect) -> None:
        assert isinstance(effect, Reply), "the table of senders is wrong"
        connection = cast("Connection | None", effect.origin)
        self.traffic.count_reply(effect.response_code)
        if connection is not None and connection.open:
            line = self.line_of[connection]
            self._queue(connection, line, self._outbound.reply(effect))
        else:
            self.traffic.undelivered += 1  # it is in the journal; a repeat gets it (F20)

    def _send_forward(self, effect: Effect) -> None:
        assert isinstance(effect, Forward), "the table of senders is wrong"
        date = self.switch.state.settlement_date(effect.transaction.business_day)
        self._send_over(effect.link_id, self._outbound.forward(effect, date))
        self.traffic.forwarded += 1

    def _send_advice(self, effect: Effect) -> None:
        assert isinstance(effect, Advise), "the table of senders is wrong"
        self._send_over(effect.link_id, self._outbound.advise(effect))
        self.traffic.advices += 1

    def _send_network(self, effect: Effect) -> None:
        assert isinstance(effect, NetworkRequest), "the table of senders is wrong"
        self._send_over(effect.link_id, self._outbound.network(effect, self._driver.now().utc_us))

    def _send_over(self, link_id: LinkId, message: Message | dialect.Derived) -> None:
        """Send over the link's next connection. When there is none any more, what was to be
        sent is lost as on a line that just broke; deadlines and repeats take care of it."""
        line = self.lines.get(link_id)
        connection = None if line is None else line.next_connection()
        if line is not None and connection is not None:
            self._queue(connection, line, message)

    def _send_network_reply(self, effect: Effect) -> None:
        assert isinstance(effect, NetworkReply), "the table of senders is wrong"
        connection, payload = cast("Connection | None", effect.origin), effect.payload
        assert isinstance(payload, Message), "a network message carries its message"
        if connection is not None and connection.open:
            message = dialect.write_network_reply(payload, effect.response_code)
            self._queue(connection, self.line_of[connection], message)

    def _disconnect(self, effect: Effect) -> None:
        assert isinstance(effect, Disconnect), "the table of senders is wrong"
        line = self.lines.get(effect.link_id)
        for connection in list(line.connections) if line else ():
            connection.refuse("the peer does not answer echo tests")

    def _recall(self, effect: Recall) -> None:
        """Look the wanted transactions up beside the loop, then tell the switch."""
        if self._recalls >= RECALLS_MAX:
            self._driver.alarm("recall-overloaded", f"link {effect.request.link_id}")
            return
        self._recalls += 1
        self.traffic.recalled += 1
        self._driver.look_up(effect)

    def recalled(self, found: Recalled) -> None:
        """The driver says what the journal holds."""
        self._recalls -= 1
        self.tell(found)

    def recall_failed(self, error: BaseException) -> None:
        """The driver could not look. Not answered is safe: whoever asked repeats."""
        self._recalls -= 1
        self._driver.alarm("recall-failed", type(error).__name__)

    @property
    def in_flight(self) -> bool:
        """Whether an issuer was asked and has not answered yet."""
        return any(issuer.pending for issuer in self.switch.state.issuers.values())


def _network_event(
    event: dialect.Read, link_id: LinkId, connection: Connection
) -> NetworkRequested | NetworkAnswered | FileUpdateRequested | Unserved:
    if isinstance(event, dialect.Network):
        if event.answer is None:
            return NetworkRequested(
                link_id,
                event.code,
                event.institution,
                connection,
                event.payload,
                event.transmission,
            )
        return NetworkAnswered(link_id, event.code, event.stan, event.answer)
    if isinstance(event, dialect.FileUpdate):
        return FileUpdateRequested(link_id, *event[:-1], connection, event.payload)
    assert isinstance(event, dialect.Unsupported), "requests and responses are events themselves"
    return Unserved(link_id, event.payload.mti, event.wants_reply, connection, event.payload)
