"""The switch: told an event and the time, it says what must happen. It does nothing itself.

    step(event, now) -> effects

No sockets, no clock, no randomness: the same events in the same order give the same effects
and the same state, in production, in simulation and in replay.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from altyn.clock import MICROSECONDS_PER_SECOND, Instant, following_day
from altyn.identifiers import LinkId
from altyn.money import currency_of
from altyn.registry import Registry
from altyn.switch import (
    authorization,
    delivery,
    file_update,
    line_watch,
    network_management,
    refund,
    reversal,
    shedding,
    standin,
)
from altyn.switch.desk import Desk, hold_no_keys
from altyn.switch.effects import Effect, NetworkReply, Recall
from altyn.switch.events import (
    AdviceOrdered,
    CutOverOrdered,
    FileUpdateRequested,
    IntakeChanged,
    LinkDown,
    LinksChanged,
    LinkUp,
    LoadMeasured,
    NetworkAnswered,
    NetworkRequested,
    Recalled,
    RegistryActivated,
    Shed,
    StopListLoaded,
    TimeDue,
    Unserved,
)
from altyn.switch.evidence import CardVerifier
from altyn.switch.link import Link, LinkTerms
from altyn.switch.state import SwitchState
from altyn.transaction import REQUEST_KINDS, Kind, Outcome, Request, Response, State, original_key

OVERLOAD_FACTS: Final = {True: "overloaded", False: "overload-over"}

_IN_FLIGHT: Final = State.IN_FLIGHT


class Switch:
    """One switch over one state. `resume` once after recovery, then `step` for every event."""

    def __init__(
        self,
        state: SwitchState,
        terms: Iterable[LinkTerms],
        verify_card: CardVerifier = hold_no_keys,
    ) -> None:
        """A switch over a state, fresh or recovered; no link is connected yet.

        verify_card: asked by stand-in about what only a holder of the card's keys can check.
        """
        self.state = state
        self._desk = Desk(state, terms, verify_card)
        self._handlers: Mapping[type, Callable[[Any], None]] = {
            Request: self._on_request,
            Response: self._on_response,
            TimeDue: self._on_time,
            LinkUp: self._on_link_up,
            LinkDown: self._on_link_down,
            NetworkRequested: self._on_network_request,
            NetworkAnswered: self._on_network_answer,
            FileUpdateRequested: self._on_file_update,
            StopListLoaded: self._on_stop_list,
            Unserved: self._on_unserved,
            Recalled: self._on_recalled,
            RegistryActivated: self._on_registry,
            CutOverOrdered: self._on_cut_over,
            AdviceOrdered: self._on_advice_order,
            IntakeChanged: self._on_intake,
            LinksChanged: self._on_links_changed,
            LoadMeasured: self._on_load_measured,
            Shed: self._on_shed,
        }

    def step(self, event: object, now: Instant) -> list[Effect]:
        """Take one event; give what must happen, in order."""
        desk = self._desk
        desk.now = now
        effects: list[Effect] = []
        desk.effects = effects
        self._handlers[event.__class__](event)
        return effects

    def open(self, now: Instant) -> list[Effect]:
        """Write the first entries of an empty journal: the registry, the first business day."""
        desk = self._desk
        desk.now = now
        effects: list[Effect] = []
        desk.effects = effects
        self._on_registry(RegistryActivated(self.state.registry.facts))
        desk.record_fact(fact="opened", opened=self.state.business_day)
        return effects

    def resume(self, now: Instant) -> list[Effect]:
        """After recovery: end what was in flight when the switch stopped (F22).

        Whether those issuers approved is not known, so each is declined and reversed; an
        acquirer that repeats its request is answered from what is recorded here.
        """
        desk = self._desk
        desk.now = now
        effects: list[Effect] = []
        desk.effects = effects
        ended = 0
        for issuer in list(self.state.issuers.values()):
            for transaction in list(issuer.pending.values()):
                desk.end_unanswered(transaction, Outcome.SWITCH_RESTARTED)
                ended += 1
            desk.watch_level(issuer.advices)
        desk.record_fact(fact="switch-started", ended_in_flight=ended)
        return effects

    @property
    def counts(self) -> Mapping[str, int]:
        """How often each alarm was raised since the start."""
        return self._desk.counts

    @property
    def refusals(self) -> int:
        """How many messages were refused at once, with a record, since the start."""
        return self._desk.refusals

    @property
    def links(self) -> Mapping[LinkId, Link]:
        """The links as they stand."""
        return self._desk.links

    def _on_request(self, request: Request) -> None:
        self._handle(request, recalled=False)

    def _handle(self, request: Request, recalled: bool) -> None:
        desk = self._desk
        link = desk.links.get(LinkId(request.link_id))
        if link is None:
            return  # recalled for a link that a reload has closed meanwhile (F38)
        request.transmitted_s = desk.moment_of(request.transmission)
        acquirer = authorization.identify(desk, request, link)
        if isinstance(acquirer, Outcome):
            desk.refuse(request, acquirer)
            return
        known = self.state.find(request.key, request.terminal)
        if known is not None:
            authorization.repeat_of(desk, request, known)
            return
        if authorization.outside_window(desk, request):
            desk.refuse(request, Outcome.OUTSIDE_TIME_WINDOW)
            return
        if not recalled:
            wanted = self._to_recall(request)
            if wanted:
                desk.effects.append(Recall(request, wanted))
                return
        if not link.usable:
            may_decline = request.kind in REQUEST_KINDS
            too_early = Outcome.NOT_SIGNED_ON if may_decline else Outcome.ADVICE_BEFORE_SIGN_ON
            desk.refuse(request, too_early)
            return
        if acquirer.profile is not None and not authorization.in_profile(request, acquirer.profile):
            desk.alarm("outside-profile", f"link {request.link_id}, {request.kind.name}")
            desk.refuse(request, Outcome.OUTSIDE_PROFILE)
        elif request.kind in REQUEST_KINDS:
            authorization.authorize(desk, request, acquirer)
        elif request.kind >= Kind.REVERSAL:
            reversal.reverse(desk, request)
        else:
            reversal.complete(desk, request)

    def _to_recall(self, request: Request) -> tuple[tuple[str, int], ...]:
        """What a request needs that may have left memory: its own earlier self, its original."""
        state, desk = self.state, self._desk
        wanted: tuple[tuple[str, int], ...] = ()
        moment = request.transmitted_s
        if state.may_be_elsewhere(request.key, request.acquirer, moment):
            wanted = ((request.key, moment),)
        original = request.original
        if original is not None and (
            request.kind not in REQUEST_KINDS or request.processing_code[:2] in refund.CREDITS
        ):
            then = desk.moment_of(original.transmission)
            key = original_key(original)
            if state.find(key, request.terminal) is None and state.may_be_elsewhere(
                key, original.acquirer, then
            ):
                wanted += ((key, then),)
        return wanted

    def _on_recalled(self, event: Recalled) -> None:
        for transaction in event.found:
            if self.state.find(transaction.key, transaction.terminal) is None:
                self.state.remember(transaction)
                self.state.finish(transaction)
                refund.adopt(self.state, transaction)
        self._handle(event.request, recalled=True)

    def _on_response(self, response: Response) -> None:
        desk = self._desk
        link = desk.links[LinkId(response.link_id)]
        if response.kind in REQUEST_KINDS:
            authorization.take_answer(desk, response, link)
            return
        delivery.take_acknowledgement(desk, response, link)

    def _on_time(self, _: TimeDue) -> None:
        desk = self._desk
        now_us = desk.now.monotonic_us
        for (link_id, timeout_us), queue in desk.deadlines.items():
            while queue:
                first = queue[0]
                if first.state is _IN_FLIGHT:
                    if first.deadline_us > now_us:
                        break
                    line_watch.count_late(desk, link_id, first.deadline_us - timeout_us)
                    desk.alarm("issuer-late", f"issuer {first.issuer}, STAN {first.issuer_stan}")
                    standin.end_or_stand_in(desk, first, Outcome.ISSUER_LATE)
                queue.popleft()
        desk.send_due_advices()
        for link in desk.links.values():
            if link.watch_due_us <= now_us:
                line_watch.watch(desk, link)

    def _on_link_up(self, event: LinkUp) -> None:
        desk = self._desk
        link = desk.links[event.link_id]
        link.up(desk.now.monotonic_us)
        desk.record_fact(fact="link-up", link=event.link_id)
        if link.terms.sign_on == "switch":
            line_watch.sign_on(desk, link)
        elif link.usable:
            desk.send_advices(link.terms.participant_id)

    def _on_link_down(self, event: LinkDown) -> None:
        desk = self._desk
        link = desk.links[event.link_id]
        link.down()
        desk.record_fact(fact="link-down", link=event.link_id)
        network_management.line_lost(desk, link.terms.participant_id)

    def _on_network_request(self, event: NetworkRequested) -> None:
        network_management.take_request(self._desk, event)

    def _on_network_answer(self, event: NetworkAnswered) -> None:
        network_management.take_answer(self._desk, event)

    def _on_file_update(self, event: FileUpdateRequested) -> None:
        file_update.take_update(self._desk, event)

    def _on_stop_list(self, event: StopListLoaded) -> None:
        file_update.take_file(self._desk, event)

    def _on_unserved(self, event: Unserved) -> None:
        desk = self._desk
        desk.record_fact(fact="unserved", link=event.link_id, message_type=event.message_type)
        desk.alarm("unserved", f"link {event.link_id}, message type {event.message_type}")
        if event.wants_reply:
            desk.effects.append(NetworkReply(event.origin, event.payload, "12"))

    def _on_registry(self, event: RegistryActivated) -> None:
        registry = Registry(event.facts)
        self._desk.record_fact(
            fact="registry", version=registry.version, facts=list(registry.facts)
        )
        self.state.activate(registry)
        self._tell_caps_below_use(registry)

    def _tell_caps_below_use(self, registry: Registry) -> None:
        """A cap may be lowered below what is owed: nothing is undone, nothing more may be owed,
        and the operator should know (M13)."""
        for participant in registry.participants.values():
            for code, cap in participant.net_debit_caps.items():
                numeric = currency_of(code).numeric
                used = self.state.positions.exposure(participant.participant_id, numeric)
                if used > cap:
                    details = f"participant {participant.participant_id}, {code}"
                    self._desk.alarm("cap-below-use", details)

    def _on_cut_over(self, _: CutOverOrdered) -> None:
        desk, state = self._desk, self.state
        closed, opened = state.business_day, following_day(state.business_day)
        desk.record_fact(fact="cut-over", closed=closed, opened=opened)
        state.begin_day(opened)
        for link in desk.links.values():
            if link.usable:
                line_watch.ask(self._desk, link, network_management.CUT_OVER)

    def _on_advice_order(self, event: AdviceOrdered) -> None:
        delivery.carry_out(self._desk, event)

    def _on_intake(self, event: IntakeChanged) -> None:
        if event.open != self._desk.intake_open:
            self._desk.intake_open = event.open
            self._desk.alarm("intake-open" if event.open else "intake-closed", event.reason)

    def may_shed(
        self,
        link_id: LinkId,
        kind: Kind,
        acquirer: str,
        stan: str,
        transmission: str,
        terminal: str,
        now: Instant,
    ) -> tuple[str, int] | None:
        """The key and moment (seconds) of a new request that may be refused unread, for a `Shed`;
        None when it has to take the ordinary road. Asking changes nothing."""
        self._desk.now = now
        return shedding.may_shed(self._desk, link_id, kind, acquirer, stan, transmission, terminal)

    def _on_shed(self, event: Shed) -> None:
        shedding.shed(self._desk, event)

    def _on_load_measured(self, event: LoadMeasured) -> None:
        desk = self._desk
        if event.overloaded != desk.overloaded:
            desk.overloaded = event.overloaded
            desk.record_fact(fact=OVERLOAD_FACTS[event.overloaded])
            desk.alarm(
                OVERLOAD_FACTS[event.overloaded], f"{event.shed} of 1000 new requests are refused"
            )

    def _on_links_changed(self, event: LinksChanged) -> None:
        self._desk.set_links(event.terms)


def microseconds(milliseconds: int) -> int:
    """Milliseconds of a setting as the switch counts time."""
    return milliseconds * MICROSECONDS_PER_SECOND // 1000
