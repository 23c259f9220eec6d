"""States and the only ways between them, and amounts that are taken apart."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.transaction import Kind, Move, State, Transaction
from altyn.transaction.lifecycle import TRANSITIONS


def transaction(kind: Kind = Kind.FINANCIAL, amount: int = 100, settled: int = 100) -> Transaction:
    """An approved transaction."""
    made = Transaction("2a/b", kind, 0, "400101", "TERM", "RRN", amount, 0, 20260705, b"")
    made.settlement_amount = settled
    made.state = State.APPROVED
    return made


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", Move)
def test_only_the_table_leads_anywhere(state: State, move: Move) -> None:
    """Every pair of state and move goes where the table says, or is a bug of ours."""
    made = transaction()
    made.state = state
    target = TRANSITIONS.get((state, move))
    if target is None:
        with pytest.raises(AssertionError, match=f"no way from {state.name} by {move.name}"):
            made.move(move)
        assert made.state is state
    else:
        made.move(move)
        assert made.state is target


def test_nothing_leaves_an_end() -> None:
    """Declined, reversed, completed, marker: final."""
    ends = {State.DECLINED, State.REVERSED, State.COMPLETED, State.MARKER}
    assert not ends & {state for state, _ in TRANSITIONS}


def test_a_hold_is_released_and_a_posting_taken_back() -> None:
    """An authorization changes holds, a purchase changes what is posted."""
    assert transaction(Kind.AUTHORIZATION).reduce(40) == (-60, 0)
    assert transaction(Kind.FINANCIAL).reduce(40) == (0, -60)


def test_an_amount_that_stands_never_grows() -> None:
    """To ask for it is a bug of ours."""
    made = transaction()
    made.reduce(40)
    with pytest.raises(AssertionError, match="never grows"):
        made.reduce(41)


@given(
    amount=st.integers(1, 10**12),
    settled=st.integers(0, 10**12),
    parts=st.lists(st.integers(0, 10**12), max_size=8),
)
def test_f16_parts_sum_to_the_whole(amount: int, settled: int, parts: list[int]) -> None:
    """However often a part is taken back, all the parts together are exactly the whole."""
    made = transaction(amount=amount, settled=settled)
    steps = sorted({part for part in parts if 0 < part < amount}, reverse=True)
    taken = []
    for remaining in [*steps, 0]:
        _, posted = made.reduce(remaining)
        taken.append(-posted)
    assert sum(taken) == settled
    assert min(taken) >= 0
    assert made.state is State.REVERSED
    assert made.remaining == 0


@given(amount=st.integers(1, 10**12), settled=st.integers(0, 10**12), data=st.data())
def test_more_of_the_amount_never_settles_for_less(
    amount: int, settled: int, data: st.DataObject
) -> None:
    """The settled part grows with the part, from nothing to the whole."""
    made = transaction(amount=amount, settled=settled)
    parts = sorted(data.draw(st.lists(st.integers(0, amount), max_size=6)))
    values = [made.settled(part) for part in [0, *parts, amount]]
    assert (values[0], values[-1]) == (0, settled)
    assert all(less <= more for less, more in pairwise(values))
