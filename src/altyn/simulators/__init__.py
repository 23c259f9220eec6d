"""Other people's systems: banks that acquire and issue, played from a seed.

They share nothing with the switch but the message codec, and they know no socket, file or clock.
"""

from altyn.simulators.acquirer import (
    AcquirerTerms,
    Exchange,
    SimulatedAcquirer,
    Surprise,
    Tally,
)
from altyn.simulators.banks import (
    BANKS,
    MARKET_RATES,
    Bank,
    CardRange,
    MarketRate,
    bank_of,
    range_of,
)
from altyn.simulators.cards import CONDUCT_CODES, Conduct, SimulatedCard, deck
from altyn.simulators.claims import Claim, ClaimBook, Mistake
from altyn.simulators.day import (
    AWAY_ISSUER,
    CAPPED_CURRENCY,
    CAPPED_ISSUER,
    PHASES,
    TRANSACTIONS_MIN,
    Day,
    Phase,
    net_debit_cap,
    phase_shares,
)
from altyn.simulators.issuer import Account, Decision, IssuerFigures, SimulatedIssuer
from altyn.simulators.merchants import MERCHANTS, Merchant, merchants_of
from altyn.simulators.network import Moment, field_text
from altyn.simulators.requests import TradeSide, purchase
from altyn.simulators.script import CODE_WORDS, Play, Step
from altyn.simulators.settlement_bank import Mood, Movement, SettlementBank

__all__ = [
    "AWAY_ISSUER",
    "BANKS",
    "CAPPED_CURRENCY",
    "CAPPED_ISSUER",
    "CODE_WORDS",
    "CONDUCT_CODES",
    "MARKET_RATES",
    "MERCHANTS",
    "PHASES",
    "TRANSACTIONS_MIN",
    "Account",
    "AcquirerTerms",
    "Bank",
    "CardRange",
    "Claim",
    "ClaimBook",
    "Conduct",
    "Day",
    "Decision",
    "Exchange",
    "IssuerFigures",
    "MarketRate",
    "Merchant",
    "Mistake",
    "Moment",
    "Mood",
    "Movement",
    "Phase",
    "Play",
    "SettlementBank",
    "SimulatedAcquirer",
    "SimulatedCard",
    "SimulatedIssuer",
    "Step",
    "Surprise",
    "Tally",
    "TradeSide",
    "bank_of",
    "deck",
    "field_text",
    "merchants_of",
    "net_debit_cap",
    "phase_shares",
    "purchase",
    "range_of",
]
