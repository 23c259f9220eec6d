"""Codec: bytes to Message and back for one dialect, by plans compiled per shape.

A plan is made when the careful code has accepted ``PLAN_SIGHTS`` messages of its shape, so garbage
never earns one, and at most ``PLANS_MAX`` are kept for each purpose; the oldest goes first. To make
a plan takes as long as some fifteen messages by the careful code: a hostile stream of bitmaps costs
about that code's time and little memory.
"""

from contextlib import suppress
from functools import cache
from typing import Any, Final

from altyn.message.bitmap import bitmap_width
from altyn.message.decode_plan import DecodePlan, decode_plan
from altyn.message.derive_plan import DerivePlan, derive_plan
from altyn.message.encode_plan import EncodePlan, encode_plan
from altyn.message.field import Value
from altyn.message.field_set import FieldSet
from altyn.message.plan import REFUSALS
from altyn.message.reader import read_message
from altyn.message.record import Message
from altyn.message.spec import Specification, load_specification, parse_specification
from altyn.message.writer import write_message, write_mti

PLANS_MAX: Final = 512
PLAN_SIGHTS: Final = 16
_SHAPES_SEEN_MAX: Final = 4 * PLANS_MAX


class Codec:
    """Reads and writes the messages of one dialect. It has no state but its compiled plans.

    ``plan_sights`` is the number of messages of one shape at which a plan is made for it.
    """

    def __init__(self, specification: Specification, plan_sights: int = PLAN_SIGHTS) -> None:
        self.specification = specification
        self._plan_sights = plan_sights
        self._sights: dict[object, int] = {}
        mti_width = 2 if specification.mti_encoding == "bcd" else 4
        self._one_bitmap = mti_width + bitmap_width(specification.bitmap_encoding)
        self._two_bitmaps = self._one_bitmap + bitmap_width(specification.bitmap_encoding)
        self._decoders: dict[bytes, DecodePlan] = {}
        self._encoders: dict[tuple[int, ...], EncodePlan] = {}
        self._derivers: dict[tuple[Any, ...], DerivePlan] = {}
        self._message_types: dict[str, bytes] = {}

    def decode(self, data: bytes) -> Message:
        """The message that ``data`` is, whole: no frame header before, nothing after.

        Raises ``MessageError`` with the reason, the field and the offset, and what could be read.
        """
        # A head with one bitmap and a head with two differ in length, so they share a table.
        plan = self._decoders.get(data[: self._one_bitmap])
        if plan is None:
            plan = self._decoders.get(data[: self._two_bitmaps])
        if plan is not None:
            try:
                message = plan(data)
            except REFUSALS:
                message = None
            if message is not None:
                return message
        return self._decode_carefully(bytes(data), plan is None)

    def encode(self, message: Message) -> bytes:
        """The bytes of a message, without a frame header.

        Raises ``MessageError`` for a field that the dialect lacks and for a value of the wrong
        type, characters or length. Nothing is ever truncated; a short value is padded only where
        the dialect's table says so.
        """
        fields = message.fields
        plan = self._encoders.get(tuple(fields))
        head = self._message_types.get(message.mti)
        if plan is not None and head is not None:
            try:
                data = plan(head, fields)
            except REFUSALS:
                data = None
            if data is not None:
                return data
        return self._encode_carefully(message)

    def derive(self, source: Message, mti: str, keep: FieldSet, put: dict[int, Value]) -> bytes:
        """The bytes of another message that repeats fields of one that was read.

        They are those of ``encode(Message(mti, fields))``, where ``fields`` are the fields of
        ``source`` that are in ``keep``, and over them ``put``. Kept fields of a message that this
        codec has decoded are copied as they were received, **whatever was done to its ``fields``
        since**; who changes those must encode. The fields of a message made by hand, or decoded
        by another codec, are read from it and written. Raises ``MessageError`` as ``encode`` does.
        """
        received = source.received
        if received is not None:
            plan = self._derivers.get((received[0], mti, keep, tuple(put)))
            if plan is not None:
                try:
                    data = plan(received, put)
                except REFUSALS:
                    data = None
                if data is not None:
                    return data
        return self._derive_carefully(source, mti, keep, put)

    def _decode_carefully(self, data: bytes, shape_is_new: bool) -> Message:
        message = read_message(self.specification, data)
        if shape_is_new:
            numbers = sorted(message.fields)
            head = self._two_bitmaps if numbers and numbers[-1] > 64 else self._one_bitmap
            if not self._is_due(data[:head]):
                return message
            plan = decode_plan(self.specification, message.mti, numbers, head)
            _keep(self._decoders, data[:head], plan)
            # The careful reader keeps no places; the plan, reading once more, does.
            with suppress(*REFUSALS):
                return plan(data) or message
        return message

    def _encode_carefully(self, message: Message) -> bytes:
        data = write_message(self.specification, message)
        self._message_types[message.mti] = write_mti(self.specification, message.mti)
        shape = tuple(message.fields)
        if shape not in self._encoders and self._is_due(shape):
            _keep(self._encoders, shape, encode_plan(self.specification, shape))
        return data

    def _derive_carefully(
        self, source: Message, mti: str, keep: FieldSet, put: dict[int, Value]
    ) -> bytes:
        received = source.received
        if received is None or received[0].specification is not self.specification:
            kept = {n: value for n, value in source.fields.items() if n in keep}
            return self.encode(Message(mti, kept | put))
        layout, data = received[:2]
        # What counts is what was received: the plan that comes after this cannot see the fields.
        fields = read_message(self.specification, data).fields
        kept = {n: value for n, value in fields.items() if n in keep}
        derived = write_message(self.specification, Message(mti, kept | put))
        shape = (layout, mti, keep, tuple(put))
        if shape not in self._derivers and self._is_due(shape):
            head = write_mti(self.specification, mti)
            _keep(self._derivers, shape, derive_plan(layout, head, keep, list(put)))
        return derived

    def _is_due(self, shape: object) -> bool:
        """Counts one more sight of a shape; whether it is time to make its plan."""
        sights = self._sights.pop(shape, 0) + 1
        if sights >= self._plan_sights:
            return True
        if len(self._sights) >= _SHAPES_SEEN_MAX:
            del self._sights[next(iter(self._sights))]
        self._sights[shape] = sights
        return False


def _keep(plans: dict[Any, Any], shape: object, plan: object) -> None:
    if len(plans) >= PLANS_MAX:
        del plans[next(iter(plans))]
    plans[shape] = plan


@cache
def load_codec(name: str) -> Codec:
    """The codec of a shipped dialect, one for the whole process.

    Raises ``SpecificationError`` for a name that is not among ``dialect_names()``.
    """
    return Codec(load_specification(name))


def parse_codec(text: str, file: str) -> Codec:
    """The codec of a dialect given as the text of its TOML table.

    ``file`` names the table in messages. Raises ``SpecificationError`` naming every fault.
    """
    return Codec(parse_specification(text, file))
