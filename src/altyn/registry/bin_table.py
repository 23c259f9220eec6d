"""Which issuer a card number belongs to: the longest prefix wins (scenario F36)."""

from collections.abc import Iterable

from altyn.registry.participant import PREFIX_DIGITS_MAX, PREFIX_DIGITS_MIN, BinRange


class AmbiguousBinTableError(ValueError):
    """Two ranges claim the same prefix; such a table is refused whole."""


class BinTable:
    """BIN ranges by prefix; a look-up costs at most one dictionary probe per prefix length."""

    __slots__ = ("_by_prefix", "_lengths")

    def __init__(self, ranges: Iterable[BinRange]) -> None:
        """Index the ranges.

        Raises AmbiguousBinTableError when a prefix comes twice, ValueError for a prefix that is
        not 6 to 8 ASCII digits: no card number would ever begin with it.
        """
        self._by_prefix: dict[str, BinRange] = {}
        for entry in ranges:
            digits = entry.prefix.isascii() and entry.prefix.isdigit()
            if not (digits and PREFIX_DIGITS_MIN <= len(entry.prefix) <= PREFIX_DIGITS_MAX):
                raise ValueError(f"BIN prefix {entry.prefix} is not 6 to 8 digits")
            if entry.prefix in self._by_prefix:
                raise AmbiguousBinTableError(f"BIN prefix {entry.prefix} is claimed twice")
            self._by_prefix[entry.prefix] = entry
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix}, reverse=True)

    def find(self, pan: str) -> BinRange | None:
        """The range of a card number, or None; there is no default route (F35)."""
        by_prefix = self._by_prefix
        for length in self._lengths:
            found = by_prefix.get(pan[:length])
            if found is not None:
                return found
        return None

    def __len__(self) -> int:
        """How many ranges there are."""
        return len(self._by_prefix)
