"""Who takes part and on what terms: participants, BIN ranges, rates, the scheme's rules."""

from altyn.registry.bin_table import AmbiguousBinTableError, BinTable
from altyn.registry.facts import Fact, fact_of, value_of
from altyn.registry.participant import (
    PREFIX_DIGITS_MAX,
    BinRange,
    Participant,
    Profile,
    Scheme,
)
from altyn.registry.registry import Registry, version_of
from altyn.registry.stand_in import (
    DEBIT_CODES,
    FAR_AWAY_US,
    NEVER_STOOD_IN,
    StandInTable,
    StandInTerms,
    Window,
)

__all__ = [
    "DEBIT_CODES",
    "FAR_AWAY_US",
    "NEVER_STOOD_IN",
    "PREFIX_DIGITS_MAX",
    "AmbiguousBinTableError",
    "BinRange",
    "BinTable",
    "Fact",
    "Participant",
    "Profile",
    "Registry",
    "Scheme",
    "StandInTable",
    "StandInTerms",
    "Window",
    "fact_of",
    "value_of",
    "version_of",
]
