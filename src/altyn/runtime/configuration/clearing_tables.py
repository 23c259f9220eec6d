"""The tables of clearing.toml: what each key takes, and which rule a table becomes.

Percentages are texts, as rates are: "1.65" is 16,500 millionths, exactly.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from altyn.clearing import (
    AMOUNT_FAR,
    ANY_CATEGORY,
    FAR_AWAY_DAY,
    Backing,
    CycleTerms,
    FeeRule,
    MatchingTerms,
    MerchantTier,
    Partner,
    SettlementAccount,
    SettlementAgent,
    SettlementBankTerms,
    SettlementCalendar,
    Share,
)
from altyn.clock import BusinessDay, business_day
from altyn.identifiers import ParticipantId
from altyn.money import Rounding
from altyn.runtime.configuration.validation import ALPHANUMERIC_8, Form, Rule, Table, refused
from altyn.runtime.configuration.values import CurrencyCode, check_currency, check_unique

__all__ = [
    "DAY",
    "ENTRIES",
    "ENTRY_MODE",
    "FEE_NAME",
    "OPTIONAL_8",
    "OPTIONAL_RULE_ID",
    "PROCESSING",
    "ClearingFile",
    "day_of",
]

PPM_DIGITS = 4
PERCENT_MAX = 100
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS_MAX = 1_000
AMOUNT_MAX = 10**15
_PERCENT = re.compile(r"(?a:\d{1,3}(\.\d{1,4})?)\Z")


def day_of(text: str) -> BusinessDay:
    """The business day of a text such as 2026-01-01; raises PydanticCustomError."""
    try:
        if len(text) != len("2026-01-01"):
            raise ValueError
        return business_day(date.fromisoformat(text))
    except ValueError as error:
        raise refused("this is no day of the calendar", "write it such as 2026-01-01") from error


def _check_day(text: str) -> str:
    day_of(text)
    return text


def _check_until(text: str) -> str:
    return text and _check_day(text)


def _check_currency(code: str) -> str:
    return code and check_currency(code)


def _check_percent(text: str) -> str:
    if _PERCENT.match(text) is None or Decimal(text) > PERCENT_MAX:
        raise refused(
            "this is no percentage from 0 to 100 with at most four decimals",
            'write it such as "1.65"',
        )
    return text


def _ppm(text: str) -> int:
    return int(Decimal(text).scaleb(PPM_DIGITS))


def _categories(text: str) -> tuple[str, str]:
    first, _, last = text.partition("-")
    return (first, last or first) if text else ANY_CATEGORY


def _until(text: str) -> BusinessDay:
    return day_of(text) if text else FAR_AWAY_DAY


DAY = Rule("day such as 2026-01-01", _check_day)
UNTIL = Rule("day such as 2026-01-01, or empty", _check_until)
CURRENCY = Rule("alphabetic code of ISO 4217, or empty for all", _check_currency)
PERCENT = Rule('percentage as text such as "1.65", at most four decimals', _check_percent)
RULE_ID = Form("[A-Za-z0-9-]{1,20}", "1 to 20 of A-Z, a-z, 0-9 and '-'")
OPTIONAL_RULE_ID = Form("[A-Za-z0-9-]{0,20}", "1 to 20 of A-Z, a-z, 0-9 and '-', or empty")
FEE_NAME = Form("[a-z0-9-]{1,20}", "1 to 20 of a-z, 0-9 and '-'")
CATEGORIES = Form("([0-9]{4}(-[0-9]{4})?)?", '"5812", "5812-5814", or empty for all (ISO 18245)')
OPTIONAL_8 = Form("[A-Z0-9]{0,8}", "1 to 8 of A-Z and 0-9, or empty for all")
PROCESSING = Form("([0-9]{2})?", "2 digits: the first two of DE3, or empty for all")
ENTRY_MODE = Form("([0-9]{2})?", "2 digits: the first two of DE22, or empty for all")
MERCHANT = Form("[ -~]{0,14}[!-~]", "1 to 15 printable characters (DE42)")
CUT_OFF = Form(r"([01]\d|2[0-3]):[0-5]\d", "HH:MM from 00:00 to 23:59")
BIC = Form("[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?", "8 or 11 characters (ISO 9362)")
ACCOUNT_NUMBER = Form("[A-Za-z0-9]{1,34}", "1 to 34 letters and digits")
ACCOUNT_NAME = Form(r"\S(.{0,68}\S)?", "1 to 70 characters on one line")

_Day = Annotated[str, AfterValidator(DAY)]
_Until = Annotated[str, AfterValidator(UNTIL)]
_Percent = Annotated[str, AfterValidator(PERCENT)]
_ParticipantKey = Annotated[ParticipantId, AfterValidator(ALPHANUMERIC_8)]
_Amount = Annotated[int, Field(ge=0, le=AMOUNT_MAX)]
_Days = Annotated[int, Field(ge=0, le=DAYS_MAX)]
_Receiver = Literal["issuer", "acquirer", "scheme", "issuer-agent", "acquirer-agent"]


class _DatedTable(Table):
    effective: _Day = Field(description="First business day.")
    until: _Until = Field("", description="First day on which it holds no more; empty: for good.")

    def days(self) -> dict[str, BusinessDay]:
        """Both days as rules have them."""
        return {"effective": day_of(self.effective), "until": _until(self.until)}


class CyclesEntry(_DatedTable):
    """When cycles end, and how far clearing looks back."""

    cut_offs: Annotated[
        tuple[Annotated[str, AfterValidator(CUT_OFF)], ...], AfterValidator(check_unique)
    ] = Field(
        min_length=1,
        max_length=96,
        description="Local times, in the order of the business day, one for each cycle. A time "
        "later than the cut-over is of the evening before.",
    )
    history_days: _Days = Field(
        180, description="How long a reversal, refund or duplicate can name an item."
    )
    rate_days_max: _Days = Field(
        0, description="An older rate converts nothing in clearing; 0: no limit."
    )
    late_files: Literal["refuse", "next-cycle"] = Field(
        "next-cycle",
        description="What becomes of a file for a closed business day: refused, or taken into the "
        "open cycle.",
    )

    def value(self) -> CycleTerms:
        """The rule this table states."""
        return CycleTerms(
            cut_offs=self.cut_offs,
            history_days=self.history_days,
            rate_days_max=self.rate_days_max,
            late_files=self.late_files,
            **self.days(),
        )


class TermsEntry(_DatedTable):
    """How presentments are matched. A single category goes before a range, a range before all."""

    id: Annotated[str, AfterValidator(RULE_ID)] = Field(description="No other terms have it.")
    categories: Annotated[str, AfterValidator(CATEGORIES)] = Field(
        "", description="Merchant category codes; one table must be for all."
    )
    tolerance: _Percent = Field(
        "0", description="Percentage by which the parts may exceed what was authorized."
    )
    currency_tolerance: _Percent = Field(
        "0", description="The same, instead, where the presentment is in another currency."
    )
    open_days: _Days = Field(description="An authorization is open for so long.")
    late_days: _Days = Field(description="After so many days a presentment is marked late.")
    refuse_days: _Days = Field(description="After so many days it is rejected.")
    fallback_days: _Days = Field(
        1, description="How far its day may lie from that of an authorization found by its code."
    )
    unauthorized: Literal["accept", "reject"] = Field(
        "accept", description="What has no authorization, or more than one that fits."
    )
    rate: Literal["authorization", "clearing"] = Field(
        "clearing", description="Whose rate converts what is matched."
    )

    def value(self) -> MatchingTerms:
        """The rule this table states."""
        return MatchingTerms(
            terms_id=self.id,
            categories=_categories(self.categories),
            tolerance_ppm=_ppm(self.tolerance),
            currency_tolerance_ppm=_ppm(self.currency_tolerance),
            open_days=self.open_days,
            late_days=self.late_days,
            refuse_days=self.refuse_days,
            fallback_days=self.fallback_days,
            accepts_unauthorized=self.unauthorized == "accept",
            rate_rule=self.rate,
            **self.days(),
        )


class FeeEntry(_DatedTable):
    """What is charged for which items. What is left out may be anything."""

    id: Annotated[str, AfterValidator(RULE_ID)] = Field(description="No other rule has it.")
    fee: Annotated[str, AfterValidator(FEE_NAME)] = Field(
        description="The fee: of each fee one rule holds for an item, the most specific one."
    )
    payer: Literal["issuer", "acquirer"] = Field(description="Who pays it.")
    shares: dict[_Receiver, _Percent] = Field(
        description="Who receives which percentage of it; they sum to 100."
    )
    percent: _Percent = Field("0", description="Of the settlement amount.")
    fixed: _Amount = Field(0, description="Added to that, in minor units of `currency`.")
    floor: _Amount | None = Field(None, description="At least this. Absent: none.")
    cap: _Amount | None = Field(None, description="At most this. Absent: none.")
    rounding: Literal["half-up", "half-even"] = Field(
        "half-up", description="What happens to half a minor unit."
    )
    tier: Annotated[str, AfterValidator(OPTIONAL_8)] = Field("", description="Merchant tier.")
    product: Annotated[str, AfterValidator(OPTIONAL_8)] = Field(
        "", description="Product of the card, as in scheme.toml."
    )
    processing: Annotated[str, AfterValidator(PROCESSING)] = Field(
        "", description="Type of transaction: 00 goods, 01 cash, 20 refund."
    )
    categories: Annotated[str, AfterValidator(CATEGORIES)] = Field(
        "", description="Merchant category codes."
    )
    entry_mode: Annotated[str, AfterValidator(ENTRY_MODE)] = Field(
        "", description="How the card was read: 05 chip, 07 contactless, 81 e-commerce."
    )
    leg: Literal["", "domestic", "cross-border", "partner"] = Field(
        "", description="Where the two participants are. Empty: anywhere."
    )
    currency: Annotated[str, AfterValidator(CURRENCY)] = Field(
        "", description="Settlement currency; required with any amount."
    )
    converted: Literal["", "yes", "no"] = Field(
        "", description="Whether the amount was converted into it. Empty: either."
    )
    amount_from: _Amount = Field(0, description="Settlement amounts from here on.")
    amount_until: _Amount | None = Field(
        None, description="Up to here, not included. Absent: all above."
    )

    def value(self) -> FeeRule:
        """The rule this table states."""
        return FeeRule(
            rule_id=self.id,
            fee=self.fee,
            payer=self.payer,
            shares=tuple(Share(receiver, _ppm(part)) for receiver, part in self.shares.items()),
            ppm=_ppm(self.percent),
            fixed=self.fixed,
            floor=self.floor,
            cap=self.cap,
            rounding=Rounding(self.rounding),
            tier=self.tier,
            product=self.product,
            processing=self.processing,
            categories=_categories(self.categories),
            entry_mode=self.entry_mode,
            leg=self.leg,
            currency=self.currency,
            converted={"yes": True, "no": False}.get(self.converted),
            amount_from=self.amount_from,
            amount_until=AMOUNT_FAR if self.amount_until is None else self.amount_until,
            **self.days(),
        )


class TierEntry(_DatedTable):
    """A merchant with prices of its own."""

    acquirer: _ParticipantKey = Field(description="Its acquirer.")
    merchant: Annotated[str, AfterValidator(MERCHANT)] = Field(description="DE42.")
    tier: Annotated[str, AfterValidator(ALPHANUMERIC_8)] = Field(description="As fee rules say.")

    def value(self) -> MerchantTier:
        """The rule this table states."""
        return MerchantTier(self.acquirer, self.merchant, self.tier, **self.days())


class AgentEntry(_DatedTable):
    """Who settles for a participant that does not do so itself."""

    participant: _ParticipantKey = Field(description="The sponsored participant.")
    agent: _ParticipantKey = Field(description="Its sponsor, which settles for itself.")

    def value(self) -> SettlementAgent:
        """The rule this table states."""
        return SettlementAgent(self.participant, self.agent, **self.days())


class PartnerEntry(_DatedTable):
    """A participant that is the gate to a partner scheme: its traffic is of the partner leg."""

    participant: _ParticipantKey = Field(description="The gate.")

    def value(self) -> Partner:
        """The rule this table states."""
        return Partner(self.participant, **self.days())


class BankEntry(_DatedTable):
    """The settlement bank, and how it is written to."""

    bic: Annotated[str, AfterValidator(BIC)] = Field(description="BIC of the bank.")
    scheme_bic: Annotated[str, AfterValidator(BIC)] = Field(description="Our own BIC.")
    form: Literal["multilateral", "by-participant"] = Field(
        "multilateral", description="One pacs.029 for all, or a pacs.009 for each."
    )
    answer_timeout_s: int = Field(
        300, ge=1, le=86_400, description="After so long the bank is asked."
    )

    def value(self) -> SettlementBankTerms:
        """The rule this table states."""
        return SettlementBankTerms(
            self.bic, self.scheme_bic, self.form, self.answer_timeout_s, **self.days()
        )


class AccountEntry(_DatedTable):
    """An account at the settlement bank."""

    purpose: Literal[
        "settlement", "collateral", "guarantee-fund", "fees", "residue", "clearing"
    ] = Field(description="clearing: the account through which every transfer goes.")
    holder: _ParticipantKey = Field(
        description="A participant; SCHEME for fees, residue and clearing."
    )
    currency: CurrencyCode = Field(description="Its currency.")
    number: Annotated[str, AfterValidator(ACCOUNT_NUMBER)] = Field(description="IBAN or other.")
    bic: Annotated[str, AfterValidator(BIC)] = Field(description="BIC of its owner.")
    name: Annotated[str, AfterValidator(ACCOUNT_NAME)] = Field(description="Name of its owner.")

    def value(self) -> SettlementAccount:
        """The rule this table states."""
        return SettlementAccount(
            self.purpose,
            self.holder,
            self.currency,
            self.number,
            self.bic,
            self.name,
            **self.days(),
        )


class CalendarEntry(Table):
    """On which days a currency settles."""

    currency: CurrencyCode = Field(description="No other calendar has it.")
    rest_days: Annotated[
        tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...],
        AfterValidator(check_unique),
    ] = Field(("sat", "sun"), description="Closed every week.")
    years: Annotated[tuple[Annotated[int, Field(ge=2000, le=2100)], ...], Field(min_length=1)] = (
        Field(description="Years whose holidays are all entered; no other year settles.")
    )
    holidays: tuple[_Day, ...] = Field((), description="Closed.")
    working: tuple[_Day, ...] = Field((), description="Rest days that are worked.")

    def value(self) -> SettlementCalendar:
        """The rule this table states."""
        return SettlementCalendar(
            self.currency,
            tuple(WEEK.index(day) for day in self.rest_days),
            self.years,
            tuple(map(day_of, self.holidays)),
            tuple(map(day_of, self.working)),
        )


class BackingEntry(_DatedTable):
    """What a participant has behind its obligations in a currency, in minor units."""

    participant: _ParticipantKey = Field(description="Whose.")
    currency: CurrencyCode = Field(description="In which currency.")
    collateral: _Amount = Field(0, description="Its own collateral.")
    fund: _Amount = Field(0, description="Its share of the guarantee fund.")
    weight: _Amount = Field(0, description="Its weight where survivors share a loss.")
    loss_limit: _Amount = Field(0, description="Most that it bears of such a loss.")

    def value(self) -> Backing:
        """The rule this table states."""
        return Backing(
            self.participant,
            self.currency,
            self.collateral,
            self.fund,
            self.weight,
            self.loss_limit,
            **self.days(),
        )


class ClearingFile(Table):
    """The whole of clearing.toml."""

    cycles: tuple[CyclesEntry, ...] = Field(min_length=1, description="When cycles end.")
    terms: tuple[TermsEntry, ...] = Field(min_length=1, description="How presentments match.")
    fees: tuple[FeeEntry, ...] = Field((), alias="fee", description="What is charged.")
    tiers: tuple[TierEntry, ...] = Field((), alias="tier", description="Merchants' tiers.")
    agents: tuple[AgentEntry, ...] = Field((), alias="agent", description="Sponsors.")
    partners: tuple[PartnerEntry, ...] = Field((), alias="partner", description="Gates.")
    banks: tuple[BankEntry, ...] = Field((), alias="bank", description="The settlement bank.")
    accounts: tuple[AccountEntry, ...] = Field((), alias="account", description="Accounts there.")
    calendars: tuple[CalendarEntry, ...] = Field((), alias="calendar", description="Open days.")
    backings: tuple[BackingEntry, ...] = Field((), alias="backing", description="Resources.")


ENTRIES: dict[str, type[Any]] = {
    field.alias or name: field.annotation.__args__[0]
    for name, field in ClearingFile.model_fields.items()
    if field.annotation is not None
}
"""The model of each list of tables, in the order in which rules are listed."""
