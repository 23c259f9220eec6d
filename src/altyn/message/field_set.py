"""FieldSet: which fields of a message go along into the next one."""

from collections.abc import Iterable
from typing import Final

_FIRST: Final = 2
_LAST: Final = 128
_THIRD_BITMAP: Final = 65


class FieldSet(frozenset[int]):
    """Field numbers, 2 to 128 without 65, which is a bitmap's bit and no field.

    Made once and used for every message: a set remembers its own hash, and compiled plans are
    found by it.

    >>> sorted(FieldSet.only(2, 3, 4))
    [2, 3, 4]
    >>> 35 in FieldSet.all_but(35, 52)
    False
    """

    __slots__ = ()

    @classmethod
    def only(cls, *numbers: int) -> "FieldSet":
        """These fields. Raises ``ValueError`` for a number that no field has."""
        return cls(_checked(numbers))

    @classmethod
    def all_but(cls, *numbers: int) -> "FieldSet":
        """Every field but these. Raises ``ValueError`` for a number that no field has."""
        return cls(_ALL.difference(_checked(numbers)))


_ALL: Final = frozenset(range(_FIRST, _LAST + 1)) - {_THIRD_BITMAP}


def _checked(numbers: Iterable[int]) -> frozenset[int]:
    found = frozenset(numbers)
    if not found <= _ALL:
        raise ValueError(f"field numbers are {_FIRST} to {_LAST}, without {_THIRD_BITMAP}")
    return found
