"""What the banks report, put together for the display and the summary."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from altyn.simulators import CODE_WORDS

__all__ = ["BankFigures", "DayTally", "code_words"]

RATE_WINDOW_S: Final = 2.0
RECENT_LATENCIES: Final = 2000


def code_words(code: str) -> str:
    """A response code in words, for people."""
    return CODE_WORDS.get(code, "other")


@dataclass(slots=True)
class BankFigures:
    """The last report of one bank process; `state` is of its line."""

    name: str
    role: str
    state: str = "starting"
    figures: dict[str, Any] = field(default_factory=dict)

    def count(self, name: str) -> int:
        """A figure, 0 before the first report."""
        return int(self.figures.get(name, 0))


class DayTally:
    """Figures of all banks; made from reports, so they lag the banks by a fifth of a second."""

    def __init__(self, banks: list[tuple[str, str]]) -> None:
        """`banks` are names and roles of the processes."""
        self.banks = {name: BankFigures(name, role) for name, role in banks}
        self.latencies_us: list[int] = []
        self.recent_us: deque[int] = deque(maxlen=RECENT_LATENCIES)
        self.surprises: list[dict[str, str]] = []
        self._pace: deque[tuple[float, int]] = deque()

    def hear_figures(self, name: str, report: dict[str, Any]) -> None:
        """Take a report of the kind figures."""
        news = [int(value) for value in report.get("latencies_us", ())]
        self.latencies_us += news
        self.recent_us.extend(news)
        self.surprises += report.get("surprises", [])
        self.banks[name].figures = report

    def _total(self, role: str, name: str) -> int:
        return sum(bank.count(name) for bank in self.banks.values() if bank.role == role)

    @property
    def transactions_done(self) -> int:
        """Plays that are over."""
        return self._total("acquirer", "plays_done")

    @property
    def messages_answered(self) -> int:
        """Messages of acquirers that were answered."""
        return self._total("acquirer", "answered")

    @property
    def outcomes(self) -> dict[str, int]:
        """Answers by kind of play, action and response code, as in purchase-dual/request/00."""
        merged: dict[str, int] = {}
        for bank in self.banks.values():
            for outcome, count in bank.figures.get("outcomes", {}).items():
                merged[outcome] = merged.get(outcome, 0) + count
        return dict(sorted(merged.items()))

    def requests_by_code(self) -> dict[str, int]:
        """First requests by their response code."""
        counts: dict[str, int] = {}
        for outcome, count in self.outcomes.items():
            _, action, code = outcome.split("/")
            if action == "request":
                counts[code] = counts.get(code, 0) + count
        return dict(sorted(counts.items()))

    @property
    def stood_in(self) -> int:
        """First requests that were approved in the place of their issuer."""
        names = ("stood-in/request/00", "stood-in-regretted/request/00")
        return sum(self.outcomes.get(name, 0) for name in names)

    def actions(self, action: str, *, accepted_only: bool = False) -> int:
        """How many answers an action got."""
        return sum(
            count
            for outcome, count in self.outcomes.items()
            if outcome.split("/")[1] == action and (not accepted_only or outcome.endswith("/00"))
        )

    def issuer_total(self, name: str) -> int:
        """A figure of the issuers, added up."""
        return self._total("issuer", name)

    def rate_per_s(self) -> int:
        """Answered messages a second over the last two seconds."""
        now = time.monotonic()
        self._pace.append((now, self.messages_answered))
        while self._pace[0][0] < now - RATE_WINDOW_S:
            self._pace.popleft()
        first_at, first = self._pace[0]
        elapsed = now - first_at
        return round((self.messages_answered - first) / elapsed) if elapsed > 0 else 0
