"""BIN ranges: the longest prefix wins, an ambiguous table is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.card import Pan
from altyn.identifiers import ParticipantId
from altyn.registry import AmbiguousBinTableError, BinRange, BinTable

PREFIXES = st.text("01", min_size=6, max_size=8)


def bin_range(prefix: str, participant: str = "STEPKZ") -> BinRange:
    """A range of cards in tenge with 16 digits."""
    return BinRange(prefix, ParticipantId(participant), "CLASSIC", "KZT", frozenset({16}))


def test_f35_unknown_bin_belongs_to_nobody() -> None:
    """There is no default route: what no prefix covers is not found."""
    table = BinTable([bin_range("990001"), bin_range("99000288")])
    for pan in ("9900020000000000", "4111111111111111", "99000", "", "9900028700000000"):
        assert table.find(pan) is None
    assert BinTable([]).find("9900010000000000") is None


def test_f36_longest_prefix_wins_up_to_eight_digits() -> None:
    """Six, seven and eight digits may lie inside one another; the longest decides."""
    table = BinTable(
        [bin_range("990001"), bin_range("99000188", "EIGHT"), bin_range("9900018", "SEVEN")]
    )
    owners = {
        "9900010000000000": "STEPKZ",
        "9900018000000000": "SEVEN",
        "9900018800000000": "EIGHT",
        "9900018900000000": "SEVEN",
    }
    for pan, owner in owners.items():
        found = table.find(Pan(pan))
        assert found is not None
        assert found.participant_id == owner
    assert len(table) == 3


@given(st.lists(PREFIXES, unique=True, max_size=30), st.text("01", min_size=13, max_size=19))
def test_f36_look_up_agrees_with_a_search_of_the_whole_list(prefixes: list[str], pan: str) -> None:
    """Whatever the table, the longest prefix that the number begins with is found."""
    fitting = [prefix for prefix in prefixes if pan.startswith(prefix)]
    found = BinTable(map(bin_range, prefixes)).find(pan)
    assert (found.prefix if found else "") == max(fitting, key=len, default="")


def test_f36_same_prefix_twice_is_refused() -> None:
    """Even for one issuer: two ranges with one prefix cannot both be meant."""
    for other in ("STEPKZ", "OTHER"):
        with pytest.raises(AmbiguousBinTableError, match="claimed twice"):
            BinTable([bin_range("990001"), bin_range("990001", other)])


@pytest.mark.parametrize("prefix", ["", "99000", "990001234", "99000x", " 99000", "٩٩٠٠٠١"])
def test_prefix_that_is_not_six_to_eight_digits_is_refused(prefix: str) -> None:
    """A prefix that no card number begins with is a mistake in the facts."""
    with pytest.raises(ValueError, match="not 6 to 8 digits"):
        BinTable([bin_range(prefix)])
