"""What a simulated settlement bank does with its next orders, as words on the command line."""

import re
from typing import Final, NamedTuple

from altyn.simulators import Mood

__all__ = ["ACCEPT", "Conduct", "parse_conduct"]

_DELAY: Final = re.compile(r"delay:([0-9]{1,5})(ms|s|m)\Z")
_REJECT: Final = re.compile(r"reject:([A-Z0-9]{4})\Z")
_UNITS_US: Final = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000}


class Conduct(NamedTuple):
    """One order's fate. refusal: an ISO 20022 code, empty to let the accounts decide; delay_us:
    how long its booking is put off."""

    mood: Mood = Mood.PROMPT
    refusal: str = ""
    delay_us: int = 0

    @property
    def dies(self) -> bool:
        """Whether the process ends over this order."""
        return self.mood in (Mood.DEAD_BEFORE, Mood.DEAD_AFTER)


ACCEPT: Final = Conduct()
_WORDS: Final = {
    "accept": ACCEPT,
    "repeat": Conduct(Mood.TWICE),
    "die-before-answer": Conduct(Mood.DEAD_BEFORE),
    "die-after-booking": Conduct(Mood.DEAD_AFTER),
}


def parse_conduct(text: str) -> tuple[Conduct, ...]:
    """The conducts of words with commas between them, one for each new order in turn; the last one
    stays. Raises ValueError for another word."""
    return tuple(_conduct(word.strip()) for word in text.split(","))


def _conduct(word: str) -> Conduct:
    if word in _WORDS:
        return _WORDS[word]
    delayed, rejected = _DELAY.match(word), _REJECT.match(word)
    if delayed is not None:
        return Conduct(Mood.SLOW, delay_us=int(delayed[1]) * _UNITS_US[delayed[2]])
    if rejected is not None:
        return Conduct(refusal=rejected[1])
    raise ValueError(f"write {', '.join(_WORDS)}, reject:AM04 or delay:5s")
