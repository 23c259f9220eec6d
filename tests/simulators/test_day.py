"""The scripted day: the same from the same seed, and free of what timing could change."""

from collections import Counter

import pytest

from altyn.card import luhn_valid
from altyn.simulators import (
    AWAY_ISSUER,
    BANKS,
    CAPPED_ISSUER,
    PHASES,
    TRANSACTIONS_MIN,
    Day,
    Play,
    net_debit_cap,
    phase_shares,
)


def whole_day(seed: str, transactions: int) -> list[Play]:
    """The plays of all acquirers in all phases."""
    days = [Day(seed, transactions, bank.bank_id) for bank in BANKS]
    return [play for day in days for phase in PHASES for play in day.plays(phase.name)]


@pytest.mark.parametrize("transactions", [100, 137, 1000])
def test_day_has_as_many_plays_as_were_asked_for(transactions: int) -> None:
    """No play is lost to rounding, and no two have the same name."""
    plays = whole_day("7", transactions)
    assert len(plays) == transactions == len({play.play_id for play in plays})
    shares = phase_shares(transactions)
    assert sum(sum(share.values()) for share in shares.values()) == transactions


def test_day_follows_from_the_seed_alone() -> None:
    """The same seed writes the same day and another seed writes another."""
    assert whole_day("7", 200) == whole_day("7", 200)
    assert whole_day("7", 200) != whole_day("8", 200)


def test_smallest_day_has_every_kind_of_play() -> None:
    """Everything the guide promises happens even in the smallest day."""
    smallest = Counter(play.kind for play in whole_day("7", TRANSACTIONS_MIN))
    assert set(smallest) == {play.kind for play in whole_day("7", 2000)}


def test_too_small_a_day_is_refused() -> None:
    """Below the least size a day cannot hold everything, and says so."""
    with pytest.raises(ValueError, match="at least 100"):
        phase_shares(TRANSACTIONS_MIN - 1)


def test_absent_bank_does_not_acquire() -> None:
    """A bank that is away has no plays in that phase, and the others have them all."""
    shares = phase_shares(1000)["away"]
    assert (shares[AWAY_ISSUER], sum(shares.values())) == (0, 120)
    assert Day("7", 1000, AWAY_ISSUER).plays("away") == []


def test_absent_issuer_gets_no_traffic_but_what_is_decided_for_it() -> None:
    """While the issuer is away its cards are used only where stand-in's word is known."""
    for bank in BANKS:
        for play in Day("7", 1000, bank.bank_id).plays("away"):
            if play.card.issuer_id == AWAY_ISSUER and play.kind != "cancelled-while-away":
                expected = {"issuer-away": "91", "stood-in": "00", "stood-in-regretted": "00"}
                assert play.steps[0].expected == (expected[play.kind],)
                is_ordinary = play.card.conduct == "ordinary"
                assert is_ordinary == (play.kind != "stood-in-regretted")


def test_reversal_while_away_names_a_purchase_of_the_morning() -> None:
    """The original of a late reversal is an approved purchase of the same acquirer and card."""
    for bank in BANKS:
        day = Day("7", 1000, bank.bank_id)
        morning = {play.play_id: play for play in day.plays("morning")}
        late = [play for play in day.plays("away") if play.kind == "cancelled-while-away"]
        assert bool(late) == (bank.bank_id != AWAY_ISSUER)
        for play in late:
            original = morning[play.steps[0].original_id]
            assert (original.card, original.merchant) == (play.card, play.merchant)
            assert len(original.steps) == 1


def test_cap_lies_above_the_day_and_below_its_last_phase() -> None:
    """The plays of the cap phase cannot all fit under the cap, and one always does."""
    cap = net_debit_cap("7", 300)
    plays = Day("7", 300, "ALATAUKZ").plays("cap")
    amounts = [play.steps[0].amount for play in plays]
    assert {play.card.issuer_id for play in plays} == {CAPPED_ISSUER}
    turnover = cap * 2 // 3
    assert sum(amounts) > cap + turnover
    assert amounts[0] <= cap - turnover


def test_mistyped_numbers_fail_the_check_and_unknown_ones_pass_it() -> None:
    """A wrong check digit and an unknown issuer are two different refusals."""
    for play in whole_day("7", 500):
        assert luhn_valid(play.card.pan[:]) == (play.kind != "wrong-check-digit")


def test_amounts_suit_the_message_and_partial_ones_their_original() -> None:
    """Amounts fit twelve digits; what stands or is completed is never above the request."""
    for play in whole_day("7", 500):
        first, *rest = play.steps
        assert 0 <= first.amount < 10**12
        assert all(step.amount <= first.amount for step in rest)
