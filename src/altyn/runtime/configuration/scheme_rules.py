"""What must hold between the tables of a scheme file."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from altyn.money import Rate, Rounding, conversion, find_currency
from altyn.runtime.configuration.document import Document
from altyn.runtime.configuration.problem import Place, Problem
from altyn.runtime.configuration.scheme_tables import (
    BinEntry,
    ParticipantEntry,
    RateEntry,
    SchemeTable,
)
from altyn.runtime.configuration.stand_in_tables import StandInEntry
from altyn.runtime.configuration.validation import repeated, stated

__all__ = ["SoundTables", "scheme_problems"]

ISO_RATE_MAX: Final = 9_999_999


@dataclass
class SoundTables:
    """The tables that are each sound by itself, with their places in the file."""

    document: Document
    scheme: SchemeTable | None = None
    participants: list[tuple[int, ParticipantEntry]] = field(default_factory=list)
    bins: list[tuple[int, BinEntry]] = field(default_factory=list)
    rates: list[tuple[int, RateEntry]] = field(default_factory=list)
    stand_ins: list[tuple[int, StandInEntry]] = field(default_factory=list)


def scheme_problems(tables: SoundTables) -> list[Problem]:
    """Every rule between tables that is broken."""
    document = tables.document
    institutions = stated(document, "participant", "institution_ids")
    return [
        *repeated(document, stated(document, "participant", "id"), "id"),
        *repeated(document, institutions, "institution id"),
        *repeated(document, stated(document, "bin", "prefix"), "BIN prefix"),
        *repeated(document, stated(document, "rate", "id"), "id"),
        *repeated(document, stated(document, "stand_in", "id"), "id"),
        *_bin_problems(tables),
        *_cap_problems(tables),
        *_rate_problems(tables),
        *_missing_rates(tables),
        *_misfits(tables),
        *_stand_in_problems(tables),
        *_contending_terms(tables),
    ]


def _cross_border_currency(document: Document) -> str | None:
    """Also of a scheme table that is unsound elsewhere: each fault is told in one run."""
    scheme = document.data.get("scheme")
    code = scheme.get("cross_border_currency") if isinstance(scheme, dict) else None
    return code if isinstance(code, str) and find_currency(code) is not None else None


def _bin_problems(tables: SoundTables) -> list[Problem]:
    problems = []
    document = tables.document
    known = {text for _, text in stated(document, "participant", "id")}
    # Roles as they are written, so that a participant with a fault elsewhere keeps its role here.
    roles = stated(document, "participant", "roles")
    issuer_places = {place[1] for place, role in roles if role == "issuer"}
    issuers = {
        text for place, text in stated(document, "participant", "id") if place[1] in issuer_places
    }
    for index, entry in tables.bins:
        place = ("bin", index, "participant")
        if entry.participant not in known:
            do = "name the id of a [[participant]]"
            problems.append(document.problem(place, "there is no such participant", do))
        elif entry.participant not in issuers:
            do = 'add "issuer" to its roles, or name another participant'
            problems.append(document.problem(place, "this participant is no issuer", do))
    return problems


def _cap_problems(tables: SoundTables) -> list[Problem]:
    """A cap in a currency in which the participant never settles would guard nothing."""
    middle = _cross_border_currency(tables.document)
    problems = []
    for index, entry in tables.participants if middle else ():
        for code in entry.net_debit_caps:
            if code not in (entry.currency, middle):
                place = ("participant", index, "net_debit_caps", code)
                reason = "this participant never settles in this currency"
                do = "name its own currency or the cross-border currency"
                problems.append(tables.document.problem(place, reason, do))
    return problems


def _rate_problems(tables: SoundTables) -> list[Problem]:
    problems = []
    first: dict[tuple[frozenset[str], int], int] = {}
    for index, entry in tables.rates:
        if entry.base == entry.quote:
            reason = "base and quote are the same currency"
            problems.append(tables.document.problem(("rate", index, "quote"), reason, "remove it"))
            continue
        pair = (frozenset((entry.base, entry.quote)), entry.value().effective_us)
        earlier = first.setdefault(pair, index)
        if earlier != index:
            reason = f"rate[{earlier + 1}] prices the same two currencies from the same instant"
            do = "remove one of the two, or let it begin at another instant"
            problems.append(tables.document.problem(("rate", index, "effective"), reason, do))
    return problems


def _missing_rates(tables: SoundTables) -> list[Problem]:
    """Each currency in use must lead to the cross-border currency."""
    middle = _cross_border_currency(tables.document)
    users: list[tuple[Place, str]] = []
    users += [
        (("participant", index, "currency"), entry.currency) for index, entry in tables.participants
    ]
    users += [(("bin", index, "currency"), entry.currency) for index, entry in tables.bins]
    # As they are written: a rate with a fault in its value is there all the same.
    quotes = dict(_codes(tables.document, "quote"))
    priced = {
        frozenset((base, quotes.get(index))) for index, base in _codes(tables.document, "base")
    }
    problems = []
    for place, code in users if middle else ():
        if code != middle and frozenset((code, middle)) not in priced:
            reason = f"there is no rate between {code} and the cross-border currency {middle}"
            do = f"add a [[rate]] with base {middle} and quote {code}"
            problems.append(tables.document.problem(place, reason, do))
    return problems


def _codes(document: Document, key: str) -> list[tuple[str | int, str]]:
    return [(place[1], code) for place, code in stated(document, "rate", key)]


def _misfits(tables: SoundTables) -> list[Problem]:
    """A rate, its inverse and every way through the middle must fit DE9 and DE10 (n8)."""
    reason = "this rate or its inverse does not fit DE9 and DE10: seven digits, nine decimals"
    misfits = {
        index
        for index, entry in tables.rates
        if entry.base != entry.quote and not _fits_message(entry.value())
    }
    problems = [
        tables.document.problem(("rate", index, "value"), reason, "check base and quote")
        for index in sorted(misfits)
    ]
    middle = _cross_border_currency(tables.document)
    prices = [
        (_price(entry.value(), middle), index)
        for index, entry in tables.rates
        if index not in misfits
        and entry.base != entry.quote
        and middle in (entry.base, entry.quote)
    ]
    (least, _), (most, index) = min(prices, default=(1, 0)), max(prices, default=(1, 0))
    # From one to another through the middle the rate is the quotient of their prices.
    if most / least >= ISO_RATE_MAX + 1:
        reason = "from the cheapest to the dearest currency no rate fits DE9 and DE10"
        problems.append(
            tables.document.problem(("rate", index, "value"), reason, "check base and quote")
        )
    return problems


def _stand_in_problems(tables: SoundTables) -> list[Problem]:
    """Terms must be for cards that there are, and hold for some time."""
    problems = []
    cards = {(entry.participant, entry.product, entry.currency) for _, entry in tables.bins}
    for index, entry in tables.stand_ins:
        place: Place = ("stand_in", index, "participant")
        theirs = {card for card in cards if card[0] == entry.participant}
        if not any(
            entry.product in (product, "") and entry.currency == currency
            for _, product, currency in theirs
        ):
            reason = "this participant has no card of this product that is billed in this currency"
            do = "name the participant, product and currency of a [[bin]]"
            problems.append(tables.document.problem(place, reason, do))
        terms = entry.value()
        if terms.until_us <= terms.effective_us:
            reason, do = (
                "these terms end before they begin",
                "write a later instant, or leave it out",
            )
            problems.append(tables.document.problem(("stand_in", index, "until"), reason, do))
        kinds = [(window.length_s, window.per) for window in entry.windows]
        if len(set(kinds)) < len(kinds):
            reason = "two windows have the same length and the same `per`"
            do = "keep the one with the lower limits"
            problems.append(tables.document.problem(("stand_in", index, "window"), reason, do))
    return problems


def _contending_terms(tables: SoundTables) -> list[Problem]:
    """Two terms of which neither goes before the other; both are named."""
    problems = []
    for place, (index, entry) in enumerate(tables.stand_ins):
        terms = entry.value()
        for _, earlier in tables.stand_ins[:place]:
            if terms.contends_with(earlier.value()):
                reason = (
                    f"{earlier.id} and {entry.id} are equally specific and in force at the same "
                    "time"
                )
                do = "let one end before the other begins, or name a product or processing codes"
                problems.append(tables.document.problem(("stand_in", index, "id"), reason, do))
    return problems


def _price(rate: Rate, middle: str | None) -> Fraction:
    """Units of the other currency for one unit of the middle."""
    price = Fraction(rate.mantissa, 10**rate.scale)
    return price if rate.base == middle else 1 / price


def _fits_message(rate: Rate) -> bool:
    try:
        for source, target in ((rate.base, rate.quote), (rate.quote, rate.base)):
            conversion(rate, source, target, Rounding.HALF_UP).iso_rate()
    except OverflowError:
        return False
    return True
