"""Three-way reconciliation: switch, clearing, settlement bank. Each difference is a line.

switch     what the journal's range of the cycle moved, by participant
clearing   what the items from the switch move, and the nets of all items and fees
bank       what the run instructed, and what the bank said that it booked
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from altyn.ledger import Account, AccountKind
from altyn.reports.net_settlement import CURRENCY, money
from altyn.reports.report import Column, Period, Report, Section, Tables
from altyn.reports.words import alpha_of
from altyn.settlement import Reconciled, Run, State

SWITCH_ITEMS: Final = """
SELECT participant, settlement_currency, sum(amount) FROM (
    SELECT debtor AS participant, settlement_currency, -settlement_amount AS amount
    FROM items WHERE file_id IS NULL
    UNION ALL
    SELECT creditor, settlement_currency, settlement_amount FROM items WHERE file_id IS NULL
) GROUP BY ALL ORDER BY ALL
"""

POSITIONS: Final = """
SELECT cycle, agent, account, settlement_currency, sum(minor_units) FROM nets_of_cycles
GROUP BY ALL ORDER BY ALL
"""

Positions = Mapping[tuple[str, str], int]
"""Net by participant and currency (alphabetic), minor units; above zero it is owed."""


class Comparison(NamedTuple):
    """One comparison of two sources. Amounts are minor units; `cause` where it is known."""

    step: str
    subject: str
    currency: str
    first: int
    second: int
    difference: int
    cause: str


COLUMNS: Final = (
    Column("step", "Compared"),
    Column("subject", "Subject"),
    CURRENCY,
    money("first", "First"),
    money("second", "Second"),
    money("difference", "Difference"),
    Column("cause", "Cause"),
)

SWITCH_STEP: Final = "switch, clearing"
PRICED_STEP: Final = "clearing, settlement"
BANK_STEP: Final = "settlement, bank"
STATEMENT_STEP: Final = "settlement, statement"

_WAITING: Final = {
    State.OPEN: "the run is open",
    State.CLOSED: "the run is closed and not priced",
    State.PRICED: "not yet instructed",
    State.INSTRUCTED: "the bank has not answered",
    State.FAILED: "the bank refused; cover the shortfall or release the run",
    State.SUSPENDED: "the run is held",
}


def reconciliation(
    tables: Tables,
    period: Period,
    switch: Positions | None,
    runs: Mapping[str, Run],
    statements: Iterable[Reconciled],
) -> Report:
    """The report of all participants. `switch`: what the journal's range moved, None when the
    journal could not be read; runs by name; `statements`: what was held against the runs."""
    lines = [
        *_switch_lines(tables, switch),
        *_run_lines(tables, runs),
        *_statement_lines(period, runs, statements),
    ]
    differing = tuple(line for line in lines if line.difference)
    whole = Section("lines", "Everything that was compared", COLUMNS, tuple(lines))
    sections = (
        Section("differences", "Differences", COLUMNS, differing),
        whole,
    )
    remarks = [
        f"{len(lines):,} comparisons, {len(differing):,} differences."
        if differing
        else f"{len(lines):,} comparisons; everything agrees."
    ]
    if switch is None:
        remarks.append("The switch's journal was not read: its part is not compared.")
    title = "Reconciliation"
    return Report("reconciliation", title, "", period, sections, whole, tuple(remarks))


def _compared(
    step: str, subject: str, currency: str, first: int, second: int, cause: str
) -> Comparison:
    difference = second - first
    return Comparison(
        step, subject, currency, first, second, difference, cause if difference else ""
    )


def _switch_lines(tables: Tables, switch: Positions | None) -> list[Comparison]:
    if switch is None:
        return []
    cleared = {
        (participant, alpha_of(currency)): int(amount)
        for participant, currency, amount in tables.rows(SWITCH_ITEMS)
    }
    return [
        _compared(
            SWITCH_STEP,
            *key,
            switch.get(key, 0),
            cleared.get(key, 0),
            "entries of the range are not items; clear the cycle again",
        )
        for key in sorted({*switch, *cleared})
    ]


def _run_lines(tables: Tables, runs: Mapping[str, Run]) -> list[Comparison]:
    """Clearing's positions against those of the run, and those against what the bank moved."""
    positions: Counter[tuple[str, str, Account]] = Counter()
    for cycle, agent, account, numeric, units in tables.rows(POSITIONS):
        currency = alpha_of(numeric)
        key = Account(AccountKind(account), agent, currency)
        positions[f"{cycle}/{currency}", currency, key] += int(units)
    lines = []
    for name, currency in sorted({(name, currency) for name, currency, _ in positions}):
        run = runs.get(name)
        cleared = {
            account: units
            for (run_name, _, account), units in positions.items()
            if run_name == name
        }
        priced = _priced(run)
        lines += [
            _compared(
                PRICED_STEP,
                f"{name} {account.kind.value} {account.holder}",
                currency,
                cleared.get(account, 0),
                priced.get(account, 0),
                "not yet priced" if not priced else "priced from another clearing of the cycle",
            )
            for account in sorted({*cleared, *priced}, key=str)
        ]
        if run is not None and priced:
            lines += _bank_lines(name, run)
    return lines


def _priced(run: Run | None) -> dict[Account, int]:
    """What a run took over from clearing: its positions without adjustments of closed cycles,
    which clearing knows nothing of (M16)."""
    if run is None or run.priced is None:
        return {}
    adjusted = dict(run.priced.adjusted)
    return {account: units - adjusted.get(account, 0) for account, units in run.priced.positions}


def _bank_lines(name: str, run: Run) -> list[Comparison]:
    """What the run has to move, covers included, against what the bank has settled."""
    cause = _WAITING.get(run.state, "the bank settled another amount")
    return [
        _compared(
            BANK_STEP,
            f"{name} {account.kind.value} {account.holder}",
            run.currency,
            units,
            run.moved.get(account, 0),
            f"{cause} ({run.reason})" if run.reason else cause,
        )
        for account, units in sorted(run.positions.items(), key=lambda item: str(item[0]))
    ]


def _statement_lines(
    period: Period, runs: Mapping[str, Run], statements: Iterable[Reconciled]
) -> list[Comparison]:
    """Settled transfers of the period that no statement has shown, and the bank's breaks."""
    documents = list(statements)
    agreed = {each for document in documents for each in document.transfers}
    ours = {
        transfer.transfer_id: (name, transfer)
        for name, run in runs.items()
        if run.cycle in period.cycles
        for transfer, _final in run.settled_transfers()
    }
    lines = []
    broken: set[str] = set()
    for document in documents:
        for kind, reference, expected, found in document.breaks:
            if reference and reference not in ours:
                continue  # of another cycle
            broken.add(reference)
            subject = f"{document.document} {reference}".strip()
            cause = kind.replace("_", " ")
            line = _compared(STATEMENT_STEP, subject, document.currency, expected, found, cause)
            lines.append(line._replace(cause=cause))
    for identifier, (name, transfer) in sorted(ours.items()):
        if identifier not in broken:
            # On the scheme's account: what a participant pays in is its credit.
            due = -transfer.position.minor_units
            shown = due if identifier in agreed else 0
            subject = f"{name} {identifier}"
            currency = transfer.position.account.currency
            cause = "in no statement or notification yet"
            lines.append(_compared(STATEMENT_STEP, subject, currency, due, shown, cause))
    return lines
