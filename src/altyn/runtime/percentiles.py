"""Percentiles of what was measured: by nearest rank, over every value, nothing interpolated.

The percentile p of n values is the value at rank ceil(p * n) of the sorted values, counted from 1:
a value that was really seen. Ranks are worked out in integers, since 0.07 * 100 is not 7 in binary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

__all__ = ["Percentiles", "percentiles"]

_PER_THOUSAND: Final = (500, 900, 990, 999)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """The usual points of a distribution, in the unit of the values; zeros when `count` is 0."""

    count: int
    mean: float
    p50: float
    p90: float
    p99: float
    p99_9: float
    maximum: float


def percentiles(values: Sequence[float]) -> Percentiles:
    """The points of `values`, in any order. An array("d") is read where it lies.

    Raises ValueError when a value is not a number: it has no rank.
    """
    count = len(values)
    if not count:
        return Percentiles(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    # A sort puts what is not a number last.
    if np.isnan(ordered[-1]):
        raise ValueError("a value that is not a number has no rank")
    p50, p90, p99, p99_9 = (
        float(ordered[_rank(count, per_thousand) - 1]) for per_thousand in _PER_THOUSAND
    )
    return Percentiles(count, float(ordered.mean()), p50, p90, p99, p99_9, float(ordered[-1]))


def _rank(count: int, per_thousand: int) -> int:
    return -(-count * per_thousand // 1000)
