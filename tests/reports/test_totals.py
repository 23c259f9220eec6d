"""Reports and nets say the same, for any cycle."""

from collections import Counter

import pytest
from hypothesis import given, settings

from altyn.clock import BusinessDay
from altyn.identifiers import ParticipantId
from altyn.ledger import Account, AccountKind
from altyn.reports import (
    Period,
    ReportError,
    invoice,
    net_settlement,
    report_page,
    transactions,
)
from altyn.reports.words import alpha_of
from altyn.settlement import Opened, Position, Priced, Run
from tests.reports.cleared import BANKS, CYCLE, Cleared, cycles, hand_made, nets_of, opened, reader

PERIOD = Period((CYCLE,), f"cycle {CYCLE}")


def _stated(cleared: Cleared, column: str) -> Counter[tuple[str, str]]:
    sums: Counter[tuple[str, str]] = Counter()
    for row in nets_of(cleared):
        sums[row["participant"], alpha_of(row["settlement_currency"])] += row[column]
    return sums


@settings(max_examples=20, deadline=None)
@given(cycles())
def test_the_lines_of_every_participant_sum_to_its_net(cleared: Cleared) -> None:
    """Principal and fees of the net settlement report are the nets, and of all they sum to zero."""
    with opened(cleared) as tables:
        whole = net_settlement(tables, PERIOD, {})
        found: Counter[tuple[str, str]] = Counter()
        for name in (*BANKS, "SCHEME"):
            for line in net_settlement(tables, PERIOD, {}, name).lines.rows:
                found[str(line[0]), str(line[1])] += int(str(line[9]))
    stated = _stated(cleared, "minor_units")
    assert {key: found[key] for key in {*found, *stated}} == {
        key: stated[key] for key in {*found, *stated}
    }
    assert all(total[7] == 0 for total in whole.section("nets").totals)


@settings(max_examples=20, deadline=None)
@given(cycles())
def test_the_invoices_sum_to_the_fees_of_the_nets(cleared: Cleared) -> None:
    """What is invoiced is what is settled, and each side sees the other's amount."""
    with opened(cleared) as tables:
        whole = invoice(tables, PERIOD).lines.rows
        each = [
            row for name in (*BANKS, "SCHEME") for row in invoice(tables, PERIOD, name).lines.rows
        ]
    assert sorted(whole, key=str) == sorted(each, key=str)
    found: Counter[tuple[str, str]] = Counter()
    for row in whole:
        found[str(row[0]), str(row[1])] += int(str(row[10]))
    stated = _stated(cleared, "fees")
    assert all(found[key] == stated[key] for key in {*found, *stated})


@settings(max_examples=20, deadline=None)
@given(cycles())
def test_the_transaction_files_sum_to_the_nets(cleared: Cleared) -> None:
    """Every item of a participant is in its file once, and they move what its net says."""
    with opened(cleared) as tables:
        for name in BANKS:
            rows = [
                row for batch in transactions(tables, name).batches for row in batch.to_pylist()
            ]
            found: Counter[str] = Counter()
            for row in rows:
                found[row["currency"]] += row["principal"] + row["fees"]
            stated = _stated(cleared, "minor_units")
            assert all(
                found[currency] == stated[name, currency] for currency in ("KZT", "USD", "JPY")
            )
            names = [row["item_id"] for row in rows]
            assert len(names) == len(set(names))


@settings(max_examples=10, deadline=None)
@given(cycles())
def test_any_cycle_makes_a_page(cleared: Cleared) -> None:
    """Whatever was cleared, the page can be made, and the same bytes again."""
    with opened(cleared) as tables:
        report = net_settlement(tables, PERIOD, {})
    assert report_page(report, "Demo") == report_page(report, "Demo")


def test_m16_adjustments_stand_beside_the_nets_that_they_are_settled_with() -> None:
    """Of all they sum to zero; a participant sees its own, and none where there are none."""
    run = Run(Opened(f"{CYCLE}/KZT", CYCLE, "KZT", BusinessDay(20261123), 0))
    adjusted = (
        Position(Account(AccountKind.SETTLEMENT, ParticipantId("GOLDKZ"), "KZT"), -500),
        Position(Account(AccountKind.SETTLEMENT, ParticipantId("STEPKZ"), "KZT"), 500),
    )
    run.priced = Priced(run.name, adjusted, "00", 1, adjusted, ("adjustments/T-17",))
    with opened(hand_made()) as tables:
        whole = net_settlement(tables, PERIOD, {run.name: run})
        own = net_settlement(tables, PERIOD, {run.name: run}, "STEPKZ")
        none = net_settlement(tables, PERIOD, {}, "STEPKZ")
        earlier = net_settlement(tables, Period(("2026-11-22/1",), "before"), {run.name: run})
    found = whole.section("adjustments")
    assert [(row[2], row[4], row[5]) for row in found.rows] == [
        ("GOLDKZ", -500, "T-17"),
        ("STEPKZ", 500, "T-17"),
    ]
    assert found.totals == (("sum", "KZT", None, None, 0, None),)
    assert [row[2] for row in own.section("adjustments").rows] == ["STEPKZ"]
    assert "T-17" in report_page(own, "Demo")
    for report in (none, earlier):
        assert "adjustments" not in [section.name for section in report.sections]


def test_a_statement_that_is_not_true_is_refused() -> None:
    """A fee and an item that no net knows of: no report and no whole file is made."""
    cleared = hand_made()
    tables = cleared.tables()
    more = cleared._replace(
        items=[*cleared.items, {**cleared.items[0], "item_id": "J9"}],
        fees=[*cleared.fees, {**cleared.fees[0], "item_id": "J9"}],
    ).tables()
    broken = {**more, "nets": tables["nets"]}
    with reader(broken, CYCLE) as read:
        with pytest.raises(ReportError, match="do not give its net"):
            net_settlement(read, PERIOD, {})
        with pytest.raises(ReportError, match="not those of its net"):
            invoice(read, PERIOD)
        with pytest.raises(ReportError, match="do not give its net"):
            list(transactions(read, "GOLDKZ").batches)
