"""The tables of scheme.toml about stand-in: `[[stand_in]]` and `[[stand_in.window]]`."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from altyn.identifiers import ParticipantId
from altyn.registry import FAR_AWAY_US, NEVER_STOOD_IN, StandInTerms, Window
from altyn.runtime.configuration.validation import ALPHANUMERIC_8, Form, Rule, Table, refused
from altyn.runtime.configuration.values import (
    EPOCH,
    INSTANT,
    CurrencyCode,
    check_unique,
    instant_of,
)

__all__ = ["StandInEntry", "WindowEntry"]

WINDOW_S_MAX = 366 * 86_400
AMOUNT_MAX = 10**12 - 1


def _check_processing(code: str) -> str:
    PROCESSING_FORM(code)
    if code in NEVER_STOOD_IN:
        raise refused(
            "only the issuer can answer this kind of request", "remove it: 30, 31 and 70 never are"
        )
    return code


def _check_until(text: str) -> str:
    if text:
        instant_of(text)
    return text


TERMS_ID = Form("[A-Za-z0-9-]{1,16}", "1 to 16 of A-Z, a-z, 0-9 and '-'")
PRODUCT = Form("[A-Z0-9]{0,8}", "1 to 8 of A-Z and 0-9, or empty")
PROCESSING_FORM = Form("[0-9]{2}", "2 digits")
PROCESSING = Rule("2 digits: the first two of DE3", _check_processing)
CATEGORY = Form("[0-9]{4}", "4 digits (ISO 18245)")
ENTRY_MODE = Form("[0-9]{2}", "2 digits: the first two of DE22")
REFUSAL_CODE = Form("(0[1-7]|[1-9][0-9])", "2 digits that are no approval, such as 91 or 05")
UNTIL = Rule("RFC 3339 text such as 2026-01-01T00:00:00Z, or empty", _check_until)

_Categories = Annotated[
    tuple[Annotated[str, AfterValidator(CATEGORY)], ...], AfterValidator(check_unique)
]
_EntryModes = Annotated[
    tuple[Annotated[str, AfterValidator(ENTRY_MODE)], ...], AfterValidator(check_unique)
]


class WindowEntry(Table):
    """A limit over time: it begins with the first stand-in and lasts its length."""

    length_s: Annotated[int, Field(ge=1, le=WINDOW_S_MAX)] = Field(
        description="How long it lasts; then it begins anew, once the issuer has been told of all."
    )
    per: Literal["card", "issuer"] = Field(
        description="card: every card by itself. issuer: all its cards together."
    )
    amount_max: Annotated[int, Field(ge=0, le=10**15)] = Field(
        description="Most that is approved within it, in minor units."
    )
    count_max: Annotated[int, Field(ge=0, le=10**9)] = Field(
        description="How many stand-ins at most."
    )


class StandInEntry(Table):
    """What the scheme may decide for an issuer that is away or late."""

    id: Annotated[str, AfterValidator(TERMS_ID)] = Field(description="No other terms have it.")
    participant: Annotated[ParticipantId, AfterValidator(ALPHANUMERIC_8)] = Field(
        description="The issuer."
    )
    product: Annotated[str, AfterValidator(PRODUCT)] = Field(
        "", description="The product they are for; empty: every product."
    )
    processing_codes: Annotated[
        tuple[Annotated[str, AfterValidator(PROCESSING)], ...], AfterValidator(check_unique)
    ] = Field((), description="What they are for; none: debits, which are 00, 01, 09 and 10.")
    effective: Annotated[str, AfterValidator(INSTANT)] = Field(
        description="From when on they hold."
    )
    until: Annotated[str, AfterValidator(UNTIL)] = Field(
        "", description="Up to when, not included; empty: for good."
    )
    currency: CurrencyCode = Field(description="Cardholder billing currency; amounts are in it.")
    amount_max: Annotated[int, Field(ge=0, le=AMOUNT_MAX)] = Field(
        description="Largest single amount, in minor units."
    )
    windows: tuple[WindowEntry, ...] = Field(
        (), alias="window", max_length=8, description="Limits over time; each one holds."
    )
    categories_refused: _Categories = Field((), description="Merchant categories (DE18) refused.")
    categories_allowed: _Categories = Field((), description="If any: all others are refused.")
    entry_modes_refused: _EntryModes = Field((), description="Entry modes (DE22) refused.")
    entry_modes_allowed: _EntryModes = Field((), description="If any: all others are refused.")
    expiry_required: bool = Field(
        True, description="Whether a request without an expiry date is refused."
    )
    unverified: Literal["refuse", "allow"] = Field(
        "refuse",
        description="A verification value, PIN or cryptogram that nobody here can check.",
    )
    refusal_code: Annotated[str, AfterValidator(REFUSAL_CODE)] = Field(
        "91", description="DE39 where category, entry mode or `unverified` refuse."
    )

    def value(self) -> StandInTerms:
        """The registry value this table states."""
        until_us = FAR_AWAY_US
        if self.until:
            until_us = (instant_of(self.until) - EPOCH) // timedelta(microseconds=1)
        return StandInTerms(
            terms_id=self.id,
            participant_id=self.participant,
            product=self.product,
            processing_codes=self.processing_codes,
            effective_us=(instant_of(self.effective) - EPOCH) // timedelta(microseconds=1),
            until_us=until_us,
            currency=self.currency,
            amount_max=self.amount_max,
            windows=tuple(
                Window(each.length_s, each.per, each.amount_max, each.count_max)
                for each in self.windows
            ),
            categories_refused=self.categories_refused,
            categories_allowed=self.categories_allowed,
            entry_modes_refused=self.entry_modes_refused,
            entry_modes_allowed=self.entry_modes_allowed,
            expiry_required=self.expiry_required,
            unverified=self.unverified,
            refusal_code=self.refusal_code,
        )
