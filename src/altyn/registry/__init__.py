"""Who takes part and on what terms: participants, BIN ranges, rates, the scheme's rules."""

from altyn.registry.bin_table import AmbiguousBinTableError, BinTable
from altyn.registry.facts import Fact, fact_of, value_of
from altyn.registry.participant import BinRange, Participant, Scheme
from altyn.registry.registry import Registry, version_of

__all__ = [
    "AmbiguousBinTableError",
    "BinRange",
    "BinTable",
    "Fact",
    "Participant",
    "Registry",
    "Scheme",
    "fact_of",
    "value_of",
    "version_of",
]
