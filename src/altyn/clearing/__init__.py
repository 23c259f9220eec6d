"""Clearing: from the day's traffic and acquirers' files to net positions, as SQL over columns."""

from altyn.clearing.clearing_rules import ClearingRules, CutOff
from altyn.clearing.dated_rules import (
    Backing,
    CycleTerms,
    MatchingTerms,
    MerchantTier,
    Partner,
    SettlementAccount,
    SettlementAgent,
    SettlementBankTerms,
    SettlementCalendar,
)
from altyn.clearing.fee_rule import AMOUNT_FAR, ANY_CATEGORY, FAR_AWAY_DAY, FeeRule, Share
from altyn.clearing.outcome import MatchOutcome, MatchRejection
from altyn.clearing.rule_facts import Rule, RuleFact, rule_fact, rule_of
from altyn.clearing.rule_findings import RuleFinding, rule_findings
from altyn.clearing.rule_tables import CycleMoment, RateGap, rate_gaps, rule_tables, schema_of
from altyn.clearing.tables import RESULT_TABLES, RULE_TABLES, Column, Table

__all__ = [
    "AMOUNT_FAR",
    "ANY_CATEGORY",
    "FAR_AWAY_DAY",
    "RESULT_TABLES",
    "RULE_TABLES",
    "Backing",
    "ClearingRules",
    "Column",
    "CutOff",
    "CycleMoment",
    "CycleTerms",
    "FeeRule",
    "MatchOutcome",
    "MatchRejection",
    "MatchingTerms",
    "MerchantTier",
    "Partner",
    "RateGap",
    "Rule",
    "RuleFact",
    "RuleFinding",
    "SettlementAccount",
    "SettlementAgent",
    "SettlementBankTerms",
    "SettlementCalendar",
    "Share",
    "Table",
    "rate_gaps",
    "rule_fact",
    "rule_findings",
    "rule_of",
    "rule_tables",
    "schema_of",
]
