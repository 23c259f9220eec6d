"""Observations changed on purpose: one thing is made wrong, the rest stays as it was."""

import struct
from collections.abc import Callable
from typing import Any

from altyn.journal import Batch, BatchBuilder, batch_hash
from altyn.message import Message
from altyn.testing import Durable, Observation, SwitchRead, SwitchSent
from altyn.transaction import TRANSACTION_ENTRY, entries
from tests.switch.bench import CODEC

Seen = list[Observation]
_COLUMNS = {column.name: column for column in entries.COLUMNS}


def with_record(seen: Seen, which: Callable[[bytes], bool], **values: int | str) -> Seen:
    """Every record that `which` picks says other values; the chain of hashes holds anew."""
    changed: Seen = []
    before: bytes | None = None
    for each in seen:
        if not isinstance(each, Durable):
            changed.append(each)
            continue
        batch = _rewritten(each.batch, which, values)
        if before is not None:
            batch = batch._replace(hash=batch_hash(before, batch))
        before = batch.hash
        changed.append(Durable(each.at, batch))
    return changed


def _rewritten(batch: Batch, which: Callable[[bytes], bool], values: dict[str, Any]) -> Batch:
    builder = BatchBuilder(batch.first_sequence)
    for entry in batch.entries(entries.RECORD_BYTES):
        body = bytearray(entry.body)
        if entry.kind == TRANSACTION_ENTRY and which(entry.body):
            for name, value in values.items():
                column = _COLUMNS[name]
                if isinstance(value, str):
                    text = value.ljust(column.width).encode("ascii")
                    struct.pack_into(f"{column.width}s", body, column.offset, text)
                else:
                    struct.pack_into("<" + column.code, body, column.offset, value)
        builder.append(entry.kind, bytes(body))
    return builder.seal(batch.hash, batch.written_us)


def without_last_record(seen: Seen, which: Callable[[bytes], bool]) -> Seen:
    """The last batch that was written ends before its first record that `which` picks."""
    place = max(n for n, each in enumerate(seen) if isinstance(each, Durable))
    told = seen[place]
    assert isinstance(told, Durable)
    shorter = BatchBuilder(told.batch.first_sequence)
    for entry in told.batch.entries(entries.RECORD_BYTES):
        if entry.kind == TRANSACTION_ENTRY and which(entry.body):
            break
        shorter.append(entry.kind, entry.body)
    before = [each.batch.hash for each in seen[:place] if isinstance(each, Durable)][-1]
    batch = shorter.seal(before, told.batch.written_us)
    return [*seen[:place], Durable(told.at, batch), *seen[place + 1 :]]


def of_outcome(outcome: int, kind: int = 0) -> Callable[[bytes], bool]:
    """Picks records of an outcome, and of a kind where one is named."""

    def picks(record: bytes) -> bool:
        right_kind = kind in (0, entries.read_number(record, "kind"))
        return right_kind and entries.read_number(record, "outcome") == outcome

    return picks


def with_sent(seen: Seen, mti: str, **fields: str) -> Seen:
    """The last message of a type that left says other things: f39="05"."""
    place = max(n for n, each in enumerate(seen) if is_sent(each, mti))
    told = seen[place]
    assert isinstance(told, SwitchSent)
    values = {int(name[1:]): value for name, value in fields.items()}
    message = Message(told.message.mti, {**told.message.fields, **values})
    other = told._replace(frame=CODEC.encode(message), message=message)
    return [*seen[:place], other, *seen[place + 1 :]]


def is_sent(seen: Observation, mti: str) -> bool:
    """Whether a message of a type left the switch."""
    return isinstance(seen, SwitchSent) and seen.message.mti == mti


def is_read(seen: Observation, mti: str) -> bool:
    """Whether the switch read a message of a type."""
    return isinstance(seen, SwitchRead) and CODEC.decode(seen.frame).mti == mti


def without(seen: Seen, which: Callable[[Observation], bool]) -> Seen:
    """Nothing that `which` picks was seen."""
    return [each for each in seen if not which(each)]


def swapped(seen: Seen, which: Callable[[Observation], bool]) -> Seen:
    """The first that `which` picks is seen before what came just before it."""
    place = next(n for n, each in enumerate(seen) if which(each))
    return [*seen[: place - 1], seen[place], seen[place - 1], *seen[place + 1 :]]
