"""What an acquirer is to play: a play is one cardholder's business, step by step.

A step begins when the answer to the step before it has come, so what a play does to the books
does not depend on timing. Plays run side by side.
"""

from typing import Final, Literal, NamedTuple

from altyn.simulators.cards import SimulatedCard
from altyn.simulators.merchants import Merchant

__all__ = ["CODE_WORDS", "Action", "Play", "Step"]

Action = Literal["request", "repeat", "reversal", "completion"]

CODE_WORDS: Final[dict[str, str]] = {
    "00": "approved",
    "05": "do not honour",
    "12": "invalid transaction",
    "13": "invalid amount",
    "14": "invalid card number",
    "15": "no such issuer",
    "21": "reversed before",
    "25": "original not found",
    "30": "format error",
    "41": "lost card",
    "43": "stolen card",
    "51": "insufficient funds",
    "54": "expired card",
    "55": "wrong PIN",
    "57": "not permitted to the card",
    "58": "not permitted to the terminal",
    "61": "over the cap",
    "62": "restricted card",
    "65": "over the count limit",
    "68": "answer came too late",
    "91": "issuer not reachable",
    "92": "no route",
    "94": "duplicate",
    "96": "system malfunction",
}
"""Response codes (DE39) in words, ISO 8583:1987 annex A."""


class Step(NamedTuple):
    """One message and the answer it waits for.

    `request`: message type `mti` over `amount`. `repeat`: the message of the step before, marked
    as a repeat. `reversal`: takes back the first request, but for `amount`, which stands (0: all
    is taken back). `completion`: a 0220 over the final `amount`. `original_id` names another play
    whose first request is meant. `answer_lost`: the answer is dropped as a broken line would do.
    Amounts are minor units of the merchant's currency.
    """

    action: Action
    mti: str = ""
    amount: int = 0
    expected: tuple[str, ...] = ("00",)
    answer_lost: bool = False
    original_id: str = ""


class Play(NamedTuple):
    """One cardholder's business at one merchant; `processing_code` is DE3, `entry_mode` DE22."""

    play_id: str
    kind: str
    card: SimulatedCard
    merchant: Merchant
    processing_code: str
    entry_mode: str
    steps: tuple[Step, ...]
