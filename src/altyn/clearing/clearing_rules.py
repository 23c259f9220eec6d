"""All rules of clearing in one version, checked, and what they say on a day."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from altyn.clearing.dated_rules import (
    Backing,
    CycleTerms,
    Dated,
    MatchingTerms,
    MerchantTier,
    Partner,
    SettlementAccount,
    SettlementAgent,
    SettlementBankTerms,
    SettlementCalendar,
)
from altyn.clearing.fee_rule import FeeRule
from altyn.clearing.rule_facts import Rule, RuleFact, rule_fact, rule_of
from altyn.clearing.rule_findings import described, rule_findings
from altyn.clock import MICROSECONDS_PER_SECOND, BusinessDay, calendar_date
from altyn.identifiers import ParticipantId
from altyn.ledger import Account, AccountKind
from altyn.registry import Registry, version_of
from altyn.settlement import BankAccount, Calendar, Correspondence, Form, Resources, Terms

RuleT = TypeVar("RuleT")
DatedT = TypeVar("DatedT", bound=Dated)


class CutOff(NamedTuple):
    """The end of a cycle: `cycle` like 2026-11-23/1, `at_us` UTC microseconds since 1970."""

    cycle: str
    business_day: BusinessDay
    number: int
    at_us: int


class ClearingRules:
    """One version of the rules. Never changed after it is built."""

    def __init__(self, facts: Iterable[Mapping[str, Any]], registry: Registry) -> None:
        """Build a version from its facts; what is no fact of clearing raises LookupError.

        Raises ValueError for rules that contend, have gaps, or name what the registry does not
        have: see `rule_findings`.
        """
        self.rules: tuple[Rule, ...] = tuple(rule_of(fact) for fact in facts)
        findings = rule_findings(self.rules, registry)
        if findings:
            raise ValueError(described(findings))
        self.facts: tuple[RuleFact, ...] = tuple(rule_fact(rule) for rule in self.rules)
        self.version = version_of(self.facts)
        self.fee_rules = self._of(FeeRule)
        self.matching_terms = self._of(MatchingTerms)
        self.merchant_tiers = self._of(MerchantTier)
        self._zone = ZoneInfo(registry.scheme.timezone)
        self._cut_over_time = registry.scheme.cut_over_time

    def _of(self, kind: type[RuleT]) -> tuple[RuleT, ...]:
        return tuple(rule for rule in self.rules if isinstance(rule, kind))

    def _on(self, kind: type[DatedT], day: BusinessDay) -> list[DatedT]:
        return [rule for rule in self._of(kind) if rule.effective <= day < rule.until]

    def cycle_terms(self, day: BusinessDay) -> CycleTerms:
        """When cycles end on a day; raises LookupError for a day before the first rule."""
        held = self._on(CycleTerms, day)
        if not held:
            raise LookupError("no rule says when the cycles of this day end; add a [[cycles]]")
        return held[0]

    def cut_offs(self, day: BusinessDay) -> tuple[CutOff, ...]:
        """The ends of a business day's cycles, in order.

        A business day begins at the cut-over of the calendar day before: a cut-off later than the
        cut-over time is of that evening. Raises LookupError for a day before the first rule.
        """
        date = calendar_date(day)
        found = []
        for number, time in enumerate(self.cycle_terms(day).cut_offs, start=1):
            evening = bool(self._cut_over_time) and time > self._cut_over_time
            local = datetime.fromisoformat(f"{date - timedelta(days=evening)}T{time}")
            at_s = int(local.replace(tzinfo=self._zone).timestamp())
            cycle = f"{date.isoformat()}/{number}"
            found.append(CutOff(cycle, day, number, at_s * MICROSECONDS_PER_SECOND))
        return tuple(found)

    def agent(self, participant: ParticipantId, day: BusinessDay) -> ParticipantId:
        """Who settles for a participant: its sponsor, or itself."""
        for rule in self._on(SettlementAgent, day):
            if rule.participant == participant:
                return rule.agent
        return participant

    def is_partner(self, participant: ParticipantId, day: BusinessDay) -> bool:
        """Whether a participant's traffic is of the partner leg."""
        return any(rule.participant == participant for rule in self._on(Partner, day))

    def tier(self, acquirer: ParticipantId, merchant: str, day: BusinessDay) -> str:
        """The tier of a merchant, blank for none."""
        for rule in self._on(MerchantTier, day):
            if (rule.acquirer, rule.merchant) == (acquirer, merchant):
                return rule.tier
        return ""

    def terms_for(self, category: str, day: BusinessDay) -> MatchingTerms:
        """The matching terms of a merchant category; LookupError for a day before the first."""
        held = [
            rule
            for rule in self._on(MatchingTerms, day)
            if rule.categories[0] <= category <= rule.categories[1]
        ]
        if not held:
            raise LookupError("no matching terms hold on this day; add a [[terms]]")
        return max(held, key=lambda rule: rule.rank)

    def settlement_terms(self, day: BusinessDay) -> Terms:
        """What settlement needs to write to the bank; LookupError when no bank is agreed."""
        held = self._on(SettlementBankTerms, day)
        if not held:
            raise LookupError("no settlement bank is agreed on this day; add a [[bank]]")
        bank = held[0]
        accounts: dict[Account, BankAccount] = {}
        clearing: dict[str, BankAccount] = {}
        for rule in self._on(SettlementAccount, day):
            account = BankAccount(rule.number, rule.bic, rule.name)
            if rule.purpose == "clearing":
                clearing[rule.currency] = account
            else:
                kind = AccountKind(rule.purpose)
                accounts[Account(kind, rule.holder, rule.currency)] = account
        correspondence = Correspondence(bank.scheme_bic, bank.bank_bic, clearing, accounts)
        return Terms(correspondence, Form(bank.form), bank.answer_timeout_s)

    def calendar(self, currency: str) -> Calendar | None:
        """The calendar of a currency (alphabetic); None when none is stated."""
        for rule in self._of(SettlementCalendar):
            if rule.currency == currency:
                holidays = {
                    year: frozenset(day for day in rule.holidays if day // 10_000 == year)
                    for year in rule.years
                }
                working = frozenset(rule.working)
                return Calendar(currency, frozenset(rule.rest_days), holidays, working)
        return None

    def resources(self, currency: str, day: BusinessDay) -> Resources:
        """What participants agreed to have behind a currency (alphabetic) on a day."""
        held = [rule for rule in self._on(Backing, day) if rule.currency == currency]
        return Resources(
            {rule.participant: rule.collateral for rule in held},
            {rule.participant: rule.fund for rule in held},
            {rule.participant: rule.weight for rule in held},
            {rule.participant: rule.loss_limit for rule in held},
        )
