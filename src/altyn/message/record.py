"""Message: what an ISO 8583 message says, whichever way a dialect wrote it."""

from typing import Any, Final

from altyn.card import mask
from altyn.message.field import Value

_SHOWN_RANGES: Final = ((3, 13), (15, 33), (37, 44), (49, 51), (54, 54), (66, 71), (73, 94))
_SHOWN: Final = frozenset(
    [97, 99, 100, *(n for first, last in _SHOWN_RANGES for n in range(first, last + 1))]
)
"""Fields that carry no card data in any shipped dialect; every other is hidden when printed."""

_PAN: Final = 2


def masked_value(field: int, value: Value) -> str:
    """The value of a field as it may be shown to people and written to logs.

    The PAN keeps its first six and last four digits; tracks, PIN, chip data, keys and everything
    not known to be harmless gives its length only. A mask in doubt hides. Source: PCI DSS 4.0,
    requirement 3.4.1.
    """
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if field == _PAN:
        return mask(value) if value.isascii() and value.isdigit() else "*" * len(value)
    if field in _SHOWN:
        return value
    return f"<{len(value)} characters>"


class Message:
    """An ISO 8583 message: a message type of four digits and the fields present.

    Values are ``str`` for kinds n, a, an, ans, z and x+n, with leading zeros kept, and ``bytes``
    for kind b. Bitmaps, DE 1 among them, follow from the fields and are not among them. Printing a
    message masks card data.

    A message that a codec has read remembers the bytes it was read from: ``received`` is what
    ``Codec.derive`` needs, and None on a message made by hand. It is no part of what the message
    says: equality and printing leave it out.

    >>> print(Message("0800", {11: "000001", 70: "301"}))
    0800 {11: 000001, 70: 301}
    """

    __slots__ = ("fields", "mti", "received")

    def __init__(self, mti: str, fields: dict[int, Value]) -> None:
        self.mti = mti
        self.fields = fields
        self.received: tuple[Any, ...] | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return self.mti == other.mti and self.fields == other.fields

    # The fields can be changed, so a message is not a key.
    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        shown = (f"{n}: {masked_value(n, self.fields[n])}" for n in sorted(self.fields))
        return f"{self.mti} {{{', '.join(shown)}}}"

    def __repr__(self) -> str:
        return f"<Message {self}>"


class MessageError(Exception):
    """A message that cannot be read or written as its dialect says.

    ``reason`` says what is wrong and never what was there. ``field`` is the data element at fault
    (1 for a bitmap, 0 for the message type, None for the message as a whole), ``offset`` the byte
    of the message where it starts (None when writing). ``partial`` is the message type and the
    fields read before the fault, so that a switch can answer response code 30 to a request whose
    trace number was still readable.
    """

    def __init__(
        self,
        reason: str,
        field: int | None = None,
        offset: int | None = None,
        partial: Message | None = None,
    ) -> None:
        super().__init__(reason, field, offset)
        self.reason = reason
        self.field = field
        self.offset = offset
        self.partial = partial

    def __str__(self) -> str:
        where = [] if self.field is None else [_place(self.field)]
        if self.offset is not None:
            where.append(f"byte {self.offset}")
        return f"{', '.join(where)}: {self.reason}" if where else self.reason


def _place(field: int) -> str:
    return {0: "message type", 1: "bitmap"}.get(field, f"field {field}")
