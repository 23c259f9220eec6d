"""When the share of refused requests rises, where it ends, and when it falls."""

from hypothesis import given
from hypothesis import strategies as st

from altyn.gateway import Overload
from altyn.gateway.overload import CALM_US, INTERVAL_US, SHED_MAX, TAKEN_MIN, TARGET_US

TICK_US = 20_000


def run(overload: Overload, waits_us: list[int], start_us: int = 0, taken: int = TAKEN_MIN) -> int:
    """Sample a wait at every tick; gives when it ended."""
    now_us = start_us
    for wait_us in waits_us:
        now_us += TICK_US
        overload.sample(now_us, wait_us, taken)
    return now_us


def test_a_wait_that_stands_is_answered_by_refusing() -> None:
    """Above the target for a second: something is refused, and the switch says so."""
    overload = Overload()
    run(overload, [3 * TARGET_US] * 50)
    assert overload.shed > 0
    assert overload.active


def test_a_burst_changes_nothing() -> None:
    """Long waits with a moment of none in every interval are no standing queue."""
    overload = Overload()
    run(overload, [5 * TARGET_US, 5 * TARGET_US, 0] * 100)
    assert (overload.shed, overload.active) == (0, False)


def test_a_loop_that_is_late_with_little_to_do_refuses_nothing() -> None:
    """Another program has the processor: a few requests are served late rather than refused."""
    overload = Overload()
    run(overload, [9 * TARGET_US] * 100, taken=1)
    assert (overload.shed, overload.active) == (0, False)


def test_never_everything_is_refused() -> None:
    """However long it waits, one in five is served."""
    overload = Overload()
    run(overload, [1000 * TARGET_US] * 500)
    assert overload.shed == SHED_MAX


def test_it_recovers_by_itself() -> None:
    """When nothing waits any more the share falls to nothing, and after a calm time it is over."""
    overload = Overload()
    now_us = run(overload, [9 * TARGET_US] * 100)
    now_us = run(overload, [0] * (20 * INTERVAL_US // TICK_US + 20), now_us)
    assert overload.shed == 0
    assert overload.active, "it says so only when it has been calm for a while"
    run(overload, [0] * (CALM_US // TICK_US + 20), now_us)
    assert not overload.active


def test_refusals_are_spread_evenly() -> None:
    """At three in ten, never two of a row of four are missing."""
    overload = Overload()
    overload.shed = 300
    chosen = [overload.choose() for _ in range(1000)]
    assert sum(chosen) == 300
    assert all(sum(chosen[place : place + 4]) <= 2 for place in range(996))


@given(waits_us=st.lists(st.integers(0, 10_000_000), max_size=300))
def test_the_share_keeps_its_bounds(waits_us: list[int]) -> None:
    """Whatever is measured."""
    overload = Overload()
    now_us = 0
    for wait_us in waits_us:
        now_us += TICK_US
        before = (overload.shed, overload.active)
        changed = overload.sample(now_us, wait_us, TAKEN_MIN)
        assert changed == (before != (overload.shed, overload.active))
        assert 0 <= overload.shed <= SHED_MAX
        assert overload.active or not overload.shed
