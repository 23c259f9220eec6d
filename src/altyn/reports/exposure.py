"""Exposure and collateral: what each participant may have to pay, and what stands behind it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from altyn.reports.net_settlement import CURRENCY, money
from altyn.reports.report import PPM, Column, Period, Report, Row, Section


class Standing(NamedTuple):
    """What is known of one participant in one currency (alphabetic), minor units.

    unsettled: nets of cycles that are not final, above zero it is owed; uncleared: what the switch
    posted after the last cycle, likewise; held: approvals that may still become debts; cap: None
    when it has none; agent: who settles for it.
    """

    participant: str
    currency: str
    agent: str
    unsettled: int
    uncleared: int
    held: int
    cap: int | None
    collateral: int
    fund: int

    @property
    def exposure(self) -> int:
        """What it may have to pay, at or above zero."""
        return max(0, self.held - self.unsettled - self.uncleared)

    @property
    def uncovered(self) -> int:
        """What of that neither its collateral nor its share of the fund covers."""
        return max(0, self.exposure - self.collateral - self.fund)

    @property
    def cap_use_ppm(self) -> int | None:
        """Exposure in millionths of the cap; None without a cap or with one of zero."""
        return self.exposure * PPM // self.cap if self.cap else None


PARTICIPANT_COLUMNS: Final = (
    Column("participant", "Participant"),
    CURRENCY,
    Column("agent", "Settles through"),
    money("unsettled", "Not final"),
    money("uncleared", "Not cleared"),
    money("held", "Holds"),
    money("exposure", "Exposure"),
    money("cap", "Cap"),
    Column("cap_use", "Cap used", "share"),
    money("collateral", "Collateral"),
    money("fund", "Fund share"),
    money("uncovered", "Uncovered"),
)
AGENT_COLUMNS: Final = (
    Column("agent", "Settlement agent"),
    CURRENCY,
    Column("participants", "Participants", "count"),
    money("exposure", "Exposure"),
    money("collateral", "Collateral"),
    money("fund", "Fund share"),
    money("uncovered", "Uncovered"),
)


def exposure(
    standings: Iterable[Standing], period: Period, participant: str | None = None
) -> Report:
    """The report of all, or of one participant and those that it settles for."""
    known = sorted(
        each for each in standings if participant in (None, each.participant, each.agent)
    )
    lines = Section(
        "participants",
        "By participant",
        PARTICIPANT_COLUMNS,
        tuple(_row(each) for each in known),
        note="Exposure is holds less what it is owed: nets that are not final, and postings that "
        "are not cleared. It is never below zero.",
    )
    sections = (lines, Section("agents", "By settlement agent", AGENT_COLUMNS, _agents(known)))
    above = [
        f"{each.participant} in {each.currency}"
        for each in known
        if each.cap is not None and each.exposure > each.cap
    ]
    remarks = (f"Above the cap: {', '.join(above)}.",) if above else ()
    title = "Exposure and collateral"
    return Report("exposure", title, participant or "", period, sections, lines, remarks)


def _row(each: Standing) -> Row:
    return (
        each.participant,
        each.currency,
        each.agent,
        each.unsettled,
        each.uncleared,
        each.held,
        each.exposure,
        each.cap,
        each.cap_use_ppm,
        each.collateral,
        each.fund,
        each.uncovered,
    )


def _agents(standings: list[Standing]) -> tuple[Row, ...]:
    """An agent answers for all that settle through it, and its own resources stand behind it.

    What one of them is owed does not lessen what another may have to pay.
    """
    count: Counter[tuple[str, str]] = Counter()
    owed: Counter[tuple[str, str]] = Counter()
    resources: Mapping[tuple[str, str], tuple[int, int]] = {
        (each.participant, each.currency): (each.collateral, each.fund) for each in standings
    }
    for each in standings:
        count[each.agent, each.currency] += 1
        owed[each.agent, each.currency] += each.exposure
    rows: list[Row] = []
    for agent, currency in sorted(count):
        collateral, fund = resources.get((agent, currency), (0, 0))
        debt = owed[agent, currency]
        uncovered = max(0, debt - collateral - fund)
        row = (agent, currency, count[agent, currency], debt, collateral, fund, uncovered)
        rows.append(row)
    return tuple(rows)
