"""The tables of scheme.toml: what each key takes, and which registry value a table becomes."""

from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from altyn.identifiers import ParticipantId
from altyn.money import Rate, Rounding, parse_rate_value
from altyn.registry import BinRange, Participant, Profile, Scheme
from altyn.runtime.configuration.countries import COUNTRY_CODES
from altyn.runtime.configuration.stand_in_tables import StandInEntry
from altyn.runtime.configuration.validation import ALPHANUMERIC_8, Form, Rule, Table, refused
from altyn.runtime.configuration.values import (
    EPOCH,
    INSTANT,
    CurrencyCode,
    check_unique,
    instant_of,
)

__all__ = ["BinEntry", "ParticipantEntry", "RateEntry", "SchemeFile", "SchemeTable"]


def _check_country(code: str) -> str:
    if code not in COUNTRY_CODES:
        raise refused(
            "this is no country of ISO 3166", "write its alpha-2 code in capitals, such as KZ"
        )
    return code


def _check_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise refused(
            "this machine knows no such time zone",
            "write an IANA name such as Asia/Almaty, and have the system's tzdata installed",
        ) from error
    return name


def _check_rate_value(text: str) -> str:
    try:
        parse_rate_value(text)
    except ValueError as error:
        raise refused(str(error), "write it such as 512.34") from error
    return text


CountryCode = Annotated[str, AfterValidator(Rule("alpha-2 code of ISO 3166", _check_country))]
TIMEZONE = Rule("IANA name such as Asia/Almaty", _check_timezone)
RATE_VALUE = Rule("decimal text, at most 12 digits on each side of the point", _check_rate_value)
_CONTROL = r"\x00-\x1f\x7f-\x9f"
NAME = Form(
    rf"[^\s{_CONTROL}]([^{_CONTROL}]{{0,58}}[^\s{_CONTROL}])?", "1 to 60 characters on one line"
)
INSTITUTION = Form("[0-9]{1,11}", "1 to 11 digits (n..11 in ISO 8583)")
PROCESSING = Form("[0-9]{2}", "2 digits")
PREFIX = Form("[0-9]{6,8}", "6 to 8 digits")
SCHEME_ID = Form("[A-Z0-9-]{1,16}", "1 to 16 of A-Z, 0-9 and '-'")
RATE_ID = Form("[A-Za-z0-9-]{1,9}", "1 to 9 of A-Z, a-z, 0-9 and '-'")
TIME_OF_DAY = Form(r"(([01]\d|2[0-3]):[0-5]\d)?", "HH:MM from 00:00 to 23:59, or empty")


class SchemeTable(Table):
    """Rules that are one value for all participants."""

    id: Annotated[str, AfterValidator(SCHEME_ID)] = Field(
        description="Written into the journal; a journal of another scheme is refused."
    )
    name: Annotated[str, AfterValidator(NAME)] = Field(description="For people.")
    institution_id: Annotated[str, AfterValidator(INSTITUTION)] = Field(
        description="DE33 on forwarded messages."
    )
    timezone: Annotated[str, AfterValidator(TIMEZONE)] = Field(
        "UTC", description="The zone of the business day."
    )
    cut_over_time: Annotated[str, AfterValidator(TIME_OF_DAY)] = Field(
        "", description="Local time of the automatic cut-over; empty: only on order."
    )
    cross_border_currency: CurrencyCode = Field(
        description="Settles between participants of different countries."
    )
    unmatched_reversal_code: Literal["25", "00"] = Field(
        "25", description="DE39 for a reversal whose original is not known."
    )
    rounding: Literal["half-up", "half-even"] = Field(
        "half-up", description="What happens to half a minor unit in a conversion."
    )

    transmission_tolerance_ahead_s: int = Field(
        900, ge=1, le=86_400, description="How far DE7 may lie ahead of our clock."
    )
    transmission_tolerance_request_s: int = Field(
        86_400, ge=1, le=2_592_000, description="How old DE7 of a new request may be."
    )
    transmission_tolerance_repeat_s: int = Field(
        2_592_000, ge=1, le=7_776_000, description="The same for repeats, advices and reversals."
    )

    unlinked_refund_limits: dict[CurrencyCode, Annotated[int, Field(ge=0)]] = Field(
        {},
        description="Largest refund that names no purchase (DE90), in minor units. Empty: no "
        "limit; else a currency that is not named allows none.",
    )

    def value(self) -> Scheme:
        """The registry value this table states."""
        return Scheme(
            scheme_id=self.id,
            name=self.name,
            institution_id=self.institution_id,
            timezone=self.timezone,
            cut_over_time=self.cut_over_time,
            cross_border_currency=self.cross_border_currency,
            unmatched_reversal_code=self.unmatched_reversal_code,
            rounding=Rounding(self.rounding),
            transmission_tolerance_ahead_s=self.transmission_tolerance_ahead_s,
            transmission_tolerance_request_s=self.transmission_tolerance_request_s,
            transmission_tolerance_repeat_s=self.transmission_tolerance_repeat_s,
            unlinked_refund_limits=dict(self.unlinked_refund_limits),
        )


class ProfileTable(Table):
    """What the participant above may send, where that is less than its roles allow."""

    message_types: Annotated[
        tuple[Literal["0100", "0120", "0200", "0220", "0400", "0420"], ...],
        AfterValidator(check_unique),
    ] = Field((), description="Without the mark of a repeat. Empty: all.")
    processing_codes: Annotated[
        tuple[Annotated[str, AfterValidator(PROCESSING)], ...], AfterValidator(check_unique)
    ] = Field((), description="First two digits of DE3 in new requests. Empty: all.")

    def value(self) -> Profile:
        """The registry value this table states."""
        return Profile(self.message_types, self.processing_codes)


class ParticipantEntry(Table):
    """A member of the scheme."""

    id: Annotated[ParticipantId, AfterValidator(ALPHANUMERIC_8)] = Field(
        description="No other participant has it."
    )
    name: Annotated[str, AfterValidator(NAME)] = Field(description="For people.")
    country: CountryCode = Field(description="Where it settles domestic transactions.")
    currency: CurrencyCode = Field(description="Domestic settlement currency.")
    roles: Annotated[tuple[Literal["issuer", "acquirer"], ...], AfterValidator(check_unique)] = (
        Field(min_length=1, description="issuer: has cards. acquirer: has shops and ATMs.")
    )
    institution_ids: Annotated[
        tuple[Annotated[str, AfterValidator(INSTITUTION)], ...], AfterValidator(check_unique)
    ] = Field((), description="DE32 values it may send; unique over the scheme.")
    state: Literal["active", "suspended"] = Field(
        "active", description="suspended: new requests are refused."
    )
    net_debit_caps: dict[CurrencyCode, Annotated[int, Field(ge=1)]] = Field(
        {},
        description="Largest net debit in minor units. A currency that is not named has no cap.",
    )
    profile: ProfileTable | None = Field(None, description="Absent: all that its roles allow.")

    def value(self) -> Participant:
        """The registry value this table states."""
        return Participant(
            participant_id=self.id,
            name=self.name,
            country=self.country,
            currency=self.currency,
            roles=frozenset(self.roles),
            institution_ids=self.institution_ids,
            state=self.state,
            net_debit_caps=dict(self.net_debit_caps),
            profile=None if self.profile is None else self.profile.value(),
        )


class BinEntry(Table):
    """Card numbers that begin alike, and whose they are."""

    prefix: Annotated[str, AfterValidator(PREFIX)] = Field(
        description="First digits of the card number; the longest prefix wins."
    )
    participant: Annotated[ParticipantId, AfterValidator(ALPHANUMERIC_8)] = Field(
        description="The issuer."
    )
    product: Annotated[str, AfterValidator(ALPHANUMERIC_8)] = Field(
        description="The issuer's name for this kind of card."
    )
    currency: CurrencyCode = Field(description="Cardholder billing currency.")
    pan_lengths: Annotated[
        tuple[Annotated[int, Field(ge=13, le=19)], ...], AfterValidator(check_unique)
    ] = Field((16,), min_length=1, description="How many digits such a card number has.")

    def value(self) -> BinRange:
        """The registry value this table states."""
        return BinRange(
            prefix=self.prefix,
            participant_id=self.participant,
            product=self.product,
            currency=self.currency,
            pan_lengths=frozenset(self.pan_lengths),
        )


class RateEntry(Table):
    """What one unit of a currency costs in another, from an instant on."""

    id: Annotated[str, AfterValidator(RATE_ID)] = Field(description="No other rate has it.")
    base: CurrencyCode = Field(description="The currency that is priced: one unit of it.")
    quote: CurrencyCode = Field(description="The currency of the price.")
    value_text: Annotated[str, AfterValidator(RATE_VALUE)] = Field(
        alias="value", description="The price of one unit of base."
    )
    effective: Annotated[str, AfterValidator(INSTANT)] = Field(description="From when on it holds.")

    def value(self) -> Rate:
        """The registry value this table states."""
        mantissa, scale = parse_rate_value(self.value_text)
        effective_us = (instant_of(self.effective) - EPOCH) // timedelta(microseconds=1)
        return Rate(self.id, self.base, self.quote, mantissa, scale, effective_us)


class SchemeFile(Table):
    """The whole of scheme.toml."""

    scheme: SchemeTable
    participants: tuple[ParticipantEntry, ...] = Field(
        alias="participant", min_length=1, description="The members."
    )
    bins: tuple[BinEntry, ...] = Field((), alias="bin", description="The card number ranges.")
    rates: tuple[RateEntry, ...] = Field((), alias="rate", description="The exchange rates.")
    stand_ins: tuple[StandInEntry, ...] = Field(
        (), alias="stand_in", description="What is decided for issuers that are away."
    )
