"""What an acquirer claims for its authorizations: rows of a presentment file, and its mistakes.

An authorization (0100) that stands is claimed once, by the columns that the scheme publishes for
presentments; what was financial at once (0200) or completed (0220) is not. Some rows are wrong on
purpose, each in one way, so that a clearing has something to find. The acquirer knows which.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, NamedTuple

from altyn.message import Message
from altyn.money import currency_of
from altyn.simulators.acquirer import Exchange, SimulatedAcquirer
from altyn.simulators.network import field_text
from altyn.simulators.requests import PREAUTHORIZED_REQUEST

__all__ = ["Claim", "ClaimBook", "Mistake"]

Value = str | int | None
Mistake = Literal["", "too-much", "twice", "never-authorized", "check-digit", "tip", "parts"]
"""What is odd about a claim: `tip` and `parts` are in order, the others are not."""

COUNTRIES: Final = {"KZ": "398", "RU": "643", "TR": "792", "KW": "414"}
"""ISO 3166, numeric."""
MISTAKE_AT: Final[Mapping[int, Mistake]] = {
    5: "tip",
    9: "parts",
    13: "too-much",
    17: "twice",
    21: "never-authorized",
    25: "check-digit",
}
MISTAKE_EVERY: Final = 100
"""Of so many claims in a row each kind of mistake is made once."""
TIP_CATEGORIES: Final = ("5812", "7011")
TIP_PERCENT: Final = 10
PURCHASE: Final = "00"


class Claim(NamedTuple):
    """One row, by the names of the published columns, and what is odd about it."""

    row: dict[str, Value]
    mistake: Mistake


class ClaimBook:
    """What an acquirer has claimed so far; each file claims what was not claimed before."""

    def __init__(self, acquirer: SimulatedAcquirer) -> None:
        """Nothing claimed yet."""
        self._acquirer = acquirer
        self._claimed: set[str] = set()
        self._count = 0
        self._references = 0

    def claim(self, now: datetime) -> list[Claim]:
        """Rows for every authorization that stands and was not claimed, in order of their answers.

        now: the acquirer's local time. To be asked when nothing is under way.
        """
        claims: list[Claim] = []
        for play_id, (exchange, standing) in self._standing().items():
            self._claimed.add(play_id)
            claims += self._rows(exchange, standing, now)
        return claims

    def _standing(self) -> dict[str, tuple[Exchange, int]]:
        """By play: its authorization, and what stands of it in the transaction currency."""
        standing: dict[str, tuple[Exchange, int]] = {}
        for exchange in self._acquirer.exchanges:
            play_id = exchange.step.original_id or exchange.play.play_id
            if play_id in self._claimed or exchange.answer is None:
                continue
            if field_text(exchange.answer, 39) != "00":
                continue
            action = exchange.step.action
            if exchange.takes_back or action == "completion":
                standing.pop(play_id, None)
            elif action == "request" and _is_authorization(exchange.request):
                standing[play_id] = exchange, int(field_text(exchange.request, 4))
            elif action == "reversal" and play_id in standing:
                standing[play_id] = standing[play_id][0], exchange.step.amount
        return {play_id: found for play_id, found in standing.items() if found[1]}

    def _rows(self, exchange: Exchange, standing: int, now: datetime) -> list[Claim]:
        self._count += 1
        mistake = MISTAKE_AT.get(self._count % MISTAKE_EVERY, "")
        if mistake == "tip" and exchange.play.merchant.category not in TIP_CATEGORIES:
            mistake = ""
        row = self._row(exchange, standing, now)
        if mistake == "parts" and standing > 1:
            half = standing // 2
            parts = {"part_number": 1, "part_count": 2, "amount": half}
            last = {"part_number": 2, "part_count": 2, "amount": standing - half}
            other = {**row, "acquirer_reference": self._reference()}
            return [Claim({**row, **parts}, "parts"), Claim({**other, **last}, "parts")]
        if mistake == "twice":
            return [Claim(row, ""), Claim(dict(row), "twice")]
        return [Claim(_spoiled(row, mistake), mistake)]

    def _row(self, exchange: Exchange, standing: int, now: datetime) -> dict[str, Value]:
        request, answer, merchant = exchange.request, exchange.answer, exchange.play.merchant
        assert answer is not None, "what stands was answered"
        return {
            "function": "200",
            "reversal": "N",
            "direction": "D",
            "pan": exchange.play.card.pan[:],
            "processing_code": field_text(request, 3),
            "amount": standing,
            "currency": currency_of(merchant.currency).numeric,
            "local_date": f"{now:%Y}{field_text(request, 13)}",
            "local_time": field_text(request, 12),
            "transmission": field_text(request, 7),
            "stan": field_text(request, 11),
            "rrn": field_text(request, 37),
            "acquirer": self._acquirer.side.institution_id,
            "acquirer_reference": self._reference(),
            "terminal": merchant.terminal_id.rstrip(),
            "merchant": merchant.merchant_id.rstrip(),
            "merchant_name": merchant.name,
            "category": merchant.category,
            "country": COUNTRIES[merchant.country],
            "entry_mode": field_text(request, 22),
            "authorization_code": field_text(answer, 38) or None,
            "part_number": 1,
            "part_count": 1,
            "original_reference": None,
        }

    def _reference(self) -> str:
        """23 digits that this acquirer gives once."""
        self._references += 1
        return f"{int(self._acquirer.side.institution_id):011d}{self._references:012d}"


def _is_authorization(request: Message) -> bool:
    return (
        request.mti == "0100"
        and field_text(request, 3)[:2] == PURCHASE
        and field_text(request, 25) != PREAUTHORIZED_REQUEST
        and int(field_text(request, 4)) > 0
    )


def _spoiled(row: dict[str, Value], mistake: Mistake) -> dict[str, Value]:
    amount = row["amount"]
    assert isinstance(amount, int), "an amount is an integer"
    if mistake == "tip":
        return {**row, "amount": amount + amount * TIP_PERCENT // 100}
    if mistake == "too-much":
        return {**row, "amount": amount * 2 + 1}
    if mistake == "never-authorized":
        gone = {"stan": "999999", "rrn": "999999999999", "authorization_code": None}
        return {**row, **gone}
    if mistake == "check-digit":
        pan = str(row["pan"])
        return {**row, "pan": pan[:-1] + str((int(pan[-1]) + 1) % 10)}
    return row
