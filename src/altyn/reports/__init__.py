"""What participants and the operator read: columns, sums and words, and pages that print.

Pure: tables come in by SQL through a reader, and reports come out as values.
"""

from altyn.reports.disclosure import SettlementHistory, disclosure
from altyn.reports.exposure import Standing, exposure
from altyn.reports.invoice import invoice
from altyn.reports.net_settlement import net_settlement
from altyn.reports.pages import IndexGroup, Link, index_page, report_page
from altyn.reports.reconciliation import reconciliation
from altyn.reports.rejections import REMEDIES, rejected_records, rejections
from altyn.reports.report import (
    Column,
    Lines,
    Period,
    Report,
    ReportError,
    Section,
    Tables,
    arrow_schema,
    lines_of,
    row_texts,
    without,
)
from altyn.reports.transactions import transaction_page, transactions

__all__ = [
    "REMEDIES",
    "Column",
    "IndexGroup",
    "Lines",
    "Link",
    "Period",
    "Report",
    "ReportError",
    "Section",
    "SettlementHistory",
    "Standing",
    "Tables",
    "arrow_schema",
    "disclosure",
    "exposure",
    "index_page",
    "invoice",
    "lines_of",
    "net_settlement",
    "reconciliation",
    "rejected_records",
    "rejections",
    "report_page",
    "row_texts",
    "transaction_page",
    "transactions",
    "without",
]
