"""A field set names the fields that go along."""

import pytest

from altyn.message import FieldSet


def test_a_set_is_what_it_names_or_all_else() -> None:
    """Both ways of naming make the same kind of set; 65 is a bitmap's bit and never among them."""
    assert FieldSet.only(2, 4) == frozenset((2, 4))
    assert FieldSet.only() == frozenset()
    assert FieldSet.all_but(64, 128) | {64, 128} == frozenset(range(2, 129)) - {65}


@pytest.mark.parametrize("number", [-1, 0, 1, 65, 129])
def test_numbers_that_no_field_has_are_refused(number: int) -> None:
    """A slip is found when the set is made, not when a message lacks a field."""
    with pytest.raises(ValueError, match="field numbers are 2 to 128, without 65"):
        FieldSet.only(2, number)
    with pytest.raises(ValueError, match="field numbers are 2 to 128, without 65"):
        FieldSet.all_but(number)


def test_sets_made_alike_find_the_same_plan() -> None:
    """Equal sets are one key."""
    assert {FieldSet.only(3, 2): 1}[FieldSet.only(2, 3)] == 1
