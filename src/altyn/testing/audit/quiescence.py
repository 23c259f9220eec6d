"""The audit at rest: faults have stopped, everything is drained, all books must agree."""

from collections.abc import Iterable
from typing import Final

from altyn.testing.audit.case import Case
from altyn.testing.audit.ledger import Books, Line
from altyn.testing.audit.model import Model
from altyn.testing.observations import AcquirerEntry, IssuerEntry, Quiescent

__all__ = ["Quiescence"]

Name = tuple[str, str]
COMPLETION: Final = 4


class Quiescence:
    """Compares the books of acquirers, switch and issuers (I1, I3, I6, I12)."""

    def __init__(self, model: Model) -> None:
        """Work on the auditor's model."""
        self._model = model
        self._issuers: dict[Name, dict[tuple[str, str, str], int]] = {}

    def audit(self, seen: Quiescent) -> None:
        """Everything that must hold at rest."""
        model = self._model
        for case in model.in_flight.values():
            model.fail("I12", "still in flight at rest", case.name)
        model.expect("I12", seen.pending, 0, "what the switch holds in flight at rest")
        self._advices(seen)
        self._positions(seen)
        self._issuer_entries(seen.issuers)
        self._acquirer_entries(seen.acquirers)

    def _advices(self, seen: Quiescent) -> None:
        model = self._model
        for advice in model.owed.values():
            if advice.state == "owed":
                model.fail("I6", f"advice {advice.sequence} still owed at rest", advice.name)
        owed = sum(seen.owed.values())
        model.expect("I6", owed, 0, "advices that the switch still owes at rest")

    def _positions(self, seen: Quiescent) -> None:
        model = self._model
        model.expect("I1", model.ledger.imbalance(), 0, "sum of all positions of a currency")
        told = Books(Line(*line) for line in seen.positions)
        model.expect("I1", told.holds, model.ledger.holds(), "holds by participant")
        model.expect("I1", told.nets, model.ledger.by_day(), "positions by participant and day")

    def _standing(self, name: Name) -> int:
        """What stands of a business transaction by the journal, transaction currency."""
        return sum(
            case.remaining
            for case in self._model.of_name.get(name, ())
            if case.kind <= COMPLETION and case.state == "approved" and not case.no_money
        )

    def _acquirer_entries(self, entries: Iterable[AcquirerEntry]) -> None:
        latest = {(entry.institution, entry.rrn): entry for entry in entries}
        for name, entry in latest.items():
            if entry.settled:
                self._compare(name, entry.standing, "acquirer")

    def _issuer_entries(self, entries: Iterable[IssuerEntry]) -> None:
        touched: set[Name] = set()
        for entry in entries:
            name = entry.institution, entry.rrn
            touched.add(name)
            book = self._issuers.setdefault(name, {})
            book[entry.message_type[:3], entry.stan, entry.transmission] = entry.standing
        for name in touched:
            self._compare(name, sum(self._issuers[name].values()), "issuer")

    def _compare(self, name: Name, told: int, whose: str) -> None:
        model = self._model
        standing = self._standing(name)
        if told != standing and name not in model.exceptions:
            model.fail("I3", f"{whose} has {told} standing, the switch {standing}", name)

    def forget(self, cases: Iterable[Case]) -> None:
        """Let go of what is too old to be spoken of again."""
        for case in cases:
            self._issuers.pop(case.name, None)
