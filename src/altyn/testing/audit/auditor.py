"""The auditor: told everything that can be seen, it predicts what may follow, and checks it.

It shares no code with the switch. From the frames that the switch reads it knows what was asked
and answered; from the registry in force it knows what must become of it; from the journal it
takes what the switch claims to have decided, and from the frames that leave, what it told others.
Every claim must have grounds in what was read, every frame that leaves a claim that is durable.
At rest the books of all sides must agree.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from altyn.testing.audit.departures import Departures
from altyn.testing.audit.intake import Intake
from altyn.testing.audit.journal_audit import JournalAudit, canonical, holds_card
from altyn.testing.audit.model import Model
from altyn.testing.audit.quiescence import Quiescence
from altyn.testing.audit.terms import Terms
from altyn.testing.observations import (
    Alarmed,
    Crashed,
    CutOver,
    DayBegan,
    Durable,
    LinkBroken,
    Observation,
    Quiescent,
    RegistryChanged,
    Restarted,
    SwitchRead,
    SwitchSent,
    WorldOpened,
)

__all__ = ["Auditor"]

DAYS_KEPT: Final = 3


class Auditor:
    """Give every observation to `observe`, in order; it raises AuditFailure at the first wrong."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._model = model = Model()
        self._intake = Intake(model)
        self._departures = Departures(model)
        self._journal = JournalAudit(model)
        self._quiescence = Quiescence(model)
        self._handlers: Mapping[type, Callable[[Any], None]] = {
            WorldOpened: self._opened,
            DayBegan: self._day_began,
            SwitchRead: self._intake.read,
            SwitchSent: self._departures.sent,
            Durable: self._durable,
            Crashed: self._crashed,
            Restarted: self._restarted,
            LinkBroken: self._link_broken,
            RegistryChanged: self._registry_changed,
            CutOver: self._cut_over,
            Alarmed: self._alarmed,
            Quiescent: self._quiescent,
        }
        self._known_until: list[set[str]] = []

    def observe(self, observation: Observation) -> None:
        """Take one observation; raises AuditFailure when it must not be."""
        model = self._model
        model.now = observation.at
        handler = self._handlers.get(observation.__class__)
        if handler is not None:
            handler(observation)
        opened = model.open
        if opened and opened[0][0] < observation.at:
            self._check_answered()

    @property
    def transactions(self) -> int:
        """How many transactions the auditor has seen started or refused."""
        return len(self._model.cases)

    def _opened(self, seen: WorldOpened) -> None:
        model = self._model
        model.set_links(seen.links)
        model.business_day = seen.business_day
        model.terms = Terms(seen.facts)
        self._journal.told.append(canonical(seen.facts))

    def _day_began(self, _: DayBegan) -> None:
        """What is older than some days is not spoken of again: memory stays bounded."""
        model = self._model
        self._known_until.append(set(model.cases).difference(*self._known_until))
        if len(self._known_until) <= DAYS_KEPT:
            return
        old = self._known_until.pop(0)
        cases = [model.cases[key] for key in old]
        self._quiescence.forget(cases)
        for case in cases:
            del model.cases[case.key]
            model.asked.pop(case.key, None)
            model.of_name.pop(case.name, None)
            model.refusals.pop(case.key, None)
            model.exceptions.pop(case.name, None)

    def _durable(self, seen: Durable) -> None:
        self._journal.durable(seen.batch)

    def _crashed(self, seen: Crashed) -> None:
        model = self._model
        model.expect("I4", seen.durable_sequence, model.sequence, "the end of the journal")
        model.life += 1
        model.open.clear()
        for case in model.in_flight.values():
            case.verdicts.clear()

    def _restarted(self, seen: Restarted) -> None:
        model = self._model
        model.expect("I4", seen.sequence, model.sequence, "the entry a restart came to")

    def _link_broken(self, seen: LinkBroken) -> None:
        model = self._model
        model.generations[seen.link] += 1
        model.lost_at[model.bank_of[seen.link]] = seen.at

    def _registry_changed(self, seen: RegistryChanged) -> None:
        self._journal.told.append(canonical(seen.facts))

    def _cut_over(self, _: CutOver) -> None:
        self._journal.cut_overs_ordered += 1

    def _alarmed(self, seen: Alarmed) -> None:
        if holds_card(seen.details, self._model.cards) or holds_card(seen.name, self._model.cards):
            self._model.fail("I10", "an alarm holds a card number")

    def _quiescent(self, seen: Quiescent) -> None:
        self._check_answered(at_rest=True)
        self._quiescence.audit(seen)

    def _check_answered(self, at_rest: bool = False) -> None:
        """Every request is answered in time, or the line or the switch went meanwhile (I12)."""
        model = self._model
        opened = model.open
        while opened and (at_rest or opened[0][0] < model.now):
            _, key, link, epoch, ordinal = opened.popleft()
            asked = model.asked.get(key)
            if asked is None or asked.epoch != epoch or model.epoch(link) != epoch:
                continue
            if asked.replies < ordinal:
                name = key[1:].partition("/")[0], asked.contents[0].rrn
                model.fail("I12", "a message was never answered", name)
