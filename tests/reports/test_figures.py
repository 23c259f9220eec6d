"""Exposure, reconciliation, figures to publish, and how amounts are written."""

import pytest

from altyn.identifiers import ParticipantId
from altyn.reports import (
    Column,
    Period,
    Section,
    SettlementHistory,
    Standing,
    disclosure,
    exposure,
    reconciliation,
    row_texts,
)
from altyn.settlement import Resources
from tests.reports.cleared import CYCLE, hand_made, opened

PERIOD = Period((CYCLE,), f"cycle {CYCLE}")


@pytest.mark.parametrize(
    ("minor_units", "currency", "text"),
    [
        (-123_456_789, "KZT", "-1,234,567.89"),
        (5, "KZT", "0.05"),
        (-5, "KZT", "-0.05"),
        (1_234, "JPY", "1,234"),
        (1_234, "KWD", "1.234"),
        (2**62 + 1, "USD", "46,116,860,184,273,879.05"),
    ],
)
def test_m01_an_amount_has_the_digits_of_its_currency(
    minor_units: int, currency: str, text: str
) -> None:
    """Thousands are separated, a minus stands before what is below zero, nothing is rounded."""
    columns = (Column("currency", "Currency"), Column("a", "Amount", "amount", "currency"))
    section = Section("s", "S", columns, ((currency, minor_units),))
    assert row_texts(section, section.rows[0]) == [currency, text]


def test_exposure_is_what_may_have_to_be_paid() -> None:
    """Holds and debts count, what is owed lessens them, and nothing is below zero."""
    debtor = Standing("A", "KZT", "A", -700, -100, 50, 1_000, 200, 100)
    creditor = Standing("B", "KZT", "A", 900, 0, 50, None, 0, 0)
    above = Standing("C", "KZT", "C", 0, 0, 11, 10, 0, 0)
    assert (debtor.exposure, debtor.uncovered, debtor.cap_use_ppm) == (850, 550, 850_000)
    assert (creditor.exposure, creditor.uncovered, creditor.cap_use_ppm) == (0, 0, None)
    report = exposure([creditor, above, debtor], PERIOD)
    assert report.section("agents").rows == (
        ("A", "KZT", 2, 850, 200, 100, 550),
        ("C", "KZT", 1, 11, 0, 0, 11),
    )
    assert report.remarks == ("Above the cap: C in KZT.",)


def test_reconciliation_names_each_difference_and_its_cause() -> None:
    """A switch that agrees leaves the unpriced run; one that does not is a line of its own."""
    right = {
        ("GOLDKZ", "KZT"): 66_777, ("SMALLKZ", "KZT"): -7_777, ("STEPKZ", "KZT"): -59_000,
    }  # fmt: skip
    with opened(hand_made()) as tables:
        report = reconciliation(tables, PERIOD, right, {}, [])
        wrong = reconciliation(tables, PERIOD, {**right, ("MOUNTKG", "KZT"): 1}, {}, [])
        unread = reconciliation(tables, PERIOD, None, {}, [])
    assert {row[6] for row in report.section("differences").rows} == {"not yet priced"}
    extra = set(wrong.section("differences").rows) - set(report.section("differences").rows)
    assert [row[1:6] for row in extra] == [("MOUNTKG", "KZT", 1, 0, -1)]
    assert "not read" in unread.remarks[-1]


def test_figures_are_those_of_the_cycle() -> None:
    """The peak debt of agents, its cover, tiering, volumes and rejections."""
    backing = Resources({ParticipantId("STEPKZ"): 30_000}, {ParticipantId("GOLDKZ"): 2_982}, {}, {})
    history = SettlementHistory({}, [], [], {"KZT": backing})
    with opened(hand_made()) as tables:
        rows = disclosure(tables, PERIOD, history).lines.rows
    found = {(row[1], row[2]): row[3:7] for row in rows}
    debt = "Peak debt of the largest net debtor"
    assert found[debt, "KZT"] == (None, 65_965, None, None)
    cover = "Cover 1: own collateral and fund, of that debt"
    assert found[cover, "KZT"] == (None, None, 32_982 * 1_000_000 // 65_965, None)
    assert found["Records read from files", None] == (4, None, None, None)
    assert found["Records rejected, of those", None] == (None, None, 750_000, None)
    assert found["Items from the switch, value", "KZT"] == (None, 153_777, None, None)
    assert found["Participants that settle through another", None] == (1, None, None, None)
