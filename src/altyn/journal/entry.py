"""Entries and group commits: how the journal's bytes are arranged and chained.

A group commit (batch) keeps its entries in three runs:

    kinds     one byte an entry, in order: 1 = fixed-layout record, else variable
    fixed     the bodies of kind 1 in order, each of the journal's record size
    variable  the other bodies in order, each behind its length (4 bytes, little-endian)

The fixed run is an array as it stands, which is what lets a day leave the journal as
columns. Each batch carries the SHA-256 of the one before it and of its own bytes, so no
entry can be changed, dropped or moved without every later hash failing.
"""

import struct
from collections.abc import Iterator
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

FIXED_KIND: Final = 1
NO_SPAN: Final = -1

_HEADER = struct.Struct("<QIQqqII")
_LENGTH = struct.Struct("<I")


class Entry(NamedTuple):
    """One fact that can no longer be changed."""

    sequence: int
    kind: int
    body: bytes


class Batch(NamedTuple):
    """One group commit.

    span_low and span_high bound a search value of its entries (for transactions: the moment
    of transmission in seconds), NO_SPAN when none has one; references pairs
    (sequence referred to, sequence that refers).
    """

    first_sequence: int
    written_us: int
    span_low: int
    span_high: int
    kinds: bytes
    fixed: bytes
    variable: bytes
    references: tuple[tuple[int, int], ...]
    hash: bytes

    @property
    def last_sequence(self) -> int:
        """The sequence number of the batch's last entry."""
        return self.first_sequence + len(self.kinds) - 1

    def entries(self, record_bytes: int) -> Iterator[Entry]:
        """The entries in order; raises JournalDamagedError when the runs do not agree."""
        fixed_at = variable_at = 0
        for place, kind in enumerate(self.kinds):
            if kind == FIXED_KIND:
                body = self.fixed[fixed_at : fixed_at + record_bytes]
                fixed_at += record_bytes
                complete = len(body) == record_bytes
            else:
                length = _read_length(self.variable, variable_at)
                body = self.variable[variable_at + 4 : variable_at + 4 + length]
                variable_at += 4 + length
                complete = len(body) == length
            if not complete:
                raise JournalDamagedError("an entry ends early", self)
            yield Entry(self.first_sequence + place, kind, body)
        if fixed_at != len(self.fixed) or variable_at != len(self.variable):
            raise JournalDamagedError("bytes are left over behind the last entry", self)


class Place(Protocol):
    """A run of entries, by its first and last sequence number: a Batch is one."""

    @property
    def first_sequence(self) -> int:
        """The first entry of the run."""

    @property
    def last_sequence(self) -> int:
        """The last entry of the run."""


class Damage(NamedTuple):
    """A run of entries that are not what was written, and why."""

    first_sequence: int
    last_sequence: int
    reason: str


class JournalDamagedError(Exception):
    """The journal is not what was written; says which entries are affected."""

    def __init__(self, reason: str, place: Place) -> None:
        """Name the first and last sequence number of the entries concerned."""
        self.damage = Damage(place.first_sequence, place.last_sequence, reason)
        super().__init__(f"entries {place.first_sequence} to {place.last_sequence}: {reason}")


def _read_length(data: bytes, offset: int) -> int:
    if offset + 4 > len(data):
        return 0xFFFFFFFF
    length: int = _LENGTH.unpack_from(data, offset)[0]
    return length


def genesis_hash(scheme_id: str, record_bytes: int) -> bytes:
    """The hash that stands before the first batch: it binds a journal to its scheme."""
    return sha256(f"altyn journal, format 1, {scheme_id}, {record_bytes}".encode()).digest()


def batch_hash(previous: bytes, batch: Batch) -> bytes:
    """SHA-256 over the previous hash and everything in a batch but its own hash."""
    first, written_us, low, high, kinds, fixed, variable, _, _ = batch
    return _hash(previous, first, written_us, low, high, kinds, fixed, variable)


def _hash(
    previous: bytes,
    first: int,
    written_us: int,
    low: int,
    high: int,
    kinds: bytes,
    fixed: bytes,
    variable: bytes,
) -> bytes:
    sizes = len(fixed), len(variable)
    digest = sha256(previous)
    digest.update(_HEADER.pack(first, len(kinds), written_us, low, high, *sizes))
    digest.update(kinds)
    digest.update(fixed)
    digest.update(variable)
    return digest.digest()


class BatchBuilder:
    """Collects entries for the next group commit."""

    __slots__ = ("_fixed", "_high", "_kinds", "_low", "_references", "_variable", "first_sequence")

    def __init__(self, first_sequence: int) -> None:
        """Begin a batch whose first entry has the given sequence number."""
        self.first_sequence = first_sequence
        self._kinds = bytearray()
        self._fixed: list[bytes] = []
        self._variable: list[bytes] = []
        self._references: list[tuple[int, int]] = []
        self._low = NO_SPAN
        self._high = NO_SPAN

    def append(self, kind: int, body: bytes, span: int = NO_SPAN, refers_to: int = 0) -> int:
        """Add one entry and give its sequence number."""
        sequence = self.first_sequence + len(self._kinds)
        self._kinds.append(kind)
        if kind == FIXED_KIND:
            self._fixed.append(body)
        else:
            self._variable.append(_LENGTH.pack(len(body)))
            self._variable.append(body)
        if span > self._high:
            self._high = span
        if span != NO_SPAN and (self._low == NO_SPAN or span < self._low):
            self._low = span
        if refers_to:
            self._references.append((refers_to, sequence))
        return sequence

    def __len__(self) -> int:
        """How many entries were added."""
        return len(self._kinds)

    def seal(self, previous_hash: bytes, written_us: int) -> Batch:
        """The finished batch, chained to the one before."""
        first, low, high = self.first_sequence, self._low, self._high
        kinds, references = bytes(self._kinds), tuple(self._references)
        fixed, variable = b"".join(self._fixed), b"".join(self._variable)
        chained = _hash(previous_hash, first, written_us, low, high, kinds, fixed, variable)
        return Batch(first, written_us, low, high, kinds, fixed, variable, references, chained)
