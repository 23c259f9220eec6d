"""Facts of the rules of clearing: the form in which they are written down and replayed.

A fact is a JSON object with the key `fact` naming its kind; the rest are its values, as in
`altyn.registry`. Each kind: see the table `_KINDS`.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

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
from altyn.clearing.fee_rule import FeeRule, Share
from altyn.money import Rounding

RuleFact = dict[str, Any]
Rule = (
    CycleTerms
    | MatchingTerms
    | FeeRule
    | MerchantTier
    | SettlementAgent
    | Partner
    | SettlementBankTerms
    | SettlementAccount
    | SettlementCalendar
    | Backing
)

_KINDS: Final[dict[str, type[Rule]]] = {
    "cycle-terms": CycleTerms,
    "matching-terms": MatchingTerms,
    "fee-rule": FeeRule,
    "merchant-tier": MerchantTier,
    "settlement-agent": SettlementAgent,
    "partner": Partner,
    "settlement-bank": SettlementBankTerms,
    "settlement-account": SettlementAccount,
    "settlement-calendar": SettlementCalendar,
    "backing": Backing,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}


def rule_fact(rule: Rule) -> RuleFact:
    """The fact that states a rule; `rule_of` is the inverse."""
    values = {key: _plain(value) for key, value in asdict(rule).items()}
    return {"fact": _NAMES[type(rule)], **values}


def rule_of(fact: Mapping[str, Any]) -> Rule:
    """The rule a fact states; raises LookupError for a kind that is not known."""
    kind = _KINDS.get(str(fact["fact"]))
    if kind is None:
        raise LookupError("there is no rule of clearing of this kind")
    values = {key: _tuples(value) for key, value in fact.items() if key != "fact"}
    if kind is FeeRule:
        values["rounding"] = Rounding(values["rounding"])
        values["shares"] = tuple(Share(receiver, ppm) for receiver, ppm in values["shares"])
    return kind(**values)


def _plain(value: Any) -> Any:
    """A value as JSON gives it back: a tuple is a list."""
    if isinstance(value, Rounding):
        return value.value
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list | tuple) else value
