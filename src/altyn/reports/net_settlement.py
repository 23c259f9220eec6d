"""The participant's net settlement report: why its net is what it is, and what became of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from altyn.reports.report import (
    Column,
    Period,
    Report,
    ReportError,
    Row,
    Section,
    Tables,
    without,
)
from altyn.reports.words import alpha_of, kind_of_transaction
from altyn.settlement import Run

PRINCIPAL: Final = """
WITH sides AS (
    SELECT debtor AS participant, creditor AS counterparty, issuer_participant,
        acquirer_participant, processing_code, reversal, settlement_currency,
        settlement_amount AS paid, CASE WHEN debtor = creditor THEN settlement_amount ELSE 0 END
        AS received
    FROM items
    UNION ALL
    SELECT creditor, debtor, issuer_participant, acquirer_participant, processing_code, reversal,
        settlement_currency, 0, settlement_amount
    FROM items WHERE debtor <> creditor
)
SELECT participant, settlement_currency, CASE
        WHEN issuer_participant = acquirer_participant THEN 'on-us'
        WHEN participant = issuer_participant THEN 'issuer' ELSE 'acquirer' END AS role,
    counterparty, substr(processing_code, 1, 2) AS code, reversal, count(*), sum(paid),
    sum(received)
FROM sides WHERE $participant IS NULL OR participant = $participant
GROUP BY ALL ORDER BY ALL
"""
"""An item within one participant is one row that pays and receives: it is on-us and nets to zero.
"""

FEES: Final = """
WITH sides AS (
    SELECT payer AS participant, receiver AS counterparty, fee, settlement_currency, amount AS paid,
        CASE WHEN payer = receiver THEN amount ELSE 0 END AS received
    FROM fees
    UNION ALL
    SELECT receiver, payer, fee, settlement_currency, 0, amount FROM fees WHERE payer <> receiver
)
SELECT participant, settlement_currency, counterparty, fee, count(*), sum(paid), sum(received)
FROM sides WHERE $participant IS NULL OR participant = $participant
GROUP BY ALL ORDER BY ALL
"""

NETS: Final = """
SELECT participant, settlement_currency, agent, account, sum(items), sum(principal), sum(fees),
    sum(minor_units)
FROM nets WHERE $participant IS NULL OR participant = $participant OR agent = $participant
GROUP BY ALL ORDER BY ALL
"""


class SettlementLine(NamedTuple):
    """A group of items or fees of one participant. Amounts are minor units of the currency."""

    participant: str
    currency: str
    kind: str
    role: str | None
    counterparty: str
    what: str
    number: int
    paid: int
    received: int
    net: int


class NetLine(NamedTuple):
    """A net as clearing states it; above zero it receives."""

    participant: str
    currency: str
    agent: str
    account: str
    items: int
    principal: int
    fees: int
    net: int


def money(name: str, heading: str) -> Column:
    """A column of amounts in the row's own currency."""
    return Column(name, heading, "amount", "currency")


CURRENCY: Final = Column("currency", "Currency")
LINE_COLUMNS: Final = (
    Column("participant", "Participant"),
    CURRENCY,
    Column("kind", "Kind"),
    Column("role", "Role"),
    Column("counterparty", "Counterparty"),
    Column("what", "Transaction or fee"),
    Column("number", "Number", "count"),
    money("paid", "Paid"),
    money("received", "Received"),
    money("net", "Net"),
)
NET_COLUMNS: Final = (
    Column("participant", "Participant"),
    CURRENCY,
    Column("agent", "Settles through"),
    Column("account", "Account"),
    Column("items", "Items", "count"),
    money("principal", "Principal"),
    money("fees", "Fees"),
    money("net", "Net"),
)
AGENT_COLUMNS: Final = (
    Column("agent", "Settlement agent"),
    CURRENCY,
    Column("participants", "Nets", "count"),
    money("net", "Position"),
)
ADJUSTMENT_COLUMNS: Final = (
    Column("run", "Run"),
    CURRENCY,
    Column("participant", "Participant"),
    Column("account", "Account"),
    money("net", "Net"),
    Column("adjustments", "Adjustments of the run"),
)
RUN_COLUMNS: Final = (
    Column("run", "Run"),
    CURRENCY,
    Column("state", "State"),
    Column("final_at", "Final since", "instant"),
    Column("attempts", "Attempts", "count"),
)


def net_settlement(
    tables: Tables, period: Period, runs: Mapping[str, Run], participant: str | None = None
) -> Report:
    """The report of one participant, or of all with the scheme itself. `runs`: by name.

    Raises ReportError when what was cleared does not sum to its nets (I1): such a report would
    be a false statement.
    """
    asked = {"participant": participant}
    principal = [_principal_line(row) for row in tables.rows(PRINCIPAL, asked)]
    fees = [_fee_line(row) for row in tables.rows(FEES, asked)]
    nets = [_net_line(row) for row in tables.rows(NETS, asked)]
    own = [line for line in nets if participant in (None, line.participant)]
    _check_sums(principal, fees, own)
    currencies = sorted({line.currency for line in nets})
    known = ("kind",) if participant is None else ("kind", "participant")
    sections = (
        _net_section(own, currencies, whole=participant is None),
        *_agent_sections(nets, participant),
        without(_line_section("principal", "Principal", principal), *known),
        without(_line_section("fees", "Fees", fees), *known, "role"),
        *_adjustment_sections(period, runs, participant),
        Section("runs", "Settlement", RUN_COLUMNS, _run_rows(period, currencies, runs)),
    )
    lines = Section("lines", "Lines", LINE_COLUMNS, (*principal, *fees))
    remarks = _remarks(period, currencies, runs)
    title = "Net settlement report"
    return Report("net-settlement", title, participant or "", period, sections, lines, remarks)


def _principal_line(row: Any) -> SettlementLine:
    participant, currency, role, counterparty, code, reversal, count, paid, received = row
    what = kind_of_transaction(code, reversal=reversal)
    head = (participant, alpha_of(currency), "principal", role, counterparty, what)
    return SettlementLine(*head, count, int(paid), int(received), int(received) - int(paid))


def _fee_line(row: Any) -> SettlementLine:
    participant, currency, counterparty, fee, count, paid, received = row
    head = (participant, alpha_of(currency), "fee", None, counterparty, fee)
    return SettlementLine(*head, count, int(paid), int(received), int(received) - int(paid))


def _net_line(row: Any) -> NetLine:
    participant, currency, agent, account, *amounts = row
    return NetLine(participant, alpha_of(currency), agent, account, *map(int, amounts))


def _check_sums(
    principal: list[SettlementLine], fees: list[SettlementLine], nets: list[NetLine]
) -> None:
    """For every participant and currency the lines give its principal, its fees and its net."""
    left: Counter[tuple[str, str, str]] = Counter()
    for net in nets:
        if net.principal + net.fees != net.net:
            raise ReportError("principal and fees do not give the net; clear the cycle again")
        left[net.participant, net.currency, "principal"] += net.principal
        left[net.participant, net.currency, "fee"] += net.fees
    for line in (*principal, *fees):
        left[line.participant, line.currency, line.kind] -= line.net
    for (participant, currency, kind), difference in left.items():
        if difference:
            raise ReportError(
                f"the {kind} lines of {participant} in {currency} do not give its net; "
                "clear the cycle again"
            )


def _net_section(nets: list[NetLine], currencies: list[str], *, whole: bool) -> Section:
    """The nets; of all participants with the zero-sum line of every currency (I1)."""
    totals: tuple[Row, ...] = ()
    if whole:
        totals = tuple(
            (
                "sum",
                currency,
                None,
                None,
                None,
                sum(line.principal for line in nets if line.currency == currency),
                sum(line.fees for line in nets if line.currency == currency),
                sum(line.net for line in nets if line.currency == currency),
            )
            for currency in currencies
        )
    note = "Above zero the participant receives, below zero it pays."
    return Section("nets", "Net by currency", NET_COLUMNS, tuple(nets), totals, note)


def _line_section(name: str, title: str, lines: list[SettlementLine]) -> Section:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for line in lines:
        for place, value in enumerate((line.number, line.paid, line.received, line.net)):
            sums[line.currency][place] += value
    totals = tuple(
        ("sum", currency, None, None, None, None, *sums[currency]) for currency in sorted(sums)
    )
    return Section(name, title, LINE_COLUMNS, tuple(lines), totals)


def _agent_sections(nets: list[NetLine], participant: str | None) -> list[Section]:
    """What each agent pays or receives for itself and those that it sponsors."""
    agents = {line.agent for line in nets if line.participant != line.agent}
    shown = agents if participant is None else agents & {participant}
    if not shown:
        return []
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for line in nets:
        if line.agent in shown:
            sums[line.agent, line.currency][0] += 1
            sums[line.agent, line.currency][1] += line.net
    rows: tuple[Row, ...] = tuple(
        (agent, currency, *sums[agent, currency]) for agent, currency in sorted(sums)
    )
    found = Section("agents", "Positions of settlement agents", AGENT_COLUMNS, rows)
    if participant is None:
        return [found]
    others = tuple(line for line in nets if line.participant != participant)
    return [Section("sponsored", "Nets of those that it sponsors", NET_COLUMNS, others), found]


def _adjustment_sections(
    period: Period, runs: Mapping[str, Run], participant: str | None
) -> list[Section]:
    """What runs move besides the nets of their cycle: corrections of closed cycles (M16)."""
    rows: list[Row] = []
    sums: Counter[str] = Counter()
    for run in runs.values():
        if run.cycle not in period.cycles or run.priced is None:
            continue
        names = ", ".join(key.rpartition("/")[2] for key in run.priced.adjustments)
        for account, units in run.priced.adjusted:
            sums[run.currency] += units
            if participant in (None, account.holder):
                rows.append(
                    (run.name, run.currency, account.holder, account.kind.value, units, names)
                )
    if not rows:
        return []
    totals: tuple[Row, ...] = ()
    if participant is None:
        totals = tuple(("sum", each, None, None, sums[each], None) for each in sorted(sums))
    note = "Settled with the nets above, which do not have them; they correct closed cycles."
    return [Section("adjustments", "Adjustments", ADJUSTMENT_COLUMNS, tuple(rows), totals, note)]


def names_of_runs(period: Period, currencies: Iterable[str]) -> list[tuple[str, str]]:
    """The runs of a period with their currencies: a run is a cycle in one currency."""
    return [(f"{cycle}/{currency}", currency) for cycle in period.cycles for currency in currencies]


def _run_rows(period: Period, currencies: list[str], runs: Mapping[str, Run]) -> tuple[Row, ...]:
    rows: list[Row] = []
    for name, currency in names_of_runs(period, currencies):
        run = runs.get(name)
        if run is None:
            rows.append((name, currency, "not opened", None, 0))
        else:
            rows.append((name, currency, run.state.value, run.final_us or None, run.attempt))
    return tuple(rows)


def _remarks(period: Period, currencies: list[str], runs: Mapping[str, Run]) -> tuple[str, ...]:
    waiting = [
        name
        for name, _currency in names_of_runs(period, currencies)
        if name not in runs or not runs[name].final_us
    ]
    if not waiting:
        return ("Every run named here is final: it cannot be undone.",)
    return (f"Not final yet: {', '.join(waiting)}.",)
