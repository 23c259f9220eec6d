"""Everything the auditor knows, and the one way in which it fails."""

from collections import deque
from collections.abc import Iterable
from typing import Any, Literal, NoReturn

from altyn.clock import TransmissionClock
from altyn.testing.audit.case import Asked, Case, OwedAdvice
from altyn.testing.audit.failure import AuditFailure
from altyn.testing.audit.ledger import Ledger
from altyn.testing.audit.stand_in_use import StandInUse
from altyn.testing.audit.terms import Terms
from altyn.testing.observations import LinkView

__all__ = ["Model"]


class Model:
    """The scheme as the auditor sees it. `now` is virtual microseconds; `life` counts starts.

    `by_stan` is what an issuer was sent last under a STAN of the switch. `lost_at` is when an
    issuer's line was last seen to go, `links` says which are connected and signed on, both as the
    journal and the observations tell.
    """

    def __init__(self) -> None:
        """Nothing is known before the world opens."""
        self.now = 0
        self.life = 0
        self.sequence = 0
        self.terms = Terms([])
        self.business_day = 0
        self.views: dict[str, LinkView] = {}
        self.bank_of: dict[str, str] = {}
        self.timeouts: dict[str, tuple[int, int]] = {}
        self.answer_limit_us = 0
        self.generations: dict[str, int] = {}
        self.lost_at: dict[str, int] = {}
        self.asked: dict[str, Asked] = {}
        self.cases: dict[str, Case] = {}
        self.of_name: dict[tuple[str, str], list[Case]] = {}
        self.refusals: dict[str, list[str]] = {}
        self.in_flight: dict[str, Case] = {}
        self.by_stan: dict[tuple[str, str], Case | OwedAdvice] = {}
        self.last_stan: dict[str, int] = {}
        self.owed: dict[int, OwedAdvice] = {}
        self.owed_by_card: dict[tuple[str, bytes], dict[int, OwedAdvice]] = {}
        self.exceptions: dict[tuple[str, str], str] = {}
        self.reversal_due: dict[int, Case] = {}
        self.advice_due: dict[int, Case] = {}
        self.stand_in = StandInUse()
        self.ledger = Ledger()
        self.cards: set[str] = set()
        self.transmission = TransmissionClock()
        self.open: deque[tuple[int, str, str, tuple[int, int], int]] = deque()

    def set_links(self, views: Iterable[LinkView]) -> None:
        """Agree on the links."""
        for view in views:
            self.views[view.link] = view
            self.bank_of[view.link] = view.bank
            self.generations[view.link] = 0
            longest = max(view.reply_timeout_us, view.reply_timeout_atm_us)
            self.answer_limit_us = max(self.answer_limit_us, longest)
            before = self.timeouts.get(view.bank, (1 << 62, 1 << 62))
            self.timeouts[view.bank] = (
                min(before[0], view.reply_timeout_us),
                min(before[1], view.reply_timeout_atm_us),
            )

    def fail(self, invariant: str, what: str, name: tuple[str, str] = ("", "")) -> NoReturn:
        """Say what must not be."""
        raise AuditFailure(invariant, self.now, name, what)

    def expect(
        self, invariant: str, found: Any, wanted: Any, what: str, name: tuple[str, str] = ("", "")
    ) -> None:
        """Two values that must be the same; neither may be card data."""
        if found != wanted:
            self.fail(invariant, f"{what} is {found}, must be {wanted}", name)

    def find(self, key: str) -> Case | None:
        """The case of a key; a reversal that named no terminal marks its original at any (F09)."""
        found = self.cases.get(key)
        if found is None:
            found = self.cases.get(key[: key.rindex("/") + 1])
            if found is not None and found.state != "marker":
                return None
        return found

    def keep(self, case: Case) -> None:
        """A case is known from now on, under its key and under its name."""
        self.cases[case.key] = case
        self.of_name.setdefault(case.name, []).append(case)

    def epoch(self, link: str) -> tuple[int, int]:
        """The life of the switch and of a line."""
        return self.life, self.generations[link]

    def owe(self, advice: OwedAdvice) -> None:
        """An advice is owed from now on."""
        self.owed[advice.sequence] = advice
        self.owed_by_card.setdefault((advice.issuer, advice.pan), {})[advice.sequence] = advice
        self.by_stan[advice.issuer, advice.stan] = advice

    def settle(self, advice: OwedAdvice, state: Literal["delivered", "closed"]) -> None:
        """An advice is owed no more."""
        self.step_aside(advice)
        advice.state = state
        advice.ended_at = self.now
        del self.owed[advice.sequence]
        self.stand_in.told(advice.issuer, advice.sequence)

    def step_aside(self, advice: OwedAdvice) -> None:
        """An advice holds up its card's later ones no more."""
        card = advice.issuer, advice.pan
        waiting = self.owed_by_card.get(card, {})
        waiting.pop(advice.sequence, None)
        if not waiting:
            self.owed_by_card.pop(card, None)

    def revive(self, advice: OwedAdvice) -> None:
        """A dead letter is owed again, in its old place."""
        advice.state = "owed"
        self.owed_by_card.setdefault((advice.issuer, advice.pan), {})[advice.sequence] = advice

    def take_stan(self, issuer: str, stan: str, holder: Case | OwedAdvice) -> None:
        """A STAN towards an issuer was drawn: never one in use, and always onwards (T07)."""
        earlier = self.by_stan.get((issuer, stan))
        if earlier is not None and earlier.state in ("in flight", "owed", "dead"):
            self.fail("I2", f"STAN {stan} towards {issuer} was given twice at once", holder.name)
        number = int(stan)
        last = self.last_stan.get(issuer, 0)
        steps = (number - last) % STANS
        if not 0 < steps < STANS_AHEAD_MAX:
            what = f"STAN {stan} towards {issuer} was used before, the last was {last}"
            self.fail("I2", what, holder.name)
        self.last_stan[issuer] = number
        self.by_stan[issuer, stan] = holder


STANS = 999_999
STANS_AHEAD_MAX = 500_000
"""Network messages and steps that a crash took draw STANs that nobody sees; so many never."""
