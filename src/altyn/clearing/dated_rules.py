"""The other rules of clearing, each with the days on which it holds.

Everywhere `effective` is the first business day and `until` the first one on which it holds no
more. Currencies are alphabetic codes, amounts minor units.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from altyn.clearing.fee_rule import ANY_CATEGORY, FAR_AWAY_DAY
from altyn.clock import BusinessDay
from altyn.identifiers import ParticipantId

AccountPurpose = Literal[
    "settlement", "collateral", "guarantee-fund", "fees", "residue", "clearing"
]
RateRule = Literal["authorization", "clearing"]
LateFiles = Literal["refuse", "next-cycle"]
BankForm = Literal["multilateral", "by-participant"]


class Dated(Protocol):
    """What holds from a business day on, up to one."""

    @property
    def effective(self) -> BusinessDay:
        """The first business day."""

    @property
    def until(self) -> BusinessDay:
        """The first business day on which it holds no more."""


@dataclass(frozen=True, slots=True)
class CycleTerms:
    """When cycles end, and how far clearing looks back.

    cut_offs: local times HH:MM of the scheme's zone, in the order of the business day, one for each
    cycle; history_days: how long an item can be named by a reversal, a refund or a duplicate;
    rate_days_max: a rate that is older converts nothing in clearing, 0 for no limit (M10);
    late_files: whether a file for a business day that is closed is refused or goes into the open
    cycle (C06).
    """

    effective: BusinessDay
    until: BusinessDay
    cut_offs: tuple[str, ...]
    history_days: int
    rate_days_max: int = 0
    late_files: LateFiles = "next-cycle"


@dataclass(frozen=True, slots=True)
class MatchingTerms:
    """How presentments of some merchant categories are matched to authorizations.

    categories: first and last code; tolerance_ppm: how far the parts may exceed what was
    authorized, in millionths, currency_tolerance_ppm instead where the currency is another;
    open_days, late_days, refuse_days, fallback_days: see MATCHING_TERMS.
    """

    terms_id: str
    effective: BusinessDay
    until: BusinessDay
    categories: tuple[str, str]
    tolerance_ppm: int
    currency_tolerance_ppm: int
    open_days: int
    late_days: int
    refuse_days: int
    fallback_days: int
    accepts_unauthorized: bool
    rate_rule: RateRule

    @property
    def rank(self) -> int:
        """A single code goes before a range, a range before the rest."""
        if self.categories == ANY_CATEGORY:
            return 0
        return 2 if self.categories[0] == self.categories[1] else 1

    def contends_with(self, other: "MatchingTerms") -> bool:
        """Whether there are a day and a category for which neither goes before the other."""
        return (
            self.rank == other.rank
            and self.effective < other.until
            and other.effective < self.until
            and self.categories[0] <= other.categories[1]
            and other.categories[0] <= self.categories[1]
        )


@dataclass(frozen=True, slots=True)
class MerchantTier:
    """A merchant with prices of its own. merchant: DE42."""

    acquirer: ParticipantId
    merchant: str
    tier: str
    effective: BusinessDay
    until: BusinessDay = FAR_AWAY_DAY


@dataclass(frozen=True, slots=True)
class SettlementAgent:
    """Who settles for a participant that does not do so itself: its sponsor."""

    participant: ParticipantId
    agent: ParticipantId
    effective: BusinessDay
    until: BusinessDay = FAR_AWAY_DAY


@dataclass(frozen=True, slots=True)
class Partner:
    """A participant whose traffic is of the partner leg: the gate to another scheme."""

    participant: ParticipantId
    effective: BusinessDay
    until: BusinessDay = FAR_AWAY_DAY


@dataclass(frozen=True, slots=True)
class SettlementBankTerms:
    """What the scheme agreed with its settlement bank. BICs are of 8 or 11 characters."""

    bank_bic: str
    scheme_bic: str
    form: BankForm
    answer_timeout_s: int
    effective: BusinessDay
    until: BusinessDay = FAR_AWAY_DAY


@dataclass(frozen=True, slots=True)
class SettlementAccount:
    """An account at the settlement bank. holder: a participant or SCHEME; `clearing` is the
    account of a currency through which every transfer goes."""

    purpose: AccountPurpose
    holder: ParticipantId
    currency: str
    number: str
    bic: str
    name: str
    effective: BusinessDay
    until: BusinessDay = FAR_AWAY_DAY


@dataclass(frozen=True, slots=True)
class SettlementCalendar:
    """On which days a currency settles. rest_days: of the week, Monday is 0; years: those whose
    holidays are all entered; working: rest days that are worked."""

    currency: str
    rest_days: tuple[int, ...]
    years: tuple[int, ...]
    holidays: tuple[BusinessDay, ...] = ()
    working: tuple[BusinessDay, ...] = ()


@dataclass(frozen=True, slots=True)
class Backing:
    """What a participant has behind its obligations in a currency, as agreed with it.

    collateral, fund: what it has placed; weight, loss_limit: its part in sharing a loss.
    """

    participant: ParticipantId
    currency: str
    collateral: int
    fund: int
    weight: int
    loss_limit: int
    effective: BusinessDay
    until: BusinessDay = FAR_AWAY_DAY
