"""How a cycle is cut: items into slices, authorizations into spans, of about as many rows each."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from altyn.clearing.plan import BLOCK, Slice, Span

FAR_ORDINAL: Final = (1 << 63) - 1


class SwitchRange(NamedTuple):
    """The switch's items of a cycle: first and last sequence, and how many there are."""

    first: int
    last: int
    items: int


def cut(files: Iterable[tuple[int, int]], switch: SwitchRange | None, rows: int) -> list[Slice]:
    """Slices of about `rows` items; at least one, also where there is nothing.

    files: number and count of records of each file, numbers going up from 1. A file is not cut.
    """
    return [*_switch_slices(switch, rows), *_file_slices(files, rows)] or [Slice(0, 1, 0, 1)]


def spans(blocks: Iterable[tuple[int, int]], rows: int) -> list[Span]:
    """Spans of at most about `rows` authorizations; at least one, also where there is nothing.

    blocks: number of a block, going up (it begins at BLOCK times that), and how many are in it.
    """
    found, taken = [Span(0, BLOCK)], 0
    for block, count in blocks:
        first = block * BLOCK
        if taken and taken + count > rows:
            found.append(Span(first, first + BLOCK))
            taken = 0
        found[-1] = found[-1]._replace(until=first + BLOCK)
        taken += count
    return found


def _switch_slices(switch: SwitchRange | None, rows: int) -> Iterator[Slice]:
    if switch is None:
        return
    pieces = -(-switch.items // rows)
    width = -(-(switch.last - switch.first + 1) // pieces)
    for start in range(switch.first, switch.last + 1, width):
        yield Slice(0, 1, start, start + width)


def _file_slices(files: Iterable[tuple[int, int]], rows: int) -> Iterator[Slice]:
    start, taken, after = 1, 0, 1
    for number, records in files:
        if taken and taken + records > rows:
            yield Slice(start, number, 0, FAR_ORDINAL)
            start, taken = number, 0
        taken += records
        after = number + 1
    if taken:
        yield Slice(start, after, 0, FAR_ORDINAL)
