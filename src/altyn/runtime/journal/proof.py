"""Positions computed three ways from one journal; they must not differ.

    replay      every entry from the first on, through the switch's own changes
    columns     sums of two columns by debtor, creditor and currency: no code of the switch
    snapshots   what the switch wrote down on the way, held against the columns at that place,
                and the newest one carried to the end as at a start of the switch

The second way knows of a record only who owes whom (`flags`: credit) and what changed.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from altyn.journal import Batch, Position, Snapshot, Storage, checked_batches
from altyn.runtime.journal.arrays import fixed_size
from altyn.runtime.journal.selection import Records, records_of
from altyn.switch import Positions, SwitchState, recover, replay
from altyn.transaction import Flag

__all__ = ["ColumnPositions", "Proof", "Totals", "prove", "totals_of"]

ROWS_AT_ONCE: Final = 1 << 16
SUM_MAX: Final = 1 << 62

_KEY: Final = np.dtype(
    [
        ("acquirer_participant", "S8"),
        ("issuer_participant", "S8"),
        ("settlement_currency", "S3"),
        ("business_day", "<u4"),
        ("flags", "u1"),
    ]
)

Totals = dict[tuple[str, str], tuple[int, int, dict[int, int]]]
"""By participant and currency: net, held, and net by business day; nothing that is zero."""


class ColumnPositions:
    """Adds up what entries changed, column by column."""

    def __init__(self) -> None:
        """Nothing added yet."""
        self._pieces: list[Records] = []
        self._rows = 0
        self._held: dict[tuple[str, str], int] = {}
        self._net: dict[tuple[str, str, int], int] = {}

    def add(self, records: Records) -> None:
        """Take the records of a batch."""
        changed = (records["held_change"] != 0) | (records["posted_change"] != 0)
        self._pieces.append(records[changed])
        self._rows += int(np.count_nonzero(changed))
        if self._rows >= ROWS_AT_ONCE:
            self._add_up()

    def _add_up(self) -> None:
        if not self._rows:
            return
        records = np.concatenate(self._pieces)
        self._pieces.clear()
        self._rows = 0
        keys = np.empty(len(records), _KEY)
        for name in _KEY.names or ():
            keys[name] = records[name]
        keys["flags"] &= Flag.CREDIT
        encoded = fixed_size(keys.view(np.uint8).reshape(len(keys), -1)).dictionary_encode()
        places = encoded.indices.to_numpy()
        groups = np.frombuffer(b"".join(encoded.dictionary.to_pylist()), _KEY)
        held = _sums(records["held_change"], places, len(groups))
        posted = _sums(records["posted_change"], places, len(groups))
        for group, held_sum, posted_sum in zip(groups, held, posted, strict=True):
            self._take(group, held_sum, posted_sum)

    def _take(self, group: Any, held: int, posted: int) -> None:
        acquirer, issuer, currency = (
            group[name].decode("ascii").rstrip(" ")
            for name in ("acquirer_participant", "issuer_participant", "settlement_currency")
        )
        debtor, creditor = (acquirer, issuer) if group["flags"] else (issuer, acquirer)
        day = int(group["business_day"])
        self._held[debtor, currency] = self._held.get((debtor, currency), 0) + held
        for participant, change in ((debtor, -posted), (creditor, posted)):
            key = (participant, currency, day)
            self._net[key] = self._net.get(key, 0) + change

    def totals(self) -> Totals:
        """What has been added up so far."""
        self._add_up()
        accounts: dict[tuple[str, str], tuple[int, dict[int, int]]] = {
            account: (held, {}) for account, held in self._held.items()
        }
        for (participant, currency, day), net in self._net.items():
            accounts.setdefault((participant, currency), (0, {}))[1][day] = net
        return _without_zeros(
            {key: (sum(days.values()), held, days) for key, (held, days) in accounts.items()}
        )


def _sums(values: Any, places: Any, groups: int) -> list[int]:
    """Sums by group, exact: where 64 bits might not do, with Python's integers."""
    largest = max(abs(int(values.max())), abs(int(values.min())))
    kind = np.int64 if largest * len(values) < SUM_MAX else object
    sums = np.zeros(groups, kind)
    np.add.at(sums, places, values.astype(kind))
    return [int(each) for each in sums]


def totals_of(positions: Positions) -> Totals:
    """The positions of a state in the same form."""
    totals: Totals = {}
    for participant, currency, net, held, by_day in positions.dump():
        assert isinstance(net, int) and isinstance(held, int) and isinstance(by_day, list)
        totals[str(participant), str(currency)] = (net, held, dict(by_day))
    return _without_zeros(totals)


def _without_zeros(totals: Totals) -> Totals:
    lean = {
        key: (net, held, {day: amount for day, amount in sorted(days.items()) if amount})
        for key, (net, held, days) in totals.items()
    }
    return {key: account for key, account in sorted(lean.items()) if any(account)}


class Proof(NamedTuple):
    """What the ways gave. `differences` are sentences, none when all agree; sums: net of all
    participants by currency, always zero; snapshots: how many were compared."""

    entries: int
    business_day: int
    totals: Totals
    sums: dict[str, int]
    snapshots: int
    in_flight: int
    advices_owed: int
    differences: list[str]


def prove(storage: Storage, progress: Callable[[int], None] | None = None) -> Proof | None:
    """Compute the positions at the journal's end in every way; None for an empty journal.

    Raises JournalDamagedError when the chain does not hold or a snapshot is not of it, and
    ValueError when a snapshot's checksum does not fit.
    """
    snapshots = {snapshot.sequence: snapshot for snapshot in storage.snapshots()}
    end = storage.end()
    columns = ColumnPositions()
    at_snapshot: dict[int, tuple[Position, Totals]] = {}

    def watched() -> Iterator[Batch]:
        for batch in checked_batches(storage):
            if batch.first_sequence > end.sequence:
                return
            yield batch
            columns.add(records_of(batch))
            last = batch.last_sequence
            if last in snapshots:
                at_snapshot[last] = (Position(last, batch.hash), columns.totals())
            if progress is not None:
                progress(last)

    state = replay(storage, watched())
    if state is None:
        return None
    totals = totals_of(state.positions)
    differences = _differences("replay", totals, "columns", columns.totals())
    for sequence, snapshot in snapshots.items():
        place, expected = at_snapshot.get(sequence, (end, {}))
        found = _recovered(storage, snapshot, place)
        where = f"the snapshot at entry {sequence}"
        differences += _differences(where, totals_of(found.positions), "columns there", expected)
    if snapshots:
        newest = snapshots[max(snapshots)]
        carried = _recovered(storage, newest, end)
        differences += _differences("recovery", totals_of(carried.positions), "replay", totals)
        differences += _other_differences(carried, state)
    sums = {
        currency: sum(net for (_, each), (net, _, _) in totals.items() if each == currency)
        for currency in sorted({currency for _, currency in totals})
    }
    differences += [
        f"currency {each}: positions sum to {sums[each]}" for each in sums if sums[each]
    ]
    return Proof(
        end.sequence,
        state.business_day,
        totals,
        sums,
        len(snapshots),
        sum(len(side.pending) for side in state.issuers.values()),
        sum(len(side.advices) for side in state.issuers.values()),
        differences,
    )


def _differences(one: str, totals: Totals, other: str, others: Totals) -> list[str]:
    differences = []
    for key in sorted(totals.keys() | others.keys()):
        mine, theirs = totals.get(key, (0, 0, {})), others.get(key, (0, 0, {}))
        for place, name in enumerate(("net", "held", "net by business day")):
            if mine[place] != theirs[place]:
                differences.append(
                    f"{key[0]} in currency {key[1]}, {name}: "
                    f"{one} {mine[place]}, {other} {theirs[place]}"
                )
    return differences


def _other_differences(recovered: SwitchState, replayed: SwitchState) -> list[str]:
    """What else a start would get wrong: the day, what is in flight, what issuers are owed."""
    differences = []
    for name, one, other in (
        ("business day", recovered.business_day, replayed.business_day),
        ("registry version", recovered.registry.version, replayed.registry.version),
        ("requests in flight", _pending(recovered), _pending(replayed)),
        ("advices owed", _owed(recovered), _owed(replayed)),
    ):
        if one != other:
            differences.append(f"{name}: recovery and replay differ")
    return differences


def _pending(state: SwitchState) -> list[tuple[str, str]]:
    return sorted((party, stan) for party, side in state.issuers.items() for stan in side.pending)


def _owed(state: SwitchState) -> list[tuple[int, str, int, bool]]:
    return sorted(each for side in state.issuers.values() for each in side.advices.standing())


def _recovered(storage: Storage, snapshot: Snapshot, end: Position) -> SwitchState:
    if not snapshot.intact:
        raise ValueError(f"the snapshot at entry {snapshot.sequence} is damaged")
    state = recover(_JournalUntil(storage, snapshot, end))
    assert state is not None, "a journal with a snapshot is not empty"
    return state


class _JournalUntil:
    """A journal as it stood at an entry, with one snapshot; for reading only."""

    def __init__(self, storage: Storage, snapshot: Snapshot, end: Position) -> None:
        self._storage = storage
        self._snapshot = snapshot
        self._end = end
        self.record_bytes = storage.record_bytes
        self.genesis = storage.genesis

    def end(self) -> Position:
        return self._end

    def batches(self, from_sequence: int = 1) -> Iterator[Batch]:
        for batch in self._storage.batches(from_sequence):
            if batch.first_sequence > self._end.sequence:
                return
            yield batch

    def latest_snapshot(self) -> Snapshot | None:
        return self._snapshot

    def snapshots(self) -> list[Snapshot]:
        return [self._snapshot]

    def batches_spanning(self, value: int) -> Iterator[Batch]:
        return self._storage.batches_spanning(value)

    def references_to(self, sequence: int) -> list[int]:
        return self._storage.references_to(sequence)

    def append(self, batch: Batch) -> None:
        raise AssertionError("a journal as it stood takes nothing more")

    def save_snapshot(self, snapshot: Snapshot) -> None:
        raise AssertionError("a journal as it stood takes nothing more")

    def close(self) -> None:
        """The journal itself stays open."""
