"""The book: postings in the order in which they were booked. Everything else is a sum over them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from altyn.clock import BusinessDay
from altyn.ledger.account import Account
from altyn.ledger.posting import Posting, PostingError, check_posting


class TrialLine(NamedTuple):
    """One account on a day: before it, what came and went, and after it, in minor units.

    `debits` is at or below zero, `credits` at or above; closing = opening + debits + credits.
    """

    account: Account
    opening: int
    debits: int
    credits: int
    closing: int


class Book:
    """Postings, each once. No balance is stored: there is none that could disagree (ADR 29)."""

    def __init__(self, postings: Iterable[Posting] = ()) -> None:
        """A book with these postings, as they were booked before."""
        self._postings: dict[str, Posting] = {}
        self._closed: set[str] = set()
        for posting in postings:
            self.post(posting)

    def __iter__(self) -> Iterator[Posting]:
        """The postings, oldest first."""
        return iter(self._postings.values())

    def __len__(self) -> int:
        """How many postings there are."""
        return len(self._postings)

    def post(self, posting: Posting) -> bool:
        """Book a posting; False when it is in the book already.

        Raises PostingError when it is not balanced, when its key is in the book with other
        content, when its cycle is closed, or when it corrects what is not in a closed cycle.
        """
        check_posting(posting)
        known = self._postings.get(posting.key)
        if known is not None:
            if known != posting:
                raise PostingError("another posting has this key; a correction takes a new one")
            return False
        if posting.cycle in self._closed:
            raise PostingError("the cycle is closed; book an adjustment in an open one (M16)")
        if posting.corrects:
            self._check_corrected(posting.corrects)
        self._postings[posting.key] = posting
        return True

    def _check_corrected(self, key: str) -> None:
        corrected = self._postings.get(key)
        if corrected is None:
            raise PostingError("the posting to correct is not in the book; name one that is")
        if corrected.cycle not in self._closed:
            raise PostingError("the posting to correct is of an open cycle; close that one first")

    def close(self, cycle: str) -> None:
        """Let nothing more into a cycle. Closing it again changes nothing."""
        self._closed.add(cycle)

    def is_closed(self, cycle: str) -> bool:
        """Whether the cycle takes postings no more."""
        return cycle in self._closed

    def balances(self, through: BusinessDay | None = None) -> dict[Account, int]:
        """What every account stands at, or stood at when a business day ended; minor units."""
        sums: Counter[Account] = Counter()
        for posting in self:
            if through is None or posting.business_day <= through:
                for account, minor_units in posting.legs:
                    sums[account] += minor_units
        return dict(sums)

    def balance(self, account: Account, through: BusinessDay | None = None) -> int:
        """What one account stands at; 0 for one that was never posted to."""
        return self.balances(through).get(account, 0)

    def history(self, account: Account) -> list[Posting]:
        """The postings that touched an account, oldest first."""
        return [each for each in self if any(leg.account == account for leg in each.legs)]

    def trial_balance(self, day: BusinessDay) -> list[TrialLine]:
        """Every account on a business day, by currency, kind and holder.

        For each currency, opening, turnover and closing sum to zero (I1).
        """
        opening: Counter[Account] = Counter()
        debits: Counter[Account] = Counter()
        credit: Counter[Account] = Counter()
        for posting in self:
            if posting.business_day > day:
                continue
            for account, minor_units in posting.legs:
                if posting.business_day < day:
                    opening[account] += minor_units
                else:
                    (debits if minor_units < 0 else credit)[account] += minor_units
        return [
            TrialLine(
                account,
                opening[account],
                debits[account],
                credit[account],
                opening[account] + debits[account] + credit[account],
            )
            for account in sorted({*opening, *debits, *credit}, key=_place)
        ]


def _place(account: Account) -> tuple[str, str, str]:
    return account.currency, account.kind.value, account.holder
