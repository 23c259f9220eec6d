"""Clearing: from the day's traffic and acquirers' files to net positions, as SQL over columns."""

from altyn.clearing.outcome import MatchOutcome, MatchRejection
from altyn.clearing.tables import RESULT_TABLES, RULE_TABLES, Column, Table

__all__ = [
    "RESULT_TABLES",
    "RULE_TABLES",
    "Column",
    "MatchOutcome",
    "MatchRejection",
    "Table",
]
