"""What the auditor says when something was that must not be."""

from altyn.card import mask

__all__ = ["AuditFailure", "masked"]

KEY_DIGITS_SHOWN = 40


class AuditFailure(Exception):  # noqa: N818 a finding, not an error of the program
    """An invariant does not hold.

    invariant: "I1" to "I13", or "PREDICTION" for an outcome that the request, the registry in
    force and the model's own view do not allow; at: virtual microseconds; key: institution and
    retrieval reference (DE32, DE37) of the transaction, empty when none is concerned. Neither
    holds card data.
    """

    def __init__(self, invariant: str, at: int, key: tuple[str, str], what: str) -> None:
        """Name the invariant, when, whose transaction, and what was seen instead."""
        self.invariant = invariant
        self.at = at
        self.key = key
        self.what = what
        named = f", transaction {key[0]}/{key[1].strip()}" if key != ("", "") else ""
        super().__init__(f"{invariant} at {at / 1_000_000:.6f} s{named}: {what}")

    def __reduce__(self) -> tuple[type["AuditFailure"], tuple[str, int, tuple[str, str], str]]:
        """Swarms hand failures from process to process."""
        return AuditFailure, (self.invariant, self.at, self.key, self.what)


def masked(text: str, cards: set[str]) -> str:
    """A text with every known card number in it masked."""
    for card in cards:
        if card in text:
            text = text.replace(card, mask(card))
    return text
