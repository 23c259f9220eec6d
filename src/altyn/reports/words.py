"""Words that reports have for codes."""

from collections.abc import Callable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from altyn.card import mask, unseal
from altyn.money import find_currency

KINDS_OF_TRANSACTION: Final = {
    "00": "purchase",
    "01": "cash",
    "09": "purchase with cashback",
    "10": "account funding",
    "20": "refund",
    "26": "original credit",
}
"""First two digits of DE3 (ISO 8583:1987, processing code)."""


def kind_of_transaction(code: str, *, reversal: bool) -> str:
    """A transaction type for people, of the first two digits of DE3."""
    word = KINDS_OF_TRANSACTION.get(code, f"processing code {code}")
    return f"{word}, taken back" if reversal else word


def alpha_of(numeric: str) -> str:
    """The letters of a currency's number; the number itself where ISO 4217 has none."""
    found = find_currency(numeric)
    return found.alpha if found else numeric


def masked(stored: bytes) -> str:
    """A stored card number as it may be shown."""
    return mask(unseal(stored))


def translated(column: pa.Array, word: Callable[[str], str]) -> pa.Array:
    """A column with every value put into words, each different value once; absent stays absent."""
    coded = pc.dictionary_encode(column)
    words = pa.array([word(each) for each in coded.dictionary.to_pylist()], pa.string())
    return words.take(coded.indices)


def masked_column(column: pa.Array) -> pa.Array:
    """Stored card numbers as they may be shown, each different one masked once."""
    coded = pc.dictionary_encode(column)
    words = pa.array([masked(each) for each in coded.dictionary.to_pylist()], pa.string())
    return words.take(coded.indices)
