"""The simulated world: what a seed gives, and that its own parts keep their word."""

import pytest

from altyn.testing import (
    FAULTS,
    AcquirerEntry,
    Crashed,
    Durable,
    Observation,
    Quiescent,
    World,
    WorldPlan,
    fault_names,
)


def books_that_differ(quiescent: Quiescent) -> list[tuple[str, str]]:
    """Transactions of which acquirer and issuer do not hold the same to stand."""
    issuers: dict[tuple[str, str], int] = {}
    for entry in quiescent.issuers:
        name = entry.institution, entry.rrn
        issuers[name] = issuers.get(name, 0) + entry.standing
    acquirers = {(entry.institution, entry.rrn): entry.standing for entry in quiescent.acquirers}
    names = sorted(issuers.keys() | acquirers.keys())
    return [name for name in names if issuers.get(name, 0) != acquirers.get(name, 0)]


def test_a_day_without_faults_ends_with_books_that_agree() -> None:
    """Nothing goes wrong: every message is answered, and both banks hold the same to stand."""
    told: list[Observation] = []
    figures = World(WorldPlan(1, transactions=200, faults=()), told.append).run()
    (quiescent,) = (each for each in told if isinstance(each, Quiescent))
    assert books_that_differ(quiescent) == []
    assert all(entry.answer for entry in quiescent.acquirers)
    assert any(entry.standing for entry in quiescent.acquirers)
    assert (figures.transactions, figures.crashes, figures.days) == (200, 0, 1)


@pytest.mark.parametrize("seed", range(3))
def test_a_seed_gives_the_same_trace_again(seed: int) -> None:
    """The same plan twice: the same observations, to the last byte."""
    plan = WorldPlan(seed, transactions=120)
    assert World(plan).run() == World(plan).run()


def test_another_seed_gives_another_trace() -> None:
    """The digest tells two worlds apart."""
    plan = WorldPlan(1, transactions=50)
    assert World(plan).run().digest != World(plan._replace(seed=2)).run().digest


def test_observations_come_in_order_of_time() -> None:
    """Virtual time never goes back, not over days either."""
    instants: list[int] = []
    World(WorldPlan(3, days=2, transactions=100), lambda each: instants.append(each.at)).run()
    assert instants == sorted(instants)


def test_what_is_durable_is_never_lost() -> None:
    """After every crash the journal ends where the last durable batch ended."""
    durable = crashes = 0

    def watch(observation: Observation) -> None:
        nonlocal durable, crashes
        if isinstance(observation, Durable):
            assert observation.batch.first_sequence == durable + 1
            durable = observation.batch.last_sequence
        elif isinstance(observation, Crashed):
            crashes += 1
            assert observation.durable_sequence == durable

    World(WorldPlan(5, transactions=900, faults=("crashes", "torn", "fsync")), watch).run()
    assert crashes > 2


def test_books_hold_every_message_of_an_acquirer_once() -> None:
    """No entry of a book comes twice under one type, STAN and DE7, but for one that was changed
    on purpose (F07)."""
    told: list[Observation] = []
    World(WorldPlan(6, transactions=200, faults=()), told.append).run()
    (quiescent,) = (each for each in told if isinstance(each, Quiescent))
    seen: dict[tuple[str, ...], AcquirerEntry] = {}
    for entry in quiescent.acquirers:
        name = (entry.institution, entry.message_type, entry.stan, entry.transmission)
        assert name not in seen or entry.answer == "94"
        seen[name] = entry


@pytest.mark.parametrize("text", ["", "drop", "drops,unheard"])
def test_a_fault_that_is_none_is_refused(text: str) -> None:
    """A list with a wrong name is not half taken."""
    with pytest.raises(LookupError, match="there are drops"):
        fault_names(text)


def test_names_of_faults_are_read() -> None:
    """All, none, and a list in any order."""
    assert fault_names("all") == tuple(FAULTS)
    assert fault_names("none") == ()
    assert fault_names("torn, drops") == ("drops", "torn")


def test_figures_that_make_no_world_are_refused() -> None:
    """No bank, no day, too many banks."""
    for plan in (WorldPlan(1, banks=0), WorldPlan(1, days=0), WorldPlan(1, banks=41)):
        with pytest.raises(ValueError, match="a world has"):
            World(plan)
