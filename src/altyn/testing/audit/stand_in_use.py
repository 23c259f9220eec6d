"""How much of an issuer's stand-in limits is used, by counters of the auditor's own (I7)."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from altyn.clock import MICROSECONDS_PER_SECOND
from altyn.money import currency_of

__all__ = ["StandInUse", "Wanted"]

DEBIT_CODES: Final = frozenset({"00", "01", "09", "10"})
NO_ADVICE: Final = 1 << 62


class Wanted:
    """What a stand-in is asked to approve; `amount` in minor units of the billing currency."""

    __slots__ = (
        "amount",
        "card",
        "category",
        "currency",
        "entry_mode",
        "issuer",
        "product",
        "service",
    )

    def __init__(
        self,
        issuer: str,
        card: bytes,
        product: str,
        service: str,
        currency: str,
        amount: int,
        category: str,
        entry_mode: str,
    ) -> None:
        """`service` is the processing code's first two digits, `entry_mode` DE22's."""
        self.issuer = issuer
        self.card = card
        self.product = product
        self.service = service
        self.currency = currency_of(currency).alpha
        self.amount = amount
        self.category = category
        self.entry_mode = entry_mode


class Window:
    """Use since `begun_us`; `last_advice` is the entry of the newest advice about it."""

    __slots__ = ("amount", "begun_us", "count", "last_advice")

    def __init__(self, begun_us: int) -> None:
        """Nothing used yet."""
        self.begun_us = begun_us
        self.amount = 0
        self.count = 0
        self.last_advice = 0


class StandInUse:
    """All windows of all issuers, and the advices about them that are owed."""

    def __init__(self) -> None:
        """No use yet."""
        self._windows: dict[tuple[str, str, int, bytes], Window] = {}
        self._owed: dict[str, dict[int, None]] = {}
        self._latest_us = 0

    def owe(self, issuer: str, sequence: int) -> None:
        """An issuer is owed word of a stand-in."""
        self._owed.setdefault(issuer, {})[sequence] = None

    def told(self, issuer: str, sequence: int) -> None:
        """An advice, of a stand-in perhaps, is owed no more."""
        self._owed.get(issuer, {}).pop(sequence, None)

    def use(
        self, facts: Iterable[Mapping[str, Any]], wanted: Wanted, now_us: int, sequence: int
    ) -> str:
        """Count a stand-in that the switch approved in its entry `sequence`.

        Gives what forbids it, empty when nothing does. `facts` are the registry's of this kind.
        A clock that steps back opens no window again: the latest instant seen counts, also as the
        one at which a window begins.
        """
        self._latest_us = max(self._latest_us, now_us)
        terms = _terms_for(facts, wanted, now_us)
        if terms is None:
            return "no terms in force cover it"
        if wanted.amount > terms["amount_max"]:
            return "its amount is above the terms'"
        if wanted.category in terms["categories_refused"] or (
            terms["categories_allowed"] and wanted.category not in terms["categories_allowed"]
        ):
            return "the terms exclude the merchant's category"
        if wanted.entry_mode in terms["entry_modes_refused"] or (
            terms["entry_modes_allowed"] and wanted.entry_mode not in terms["entry_modes_allowed"]
        ):
            return "the terms exclude the entry mode"
        return next(filter(None, self._count(terms, wanted, sequence)), "")

    def _count(self, terms: Mapping[str, Any], wanted: Wanted, sequence: int) -> Iterable[str]:
        for limit in terms["windows"]:
            subject = wanted.card if limit["per"] == "card" else b""
            key = wanted.issuer, terms["terms_id"], limit["length_s"], subject
            window = self._windows.get(key)
            if window is None or self._is_over(key, window):
                window = self._windows[key] = Window(self._latest_us)
            window.amount += wanted.amount
            window.count += 1
            window.last_advice = sequence + 1
            if window.amount > limit["amount_max"]:
                yield f"the amount of {limit['length_s']} s per {limit['per']} is overrun"
            if window.count > limit["count_max"]:
                yield f"the count of {limit['length_s']} s per {limit['per']} is overrun"

    def _is_over(self, key: tuple[str, str, int, bytes], window: Window) -> bool:
        """Its time has passed, and the issuer knows of everything in it (F29)."""
        if self._latest_us < window.begun_us + key[2] * MICROSECONDS_PER_SECOND:
            return False
        oldest = next(iter(self._owed.get(key[0], {})), NO_ADVICE)
        return oldest > window.last_advice


def _terms_for(
    facts: Iterable[Mapping[str, Any]], wanted: Wanted, now_us: int
) -> Mapping[str, Any] | None:
    """The most specific terms in force: a product weighs more than processing codes."""
    best, weight = None, -1
    for terms in facts:
        codes = terms["processing_codes"]
        if (
            terms["participant_id"] == wanted.issuer
            and terms["effective_us"] <= now_us < terms["until_us"]
            and terms["product"] in ("", wanted.product)
            and terms["currency"] == wanted.currency
            and wanted.service in (codes or DEBIT_CODES)
        ):
            specific = 2 * bool(terms["product"]) + bool(codes)
            if specific > weight:
                best, weight = terms, specific
    return best
