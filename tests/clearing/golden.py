"""Divisions whose answers plain integers know: what every engine is held to."""

from typing import Final, NamedTuple

from altyn.money import Rounding, divide

DIVISORS: Final = (1, 2, 3, 7, 1_000_000, 10**24)
PARTS: Final = (0, 1, 333_333, 500_000, 1_000_000, 12_345)
MILLION: Final = 1_000_000


class Division(NamedTuple):
    """A number, what divides it (or so many millionths of it), and the answer."""

    number: int
    by: int
    answer: int


def divisions(divisor: int, rounding: Rounding) -> list[Division]:
    """Numbers around every tie, of both signs, and the widest there are."""
    near = [divisor * step // 2 + more for step in range(-5, 6) for more in (-1, 0, 1)]
    far = [sign * (10**36 - step) for sign in (-1, 1) for step in range(3)]
    numbers = near + far
    return [Division(each, divisor, divide(each, divisor, rounding)) for each in numbers]


def millionths(parts: int, rounding: Rounding) -> list[Division]:
    """Amounts of 64 bits."""
    numbers = [
        sign * each for sign in (1, -1) for each in (0, 1, 2, 3, 50, 149, 10**12, 9 * 10**17)
    ]
    numbers += [1_500_001, 2_500_000, 3_000_001]
    return [Division(each, parts, divide(each * parts, MILLION, rounding)) for each in numbers]
