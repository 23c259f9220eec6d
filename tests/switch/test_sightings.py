"""Sightings: what has left memory is never denied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.switch import sightings
from altyn.switch.sightings import Sightings


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126)), max_size=50))
def test_a_key_that_was_added_is_never_excluded(keys: list[str]) -> None:
    """The filter may take a stranger for a friend, but never a friend for a stranger."""
    seen = Sightings()
    for key in keys:
        seen.add(key, "400001", 1_000)
    assert not any(seen.excludes(key, "400001", 1_000) for key in keys)


def test_strangers_are_nearly_always_excluded() -> None:
    """Of twenty thousand keys never added, fewer than one in a hundred needs the journal."""
    seen = Sightings()
    for number in range(20_000):
        seen.add(f"1400001/{number:06d}1123101010", "400001", 1_000)
    strangers = (f"1400001/{number:06d}1123101011" for number in range(20_000))
    taken = sum(not seen.excludes(key, "400001", 1_000) for key in strangers)
    assert taken < 200


def test_what_two_generations_have_forgotten_is_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When the older generation goes, everything up to its latest moment may be in the journal."""
    monkeypatch.setattr(sightings, "KEYS_OF_A_GENERATION_MAX", 2)
    seen = Sightings()
    for number in range(5):
        seen.add(f"key {number}", "400001", 100 + number)
    assert seen.horizons == {"400001": 101}
    assert not seen.excludes("never there", "400001", 101)
    assert seen.excludes("never there", "400001", 102)
    assert not seen.excludes("key 4", "400001", 104)
