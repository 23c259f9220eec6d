"""The decks of the simulated issuers: numbers nobody issues, one card for every decline."""

from datetime import UTC, datetime

import pytest

from altyn.card import luhn_valid
from altyn.simulators import BANKS, CONDUCT_CODES, bank_of, deck, range_of

ISSUERS = [bank for bank in BANKS if bank.issues]


def test_every_card_has_a_right_check_digit_and_its_own_number() -> None:
    """Numbers pass the Luhn check, begin with 9900 and are all different."""
    numbers = [card.pan[:] for bank in ISSUERS for card in deck("7", bank)]
    assert len(numbers) == len(set(numbers)) > 300
    assert all(luhn_valid(number) and number.startswith("9900") for number in numbers)


def test_f36_longest_prefix_decides_whose_card_it_is() -> None:
    """No card of the six-digit range lies in the eight-digit range of another bank inside it."""
    step, pearl = bank_of("STEPKZ"), bank_of("PEARLKW")
    inner = next(entry for entry in pearl.ranges if entry.prefix == "99000177")
    assert inner.prefix.startswith(step.ranges[0].prefix)
    for bank in ISSUERS:
        for card in deck("7", bank):
            assert range_of(card.pan[:]) in bank.ranges


def test_deck_follows_from_the_seed_alone() -> None:
    """The same seed deals the same cards and another seed deals others."""
    bank = bank_of("VOLGARU")
    assert deck("7", bank) == deck("7", bank)
    assert deck("7", bank) != deck("8", bank)


def test_each_issuer_has_a_card_of_every_conduct() -> None:
    """Whatever decline a script wants, every issuer can give it."""
    for bank in ISSUERS:
        assert {card.conduct for card in deck("7", bank)} >= {*CONDUCT_CODES, "ordinary", "deep"}


@pytest.mark.parametrize(("conduct", "year"), [("expired", "25"), ("ordinary", None)])
def test_expiry_moves_with_the_calendar(conduct: str, year: str | None) -> None:
    """An expired card expired last year, an ordinary one is good for one to four years."""
    now = datetime(2026, 11, 23, tzinfo=UTC)
    cards = [card for card in deck("7", bank_of("STEPKZ")) if card.conduct == conduct]
    years = {card.expiry(now)[:2] for card in cards}
    assert years <= ({year} if year else {"27", "28", "29", "30"})


def test_card_prints_masked() -> None:
    """The number of a card that ends up in a log or a traceback shows ten digits at most."""
    card = deck("7", bank_of("STEPKZ"))[0]
    assert card.pan[:] not in repr(card)
    assert card.pan[:] not in f"{card.pan}"


def test_there_are_a_dozen_ranges_of_six_and_eight_digits_in_five_currencies() -> None:
    """The scheme of the demonstration has what the guide says of it."""
    ranges = [entry for bank in BANKS for entry in bank.ranges]
    assert len(ranges) >= 12
    assert {len(entry.prefix) for entry in ranges} == {6, 8}
    assert {entry.currency for entry in ranges} == {"KZT", "RUB", "TRY", "USD", "KWD"}
    assert len({bank.country for bank in BANKS}) == 4
