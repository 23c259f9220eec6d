"""The demonstration's day, made from a seed: who buys what where, and what goes wrong.

The same seed and size give the same plays, and the plays are made so that their outcome does not
depend on timing: ordinary cards have ample money, short ones have none in any order, and what does
depend on order (an issuer's absence, a net debit cap) has a phase of its own.
"""

import random
from collections.abc import Iterable
from typing import Final, NamedTuple

from altyn.money import Rate, Rounding, conversion, parse_rate_value
from altyn.simulators.banks import BANKS, MARKET_RATES, Bank, bank_of
from altyn.simulators.cards import (
    CONDUCT_CODES,
    SimulatedCard,
    deck,
    unissued_card,
    with_wrong_check_digit,
)
from altyn.simulators.merchants import Merchant, merchants_of
from altyn.simulators.script import Play, Step

__all__ = [
    "AWAY_ISSUER",
    "CAPPED_CURRENCY",
    "CAPPED_ISSUER",
    "PHASES",
    "TRANSACTIONS_MIN",
    "Day",
    "Phase",
    "net_debit_cap",
    "phase_shares",
]

AWAY_ISSUER: Final = "BOSPHTR"
CAPPED_ISSUER: Final = "PEARLKW"
CAPPED_CURRENCY: Final = "USD"
CAP_ACQUIRER: Final = "ALATAUKZ"
CAP_PLAYS: Final = 6
TRANSACTIONS_MIN: Final = 100
"""The least size of a day in which everything still happens at least once."""


class Phase(NamedTuple):
    """A part of the day: plays of a phase start after the phase before is over."""

    name: str
    title: str
    window: int


PHASES: Final = (
    Phase("morning", "Morning trade", 4),
    Phase("away", "Bosphorus Bank is away", 4),
    Phase("lost", "Answers are lost on the way", 4),
    Phase("evening", "Evening trade", 4),
    Phase("cap", "Pearl Gulf Bank reaches its cap", 1),
)

_ACQUIRER_WEIGHTS: Final = {
    "STEPKZ": 26, "ALATAUKZ": 16, "VOLGARU": 24, "BOSPHTR": 20, "PEARLKW": 14,
}  # fmt: skip

# Kinds of plays and how often each comes up among a thousand.
_KIND_WEIGHTS: Final = {
    "purchase-dual": 350,
    "purchase-single": 240,
    "cash": 90,
    "refund": 45,
    "balance-inquiry": 45,
    "card-verification": 15,
    "pre-authorization": 50,
    "cancelled-purchase": 35,
    "partly-cancelled-purchase": 30,
    "repeated-request": 25,
    "unknown-issuer": 6,
    "wrong-check-digit": 6,
    "invalid-amount": 6,
    "unknown-service": 6,
    **{f"declined-{conduct}": 7 for conduct in CONDUCT_CODES},
}
_PROCESSING_CODES: Final = {
    "cash": "010000",
    "refund": "200000",
    "balance-inquiry": "300000",
    "unknown-service": "480000",
}
# A sale of nothing is a mistake; an authorization of nothing verifies a card (F42).
_SINGLE_MESSAGE: Final = ("purchase-single", "cash", "refund", "invalid-amount")
_NO_AMOUNT: Final = ("balance-inquiry", "card-verification", "invalid-amount")
_ENTRY_MODES: Final = {"shop": ("051", "071", "052", "022"), "web": ("012",), "cash": ("051",)}
_PRICE_STEP: Final = 5
_KINDS_WHILE_AWAY: Final = ("stood-in", "stood-in", "issuer-away", "stood-in-regretted")
_REGRETTED_CONDUCTS: Final = ("short", "refused", "lost", "over-limit")
"""Cards that their issuer refuses and stand-in cannot know of."""


def phase_shares(transactions: int) -> dict[str, dict[str, int]]:
    """How many plays each acquirer has in each phase; they add up to `transactions`.

    Raises ValueError below TRANSACTIONS_MIN.
    """
    if transactions < TRANSACTIONS_MIN:
        raise ValueError(f"a day needs at least {TRANSACTIONS_MIN} transactions")
    away = max(20, transactions * 12 // 100)
    lost = max(5, transactions * 3 // 100)
    ordinary = transactions - CAP_PLAYS - away - lost
    morning = ordinary * 55 // 100
    totals = {"morning": morning, "away": away, "lost": lost, "evening": ordinary - morning}
    shares = {name: _divided(total, name) for name, total in totals.items()}
    shares["cap"] = {name: CAP_PLAYS if name == CAP_ACQUIRER else 0 for name in _ACQUIRER_WEIGHTS}
    return shares


def _divided(total: int, phase: str) -> dict[str, int]:
    """A total over the acquirers by weight, without losing one to rounding."""
    # A bank that is away does not acquire either.
    weights = _ACQUIRER_WEIGHTS | ({AWAY_ISSUER: 0} if phase == "away" else {})
    whole = sum(weights.values())
    shares: dict[str, int] = {}
    weight_before = 0
    for name, weight in weights.items():
        until = (weight_before + weight) * total // whole
        shares[name] = until - weight_before * total // whole
        weight_before += weight
    return shares


class Day:
    """The scripts of one acquirer for a day of `transactions` under a seed."""

    def __init__(self, seed: str, transactions: int, acquirer_id: str, number: int = 0) -> None:
        """Deal the cards; `number` tells days of one seed apart: other plays, the same cards.

        Raises ValueError for too small a day, LookupError for no such bank.
        """
        self.seed = seed
        self.number = number
        self.transactions = transactions
        self.bank = bank_of(acquirer_id)
        self._shares = {n: share[acquirer_id] for n, share in phase_shares(transactions).items()}
        self._merchants = merchants_of(acquirer_id)
        self._decks = {bank.bank_id: deck(seed, bank) for bank in BANKS if bank.issues}
        self._morning: list[Play] | None = None

    def plays(self, phase: str) -> list[Play]:
        """The plays of a phase, in order."""
        if phase == "morning":
            if self._morning is None:
                self._morning = self._trade("morning", frozenset(), forced=True)
            return self._morning
        if phase == "evening":
            return self._trade("evening", frozenset(), forced=False)
        return {"away": self._away, "lost": self._lost, "cap": self._cap}[phase]()

    def _generator(self, phase: str) -> random.Random:
        name = f"{self.seed}/{phase}/{self.bank.bank_id}"
        if self.number:
            name += f"/{self.number}"
        return random.Random(name)  # noqa: S311 - seeded on purpose, no secret

    def _trade(self, phase: str, absent: frozenset[str], forced: bool) -> list[Play]:
        """Ordinary traffic; `forced` begins with this acquirer's share of every kind."""
        generator = self._generator(phase)
        count = self._shares[phase]
        place = list(_ACQUIRER_WEIGHTS).index(self.bank.bank_id)
        kinds = list(_KIND_WEIGHTS)[place :: len(_ACQUIRER_WEIGHTS)][:count] if forced else []
        kinds += generator.choices(
            list(_KIND_WEIGHTS), list(_KIND_WEIGHTS.values()), k=count - len(kinds)
        )
        return [
            self._play(generator, f"{phase}-{self.bank.bank_id}-{number}", kind, absent)
            for number, kind in enumerate(kinds, start=1)
        ]

    def _play(
        self, generator: random.Random, play_id: str, kind: str, absent: frozenset[str]
    ) -> Play:
        merchant = self._merchant(generator, kind)
        card = self._card(generator, kind, absent)
        amount = 0 if kind in _NO_AMOUNT else _price(generator, merchant)
        mti = "0200" if kind in _SINGLE_MESSAGE else "0100"
        steps = _steps(generator, kind, mti, amount)
        code = _PROCESSING_CODES.get(kind, "000000")
        mode = generator.choice(_ENTRY_MODES[merchant.channel])
        return Play(play_id, kind, card, merchant, code, mode, steps)

    def _merchant(self, generator: random.Random, kind: str) -> Merchant:
        cash = kind in ("cash", "balance-inquiry")
        return generator.choice([m for m in self._merchants if (m.channel == "cash") == cash])

    def _card(self, generator: random.Random, kind: str, absent: frozenset[str]) -> SimulatedCard:
        if kind == "unknown-issuer":
            return unissued_card(generator)
        present = [name for name in self._decks if name not in absent]
        domestic = [name for name in present if bank_of(name).country == self.bank.country]
        issuers = domestic if domestic and generator.randrange(100) < 55 else present
        conduct = kind.removeprefix("declined-") if kind.startswith("declined-") else "ordinary"
        cards = self._decks[generator.choice(issuers)]
        card = generator.choice([card for card in cards if card.conduct == conduct])
        return with_wrong_check_digit(card) if kind == "wrong-check-digit" else card

    def _away(self) -> list[Play]:
        """What is decided for an absent issuer, reversals of the morning's, and the others."""
        generator = self._generator("away")
        count = self._shares["away"]
        if not count:
            return []
        cancelled = [
            play
            for play in self.plays("morning")
            if play.kind in ("purchase-dual", "purchase-single")
            and play.card.issuer_id == AWAY_ISSUER
        ][: max(1, count // 6)]
        plays = [_cancelled_later(play, number) for number, play in enumerate(cancelled, start=1)]
        refused = max(1, (count - len(plays)) // 4)
        for number in range(1, min(refused, count - len(plays)) + 1):
            plays.append(self._while_away(generator, number))
        others = self._trade("away", frozenset((AWAY_ISSUER,)), forced=False)
        plays += others[: count - len(plays)]
        generator.shuffle(plays)
        return plays

    def _while_away(self, generator: random.Random, number: int) -> Play:
        """A purchase that stand-in decides: refused for its chip and PIN that nobody can check, or
        approved, also where the issuer itself would refuse the card."""
        place = list(_ACQUIRER_WEIGHTS).index(self.bank.bank_id)
        kind = _KINDS_WHILE_AWAY[(place + number) % len(_KINDS_WHILE_AWAY)]
        conducts = _REGRETTED_CONDUCTS if kind == "stood-in-regretted" else ("ordinary",)
        cards = [card for card in self._decks[AWAY_ISSUER] if card.conduct in conducts]
        merchant = self._merchant(generator, "purchase-dual")
        code, mode = ("91", "051") if kind == "issuer-away" else ("00", "012")
        step = Step("request", "0100", _price(generator, merchant), expected=(code,))
        play_id = f"{kind}-{self.bank.bank_id}-{number}"
        card = generator.choice(cards)
        return Play(play_id, kind, card, merchant, "000000", mode, (step,))

    def _lost(self) -> list[Play]:
        """Answers that never arrive: reversed, and the reversal repeated until answered (F13)."""
        generator = self._generator("lost")
        plays = []
        for number in range(1, self._shares["lost"] + 1):
            play_id = f"lost-{self.bank.bank_id}-{number}"
            play = self._play(generator, play_id, "purchase-single", frozenset())
            steps = (
                play.steps[0]._replace(answer_lost=True),
                Step("reversal", answer_lost=True),
                Step("repeat"),
            )
            plays.append(play._replace(kind="lost-answer", steps=steps))
        return plays

    def _cap(self) -> list[Play]:
        """Purchases so large that the capped issuer is refused within the phase, one by one."""
        if self.bank.bank_id != CAP_ACQUIRER:
            return []
        merchant = next(m for m in self._merchants if m.currency == CAPPED_CURRENCY)
        card = next(c for c in self._decks[CAPPED_ISSUER] if c.conduct == "deep")
        amount = _turnover(self.seed, self.transactions) // 2
        step = Step("request", "0200", amount, expected=("00", "61"))
        return [
            Play(f"cap-{number}", "net-debit-cap", card, merchant, "000000", "051", (step,))
            for number in range(1, CAP_PLAYS + 1)
        ]


def _price(generator: random.Random, merchant: Merchant) -> int:
    """A price in the merchant's range; small ones are more frequent; notes at cash machines."""
    share = generator.randrange(1000)
    price = merchant.price_min + (merchant.price_max - merchant.price_min) * share**2 // 10**6
    unit = merchant.price_min if merchant.channel == "cash" else _PRICE_STEP
    return max(unit, price // unit * unit)


def _steps(generator: random.Random, kind: str, mti: str, amount: int) -> tuple[Step, ...]:
    request = Step("request", mti, amount, expected=(_expected(kind),))
    if kind == "pre-authorization":
        return request, Step("completion", amount=amount * generator.randint(60, 100) // 100)
    if kind == "cancelled-purchase":
        return request, Step("reversal")
    if kind == "partly-cancelled-purchase":
        return request, Step("reversal", amount=max(1, amount * generator.randint(20, 80) // 100))
    if kind == "repeated-request":
        return request, Step("repeat")
    return (request,)


def _expected(kind: str) -> str:
    known = {
        "unknown-issuer": "15",
        "wrong-check-digit": "14",
        "invalid-amount": "13",
        "unknown-service": "12",
    }
    by_conduct = {f"declined-{conduct}": code for conduct, code in CONDUCT_CODES.items()}
    return (known | by_conduct).get(kind, "00")


def _cancelled_later(play: Play, number: int) -> Play:
    play_id = f"cancelled-{play.merchant.acquirer_id}-{number}"
    step = Step("reversal", original_id=play.play_id)
    return play._replace(play_id=play_id, kind="cancelled-while-away", steps=(step,))


def net_debit_cap(seed: str, transactions: int) -> int:
    """The capped issuer's cap, minor units of CAPPED_CURRENCY: never met before its phase.

    It lies above all that its cards could owe in the day's other phases, whatever the order.
    """
    return _turnover(seed, transactions) * 3 // 2


def _turnover(seed: str, transactions: int) -> int:
    """All that the capped issuer's cards and shops turn over with others, in minor units."""
    total = 0
    for bank in BANKS:
        day = Day(seed, transactions, bank.bank_id)
        for phase in PHASES:
            if phase.name != "cap":
                total += _counted(day.plays(phase.name), bank)
    return total


def _counted(plays: Iterable[Play], acquirer: Bank) -> int:
    total = 0
    for play in plays:
        capped = CAPPED_ISSUER in (play.card.issuer_id, acquirer.bank_id)
        if capped and play.card.issuer_id != acquirer.bank_id:
            # A completion may take the place of what was held: both are counted, to be safe.
            total += sum(_dollars(step.amount, play.merchant.currency) for step in play.steps)
    return total


def _dollars(amount: int, currency: str) -> int:
    if currency == CAPPED_CURRENCY:
        return amount
    for row in MARKET_RATES:
        if {row.base, row.quote} == {currency, CAPPED_CURRENCY}:
            rate = Rate(row.rate_id, row.base, row.quote, *parse_rate_value(row.value), 0)
            return conversion(rate, currency, CAPPED_CURRENCY, Rounding.HALF_UP).convert(amount)
    raise LookupError("the demonstration has no rate for this currency")
