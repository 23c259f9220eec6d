"""The book: balances are sums, closed cycles stay closed."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altyn.identifiers import ParticipantId
from altyn.ledger import Account, AccountKind, Book, Leg, Posting, PostingError

CYCLE = "2026-11-23/1"
DAY = 20261123


def _obligation(holder: str, currency: str = "KZT") -> Account:
    return Account(AccountKind.OBLIGATION, ParticipantId(holder), currency)


def _moved(key: str, minor_units: int, cycle: str = CYCLE, day: int = DAY) -> Posting:
    legs = (Leg(_obligation("BANKA"), -minor_units), Leg(_obligation("BANKB"), minor_units))
    return Posting(key, cycle, day, "purchases", legs)


@st.composite
def _postings(draw: st.DrawFn) -> list[Posting]:
    found = []
    for number in range(draw(st.integers(0, 8))):
        legs = []
        for currency in draw(st.sets(st.sampled_from(("KZT", "JPY", "KWD")), min_size=1)):
            amounts = draw(st.lists(st.integers(-(2**70), 2**70), min_size=1, max_size=4))
            holders = draw(st.permutations("ABCDE"))
            pairs = zip(holders, [*amounts, -sum(amounts)], strict=False)
            legs += [Leg(_obligation(holder, currency), amount) for holder, amount in pairs]
        day = draw(st.sampled_from((20261122, 20261123, 20261124)))
        found.append(Posting(f"key {number}", CYCLE, day, "drawn", tuple(legs)))
    return found


@given(_postings())
def test_trial_balance_sums_to_zero_in_every_currency(drawn: list[Posting]) -> None:
    """Whatever was booked, a day opens, turns over and closes at nothing over all accounts (I1)."""
    for line_of in ("opening", "closing"):
        sums: Counter[str] = Counter()
        for line in Book(drawn).trial_balance(DAY):
            sums[line.account.currency] += getattr(line, line_of)
        assert not any(sums.values())


@given(_postings(), st.randoms(use_true_random=False))
def test_balances_do_not_depend_on_order(drawn: list[Posting], chance: Random) -> None:
    """A balance is a sum, and a sum has no order."""
    mixed = list(drawn)
    chance.shuffle(mixed)
    assert Book(mixed).balances() == Book(drawn).balances()


@given(_postings())
def test_a_day_closes_where_the_next_one_opens(drawn: list[Posting]) -> None:
    """Nothing is lost between two business days."""
    book = Book(drawn)
    closing = {line.account: line.closing for line in book.trial_balance(20261122)}
    opening = {line.account: line.opening for line in book.trial_balance(DAY)}
    assert {account: units for account, units in opening.items() if account in closing} == closing
    assert closing == book.balances(through=20261122)


def test_a_posting_is_booked_once() -> None:
    """The same posting again has no effect, however often it comes."""
    book = Book()
    assert book.post(_moved("a", 700))
    assert not book.post(_moved("a", 700))
    assert book.balance(_obligation("BANKB")) == 700
    assert len(book) == 1


def test_a_key_with_other_content_is_refused() -> None:
    """Two different postings never share a key."""
    book = Book([_moved("a", 700)])
    with pytest.raises(PostingError, match="another posting"):
        book.post(_moved("a", 701))


def test_m16_a_closed_cycle_takes_nothing_but_is_corrected_in_an_open_one() -> None:
    """What is closed stays as it is; two persons adjust it by a new posting with a reason."""
    book = Book([_moved("a", 700)])
    before = list(book)
    book.close(CYCLE)
    book.close(CYCLE)
    with pytest.raises(PostingError, match="closed"):
        book.post(_moved("b", 1))
    later = _moved("b", -200, "2026-11-24/1", 20261124)
    with pytest.raises(PostingError, match="two different persons"):
        book.post(later._replace(corrects="a"))
    with pytest.raises(PostingError, match="not in the book"):
        book.post(later._replace(corrects="z", approved_by=("ann", "ben")))
    correction = later._replace(corrects="a", approved_by=("ann", "ben"), reason="wrong fee")
    assert book.post(correction)
    assert list(book) == [*before, correction]
    assert book.is_closed(CYCLE)
    assert book.balance(_obligation("BANKB"), through=DAY) == 700
    assert book.balance(_obligation("BANKB")) == 500


def test_m16_what_is_open_is_not_adjusted() -> None:
    """A correction in an open cycle would hide that the cycle could still be put right."""
    adjustment = _moved("b", 1)._replace(corrects="a", approved_by=("ann", "ben"))
    with pytest.raises(PostingError, match="open cycle"):
        Book([_moved("a", 700), adjustment])


def test_history_of_an_account_is_every_posting_that_touched_it() -> None:
    """Each balance can be explained by the postings behind it."""
    other = Posting("c", CYCLE, DAY, "x", (Leg(_obligation("C"), 1), Leg(_obligation("D"), -1)))
    book = Book([_moved("a", 1), other, _moved("b", 2)])
    assert [each.key for each in book.history(_obligation("BANKA"))] == ["a", "b"]
