"""Outcomes and their codes."""

import pytest

from altyn.transaction import APPROVAL_CODES, NOT_REMEMBERED, RESPONSE_CODES, STOOD_IN_FOR, Outcome
from altyn.transaction.outcome import APPROVALS_NOT_SERVED


def test_every_outcome_has_a_code_of_two_digits() -> None:
    """DE39 can always be filled."""
    assert set(RESPONSE_CODES) == set(Outcome)
    assert all(len(code) == 2 and code.isdecimal() for code in RESPONSE_CODES.values())


@pytest.mark.parametrize("outcome", Outcome)
def test_only_what_was_agreed_is_answered_with_an_approval(outcome: Outcome) -> None:
    """00 for an approval, an acceptance, and for what needs no undoing; never for a refusal."""
    agreed = {
        Outcome.APPROVED,
        Outcome.ACCEPTED,
        Outcome.ALREADY_REVERSED,
        Outcome.ORIGINAL_NOT_APPROVED,
        *STOOD_IN_FOR.values(),
    }
    code = RESPONSE_CODES[outcome]
    assert (code in APPROVAL_CODES) is (outcome in agreed)
    assert code not in APPROVALS_NOT_SERVED


def test_a_stranger_leaves_no_trace_under_a_key() -> None:
    """What says nothing about the real sender is not remembered, and comes first in the order.

    So do a message of another time, whose place in the order is there too, and those too early.
    """
    early = {Outcome.ORIGINAL_IN_FLIGHT, Outcome.ADVICE_BEFORE_SIGN_ON}
    later = {Outcome.OUTSIDE_TIME_WINDOW, *early}
    assert later < NOT_REMEMBERED
    remembered = set(Outcome) - NOT_REMEMBERED - {Outcome.NOT_SIGNED_ON}
    assert max(NOT_REMEMBERED - later) < min(remembered)
