"""Trying cases: what the rules say beside what was expected, and why another rule does not hold."""

from collections.abc import Iterable
from typing import NamedTuple

from altyn.clearing import FeePrice, FeeRule, price
from altyn.runtime.fees.cases import Case, Expectation

__all__ = ["Trial", "try_cases"]

WORDS = {
    "days": "is not in force on this day",
    "rank": "is less specific",
    "tier": "is for another tier",
    "product": "is for another product",
    "processing": "is for another type of transaction",
    "categories": "is for other categories",
    "entry_mode": "is for another entry mode",
    "leg": "is for another leg",
    "currency": "is for another currency",
    "converted": "differs in whether the amount was converted",
    "amount": "is for other amounts",
}
"""Why a rule was passed over, by what `Passed.dimension` names."""


class Trial(NamedTuple):
    """One fee of one case: what was expected, what holds, and a word of explanation."""

    case: str
    expected: Expectation
    rule: str
    amount: int
    why: str

    @property
    def passed(self) -> bool:
        """Whether rule and amount are the expected ones."""
        return (self.rule, self.amount) == (self.expected.rule, self.expected.amount)


def try_cases(rules: Iterable[FeeRule], cases: Iterable[Case]) -> list[Trial]:
    """Every expectation of every case, in their order."""
    known = tuple(rules)
    trials = []
    for case in cases:
        prices = {each.fee: each for each in price(known, case.dimensions(), case.amount)}
        for expected in case.expectations:
            trials.append(_trial(case, expected, prices.get(expected.fee)))
    return trials


def _trial(case: Case, expected: Expectation, found: FeePrice | None) -> Trial:
    if found is None:
        return Trial(case.name, expected, "", 0, "there is no rule of this fee")
    rule = found.rule.rule_id if found.rule is not None else ""
    why = ""
    if rule != expected.rule:
        why = _why_not(expected.rule, found)
    elif found.amount != expected.amount:
        why = "the amount is another"
    return Trial(case.name, expected, rule, found.amount, why)


def _why_not(expected: str, found: FeePrice) -> str:
    if not expected:
        return "a rule holds, and none should"
    for passed in found.passed:
        if passed.rule.rule_id == expected:
            return f"{expected} {WORDS[passed.dimension]}"
    return f"this fee has no rule {expected}"
