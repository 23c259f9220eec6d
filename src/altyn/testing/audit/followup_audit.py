"""Records about an earlier transaction: reversals, completions, and the switch's own reversals."""

from typing import Final

from altyn.testing.audit.case import MESSAGE_TYPES, Case, Content, OwedAdvice, original_key_of
from altyn.testing.audit.claim import Claim
from altyn.testing.audit.model import Model
from altyn.testing.audit.request_audit import asked_content
from altyn.testing.audit.terms import share
from altyn.transaction import NOT_REMEMBERED, Outcome, entries

__all__ = ["FollowUpAudit"]

AUTHORIZATION: Final = 1
REVERSAL: Final = 5
REVERSAL_ADVICE: Final = 6


class FollowUpAudit:
    """Takes the claims about 0120, 0220, 0400 and 0420."""

    def __init__(self, model: Model) -> None:
        """Work on the auditor's model."""
        self._model = model

    def by_switch(self, claim: Claim) -> None:
        """An advice that the switch itself makes: a reversal of what ended unanswered, or word
        of what was stood in for."""
        if claim.flags & entries.Flag.STOOD_IN:
            self._stand_in_advice(claim)
            return
        model = self._model
        case = model.reversal_due.pop(claim.refers_to, None)
        name = claim.institution, claim.rrn
        if case is None:
            model.fail("I3", "a reversal of the switch for what needs none", name)
        model.expect("I3", claim.kind, REVERSAL_ADVICE, "kind of the switch's own advice", name)
        model.expect("I3", (claim.held_change, claim.posted_change), (0, 0), "changes", name)
        self._owe(claim, case, 0)

    def _stand_in_advice(self, claim: Claim) -> None:
        model = self._model
        name = claim.institution, claim.rrn
        case = model.advice_due.pop(claim.refers_to, None)
        if case is None:
            model.fail("I6", "word of a stand-in that there was not", name)
        model.expect("I6", claim.kind, case.kind + 2, "kind of the advice", name)
        asked_as, case.told_as = case.told_as, ""
        was_asked = case.original_text if case.issuer_stan else ""
        self._owe(claim, case, 0, was_asked)
        told_by = MESSAGE_TYPES[claim.kind] + claim.issuer_stan
        told_by += model.transmission.write(claim.received_us)
        model.expect("I6", asked_as, told_by, "name of the advice in the record", name)
        case.told_as = told_by

    def finished(self, claim: Claim) -> None:
        """A reversal or a completion of an acquirer."""
        model = self._model
        content = asked_content(model, claim)
        name = claim.institution, claim.rrn
        outcome = Outcome(claim.outcome)
        if outcome in NOT_REMEMBERED:
            self._refused(claim, content)
            return
        if claim.key in model.cases:
            model.fail("I2", "a second outcome for a reversal or a completion", name)
        original = self._original(claim, content)
        reversal = claim.kind >= REVERSAL
        if reversal and original is not None and original.state == "in flight":
            model.fail("I2", "reversed while it is in flight, and not ended", name)
        foreseen = (_reversal if reversal else _completion)(content, original)
        if outcome is not foreseen:
            wrong = "I5" if outcome is Outcome.ACCEPTED else "PREDICTION"
            model.fail(wrong, f"{outcome.name}, must be {foreseen.name}", name)
        model.expect("I3", claim.business_day, model.business_day, "business day", name)
        case = self._new_case(claim, content)
        if outcome is Outcome.ACCEPTED:
            assert original is not None, "only an original can be changed"
            self._accepted(claim, content, case, original)
        else:
            changes = claim.held_change, claim.posted_change
            model.expect("I1", changes, (0, 0), "changes without effect", name)
            if reversal and outcome is Outcome.NO_ORIGINAL:
                self._mark(claim, content)
        model.keep(case)

    def _refused(self, claim: Claim, content: Content) -> None:
        model = self._model
        name = claim.institution, claim.rrn
        money = claim.held_change, claim.posted_change, claim.remaining
        model.expect("I1", money, (0, 0, 0), "changes and what stands after a refusal", name)
        if claim.outcome == Outcome.DUPLICATE_DIFFERS:
            case = model.cases.get(claim.key)
            known = None if case is None else case.content
            same = known is not None and known[:6] == content[:6]
            model.expect("I2", known is None or same, False, "that the duplicate is one", name)
        codes = model.refusals.setdefault(claim.key, [])
        if claim.response_code not in codes:
            codes.append(claim.response_code)

    def _original(self, claim: Claim, content: Content) -> Case | None:
        """The case that DE90 names; one of another card is not it."""
        key = original_key_of(content.original, claim.institution, claim.terminal)
        found = self._model.cases.get(key)
        if found is None or found.state == "marker" or found.pan != claim.pan:
            return None
        return found

    def _new_case(self, claim: Claim, content: Content) -> Case:
        case = Case(claim.key, claim.kind, "declined")
        case.content = content
        case.institution = claim.institution
        case.pan = claim.pan
        case.amount = claim.amount
        case.business_day = claim.business_day
        case.sequence = claim.sequence
        case.code, case.authorization_code = claim.response_code, claim.authorization_code
        return case

    def _accepted(self, claim: Claim, content: Content, case: Case, original: Case) -> None:
        model = self._model
        name = case.name
        whole, of = original.settlement_amount, original.amount
        before = share(whole, original.remaining, of)
        if claim.kind >= REVERSAL:
            standing = content.replacement
            released = before - share(whole, standing, of)
            holds = original.kind == AUTHORIZATION
            changes = (-released, 0) if holds else (0, -released)
            original.remaining = standing
            original.state = "approved" if standing else "reversed"
            named = standing
        else:
            posted = share(whole, claim.amount, of)
            changes = (-before, posted)
            original.state = "completed"
            original.remaining = 0
            self._completed(case, claim, original, posted)
            standing, named = claim.amount, 0
        found = claim.held_change, claim.posted_change
        model.expect("I5", found, changes, "changes of holds and positions", name)
        model.expect("I5", claim.remaining, standing, "what stands", name)
        model.expect("I3", claim.refers_to, original.sequence, "entry of the original", name)
        forwarded = bool(claim.flags & entries.Flag.FORWARDED)
        model.expect("I6", forwarded, True, "that the issuer is owed an advice", name)
        parties, currency = original.parties, original.settlement_currency
        model.ledger.change(parties, currency, claim.business_day, *changes)
        case.remaining = standing
        self._owe(claim, original, named)
        case.issuer_stan = claim.issuer_stan
        case.issuer_transmission = model.transmission.write(claim.received_us)

    def _completed(self, case: Case, claim: Claim, original: Case, posted: int) -> None:
        """A completion stands for itself from now on, and can be taken back."""
        self._model.expect("I1", claim.settlement_amount, posted, "settlement amount", case.name)
        case.state = "approved"
        case.acquirer, case.issuer = original.acquirer, original.issuer
        case.credit = original.credit
        case.settlement_amount = posted
        case.settlement_currency = original.settlement_currency

    def _owe(self, claim: Claim, original: Case, remaining: int, named: str | None = None) -> None:
        model = self._model
        transmission = model.transmission.write(claim.received_us)
        advice = OwedAdvice(claim.sequence, original.issuer, claim.issuer_stan, transmission)
        advice.name = original.name
        advice.message_type = "0420" if claim.kind >= REVERSAL else MESSAGE_TYPES[claim.kind]
        advice.pan, advice.amount = original.pan, claim.amount
        advice.remaining = remaining
        advice.original = original.original_text if named is None else named
        found = claim.issuer_original
        model.expect("I3", found, advice.original, "original as the issuer knows it", advice.name)
        model.take_stan(original.issuer, claim.issuer_stan, advice)
        model.owe(advice)
        if claim.flags & entries.Flag.STOOD_IN:
            model.stand_in.owe(advice.issuer, advice.sequence)

    def _mark(self, claim: Claim, content: Content) -> None:
        """A reversal came first: its original must never be approved (F09)."""
        key = original_key_of(content.original, claim.institution, claim.terminal)
        if key and key not in self._model.cases:
            self._model.cases[key] = Case(key, 0, "marker")


def _reversal(content: Content, original: Case | None) -> Outcome:
    if original is None:
        return Outcome.NO_ORIGINAL
    if original.state == "reversed":
        return Outcome.ALREADY_REVERSED
    if original.state == "completed":
        return Outcome.ORIGINAL_COMPLETED
    if original.state == "declined":
        return Outcome.ORIGINAL_NOT_APPROVED
    standing = content.replacement
    if content.amount != original.amount or not _same_currency(content, original):
        return Outcome.AMOUNT_MISMATCH
    if standing and standing >= original.remaining:
        return Outcome.AMOUNT_MISMATCH
    return Outcome.ACCEPTED


def _completion(content: Content, original: Case | None) -> Outcome:
    if original is None or original.state != "approved":
        return Outcome.NO_ORIGINAL
    if original.kind != AUTHORIZATION or original.no_money:
        return Outcome.NO_ORIGINAL
    fits = 0 < content.amount <= original.remaining and _same_currency(content, original)
    return Outcome.ACCEPTED if fits else Outcome.AMOUNT_MISMATCH


def _same_currency(content: Content, original: Case) -> bool:
    assert original.content is not None, "a case that can be changed was asked"
    return original.content.currency in (content.currency, "")
