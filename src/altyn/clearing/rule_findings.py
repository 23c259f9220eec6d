"""What is wrong with a set of clearing rules: every fault, each at its rule and key.

The same findings refuse rules that come as facts (`ClearingRules`) and tell the line of the file
they were written in (`clearing.toml`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final, NamedTuple, TypeVar

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
from altyn.clearing.fee_rule import FAR_AWAY_DAY, MILLION, FeeRule
from altyn.clearing.rule_facts import Rule
from altyn.ledger import SCHEME
from altyn.registry import BinRange, Registry, value_of

RuleT = TypeVar("RuleT")
DatedT = TypeVar("DatedT", bound=Dated)
Numbered = tuple[int, RuleT]

_DO_END: Final = "let one end before the other begins"


class RuleFinding(NamedTuple):
    """A fault: `number` is the place of the rule among those given, from 0; `key` is a field of it,
    blank for the whole. `reason` and what to `do` are phrases without a full stop."""

    number: int
    key: str
    reason: str
    do: str


class _Scheme(NamedTuple):
    """What the registry says that rules may name."""

    participants: frozenset[str]
    products: frozenset[str]
    currencies: frozenset[str]


def rule_findings(rules: Sequence[Rule], registry: Registry | None) -> list[RuleFinding]:
    """Every fault of the rules, in their order; without a registry, those in themselves only."""
    found = list(_dates(rules))
    found += _cycles(_of(CycleTerms, rules))
    found += _terms(_of(MatchingTerms, rules))
    found += _fees(_of(FeeRule, rules), _of(MerchantTier, rules))
    found += _agents(_of(SettlementAgent, rules))
    found += _banks(_of(SettlementBankTerms, rules))
    for check in (_tier_overlaps, _partner_overlaps, _account_overlaps, _backing_overlaps):
        found += check(rules)
    found += _calendars(_of(SettlementCalendar, rules))
    if registry is not None:
        found += _strangers(rules, _known(registry))
    return sorted(found)


def _of(kind: type[RuleT], rules: Sequence[Rule]) -> list[Numbered[RuleT]]:
    return [(number, rule) for number, rule in enumerate(rules) if isinstance(rule, kind)]


def _dates(rules: Sequence[Rule]) -> Iterator[RuleFinding]:
    for number, rule in enumerate(rules):
        if not isinstance(rule, SettlementCalendar) and rule.until <= rule.effective:
            do = "write a later day, or leave it out"
            yield RuleFinding(number, "until", "this ends before it begins", do)


def _continuous(rules: Sequence[Numbered[DatedT]], what: str) -> Iterator[RuleFinding]:
    """What must hold every day from its first on: gaps and ends; overlaps are told elsewhere."""
    ordered = sorted(rules, key=lambda each: each[1].effective)
    for (_, earlier), (number, later) in pairwise(ordered):
        if earlier.until < later.effective:
            reason = f"before this there are days without any {what}"
            yield RuleFinding(
                number, "effective", reason, "let it begin on the day on which the earlier ones end"
            )
    if ordered and ordered[-1][1].until < FAR_AWAY_DAY:
        reason = f"there are days after this without any {what}"
        yield RuleFinding(ordered[-1][0], "until", reason, "leave it out, or state what follows")


def _cycles(rules: list[Numbered[CycleTerms]]) -> Iterator[RuleFinding]:
    if not rules:
        yield RuleFinding(0, "", "nothing says when cycles end", "add a [[cycles]]")
    yield from _continuous(rules, "cycles")
    yield from _overlaps(rules, lambda rule: ())
    for number, rule in rules:
        if not rule.cut_offs:
            yield RuleFinding(number, "cut_offs", "a day has one cycle at least", "add a time")
        if len(set(rule.cut_offs)) < len(rule.cut_offs):
            yield RuleFinding(number, "cut_offs", "a time stands twice", "remove one of the two")


def _overlaps(
    rules: Sequence[Numbered[DatedT]], subject: Callable[[DatedT], object]
) -> Iterator[RuleFinding]:
    """Rules of one subject that hold on the same days."""
    subjects: dict[object, list[DatedT]] = {}
    for number, rule in rules:
        for earlier in subjects.setdefault(subject(rule), []):
            if earlier.effective < rule.until and rule.effective < earlier.until:
                reason = "an earlier table says something about the same, on the same days"
                yield RuleFinding(number, "effective", reason, _DO_END)
                break
        subjects[subject(rule)].append(rule)


def _tier_overlaps(rules: Sequence[Rule]) -> Iterator[RuleFinding]:
    return _overlaps(_of(MerchantTier, rules), lambda rule: (rule.acquirer, rule.merchant))


def _partner_overlaps(rules: Sequence[Rule]) -> Iterator[RuleFinding]:
    return _overlaps(_of(Partner, rules), lambda rule: rule.participant)


def _account_overlaps(rules: Sequence[Rule]) -> Iterator[RuleFinding]:
    yield from _overlaps(
        _of(SettlementAccount, rules), lambda rule: (rule.purpose, rule.holder, rule.currency)
    )
    for number, rule in _of(SettlementAccount, rules):
        if (rule.purpose in ("fees", "residue", "clearing")) != (rule.holder == SCHEME):
            reason = "fees, residue and clearing are held by SCHEME, the others by participants"
            yield RuleFinding(number, "holder", reason, "name another holder or purpose")


def _backing_overlaps(rules: Sequence[Rule]) -> Iterator[RuleFinding]:
    return _overlaps(_of(Backing, rules), lambda rule: (rule.participant, rule.currency))


def _banks(rules: list[Numbered[SettlementBankTerms]]) -> Iterator[RuleFinding]:
    return _overlaps(rules, lambda rule: ())


def _agents(rules: list[Numbered[SettlementAgent]]) -> Iterator[RuleFinding]:
    """Nobody settles through one who settles through another: who owes must be seen at once."""
    yield from _overlaps(rules, lambda rule: rule.participant)
    for number, rule in rules:
        if rule.agent == rule.participant:
            do = "remove the table: who has no agent settles by itself"
            yield RuleFinding(number, "agent", "a participant is its own agent", do)
            continue
        for _, other in rules:
            overlap = rule.effective < other.until and other.effective < rule.until
            if overlap and other.participant == rule.agent:
                reason = "this agent settles through another on some of these days"
                yield RuleFinding(number, "agent", reason, "name who settles in the end")
                break


def _terms(rules: list[Numbered[MatchingTerms]]) -> Iterator[RuleFinding]:
    yield from _twice(rules, "terms_id", lambda rule: rule.terms_id)
    rest = [each for each in rules if each[1].rank == 0]
    if not rest:
        reason = "no matching terms are for the rest of the merchant categories"
        yield RuleFinding(0, "", reason, "add a [[terms]] without categories")
    yield from _continuous(rest, "matching terms for the rest of the categories")
    for number, rule in rules:
        if rule.late_days > rule.refuse_days:
            reason = "refused before it is late: refuse_days is below late_days"
            yield RuleFinding(number, "refuse_days", reason, "raise it, or lower late_days")
        if rule.open_days > rule.refuse_days:
            reason = "an authorization would be open when its presentments are refused already"
            yield RuleFinding(number, "refuse_days", reason, "raise it, or lower open_days")
        for other_number, other in rules:
            if other_number < number and rule.contends_with(other):
                reason = f"{other.terms_id} and {rule.terms_id} are equally specific for some"
                yield RuleFinding(number, "terms_id", f"{reason} categories and days", _DO_END)


def _twice(
    rules: Sequence[Numbered[RuleT]], key: str, name: Callable[[RuleT], str]
) -> Iterator[RuleFinding]:
    seen: set[str] = set()
    for number, rule in rules:
        if name(rule) in seen:
            yield RuleFinding(number, key, "an earlier table has this id", "each is stated once")
        seen.add(name(rule))


def _fees(
    rules: list[Numbered[FeeRule]], tiers: list[Numbered[MerchantTier]]
) -> Iterator[RuleFinding]:
    yield from _twice(rules, "rule_id", lambda rule: rule.rule_id)
    known = {tier.tier for _, tier in tiers}
    for number, rule in rules:
        yield from _fee_in_itself(number, rule)
        if rule.tier and rule.tier not in known:
            do = "add a [[tier]] that names it, or remove it"
            yield RuleFinding(number, "tier", "no merchant is of this tier", do)
    by_scope = sorted(rules, key=lambda each: (each[1].fee, each[1].rank))
    for _, group in groupby(by_scope, key=lambda each: (each[1].fee, each[1].rank)):
        yield from _contending(list(group))


def _contending(rules: list[Numbered[FeeRule]]) -> Iterator[RuleFinding]:
    """Rules of one fee and rank of which neither goes before the other; both are named."""
    ordered = sorted(rules, key=lambda each: each[0])
    for place, (number, rule) in enumerate(ordered):
        for _, earlier in ordered[:place]:
            if rule.contends_with(earlier):
                reason = (
                    f"{earlier.rule_id} and {rule.rule_id} price the same items on the same days "
                    "and are equally specific"
                )
                do = "let one end before the other begins, or let one name more"
                yield RuleFinding(number, "rule_id", reason, do)


def _fee_in_itself(number: int, rule: FeeRule) -> Iterator[RuleFinding]:
    if sum(share.ppm for share in rule.shares) != MILLION:
        reason = "the shares do not make up the whole fee"
        yield RuleFinding(number, "shares", reason, "let them sum to 100 percent")
    if len({share.receiver for share in rule.shares}) < len(rule.shares):
        yield RuleFinding(number, "shares", "a receiver stands twice", "add its shares up")
    if rule.money_needs_currency and not rule.currency:
        reason = "an amount is stated and no currency"
        yield RuleFinding(number, "currency", reason, "name the settlement currency of the amounts")
    if rule.floor is not None and rule.cap is not None and rule.floor > rule.cap:
        yield RuleFinding(number, "floor", "the floor is above the cap", "change one of the two")
    if rule.amount_from >= rule.amount_until:
        reason = "no amount lies in this band"
        yield RuleFinding(number, "amount_until", reason, "raise it: it is not included itself")
    if rule.categories[0] > rule.categories[1]:
        reason = "the first code is above the last"
        yield RuleFinding(number, "categories", reason, "write the smaller one first")


def _calendars(rules: list[Numbered[SettlementCalendar]]) -> Iterator[RuleFinding]:
    yield from _twice(rules, "currency", lambda rule: rule.currency)
    for number, rule in rules:
        for key, days in (("holidays", rule.holidays), ("working", rule.working)):
            if any(day // 10_000 not in rule.years for day in days):
                reason = "a day is in a year that this calendar does not state"
                yield RuleFinding(number, key, reason, "add the year to `years` when it is whole")


def _known(registry: Registry) -> _Scheme:
    ranges = [value for value in map(value_of, registry.facts) if isinstance(value, BinRange)]
    settled = {each.currency for each in registry.participants.values()}
    return _Scheme(
        frozenset(registry.participants),
        frozenset(each.product for each in ranges),
        frozenset({*settled, registry.scheme.cross_border_currency}),
    )


def _strangers(rules: Sequence[Rule], scheme: _Scheme) -> Iterator[RuleFinding]:
    """Participants, products and currencies that the scheme does not have."""
    for number, rule in enumerate(rules):
        for key in ("participant", "agent", "acquirer", "holder"):
            name = getattr(rule, key, None)
            if name is not None and name != SCHEME and name not in scheme.participants:
                do = "name the id of a [[participant]] of the scheme file"
                yield RuleFinding(number, key, "the scheme has no such participant", do)
        product = getattr(rule, "product", "")
        if product and product not in scheme.products:
            do = "name the product of a [[bin]] of the scheme file"
            yield RuleFinding(number, "product", "the scheme has no such product", do)
        currency = getattr(rule, "currency", "")
        if currency and currency not in scheme.currencies:
            reason = "nobody settles in this currency"
            do = "name the currency of a participant, or the cross-border currency"
            yield RuleFinding(number, "currency", reason, do)


def described(findings: Iterable[RuleFinding]) -> str:
    """The first finding in a line, and how many more there are."""
    first, *more = findings
    return first.reason + (f" (and {len(more)} more)" if more else "")
