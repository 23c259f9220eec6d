"""ISO 8583 messages in every dialect the scheme speaks, knowing nothing of sockets."""

from altyn.message.codec import Codec, load_codec, parse_codec
from altyn.message.record import Message, MessageError, masked_pan, masked_value
from altyn.message.spec import (
    Specification,
    SpecificationError,
    dialect_names,
    load_specification,
    parse_specification,
)

__all__ = [
    "Codec",
    "Message",
    "MessageError",
    "Specification",
    "SpecificationError",
    "dialect_names",
    "load_codec",
    "load_specification",
    "masked_pan",
    "masked_value",
    "parse_codec",
    "parse_specification",
]
