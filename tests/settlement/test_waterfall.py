"""Who bears a shortfall: exact shares, a stated order, and what if the largest fail."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from altyn.identifiers import ParticipantId
from altyn.ledger import AccountKind, Book, Leg, Posting
from altyn.settlement import CoverShare, Resources, allocate, resources_in, stress, waterfall
from tests.settlement.scheme import BANKS, account

A, B, C, D = BANKS
AMOUNTS = st.dictionaries(st.sampled_from(BANKS), st.integers(0, 10**30), max_size=4)
SMALL = st.dictionaries(st.sampled_from(BANKS), st.integers(0, 50), max_size=4)


@given(st.integers(0, 10**30), AMOUNTS)
def test_shares_sum_to_the_amount_and_follow_the_weights(
    amount: int, weights: dict[ParticipantId, int]
) -> None:
    """Nothing is lost to rounding, and nobody's share is off by a whole minor unit."""
    shares = allocate(amount, weights)
    total = sum(weights.values())
    assert sum(shares.values()) == (amount if total else 0)
    for name, units in shares.items():
        assert abs(units * total - amount * weights[name]) < total


def test_units_left_over_go_to_the_largest_fractions_then_by_name() -> None:
    """100 in three equal shares is 34, 33, 33: the first by name has the odd one."""
    assert allocate(100, {C: 1, B: 1, A: 1}) == {A: 34, B: 33, C: 33}
    assert allocate(10, {A: 1, B: 2, C: 2}) == {A: 2, B: 4, C: 4}
    assert allocate(11, {A: 1, B: 2, C: 2}) == {A: 2, B: 5, C: 4}


def test_the_order_of_resources_is_as_stated() -> None:
    """Own collateral, own share of the fund, the others' shares, then the survivors."""
    resources = Resources(
        collateral={A: 100, B: 900},
        fund={A: 50, B: 60, C: 30},
        weights={B: 2, C: 1, D: 1},
        limits={B: 1000, C: 1000, D: 10},
    )
    cover = waterfall({A: 300}, resources)
    assert cover.uncovered == 0
    assert cover.shares == (
        CoverShare("collateral", A, A, 100),
        CoverShare("guarantee-fund", A, A, 50),
        CoverShare("guarantee-fund", B, A, 60),
        CoverShare("guarantee-fund", C, A, 30),
        CoverShare("loss", B, A, 33),
        CoverShare("loss", C, A, 17),
        CoverShare("loss", D, A, 10),
    )


def test_fund_that_is_enough_is_used_by_shares() -> None:
    """Each contributor bears its proportion, and no survivor is asked."""
    resources = Resources({}, {B: 60, C: 30}, {D: 1}, {D: 1000})
    assert waterfall({A: 45}, resources).shares == (
        CoverShare("guarantee-fund", B, A, 30),
        CoverShare("guarantee-fund", C, A, 15),
    )


@given(SMALL, SMALL, SMALL, SMALL, SMALL)
def test_no_resource_is_used_beyond_what_it_is(
    owed: dict[ParticipantId, int],
    collateral: dict[ParticipantId, int],
    fund: dict[ParticipantId, int],
    weights: dict[ParticipantId, int],
    limits: dict[ParticipantId, int],
) -> None:
    """What is borne and what is not make up what was owed; who fails shares no other's loss."""
    cover = waterfall(owed, Resources(collateral, fund, weights, limits))
    used: Counter[tuple[str, ParticipantId]] = Counter()
    borne: Counter[ParticipantId] = Counter()
    for layer, bearer, failing, units in cover.shares:
        assert units > 0
        assert layer != "collateral" or bearer == failing
        assert layer != "loss" or bearer not in owed
        used[layer, bearer] += units
        borne[failing] += units
    for layer, there in (("collateral", collateral), ("guarantee-fund", fund), ("loss", limits)):
        assert all(units <= there.get(b, 0) for (kind, b), units in used.items() if kind == layer)
    assert sum(borne.values()) + cover.uncovered == sum(owed.values())
    if cover.uncovered and any(owed.values()):
        assert all(used["guarantee-fund", name] == units for name, units in fund.items())


def test_m14_what_if_the_largest_and_the_two_largest_net_debtors_fail() -> None:
    """The figures of cover 1 and cover 2 are computed without touching anything."""
    nets = {A: -500, B: 900, C: -300, D: -100}
    resources = Resources({A: 200, C: 100}, {A: 100, B: 150, C: 50}, {}, {})
    one, two = stress(nets, resources, 1), stress(nets, resources, 2)
    assert (one.failing, one.exposure, one.cover.uncovered) == ((A,), 500, 0)
    assert (two.failing, two.exposure, two.cover.uncovered) == ((A, C), 800, 200)
    assert stress(nets, resources, 9).failing == (A, C, D)
    assert stress({}, resources, 1).exposure == 0


def test_resources_are_what_the_book_says() -> None:
    """Collateral and fund are balances of the ledger, not a list beside it."""
    legs = (
        Leg(account(AccountKind.COLLATERAL, A), 700),
        Leg(account(AccountKind.SETTLEMENT, A), -700),
        Leg(account(AccountKind.GUARANTEE_FUND, B), 50),
        Leg(account(AccountKind.SETTLEMENT, B), -50),
        Leg(account(AccountKind.COLLATERAL, A, "USD"), 9),
        Leg(account(AccountKind.SETTLEMENT, A, "USD"), -9),
    )
    book = Book([Posting("deposit", "2026-11-23/1", 20261123, "placed", legs)])
    found = resources_in(book, "KZT", {C: 1}, {C: 5})
    assert found == Resources({A: 700}, {B: 50}, {C: 1}, {C: 5})
