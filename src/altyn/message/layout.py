"""Where the fields of a message that was read lie in its bytes.

A decoder knows every place while it works: a distance from the start, or from the end of the last
field whose length was read. It leaves those ends on the message, so that the message can later be
spliced into another without looking at its bytes again.
"""

from typing import NamedTuple

from altyn.message.spec import Specification


class Position:
    """A place in a message: an end (or the start) and a distance known in advance, in bytes."""

    __slots__ = ("base", "distance")

    def __init__(self, base: str = "", distance: int = 0) -> None:
        """``base`` is the name of the end in compiled code, empty for the start."""
        self.base = base
        self.distance = distance

    def __add__(self, more: int) -> "Position":
        return Position(self.base, self.distance + more)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Position) and str(self) == str(other)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        if not self.base:
            return str(self.distance)
        return f"{self.base} + {self.distance}" if self.distance else self.base

    def half_bytes(self) -> str:
        """The same place counted in half-bytes."""
        return f"2 * ({self})" if self.base else str(2 * self.distance)


class Place(NamedTuple):
    """A field in the bytes, its length prefix included: where it starts and where it ends."""

    start: Position
    end: Position


class Layout:
    """The places of one shape of message, as one decoder leaves them.

    ``places`` are by field number, ascending; ``ends`` names the ends that the decoder has found
    by the time it is done, in the order in which it leaves them. A layout equals itself only.
    """

    __slots__ = ("ends", "places", "specification")

    def __init__(self, specification: Specification) -> None:
        self.specification = specification
        self.places: dict[int, Place] = {}
        self.ends: list[str] = []
