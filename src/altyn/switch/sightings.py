"""Keys of transactions that have left memory: "certainly not seen" without asking the disk.

A Bloom filter in two generations. A request whose transmission time lies before memory's
reach, from a peer whose clock is slow, say, would need a look into the journal each; the
filter answers for nearly all of them that no earlier message had their key. What it holds
possible is looked up, so a false alarm costs time and never a wrong answer.

A generation takes 4 million keys in 16 MiB; with two of them at most full, one look-up in
a hundred and forty is needless.
"""

from typing import Final
from zlib import crc32

# Not Final: a compiled module has its constants written in, and tests lower this one.
KEYS_OF_A_GENERATION_MAX = 1 << 22
_BITS: Final = 1 << 27
_MASK: Final = _BITS - 1
_SPREAD: Final = 0x9E37_79B1


class _Generation:
    __slots__ = ("bits", "horizons", "keys")

    def __init__(self) -> None:
        self.bits = bytearray()  # 16 MiB from the first key on
        self.keys = 0
        self.horizons: dict[str, int] = {}

    def holds(self, first: int, second: int) -> bool:
        bits = self.bits
        if not bits:
            return False
        return bool(bits[first >> 3] & 1 << (first & 7) and bits[second >> 3] & 1 << (second & 7))


class Sightings:
    """The keys that were seen, as far back as two generations reach.

    horizons: per acquirer, up to which transmission time nothing is known any more.
    """

    __slots__ = ("_newer", "_older", "horizons")

    def __init__(self) -> None:
        """Nothing seen, nothing forgotten."""
        self._newer = _Generation()
        self._older = _Generation()
        self.horizons: dict[str, int] = {}

    def add(self, key: str, acquirer: str, transmitted_s: int) -> None:
        """A transaction leaves memory."""
        newer = self._newer
        if newer.keys >= KEYS_OF_A_GENERATION_MAX:
            for name, moment in self._older.horizons.items():
                self.horizons[name] = max(moment, self.horizons.get(name, -1))
            self._older = newer
            newer = self._newer = _Generation()
        if not newer.bits:
            newer.bits = bytearray(_BITS >> 3)
        newer.keys += 1
        if transmitted_s > newer.horizons.get(acquirer, -1):
            newer.horizons[acquirer] = transmitted_s
        code = crc32(key.encode("ascii", "replace"))
        first, second = code & _MASK, code * _SPREAD >> 4 & _MASK
        newer.bits[first >> 3] |= 1 << (first & 7)
        newer.bits[second >> 3] |= 1 << (second & 7)

    def excludes(self, key: str, acquirer: str, transmitted_s: int) -> bool:
        """Whether no transaction that left memory can have had a key."""
        if transmitted_s <= self.horizons.get(acquirer, -1):
            return False
        code = crc32(key.encode("ascii", "replace"))
        first, second = code & _MASK, code * _SPREAD >> 4 & _MASK
        return not (self._newer.holds(first, second) or self._older.holds(first, second))
