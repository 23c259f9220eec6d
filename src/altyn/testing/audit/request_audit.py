"""Records of requests: started, ended, refused at once. Each claim against what was seen."""

from collections.abc import Mapping
from typing import Final

from altyn.card import seal
from altyn.money import currency_of
from altyn.testing.audit.case import Case, Content
from altyn.testing.audit.claim import Claim
from altyn.testing.audit.forecast import FORESEEN, forecast
from altyn.testing.audit.model import Model
from altyn.testing.audit.stand_in_use import Wanted
from altyn.transaction import NOT_REMEMBERED, Outcome

__all__ = ["RequestAudit", "asked_content", "sealed"]

ATM_CATEGORY: Final = "6011"
AUTHORIZATION: Final = 1
ANSWERED: Final = frozenset({Outcome.APPROVED, Outcome.DECLINED_BY_ISSUER})
STOOD_IN: Final = {
    Outcome.STOOD_IN_LATE: Outcome.ISSUER_LATE,
    Outcome.STOOD_IN_LINK_LOST: Outcome.ISSUER_LINK_LOST,
    Outcome.STOOD_IN_ANSWER_INVALID: Outcome.ISSUER_ANSWER_INVALID,
}
"""What stands in the place of what, for a request that its issuer was asked."""
APPROVAL_CODES: Final = ("00", "08", "85")


class RequestAudit:
    """Takes the claims about 0100 and 0200."""

    def __init__(self, model: Model) -> None:
        """Work on the auditor's model."""
        self._model = model

    def started(self, claim: Claim) -> None:
        """A request was accepted and will go to its issuer."""
        model = self._model
        content = asked_content(model, claim)
        name = claim.institution, claim.rrn
        before = model.find(claim.key)
        if before is not None:
            model.fail(
                "I2", f"a second transaction under the key of one that is {before.state}", name
            )
        acquirer = model.terms.owner_of.get(claim.institution, "")
        model.expect("PREDICTION", claim.acquirer, acquirer, "acquirer", name)
        owners = [model.bank_of[link] for link in model.asked[claim.key].links]
        model.expect("PREDICTION", acquirer in owners, True, "that it came from its own line", name)
        foreseen = forecast(model, content, acquirer, claim.received_us)
        if foreseen.refusal:
            wrong = "I8" if foreseen.refusal == Outcome.CAP_EXCEEDED else "PREDICTION"
            model.fail(wrong, f"accepted, must be {Outcome(foreseen.refusal).name}", name)
        model.expect("PREDICTION", claim.issuer, foreseen.issuer, "issuer", name)
        amount = foreseen.settlement_amount
        model.expect("I1", claim.settlement_amount, amount, "settlement amount", name)
        if not foreseen.no_money:
            currency = foreseen.settlement_currency
            model.expect("I1", claim.settlement_currency, currency, "settlement currency", name)
        model.expect("I1", (claim.held_change, claim.posted_change), (amount, 0), "changes", name)
        model.expect("I3", claim.remaining, content.amount, "what stands", name)
        case = self._new_case(claim, content)
        case.credit, case.no_money = foreseen.credit, foreseen.no_money
        self._begin(case, claim)

    def _begin(self, case: Case, claim: Claim) -> None:
        model = self._model
        model.take_stan(case.issuer, claim.issuer_stan, case)
        case.issuer_stan = claim.issuer_stan
        case.issuer_transmission = model.transmission.write(claim.received_us)
        case.remaining = case.amount
        self._bill(case, claim)
        model.keep(case)
        model.in_flight[case.key] = case
        amount = case.settlement_amount
        model.ledger.change(case.parties, case.settlement_currency, case.business_day, amount, 0)

    def _new_case(self, claim: Claim, content: Content) -> Case:
        model = self._model
        name = claim.institution, claim.rrn
        model.expect("I3", claim.business_day, model.business_day, "business day", name)
        case = Case(claim.key, claim.kind, "in flight")
        case.content = content
        case.institution = claim.institution
        case.acquirer, case.issuer = claim.acquirer, claim.issuer
        case.pan = claim.pan
        case.amount = claim.amount
        case.settlement_amount = claim.settlement_amount
        case.settlement_currency = claim.settlement_currency
        case.business_day = claim.business_day
        case.sequence = claim.sequence
        case.asked_at = model.asked[claim.key].first_at
        case.life = model.life
        return case

    def finished(self, claim: Claim) -> None:
        """A request ended: what was in flight, or a refusal or a stand-in at once."""
        case = self._model.find(claim.key)
        if case is not None and case.state == "in flight" and claim.issuer_stan == case.issuer_stan:
            self._ended(case, claim)
        elif claim.outcome in (Outcome.STOOD_IN_UNREACHABLE, Outcome.STOOD_IN_BUSY):
            self._stood_in_at_once(claim, case)
        else:
            self._refused(claim, case)

    def _ended(self, case: Case, claim: Claim) -> None:
        model = self._model
        stood_in = claim.outcome in STOOD_IN
        approved = stood_in or claim.outcome == Outcome.APPROVED
        code = claim.response_code
        model.expect("PREDICTION", code in APPROVAL_CODES, approved, "that it says yes", case.name)
        self._check_grounds(case, claim)
        amount = case.settlement_amount
        held, posted = -amount, 0
        if approved:
            held, posted = (0, 0) if case.kind == AUTHORIZATION else (-amount, amount)
        changes = claim.held_change, claim.posted_change
        model.expect("I1", changes, (held, posted), "changes of holds and positions", case.name)
        model.expect("I1", claim.settlement_amount, amount, "settlement amount", case.name)
        remaining = case.amount if approved else 0
        model.expect("I3", claim.remaining, remaining, "what stands", case.name)
        model.expect("I3", claim.business_day, case.business_day, "business day", case.name)
        day = case.business_day
        model.ledger.change(case.parties, case.settlement_currency, day, held, posted)
        case.state = "approved" if approved else "declined"
        case.remaining = remaining
        case.code, case.authorization_code = code, claim.authorization_code
        case.sequence = claim.sequence
        del model.in_flight[case.key]
        if stood_in:
            self._count_stand_in(case, claim)
        elif claim.outcome not in ANSWERED and not case.no_money:
            model.reversal_due[claim.sequence] = case

    def _check_grounds(self, case: Case, claim: Claim) -> None:
        """Whether what was read allows the outcome, and whether it calls for another."""
        model, outcome = self._model, claim.outcome
        first = case.verdicts[0] if case.verdicts else None
        means = "" if first is None else first.means
        timeouts = model.timeouts[case.issuer]
        content = case.content
        assert content is not None, "a case in flight has what was asked"
        timeout_us = timeouts[content.category == ATM_CATEGORY]
        grounds = {
            Outcome.APPROVED: means == "approve",
            Outcome.DECLINED_BY_ISSUER: means == "decline",
            Outcome.ISSUER_ANSWER_INVALID: means == "invalid",
            Outcome.ISSUER_LATE: model.now >= case.asked_at + timeout_us,
            Outcome.ISSUER_LINK_LOST: model.lost_at.get(case.issuer, -1) >= case.asked_at,
            Outcome.REVERSED_IN_FLIGHT: case.reversal_read_at >= 0,
            Outcome.SWITCH_RESTARTED: case.life < model.life,
        }
        known = Outcome(outcome)
        if not (grounds[known] if known in grounds else self._stand_in_grounds(known, grounds)):
            model.fail("PREDICTION", f"ended {known.name} without grounds for it", case.name)
        if first is not None and outcome in (Outcome.APPROVED, Outcome.DECLINED_BY_ISSUER):
            model.expect("PREDICTION", claim.response_code, first.code, "response code", case.name)
            code = first.authorization_code.rstrip()
            found = claim.authorization_code
            model.expect("PREDICTION", found, code, "authorization code", case.name)
        in_time = first is not None and first.at < case.asked_at + timeout_us
        if STOOD_IN.get(known, known) is Outcome.ISSUER_LATE and in_time:
            model.fail("PREDICTION", "ended as late, answered in time", case.name)

    def _stand_in_grounds(self, outcome: Outcome, grounds: Mapping[Outcome, bool]) -> bool:
        """Stand-in decides only where the issuer's answer is missing; it may also refuse."""
        if outcome in STOOD_IN:
            return grounds[STOOD_IN[outcome]]
        refused = outcome.name.startswith("STAND_IN")
        return refused and any(grounds[each] for each in STOOD_IN.values())

    def _stood_in_at_once(self, claim: Claim, before: Case | None) -> None:
        """Approved in the place of an issuer that could not be asked."""
        model = self._model
        content = asked_content(model, claim)
        name = claim.institution, claim.rrn
        if before is not None:
            model.fail("I2", f"stood in for under the key of one that is {before.state}", name)
        acquirer = model.terms.owner_of.get(claim.institution, "")
        foreseen = forecast(model, content, acquirer, claim.received_us)
        if foreseen.refusal:
            wrong = "I8" if foreseen.refusal == Outcome.CAP_EXCEEDED else "PREDICTION"
            model.fail(wrong, f"stood in for, must be {Outcome(foreseen.refusal).name}", name)
        model.expect("PREDICTION", claim.issuer, foreseen.issuer, "issuer", name)
        amount = foreseen.settlement_amount
        changes = (amount, 0) if claim.kind == AUTHORIZATION else (0, amount)
        model.expect("I1", (claim.held_change, claim.posted_change), changes, "changes", name)
        model.expect("I3", claim.remaining, content.amount, "what stands", name)
        case = self._new_case(claim, content)
        case.credit, case.no_money = foreseen.credit, foreseen.no_money
        case.state = "approved"
        case.remaining = case.amount
        case.code, case.authorization_code = claim.response_code, claim.authorization_code
        model.keep(case)
        model.ledger.change(case.parties, case.settlement_currency, case.business_day, *changes)
        self._bill(case, claim)
        self._count_stand_in(case, claim)

    def _bill(self, case: Case, claim: Claim) -> None:
        """What the cardholder is charged is fixed when the request arrives, by the registry of
        then (F38)."""
        model, content = self._model, case.content
        assert content is not None, "what is billed was asked"
        found = model.terms.range_of(content.pan)
        assert found is not None, "an issuer was found for it"
        case.card_range = found
        if case.no_money:
            return
        billed = model.terms.billed(
            found["currency"], content.currency, content.amount, claim.received_us
        )
        model.expect("I1", claim.billing_amount, billed, "billing amount", case.name)

    def _count_stand_in(self, case: Case, claim: Claim) -> None:
        """I7: within the terms in force, and the issuer is told of it."""
        model = self._model
        content = case.content
        assert content is not None, "what was stood in for was asked"
        if not model.terms.is_active(case.issuer):
            model.fail("I7", "stood in for a suspended issuer", case.name)
        card_range = case.card_range
        billed_in = currency_of(card_range["currency"]).numeric
        service = content.processing_code[:2]
        wanted = Wanted(
            case.issuer,
            claim.pan,
            card_range["product"],
            service,
            billed_in,
            claim.billing_amount,
            claim.category,
            claim.entry_mode[:2],
        )
        forbidden = model.stand_in.use(
            model.terms.stand_in, wanted, claim.finished_us, claim.sequence
        )
        if forbidden:
            model.fail("I7", f"stood in for, though {forbidden}", case.name)
        case.told_as = claim.issuer_original
        model.advice_due[claim.sequence] = case

    def _refused(self, claim: Claim, case: Case | None) -> None:
        model = self._model
        content = asked_content(model, claim)
        name = claim.institution, claim.rrn
        outcome = Outcome(claim.outcome)
        if claim.response_code in APPROVAL_CODES:
            model.fail("I2", "approved without having asked the issuer", name)
        money = claim.held_change, claim.posted_change, claim.remaining
        model.expect("I1", money, (0, 0, 0), "changes and what stands after a refusal", name)
        self._check_reason(claim, content, case, outcome)
        if outcome in NOT_REMEMBERED:
            codes = model.refusals.setdefault(claim.key, [])
            if claim.response_code not in codes:
                codes.append(claim.response_code)
            return
        again = case is not None and case.unread and claim.response_code == case.code
        if case is not None and case.state != "marker" and not again:
            model.fail("I2", f"refused {outcome.name}, but the key is {case.state}", name)
        refused = self._new_case(claim, content)
        refused.state = "declined"
        refused.code = claim.response_code
        model.keep(refused)

    def _check_reason(
        self, claim: Claim, content: Content, case: Case | None, outcome: Outcome
    ) -> None:
        model = self._model
        name = claim.institution, claim.rrn
        if outcome is Outcome.DUPLICATE_DIFFERS:
            if case is None or case.content is None or _same(content, case.content):
                model.fail("I2", "refused as a duplicate that differs, and none does", name)
        elif outcome is Outcome.REVERSED_BEFORE_ARRIVAL:
            if case is None or case.state != "marker":
                model.fail("PREDICTION", "refused as reversed before, and no reversal came", name)
        elif outcome in FORESEEN:
            acquirer = model.terms.owner_of.get(claim.institution, "")
            foreseen = forecast(model, content, acquirer, claim.received_us)
            if outcome is Outcome.NO_RATE and foreseen.no_money:
                return
            wanted = Outcome(foreseen.refusal).name if foreseen.refusal else "none"
            model.expect("PREDICTION", outcome.name, wanted, "refusal", name)
        elif case is not None and case.state == "marker" and outcome not in NOT_REMEMBERED:
            model.fail("PREDICTION", f"refused {outcome.name}, must be reversed before", name)


def _same(one: Content, other: Content) -> bool:
    return (one.amount, one.rrn, one.pan) == (other.amount, other.rrn, other.pan)


def asked_content(model: Model, claim: Claim) -> Content:
    """What was read under the key of a claim, and says what the claim says."""
    asked = model.asked.get(claim.key)
    name = claim.institution, claim.rrn
    if asked is None:
        model.fail("PREDICTION", "a record of a message that was never read", name)
    said = claim.amount, claim.rrn, claim.currency
    for content in asked.contents:
        same = (content.amount, content.rrn, content.currency) == said
        if same and sealed(content.pan) == claim.pan:
            return content
    return model.fail("I3", "a record says other than every message of its key", name)


_seals: dict[str, bytes] = {}
SEALS_MAX: Final = 50_000


def sealed(pan: str) -> bytes:
    """The stored form of a card number, kept ready; empty for a text that is none."""
    found = _seals.get(pan)
    if found is None:
        if len(_seals) >= SEALS_MAX:
            _seals.clear()
        try:
            found = seal(pan)
        except ValueError:
            found = b""  # a defective message names no card number
        _seals[pan] = found
    return found
