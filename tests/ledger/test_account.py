"""Accounts and their names."""

import pytest

from altyn.identifiers import ParticipantId
from altyn.ledger import Account, AccountKind, parse_account


@pytest.mark.parametrize("kind", AccountKind)
def test_account_is_read_back_from_its_name(kind: AccountKind) -> None:
    """Facts and reports name an account in one way."""
    account = Account(kind, ParticipantId("BANKA"), "KZT")
    assert parse_account(str(account)) == account


@pytest.mark.parametrize("text", ["", "fees", "fees//KZT", "cash/BANKA/KZT", "fees/A/KZT/1"])
def test_text_that_names_no_account_is_refused(text: str) -> None:
    """An account is never guessed."""
    with pytest.raises(ValueError, match=r"account|AccountKind"):
        parse_account(text)
