"""Postings balance, say why, and are read back."""

import json
from typing import Any

import pytest

from altyn.identifiers import ParticipantId
from altyn.ledger import (
    Account,
    AccountKind,
    Leg,
    Posting,
    PostingError,
    check_posting,
    posting_fact,
    read_posting,
)


def _account(holder: str, currency: str = "KZT") -> Account:
    return Account(AccountKind.OBLIGATION, ParticipantId(holder), currency)


GOOD = Posting(
    "2026-11-23/1/KZT/priced",
    "2026-11-23/1",
    20261123,
    "net positions",
    (Leg(_account("BANKA"), -1200), Leg(_account("BANKB"), 1200)),
)


def test_posting_is_read_back_from_its_fact() -> None:
    """What the journal keeps is the whole posting."""
    assert read_posting(json.loads(json.dumps(posting_fact(GOOD)))) == GOOD


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"key": ""}, "key"),
        ({"reason": " "}, "reason"),
        ({"legs": ()}, "legs"),
        ({"legs": (Leg(_account("BANKA"), -1), Leg(_account("BANKB"), 2))}, "zero"),
        (
            {"legs": (Leg(_account("BANKA"), -1), Leg(_account("BANKB", "USD"), 1))},
            "every currency",
        ),
        ({"legs": (Leg(_account("BANKA"), True), Leg(_account("BANKB"), -1))}, "integer"),
        ({"corrects": "x"}, "two different persons"),
        ({"corrects": "x", "approved_by": ("ann", "Ann ")}, "two different persons"),
        ({"corrects": "x", "approved_by": ("ann", "")}, "two different persons"),
        ({"corrects": "x", "approved_by": ("ann", "ben", "cat")}, "two different persons"),
    ],
)
def test_posting_that_is_not_whole_is_refused(changes: dict[str, Any], complaint: str) -> None:
    """Nothing is booked that does not balance or does not say why."""
    with pytest.raises(PostingError, match=complaint):
        check_posting(GOOD._replace(**changes))


def test_m15_amounts_of_any_size_are_kept_whole() -> None:
    """Sums above 64 bits are exact in a posting and in its fact."""
    huge = 10**40 + 7
    posting = GOOD._replace(legs=(Leg(_account("BANKA"), -huge), Leg(_account("BANKB"), huge)))
    check_posting(posting)
    assert read_posting(json.loads(json.dumps(posting_fact(posting)))) == posting


@pytest.mark.parametrize(
    "changes", [{"key": None, "legs": 3}, {"legs": [["cash/A/KZT", 1]]}, {"business_day": "x"}]
)
def test_fact_of_another_form_is_refused(changes: dict[str, Any]) -> None:
    """A fact that is no posting is told, not half read."""
    with pytest.raises(PostingError):
        read_posting({**posting_fact(GOOD), **changes})
