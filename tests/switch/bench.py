"""A whole switch on a bench: messages in, messages out, time by hand, a journal in memory.

What the runtime does with sockets and a disk happens here in one thread: a message is read by the
dialect, the switch decides, its records are kept, and what it sends lies in the inbox of a link.
After every step the bench checks what must always hold: a record before its reply (I4), and
positions that sum to zero (I1).
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from altyn.card import check_digit
from altyn.clock import Instant, TransmissionClock
from altyn.gateway import Outbound, find_evidence
from altyn.identifiers import LinkId, ParticipantId
from altyn.message import Message, dialect, load_codec
from altyn.money import Rate, Rounding
from altyn.registry import (
    FAR_AWAY_US,
    BinRange,
    Participant,
    Registry,
    Scheme,
    StandInTerms,
    Window,
    fact_of,
)
from altyn.switch import (
    Advise,
    Alarm,
    Disconnect,
    Effect,
    FileUpdateRequested,
    Forward,
    LinkDown,
    LinkTerms,
    LinkUp,
    NetworkAnswered,
    NetworkReply,
    NetworkRequest,
    NetworkRequested,
    PositionLine,
    Recall,
    Recalled,
    Record,
    RegistryActivated,
    Reply,
    Switch,
    SwitchState,
    TimeDue,
    Unserved,
    recall,
    recover,
    replay,
    save_snapshot,
)
from altyn.transaction import TRANSACTION_ENTRY, Flag, Stage, entries
from tests.switch.memory_storage import MemoryStorage

SECOND_US = 1_000_000
START = datetime(2026, 7, 5, 10, 0, 0, tzinfo=UTC)
SCHEME_INSTITUTION = "900001"

CODEC = load_codec("altyn87")
Value = Scheme | Participant | BinRange | Rate | StandInTerms


def bank(
    name: str, institution: str, country: str = "TR", currency: str = "TRY", **caps: int
) -> Participant:
    """An issuer and acquirer; caps in minor units by currency."""
    roles = frozenset({"issuer", "acquirer"})
    return Participant(
        ParticipantId(name), name, country, currency, roles, (institution,), "active", caps
    )


def bin_range(prefix: str, issuer: str, currency: str = "TRY") -> BinRange:
    """Cards of 16 digits."""
    return BinRange(prefix, ParticipantId(issuer), "CLASSIC", currency, frozenset({16}))


def scheme(cross_border: str = "USD", unmatched: str = "25") -> Scheme:
    """The scheme itself."""
    return Scheme(
        "TEST", "Test", SCHEME_INSTITUTION, "UTC", "", cross_border, unmatched, Rounding.HALF_UP
    )


def stand_in(issuer: str, *windows: Window, **changes: Any) -> StandInTerms:
    """Terms for every debit of an issuer: 500.00 TRY at most each, all that is not said allowed."""
    terms = StandInTerms(
        f"{issuer}-1",
        ParticipantId(issuer),
        "",
        (),
        0,
        FAR_AWAY_US,
        "TRY",
        50_000,
        windows,
    )
    return replace(terms, **changes)


def registry_of(*values: Value) -> Registry:
    """A registry of these values and, where none is among them, a scheme."""
    has_scheme = any(isinstance(value, Scheme) for value in values)
    all_values = values if has_scheme else (scheme(), *values)
    return Registry([fact_of(value) for value in all_values])


def card_number(prefix: str, number: int) -> str:
    """A card number of 16 digits with its check digit."""
    body = prefix + f"{number:0{15 - len(prefix)}d}"
    return body + check_digit(body)


SEA, HILL = bank("SEA", "400101"), bank("HILL", "400102")
TWO_BANKS = registry_of(SEA, HILL, bin_range("990001", "SEA"), bin_range("990002", "HILL"))
SEA_CARD, HILL_CARD = card_number("990001", 1), card_number("990002", 1)


def terms_of(participant: str, **changes: Any) -> LinkTerms:
    """A link of a participant, called by its name in small letters; nobody signs on."""
    terms = LinkTerms(
        LinkId(participant.lower()),
        ParticipantId(participant),
        "none",
        10 * SECOND_US,
        25 * SECOND_US,
        0,
        1_000,
    )
    return terms._replace(**changes)


class Bench:
    """A switch with a link for every participant, all of them up."""

    def __init__(
        self,
        registry: Registry = TWO_BANKS,
        terms: Iterable[LinkTerms] | None = None,
        start: datetime = START,
    ) -> None:
        self.registry = registry
        self.terms = tuple(terms or (terms_of(name) for name in registry.participants))
        self.storage = MemoryStorage()
        self.inbox: dict[str, list[Message]] = {entry.link_id: [] for entry in self.terms}
        self.alarms: list[str] = []
        self.disconnected: list[str] = []
        self.effects: list[Effect] = []
        self.on_effect: Callable[[Effect], None] = lambda _: None
        self._utc_us = int(start.timestamp()) * SECOND_US
        self._started_us = self._utc_us
        self._clock = TransmissionClock()
        self._outbound = Outbound(SCHEME_INSTITUTION)
        self._answered: set[tuple[str, ...]] = set()
        self._stans = iter(range(1, 1_000_000))
        day = start.year * 10_000 + start.month * 100 + start.day
        self.switch = Switch(SwitchState(registry, day), self.terms, find_evidence)
        self._take(self.switch.open(self.now))
        self.raise_links()

    @property
    def now(self) -> Instant:
        """Both clocks."""
        return Instant(self._utc_us, self._utc_us - self._started_us)

    @property
    def state(self) -> SwitchState:
        """What the switch remembers."""
        return self.switch.state

    @property
    def transmission(self) -> str:
        """DE7 of now."""
        return self._clock.write(self._utc_us)

    def step(self, event: object) -> list[Effect]:
        """One event, everything it leads to, and the checks."""
        effects = self.switch.step(event, self.now)
        self._take(effects)
        return effects

    def wait(self, seconds: float) -> None:
        """Let time pass, and the switch look at the clock."""
        self._utc_us += round(seconds * SECOND_US)
        self.step(TimeDue())

    def step_clock(self, seconds: int) -> None:
        """Somebody sets the clock; no time has passed."""
        self._utc_us += seconds * SECOND_US
        self._started_us += seconds * SECOND_US

    def raise_links(self) -> None:
        """Every link stands."""
        for entry in self.terms:
            self.step(LinkUp(entry.link_id))

    def drop(self, link: str) -> None:
        """A link's last connection is gone, with what lay in its inbox."""
        self.step(LinkDown(LinkId(link)))
        self.inbox[link].clear()

    def up(self, link: str) -> None:
        """A link's first connection stands."""
        self.step(LinkUp(LinkId(link)))

    def activate(self, *values: Value) -> None:
        """Another version of the registry takes force."""
        self.registry = registry_of(*values)
        self.step(RegistryActivated(self.registry.facts))

    def snapshot(self) -> None:
        """Keep a snapshot of the state at the end of the journal."""
        self.storage.save_snapshot(save_snapshot(self.state)(self.storage.end().hash))

    def restart(self) -> None:
        """The switch dies, and a new one recovers from the journal; the links come up again."""
        positions = standing(self.state)
        recovered = recover(self.storage)
        assert recovered is not None
        assert standing(recovered) == positions, "recovery gives other positions"
        self.switch = Switch(recovered, self.terms, find_evidence)
        for messages in self.inbox.values():
            messages.clear()
        self._take(self.switch.resume(self.now))
        self.raise_links()

    def send(self, link: str, message: Message) -> None:
        """A message comes over a link."""
        message = CODEC.decode(CODEC.encode(message))
        event: object = dialect.read(message, link, link)
        if isinstance(event, dialect.Network):
            link_id = LinkId(link)
            if event.answer is None:
                event = NetworkRequested(
                    link_id,
                    event.code,
                    event.institution,
                    link,
                    event.payload,
                    event.transmission,
                )
            else:
                event = NetworkAnswered(link_id, event.code, event.stan, event.answer)
        elif isinstance(event, dialect.FileUpdate):
            event = FileUpdateRequested(LinkId(link), *event[:-1], link, event.payload)
        elif isinstance(event, dialect.Unsupported):
            event = Unserved(
                LinkId(link), event.payload.mti, event.wants_reply, link, event.payload
            )
        self.step(event)

    def taken(self, link: str) -> Message:
        """The one message in an inbox, taken out."""
        (message,) = self.inbox[link]
        self.inbox[link].clear()
        return message

    def ask(self, link: str, message: Message) -> Message:
        """Send, and take the one answer that comes at once."""
        self.send(link, message)
        return self.taken(link)

    def request(
        self,
        card: str = HILL_CARD,
        amount: int = 12_000,
        mti: str = "0200",
        acquirer: str = "400101",
        **changes: Any,
    ) -> Message:
        """A request; changes are fields as f4="...", None takes one out."""
        stan = next(self._stans)
        fields: dict[int, str | None] = {
            2: card,
            3: "000000",
            4: f"{amount:012d}",
            7: self.transmission,
            11: f"{stan:06d}",
            12: "101112",
            13: "0705",
            14: "4912",
            18: "5411",
            22: "051",
            25: "00",
            32: acquirer,
            37: f"RRN{stan:09d}",
            41: "TERM0001",
            42: "MERCHANT0000001",
            43: "Corner shop".ljust(38) + "TR",
            49: "949",
        }
        fields |= {int(key[1:]): value for key, value in changes.items()}
        return Message(mti, {n: value for n, value in fields.items() if value is not None})

    def about(
        self, original: Message, mti: str = "0400", standing: int | None = None, **changes: Any
    ) -> Message:
        """A reversal (or completion) of an original, by DE90; `standing` goes into DE95."""
        fields = original.fields
        named = original.mti[:3] + "0" + str(fields[11]) + str(fields[7])
        if standing is not None:
            changes["f95"] = f"{standing:012d}".ljust(42, "0")
        return self.request(
            str(fields.get(2, "")),
            int(str(fields.get(4, "0"))),
            mti,
            str(fields[32]),
            **{
                "f37": fields.get(37),
                "f41": fields.get(41),
                "f49": fields.get(49),
                "f90": named + str(fields[32]).rjust(11, "0") + "0" * 11,
                **changes,
            },
        )

    def buy(self, code: str = "00", link: str = "hill", **terms: Any) -> tuple[Message, Message]:
        """A request that its issuer answers: the request and the reply."""
        request = self.request(**terms)
        self.send("sea", request)
        seen = self.inbox[link].pop()  # advices to this issuer may lie below it
        self.send(link, answer_to(seen, code))
        return request, self.taken("sea")

    def nets(self) -> dict[str, int]:
        """The net position of each participant, over all days; one currency only."""
        sums: dict[str, int] = {}
        for line in self.state.positions.lines():
            sums[line.participant] = sums.get(line.participant, 0) + line.net
        return {name: net for name, net in sums.items() if net}

    def held(self, participant: str, currency: str = "949") -> int:
        """What is held of a participant."""
        return self.state.positions.account(ParticipantId(participant), currency).held

    def expect_replay(self) -> None:
        """The journal from its first entry on gives the positions and the advices owed."""
        replayed = replay(self.storage)
        assert replayed is not None
        assert standing(replayed) == standing(self.state)
        assert replayed.business_day == self.state.business_day
        assert replayed.stand_in.dump() == self.state.stand_in.dump()
        assert replayed.stand_in.latest_us == self.state.stand_in.latest_us
        assert replayed.stop_list.dump() == self.state.stop_list.dump()
        for participant, side in self.state.issuers.items():
            there = replayed.issuer(participant)
            assert there.advices.standing() == side.advices.standing(), participant
            assert set(there.pending) == set(side.pending), participant

    def _take(self, effects: list[Effect]) -> None:
        """Carry effects out in order; a reply without its record before it is an error."""
        records: list[Record] = []
        self.effects += effects
        for effect in effects:
            if isinstance(effect, Record):
                records.append(effect)
                self._note(effect)
        self.storage.write(records)
        for effect in self._checked(effects):
            self.on_effect(effect)
            self._carry_out(effect)
        assert self.state.sequence == self.storage.end().sequence
        assert not self.state.positions.imbalances()

    def _checked(self, effects: list[Effect]) -> list[Effect]:
        """The effects, once it is sure that no reply stands before its record (I4)."""
        outstanding = [effect for effect in effects if isinstance(effect, Record)]
        for effect in effects:
            if isinstance(effect, Record):
                outstanding.pop(0)
            elif isinstance(effect, Reply):
                payload = effect.payload
                assert isinstance(payload, Message)
                key = _identity(payload, effect.response_code)
                assert key in self._answered, "a reply that no record tells of"
                late = {_recorded(record) for record in outstanding}
                assert key not in late, "a reply before its record"
        return effects

    def _note(self, record: Record) -> None:
        key = _recorded(record)
        if key:
            # A repeat that names no terminal is answered as the one transaction of its key.
            self._answered |= {key, (*key[:4], "", key[5])}

    def _carry_out(self, effect: Effect) -> None:
        outbound = self._outbound
        if isinstance(effect, Reply):
            self._deliver(str(effect.origin), outbound.reply(effect))
        elif isinstance(effect, Forward):
            date = self.state.settlement_date(effect.transaction.business_day)
            self._deliver(effect.link_id, outbound.forward(effect, date))
        elif isinstance(effect, Advise):
            self._deliver(effect.link_id, outbound.advise(effect))
        elif isinstance(effect, NetworkRequest):
            self._deliver(effect.link_id, outbound.network(effect, self._utc_us))
        elif isinstance(effect, NetworkReply):
            assert isinstance(effect.payload, Message)
            reply = dialect.write_network_reply(effect.payload, effect.response_code)
            self._deliver(str(effect.origin), reply)
        elif isinstance(effect, Recall):
            found = [recall(self.storage, key, moment) for key, moment in effect.wanted]
            flat = tuple(entry for entries_of_key in found for entry in entries_of_key)
            self.step(Recalled(effect.request, flat))
        elif isinstance(effect, Disconnect):
            self.disconnected.append(effect.link_id)
        elif isinstance(effect, Alarm):
            self.alarms.append(effect.name)

    def _deliver(self, link: str, message: Message | dialect.Derived) -> None:
        data = CODEC.encode(message) if isinstance(message, Message) else CODEC.derive(*message)
        if self.switch.links[LinkId(link)].connected:
            self.inbox[link].append(CODEC.decode(data))


def standing(state: SwitchState) -> list[PositionLine]:
    """The positions that say something; an account that was only looked at says nothing."""
    return [line for line in state.positions.lines() if line.net or line.held]


def _identity(message: Message, code: str) -> tuple[str, ...]:
    """Which record must tell of a reply: type without its repeat, key fields, code."""
    get = message.fields.get
    reversal = message.mti[1] == "4"
    return (
        "04" if reversal else message.mti[:3],
        str(get(11, "")).strip(),
        str(get(7, "")).strip(),
        str(get(32, "")).lstrip("0"),
        str(get(41, "")).strip(),
        code,
    )


_MTI_OF_KIND = ("", "010", "020", "012", "022", "04", "04")


def _recorded(record: Record) -> tuple[str, ...]:
    """The same of a final record; empty for other entries and for the switch's own advices."""
    if record.kind != TRANSACTION_ENTRY:
        return ()
    body = record.body
    by_switch = entries.read_number(body, "flags") & Flag.BY_SWITCH
    if by_switch or entries.read_number(body, "stage") != Stage.FINISHED:
        return ()
    return (
        _MTI_OF_KIND[entries.read_number(body, "kind")],
        entries.read_text(body, "stan").strip(),
        entries.read_text(body, "transmission").strip(),
        entries.read_text(body, "acquirer").rstrip(),
        entries.read_text(body, "terminal").strip(),
        entries.read_text(body, "response_code").rstrip(),
    )


def answer_to(request: Message, code: str = "00", **changes: str | None) -> Message:
    """An issuer's answer to a request, or its acknowledgement of an advice."""
    echoed = (2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49)
    fields: dict[int, Any] = {n: request.fields[n] for n in echoed if n in request.fields}
    fields[39] = code
    if code == "00" and request.mti in ("0100", "0200"):
        fields[38] = f"A{request.fields[11]!s:.5}"
    fields |= {int(key[1:]): value for key, value in changes.items()}
    reply = {n: value for n, value in fields.items() if value is not None}
    return Message(dialect.reply_type(request.mti), reply)
