"""Routes are kept while their rates are in force, and not a moment outside."""

from altyn.money import Rate
from altyn.switch.routing import Router
from tests.switch.bench import SEA, bank, bin_range, registry_of


def test_t01_a_clock_that_steps_back_gets_the_rate_of_its_instant() -> None:
    """A route made after a new rate took force does not serve an instant before it."""
    away = bank("AWAY", "400103", country="KZ", currency="KZT")
    rates = [Rate(f"R-{at}", "USD", "TRY", 40 + at, 0, at) for at in (0, 100)]
    billing = Rate("R-K", "USD", "KZT", 500, 0, 0)
    card_range = bin_range("990003", "AWAY", "KZT")
    router = Router(registry_of(SEA, away, card_range, *rates, billing))

    def rate_at(now_us: int) -> str:
        route = router.route(card_range, SEA, "949", now_us)
        assert route is not None
        assert route.settlement is not None
        return route.settlement.rate_id

    assert [rate_at(now_us) for now_us in (99, 100, 99, 150, 40)] == [
        "R-0", "R-100", "R-0", "R-100", "R-0",
    ]  # fmt: skip
