"""The few things that engines of SQL say differently, and the macros that stand for them.

In the SQL a macro is `@name(arguments)`. `divide` and `millionths` are the only ways in which an
amount is divided: integers alone, exact, with a named rounding (`altyn.money.divide`). Both take
rows of any sign; what they are divided by is above zero.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from altyn.transaction import AGREED, Outcome

MILLION: Final = "1000000"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one engine says it.

    wide: its type of integers of 38 digits; quotient: the quotient of two integers that are not
    below zero, cut off, exact to the last digit; plus_days: a day so many days later;
    days_between: days from the first to the second.
    """

    name: str
    wide: str
    quotient: Callable[[str, str], str]
    plus_days: Callable[[str, str], str]
    days_between: Callable[[str, str], str]


DUCKDB: Final = Dialect(
    name="duckdb",
    # Not DECIMAL(38,0): `//` of two decimals is a DOUBLE there.
    wide="HUGEINT",
    quotient=lambda number, divisor: f"({number} // {divisor})",
    plus_days=lambda day, days: f"({day} + {days})",
    days_between=lambda first, second: f"({second} - {first})",
)


def _whole_quotient(number: str, divisor: str) -> str:
    """The quotient of Spark's `div`, which is 64 bits wide and wraps in silence beyond them.

    Where it wrapped, more than the divisor is left over: that is refused instead.
    """
    found = f"({number} div {divisor})"
    left = f"{number} - {divisor} * CAST({found} AS DECIMAL(38,0))"
    return f"(CASE WHEN {left} >= {divisor} THEN raise_error('beyond 64 bits') ELSE {found} END)"


SPARK: Final = Dialect(
    name="spark",
    wide="DECIMAL(38,0)",
    quotient=_whole_quotient,
    plus_days=lambda day, days: f"date_add({day}, CAST({days} AS INT))",
    days_between=lambda first, second: f"CAST(datediff({second}, {first}) AS BIGINT)",
)


def macros(dialect: Dialect) -> Mapping[str, Callable[..., str]]:
    """The macros of the SQL by name; each takes the texts of its arguments."""
    quotient = dialect.quotient

    def wide(number: str) -> str:
        return f"CAST({number} AS {dialect.wide})"

    def divide(number: str, divisor: str, rounding: str) -> str:
        # Half up is the quotient of twice the number plus the divisor by twice the divisor. Where
        # that division leaves nothing it was a tie: half even then takes the one back if odd.
        doubled = f"(2 * abs({number}) + {divisor})"
        found = quotient(doubled, f"(2 * {divisor})")
        tie = f"{doubled} = 2 * {divisor} * {found}"
        return _signed(number, found, tie, rounding)

    def millionths(number: str, parts: str, rounding: str) -> str:
        # Million by million, so that 64 bits hold every step of it.
        whole, doubled, found = _by_millions(quotient, number, parts)
        tie = f"{doubled} = 2 * {MILLION} * {found}"
        return _signed(number, f"({whole} + {found})", tie, rounding)

    def floor_millionths(number: str, parts: str) -> str:
        millions = quotient(number, MILLION)
        rest = f"({number} - {MILLION} * {millions})"
        return f"({millions} * {parts} + {quotient(f'({rest} * {parts})', MILLION)})"

    return {
        "wide": wide,
        "divide": divide,
        "millionths": millionths,
        "floor_millionths": floor_millionths,
        "plus_days": dialect.plus_days,
        "days_between": dialect.days_between,
        "agreed": _agreed,
    }


def _by_millions(
    quotient: Callable[[str, str], str], number: str, parts: str
) -> tuple[str, str, str]:
    millions = quotient(f"abs({number})", MILLION)
    rest = f"(abs({number}) - {MILLION} * {millions})"
    doubled = f"(2 * {rest} * {parts} + {MILLION})"
    return f"{millions} * {parts}", doubled, quotient(doubled, f"(2 * {MILLION})")


def _signed(number: str, found: str, tie: str, rounding: str) -> str:
    """The quotient with the sign of the number, and with its tie broken as the rounding says."""
    even = f"CASE WHEN {rounding} = 'half-even' AND {found} % 2 = 1 AND {tie} THEN 1 ELSE 0 END"
    return f"((CASE WHEN {number} < 0 THEN -1 ELSE 1 END) * ({found} - {even}))"


def _agreed(*_: str) -> str:
    """The outcomes that let a transaction stand, as the journal's export writes them."""
    return ", ".join(sorted(f"'{Outcome(outcome).name.lower()}'" for outcome in AGREED))


def expand(text: str, known: Mapping[str, Callable[..., str]]) -> str:
    """The text with every macro replaced; a name that is not known is a bug of ours."""
    pieces: list[str] = []
    while True:
        before, mark, after = text.partition("@")
        pieces.append(before)
        if not mark:
            return "".join(pieces)
        name, _, rest = after.partition("(")
        assert name in known, f"no macro called {name}"
        arguments, text = _arguments(rest)
        pieces.append(known[name](*(expand(each, known) for each in arguments)))


def _arguments(text: str) -> tuple[list[str], str]:
    """The arguments up to the parenthesis that closes, and what follows it."""
    arguments, start, depth = [], 0, 0
    for place, letter in enumerate(text):
        if letter == "(":
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
        elif not depth and letter in ",)":
            arguments.append(text[start:place].strip())
            start = place + 1
            if letter == ")":
                return arguments, text[start:]
    raise AssertionError("a macro does not close")
