"""The registry as the switch sees it: one immutable version, looked up by key.

A new version is built whole from its facts and swapped in; a transaction keeps the version
it started with (scenario F38).
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from altyn.identifiers import ParticipantId
from altyn.money import Conversion, Rate, conversion
from altyn.registry.bin_table import BinTable
from altyn.registry.facts import Fact, fact_of, value_of
from altyn.registry.participant import BinRange, Participant, Scheme
from altyn.registry.stand_in import StandInTable, StandInTerms

_FAR_AWAY_US = 10**15


class Registry:
    """One version of what the scheme has decided. Never changed after it is built."""

    def __init__(self, facts: Iterable[Mapping[str, Any]]) -> None:
        """Build a version from its facts.

        Raises ValueError when there is not exactly one scheme, a participant, institution
        or BIN prefix comes twice, a BIN range belongs to nobody, or stand-in terms contend.
        """
        values = [value_of(fact) for fact in facts]
        schemes = [value for value in values if isinstance(value, Scheme)]
        if len(schemes) != 1:
            raise ValueError(f"a registry states one scheme, this one states {len(schemes)}")
        self.scheme: Scheme = schemes[0]
        self.participants: dict[ParticipantId, Participant] = {}
        self.by_institution: dict[str, Participant] = {}
        for value in values:
            if isinstance(value, Participant):
                self._admit(value)
        ranges = [value for value in values if isinstance(value, BinRange)]
        for entry in ranges:
            if entry.participant_id not in self.participants:
                raise ValueError(f"BIN prefix {entry.prefix} belongs to no participant")
        self.bins = BinTable(ranges)
        terms = [value for value in values if isinstance(value, StandInTerms)]
        for agreed in terms:
            if agreed.participant_id not in self.participants:
                raise ValueError(f"stand-in terms {agreed.terms_id} belong to no participant")
        self.stand_in = StandInTable(terms)
        self.facts: tuple[Fact, ...] = tuple(fact_of(value) for value in values)
        self.version = version_of(self.facts)
        self._rates = sorted(
            (value for value in values if isinstance(value, Rate)),
            key=lambda rate: rate.effective_us,
            reverse=True,
        )
        self._conversions: dict[tuple[str, str], tuple[int, int, Conversion]] = {}

    def _admit(self, participant: Participant) -> None:
        if participant.participant_id in self.participants:
            raise ValueError(f"participant {participant.participant_id} is stated twice")
        self.participants[participant.participant_id] = participant
        for institution in participant.institution_ids:
            if institution in self.by_institution:
                raise ValueError(f"institution {institution} belongs to two participants")
            self.by_institution[institution] = participant

    def settlement_currency(self, issuer: Participant, acquirer: Participant, paid_in: str) -> str:
        """In which currency the two settle a transaction that is paid in `paid_in` (alpha)."""
        if issuer.country == acquirer.country and paid_in == acquirer.currency:
            return paid_in
        return self.scheme.cross_border_currency

    def conversion(self, source: str, target: str, now_us: int) -> Conversion | None:
        """The conversion in force at an instant, directly, inversely, or through the
        cross-border currency; None when no rate in force gives one."""
        kept = self._conversions.get((source, target))
        if kept is not None and kept[0] <= now_us < kept[1]:
            return kept[2]
        found = self._find_conversion(source, target, now_us)
        if found is not None:
            self._conversions[source, target] = (now_us, self.next_rate_change(now_us), found)
        return found

    def next_rate_change(self, now_us: int) -> int:
        """When the next rate takes force after an instant; far away when none is known."""
        later = (rate.effective_us for rate in self._rates if rate.effective_us > now_us)
        return min(later, default=now_us + _FAR_AWAY_US)

    def _find_conversion(self, source: str, target: str, now_us: int) -> Conversion | None:
        direct = self._pair(source, target, now_us)
        if direct is not None:
            return direct
        middle = self.scheme.cross_border_currency
        first = self._pair(source, middle, now_us)
        second = self._pair(middle, target, now_us)
        if first is None or second is None:
            return None
        return Conversion(
            source,
            target,
            first.numerator * second.numerator,
            first.denominator * second.denominator,
            f"{first.rate_id}*{second.rate_id}",
            self.scheme.rounding,
        )

    def _pair(self, source: str, target: str, now_us: int) -> Conversion | None:
        for rate in self._rates:
            if rate.effective_us <= now_us and {rate.base, rate.quote} == {source, target}:
                return conversion(rate, source, target, self.scheme.rounding)
        return None


def version_of(facts: Iterable[Mapping[str, Any]]) -> str:
    """Eight hexadecimal digits that name a set of facts, whatever their order."""
    texts = sorted(json.dumps(fact, sort_keys=True) for fact in facts)
    return sha256("\n".join(texts).encode()).hexdigest()[:8]
