"""Percentiles by nearest rank, against the definition."""

import math
from array import array
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.runtime.percentiles import percentiles

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(st.lists(FINITE, min_size=1, max_size=3000))
def test_points_are_those_of_the_sorted_values(values: list[float]) -> None:
    """Each point is the value at rank ceil(p * n), found here with exact fractions."""
    ordered = sorted(values)

    def at(point: Fraction) -> float:
        return ordered[math.ceil(point * len(ordered)) - 1]

    found = percentiles(values)
    assert found.count == len(values)
    assert found.p50 == at(Fraction(1, 2))
    assert found.p90 == at(Fraction(9, 10))
    assert found.p99 == at(Fraction(99, 100))
    assert found.p99_9 == at(Fraction(999, 1000))
    assert found.maximum == ordered[-1]
    assert found.mean == pytest.approx(math.fsum(values) / len(values), rel=1e-6, abs=1e-3)


@given(st.permutations(range(1, 1001)))
def test_known_answers_whatever_the_order(values: list[int]) -> None:
    """Of 1 to 1000 the points are 500, 900, 990 and 999."""
    found = percentiles(values)
    assert (found.p50, found.p90, found.p99, found.p99_9) == (500, 900, 990, 999)


def test_one_value_is_every_point() -> None:
    """A single value stands at every rank."""
    found = percentiles(array("d", [0.25]))
    assert {found.mean, found.p50, found.p90, found.p99, found.p99_9, found.maximum} == {0.25}


def test_nothing_measured_gives_zeros() -> None:
    """Without a value there is a count of zero, and no error in the middle of a report."""
    found = percentiles(array("d"))
    assert (found.count, found.p50, found.maximum) == (0, 0.0, 0.0)


def test_what_is_not_a_number_is_refused() -> None:
    """A value without a rank would make every point above it a lie."""
    with pytest.raises(ValueError, match="not a number"):
        percentiles([1.0, math.nan, 2.0])


def test_values_are_left_as_they_were() -> None:
    """The caller's array keeps its order: it may still be written to."""
    values = array("d", [3.0, 1.0, 2.0])
    percentiles(values)
    assert values == array("d", [3.0, 1.0, 2.0])
