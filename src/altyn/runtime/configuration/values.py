"""Forms that several tables of scheme.toml share: currencies, instants, lists without doubles."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator

from altyn.money import find_currency
from altyn.runtime.configuration.validation import Rule, refused

__all__ = ["EPOCH", "INSTANT", "CurrencyCode", "check_currency", "check_unique", "instant_of"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check_currency(code: str) -> str:
    """The code itself when it is one; raises PydanticCustomError."""
    if len(code) != 3 or not code.isupper() or find_currency(code) is None:
        raise refused(
            "this is no currency of ISO 4217 with a minor unit",
            "write its alphabetic code in capitals, such as KZT",
        )
    return code


def _check_instant(text: str) -> str:
    instant_of(text)
    return text


def instant_of(text: str) -> datetime:
    """The instant an RFC 3339 text names; raises PydanticCustomError."""
    wrong = refused(
        "an instant with a time zone is expected", "write it such as 2026-01-01T00:00:00Z"
    )
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise wrong from error
    if instant.tzinfo is None or instant < EPOCH:
        raise wrong
    return instant


def check_unique(values: tuple[object, ...]) -> tuple[object, ...]:
    """The values themselves when none stands twice; raises PydanticCustomError."""
    if len(set(values)) < len(values):
        raise refused("a value stands twice in this list", "remove one of the two")
    return values


CurrencyCode = Annotated[str, AfterValidator(Rule("alphabetic code of ISO 4217", check_currency))]
INSTANT = Rule("RFC 3339 text such as 2026-01-01T00:00:00Z", _check_instant)
