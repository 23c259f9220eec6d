"""Which issuer answers, in which currencies the amounts are told, and at which rates."""

from typing import Final, NamedTuple

from altyn.money import Conversion, currency_of, find_currency
from altyn.registry import BinRange, Participant, Registry
from altyn.transaction import (
    entries,
)

ROUTES_MAX: Final = 50_000


class Route(NamedTuple):
    """How transactions of one BIN range, acquirer and currency are handled.

    text: the entries.ROUTE_TEXTS of the journal record, joined; settlement and billing are None
    when the amount is the transaction amount itself.
    """

    issuer: Participant
    acquirer: Participant
    settlement_currency: str
    billing_currency: str
    settlement: Conversion | None
    billing: Conversion | None
    settlement_rate: str
    billing_rate: str
    text: str
    valid_from_us: int
    valid_until_us: int
    cap_of_issuer: int | None
    cap_of_acquirer: int | None


class Router:
    """Routes of one registry version, made once and kept until a rate changes."""

    __slots__ = ("_registry", "_routes")

    def __init__(self, registry: Registry) -> None:
        """Start with no route made."""
        self._registry = registry
        self._routes: dict[tuple[str, str, str], Route] = {}

    def route(
        self, entry: BinRange, acquirer: Participant, currency: str, now_us: int
    ) -> Route | None:
        """The route for a BIN range; None when no rate leads from the currency."""
        key = (entry.prefix, acquirer.participant_id, currency)
        found = self._routes.get(key)
        if found is not None and found.valid_from_us <= now_us < found.valid_until_us:
            return found
        made = self._make(entry, acquirer, currency, now_us)
        if made is not None:
            if len(self._routes) >= ROUTES_MAX:
                self._routes.clear()
            self._routes[key] = made
        return made

    def _make(
        self, entry: BinRange, acquirer: Participant, currency: str, now_us: int
    ) -> Route | None:
        registry = self._registry
        paid_in = find_currency(currency)
        if paid_in is None:
            return None
        issuer = registry.participants[entry.participant_id]
        settles_in = registry.settlement_currency(issuer, acquirer, paid_in.alpha)
        settlement = billing = None
        if settles_in != paid_in.alpha:
            settlement = registry.conversion(paid_in.alpha, settles_in, now_us)
            if settlement is None:
                return None
        if entry.currency != paid_in.alpha:
            billing = registry.conversion(paid_in.alpha, entry.currency, now_us)
            if billing is None:
                return None
        return Route(
            issuer,
            acquirer,
            currency_of(settles_in).numeric,
            currency_of(entry.currency).numeric,
            settlement,
            billing,
            settlement.iso_rate() if settlement else "",
            billing.iso_rate() if billing else "",
            _route_text(registry, entry, acquirer, settles_in, settlement, billing),
            now_us,  # the clock may step back behind a rate's instant (T01)
            registry.next_rate_change(now_us),
            issuer.net_debit_caps.get(settles_in),
            acquirer.net_debit_caps.get(settles_in),
        )


def _route_text(
    registry: Registry,
    entry: BinRange,
    acquirer: Participant,
    settles_in: str,
    settlement: Conversion | None,
    billing: Conversion | None,
) -> str:
    values = (
        acquirer.participant_id,
        entry.participant_id,
        entry.product,
        entry.prefix,
        currency_of(settles_in).numeric,
        currency_of(entry.currency).numeric,
        settlement.rate_id if settlement else "",
        billing.rate_id if billing else "",
        registry.version,
    )
    return "".join(
        value.ljust(text.width) for value, text in zip(values, entries.ROUTE_TEXTS, strict=True)
    )
