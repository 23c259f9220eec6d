"""What an issuer lets the scheme decide in its place while it does not answer.

Terms hold from an instant on, for a product or for all, for some processing codes or for every
debit. The most specific ones in force decide alone; they are not added up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from altyn.identifiers import ParticipantId

Per = Literal["card", "issuer"]
Unverified = Literal["refuse", "allow"]

DEBIT_CODES: Final = frozenset({"00", "01", "09", "10"})
"""Processing codes (DE3, first two digits) that terms without codes of their own cover: goods,
cash, goods with cash, account funding. A credit is stood in for only where terms name it."""
NEVER_STOOD_IN: Final = frozenset({"30", "31", "70"})
"""Balances and PIN changes: only the issuer has the answer."""
FAR_AWAY_US: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Window:
    """A limit over time: it begins with the first stand-in and lasts `length_s` seconds.

    per: `card` counts every card by itself, `issuer` all cards of the issuer together.
    amount_max: minor units of the terms' currency; count_max: how many stand-ins.
    """

    length_s: int
    per: Per
    amount_max: int
    count_max: int


@dataclass(frozen=True, slots=True)
class StandInTerms:
    """Under which limits the scheme decides for an issuer.

    product: blank for all; processing_codes: two digits each, none for every debit;
    effective_us, until_us: UTC microseconds since 1970, the second not included; currency: alpha
    code, the card's billing currency, in which all amounts here are minor units;
    categories_refused, entry_modes_refused: such requests are refused; with `_allowed` lists that
    are not empty, all others are. An entry mode is the first two digits of DE22.
    unverified: what happens to a request that carries a verification value, a PIN or a chip
    cryptogram which nobody here can check; refusal_code: DE39 of what these rules refuse.
    """

    terms_id: str
    participant_id: ParticipantId
    product: str
    processing_codes: tuple[str, ...]
    effective_us: int
    until_us: int
    currency: str
    amount_max: int
    windows: tuple[Window, ...]
    categories_refused: tuple[str, ...] = ()
    categories_allowed: tuple[str, ...] = ()
    entry_modes_refused: tuple[str, ...] = ()
    entry_modes_allowed: tuple[str, ...] = ()
    expiry_required: bool = True
    unverified: Unverified = "refuse"
    refusal_code: str = "91"

    @property
    def codes(self) -> frozenset[str]:
        """The processing codes covered."""
        return frozenset(self.processing_codes) or DEBIT_CODES

    @property
    def specificity(self) -> int:
        """A product weighs more than processing codes, both more than either."""
        return 2 * bool(self.product) + bool(self.processing_codes)

    def contends_with(self, other: "StandInTerms") -> bool:
        """Whether there are an instant and a request for which neither goes before the other."""
        return (
            self.participant_id == other.participant_id
            and self.currency == other.currency
            and self.specificity == other.specificity
            and self.product == other.product
            and bool(self.codes & other.codes)
            and self.effective_us < other.until_us
            and other.effective_us < self.until_us
        )


class StandInTable:
    """All terms of one registry version, found by issuer, product, processing code and time."""

    __slots__ = ("_by_issuer",)

    def __init__(self, terms: Iterable[StandInTerms]) -> None:
        """Index the terms; raises ValueError naming two of which neither goes before the other."""
        self._by_issuer: dict[ParticipantId, list[StandInTerms]] = {}
        names: set[str] = set()
        for entry in terms:
            if entry.terms_id in names:
                raise ValueError(f"stand-in terms {entry.terms_id} are stated twice")
            names.add(entry.terms_id)
            earlier_ones = self._by_issuer.setdefault(entry.participant_id, [])
            for earlier in earlier_ones:
                if entry.contends_with(earlier):
                    raise ValueError(
                        f"stand-in terms {earlier.terms_id} and {entry.terms_id} are equally "
                        "specific and in force at the same time"
                    )
            earlier_ones.append(entry)
        for found in self._by_issuer.values():
            found.sort(key=lambda entry: -entry.specificity)

    def has_terms(self, issuer: ParticipantId) -> bool:
        """Whether an issuer has terms at all, in force or not."""
        return issuer in self._by_issuer

    def find(
        self, issuer: ParticipantId, product: str, processing: str, currency: str, now_us: int
    ) -> StandInTerms | None:
        """The most specific terms in force; `processing` is two digits, `currency` alpha."""
        for entry in self._by_issuer.get(issuer, ()):
            if (
                entry.effective_us <= now_us < entry.until_us
                and entry.product in (product, "")
                and entry.currency == currency
                and processing in entry.codes
            ):
                return entry
        return None
