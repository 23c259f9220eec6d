"""The fee invoice: what a participant pays and receives, by fee, rule and counterparty.

Value added tax is not the scheme's to state. The totals are those of the nets.
"""

from collections import Counter, defaultdict
from typing import Any, Final, NamedTuple

from altyn.reports.net_settlement import CURRENCY, money
from altyn.reports.report import Column, Period, Report, ReportError, Section, Tables, without
from altyn.reports.words import alpha_of

CHARGES: Final = """
WITH signed AS (
    SELECT f.payer, f.receiver, f.account, f.settlement_currency, f.fee, f.rule_id, f.part,
        CASE WHEN i.reversal AND f.base = i.base_before THEN -f.base ELSE f.base END AS base,
        f.amount
    FROM fees AS f JOIN items AS i ON i.item_id = f.item_id
    WHERE $participant IS NULL OR f.payer = $participant OR f.receiver = $participant
)
SELECT payer, receiver, account, settlement_currency, fee, rule_id, part, count(*), sum(base),
    sum(amount)
FROM signed GROUP BY ALL ORDER BY ALL
"""
"""A reversal is priced on what stood before it, which is given back, and on what stands after."""

NET_FEES: Final = """
SELECT participant, settlement_currency, sum(fees) FROM nets
WHERE $participant IS NULL OR participant = $participant GROUP BY ALL ORDER BY ALL
"""


class InvoiceLine(NamedTuple):
    """What one participant pays (amount below zero) or receives under a rule, in minor units."""

    participant: str
    currency: str
    side: str
    fee: str
    rule_id: str
    counterparty: str
    account: str
    part: int
    number: int
    base: int
    amount: int


LINE_COLUMNS: Final = (
    Column("participant", "Participant"),
    CURRENCY,
    Column("side", "Side"),
    Column("fee", "Fee"),
    Column("rule_id", "Rule"),
    Column("counterparty", "Counterparty"),
    Column("account", "Account"),
    Column("part", "Part", "count"),
    Column("number", "Number", "count"),
    money("base", "Base"),
    money("amount", "Amount"),
)


def invoice(tables: Tables, period: Period, participant: str | None = None) -> Report:
    """The invoice of one participant, or of all with the scheme itself.

    Raises ReportError when its totals are not the fees of the nets.
    """
    asked = {"participant": participant}
    lines = [
        line
        for row in tables.rows(CHARGES, asked)
        for line in _lines(row)
        if participant in (None, line.participant)
    ]
    lines.sort()
    stated = {
        (name, alpha_of(currency)): int(fees)
        for name, currency, fees in tables.rows(NET_FEES, asked)
    }
    _check_totals(lines, stated)
    shown = () if participant is None else ("participant",)
    sections = tuple(
        without(
            _side(title, [line for line in lines if line.side == side]), *shown, "side", "account"
        )
        for side, title in (("paid", "Paid"), ("received", "Received"), ("own", "On-us"))
        if side != "own" or any(line.side == side for line in lines)
    )
    summary = Section(
        "totals",
        "Fees by currency",
        (Column("participant", "Participant"), CURRENCY, money("amount", "Fees, net")),
        tuple((*key, fees) for key, fees in sorted(stated.items())),
        note="The same as the fees of the net settlement report. Value added tax is not included.",
    )
    whole = Section("lines", "Lines", LINE_COLUMNS, tuple(lines))
    title = "Interchange and fee invoice"
    return Report(
        "invoice", title, participant or "", period, (without(summary, *shown), *sections), whole
    )


def _lines(row: Any) -> list[InvoiceLine]:
    """Both sides of a charge; one line that comes to nothing where they are the same."""
    payer, receiver, account, numeric, fee, rule_id, part, count, base, amount = row
    head = (alpha_of(numeric), fee, rule_id)
    sides = (
        [("own", payer, payer, 0)]
        if payer == receiver
        else [("paid", payer, receiver, -int(amount)), ("received", receiver, payer, int(amount))]
    )
    return [
        InvoiceLine(
            participant, head[0], side, *head[1:], other, account, part, count, int(base), units
        )
        for side, participant, other, units in sides
    ]


def _check_totals(lines: list[InvoiceLine], stated: dict[tuple[str, str], int]) -> None:
    left: Counter[tuple[str, str]] = Counter(stated)
    for line in lines:
        left[line.participant, line.currency] -= line.amount
    for (participant, currency), difference in left.items():
        if difference:
            raise ReportError(
                f"the fees of {participant} in {currency} are not those of its net; "
                "clear the cycle again"
            )


def _side(title: str, lines: list[InvoiceLine]) -> Section:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for line in lines:
        sums[line.currency][0] += line.number
        sums[line.currency][1] += line.amount
    blank = (None,) * 6
    totals = tuple(
        ("sum", currency, *blank, sums[currency][0], None, sums[currency][1])
        for currency in sorted(sums)
    )
    note = ""
    if any(line.part != 1 for line in lines):
        note = "Part 0 is what rounding left of shares; it goes to the scheme's residue."
    return Section(title.lower(), title, LINE_COLUMNS, tuple(lines), totals, note)
