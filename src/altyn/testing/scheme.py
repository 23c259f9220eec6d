"""The scheme of a simulated world: banks, cards, links and registry facts, from the seed.

Every world has other links (framing, dialect, who signs on, one line or two), caps, stand-in
terms and rates. Nothing here is taken from the switch: a bank knows its own side only.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Final, Literal, NamedTuple

from altyn.card import check_digit
from altyn.identifiers import LinkId, ParticipantId
from altyn.money import Rate, Rounding
from altyn.registry import (
    FAR_AWAY_US,
    BinRange,
    Participant,
    Registry,
    Scheme,
    StandInTerms,
    Window,
    fact_of,
)
from altyn.switch import LinkTerms
from altyn.wire import Framing, framing

__all__ = ["BankPlan", "CardPlan", "LinkPlan", "RegistryDesk", "SchemePlan", "scheme_plan"]

SCHEME_INSTITUTION: Final = "999001"
BANKS_MAX: Final = 40
CARDS_PER_RANGE: Final = 60
CURRENCIES: Final = (
    ("KZ", "KZT", 512_34, 2),
    ("RU", "RUB", 81_0575, 4),
    ("TR", "TRY", 41_987, 3),
    ("KW", "KWD", 3_070, 4),
)
"""Country, currency, mantissa and scale of what one dollar costs."""
DIALECTS: Final = ("altyn87", "altyn87", "altyn87-bcd", "altyn87-ebcdic", "altyn87-hex")
FRAMINGS: Final = (
    ("binary2", None),
    ("binary2", None),
    ("bcd2", None),
    ("ascii4", None),
    ("binary4", None),
    ("binary2", bytes.fromhex("6000010002")),
)

Carries = Literal["both", "acquiring", "issuing"]
SignOn = Literal["peer", "switch", "none"]


class LinkPlan(NamedTuple):
    """One link of a bank, and how many connections the bank makes for it."""

    link_id: str
    carries: Carries
    sign_on: SignOn
    dialect: str
    framing: Framing
    connections: int
    reply_timeout_us: int
    reply_timeout_atm_us: int


class CardPlan(NamedTuple):
    """A card: `conduct` is the DE39 with which its issuer always declines it, empty for none."""

    pan: str
    currency: str
    expiry: str
    conduct: str
    balance: int


class BankPlan(NamedTuple):
    """A bank, which acquires and issues."""

    bank_id: str
    institution: str
    country: str
    currency: str
    links: tuple[LinkPlan, ...]
    cards: tuple[CardPlan, ...]
    clock_error_us: int


class SchemePlan(NamedTuple):
    """All of it: banks and the registry of the first day."""

    banks: tuple[BankPlan, ...]
    registry: Registry
    terms: tuple[LinkTerms, ...]


def scheme_plan(dice: Random, banks: int, start_utc_us: int, skew_us: int) -> SchemePlan:
    """A scheme of so many banks, 1 to 40; `skew_us` is how wrong a bank's clock may be."""
    plans = tuple(_bank(dice, number, skew_us) for number in range(banks))
    values = [fact_of(each) for each in _values(dice, plans, start_utc_us)]
    terms = tuple(_terms(bank, link) for bank in plans for link in bank.links)
    return SchemePlan(plans, Registry(values), terms)


def _bank(dice: Random, number: int, skew_us: int) -> BankPlan:
    country, currency, _, _ = CURRENCIES[number % len(CURRENCIES)]
    ranges = [(f"9900{number:02d}", currency), (f"9901{number:02d}", currency)]
    if number % 2:
        # Eight digits inside another bank's six: only the longest prefix is right (F36).
        ranges.append((f"9900{number - 1:02d}77", "USD"))
    cards = [card for prefix, paid in ranges for card in _cards(dice, prefix, paid)]
    bank_id = f"BANK{number:02d}{country}"
    return BankPlan(
        bank_id,
        f"{400_100 + number}",
        country,
        currency,
        _links(dice, bank_id),
        tuple(cards),
        dice.randint(-skew_us, skew_us),
    )


def _cards(dice: Random, prefix: str, currency: str) -> Iterator[CardPlan]:
    for number in range(CARDS_PER_RANGE):
        # The digit behind the prefix keeps clear of the eight-digit ranges inside it.
        body = f"{prefix}{'1' if len(prefix) == 6 else ''}".ljust(10, "0") + f"{number:05d}"
        conduct = dice.choice(("05", "43", "51", "55", "62")) if number % 12 == 0 else ""
        expiry = "2001" if number % 30 == 1 else f"{dice.randint(30, 40)}{dice.randint(1, 12):02d}"
        balance = dice.choice((50_000, 5_000_000, 10**12, 10**12, 10**12))
        yield CardPlan(body + check_digit(body), currency, expiry, conduct, balance)


def _links(dice: Random, bank_id: str) -> tuple[LinkPlan, ...]:
    carries: tuple[Carries, ...] = ("both",)
    if dice.random() < 0.5:
        carries = ("acquiring", "issuing")
    links = []
    for each in carries:
        name, tpdu = dice.choice(FRAMINGS)
        sign_on: SignOn = dice.choice(("peer", "peer", "switch", "none"))
        links.append(
            LinkPlan(
                f"{bank_id.lower()}-{each}",
                each,
                sign_on,
                dice.choice(DIALECTS),
                framing(name, tpdu),
                dice.choice((1, 1, 2)),
                5_000_000,
                9_000_000,
            )
        )
    return tuple(links)


def _terms(bank: BankPlan, link: LinkPlan) -> LinkTerms:
    return LinkTerms(
        LinkId(link.link_id),
        ParticipantId(bank.bank_id),
        link.sign_on,
        link.reply_timeout_us,
        link.reply_timeout_atm_us,
        10_000_000,
        256,
        link.carries,
    )


_Value = Scheme | Participant | BinRange | Rate | StandInTerms


def _values(dice: Random, banks: tuple[BankPlan, ...], start_utc_us: int) -> list[_Value]:
    values: list[_Value] = [
        Scheme(
            "WORLD", "Simulated world", SCHEME_INSTITUTION, "UTC", "", "USD",
            dice.choice(("25", "00")), Rounding.HALF_UP,
        )
    ]  # fmt: skip
    for bank in banks:
        values += _bank_values(dice, bank)
        if dice.random() < 0.5:
            values.append(_stand_in(dice, bank))
    return values + _rates(dice, "first", start_utc_us - 10**12)


def _bank_values(dice: Random, bank: BankPlan) -> list[_Value]:
    participant_id = ParticipantId(bank.bank_id)
    caps = _caps(dice, bank) if dice.random() < 0.5 else {}
    prefixes = {card.pan[:8] if card.pan[6:8] == "77" else card.pan[:6] for card in bank.cards}
    by_prefix = {prefix: "USD" if len(prefix) == 8 else bank.currency for prefix in prefixes}
    roles = frozenset({"issuer", "acquirer"})
    member = Participant(
        participant_id, bank.bank_id, bank.country, bank.currency, roles, (bank.institution,),
        "active", caps,
    )  # fmt: skip
    ranges = [
        BinRange(prefix, participant_id, "CLASSIC", by_prefix[prefix], frozenset({16}))
        for prefix in sorted(by_prefix)
    ]
    return [member, *ranges]


def _caps(dice: Random, bank: BankPlan) -> dict[str, int]:
    return {
        # Some bind within a day, others never.
        bank.currency: dice.choice((1, 1, 100)) * dice.randint(2_000_000, 40_000_000),
        "USD": dice.choice((1, 1, 100)) * dice.randint(20_000, 4_000_000),
    }


def _stand_in(dice: Random, bank: BankPlan) -> StandInTerms:
    per_card = Window(86_400, "card", dice.randint(100_000, 3_000_000), dice.randint(1, 6))
    count = dice.choice((1, 10)) * dice.randint(2, 20)
    per_issuer = Window(3_600, "issuer", dice.randint(10**6, 10**8), count)
    return StandInTerms(
        f"{bank.bank_id}-terms", ParticipantId(bank.bank_id), "", (), 0, FAR_AWAY_US,
        bank.currency, dice.randint(50_000, 2_000_000), (per_card, per_issuer),
        unverified=dice.choice(("allow", "allow", "refuse")),
    )  # fmt: skip


def _rates(dice: Random, name: str, effective_us: int) -> list[_Value]:
    rates: list[_Value] = []
    for _, currency, mantissa, scale in CURRENCIES:
        moved = mantissa * dice.randint(950, 1050) // 1000
        rates.append(Rate(f"{name[:2]}{currency}", "USD", currency, moved, scale, effective_us))
    return rates


class RegistryDesk:
    """Those who decide: each call gives the next version of the registry."""

    def __init__(self, dice: Random, first: Registry, banks: tuple[BankPlan, ...]) -> None:
        """Begin with the first version."""
        self._dice = dice
        self._banks = banks
        self._scheme = first.scheme
        self._members = dict(first.participants)
        self._facts = {name: fact_of(member) for name, member in self._members.items()}
        # What never changes, and what does.
        self._ranges = [fact for fact in first.facts if fact["fact"] in ("bin", "stand-in")]
        self._rates = [fact for fact in first.facts if fact["fact"] == "rate"]
        self._version = 0

    def change(self, utc_us: int) -> Registry:
        """Caps move, a product changes its name, rates get successors from soon on."""
        dice = self._dice
        bank = dice.choice(self._banks)
        member = self._members[ParticipantId(bank.bank_id)]
        what = dice.randrange(3)
        if what == 0:
            caps = _caps(dice, bank)
            self._keep(replace(member, net_debit_caps=caps))
        elif what == 1:
            products = ("CLASSIC", "GOLD", "FUEL")
            self._ranges = [
                {**fact, "product": dice.choice(products)}
                if fact["fact"] == "bin" and fact["participant_id"] == bank.bank_id
                else fact
                for fact in self._ranges
            ]
        else:
            self._version += 1
            later = utc_us + dice.randint(0, 5_000_000)
            rates = _rates(dice, f"{self._version:02d}", later)
            self._rates = [fact_of(rate) for rate in rates] + self._rates[: 8 * len(rates)]
        return self._registry()

    def restrict(self, bank_id: str) -> Registry:
        """A participant is suspended."""
        return self._with_state(bank_id, "suspended")

    def readmit(self, bank_id: str) -> Registry:
        """A participant takes part again."""
        return self._with_state(bank_id, "active")

    def _with_state(self, bank_id: str, state: Literal["active", "suspended"]) -> Registry:
        member = self._members[ParticipantId(bank_id)]
        self._keep(replace(member, state=state))
        return self._registry()

    def _keep(self, member: Participant) -> None:
        self._members[member.participant_id] = member
        self._facts[member.participant_id] = fact_of(member)

    def _registry(self) -> Registry:
        members = self._facts.values()
        return Registry([fact_of(self._scheme), *members, *self._ranges, *self._rates])
