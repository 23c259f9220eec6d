"""Days of random traffic through the real switch into a real store, for tests of the journal.

Three banks in two countries; purchases, refunds, inquiries, reversals in full and in part,
completions, repeats, answers that are late, wrong or missing, lines that break, cut-overs.
The same seed gives the same journal.
"""

from collections.abc import Iterable
from random import Random
from typing import Final

from altyn.card import Pan, check_digit
from altyn.clock import Instant, TransmissionClock
from altyn.identifiers import LinkId, ParticipantId
from altyn.journal import BatchBuilder, Storage
from altyn.money import Rate, Rounding
from altyn.registry import BinRange, Participant, Registry, Scheme, fact_of
from altyn.switch import (
    Advise,
    CutOverOrdered,
    Forward,
    LinkDown,
    LinkTerms,
    LinkUp,
    Record,
    Switch,
    SwitchState,
    TimeDue,
    save_snapshot,
)
from altyn.transaction import Kind, Original, Request, Response, State, Transaction, entries

SCHEME_ID: Final = "TRAFFIC"
FIRST_DAY: Final = 20260228
START_US: Final = 1_772_300_000_000_000
BANKS: Final = (
    ("ALPHA", "KZ", "KZT", "398"),
    ("BETA", "KZ", "KZT", "398"),
    ("GAMMA", "KG", "KGS", "417"),
)
PURCHASE, CASH, REFUND, INQUIRY = "000000", "010000", "200000", "310000"
_BLANK: Final = " "


def registry() -> Registry:
    """The scheme, three banks that issue and acquire, a BIN each, and the rates they need."""
    values: list[Scheme | Participant | BinRange | Rate] = [
        Scheme(SCHEME_ID, "Traffic", "900001", "UTC", "", "USD", "25", Rounding.HALF_UP),
        Rate("R-KZT", "USD", "KZT", 51234, 2, 0),
        Rate("R-KGS", "USD", "KGS", 8745, 2, 0),
    ]
    for number, (name, country, currency, _) in enumerate(BANKS, start=1):
        roles, institution = frozenset({"issuer", "acquirer"}), (f"40000{number}",)
        bank = ParticipantId(name)
        values.append(Participant(bank, name.title(), country, currency, roles, institution))
        values.append(BinRange(f"99900{number}", bank, "CLASSIC", currency, frozenset({16, 19})))
    return Registry([fact_of(value) for value in values])


def card_number(bank: int, serial: int, digits: int = 16) -> str:
    """A card of the bank with a number (1 to 3): `digits` long with a good check digit."""
    body = f"99900{bank}{serial:0{digits - 7}d}"
    return body + check_digit(body)


class Traffic:
    """The switch, who talks to it, and the journal it writes."""

    def __init__(self, storage: Storage, seed: int) -> None:
        """Open the scheme; nothing has been paid yet."""
        self._storage = storage
        self._random = Random(seed)
        self._clock = TransmissionClock()
        self._now = Instant(START_US, 0)
        self._stan = 0
        self._asked: list[Transaction] = []
        self._owed: dict[int, Advise] = {}
        self._requests: list[Request] = []
        self._builder = BatchBuilder(1)
        terms = tuple(
            LinkTerms(LinkId(name), ParticipantId(name), "none", 8_000_000, 20_000_000, 0, 500)
            for name, *_ in BANKS
        )
        self.switch = Switch(SwitchState(registry(), FIRST_DAY), terms)
        self._take(self.switch.open(self._now))
        for name, *_ in BANKS:
            self._step(LinkUp(LinkId(name)))

    @property
    def state(self) -> SwitchState:
        """The live state of the switch."""
        return self.switch.state

    def run(self, steps: int, snapshot_share: float = 0.02) -> None:
        """So many events, in batches of many sizes, with a snapshot now and then; ends with
        everything committed, and perhaps requests in flight."""
        doings = (
            (self._buy, 0.50),
            (self._answer, 0.55),
            (self._reverse, 0.15),
            (self._complete, 0.07),
            (self._repeat, 0.05),
            (self._acknowledge, 0.25),
            (self._let_time_pass, 0.04),
            (self._break_line, 0.005),
            (self._cut_over, 0.004),
        )
        acts, weights = [act for act, _ in doings], [weight for _, weight in doings]
        for _ in range(steps):
            self._now = Instant(
                self._now.utc_us + self._random.randint(1, 400_000),
                self._now.monotonic_us + self._random.randint(1, 400_000),
            )
            self._random.choices(acts, weights)[0]()
            if self._random.random() < 0.3:
                self.commit(snapshot=self._random.random() < snapshot_share)
        self.commit(snapshot=False)

    def commit(self, *, snapshot: bool) -> None:
        """Write what has been recorded as one batch, and perhaps a snapshot behind it."""
        if not len(self._builder):
            return
        seal = save_snapshot(self.state) if snapshot else None
        batch = self._builder.seal(self._storage.end().hash, self._now.utc_us)
        self._storage.append(batch)
        self._builder = BatchBuilder(batch.last_sequence + 1)
        if seal is not None:
            self._storage.save_snapshot(seal(batch.hash))

    def _step(self, event: object) -> None:
        self._take(self.switch.step(event, self._now))

    def _take(self, effects: Iterable[object]) -> None:
        for effect in effects:
            if isinstance(effect, Record):
                self._builder.append(*effect)
            elif isinstance(effect, Forward):
                self._asked.append(effect.transaction)
            elif isinstance(effect, Advise):
                self._owed[entries.read_number(effect.record, "issuer_stan")] = effect

    def _buy(self) -> None:
        random = self._random
        bank = random.randrange(3)
        issuer, kind = random.randint(1, 3), random.choice((Kind.AUTHORIZATION, Kind.FINANCIAL))
        pan = card_number(issuer, random.randrange(50), random.choice((16, 16, 16, 19)))
        if random.random() < 0.05:
            pan = random.choice(("", "9990011", "8" + pan[1:], pan[:-1] + str(9 - int(pan[-1]))))
        processing = random.choices((PURCHASE, CASH, REFUND, INQUIRY), (8, 2, 2, 1))[0]
        amount = 0 if random.random() < 0.03 else random.choice((1, 999, random.randint(1, 10**9)))
        self._send(bank, kind, pan, processing, amount, BANKS[bank][3])

    def _send(
        self,
        bank: int,
        kind: Kind,
        pan: str,
        processing: str,
        amount: int,
        currency: str,
        original: Original | None = None,
        replacement: int | None = None,
        terminal: str = "TERM0001",
    ) -> None:
        self._stan = self._stan % 999_999 + 1
        names = ("Shop", "=SUM(A1)", "+7 800", "@home", "-", 'Caf "x", y')
        values = {
            "processing_code": processing,
            "stan": f"{self._stan:06d}",
            "transmission": self._clock.write(self._now.utc_us),
            "rrn": f"{self._stan:012d}",
            "terminal": terminal,
            "merchant": "M0001",
            "merchant_name": self._random.choice(names),
            "category": "5411",
            "expiry": "3012",
            "currency": currency,
            "acquirer": f"40000{bank + 1}",
        }
        texts = "".join(
            values.get(text.name, "").ljust(text.width) for text in entries.REQUEST_TEXTS
        )
        request = Request(
            kind=kind,
            repeat=False,
            pan=Pan(pan),
            processing_code=processing,
            amount=amount,
            currency=currency,
            stan=values["stan"],
            transmission=values["transmission"],
            acquirer=values["acquirer"],
            rrn=values["rrn"],
            terminal=terminal,
            category=values["category"],
            expiry=values["expiry"],
            texts=texts,
            original=original,
            replacement_amount=replacement,
            defect=None,
            payload=None,
            link_id=BANKS[bank][0],
            origin=object(),
        )
        self._requests.append(request)
        self._step(request)

    def _answer(self) -> None:
        if not self._asked:
            return
        asked = self._asked.pop(self._random.randrange(len(self._asked)))
        luck = self._random.random()
        if luck < 0.1:
            return  # the issuer says nothing
        amount = asked.amount + (1 if luck < 0.13 else 0)
        code = "00" if luck < 0.85 else self._random.choice(("05", "51", "14"))
        additional = b"chip data" * self._random.randrange(3)
        authorization = f"{self._random.randrange(10**6):06d}" if code == "00" else _BLANK * 6
        self._step(
            Response(
                asked.kind, asked.issuer_stan, asked.issuer_transmission, code, authorization,
                amount, None, additional, asked.issuer,
            )
        )  # fmt: skip

    def _earlier(self, *kinds: Kind) -> tuple[Request, Transaction] | None:
        """A request of these kinds and what the switch knows of it."""
        for request in self._random.sample(self._requests, min(20, len(self._requests))):
            if request.kind in kinds:
                known = self.state.find(request.key, request.terminal)
                if known is not None and known.state is not State.MARKER:
                    return request, known
        return None

    def _about(self, earlier: Request, kind: Kind, amount: int, replacement: int | None) -> None:
        original = Original(earlier.kind, earlier.stan, earlier.transmission, earlier.acquirer)
        pan = "".join(earlier.pan)
        bank = int(earlier.acquirer[-1]) - 1
        self._send(
            bank, kind, pan, earlier.processing_code, amount, earlier.currency,
            original, replacement, earlier.terminal,
        )  # fmt: skip

    def _reverse(self) -> None:
        random = self._random
        found = self._earlier(Kind.AUTHORIZATION, Kind.FINANCIAL)
        if found is None:
            return
        request, known = found
        part = random.randrange(1, known.remaining) if known.remaining > 1 else None
        replacement = part if random.random() < 0.4 else None
        kind = random.choice((Kind.REVERSAL, Kind.REVERSAL_ADVICE))
        wrong = random.random() < 0.05
        self._about(request, kind, request.amount + (1 if wrong else 0), replacement)

    def _complete(self) -> None:
        found = self._earlier(Kind.AUTHORIZATION)
        if found is not None and found[1].remaining:
            amount = self._random.randint(1, found[1].remaining)
            self._about(found[0], Kind.FINANCIAL_ADVICE, amount, None)

    def _repeat(self) -> None:
        if self._requests:
            self._step(self._random.choice(self._requests))

    def _acknowledge(self) -> None:
        if self._owed:
            advice = self._owed.pop(self._random.choice(list(self._owed)))
            issuer = entries.read_text(advice.record, "issuer_participant").rstrip()
            stan = f"{entries.read_number(advice.record, 'issuer_stan'):06d}"
            response = Response(
                Kind.REVERSAL_ADVICE, stan, "", "00", _BLANK * 6, None, None, b"", issuer
            )
            self._step(response)

    def _let_time_pass(self) -> None:
        wait_us = self._random.choice((1, 9, 70)) * 1_000_000
        self._now = Instant(self._now.utc_us + wait_us, self._now.monotonic_us + wait_us)
        self._step(TimeDue())

    def _break_line(self) -> None:
        link = LinkId(self._random.choice(BANKS)[0])
        self._step(LinkDown(link))
        self._step(LinkUp(link))

    def _cut_over(self) -> None:
        self._step(CutOverOrdered())
