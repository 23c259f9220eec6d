"""The rules of clearing: facts and back, what is refused, what holds on a day."""

import json
from dataclasses import replace
from typing import Any

import pytest

from altyn.clearing import (
    FAR_AWAY_DAY,
    Backing,
    ClearingRules,
    MerchantTier,
    Partner,
    Rule,
    SettlementAccount,
    SettlementAgent,
    SettlementBankTerms,
    SettlementCalendar,
    Share,
    rule_fact,
    rule_findings,
    rule_of,
)
from altyn.identifiers import ParticipantId
from altyn.ledger import SCHEME, Account, AccountKind
from tests.clearing.scheme import (
    ALMA,
    BORI,
    CHUY,
    CYCLES,
    GATE,
    REST,
    TIER,
    clearing_rules,
    fee,
    registry,
)

BANK = SettlementBankTerms("SETLKZ22", "ALTNKZ22", "multilateral", 300, 20260101)
ACCOUNT = SettlementAccount("settlement", ALMA, "KZT", "KZ01", "ALMAKZ22", "Alma", 20260101)
CLEARING = SettlementAccount("clearing", SCHEME, "KZT", "KZ99", "ALTNKZ22", "Altyn", 20260101)
CALENDAR = SettlementCalendar("KZT", (5, 6), (2026,), (20261216,), (20261219,))
BACKING = Backing(ALMA, "KZT", 500, 200, 3, 1_000, 20260101)
RULES: tuple[Rule, ...] = (
    CYCLES,
    REST,
    TIER,
    fee(floor=100, cap=500, currency="KZT", categories=("5411", "5411"), converted=False),
    SettlementAgent(BORI, ALMA, 20260101, 20270101),
    Partner(GATE, 20260101),
    BANK,
    ACCOUNT,
    CLEARING,
    CALENDAR,
    BACKING,
)


def reasons(*rules: Rule) -> list[tuple[str, str]]:
    """Key and reason of what is wrong with rules beside the usual ones."""
    found = rule_findings([CYCLES, REST, TIER, *rules], registry())
    return [(finding.key, finding.reason) for finding in found]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_a_rule_and_its_fact_turn_into_each_other(rule: Rule) -> None:
    """Through JSON, as the journal keeps it."""
    assert rule_of(json.loads(json.dumps(rule_fact(rule)))) == rule


def test_an_unknown_kind_of_fact_is_refused() -> None:
    """A fact of a later version must not be passed over."""
    with pytest.raises(LookupError, match="no rule"):
        rule_of({"fact": "lottery"})


def test_two_rules_that_contend_are_both_named() -> None:
    """Equally specific, on the same days, for the same items."""
    ours = fee("ours", categories=("5000", "5500"))
    theirs = fee("theirs", categories=("5411", "5999"))
    ((key, reason),) = reasons(ours, theirs)
    assert key == "rule_id"
    assert "ours and theirs" in reason
    with pytest.raises(ValueError, match="ours and theirs"):
        clearing_rules(ours, theirs)


@pytest.mark.parametrize(
    "apart",
    [
        {"until": 20260601},
        {"categories": ("5412", "5500")},
        {"categories": ("5411", "5411")},
        {"leg": "domestic"},
        {"fee": "scheme"},
        {"converted": True},
        {"currency": "KZT", "amount_from": 100},
    ],
)
def test_rules_that_differ_do_not_contend(apart: dict[str, Any]) -> None:
    """By date, codes, closeness, what they name, or the fee."""
    ours = fee("ours", effective=20260601, categories=("5000", "5411"))
    assert reasons(ours, fee("theirs", **({"categories": ("5000", "5411")} | apart))) == []


@pytest.mark.parametrize(
    ("key", "word", "wrong"),
    [
        ("shares", "whole fee", {"shares": (Share("issuer", 999_999),)}),
        ("shares", "twice", {"shares": (Share("issuer", 500_000),) * 2}),
        ("currency", "no currency", {"fixed": 100}),
        ("currency", "no currency", {"floor": 100}),
        ("currency", "no currency", {"cap": 100}),
        ("currency", "no currency", {"amount_from": 1}),
        ("floor", "above the cap", {"floor": 3, "cap": 2, "currency": "KZT"}),
        ("amount_until", "no amount", {"amount_from": 9, "amount_until": 9, "currency": "KZT"}),
        ("categories", "above the last", {"categories": ("5500", "5411")}),
        ("tier", "no merchant", {"tier": "SMALL"}),
        ("product", "no such product", {"product": "PLATIN"}),
        ("currency", "nobody settles", {"currency": "JPY"}),
        ("until", "ends before", {"until": 20251231}),
    ],
)
def test_a_fee_rule_that_cannot_hold_is_refused(key: str, word: str, wrong: dict[str, Any]) -> None:
    """Each fault at its key."""
    ((found, reason),) = reasons(fee(**wrong))
    assert found == key
    assert word in reason


@pytest.mark.parametrize(
    ("key", "word", "rule"),
    [
        ("participant", "no such participant", Partner(ParticipantId("NOBODY"), 20260101)),
        ("agent", "its own agent", SettlementAgent(BORI, BORI, 20260101)),
        ("effective", "same days", MerchantTier(ALMA, "MARKET", "HUGE", 20260601)),
        ("terms_id", "equally specific", replace(REST, terms_id="two")),
        ("terms_id", "has this id", replace(REST, categories=("1000", "1999"))),
        ("refuse_days", "before it is late", replace(REST, until=20260101, refuse_days=6)),
        ("holder", "held by SCHEME", replace(CLEARING, holder=ALMA)),
        ("holidays", "does not state", replace(CALENDAR, years=(2027,), working=())),
        ("effective", "same days", replace(CYCLES, effective=20260601)),
    ],
)
def test_another_rule_that_cannot_hold_is_refused(key: str, word: str, rule: Rule) -> None:
    """Each fault at its key."""
    assert any(found == key and word in reason for found, reason in reasons(rule))


def test_an_agent_that_settles_through_another_is_refused() -> None:
    """Who owes in the end must be seen at once."""
    found = reasons(SettlementAgent(BORI, ALMA, 20260101), SettlementAgent(GATE, BORI, 20260101))
    assert found == [("agent", "this agent settles through another on some of these days")]


def test_days_without_terms_or_cycles_are_refused() -> None:
    """What must hold every day has no gap and no end."""
    first = replace(REST, until=20260601)
    later = replace(REST, terms_id="later", effective=20260602)
    found = rule_findings([CYCLES, first, later], registry())
    assert [(finding.number, finding.key) for finding in found] == [(2, "effective")]
    found = rule_findings([replace(CYCLES, until=20260601), first], registry())
    assert [(finding.number, finding.key) for finding in found] == [(0, "until"), (1, "until")]
    assert {finding.key for finding in rule_findings([], registry())} == {""}


def test_what_holds_is_asked_by_day() -> None:
    """Agent, partner, tier and terms, each on its days."""
    single = replace(REST, terms_id="one", categories=("5812", "5812"), effective=20260601)
    rules = clearing_rules(
        SettlementAgent(BORI, ALMA, 20260201, 20260301), Partner(GATE, 20260201), single
    )
    assert [rules.agent(BORI, day) for day in (20260131, 20260201, 20260301)] == [BORI, ALMA, BORI]
    assert [rules.is_partner(GATE, day) for day in (20260131, 20260201)] == [False, True]
    assert rules.tier(ALMA, "MARKET", 20260101) == "BIG"
    assert rules.tier(BORI, "MARKET", 20260101) == ""
    assert rules.terms_for("5812", 20260531).terms_id == "rest"
    assert rules.terms_for("5812", 20260601).terms_id == "one"
    with pytest.raises(LookupError, match="no matching terms"):
        rules.terms_for("5812", 20251231)


def test_cut_offs_are_instants_of_the_schemes_zone() -> None:
    """Almaty is five hours ahead of UTC; a cut-off later than the cut-over is of the evening
    before, when the business day had begun."""
    first, last = clearing_rules().cut_offs(20261123)
    assert (first.cycle, last.cycle) == ("2026-11-23/1", "2026-11-23/2")
    assert first.at_us == 1_795_420_800_000_000  # 2026-11-23T08:00:00Z
    assert last.at_us - first.at_us == 10 * 3_600_000_000
    evening = replace(CYCLES, cut_offs=("23:30", "23:00"))
    facts = [rule_fact(rule) for rule in (evening, REST)]
    early, late = ClearingRules(facts, registry()).cut_offs(20261123)
    assert late.at_us - early.at_us == 23 * 3_600_000_000 + 1_800_000_000
    with pytest.raises(LookupError, match="no rule"):
        clearing_rules().cut_offs(20251231)


def test_settlement_finds_its_bank_calendar_and_resources() -> None:
    """In the forms in which altyn.settlement wants them."""
    rules = clearing_rules(BANK, ACCOUNT, CLEARING, CALENDAR, BACKING)
    terms = rules.settlement_terms(20260101)
    assert terms.answer_timeout_s == 300
    account = Account(AccountKind.SETTLEMENT, ALMA, "KZT")
    assert terms.correspondence.accounts[account].number == "KZ01"
    assert terms.correspondence.clearing_accounts["KZT"].number == "KZ99"
    calendar = rules.calendar("KZT")
    assert calendar is not None
    assert [calendar.is_open(day) for day in (20261216, 20261218, 20261219)] == [False, True, True]
    assert rules.calendar("USD") is None
    assert rules.resources("KZT", 20260101).limits == {ALMA: 1_000}
    assert rules.resources("KZT", 20251231).collateral == {}
    with pytest.raises(LookupError, match="no settlement bank"):
        rules.settlement_terms(20251231)


def test_the_version_names_the_rules_whatever_their_order() -> None:
    """Eight hexadecimal digits."""
    facts = [rule_fact(rule) for rule in (CYCLES, REST, fee())]
    assert (
        ClearingRules(facts, registry()).version == ClearingRules(facts[::-1], registry()).version
    )
    assert CYCLES.until == FAR_AWAY_DAY
    assert CHUY in registry().participants
