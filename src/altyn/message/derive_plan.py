"""Writes the straight-line splicer of one shape into another; see ``plan`` for how and why.

A reply repeats most of its request, and a forwarded request differs in a few fields. The bytes of
what is kept were checked when the message was read, and one dialect writes one value in one way,
so they are copied as they stand, prefixes included. Only what is put is checked and written.
"""

from collections.abc import Callable
from typing import Any

from altyn.message.bitmap import write_bitmaps
from altyn.message.encode_plan import EncoderSource
from altyn.message.layout import Layout, Place
from altyn.message.plan import compiled

DerivePlan = Callable[[tuple[Any, ...], dict[int, Any]], bytes | None]


def derive_plan(layout: Layout, mti: bytes, keep: frozenset[int], put: list[int]) -> DerivePlan:
    """A writer of messages of this type: fields in ``keep`` from the source, those in ``put`` new.

    ``mti`` is as it stands on the wire. Fields of ``keep`` that the source lacks are left out; a
    field in both is put. The plan takes what the decoder left on the source, and the values put.
    """
    fields = layout.specification.fields
    kept = {n: place for n, place in layout.places.items() if n in keep and n not in put}
    numbers = sorted({*kept, *put})
    source = _SplicerSource()
    source.names["head"] = mti + write_bitmaps(numbers, layout.specification.bitmap_encoding)
    for number in numbers:
        if number in kept:
            source.keep(kept[number])
        else:
            source.close_run()
            source.add(fields[number])
    source.close_run()
    source.close_group()
    opening = ["data = received[1]", *(f"value{number} = fields[{number}]" for number in put)]
    opening += [
        f"{end} = received[{at}]" for at, end in enumerate(layout.ends, 2) if end in source.ends
    ]
    return compiled(source.text("received, fields", opening), source.names)


class _SplicerSource(EncoderSource):
    """An encoder that also takes runs of kept fields, each as one slice of the source."""

    def __init__(self) -> None:
        super().__init__()
        self.run: Place | None = None
        self.ends: set[str] = set()

    def keep(self, place: Place) -> None:
        """Takes up the next field as it stands in the source."""
        if self.run is not None and self.run.end != place.start:
            self.close_run()
        self.run = place if self.run is None else Place(self.run.start, place.end)

    def close_run(self) -> None:
        """Copies the fields kept so far: the next one does not stand behind them."""
        run, self.run = self.run, None
        if run is not None:
            self.ends |= {run.start.base, run.end.base}
            self.add_part(f"data[{run.start}:{run.end}]")
