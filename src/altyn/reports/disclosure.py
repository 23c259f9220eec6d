"""Figures that an operator publishes, principle by principle.

The principles are those of CPSS-IOSCO, Principles for financial market infrastructures (2012). The
manner is that of CPMI-IOSCO, Public quantitative disclosure standards (2015), which are written for
central counterparties and followed only where a payment system has such a figure. What these books
cannot tell is listed as such, never guessed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from altyn.clock import MICROSECONDS_PER_SECOND
from altyn.identifiers import ParticipantId
from altyn.reports.report import PPM, Column, Period, Report, Row, Section, Tables, cell_text
from altyn.reports.words import alpha_of
from altyn.settlement import Closed, Defaulted, Resources, Run, stress

VOLUMES: Final = """
SELECT settlement_currency, CASE WHEN file_id IS NULL THEN 'switch' ELSE 'files' END AS source,
    count(*), sum(settlement_amount)
FROM items GROUP BY ALL ORDER BY ALL
"""

SHARES: Final = """
SELECT settlement_currency, role, participant, sum(amount) AS amount FROM (
    SELECT settlement_currency, 'issuers' AS role, issuer_participant AS participant,
        settlement_amount AS amount FROM items
    UNION ALL
    SELECT settlement_currency, 'acquirers', acquirer_participant, settlement_amount FROM items
) GROUP BY ALL ORDER BY settlement_currency, role, amount DESC, participant
"""

DEBITS: Final = """
SELECT cycle, settlement_currency, agent, sum(minor_units) FROM nets_of_cycles
WHERE account = 'settlement' GROUP BY ALL ORDER BY ALL
"""

TIERED: Final = """
SELECT i.settlement_currency, sum(i.settlement_amount) AS total,
    sum(CASE WHEN a.participant IS NOT NULL OR b.participant IS NOT NULL
        THEN i.settlement_amount ELSE 0 END) AS indirect
FROM items AS i
LEFT JOIN (SELECT DISTINCT participant FROM nets WHERE agent <> participant) AS a
    ON a.participant = i.issuer_participant
LEFT JOIN (SELECT DISTINCT participant FROM nets WHERE agent <> participant) AS b
    ON b.participant = i.acquirer_participant
GROUP BY ALL ORDER BY ALL
"""

MEMBERS: Final = """
SELECT count(DISTINCT participant) FILTER (WHERE agent = participant),
    count(DISTINCT participant) FILTER (WHERE agent <> participant)
FROM nets WHERE account = 'settlement'
"""

RECORDS: Final = """
SELECT sum(CASE WHEN what = 'read' THEN records ELSE 0 END),
    sum(CASE WHEN what = 'rejected' THEN records ELSE 0 END)
FROM totals WHERE source = 'file'
"""

NOT_DERIVED: Final = (
    ("2", "Governance, risk and default procedures", "described in the rules, not counted here"),
    ("4", "Quality of collateral and haircuts", "collateral is taken at the value on record"),
    ("7", "Liquid resources by type and credit lines", "known to treasury, not to these books"),
    ("15", "Liquid net assets and months of cost covered", "from the operator's own accounts"),
    ("16", "Investment of the participants' assets", "from the custodian's reports"),
    ("17", "Availability and number of incidents", "the journal shows traffic, not its absence"),
    ("17", "Recovery time objective and last test", "from the operator's continuity plan"),
    ("20", "Exposure to linked systems", "a partner is a participant here; see its net"),
    ("23", "Fees and discounts as published", "the dated fee rules; see the invoice"),
)  # fmt: skip
"""Principle, figure, and where it is to be had instead."""


class Figure(NamedTuple):
    """One figure. Exactly one of number, amount, share and seconds is there; minor units."""

    principle: str
    figure: str
    currency: str | None = None
    number: int | None = None
    amount: int | None = None
    share: int | None = None
    seconds: int | None = None
    remark: str = ""


COLUMNS: Final = (
    Column("principle", "Principle"),
    Column("figure", "Figure"),
    Column("currency", "Currency"),
    Column("number", "Number", "count"),
    Column("amount", "Amount", "amount", "currency"),
    Column("share", "Share", "share"),
    Column("seconds", "Seconds", "count"),
    Column("remark", "Remark"),
)
SHOWN_COLUMNS: Final = (
    Column("principle", "Principle"),
    Column("figure", "Figure"),
    Column("currency", "Currency"),
    Column("value", "Value", "figure"),
    Column("remark", "Remark"),
)
ABSENT_COLUMNS: Final = (
    Column("principle", "Principle"),
    Column("figure", "Figure"),
    Column("source", "Where it is to be had"),
)


class SettlementHistory(NamedTuple):
    """What settlement tells of the period: its runs by name, and the facts that time and count
    them. `resources` by currency: None where the rules state none."""

    runs: Mapping[str, Run]
    closed: Iterable[Closed]
    defaulted: Iterable[Defaulted]
    resources: Mapping[str, Resources]


def disclosure(tables: Tables, period: Period, history: SettlementHistory) -> Report:
    """The figures of a period."""
    figures = [
        *_credit(tables, history),
        *_finality(period, history),
        *_defaults(history),
        *_membership(tables),
        *_volumes(tables),
        *_concentration(tables),
    ]
    figures.sort(key=lambda each: int(each.principle))
    lines = Section("figures", "Figures", COLUMNS, tuple(figures))
    absent = Section("absent", "What these books do not tell", ABSENT_COLUMNS, NOT_DERIVED)
    remark = "Numbers of principles: CPSS-IOSCO, Principles for financial market infrastructures."
    title = "Quantitative disclosure"
    shown = Section("figures", "Figures", SHOWN_COLUMNS, tuple(_shown(each) for each in figures))
    return Report("pfmi", title, "", period, (shown, absent), lines, (remark,))


def _shown(figure: Figure) -> Row:
    """The figure with its one value as a text: for people, who need no column for each kind."""
    named = figure._asdict()
    values = [
        cell_text(column, named[column.name], named) + (" s" if column.name == "seconds" else "")
        for column in COLUMNS
        if column.numeric and named[column.name] is not None
    ]
    return (figure.principle, figure.figure, figure.currency, values[0], figure.remark)


def _credit(tables: Tables, history: SettlementHistory) -> list[Figure]:
    """Principle 4: the worst cycle of each currency, and what covers it."""
    nets: dict[tuple[str, str], dict[ParticipantId, int]] = defaultdict(dict)
    for cycle, numeric, agent, units in tables.rows(DEBITS):
        nets[alpha_of(numeric), cycle][agent] = int(units)
    figures = []
    for currency in sorted({currency for currency, _cycle in nets}):
        resources = history.resources.get(currency, Resources({}, {}, {}, {}))
        if any(resources.collateral.values()) or any(resources.fund.values()):
            figures += [
                Figure("4", "Collateral held", currency, amount=sum(resources.collateral.values())),
                Figure("4", "Guarantee fund", currency, amount=sum(resources.fund.values())),
            ]
        for count, words in ((1, "largest net debtor"), (2, "two largest net debtors")):
            found = [
                (stress(by_agent, resources, count), cycle)
                for (each, cycle), by_agent in nets.items()
                if each == currency
            ]
            worst, cycle = max(found, key=lambda pair: (pair[0].exposure, pair[1]))
            figures.append(
                Figure("4", f"Peak debt of the {words}", currency, amount=worst.exposure,
                       remark=f"cycle {cycle}")
            )  # fmt: skip
            figures.append(_coverage(count, currency, worst.exposure, resources, worst.failing))
    return figures


def _coverage(
    count: int, currency: str, owed: int, resources: Resources, failing: Iterable[str]
) -> Figure:
    """Collateral of those that fail and the fund, in millionths of what they owe."""
    own = sum(units for name, units in resources.collateral.items() if name in set(failing))
    prefunded = own + sum(resources.fund.values())
    name = f"Cover {count}: own collateral and fund, of that debt"
    if not owed:
        return Figure("4", name, currency, share=PPM, remark="nobody owed anything")
    return Figure("4", name, currency, share=prefunded * PPM // owed)


def _finality(period: Period, history: SettlementHistory) -> list[Figure]:
    """Principle 8: how long from the cut-off to the instant of finality."""
    cut_offs = {fact.run: fact.at_us for fact in history.closed}
    runs = [run for run in history.runs.values() if run.cycle in period.cycles]
    final = [run for run in runs if run.final_us]
    figures = [
        Figure("8", "Runs", number=len(runs)),
        Figure("8", "Runs that are final", number=len(final)),
    ]
    waits = sorted(
        (run.final_us - cut_offs[run.name]) // MICROSECONDS_PER_SECOND
        for run in final
        if run.name in cut_offs
    )
    if waits:
        figures += [
            Figure("8", "From cut-off to finality, median", seconds=waits[len(waits) // 2]),
            Figure("8", "From cut-off to finality, longest", seconds=waits[-1]),
        ]
    return figures


def _defaults(history: SettlementHistory) -> list[Figure]:
    """Principle 13: defaults to date, and what others bore."""
    borne: Counter[str] = Counter()
    for run in history.runs.values():
        if run.covers:
            borne[run.currency] += run.covers
    return [
        Figure("13", "Participants in default, to date", number=len(list(history.defaulted))),
        *(
            Figure("13", "Shortfalls that others covered, to date", currency, number=count)
            for currency, count in sorted(borne.items())
        ),
    ]


def _membership(tables: Tables) -> list[Figure]:
    """Principles 18 and 19: who takes part, directly and through others."""
    ((direct, indirect),) = tables.rows(MEMBERS)
    figures = [
        Figure("18", "Participants that settle for themselves", number=int(direct)),
        Figure("19", "Participants that settle through another", number=int(indirect)),
    ]
    for numeric, total, through in tables.rows(TIERED):
        if total and through:
            share = int(through) * PPM // int(total)
            name = "Value that has one of these on a side"
            figures.append(Figure("19", name, alpha_of(numeric), share=share))
    return figures


def _volumes(tables: Tables) -> list[Figure]:
    """Principle 23: volumes and values by currency and source; principle 21: what was rejected."""
    figures = []
    for numeric, source, count, amount in tables.rows(VOLUMES):
        words = "from the switch" if source == "switch" else "from acquirers' files"
        currency = alpha_of(numeric)
        figures += [
            Figure("23", f"Items {words}, number", currency, number=int(count)),
            Figure("23", f"Items {words}, value", currency, amount=int(amount)),
        ]
    ((read, rejected),) = tables.rows(RECORDS)
    if read:
        figures += [
            Figure("21", "Records read from files", number=int(read)),
            Figure("21", "Records rejected, of those", share=int(rejected) * PPM // int(read)),
        ]
    return figures


def _concentration(tables: Tables) -> list[Figure]:
    """Principle 18: the share of the two largest, by value."""
    values: dict[tuple[str, str], list[int]] = defaultdict(list)
    for numeric, role, _participant, amount in tables.rows(SHARES):
        values[alpha_of(numeric), role].append(int(amount))
    return [
        Figure("18", f"Share of the two largest {role}, by value", currency,
               share=sum(amounts[:2]) * PPM // sum(amounts))
        for (currency, role), amounts in sorted(values.items())
        if sum(amounts)
    ]  # fmt: skip
