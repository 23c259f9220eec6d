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
from altyn.clearing.dialect import DUCKDB, SPARK, Dialect
from altyn.clearing.fee_rule import AMOUNT_FAR, ANY_CATEGORY, FAR_AWAY_DAY, FeeRule, Share
from altyn.clearing.inputs import INPUT_TABLES
from altyn.clearing.outcome import MatchOutcome, MatchRejection
from altyn.clearing.plan import BLOCK, STEPS, Form, Plan, Slice, Span, Statement, Step
from altyn.clearing.pricing import (
    Dimensions,
    FeePrice,
    Part,
    Passed,
    dimensions_of,
    price,
    price_item,
    pricing_lines,
)
from altyn.clearing.rule_facts import Rule, RuleFact, rule_fact, rule_of
from altyn.clearing.rule_findings import RuleFinding, rule_findings
from altyn.clearing.rule_tables import CycleMoment, RateGap, rate_gaps, rule_tables, schema_of
from altyn.clearing.slices import SwitchRange, cut, spans
from altyn.clearing.tables import RESULT_TABLES, RULE_TABLES, Column, Table

__all__ = [
    "AMOUNT_FAR",
    "ANY_CATEGORY",
    "BLOCK",
    "DUCKDB",
    "FAR_AWAY_DAY",
    "INPUT_TABLES",
    "RESULT_TABLES",
    "RULE_TABLES",
    "SPARK",
    "STEPS",
    "Backing",
    "ClearingRules",
    "Column",
    "CutOff",
    "CycleMoment",
    "CycleTerms",
    "Dialect",
    "Dimensions",
    "FeePrice",
    "FeeRule",
    "Form",
    "MatchOutcome",
    "MatchRejection",
    "MatchingTerms",
    "MerchantTier",
    "Part",
    "Partner",
    "Passed",
    "Plan",
    "RateGap",
    "Rule",
    "RuleFact",
    "RuleFinding",
    "SettlementAccount",
    "SettlementAgent",
    "SettlementBankTerms",
    "SettlementCalendar",
    "Share",
    "Slice",
    "Span",
    "Statement",
    "Step",
    "SwitchRange",
    "Table",
    "cut",
    "dimensions_of",
    "price",
    "price_item",
    "pricing_lines",
    "rate_gaps",
    "rule_fact",
    "rule_findings",
    "rule_of",
    "rule_tables",
    "schema_of",
    "spans",
]
