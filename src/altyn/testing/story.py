"""The story of one transaction: what every side sent and got, in virtual time.

Card numbers are masked, and fields that may hold card data show their length only.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

from altyn.message import Message, masked_value
from altyn.testing.observations import (
    BankReceived,
    BankSent,
    Crashed,
    CutOver,
    DayBegan,
    Durable,
    LinkBroken,
    LinkRaised,
    Observation,
    RegistryChanged,
    Restarted,
    StorageFault,
    SwitchRead,
    SwitchSent,
)
from altyn.transaction import TRANSACTION_ENTRY, entries

__all__ = ["Story"]

TOLD_FIELDS: Final = (2, 3, 4, 5, 6, 7, 11, 38, 39, 49, 70, 90, 95)
LINES_MAX: Final = 400
FRAMES_KEPT: Final = 20_000
_RECORD_BYTES: Final = entries.RECORD_BYTES


class Story:
    """Listens to a world that is run again, and keeps what belongs to one transaction."""

    def __init__(self, key: tuple[str, str]) -> None:
        """`key`: institution and retrieval reference (DE32, DE37); empty for the last of all."""
        self._institution, self._rrn = key
        self._lines: deque[str] = deque(maxlen=LINES_MAX if self._rrn else 60)
        self._frames: dict[bytes, Message] = {}

    def observe(self, seen: Observation) -> None:
        """Take one observation."""
        self._lines.extend(self.told(seen))

    def told(self, seen: Observation) -> Iterator[str]:
        """The lines of one observation: none when it does not belong to the transaction."""
        for line in self._told(seen):
            yield f"{seen.at / 1_000_000:14.6f} s  {line}"

    @property
    def lines(self) -> tuple[str, ...]:
        """The story so far, one line for each thing that happened."""
        return tuple(self._lines)

    def _told(self, seen: Observation) -> Iterator[str]:
        if isinstance(seen, BankSent):
            if seen.message is not None:
                self._frames[seen.frame] = seen.message
                if len(self._frames) > FRAMES_KEPT:
                    self._frames.pop(next(iter(self._frames)))
                fault = f"  ({seen.fault})" if seen.fault else ""
                yield from self._message(f"{seen.bank} sends     ", seen.message, fault)
        elif isinstance(seen, BankReceived):
            yield from self._message(f"{seen.bank} receives  ", seen.message)
        elif isinstance(seen, SwitchRead):
            message = self._frames.get(seen.frame)
            if message is not None:
                yield from self._message("switch reads       ", message)
        elif isinstance(seen, SwitchSent):
            yield from self._message(f"switch sends over {seen.link} ", seen.message)
        elif isinstance(seen, Durable):
            yield from self._records(seen)
        else:
            yield from _event(seen)

    def _message(self, who: str, message: Message, fault: str = "") -> Iterator[str]:
        fields = message.fields
        if self._rrn:
            if fields.get(37) != self._rrn:
                return
            if str(fields.get(32, "")).lstrip("0") != self._institution:
                return
        told = ", ".join(
            f"{number}={masked_value(number, fields[number])}"
            for number in TOLD_FIELDS
            if number in fields
        )
        yield f"{who}{message.mti} {told}{fault}"

    def _records(self, seen: Durable) -> Iterator[str]:
        batch = seen.batch
        for entry in batch.entries(_RECORD_BYTES):
            if entry.kind != TRANSACTION_ENTRY:
                continue
            record = entry.body
            if self._rrn and (
                entries.read_text(record, "rrn") != self._rrn
                or entries.read_text(record, "acquirer").strip() != self._institution
            ):
                continue
            stage = ("", "started", "finished")[entries.stage_of(record)]
            code = entries.read_text(record, "response_code").strip()
            held = entries.read_number(record, "held_change")
            posted = entries.read_number(record, "posted_change")
            yield (
                f"durable: entry {entry.sequence}, {stage}, code {code or 'none'}, "
                f"outcome {entries.read_number(record, 'outcome')}, held {held:+}, "
                f"posted {posted:+}, remaining {entries.read_number(record, 'remaining')}"
            )


def _event(seen: Observation) -> Iterator[str]:
    if isinstance(seen, Crashed):
        yield f"-- the switch dies ({seen.point}); the journal ends at {seen.durable_sequence}"
    elif isinstance(seen, Restarted):
        yield f"-- the switch starts at entry {seen.sequence}"
    elif isinstance(seen, CutOver):
        yield f"-- cut-over ordered: {seen.closed} ends, {seen.opened} begins"
    elif isinstance(seen, DayBegan):
        yield f"-- day {seen.number} begins"
    elif isinstance(seen, StorageFault):
        yield f"-- the disk fails: {seen.kind}"
    elif isinstance(seen, LinkRaised):
        yield f"-- a connection of {seen.link} stands"
    elif isinstance(seen, LinkBroken):
        yield f"-- a connection of {seen.link} is gone"
    elif isinstance(seen, RegistryChanged):
        yield "-- the registry changes"
